// Package e2e has only tests: it runs the program as people do, from the command line, and asks it over real sockets, with curl,
// with browsers and with bytes that no client should send. The scripts are in testdata; what they can do beyond testscript's own
// commands is in e2e_test.go.
package e2e
