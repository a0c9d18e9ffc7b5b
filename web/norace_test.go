//go:build !race

package web

const underRace = false

const transfer = 100 << 20
