// Package fastcgi is the record protocol of FastCGI 1.0 as a pure machine, in the role of the web server that asks an
// application as its responder. It knows no connection and no clock.
//
// One request at a time is on a connection, and its number is always 1: the specification lets a connection carry several at
// once, and no application of today can (FCGI_MPXS_CONNS is "0" for PHP). What is sent is appended to the caller's buffer
// (AppendBegin, AppendPair, AppendStdin, …), what is received is taken apart by a Receiver where it lies.
//
// Sections cited as "FastCGI §3.3" are those of the specification of 29 April 1996.
package fastcgi
