package main

import (
	"context"
	"testing"

	"vitrine/server/control"
)

func TestOfSeveralServersTheOneThatListensThereIsMeant(t *testing.T) {
	for _, c := range []struct {
		address, listener string
		fits              bool
	}{
		{"127.0.0.1:8080", "127.0.0.1:8080", true},
		{"127.0.0.1:8080", "127.0.0.1:8081", false},
		{"127.0.0.1:8080", "127.0.0.2:8080", false},
		{"127.0.0.1:8080", ":8080", true},
		{"127.0.0.1:8080", "0.0.0.0:8080", true},
		{"[::1]:8080", "[::]:8080", true},
		{"[::1]:8080", "127.0.0.1:8080", false},
		{"localhost:8080", "127.0.0.1:8080", true},
		{"localhost", "127.0.0.1:80", false},
		{"127.0.0.1:8080", "", false},
	} {
		r := &control.Running{Status: control.Status{Addresses: []string{"192.0.2.1:1", c.listener}}}
		if got := listeningOn(c.address).fits(context.Background(), r); got != c.fits {
			t.Errorf("a request to %s arrives at %q: %v", c.address, c.listener, got)
		}
	}
}
