// Package variables says what each {name} placeholder means for an exchange. There is one answer, whether the
// placeholder stands in a log format, a redirect, a header value or a fixed body; only the escaping that the
// destination needs differs, and each destination has a view for it:
//
//	v.Log()    a line of a text log: nothing can add a line, leave its quotes or move a terminal's cursor
//	v.JSON()   the inside of a JSON string
//	v.HTML()   text of an HTML or XML document
//	v.URL()    part of a Location
//	v.Field()  part of a field value
//
// Nothing here allocates as long as the destination slice has room.
package variables
