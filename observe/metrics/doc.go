// Package metrics counts what Prometheus asks for.
package metrics
