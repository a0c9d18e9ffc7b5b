//go:build unix

package web

import "vitrine/socket"

func init() { portable = socket.Portable{} }
