package accesslog

import (
	"strconv"
	"time"

	"vitrine/trace"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// json appends one object. Every line has the same members in the same order; text that there is none of is "".
func (l *Logger) json(s *scratch, dst []byte, v *variables.Values) []byte {
	x := v.Exchange
	r := x.Request
	o := &x.Outcome
	dst = append(dst, `{"time":"`...)
	dst = s.appendISO(dst, x.Start)
	dst = append(dst, `","journey":"`...)
	dst = x.Journey.Append(dst)
	dst = append(dst, `","client":"`...)
	dst = variables.AppendAddress(dst, x.Client)
	dst = append(dst, `","client_host":"`...)
	dst = append(dst, v.Name...)
	dst = append(dst, `","ident":"`...)
	dst = appendString(dst, v.Ident)
	dst = append(dst, `","user":"`...)
	dst = appendString(dst, v.User)
	dst = append(dst, `","method":"`...)
	dst = appendText(dst, r.MethodBytes())
	dst = append(dst, `","host":"`...)
	dst = appendText(dst, r.Host())
	dst = append(dst, `","target":"`...)
	dst = appendText(dst, r.RawTarget())
	dst = append(dst, `","protocol":"`...)
	dst = variables.AppendProtocol(dst, r)
	dst = append(dst, `","status":`...)
	dst = strconv.AppendInt(dst, int64(o.Status), 10)
	dst = append(dst, `,"bytes":`...)
	dst = strconv.AppendInt(dst, o.Body, 10)
	dst = append(dst, `,"sent":`...)
	dst = strconv.AppendInt(dst, o.Sent, 10)
	dst = append(dst, `,"received":`...)
	dst = strconv.AppendInt(dst, o.Received, 10)
	dst = append(dst, `,"duration_us":`...)
	dst = strconv.AppendInt(dst, max(o.Elapsed, 0)/int64(time.Microsecond), 10)
	dst = append(dst, `,"site":"`...)
	dst = appendString(dst, v.Site)
	dst = append(dst, `","route":"`...)
	dst = appendString(dst, v.Route)
	dst = append(dst, `","reasons":[`...)
	reasons, _ := x.Why()
	for i, reason := range reasons {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = append(dst, reason.ID...)
		dst = append(dst, '"')
	}
	dst = append(dst, `],"failure":"`...)
	dst = appendID(dst, o.Failure)
	dst = append(dst, `","ending":"`...)
	dst = appendID(dst, o.Ending)
	dst = append(dst, `","connection":`...)
	dst = strconv.AppendUint(dst, x.Peer.Connection, 10)
	dst = append(dst, `,"request":`...)
	dst = strconv.AppendUint(dst, uint64(x.Serial), 10)
	dst = append(dst, `,"user_agent":"`...)
	dst = appendText(dst, r.Fields.Get(message.UserAgent))
	dst = append(dst, `","referer":"`...)
	dst = appendText(dst, r.Fields.Get(message.Referer))
	return append(dst, `"}`...)
}

func appendText(dst, text []byte) []byte {
	return variables.EscapeJSON(append(dst, text...), len(dst))
}

func appendString(dst []byte, text string) []byte {
	return variables.EscapeJSON(append(dst, text...), len(dst))
}

// appendID appends the Reason's id, nothing when there is none.
func appendID(dst []byte, r *trace.Reason) []byte {
	if r == nil {
		return dst
	}
	return append(dst, r.ID...)
}
