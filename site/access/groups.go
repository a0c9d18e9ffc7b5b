package access

import "strings"

// Groups are who belongs together by a group file. They are immutable.
type Groups struct{ members map[string]bool }

// parseGroups reads a group file: a group's name, a colon and its members, with spaces between them. A group may have
// several lines.
func parseGroups(data []byte) (*Groups, error) {
	g := &Groups{members: make(map[string]bool)}
	err := lines(data, func(n int, line string) error {
		name, members, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return &lineError{n, "it is no group and members with a colon between them"}
		}
		for _, user := range strings.Fields(members) {
			g.members[name+":"+user] = true
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Has reports whether a user belongs to a group.
func (g *Groups) Has(group, user string) bool { return g.members[group+":"+user] }
