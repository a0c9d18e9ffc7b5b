package export

// The types of HAR 1.2, by the names of its specification. Fields with an underscore are ours.

type harEntry struct {
	Started    string      `json:"startedDateTime"`
	Time       float64     `json:"time"` // milliseconds, as all times
	Request    harRequest  `json:"request"`
	Response   harResponse `json:"response"`
	Cache      struct{}    `json:"cache"`
	Timings    harTimings  `json:"timings"`
	ServerIP   string      `json:"serverIPAddress,omitempty"`
	Connection string      `json:"connection,omitempty"`

	Journey   string        `json:"_journey"`
	Client    string        `json:"_client,omitempty"` // address and port; without a port where trusted proxies do not say it
	Peer      string        `json:"_peer,omitempty"`   // the connection's other end, where that is not the client
	User      string        `json:"_user,omitempty"`   // who the client proved to be
	Serial    uint32        `json:"_serial,omitempty"` // which request of its connection this is
	Site      string        `json:"_site,omitempty"`
	Route     string        `json:"_route,omitempty"`
	File      string        `json:"_file,omitempty"`
	Slow      bool          `json:"_slow,omitempty"`
	Reasons   []harReason   `json:"_reasons"`
	Decisions []harDecision `json:"_decisions,omitempty"`
	Shared    string        `json:"_decisions_of,omitempty"` // the journey whose decisions these are: its answer was remembered
	Ending    *harReason    `json:"_ending,omitempty"`       // why the connection stayed, or not
	Failure   *harReason    `json:"_failure,omitempty"`      // why the response was not sent whole
}

type harRequest struct {
	Method      string      `json:"method"`
	URL         string      `json:"url"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	QueryString []harPair   `json:"queryString"`
	HeadersSize int64       `json:"headersSize"` // bytes, as all sizes; -1: not known
	BodySize    int64       `json:"bodySize"`
	Target      string      `json:"_target,omitempty"` // as received, where the URL does not show it
	Cut         bool        `json:"_headers_cut,omitempty"`
}

type harResponse struct {
	Status      int         `json:"status"` // 0: none was sent
	StatusText  string      `json:"statusText"`
	HTTPVersion string      `json:"httpVersion"`
	Cookies     []harCookie `json:"cookies"`
	Headers     []harPair   `json:"headers"`
	Content     harContent  `json:"content"`
	RedirectURL string      `json:"redirectURL"`
	HeadersSize int64       `json:"headersSize"`
	BodySize    int64       `json:"bodySize"`
	Cut         bool        `json:"_headers_cut,omitempty"`
}

type harPair struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Comment string `json:"comment,omitempty"`
}

type harCookie struct {
	Name     string `json:"name"`
	Value    string `json:"value"`
	Path     string `json:"path,omitempty"`
	Domain   string `json:"domain,omitempty"`
	Expires  string `json:"expires,omitempty"`
	HTTPOnly bool   `json:"httpOnly,omitempty"`
	Secure   bool   `json:"secure,omitempty"`
}

type harContent struct {
	Size     int64  `json:"size"`
	MimeType string `json:"mimeType"`
	Comment  string `json:"comment,omitempty"`
}

type harTimings struct {
	Blocked float64 `json:"blocked"` // -1: not known
	DNS     float64 `json:"dns"`
	Connect float64 `json:"connect"`
	Send    float64 `json:"send"`
	Wait    float64 `json:"wait"`
	Receive float64 `json:"receive"`
	SSL     float64 `json:"ssl"`
	Comment string  `json:"comment,omitempty"`
}

type harReason struct {
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Sentence string `json:"sentence"`
	Standard string `json:"standard,omitempty"`
	Line     string `json:"line,omitempty"` // of the configuration that is responsible: file:line:column
}

type harDecision struct {
	AtUS    float64     `json:"at_us,omitempty"` // microseconds after the head was complete
	Step    string      `json:"step"`
	Subject string      `json:"subject,omitempty"`
	Taken   bool        `json:"taken"` // false: a candidate that was passed over
	Reason  harReason   `json:"reason"`
	Details []harDetail `json:"details,omitempty"`
}

type harDetail struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}
