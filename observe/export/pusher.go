package export

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"vitrine/observe/journey"
	"vitrine/web/message"
)

// Settings say where spans are sent, and how.
type Settings struct {
	Endpoint string            // of an OTLP/HTTP collector, such as http://localhost:4318; "/v1/traces" is added unless it ends so
	Headers  map[string]string // of every request to it, such as Authorization
	Service  string            // service.name; "": vitrine
	Version  string            // service.version
	Interval time.Duration     // how long spans wait for others at most; 0: 5 s
	Timeout  time.Duration     // of one attempt to send; 0: 10 s
	Queue    int               // journeys that wait at most; 0: 2048
	// Filter chooses journeys; nil: all that are recorded.
	Filter *journey.Filter
	// Unsampled sends requests too whose traceparent says that their caller does not record the trace.
	Unsampled bool
	// Failed is told what was lost and why, at most once a minute, on a goroutine of the Pusher's. Nil: nobody is told.
	Failed func(error)
}

// Source is where journeys come from: a journey.Recorder.
type Source interface {
	Follow(ctx context.Context, f *journey.Filter) <-chan journey.Batch
}

// Pusher sends journeys as spans to an OpenTelemetry collector as they end, by OTLP over HTTP. Nobody waits for it: what comes
// faster than the collector takes it is lost, counted and told. It is safe for concurrent use.
type Pusher struct {
	s        Settings
	to       *url.URL
	client   *http.Client
	resource resource

	stop    context.CancelFunc // of the following
	taken   chan struct{}      // closed when nothing comes any more
	wake    chan struct{}      // a batch is full
	closing chan struct{}      // what waits is to be sent now
	sending context.Context    // ends when that may not go on
	abandon context.CancelFunc // ends it
	done    chan struct{}
	once    sync.Once

	mu    sync.Mutex
	queue []*journey.Journey

	// Of the sender only.
	hold   time.Time // the collector is not asked before
	told   time.Time // when Failed was told last
	untold uint64    // lost since
	why    error     // of the last of them

	sent, lost, unsampled atomic.Uint64
	overflowed            atomic.Uint64 // lost because the queue was full, or this reader was too slow, and not told yet
}

// perRequest is how many journeys are sent at once at most.
const perRequest = 512

// NewPusher begins to send. Close ends it. The error says what is wrong with the settings; nothing is sent to find out whether
// the collector is there.
func NewPusher(from Source, s Settings) (*Pusher, error) {
	to, err := collector(s.Endpoint)
	if err != nil {
		return nil, err
	}
	for name, value := range s.Headers {
		if !message.IsToken(name) || !message.IsValue(value) {
			return nil, fmt.Errorf("the field %q cannot be sent to the collector of spans: its name or its value has characters that HTTP does not allow", name)
		}
	}
	if s.Interval <= 0 {
		s.Interval = 5 * time.Second
	}
	if s.Timeout <= 0 {
		s.Timeout = 10 * time.Second
	}
	if s.Queue <= 0 {
		s.Queue = 2048
	}
	p := &Pusher{s: s, to: to, client: newClient(), resource: resourceOf(&s), taken: make(chan struct{}), wake: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{})}
	p.sending, p.abandon = context.WithCancel(context.Background())
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	go p.take(from.Follow(ctx, s.Filter))
	go p.send()
	return p, nil
}

// collector is where spans are posted to (OTLP §"OTLP/HTTP Request").
func collector(endpoint string) (*url.URL, error) {
	u, err := url.Parse(endpoint)
	switch {
	case err != nil:
		var bad *url.Error
		if errors.As(err, &bad) {
			err = bad.Err // without the URL: there may be a password in it
		}
		return nil, fmt.Errorf("the address of the collector of spans is not a URL: %w; write it like http://localhost:4318", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return nil, fmt.Errorf("the address of the collector of spans, %q, must be an http or https URL, such as http://localhost:4318", u.Redacted())
	}
	u.Fragment, u.RawFragment = "", ""
	if !strings.HasSuffix(u.Path, "/v1/traces") {
		u = u.JoinPath("v1/traces")
	}
	return u, nil
}

// PusherStats is what became of the journeys.
type PusherStats struct {
	Waiting   int
	Sent      uint64
	Lost      uint64 // the queue was full, the collector refused them or did not answer
	Unsampled uint64 // their callers do not record
}

// Stats is what became of the journeys until now.
func (p *Pusher) Stats() PusherStats {
	p.mu.Lock()
	defer p.mu.Unlock()
	return PusherStats{Waiting: len(p.queue), Sent: p.sent.Load(), Lost: p.lost.Load(), Unsampled: p.unsampled.Load()}
}

// Close sends what waits, until the context ends, and stops. What could not be sent is lost and told. A collector that fails now
// is not asked again.
func (p *Pusher) Close(ctx context.Context) {
	p.once.Do(func() {
		p.stop()
		<-p.taken
		context.AfterFunc(ctx, p.abandon)
		close(p.closing)
	})
	<-p.done
	p.abandon()
}

// take puts what ends into the queue, for as long as it comes.
func (p *Pusher) take(from <-chan journey.Batch) {
	defer close(p.taken)
	for b := range from {
		p.overflow(b.LeftOut)
		for _, j := range b.Journeys {
			p.put(j)
		}
	}
}

func (p *Pusher) put(j *journey.Journey) {
	if from, ok := parentOf(j); ok && from.flags&sampled == 0 && !p.s.Unsampled {
		p.unsampled.Add(1)
		return
	}
	p.mu.Lock()
	full := len(p.queue) >= p.s.Queue
	if !full {
		p.queue = append(p.queue, j)
	}
	enough := len(p.queue) >= min(perRequest, p.s.Queue)
	p.mu.Unlock()
	if full {
		p.overflow(1)
	}
	if enough {
		select {
		case p.wake <- struct{}{}:
		default:
		}
	}
}

func (p *Pusher) overflow(n uint64) {
	p.lost.Add(n)
	p.overflowed.Add(n)
}

// next are the journeys of the next request, nil when none wait.
func (p *Pusher) next() []*journey.Journey {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := min(len(p.queue), perRequest)
	if n == 0 {
		return nil
	}
	batch := append([]*journey.Journey(nil), p.queue[:n]...)
	rest := copy(p.queue, p.queue[n:])
	clear(p.queue[rest:])
	p.queue = p.queue[:rest]
	return batch
}

// waiting is how many journeys wait.
func (p *Pusher) waiting() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.queue)
}
