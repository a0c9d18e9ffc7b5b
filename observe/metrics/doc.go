// Package metrics counts requests, and tells Prometheus and the page what was counted.
//
// Counters are told of every request on the loop that ran it: each loop has numbers of its own, and whoever asks adds them
// up. Everything else is asked for when Prometheus asks (Sources): nothing is gathered in advance.
//
// How many time series there can be is bounded, whatever clients send: methods that are not known count as "other", status
// codes that nobody registered too, and sites that no configuration names any more are kept up to MaxSites.
package metrics
