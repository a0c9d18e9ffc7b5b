// Package sockettest has peers for tests that ordinary programs are not.
package sockettest
