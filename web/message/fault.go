package message

// Fault says what is wrong with a request's target or authority. The zero Fault means that nothing is.
type Fault uint8

const (
	NoFault       Fault = iota
	EmptyTarget         // there is no target
	BadTargetByte       // a control character or a space in the target
	Fragment            // "#" in the target
	BadEscape           // "%" without two hexadecimal digits after it
	NULEscape           // "%00" in the path
	PathAboveRoot       // ".." leaves the root
	UserInTarget        // user information in the authority
	UnknownScheme       // an absolute form that is neither http nor https
	WrongForm           // the target's form does not go with the method
	EmptyHost           // the authority names no host
	BadHost             // the host is neither a registered name nor an address (RFC 3986 §3.2.2)
	BadPort             // the port is no number up to 65535, or CONNECT names none

	Faults = iota // how many there are, NoFault included
)

var faultTexts = [Faults]string{
	"no fault", "target is empty", "control character or space in the target", "fragment in the target",
	"percent sign without two hexadecimal digits", "NUL in the path", "path leaves the root",
	"user information in the target", "scheme is neither http nor https", "target's form does not go with the method",
	"host is empty", "host is invalid", "port is invalid",
}

func (f Fault) String() string { return faultTexts[f] }
