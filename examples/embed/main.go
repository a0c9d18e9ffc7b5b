// Command embed is a program with a server inside: a Go handler answers one route, and files the others.
//
//	go run ./examples/embed
//	curl http://127.0.0.1:8080/api/time
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"vitrine/config"
	"vitrine/server"
)

const configuration = `
listen "127.0.0.1:8080" {
}
site "localhost" {
  default = true
  route "/api/*" {
    handler "api" {
    }
  }
  route "/*" {
    respond {
      body = "ask for /api/time\n"
    }
  }
}
`

func main() {
	api := http.NewServeMux()
	api.HandleFunc("GET /api/time", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(map[string]time.Time{"now": time.Now()})
	})
	load := func() (*config.Config, *config.Diagnostics) {
		return config.Parse([]byte(configuration), "embedded.hcl", config.Options{})
	}
	_, diags := server.Run(load, server.Options{Handlers: map[string]http.Handler{"api": api}})
	if diags != nil {
		for _, d := range diags.All() {
			fmt.Fprintln(os.Stderr, d)
		}
		os.Exit(1)
	}
}
