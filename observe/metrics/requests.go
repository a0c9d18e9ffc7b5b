package metrics

import (
	"github.com/prometheus/client_golang/prometheus"
)

var (
	requestsTotal = prometheus.NewDesc("vitrine_http_requests_total",
		"Requests by site, method and status code. A method that is not known is \"other\", a code that nobody registered is its class, such as \"4xx\".",
		[]string{"site", "method", "status"}, nil)
	requestDuration = prometheus.NewDesc("vitrine_http_request_duration_seconds",
		"Time from a request's complete head until the last byte of its response was handed to the transport.", []string{"site"}, nil)
	requestBytes = prometheus.NewDesc("vitrine_http_request_bytes_total",
		"Bytes of requests as they were received, head and body.", []string{"site"}, nil)
	responseBytes = prometheus.NewDesc("vitrine_http_response_bytes_total",
		"Bytes of responses as they were handed to the transport, head and body.", []string{"site"}, nil)
)

// requests tells what Counters counted.
type requests struct{ c *Counters }

func (r *requests) Describe(to chan<- *prometheus.Desc) {
	to <- requestsTotal
	to <- requestDuration
	to <- requestBytes
	to <- responseBytes
}

func (r *requests) Collect(to chan<- prometheus.Metric) {
	for _, s := range r.c.sum() {
		for m := range s.requests {
			for i, n := range s.requests[m] {
				if n > 0 {
					to <- counter(requestsTotal, n, s.name, methodLabel(m), statusLabels[i])
				}
			}
		}
		count, upTo := uint64(0), make(map[float64]uint64, len(bounds))
		for i, n := range s.buckets {
			count += n
			if i < len(bounds) {
				upTo[bounds[i].Seconds()] = count
			}
		}
		to <- prometheus.MustNewConstHistogram(requestDuration, count, float64(s.took)/1e9, upTo, s.name)
		to <- counter(requestBytes, s.in, s.name)
		to <- counter(responseBytes, s.out, s.name)
	}
}

func counter(d *prometheus.Desc, value uint64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(value), labels...)
}

func gauge(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
