package content

import (
	"bytes"

	"vitrine/web/message"
)

// Coding is a content coding (RFC 9110 §8.4.1) that the program knows.
type Coding uint8

// The codings. Those of files that only a configuration names, such as "compress", are no Coding but text.
const (
	Identity Coding = iota // no coding at all
	Gzip
	Deflate
	Brotli
	Zstd

	codings
)

var codingNames = [codings]string{"identity", "gzip", "deflate", "br", "zstd"}

// codingSuffixes is what a file's name ends with that holds another one in a coding.
var codingSuffixes = [codings]string{"", ".gz", "", ".br", ".zst"}

// String is the coding's name in Content-Encoding.
func (c Coding) String() string { return codingNames[c] }

// Suffix is what a file's name ends with that holds another one in this coding; "" when there is no such custom.
func (c Coding) Suffix() string { return codingSuffixes[c] }

// LookupCoding is the coding with a name in any case, "x-gzip" included (RFC 9110 §8.4.1.3). It does not allocate.
func LookupCoding(name []byte) (Coding, bool) {
	for c := range codings {
		if message.EqualFold(name, codingNames[c]) {
			return c, true
		}
	}
	return Gzip, message.EqualFold(name, "x-gzip")
}

// Codings is how much a request wants each Coding, in thousandths. It is made by AcceptedCodings.
type Codings struct {
	// Asked is set when the request has an Accept-Encoding field. Without one every coding would do (RFC 9110 §12.5.3),
	// and as clients without the field may know none, only Identity is given a weight.
	Asked   bool
	weights [codings]int16
}

// AcceptedCodings reads a request's Accept-Encoding: the weights exactly as they are written, and that of "*" for those
// that are not named. Identity that is not named at all has the weight 1: it is acceptable unless it is refused, by name
// or by "*" (RFC 9110 §12.5.3). Members that are malformed are skipped; of a coding that is named twice the friendlier
// word counts. It does not allocate.
func AcceptedCodings(f *message.Fields) Codings {
	c := Codings{Asked: f.Has(message.AcceptEncoding)}
	if !c.Asked {
		c.weights[Identity] = 1000
		return c
	}
	const unsaid = -1
	for i := range c.weights {
		c.weights[i] = unsaid
	}
	others := int16(unsaid)
	for value := range f.All(message.AcceptEncoding) {
		for member := range message.Tokens(value) {
			name, parameters, _ := bytes.Cut(member, semicolon)
			q, ok := parameterWeight(parameters)
			if !ok {
				continue
			}
			name = message.Trim(name)
			if len(name) == 1 && name[0] == '*' {
				others = max(others, int16(q))
			} else if coding, known := LookupCoding(name); known {
				c.weights[coding] = max(c.weights[coding], int16(q))
			}
		}
	}
	for i, w := range c.weights {
		switch {
		case w != unsaid:
		case others != unsaid:
			c.weights[i] = others
		case Coding(i) == Identity:
			c.weights[i] = 1 // it is welcome unless it is refused, but what is named is wanted more
		default:
			c.weights[i] = 0
		}
	}
	return c
}

// Weight is how much a coding is wanted, from 0 (not at all) to 1000.
func (c *Codings) Weight(coding Coding) int { return int(c.weights[coding]) }

// Best is the coding that is wanted most among those offered, in the order of the server's own preference, which
// decides between equal weights. A coding is better than none when it is wanted at least as much. It is Identity when
// none of them is accepted; acceptable is false when Identity is refused then. It does not allocate.
func (c *Codings) Best(offered []Coding) (best Coding, acceptable bool) {
	identity := c.weights[Identity]
	weight := int16(0)
	for _, coding := range offered {
		if w := c.weights[coding]; w > weight && w >= identity {
			best, weight = coding, w
		}
	}
	return best, weight > 0 || identity > 0
}

var semicolon = []byte{';'}

// parameterWeight is the weight among a member's parameters, 1000 when there is none. ok is false for one that is
// malformed. What else there is does not matter.
func parameterWeight(parameters []byte) (q int, ok bool) {
	for len(parameters) > 0 {
		var parameter []byte
		parameter, parameters, _ = bytes.Cut(parameters, semicolon)
		name, value, _ := bytes.Cut(message.Trim(parameter), []byte{'='})
		if message.EqualFold(message.Trim(name), "q") {
			return weight(message.Trim(value))
		}
	}
	return 1000, true
}
