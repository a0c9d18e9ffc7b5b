package deps

// order says who may import whom. "a, b < c;" means: c may import a and b, and what those may import. Whatever is not
// derivable is forbidden, so an arrow that turns round fails the build. Everything may import trace.
const order = `
# Words and wires: they know nothing of this project.
NONE < trace, web/message, config/template, observe/terminal;

# Frames become connections. The protocols know bytes and rules, tcp is a machine without a clock, and they meet in the
# door, stack. The junction makes the same endpoints of the kernel's sockets and of the stack's.
trace          < stack/link, stack/ethernet, stack/arp, stack/ip, stack/tcp/segment;
stack/ip       < stack/ipv4, stack/ipv6, stack/udp, stack/icmp;
stack/arp, stack/icmp < stack/neighbor;
stack/tcp/segment     < stack/tcp/recovery;
stack/ip, stack/tcp/recovery < stack/tcp;
stack/link, stack/ethernet, stack/neighbor, stack/ipv4, stack/ipv6, stack/udp, stack/tcp < stack;
stack < stack/bsd, socket;

# Text to checked values, each with its place.
trace, config/template, observe/terminal < config;

# Connections become exchanges. The machines know words, the engine knows sockets, and they meet in the door.
trace, web/message         < web/http1;
trace, socket              < web/serve;
trace, socket, web/message < web/exchange;
web/http1, web/serve, web/exchange < web;
config/template, web/exchange      < web/variables;

# Exchanges become responses. The door is site: its parts do not know each other but for what they serve, files.
trace                       < site/ssi;
trace, web/message          < site/route, site/gateway;
trace                       < site/fastcgi;
NONE                        < site/cgi;
config, socket              < site/resource;
NONE                        < site/coding;
site/resource, web/exchange < site/content;
config, web/message         < site/access;
trace                       < site/elsewhere;
NONE                        < site/names;
site/route, site/ssi, site/elsewhere, site/names, site/content, site/coding, site/gateway, site/fastcgi, site/cgi, site/access, web/variables < site;

# Everything becomes explainable.
trace, observe/terminal                 < observe/logfile;
config, observe/logfile, web/variables  < observe/accesslog, observe/errorlog;
web/variables, observe/terminal         < observe/explain;

# The glass: what happened is remembered on the loops, put together when somebody asks, and shown.
NONE                              < observe/glass/api;
web/variables                     < observe/journey, observe/metrics;
trace, stack                      < observe/frames;
observe/journey, observe/frames   < observe/export;
observe/export, observe/explain, observe/glass/api < observe/glass;

# The life of the process, and its command line.
NONE < server/control;
web, site, observe/accesslog, observe/errorlog, observe/glass, observe/metrics, server/control < server;
server, observe/explain                        < cmd/vitrine;

# Beside the program: measurements and helpers of tests. Nothing that runs imports these.
web, site    < bench;
NONE         < bench/cgi;
server       < examples/embed;
stack        < bench/impaired, stack/stacktest, stack/traps;
NONE         < socket/sockettest;
trace        < trace/tracetest;
web/exchange < web/variables/variablestest;
trace        < internal/deps, e2e, e2e/apache;
`

// past says who may look past a room's door, at a part of it that is no word for everybody, and why.
const past = `
server      web/serve        Listeners are diffed at a reload, and a refused client has the engine's Reason.
server      site/cgi         The scripts that run outlive the sites of one configuration, too.
server      site/access      What clients did outlives the sites of one configuration, too.
server      site/names       Who is asked about clients is the process's: the own stack dials, and lines of the log wait.
server      site/resource    The store of files outlives the sites of one configuration.
observe/frames stack/link    It keeps what passes an adapter.
observe/frames stack/tcp     It is told the states of connections.
observe/frames stack/tcp/segment It decodes what it kept with the stack's own views.
observe/frames stack/ethernet likewise
observe/frames stack/arp     likewise
observe/frames stack/ip      likewise
observe/frames stack/ipv4    likewise
observe/frames stack/ipv6    likewise
observe/frames stack/icmp    likewise
observe/export stack/link    Exports are written as captures are.
observe/export stack/ethernet Frames that were not captured are made up, with headers as the stack writes them.
observe/export stack/ip      likewise
observe/export stack/ipv4    likewise
observe/export stack/ipv6    likewise
observe/export stack/tcp/segment likewise
server      observe/journey  The recorder outlives the page, and is asked on the control socket too.
server      observe/frames   likewise
server      observe/glass/api What it answers.
server      observe/glass    It shows what the server is made of, on the admin listener and on the control socket.
server      observe/metrics  It counts every request, and tells what else there is to count.
server      observe/export   It sends journeys where the configuration says.
cmd/vitrine observe/glass/api What it is answered.
server      stack/link       It opens the adapter that the configuration names.
server      stack/tcp        The bounds and times of the network block are the machine's.
bench       site/resource    The embedded server has a store of its own.
bench/impaired stack/link    It opens the adapter, and impairs what it forwards as the stack's own wrapper would.
cmd/vitrine server/control   Commands talk to a server that runs elsewhere, not to one of their own.
`

// words are the parts of rooms that everybody may use as they are, without the door.
const words = `
web/message      what RFC 9110 calls things
web/exchange     one request with its response, as handlers see it
web/variables    what placeholders mean
config/template  placeholders, compiled
observe/terminal    how text is shown to a person
observe/accesslog   observe has no door of its own yet: its parts are used by server and the command line
observe/errorlog    likewise
observe/explain     likewise
observe/logfile     likewise
`

// modules are the libraries that each package may use. Tests may use theirs, at the end, everywhere.
const modules = `
cmd/vitrine        github.com/spf13/cobra github.com/spf13/pflag github.com/agext/levenshtein
config             github.com/hashicorp/hcl/v2 github.com/zclconf/go-cty github.com/agext/levenshtein golang.org/x/net
config/template    github.com/agext/levenshtein
observe/export     google.golang.org/protobuf go.opentelemetry.io/proto/slim
observe/logfile    golang.org/x/sys
observe/metrics    github.com/prometheus/client_golang github.com/prometheus/client_model
observe/terminal   golang.org/x/term golang.org/x/text
server             golang.org/x/sys
site/access        github.com/tg123/go-htpasswd golang.org/x/crypto
site/coding        github.com/klauspost/compress github.com/andybalholm/brotli
site/content       github.com/gabriel-vasile/mimetype golang.org/x/text
site/cgi           golang.org/x/sys
site/names         github.com/miekg/dns
site/resource      golang.org/x/sys
socket             golang.org/x/sys
stack              golang.org/x/sys
stack/link         golang.org/x/sys
bench/impaired     golang.org/x/sys
TESTS              github.com/miekg/dns github.com/rogpeppe/go-internal golang.org/x/sys golang.org/x/tools golang.org/x/net github.com/chromedp/chromedp github.com/chromedp/cdproto github.com/prometheus/common github.com/santhosh-tekuri/jsonschema/v6 github.com/prometheus/client_model go.opentelemetry.io/proto/slim google.golang.org/protobuf github.com/klauspost/compress github.com/andybalholm/brotli
`

// unwanted are names of packages in which things end up when nobody knows where they belong.
const unwanted = "util utils common helpers helper base types misc shared lib"
