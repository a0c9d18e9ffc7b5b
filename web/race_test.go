//go:build race

package web

// underRace says that the race detector runs: it slows everything down unevenly, and makes pools forget at random.
const underRace = true

// transfer is how long the bodies are that are sent both ways: many times what buffers and windows hold.
const transfer = 16 << 20
