package variables

import (
	"strconv"
	"time"

	"vitrine/config/template"
	"vitrine/trace"
	"vitrine/web/exchange"
	"vitrine/web/message"
)

// Values gives the placeholders their meaning for one exchange, without any escaping. It implements
// template.Values. Exchange is required; the rest is what the exchange itself does not know, and may be left empty.
// A Values may be reused for one exchange after another. It is not safe for concurrent use.
type Values struct {
	Exchange *exchange.Exchange
	Request  *message.Request // that the walk goes by, after an internal redirect; nil: the exchange's
	Site     string           // the name of the site that answered
	Route    string           // the pattern of the route that answered
	Groups   Groups           // of the route's pattern, when it is a regular expression; else nil
	Tail     []byte           // what * or ** at the end of the route's pattern matched, decoded
	File     string           // the file that was sent
	LogFile  string           // the access log that the exchange's line is written to; empty: none
	User     string           // who the client proved to be
	Name     string           // the client's confirmed host name
	Ident    string           // RFC 1413 identity
	Status   int              // while the response is being built; 0: the outcome's
	Fields   *message.Header  // the response's; nil: none
}

// Groups tells what the groups of a regular expression matched in a path.
type Groups interface {
	AppendGroup(dst, path []byte, name string) []byte
}

// Current is the request whose path and query the placeholders stand for. {method}, {uri} and {protocol} are always those of
// the exchange, as received.
func (v *Values) Current() *message.Request {
	if v.Request != nil {
		return v.Request
	}
	return v.Exchange.Request
}

// AppendVar appends the variable's value as it is. It never fails: what has no value yet appends nothing, except
// that {user}, {ident}, {client.host}, {file} and {reason} append "-".
func (v *Values) AppendVar(dst []byte, name template.Var, arg string) []byte {
	x := v.Exchange
	r := x.Request
	switch name {
	case template.Method:
		return append(dst, r.MethodBytes()...)
	case template.Host:
		return append(dst, r.Host()...)
	case template.Port:
		if port := r.Port(); port != 0 {
			return strconv.AppendUint(dst, uint64(port), 10)
		}
		return strconv.AppendUint(dst, uint64(x.Peer.Local.Port()), 10)
	case template.Path:
		return append(dst, v.Current().Path()...)
	case template.PathRaw:
		return append(dst, v.Current().RawPath()...)
	case template.PathTail:
		return append(dst, v.Tail...)
	case template.MatchGroup:
		if v.Groups == nil {
			return dst
		}
		return v.Groups.AppendGroup(dst, v.Current().Path(), arg)
	case template.Query:
		return append(dst, v.Current().Query()...)
	case template.QueryValue:
		return appendQueryValue(dst, v.Current().Query(), arg)
	case template.URI:
		return append(dst, r.RawTarget()...)
	case template.Scheme:
		return append(dst, r.Scheme...)
	case template.Protocol:
		return AppendProtocol(dst, r)
	case template.ClientAddress:
		return AppendAddress(dst, x.Client)
	case template.ClientPort:
		return strconv.AppendUint(dst, uint64(x.Client.Port()), 10)
	case template.ClientPeer:
		return AppendAddress(dst, x.Peer.Remote)
	case template.ServerAddress:
		return AppendAddress(dst, x.Peer.Local)
	case template.ServerPort:
		return strconv.AppendUint(dst, uint64(x.Peer.Local.Port()), 10)
	case template.Journey:
		return x.Journey.Append(dst)
	case template.Time:
		return template.AppendTime(dst, time.Unix(0, x.Start))
	case template.TimeUnix:
		return strconv.AppendInt(dst, x.Start/int64(time.Second), 10)
	case template.TimeCommon:
		return template.AppendTimeCommon(dst, time.Unix(0, x.Start))
	case template.Status:
		if status := v.status(); status != 0 {
			return strconv.AppendInt(dst, int64(status), 10)
		}
		return dst
	case template.Bytes:
		return strconv.AppendInt(dst, x.Outcome.Body, 10)
	case template.BytesSent:
		return strconv.AppendInt(dst, x.Outcome.Sent, 10)
	case template.BytesReceived:
		return strconv.AppendInt(dst, x.Outcome.Received, 10)
	case template.Duration:
		return template.AppendSeconds(dst, time.Duration(x.Outcome.Elapsed))
	case template.DurationMs:
		return strconv.AppendInt(dst, max(x.Outcome.Elapsed, 0)/int64(time.Millisecond), 10)
	case template.DurationUs:
		return strconv.AppendInt(dst, max(x.Outcome.Elapsed, 0)/int64(time.Microsecond), 10)
	case template.RequestField:
		value, _ := r.Fields.Lookup(arg)
		return append(dst, value...)
	case template.ResponseField:
		if v.Fields == nil {
			return dst
		}
		return append(dst, v.Fields.Get(arg)...)
	case template.Site:
		return append(dst, v.Site...)
	case template.Route:
		return append(dst, v.Route...)
	case template.Reason:
		reason, _ := Decision(x)
		return append(dst, reason.String()...)
	case template.Connection:
		return strconv.AppendUint(dst, x.Peer.Connection, 10)
	case template.ConnectionRequests:
		return strconv.AppendUint(dst, uint64(x.Serial), 10)
	case template.User:
		return orDash(dst, v.User)
	case template.ClientHost:
		return orDash(dst, v.Name)
	case template.Ident:
		return orDash(dst, v.Ident)
	case template.File:
		return orDash(dst, v.File)
	case template.Timing:
		return v.appendTiming(dst)
	}
	return dst
}

func (v *Values) status() int {
	if v.Status != 0 {
		return v.Status
	}
	return v.Exchange.Outcome.Status
}

// Decision is the Reason that decided the answer, with the configuration's line that is responsible, both nil when
// none was noted: what went wrong on the way out, else the last decision noted that is more than a step on the way,
// else the last one at all.
func Decision(x *exchange.Exchange) (*trace.Reason, *trace.Position) {
	if x.Outcome.Failure != nil {
		return x.Outcome.Failure, nil
	}
	reasons, positions := x.Why()
	for i := len(reasons) - 1; i >= 0; i-- {
		if reasons[i].Kind != trace.Info && reasons[i].Kind != trace.Close {
			return reasons[i], positions[i]
		}
	}
	if x.Refused != nil {
		return x.Refused.Reason, nil
	}
	if last := len(reasons) - 1; last >= 0 {
		return reasons[last], positions[last]
	}
	return nil, nil
}

func orDash(dst []byte, s string) []byte {
	if s == "" {
		return append(dst, '-')
	}
	return append(dst, s...)
}
