// Package access decides who may have something: by address, by name and password, and by how often they ask. It knows
// nothing of sites and routes; the walk of a request asks it and tells its answers.
//
// Everything here is bounded in number and in bytes, nothing keeps a password, and what is compared with a secret is
// compared in constant time. What a State holds is shared by all configurations of a process, so that a reload forgets
// no failure, no used nonce and no count.
package access
