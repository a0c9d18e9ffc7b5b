// Package content turns files into representations: it gives them their media type, decides what a request gets of
// them (the whole, parts of it, nothing since the client has it already, or a refusal), and makes the listing of a
// directory.
//
// Nothing in here touches the disk or a connection. Types are compiled once from the configuration; Plan and Listing
// are functions of their arguments. Header rules are not known here: who serves the answer puts them on top.
package content
