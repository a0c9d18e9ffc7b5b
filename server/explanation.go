package server

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"vitrine/config"
	"vitrine/observe/explain"
	"vitrine/observe/glass"
	"vitrine/observe/glass/api"
	"vitrine/trace"
	"vitrine/web/message"
)

// bodyShown is how much of a body an explanation shows.
const bodyShown = 4 << 10

// secrets reports of which fields a configuration shows nobody the values.
func secrets(c *config.Config) func(name string) bool {
	named := func(all []config.Value[string], name string) bool {
		return slices.ContainsFunc(all, func(v config.Value[string]) bool { return strings.EqualFold(v.V, name) })
	}
	return func(name string) bool {
		return message.Secret(name) && !named(c.Journeys.Show, name) || named(c.Journeys.Hide, name)
	}
}

// explanation is an Answer as the API tells it, without the values of secret fields.
func explanation(a *Answer, secret func(name string) bool) *api.Explanation {
	field := func(name, value string) api.Field {
		if secret(name) {
			return api.Field{Name: name, Hidden: true}
		}
		return api.Field{Name: name, Value: value}
	}
	out := &api.Explanation{Events: glass.EventsOf(a.Events, secret), Request: requestHead(a.Head, field), Ending: glass.ReasonOf(a.Refused)}
	story := explain.Story{Events: a.Events}
	out.Response.Fields = []api.Field{}
	if p := a.Peer; p != nil {
		out.From, out.To = p.Remote.Addr().String(), p.Local.String()
	}
	if r := a.Result; r != nil {
		story.Status = r.Status
		out.Status, out.Keep, out.Ending = r.Status, r.Keep, glass.ReasonOf(r.Ending)
		out.Response.Line = strings.TrimSpace(fmt.Sprintf("HTTP/1.1 %d %s", r.Status, message.StatusText(r.Status)))
		out.Response.Body = max(r.Length, 0)
		media := ""
		if r.Fields != nil {
			media = r.Fields.Get("Content-Type")
			for _, f := range explain.ResponseFields(r.Fields, a.Events) {
				out.Response.Fields = append(out.Response.Fields, field(f.Name, f.Value))
				out.Response.Fields[len(out.Response.Fields)-1].Position = glass.PositionOf(f.Position)
			}
		}
		if legible(media) {
			out.Body = strings.ToValidUTF8(string(r.Body[:min(len(r.Body), bodyShown)]), "\uFFFD")
		}
	}
	verdict, at := story.Verdict()
	if verdict != nil {
		out.Verdict = &glass.EventsOf([]trace.Event{*verdict}, secret)[0]
	}
	out.Position = glass.PositionOf(at)
	return out
}

// requestHead is a request as it would be sent.
func requestHead(head []byte, field func(name, value string) api.Field) api.Message {
	m := api.Message{Fields: []api.Field{}, Bytes: int64(len(head))}
	for i, line := range bytes.Split(bytes.TrimSuffix(head, []byte("\r\n\r\n")), []byte("\r\n")) {
		if i == 0 {
			m.Line = string(line)
			continue
		}
		name, value, _ := strings.Cut(string(line), ":")
		m.Fields = append(m.Fields, field(name, strings.TrimSpace(value)))
	}
	return m
}

// legible reports whether contents of a media type are text.
func legible(media string) bool {
	media, _, _ = strings.Cut(strings.ToLower(media), ";")
	media = strings.TrimSpace(media)
	return strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "json") || strings.HasSuffix(media, "xml") || strings.HasSuffix(media, "javascript")
}
