package metrics

import (
	"fmt"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Bounds of what scrapes may cost. Two Prometheus servers that watch over each other ask at the same time.
const (
	maxScrapes    = 4
	scrapeTimeout = 10 * time.Second
	stackTimeout  = 2 * time.Second
)

// Registry is everything that there is to tell, for a Handler or for a test.
func Registry(s Sources) *prometheus.Registry {
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		&server{s},
	)
	if s.Counters != nil {
		r.MustRegister(&requests{s.Counters})
	}
	if s.Stack != nil {
		r.MustRegister(&layers{s})
	}
	return r
}

// Handler answers with the metrics, in the format that the asker prefers: Prometheus's text, its protobuf or OpenMetrics. What
// cannot be gathered is told to Sources.Failed, and the rest is answered all the same.
func Handler(s Sources) http.Handler {
	return promhttp.HandlerFor(Registry(s), promhttp.HandlerOpts{
		ErrorLog:            failures(s.tell),
		ErrorHandling:       promhttp.ContinueOnError,
		MaxRequestsInFlight: maxScrapes,
		Timeout:             scrapeTimeout,
		EnableOpenMetrics:   true,
	})
}

// tell tells what could not be gathered.
func (s *Sources) tell(err error) {
	if s.Failed != nil {
		s.Failed(err)
	}
}

// failures is where promhttp writes what goes wrong.
type failures func(error)

func (f failures) Println(v ...any) { f(fmt.Errorf("metrics: %s", fmt.Sprint(v...))) }
