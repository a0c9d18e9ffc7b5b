package site

// types compiles what the configuration says about types.
func (c *compiler) types(t *settings) {
	types, faults := c.tables.Types(t.conf.Types)
	t.types = types
	for _, f := range faults {
		c.fail(f.Pos, f.Summary, f.Hint)
	}
}
