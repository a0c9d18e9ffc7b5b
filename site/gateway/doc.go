// Package gateway has the words of the Common Gateway Interface (RFC 3875), which CGI and FastCGI share: the
// meta-variables that tell a script of its request, and the head that a script's answer begins with.
//
// It is pure: it knows no process, no connection and no file. Whoever runs the script decides which file it is and
// where its path ends (Request), and what becomes of its answer (Head).
//
// What comes from outside is held to this: no request field can pose as another or as something that the server says
// (Variables.Collect), and nothing that a script writes can add a line to the response's head or change how long its
// body is (Parser).
package gateway
