package message

import "bytes"

// Days and months as RFC 9110 §5.6.7 spells them, back to back.
const (
	dayNames   = "SunMonTueWedThuFriSat"
	monthNames = "JanFebMarAprMayJunJulAugSepOctNovDec"
)

var longDays = [7]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}

// AppendDate appends the time as IMF-fixdate (RFC 9110 §5.6.7), such as "Sun, 06 Nov 1994 08:49:37 GMT". The time is
// in seconds since 1970; the year must lie within 0 and 9999. It does not allocate when dst has room for 29 bytes.
func AppendDate(dst []byte, unix int64) []byte {
	days, seconds := unix/86400, unix%86400
	if seconds < 0 {
		days, seconds = days-1, seconds+86400
	}
	year, month, day := civil(days)
	weekday := int((days%7 + 11) % 7) // 1970 began on a Thursday
	dst = append(dst, dayNames[3*weekday:3*weekday+3]...)
	dst = append(dst, ',', ' ')
	dst = append(appendTwo(dst, day), ' ')
	dst = append(dst, monthNames[3*(month-1):3*month]...)
	dst = append(dst, ' ')
	dst = append(appendTwo(appendTwo(dst, year/100), year%100), ' ')
	dst = append(appendTwo(dst, int(seconds/3600)), ':')
	dst = append(appendTwo(dst, int(seconds/60%60)), ':')
	return append(appendTwo(dst, int(seconds%60)), " GMT"...)
}

func appendTwo(dst []byte, n int) []byte { return append(dst, byte('0'+n/10), byte('0'+n%10)) }

// The Gregorian calendar repeats every 400 years. Counting years from 1 March puts the leap day last, and then the
// months' lengths follow 153 days in five months. 719468 days lie between 1 March of the year 0 and 1970.
const (
	daysOf400Years = 146097
	epochDay       = 719468
)

// civil is the date of the day that is so many days after 1 January 1970.
func civil(days int64) (year, month, day int) {
	days += epochDay
	era := days / daysOf400Years
	if days < 0 {
		era = (days - daysOf400Years + 1) / daysOf400Years
	}
	doe := int(days - era*daysOf400Years) // day of the era
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100) // day of the year that begins in March
	m := (5*doy + 2) / 153                   // months since March
	year, month, day = yoe+int(era)*400, m+3, doy-(153*m+2)/5+1
	if month > 12 {
		month -= 12
		year++
	}
	return year, month, day
}

// daysOf is the inverse of civil. The year is not negative.
func daysOf(year, month, day int) int64 {
	if month -= 3; month < 0 {
		month += 12
		year--
	}
	era := year / 400
	if year < 0 {
		era = -1
	}
	yoe := year - era*400
	doe := yoe*365 + yoe/4 - yoe/100 + (153*month+2)/5 + day - 1
	return int64(era)*daysOf400Years + int64(doe) - epochDay
}

// ParseDate reads an HTTP-date in any of the three formats that a recipient must accept (RFC 9110 §5.6.7): it is in
// seconds since 1970, and false when the value is no date. Now, likewise in seconds, is what two-digit years are
// read by: one that seems more than 50 years ahead lies in the past.
func ParseDate(value []byte, now int64) (unix int64, ok bool) {
	d := dateText{rest: Trim(value)}
	var year, month, day int
	switch comma := bytes.IndexByte(d.rest, ','); {
	case comma == 3: // IMF-fixdate: Sun, 06 Nov 1994 08:49:37 GMT
		d.dayName()
		d.literal(", ")
		day = d.number(2)
		d.literal(" ")
		month = d.month()
		d.literal(" ")
		year = d.number(4)
		d.literal(" ")
		unix = d.clock()
		d.literal(" GMT")
	case comma > 3: // RFC 850: Sunday, 06-Nov-94 08:49:37 GMT
		d.longDayName()
		d.literal(", ")
		day = d.number(2)
		d.literal("-")
		month = d.month()
		d.literal("-")
		year = d.number(2)
		d.literal(" ")
		unix = d.clock()
		d.literal(" GMT")
		if thisYear, _, _ := civil(now / 86400); !d.bad {
			year += thisYear - thisYear%100 + 100
			for daysOf(year, month, day)*86400+unix > addYears(now, 50) {
				year -= 100
			}
		}
	default: // asctime: Sun Nov  6 08:49:37 1994
		d.dayName()
		d.literal(" ")
		month = d.month()
		d.literal(" ")
		if len(d.rest) > 0 && d.rest[0] == ' ' {
			d.literal(" ")
			day = d.number(1)
		} else {
			day = d.number(2)
		}
		d.literal(" ")
		unix = d.clock()
		d.literal(" ")
		year = d.number(4)
	}
	if d.bad || len(d.rest) > 0 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	return unix + daysOf(year, month, day)*86400, true
}

// addYears is the same day and time so many years later; 29 February becomes 1 March where there is none.
func addYears(unix int64, years int) int64 {
	days := unix / 86400
	y, m, d := civil(days)
	return unix + (daysOf(y+years, m, d)-days)*86400
}

// daysIn is how many days the month has.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// dateText takes the parts of a date off the front of a text; bad is set by the first part that is not there.
type dateText struct {
	rest []byte
	bad  bool
}

func (d *dateText) literal(s string) {
	if d.bad || len(d.rest) < len(s) || string(d.rest[:len(s)]) != s {
		d.bad = true
		return
	}
	d.rest = d.rest[len(s):]
}

// number takes exactly so many digits.
func (d *dateText) number(digits int) int {
	if d.bad || len(d.rest) < digits {
		d.bad = true
		return 0
	}
	n := 0
	for _, c := range d.rest[:digits] {
		if c < '0' || c > '9' {
			d.bad = true
		}
		n = n*10 + int(c-'0')
	}
	d.rest = d.rest[digits:]
	return n
}

// name takes one of the three-letter names, and is its number from 0.
func (d *dateText) name(names string) int {
	if !d.bad && len(d.rest) >= 3 {
		for i := 0; i < len(names); i += 3 {
			if string(d.rest[:3]) == names[i:i+3] {
				d.rest = d.rest[3:]
				return i / 3
			}
		}
	}
	d.bad = true
	return 0
}

func (d *dateText) month() int { return d.name(monthNames) + 1 }

// dayName takes the day's name. Whether it is the right one is not looked at: the date says the same without it.
func (d *dateText) dayName() { d.name(dayNames) }

func (d *dateText) longDayName() {
	for _, name := range longDays {
		if len(d.rest) > len(name) && string(d.rest[:len(name)]) == name {
			d.rest = d.rest[len(name):]
			return
		}
	}
	d.bad = true
}

// clock takes hh:mm:ss as seconds. A leap second is the second after it.
func (d *dateText) clock() int64 {
	h := d.number(2)
	d.literal(":")
	m := d.number(2)
	d.literal(":")
	s := d.number(2)
	if h > 23 || m > 59 || s > 60 {
		d.bad = true
	}
	return int64(h*3600 + m*60 + s)
}
