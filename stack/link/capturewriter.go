package link

import "io"

// CaptureWriter writes a capture file as Capture does, for frames that are known already: one section with as many interfaces
// as are wanted. After an error of the writer it does nothing more, and Flush says it. It belongs to one goroutine.
type CaptureWriter struct {
	w          io.Writer
	buf        []byte
	interfaces []CaptureInterface
	err        error
}

// CaptureInterface is where frames of a capture file passed.
type CaptureInterface struct {
	Name, Description, Comment string
	MAC                        MAC
	Snap                       int  // bytes of a frame that are in the file at most
	FCS                        bool // frames end with their FCS
}

// CapturePacket is a frame of a capture file.
type CapturePacket struct {
	Interface int
	Nanos     int64  // since 1970
	Data      []byte // what is there of it
	Bytes     int    // that it had; at least len(Data)
	Out       bool
	Comments  []string // each is cut to a kilobyte
}

// captureBuffer is how much is written at once, about.
const captureBuffer = 64 << 10

// NewCaptureWriter begins a file. application is the name of the program that made it.
func NewCaptureWriter(w io.Writer, application, comment string) *CaptureWriter {
	return &CaptureWriter{w: w, buf: appendHead(nil, tidyComment(application), tidyComment(comment))}
}

// Interface adds an interface, before the frames that passed it, and gives its number.
func (c *CaptureWriter) Interface(i CaptureInterface) int {
	i.Name, i.Description, i.Comment = tidyComment(i.Name), tidyComment(i.Description), tidyComment(i.Comment)
	c.interfaces = append(c.interfaces, i)
	c.buf = appendInterface(c.buf, i)
	return len(c.interfaces) - 1
}

// Packet adds a frame.
func (c *CaptureWriter) Packet(p *CapturePacket) {
	var at int
	c.buf, at = beginPacket(c.buf, p.Interface, p.Nanos, p.Data, p.Bytes, p.Out, c.interfaces[p.Interface].FCS)
	for _, comment := range p.Comments {
		c.buf = appendOption(c.buf, optionComment, tidyComment(comment))
	}
	c.buf = endBlock(endOptions(c.buf), at)
	if len(c.buf) >= captureBuffer {
		c.Flush()
	}
}

// Flush writes what is not written yet, and gives the first error of the writer.
func (c *CaptureWriter) Flush() error {
	if c.err == nil && len(c.buf) > 0 {
		_, c.err = c.w.Write(c.buf)
	}
	c.buf = c.buf[:0]
	return c.err
}
