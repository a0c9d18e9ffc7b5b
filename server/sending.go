package server

// Bytes are the request as a client sends it, byte for byte what a dry run answers, with the host and the port that the
// URL names. The error says what is wrong with the Query.
func (q Query) Bytes() (head []byte, host string, port uint16, err error) {
	u, err := splitURL(q.URL)
	if err != nil {
		return nil, "", 0, err
	}
	return u.head(q), u.host, u.portOr80(), nil
}
