// Package message has the words of RFC 9110: requests, responses, fields, targets, dates, validators and ranges.
// It is pure: it knows no connection, no file and no protocol version's wire format.
//
// Requests are views: a Request holds offsets into one arena of bytes, so that reading one from a buffer allocates
// nothing. Whoever keeps a Request longer than its arena lives copies it with CopyTo.
package message
