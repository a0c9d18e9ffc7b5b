// Package server is the life of the process: it assembles a server from a configuration, listens, serves, reloads,
// drains and stops. server.go is the spine; every step of that life is one file.
//
// It also answers without a socket: DryRun tells how a request would be answered by a configuration, and Expect
// holds a configuration to its expect blocks.
package server
