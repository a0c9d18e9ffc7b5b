package recovery

// Choose changes the congestion control for what is to come, to Reno or back to CUBIC; the window and the threshold stay.
func (s *Sender) Choose(reno bool) {
	if s.reno != reno {
		s.reno, s.cubic = reno, cubic{}
	}
}
