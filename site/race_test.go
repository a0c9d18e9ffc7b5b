//go:build race

package site

// underRace says that the race detector runs: it slows everything down unevenly, and makes pools forget at random.
const underRace = true
