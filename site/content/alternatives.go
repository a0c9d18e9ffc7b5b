package content

import (
	"encoding/json"
	"html"
	"strconv"
	"strings"

	"vitrine/web/message"
)

// alternativeJSON is a variant in the list of 300 and 406.
type alternativeJSON struct {
	Link        string   `json:"link"` // relative to the resource
	Type        string   `json:"type,omitempty"`
	Languages   []string `json:"languages,omitempty"`
	Encoding    string   `json:"encoding,omitempty"`
	Quality     float64  `json:"quality"` // its own, from 0 to 1
	Size        int64    `json:"size"`    // bytes
	Description string   `json:"description,omitempty"`
}

// Alternatives is the body of 300 and 406: the variants to choose from (RFC 9110 §15.4.1, §15.5.7), as a page, or as JSON
// when the request's Accept prefers that, and its media type. title is text. Who sends it notes that it depends on Accept.
// Variants without a name of their own cannot be asked for, and are left out.
func Alternatives(f *message.Fields, title, sentence string, variants []Variant) (body []byte, mediaType string) {
	if acceptQuality(f, "application", "json") > acceptQuality(f, "text", "html") {
		list := struct {
			Status       string            `json:"status"`
			Alternatives []alternativeJSON `json:"alternatives"`
		}{title, []alternativeJSON{}}
		for i := range variants {
			if v := &variants[i]; v.Name != "" {
				list.Alternatives = append(list.Alternatives, alternativeJSON{Link(v.Name), v.Type, v.Languages, v.Encoding,
					float64(v.Source) / 1000, v.Size, v.Description})
			}
		}
		body, _ := json.MarshalIndent(list, "", "  ")
		return append(body, '\n'), "application/json"
	}
	var b strings.Builder
	title, sentence = html.EscapeString(title), html.EscapeString(sentence)
	b.WriteString("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n" +
		"<title>" + title + "</title>\n<h1>" + title + "</h1>\n<p>" + sentence + "</p>\n<ul>\n")
	for i := range variants {
		v := &variants[i]
		if v.Name == "" {
			continue
		}
		b.WriteString("<li><a href=\"" + Link(v.Name) + "\">" + html.EscapeString(strings.ToValidUTF8(v.Name, "\uFFFD")) + "</a>")
		about := []string{v.Type, strings.Join(v.Languages, ", "), v.Encoding, strconv.FormatInt(v.Size, 10) + " bytes", v.Description}
		for _, text := range about {
			if text != "" {
				b.WriteString(", " + html.EscapeString(text))
			}
		}
		b.WriteString("</li>\n")
	}
	b.WriteString("</ul>\n</html>\n")
	return []byte(b.String()), "text/html; charset=utf-8"
}
