package explain

import (
	"bytes"
	"encoding/json"
	"io"
	"time"
	"unicode"
	"unicode/utf8"

	"vitrine/trace"
	"vitrine/web/message"
	"vitrine/web/variables"
)

// The members of the object that JSON writes. Absent members have no value.
type (
	jsonStory struct {
		Journey    string          `json:"journey,omitempty"`
		Verdict    jsonVerdict     `json:"verdict"`
		Request    jsonRequest     `json:"request"`
		Peer       *jsonPeer       `json:"peer,omitempty"`
		Events     []jsonEvent     `json:"events"`
		Response   *jsonResponse   `json:"response,omitempty"`
		Connection *jsonConnection `json:"connection,omitempty"`
	}
	jsonVerdict struct {
		Status   int           `json:"status"`
		Text     string        `json:"text,omitempty"`
		Reason   string        `json:"reason,omitempty"`
		Sentence string        `json:"sentence,omitempty"`
		Position *jsonPosition `json:"position,omitempty"`
	}
	jsonRequest struct {
		Method   string      `json:"method"`
		URL      string      `json:"url"`
		Protocol string      `json:"protocol,omitempty"`
		Fields   []jsonField `json:"fields"`
	}
	jsonPeer struct {
		From   string `json:"from"`
		To     string `json:"to,omitempty"`
		Client string `json:"client,omitempty"` // for whom a trusted proxy asked
		User   string `json:"user,omitempty"`   // who the client proved to be
	}
	jsonEvent struct {
		AtMicroseconds float64        `json:"at_us,omitempty"`
		Step           string         `json:"step"`
		Subject        string         `json:"subject,omitempty"`
		Taken          bool           `json:"taken"`
		Reason         string         `json:"reason"`
		Kind           string         `json:"kind"`
		Sentence       string         `json:"sentence"`
		Standard       string         `json:"standard,omitempty"`
		Position       *jsonPosition  `json:"position,omitempty"`
		Depth          int            `json:"depth,omitempty"` // of the request within the request; 0: the request itself
		Details        []trace.Detail `json:"details,omitempty"`
	}
	jsonResponse struct {
		Status int         `json:"status"`
		Text   string      `json:"text,omitempty"`
		Length *int64      `json:"length,omitempty"`
		Fields []jsonField `json:"fields"`
	}
	jsonField struct {
		Name     string        `json:"name"`
		Value    string        `json:"value"`
		Hidden   bool          `json:"hidden,omitempty"` // the value is secret
		Position *jsonPosition `json:"position,omitempty"`
	}
	jsonConnection struct {
		Keep     bool   `json:"keep"`
		Reason   string `json:"reason"`
		Sentence string `json:"sentence"`
	}
	jsonPosition struct {
		File   string        `json:"file"`
		Line   int           `json:"line,omitempty"`
		Column int           `json:"column,omitempty"`
		Origin string        `json:"origin"`
		Source *jsonPosition `json:"source,omitempty"`
	}
)

// JSON tells the story to a program: one indented object. The values of secret fields are not in it.
func JSON(w io.Writer, s *Story) error {
	text := message.StatusText(s.Status)
	out := jsonStory{
		Verdict: jsonVerdict{Status: s.Status, Text: text, Position: position(s.responsible())},
		Request: jsonRequest{s.Request.Method, s.Request.URL, s.Request.Protocol, s.fields(s.Request.Fields)},
		Events:  make([]jsonEvent, 0, len(s.Events)),
	}
	if s.Journey != 0 {
		out.Journey = s.Journey.String()
	}
	if v := s.verdict(); v != nil {
		out.Verdict.Reason, out.Verdict.Sentence = v.Reason.ID, v.Reason.Sentence
	}
	if s.Peer.From.IsValid() {
		out.Peer = &jsonPeer{From: address(s.Peer.From), Client: s.Peer.Client, User: s.Peer.User}
		if s.Peer.To.IsValid() {
			out.Peer.To = address(s.Peer.To)
		}
	}
	for i := range s.Events {
		e := &s.Events[i]
		out.Events = append(out.Events, jsonEvent{
			AtMicroseconds: float64(e.At) / float64(time.Microsecond),
			Step:           e.Step, Subject: e.Subject, Taken: e.Taken,
			Reason: e.Reason.ID, Kind: e.Reason.Kind.String(), Sentence: e.Reason.Sentence, Standard: e.Reason.Standard,
			Position: position(e.Position), Depth: e.Depth, Details: s.public(e),
		})
	}
	if s.Status != 0 {
		out.Response = &jsonResponse{Status: s.Status, Text: text, Fields: s.fields(s.Fields)}
		if s.Length >= 0 {
			out.Response.Length = &s.Length
		}
	}
	if r := s.KeepReason; r != nil {
		out.Connection = &jsonConnection{s.Keep, r.ID, r.Sentence}
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(&out); err != nil {
		return err
	}
	_, err := w.Write(escapeRest(b.Bytes()))
	return err
}

// escapeRest escapes what is not printable and what JSON would allow in a string all the same, since a person may
// look at it.
func escapeRest(text []byte) []byte {
	rest := func(r rune) bool { return r >= 0x7f && !unicode.IsPrint(r) }
	if bytes.IndexFunc(text, rest) < 0 {
		return text
	}
	out := make([]byte, 0, len(text)+64)
	for _, r := range string(text) {
		from := len(out)
		if out = utf8.AppendRune(out, r); rest(r) {
			out = variables.EscapeJSON(out, from)
		}
	}
	return out
}

func (s *Story) fields(list []Field) []jsonField {
	all := make([]jsonField, 0, len(list))
	for _, f := range list {
		j := jsonField{Name: f.Name, Value: f.Value, Position: position(f.Position)}
		if s.private(&f) {
			j.Value, j.Hidden = "", true
		}
		all = append(all, j)
	}
	return all
}

// position is nil for what nobody wrote.
func position(p trace.Position) *jsonPosition {
	if !placed(p) {
		return nil
	}
	j := &jsonPosition{File: p.File, Line: p.Line, Column: p.Column, Origin: p.Origin.String()}
	if p.Source != nil {
		j.Source = position(*p.Source)
	}
	return j
}
