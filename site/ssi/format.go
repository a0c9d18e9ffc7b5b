package ssi

import (
	"strconv"
	"strings"
	"time"
)

// formatTime prints a time by a format of strftime, in the names of the C locale. A letter that is not known stays as it
// is. It stops at the bound in bytes.
func formatTime(t time.Time, format string, most int) string {
	b := make([]byte, 0, 64)
	for i := 0; i < len(format) && len(b) < most; i++ {
		if format[i] != '%' || i+1 == len(format) {
			b = append(b, format[i])
			continue
		}
		i++
		if (format[i] == 'E' || format[i] == 'O') && i+1 < len(format) { // of other locales
			i++
		}
		b = appendTime(b, t, format[i])
	}
	return string(b)
}

// layouts are the letters that Go has words for.
var layouts = map[byte]string{
	'a': "Mon", 'A': "Monday", 'b': "Jan", 'h': "Jan", 'B': "January", 'c': "Mon Jan _2 15:04:05 2006", 'd': "02",
	'D': "01/02/06", 'e': "_2", 'F': "2006-01-02", 'H': "15", 'I': "03", 'j': "002", 'm': "01", 'M': "04", 'p': "PM",
	'r': "03:04:05 PM", 'R': "15:04", 'S': "05", 'T': "15:04:05", 'x': "01/02/06", 'X': "15:04:05", 'y': "06", 'Y': "2006",
	'z': "-0700", 'Z': "MST", 'P': "pm", '+': "Mon Jan _2 15:04:05 MST 2006",
}

func appendTime(b []byte, t time.Time, letter byte) []byte {
	if layout, ok := layouts[letter]; ok {
		return t.AppendFormat(b, layout)
	}
	padded := func(n, width int, pad byte) []byte {
		digits := strconv.Itoa(n)
		for range width - len(digits) {
			b = append(b, pad)
		}
		return append(b, digits...)
	}
	hour := (t.Hour()+11)%12 + 1
	year, week := t.ISOWeek()
	switch letter {
	case 'C':
		return padded(t.Year()/100, 2, '0')
	case 'g':
		return padded(year%100, 2, '0')
	case 'G':
		return padded(year, 4, '0')
	case 'k':
		return padded(t.Hour(), 2, ' ')
	case 'l':
		return padded(hour, 2, ' ')
	case 'n':
		return append(b, '\n')
	case 's':
		return strconv.AppendInt(b, t.Unix(), 10)
	case 't':
		return append(b, '\t')
	case 'u':
		return padded((int(t.Weekday())+6)%7+1, 1, '0')
	case 'U':
		return padded((t.YearDay()+6-int(t.Weekday()))/7, 2, '0')
	case 'V':
		return padded(week, 2, '0')
	case 'w':
		return padded(int(t.Weekday()), 1, '0')
	case 'W':
		return padded((t.YearDay()+6-(int(t.Weekday())+6)%7)/7, 2, '0')
	case '%':
		return append(b, '%')
	}
	return append(b, '%', letter)
}

// formatSize prints a size in bytes with commas, or in four columns with a letter for the unit: "  5 ", "973", "1.2K", " 12M".
func formatSize(n int64, abbreviated bool) string {
	if !abbreviated {
		digits := strconv.FormatInt(n, 10)
		var b strings.Builder
		for i := range len(digits) {
			if i > 0 && (len(digits)-i)%3 == 0 {
				b.WriteByte(',')
			}
			b.WriteByte(digits[i])
		}
		return b.String()
	}
	if n < 973 {
		return pad(n) + " "
	}
	for unit := 0; ; unit++ {
		rest := n & 1023
		n >>= 10
		switch {
		case n >= 973:
			continue
		case n < 9 || n == 9 && rest < 973:
			if rest = (rest*5 + 256) / 512; rest >= 10 {
				n, rest = n+1, 0
			}
			return strconv.FormatInt(n, 10) + "." + strconv.FormatInt(rest, 10) + "KMGTPE"[unit:unit+1]
		case rest >= 512:
			n++
		}
		return pad(n) + "KMGTPE"[unit:unit+1]
	}
}

// pad is a number in three columns.
func pad(n int64) string {
	s := strconv.FormatInt(n, 10)
	return strings.Repeat(" ", max(3-len(s), 0)) + s
}
