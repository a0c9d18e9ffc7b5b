package main

import (
	"fmt"

	"vitrine/config"
	"vitrine/observe/terminal"
	"vitrine/server"
)

// reaching tells what is still to be done before a neighbor reaches a server on its own network; nothing, when all is
// well or the server is on the kernel's sockets.
func reaching(n *config.Network, st terminal.Style) []byte {
	if n == nil {
		return nil
	}
	why, commands := server.Reaching(n)
	if why == "" {
		return nil
	}
	b := st.Paint(nil, terminal.Refused, why)
	b = append(b, ":\n"...)
	for _, c := range commands {
		b = fmt.Appendf(b, "    %s\n", st.Paint(nil, terminal.Bold, c))
	}
	return b
}
