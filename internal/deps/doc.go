// Package deps holds the import order of this project as text, and its test holds every package to it. The text is
// policy: it is changed by a decision, never to make a build pass.
package deps
