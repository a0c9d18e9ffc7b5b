# What can be done here. `make` alone prints the list.

GO      ?= go
BINARY  := bin/vitrine
FUZZTIME ?= 60s
SOAK    ?= 10m
# What runs concurrently, and so runs under the race detector too.
RACE    := ./socket/... ./stack ./stack/bsd ./stack/link ./web/... ./site/... ./observe/... ./server/...

# The build says which commit it is of, where git can tell.
STAMP   := $(shell git rev-parse HEAD >/dev/null 2>&1 && echo true || echo false)

.PHONY: help
## make run         serve the example site on http://localhost:8080/ (stop it with Ctrl-C)
## make build       build bin/vitrine
## make check       check the example's configuration and its expectations
help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

.PHONY: run
run: build
	./$(BINARY) run --config examples/vitrine.hcl

.PHONY: build
build:
	@mkdir -p bin
	$(GO) build -trimpath -buildvcs=$(STAMP) -o $(BINARY) ./cmd/vitrine

.PHONY: check
check: build
	./$(BINARY) check --config examples/vitrine.hcl
	./$(BINARY) fmt -l examples

.PHONY: test
## make test        everything that must hold: format, vet, units, races, end to end, the example (minutes)
test: tools-test lint
	scripts/test "$(GO)" -count=1 $$($(GO) list ./... | grep -v /e2e$$)
	scripts/test "$(GO)" -count=1 ./e2e
	$(MAKE) --no-print-directory race
	$(MAKE) --no-print-directory check

.PHONY: lint
## make lint        format and vet
lint:
	@unformatted=$$(gofmt -l .); \
	if [ -n "$$unformatted" ]; then echo "not in gofmt's layout:"; echo "$$unformatted"; exit 1; fi
	$(GO) vet ./...

.PHONY: race
## make race        the concurrent packages under the race detector
race:
	@if scripts/tools --have gcc; then scripts/test "$(GO)" "-race -count=1" $(RACE); \
	else echo "SKIPPED: the race detector needs a C compiler: apt-get install gcc"; fi

.PHONY: e2e
## make e2e         the program as people run it, under each I/O architecture and, as root, on its own TCP/IP stack
e2e: tools-test
	scripts/test "$(GO)" -count=1 ./e2e

.PHONY: fuzz
## make fuzz        each fuzz target for FUZZTIME (default 60s): make fuzz FUZZTIME=10m
fuzz:
	GO="$(GO)" scripts/fuzz $(FUZZTIME)

.PHONY: soak
## make soak        a server under mixed load, reloads and rotation for SOAK (default 10m): make soak SOAK=1h
soak: tools-test
	VITRINE_SOAK=$(SOAK) $(GO) test -count=1 -timeout 0 -v -run TestSoak ./e2e

.PHONY: bench
## make bench       CPU, throughput and latency beside nginx and lighttpd
bench: tools-bench build
	$(GO) run ./bench -vitrine $(BINARY)

.PHONY: io-compare
## make io-compare  the five I/O architectures side by side
io-compare: tools-bench build
	$(GO) run ./bench -vitrine $(BINARY) -workloads small,pipe,conn,mid \
		-servers vitrine:events-per-core,vitrine:events,vitrine:pool,vitrine:threads,vitrine:single

.PHONY: impaired
## make impaired    10 MiB over bad paths: Linux to Linux beside our stack to Linux (needs root; minutes)
impaired:
	$(GO) run ./bench/impaired

.PHONY: docs
## make docs        write the configuration reference anew from the schema
docs:
	$(GO) test ./config -run Reference -update

.PHONY: tools-test tools-bench
tools-test:
	@scripts/tools apache2 chromium curl ethtool gcc h2load ip nsenter nginx php-fpm ping slowhttptest traceroute tshark wrk
tools-bench:
	@scripts/tools wrk taskset nginx lighttpd

.PHONY: clean
## make clean       remove what was built
clean:
	rm -rf bin
