// Package route chooses the route that answers a path: the first in file order whose pattern matches the path and
// whose methods contain the request's.
//
// A pattern is matched against the path as message.Request.Path has it: decoded once and normalised, so that it
// begins with "/" and has no empty segment but the last, and no "." or ".." segment. Case matters. A pattern is
//
//   - an exact path: "/about" is "/about" and not "/about/";
//   - a folder with everything below: "/docs/*" is "/docs", "/docs/" and "/docs/a/b", but not "/docsets". The folder's
//     own two spellings are part of it so that a rule about a folder, such as who may enter, cannot be walked around
//     by leaving the slash out, and so that the missing slash can be redirected. "/*" is every path;
//   - a glob: "*" is any number of bytes of one segment ("/img/*.png", "/users/*/avatar"), "**" is any number of
//     bytes of any segments ("/a**z"), and "/**/" also stands for a single "/", so that "/**/*.php" is every ".php" at
//     any depth. A "*" or "**" that is a pattern's whole last segment means everything below, as in a folder's
//     pattern.
//
// A pattern that begins with "~" is a regular expression (RE2 syntax) instead, with "~*" one that ignores case. It must
// match some part of the path, the whole with "^" and "$", and what its groups matched is at hand as {match.1} or
// {match.NAME}. The search for routes that can never answer knows nothing of regular expressions.
//
// "%XX" in a pattern is the byte itself; "%2A" is a star that matches only a star.
//
// The tail is what a "*" or "**" at the end of the pattern matched, from the first place where the rest of the pattern
// was satisfied.
package route
