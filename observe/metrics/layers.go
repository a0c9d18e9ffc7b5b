package metrics

import (
	"context"
	"fmt"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// maxNumbers is how many counters of the own stack are told at most.
const maxNumbers = 1000

// layers tells the own stack's counters: vitrine_stack_<layer>_<name>, with _total where they only grow.
type layers struct{ Sources }

// Describe tells nothing: which counters there are is known when they are asked for.
func (l *layers) Describe(chan<- *prometheus.Desc) {}

func (l *layers) Collect(to chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), stackTimeout)
	defer cancel()
	numbers, err := l.Stack(ctx)
	if err != nil {
		l.tell(fmt.Errorf("the own stack's counters are missing from /metrics this time: %w", err))
		return
	}
	seen := make(map[string]bool)
	for _, n := range numbers {
		if strings.Contains(n.Name, ".") {
			continue // a Reason: it is in vitrine_reasons_total
		}
		name := "vitrine_stack_" + identifier(n.Layer) + "_" + identifier(n.Name)
		if !n.Level {
			name += "_total"
		}
		if seen[name] || len(seen) >= maxNumbers {
			continue
		}
		seen[name] = true
		kind := prometheus.CounterValue
		if n.Level {
			kind = prometheus.GaugeValue
		}
		help := n.Layer + ": " + n.Sentence + "."
		to <- prometheus.MustNewConstMetric(prometheus.NewDesc(name, text(help), nil, nil), kind, float64(n.Value))
	}
}

// identifier is a name as metrics have them: small letters, digits and underscores.
func identifier(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		}
		return '_'
	}, s)
}
