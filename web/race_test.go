//go:build race

package web

// underRace says that the race detector runs: it slows everything down unevenly, and makes pools forget at random.
const underRace = true
