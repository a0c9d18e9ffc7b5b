// Package ssi is server-side includes as Apache's mod_include knows them: pages in which <!--#name attribute="value" -->
// is replaced when they are sent. It is pure: it parses and evaluates, and asks its World for everything that lies
// outside of the page, such as what is included, and who asks.
//
// A Parser takes a page in pieces as they come, and what it finds does not depend on where they were cut. Compile keeps
// what it finds in a whole page: the text between directives stays where it is in the file's memory, regular
// expressions are compiled once. A Run evaluates the pages of one request, with one set of variables and one set of
// bounds for all of them, however deep they lie in each other.
//
// Whoever writes a page is trusted less than whoever configures the server, and whoever asks for it not at all. So
// everything that a page can grow is bounded (Limits), what echo prints is made harmless for HTML unless the page says
// otherwise, variables stand for their letters in a regular expression, and an error puts a fixed text into the page
// and its story into the log.
package ssi
