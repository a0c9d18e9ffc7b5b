package access

// Limit is a rate block, compiled.
type Limit struct{}
