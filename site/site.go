// Package site is the door of the room in which exchanges become responses.
//
// A Handler is a configuration, compiled. It answers an exchange in named steps, and visit.walk, below, is their
// table of contents: each step returns the next one and the Reason for what it decided. The same steps answer a
// request from the network, and the dry run of explain and check, which differ in the carrier and in that somebody
// looks (Exchange.Trace).
//
// Two ways lead around the steps. What was answered from memory is remembered by path (see memory), and a request
// that is plain enough is answered from there on the connection's loop, without an allocation. And what is not in
// memory goes off the loop, where the steps go on (visit.leave).
//
// # Which site answers
//
// The listener that a connection came in on serves the sites that name no listener of their own, or the one site that
// it belongs to. Among those the site is chosen by the local address that a site claims; else by the host that the
// request asks for, exact before the longest wildcard before the default. A host that no site claims is answered with
// 421. An HTTP/1.0 request without a host goes to the default, or to the listener's only site, and is answered with
// 400 when there are several.
//
// # Which methods are answered
//
// A route that names methods answers those; naming GET brings HEAD. One that names none answers every method that
// the program knows with its fixed answer or redirect, and files answer GET and HEAD unless files.methods says
// otherwise. When routes match the path and none of them the method, the answer is 405 with Allow, even when the site
// has files of its own: the routes have claimed the path. OPTIONS is answered with Allow, TRACE with 405, methods
// that the program does not know with 501, unless a route names them.
package site

import (
	"vitrine/trace"
)

// step is one step in the life of a request.
type step uint8

const (
	receive   step = iota // what the protocol refused, and what the server as a whole does not do
	client                // who asks, behind trusted proxies
	choose                // the site, by listener, address and host
	find                  // the route, by path and method
	admit                 // the method and the announced body, as the route has it
	divert                // another server, or the same URL with what belongs into it
	permit                // whether the client may, and how often
	options               // which methods are answered
	respond               // a fixed answer
	redirect              // an answer that sends the client elsewhere
	apply                 // an answer by a Go program
	script                // a program that answers, by CGI
	ask                   // an application that answers, by FastCGI
	resolve               // the path to a file, an index, a listing or the missing page
	negotiate             // the file that stands ready in a content coding
	include               // the directives of a page, filled in
	present               // the file's type, preconditions and ranges
	refuse                // an error page
	deliver               // the header rules
	encode                // the content coding
	handOver              // the response to the connection
	done                  // Finish records
)

// walk takes a visit from a step to its end. Off the loop it runs in the function that was given to Go.
func (v *visit) walk(next step) {
	for next != done {
		var why *trace.Reason
		v.line = nil
		if v.nest != nil {
			if next = v.nest.step(v, next); next == done {
				break
			}
		}
		switch next {
		case receive:
			next, why = v.receive()
		case client:
			next, why = v.whoAsks()
		case choose:
			next, why = v.chooseSite()
		case find:
			next, why = v.findRoute()
		case admit:
			next, why = v.admit()
		case divert:
			next, why = v.divert()
		case permit:
			next, why = v.authorize()
		case options:
			next, why = v.answerOptions()
		case respond:
			next, why = v.respond()
		case redirect:
			next, why = v.redirect()
		case apply:
			next, why = v.apply()
		case script:
			next, why = v.script()
		case ask:
			next, why = v.askApplication()
		case resolve:
			next, why = v.resolve()
		case negotiate:
			next, why = v.precompressed()
		case include:
			next, why = v.include()
		case present:
			next, why = v.present()
		case refuse:
			next, why = v.errorPage()
		case deliver:
			next, why = v.deliver()
		case encode:
			next, why = v.encode()
		case handOver:
			next, why = v.handOver() // nothing of the visit may be touched afterwards
		}
		if why != nil && v.erring == nil { // what became of an error's page is not why there is an error
			v.x.Because(why, v.line)
		}
	}
}
