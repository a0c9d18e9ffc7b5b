// Command vitrine is a web server that explains each of its decisions.
//
// Each command is one file: it turns flags and arguments into a call of package server and prints what comes back.
//
// # Exit status
//
//	0  what was asked for was done; a server stopped with every request answered
//	1  the answer is no: the configuration has errors, an expectation does not hold, the server could not start
//	2  the command line was wrong, or there was nothing to work on
//	3  a server stopped before everything was answered: the drain took too long, or it was told a second time
package main

import (
	"os"
)

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
