// Package elsewhere decides whether and where a client is sent to another server: by its network, by weight with affinity,
// by how well the servers are, and by how busy this one is. It also finds redirects that lead in a circle while they happen.
//
// The decisions are pure; Checker is the one part that does something, it asks the servers whether they are well.
package elsewhere
