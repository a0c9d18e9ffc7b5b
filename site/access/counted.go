package access

// Counted is how many clients, users or other keys the rates of all configurations remember at the moment.
func (s *State) Counted() (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.counts {
		n += c.of.len()
	}
	return n
}

// len is how many entries a table has.
func (t *table[V]) len() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		n += len(s.index)
		s.mu.Unlock()
	}
	return n
}
