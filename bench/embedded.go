package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"vitrine/config"
	"vitrine/site"
	"vitrine/site/resource"
	"vitrine/web"
)

// both answers files with a site and everything under /handler with an http.Handler.
type both struct {
	*site.Handler
	dynamic func(x *web.Exchange)
}

func (b both) Serve(x *web.Exchange) {
	if x.Refused == nil && strings.HasPrefix(string(x.Request.Path()), "/handler") && x.Go(b.dynamic) {
		return
	}
	b.Handler.Serve(x)
}

// allocating is a handler as people write them: it builds a structure and encodes it.
func allocating(w http.ResponseWriter, r *http.Request) {
	rows := make([]map[string]any, 50)
	for i := range rows {
		rows[i] = map[string]any{"row": i, "query": r.URL.RawQuery, "text": fmt.Sprintf("%032d", i)}
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(rows)
}

// embedded serves a folder and the handler at an address, as a program that embeds vitrine would.
func embedded(address, root string) {
	conf := config.Default(config.ServeOptions{Root: root, Log: "off"})
	store := resource.NewStore(conf.Memory)
	files, err := site.New(conf, site.Options{Store: store})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	srv, err := web.NewServer(both{files, web.Adapt(http.HandlerFunc(allocating))}, web.Settings{}, web.Options{})
	if err == nil {
		_, err = srv.Listen(netip.MustParseAddrPort(address), 4096, conf.Listens[0], nil)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	srv.Start()
	stop, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer cancel()
	<-stop.Done()
	limit, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	srv.Drain(limit)
	srv.Close()
	files.Close()
	store.Close()
}
