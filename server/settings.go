package server

import (
	"time"

	"vitrine/config"
	"vitrine/web"
)

// settings are the bounds of a configuration as the engine wants them. Where the configuration's zero means
// "nothing at all" and the engine's means "no bound", the smallest bound stands for it.
func settings(c *config.Config) web.Settings {
	s := web.Settings{
		Connections:           affordable(c),
		ConnectionsPerClient:  c.Limits.ConnectionsPerClient.V,
		RequestsPerConnection: c.Limits.RequestsPerConnection.V,
		Handlers:              c.Limits.Handlers.V,
		Suspended:             c.Limits.Suspended.V,
		HeaderBytes:           int(c.Limits.HeaderBytes.V),
		HeaderCount:           c.Limits.HeaderCount.V,
		URIBytes:              int(c.Limits.URIBytes.V),
		BodyBytes:             largestBody(c),
		InputBytes:            int(c.Limits.InputBytes.V),
		OutputBytes:           int(c.Limits.OutputBytes.V),
		HeaderTimeout:         c.Timeouts.Header.V,
		BodyTimeout:           c.Timeouts.Body.V,
		KeepAliveTimeout:      c.Timeouts.KeepAlive.V,
		WriteTimeout:          c.Timeouts.Write.V,
		LingerTimeout:         max(c.Timeouts.Linger.V, time.Nanosecond),
		DrainIdle:             c.Timeouts.Idle.V,
		MinRate:               c.Timeouts.MinRate.V,
		Timed:                 timed(c) || observed(c),
	}
	if s.KeepAliveTimeout == 0 {
		s.RequestsPerConnection = 1 // no time for a second request
	}
	return s
}

// affordable is how many connections there may be: on the kernel's sockets at most as many as the system has descriptors
// for, when the files that are kept open and some for everything else are taken away. Those of an own network have none.
func affordable(c *config.Config) int {
	const others = 64 // logs, listeners, pollers, roots, files being read
	most, known := descriptors()
	if !known || c.Network != nil {
		return c.Limits.Connections.V
	}
	return min(c.Limits.Connections.V, max(most-min(c.Memory.Descriptors.V, most/4)-others, 16))
}

// largestBody is the longest body that any site or route accepts: the engine cannot know yet which will answer.
// 0 is no bound.
func largestBody(c *config.Config) int64 {
	largest := c.Limits.BodyBytes.V
	wider := func(s *config.Settings) {
		if s.BodyBytes.V == 0 || largest == 0 {
			largest = 0
		} else {
			largest = max(largest, s.BodyBytes.V)
		}
	}
	for _, site := range c.Sites {
		wider(&site.Settings)
		for _, r := range site.Routes {
			wider(&r.Settings)
		}
	}
	return largest
}

// observed reports whether anybody is told of each exchange: the recorder of journeys, or who counts for the page.
func observed(c *config.Config) bool {
	return !c.Journeys.Off.V || c.Admin != nil && !c.Admin.Off.V
}

// timed reports whether some access log tells how long exchanges take.
func timed(c *config.Config) bool {
	tells := func(l *config.Log) bool {
		return !l.Off.V && l.Format.V != "common" && l.Format.V != "combined"
	}
	if tells(&c.Access) || tells(&c.Base.Access) {
		return true
	}
	for _, site := range c.Sites {
		if tells(&site.Settings.Access) {
			return true
		}
		for _, r := range site.Routes {
			if tells(&r.Settings.Access) {
				return true
			}
		}
	}
	return false
}
