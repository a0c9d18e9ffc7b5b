package link

import "errors"

// OpenTAP attaches to the TAP interface of this name, or creates it.
func OpenTAP(name string, o TAPOptions) (Adapter, error) { return nil, errors.New("link: no TAP") }

// OpenPacket opens a packet socket on the interface of this name.
func OpenPacket(name string, o PacketOptions) (Adapter, error) { return nil, errors.New("link: no packet socket") }
