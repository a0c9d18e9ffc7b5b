// Package trace is the vocabulary in which every layer says what happened and why: the Reason of a decision, the
// Position of the configuration that is responsible for it, and the Journey that collects both for one request.
//
// It imports nothing of this project and everything may import it.
package trace
