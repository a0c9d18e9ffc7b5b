// Package traps plays, frame by frame, a peer that does what ordinary peers never do, against a listening server: the
// Linux kernel's first, to know that the tests are right, and then this stack's. Only its tests contain code.
package traps
