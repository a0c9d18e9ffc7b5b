package explain

import (
	"io"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"vitrine/observe/terminal"
	"vitrine/trace"
	"vitrine/web/message"
)

// TextOptions say what the output can show and where the configuration's text is.
type TextOptions struct {
	terminal.Style
	// Source returns the lines of a configuration file, to quote them. Nil, or an error, quotes nothing.
	Source func(file string) ([]string, error)
}

const (
	usual  = 100 // columns when the output does not say
	widest = 120 // columns beyond which lines are hard to read
	least  = 40
)

// Text tells the story to a person: two lines that say how it ended and why, and then every step in order. Nothing
// that the client sent reaches a terminal as a command, and the values of secret fields are not shown.
func Text(w io.Writer, s *Story, opt TextOptions) error {
	p := &printer{Style: opt.Style, source: opt.Source, width: opt.Width, public: s.public}
	if p.width == 0 {
		p.width = usual
	}
	p.width = min(max(p.width, least), widest)
	p.borrowed = s.Recorded != nil && s.Recorded.Shared != 0
	p.measure(s)
	p.summary(s)
	p.request(s)
	if s.Recorded != nil {
		p.remembered(s.Recorded)
	}
	p.events(s)
	p.response(s)
	p.connection(s)
	if s.Recorded != nil {
		p.carried(s)
		p.times(s.Recorded)
	}
	_, err := w.Write(p.out)
	return err
}

// printer writes the sections of a story. A line of one has four columns: the step, a mark, what was looked at with
// what was found, and the configuration's line.
type printer struct {
	terminal.Style
	out     []byte
	width   int
	gutter  int    // of the step
	places  int    // of the configuration's lines; 0: they stand in the text
	folder  string // of all files of the configuration; it is left out where a line is named
	source  func(string) ([]string, error)
	quoted  map[string]bool // lines that were quoted
	heading string          // of the section that is being written

	borrowed bool                              // the decisions are those of another request
	public   func(*trace.Event) []trace.Detail // Story.public
}

// measure finds the widths of the columns.
func (p *printer) measure(s *Story) {
	p.gutter = len("connection")
	var all []trace.Position
	for i := range s.Events {
		p.gutter = max(p.gutter, terminal.Cells(label(&s.Events[i])))
		all = append(all, s.Events[i].Position)
	}
	for _, f := range s.Fields {
		all = append(all, f.Position)
	}
	p.gutter = min(p.gutter, 16) + 2
	p.folder = folder(all)
	longest := 0
	for _, at := range all {
		longest = max(longest, terminal.Cells(p.where(at)))
	}
	if longest*3 <= p.width {
		p.places = longest
	}
}

// folder is the directory that all files are in, with its slash.
func folder(all []trace.Position) string {
	common, first := "", true
	for _, at := range all {
		if !placed(at) {
			continue
		}
		dir := at.File[:strings.LastIndexByte(at.File, '/')+1]
		if first {
			common, first = dir, false
		}
		for !strings.HasPrefix(dir, common) {
			common = common[:strings.LastIndexByte(common[:len(common)-1], '/')+1]
		}
	}
	return common
}

// where is how a position is shown: without the folder that all files are in, and "" when nobody wrote anything.
func (p *printer) where(at trace.Position) string {
	if !placed(at) {
		return ""
	}
	return terminal.Printable(strings.TrimPrefix(at.String(), p.folder))
}

// summary writes the verdict and what was asked.
func (p *printer) summary(s *Story) {
	status := "No response"
	if s.Status != 0 {
		status = strings.TrimSpace(strconv.Itoa(s.Status) + " " + message.StatusText(s.Status))
	}
	pieces := []piece{{status, terminal.ForStatus(s.Status)}}
	if v := s.verdict(); v != nil {
		pieces = append(pieces, piece{p.Glyph(terminal.Dash), terminal.Quiet}, piece{sentence(v.Reason), terminal.Bold})
	}
	if at := s.responsible(); placed(at) {
		pieces = append(pieces, piece{"(" + terminal.Printable(at.String()) + ")", terminal.Place})
	}
	p.paragraph(pieces, 0)
	if v := s.verdict(); v != nil && v.Reason.Kind != trace.Success {
		p.pairs(s.witness(v), 0)
	}
	pieces = []piece{{terminal.Printable(s.Request.Method + " " + s.Request.URL), terminal.Plain}}
	switch dot := p.Glyph(terminal.Dot); {
	case s.Peer.Client != "" && s.Peer.From.IsValid():
		pieces = append(pieces, piece{dot + " from " + terminal.Printable(s.Peer.Client) + " through " + address(s.Peer.From), terminal.Quiet})
	case s.Peer.From.IsValid():
		pieces = append(pieces, piece{dot + " from " + address(s.Peer.From), terminal.Quiet})
	}
	if s.Peer.User != "" {
		pieces = append(pieces, piece{p.Glyph(terminal.Dot) + " user " + terminal.Printable(s.Peer.User), terminal.Quiet})
	}
	if s.Journey != 0 {
		pieces = append(pieces, piece{p.Glyph(terminal.Dot) + " journey " + s.Journey.String(), terminal.Quiet})
	}
	p.paragraph(pieces, 0)
	if s.Recorded != nil {
		p.happened(s)
	}
}

// paragraph writes pieces wrapped to the whole width.
func (p *printer) paragraph(pieces []piece, indent int) {
	for _, line := range flow(pieces, p.width-indent) {
		p.space(indent)
		p.line(line)
		p.newline()
	}
}

func (p *printer) request(s *Story) {
	p.newline()
	what := strings.TrimSpace(s.Request.Method + " " + s.Request.URL + " " + s.Request.Protocol)
	p.row(row{step: "request", text: []piece{{terminal.Printable(what), terminal.Bold}}})
	p.fields(s, s.Request.Fields)
}

// fields writes field lines, aligned.
func (p *printer) fields(s *Story, fields []Field) {
	column := 0
	for _, f := range fields {
		column = max(column, min(terminal.Cells(f.Name), 32))
	}
	for _, f := range fields {
		value := piece{terminal.Printable(f.Value), terminal.Plain}
		if s.private(&f) {
			value = piece{f.hidden(), terminal.Quiet}
		}
		p.row(row{subject: terminal.Printable(f.Name), column: column, quiet: true, text: []piece{value}, at: f.Position})
	}
}

func (p *printer) response(s *Story) {
	if s.Status == 0 {
		return
	}
	text := []piece{{strings.TrimSpace(strconv.Itoa(s.Status) + " " + message.StatusText(s.Status)), terminal.ForStatus(s.Status)}}
	if s.Length >= 0 && message.BodyAllowed(s.Status) && s.Request.Method != "HEAD" {
		text = append(text, piece{p.Glyph(terminal.Dot) + " " + strconv.FormatInt(s.Length, 10) + " bytes of body", terminal.Quiet})
	}
	p.newline()
	p.row(row{step: "response", text: text})
	p.fields(s, s.Fields)
}

func (p *printer) connection(s *Story) {
	if s.KeepReason == nil {
		return
	}
	what := "is closed"
	if s.Keep {
		what = "stays open"
	}
	p.row(row{step: "connection", subject: what, column: len(what), text: p.told(s.KeepReason, "", 0)})
}

// sentence is a Reason's sentence, made uniform and fit for a terminal.
func sentence(r *trace.Reason) string {
	return terminal.Printable(string(terminal.AppendSentence(nil, r.Sentence)))
}

// told is what was found: the sentence, or what says more, and the Reason's id behind it.
func (p *printer) told(r *trace.Reason, instead string, at time.Duration) []piece {
	text := sentence(r)
	if instead != "" {
		text = terminal.Printable(string(terminal.AppendSentence(nil, instead)))
	}
	id := r.ID
	if r.Standard != "" {
		id += ", " + r.Standard
	}
	if at > 0 {
		id += ", +" + strconv.FormatFloat(at.Seconds()*1e3, 'f', 2, 64) + " ms"
	}
	if !p.Unicode {
		id = strings.ReplaceAll(id, "§", "section ")
	}
	return []piece{{text, terminal.Plain}, {"(" + id + ")", terminal.Quiet}}
}

func address(a netip.AddrPort) string {
	if a.Port() == 0 {
		return a.Addr().Unmap().String()
	}
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port()).String()
}
