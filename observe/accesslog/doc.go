// Package accesslog writes a line for each request. The formats are
//
//	common    Apache's common log format, and the journey's id as a last quoted field
//	combined  Apache's combined log format, and the journey's id as a last quoted field
//	json      one object a line
//	readable  for a person at a terminal; what failed has its reason on a second line
//	custom    a template. One whose text begins with a brace is taken for JSON and its values are escaped for that
//
// Programs that read common and combined ignore what follows the fields they know, so the additional field is at the
// end, and quoted as the others are.
//
// Lines are formatted on the event loops at the end of each request. That neither blocks nor allocates; package
// logfile says what happens when the file cannot keep up.
package accesslog
