// Package web is the door of the room in which connections become exchanges: a Server accepts connections, speaks
// HTTP on them and gives every request to a Handler as an Exchange. It also hosts Go's http.Handlers.
package web
