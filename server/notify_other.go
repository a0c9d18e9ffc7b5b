//go:build !linux

package server

// since is when a reload began, which only systemd wants to know.
func since() string { return "" }
