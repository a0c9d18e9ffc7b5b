package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"vitrine/observe/glass/api"
	"vitrine/observe/terminal"
	"vitrine/server/control"
)

// explainRecorded tells the story of a journey that the running server has recorded.
func (p *program) explainRecorded(ctx context.Context, ask askFlags, text string, asJSON bool) error {
	if err := checkID(text); err != nil {
		return err
	}
	client, status, err := p.askOf(ctx, ask, remembering(text))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	id, err := wholeID(ctx, client, text)
	if err != nil {
		return unasked(err, status)
	}
	if err := p.tell(ctx, client, id, asJSON); err != nil {
		return unasked(err, status)
	}
	return nil
}

// tell prints the story of one journey as the server tells it, which knows its configuration.
func (p *program) tell(ctx context.Context, client *control.Client, id string, asJSON bool) error {
	if asJSON {
		var story json.RawMessage
		if err := client.Ask(ctx, "/api/journeys/"+id, &story); err != nil {
			return err
		}
		return writeJSON(p.out, story)
	}
	body, err := client.Get(ctx, "/api/journeys/"+id+"?"+asText(style(p.out)).Encode())
	if err != nil {
		return err
	}
	defer body.Close()
	_, err = io.Copy(p.out, body)
	return err
}

// asText asks for a text that this output can show.
func asText(s terminal.Style) url.Values {
	q := url.Values{"as": {"text"}}
	if s.Width > 0 {
		q.Set("width", strconv.Itoa(s.Width))
	}
	if s.Color {
		q.Set("color", "1")
	}
	if s.Unicode {
		q.Set("unicode", "1")
	}
	return q
}

// beginsSo is the id of the one recorded journey whose id begins so.
func beginsSo(ctx context.Context, client *control.Client, text string) (string, error) {
	text = strings.ToLower(text)
	var list api.Journeys
	q := url.Values{"text": {text}, "limit": {strconv.Itoa(longestJourneys)}}
	if err := client.Ask(ctx, "/api/journeys?"+q.Encode(), &list); err != nil {
		return "", err
	}
	var found []string
	for _, j := range list.Journeys {
		if strings.HasPrefix(j.ID, text) {
			found = append(found, j.ID)
		}
	}
	switch len(found) {
	case 0:
		return "", fmt.Errorf("no journey that is recorded has an id that begins with %s: it was not recorded, was forgotten since, or has not ended yet", text)
	case 1:
		return found[0], nil
	}
	return "", &usageError{message: fmt.Sprintf("the ids of %d journeys begin with %s", len(found), text),
		hint: "give more of it: " + strings.Join(found[:min(len(found), 5)], ", ")}
}
