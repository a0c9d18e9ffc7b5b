package server

import (
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// business measures how busy the server is, for balance blocks. It is cheap: the system is asked once a second.
func (s *Server) business(measure string) int64 {
	switch measure {
	case "connections":
		return int64(s.web.Engine().Open())
	case "requests":
		return int64(s.web.Engine().Away())
	}
	return systemLoad.percent(time.Now())
}

// average is the system's load average over a minute, in percent of its processors. It is safe for concurrent use.
type average struct {
	at   atomic.Int64
	last atomic.Int64
	read func() (string, error)
}

var systemLoad = average{read: func() (string, error) {
	text, err := os.ReadFile("/proc/loadavg")
	return string(text), err
}}

// percent is the load at a time, at most a second old. Where the system does not tell it is 0.
func (a *average) percent(now time.Time) int64 {
	at := a.at.Load()
	if now.UnixNano()-at < int64(time.Second) || !a.at.CompareAndSwap(at, now.UnixNano()) {
		return a.last.Load()
	}
	text, err := a.read()
	first, _, _ := strings.Cut(text, " ")
	if load, wrong := strconv.ParseFloat(first, 64); err == nil && wrong == nil && load >= 0 && load < 1e9 {
		a.last.Store(int64(100 * load / float64(runtime.NumCPU())))
	}
	return a.last.Load()
}
