package site

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"strings"

	"vitrine/config"
	"vitrine/site/cgi"
	"vitrine/site/gateway"
	"vitrine/site/resource"
	"vitrine/site/route"
	"vitrine/trace"
	"vitrine/web/message"
)

// scripts is a cgi block, compiled.
type scripts struct {
	conf     *config.CGI
	suffixes []string // in lower case, with their dots; none: every file is a script
	find     resource.ProgramOptions
	passed   []string // NAME=value of the variables that are the server's own
	user     *cgi.User
	gate     *gate
	limits   cgi.Limits
	over     handover
	files    route.Methods // that files answer beside scripts
	noFiles  bool          // and that is no method at all
}

// defaultPath is where scripts look for programs.
const defaultPath = "PATH=/usr/local/bin:/usr/bin:/bin"

// scripts compiles the cgi block that holds for the settings, if there is one.
func (c *compiler) scripts(t *settings) {
	conf := t.conf.CGI
	if conf == nil || conf.Off.V || t.root == nil {
		return
	}
	s := &scripts{conf: conf, files: t.allowed, noFiles: t.none}
	if err := cgi.Available(); err != nil {
		c.fail(conf.Pos, "scripts cannot be run here: "+err.Error(), "")
		return
	}
	for _, e := range conf.Extensions {
		s.suffixes = append(s.suffixes, "."+strings.ToLower(strings.TrimPrefix(e.V, ".")))
	}
	s.find.LoadOptions = t.load
	if len(s.suffixes) > 0 {
		s.find.Suffix = s.isName
	}
	said := make(map[string]bool)
	for _, name := range conf.PassEnvironment {
		if value, ok := os.LookupEnv(name.V); ok && !said[name.V] {
			s.passed = append(s.passed, name.V+"="+value)
			said[name.V] = true
		}
	}
	for _, one := range conf.Environment {
		said[one.Name] = true
	}
	if !said["PATH"] {
		s.passed = append(s.passed, defaultPath)
	}
	if conf.User.V != "" {
		s.user = c.userOf(conf)
	}
	if s.gate = c.gates[conf.Pos.String()]; s.gate == nil { // routes that inherit a block share its gate
		s.gate = &gate{most: conf.Concurrent.V, queue: conf.Queue.V, patience: conf.QueueTime.V}
		c.gates[conf.Pos.String()] = s.gate
		c.h.ofScripts = append(c.h.ofScripts, s.gate)
	}
	s.limits = cgi.Limits{CPU: conf.CPU.V, Memory: conf.Memory.V, Files: conf.Files.V, Processes: conf.Processes.V}
	s.over = c.handover(conf.SendFile, conf.AccelRedirect)
	t.scripts = s
	// Scripts decide about methods themselves.
	t.none, t.allowed = false, standard
	if t.named.Any() {
		t.allowed = standard.Union(s.files)
	} else {
		t.allowed = t.named
	}
}

// filesStep is the step in which files answer: some of them, or all, may be scripts.
func (t *settings) filesStep() step {
	if t.scripts != nil {
		return script
	}
	return resolve
}

// isName reports whether a name is that of a script.
func (s *scripts) isName(name string) bool { return endsWith(name, s.suffixes) }

// endsWith reports whether a name has one of the endings, in any case, and more in front of it.
func endsWith[T string | []byte](name T, endings []string) bool {
	for _, end := range endings {
		if len(name) > len(end) && message.EqualFold(name[len(name)-len(end):], end) {
			return true
		}
	}
	return false
}

// among reports whether a path may lead to a script: whether one of its parts has the name of one. It allocates nothing.
func (s *scripts) among(path []byte) bool {
	if len(s.suffixes) == 0 {
		return true
	}
	end := len(path)
	for i := len(path) - 1; i >= 0; i-- {
		if path[i] != '/' {
			continue
		}
		if endsWith(path[i+1:end], s.suffixes) {
			return true
		}
		end = i
	}
	return false
}

// interpreter is what runs a script by its extension, "" when nothing is configured for it.
func (s *scripts) interpreter(name string) string {
	if len(s.conf.Interpreters) == 0 {
		return ""
	}
	if i := strings.LastIndexByte(name, '.'); i >= 0 {
		return s.conf.Interpreters[strings.ToLower(name[i+1:])].V
	}
	return ""
}

// userOf looks up whom scripts run as.
func (c *compiler) userOf(conf *config.CGI) *cgi.User {
	if os.Geteuid() != 0 {
		c.fail(conf.User.Pos, fmt.Sprintf("scripts cannot run as %s: only root may run programs as somebody else, and this is user %d", conf.User.V, os.Geteuid()),
			"leave user out: scripts then run as the server does")
		return nil
	}
	u, err := user.Lookup(conf.User.V)
	if err != nil {
		if u, err = user.LookupId(conf.User.V); err != nil {
			c.fail(conf.User.Pos, fmt.Sprintf("there is no user %q on this machine", conf.User.V), "")
			return nil
		}
	}
	id := func(text string) uint32 { n, _ := strconv.ParseUint(text, 10, 32); return uint32(n) }
	out := &cgi.User{UID: id(u.Uid), GID: id(u.Gid)}
	if conf.Group.V != "" {
		g, err := user.LookupGroup(conf.Group.V)
		if err != nil {
			if g, err = user.LookupGroupId(conf.Group.V); err != nil {
				c.fail(conf.Group.Pos, fmt.Sprintf("there is no group %q on this machine", conf.Group.V), "")
				return nil
			}
		}
		out.GID = id(g.Gid)
		return out
	}
	if groups, err := u.GroupIds(); err == nil {
		for _, g := range groups {
			out.Groups = append(out.Groups, id(g))
		}
	}
	return out
}

// environment adds what the configuration says to the meta-variables, and gives the whole environment.
func (s *scripts) environment(vars *gateway.Variables) []string {
	for _, one := range s.conf.Environment {
		vars.SetString(one.Name, one.Value.V)
	}
	return append(vars.Environ(), s.passed...)
}

// masked are the variables as whoever looks may see them.
func (s *scripts) masked(vars *gateway.Variables) []trace.Detail {
	var all []trace.Detail
	for name, value := range vars.Each() {
		shown := string(value)
		switch string(name) {
		case "HTTP_COOKIE", "HTTP_AUTHORIZATION":
			shown = trace.NotShown(len(value))
		}
		all = append(all, trace.D(string(name), shown))
	}
	for _, one := range s.passed {
		name, value, _ := strings.Cut(one, "=")
		if one != defaultPath {
			value = trace.NotShown(len(value))
		}
		all = append(all, trace.D(name, value))
	}
	return all
}
