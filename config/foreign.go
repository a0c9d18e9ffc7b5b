package config

import (
	"fmt"
	"regexp"
)

// foreign has the directives of Apache and nginx for which the name of one setting here would be no answer: what there is
// instead, or why there is nothing. Those that are one setting stand in the schema, in that setting's list.
var foreign = map[string]string{
	"alias":             `did you mean root, with strip_prefix, in a route block?`,
	"aliasmatch":        `did you mean root, with strip_prefix, in a route block?`,
	"redirect":          `did you mean redirect "TARGET" { … } in a route block?`,
	"redirectmatch":     `did you mean redirect "TARGET" { … } in a route block? A pattern that begins with ~ is a regular expression`,
	"rewrite":           rewriting,
	"rewriterule":       rewriting,
	"rewritecond":       rewriting,
	"rewriteengine":     rewriting,
	"return":            `did you mean respond { … } or redirect "TARGET" { … } in a route block?`,
	"server_name":       `did you mean site "HOST" "HOST" { … }? A name like *.example.org stands for all below it`,
	"servername":        `did you mean site "HOST" "HOST" { … }? A name like *.example.org stands for all below it`,
	"serveralias":       `did you mean site "HOST" "HOST" { … }? A name like *.example.org stands for all below it`,
	"serveradmin":       `remove it: error pages name nobody`,
	"redirectpermanent": `did you mean redirect "TARGET" { status = 301 } in a route block?`,
	"redirecttemp":      `did you mean redirect "TARGET" { … } in a route block?`,
	"if":                noConditions,
	"ifdefine":          noConditions,
	"map":               noConditions,
	"set":               noConditions,
	"setenvif":          noConditions,
	"rewritebase":       rewriting,
	"limitexcept":       `did you mean methods in a route block? They are those that the route answers`,
	"limit":             `did you mean methods in a route block? They are those that the route answers`,
	"requireall":        inAccess,
	"requireany":        inAccess,
	"requirenone":       inAccess,
	"order":             inAccess,
	"files":             perFolder,
	"php_value":         phpSetting,
	"php_flag":          phpSetting,
	"php_admin_value":   phpSetting,
	"php_admin_flag":    phpSetting,
	"setenv":            `did you mean environment in a cgi block, or params in a fastcgi block?`,
	"passenv":           `did you mean pass_environment in a cgi block?`,
	"scriptaliasmatch":  `did you mean a route block with root, strip_prefix and cgi { … }?`,
	"scriptlog":         `remove it: what scripts say goes to the error log`,
	"xbithack":          `remove it: ssi { … } names the extensions of pages with directives`,
	"addencoding":       `did you mean precompressed in a negotiate block? What lies there as .gz is sent as it is otherwise`,
	"serversignature":   `remove it: no page names the program`,
	"indexoptions":      `did you mean list { … } in a files block?`,
	"try_files":         `did you mean missing "PATH" { … } in a files block or, for an application, front in a fastcgi block?`,
	"default_type":      `did you mean default in a types block?`,
	"defaulttype":       `did you mean default in a types block?`,
	"options":           `did you mean listing (Indexes) or links (FollowSymLinks) in a files block, ssi { … } (Includes), cgi { … } (ExecCGI) or negotiate { … } (MultiViews)?`,
	"sethandler":        `did you mean cgi { … } or ssi { … }, or fastcgi "ADDRESS" { … } in a route block?`,
	"fastcgi_param":     `did you mean params in a fastcgi block? SCRIPT_FILENAME and the other usual ones are set by themselves`,
	"allowoverride":     `no .htaccess is read: what holds for a folder stands in a route for it`,
	"accessfilename":    `no .htaccess is read: what holds for a folder stands in a route for it`,
	"directorymatch":    perFolder,
	"filesmatch":        perFolder,
	"loadmodule":        noModules,
	"load_module":       noModules,
	"ifmodule":          noModules,
	"http":              `what stands in it stands at the top level here`,
	"events":            `remove it; io at the top level says how clients are waited for`,
	"proxy_pass":        noProxy,
	"proxypass":         noProxy,
	"proxypassreverse":  noProxy,
	"proxypassmatch":    noProxy,
	"upstream":          noProxy,
	"proxy_cache":       noProxy,

	"ssl":                           noTLS,
	"sslengine":                     noTLS,
	"ssl_certificate":               noTLS,
	"ssl_certificate_key":           noTLS,
	"ssl_protocols":                 noTLS,
	"sslcertificatefile":            noTLS,
	"sslcertificatekeyfile":         noTLS,
	"sendfile":                      `remove it: large files are sent so by themselves`,
	"enablesendfile":                `remove it: large files are sent so by themselves`,
	"tcp_nopush":                    `remove it: this is done by itself`,
	"tcp_nodelay":                   `remove it: this is done by itself`,
	"pid":                           `remove it: no file with the number of the process is written`,
	"pidfile":                       `remove it: no file with the number of the process is written`,
	"serverroot":                    `remove it: relative paths begin at the folder of the configuration file`,
	"server_names_hash_bucket_size": `remove it: this needs no setting`,
}

const (
	noConditions = `there are no conditions and variables: sites choose by host, routes by path and methods, and each of them has its own settings`
	inAccess     = `did you mean an access block? allow and deny name networks, auth asks for a password, and satisfy says whether one of them is enough`
	phpSetting   = `PHP's own settings stand in php.ini, or in php-fpm's pool as php_admin_value[…]`
	rewriting    = `did you mean redirect "TARGET" { … } in a route block? An application gets what is not there by front in a fastcgi block`
	perFolder    = `did you mean route "PATTERN" { … } in a site block? A folder is named by the path of its URL, such as "/pub/*"`
	noModules    = `remove it: everything is in the program, and what is not configured is not there`
	noProxy      = `requests are not passed on to other HTTP servers yet; applications are asked by fastcgi "ADDRESS" { … } in a route block`
	noTLS        = `there is no TLS for sites yet: let something in front end it, and name that in a proxies block`
)

// foreignBlocks are names that mean one thing as a setting and another as a block.
var foreignBlocks = map[string]string{
	"directory": perFolder,
}

// statements are names that there are here too, and that cannot be written as the statement that they are elsewhere.
var statements = map[string]string{
	"allow":  `did you mean an access block? access { allow = ["192.0.2.0/24"] } lets in nobody else`,
	"deny":   `did you mean an access block? access { deny = ["192.0.2.1"] }; to deny all, deny = ["0.0.0.0/0", "::/0"]`,
	"etag":   `remove it: files have an ETag by themselves`,
	"gzip":   `did you mean compress { … }? It offers zstd, brotli and gzip`,
	"user":   `remove it: the server keeps the user that starts it`,
	"listen": `did you mean listen "ADDRESS" { … } at the top level? A site answers at every listener`,
	"server": `did you mean site "HOST" { … }?`,
}

// foreignStatement is a line that begins like a statement of nginx or Apache's: a word, and something that is no =.
var foreignStatement = regexp.MustCompile(`^\s*<?([A-Za-z][\w-]*)(?:\s+[^=\s]|\s+=\s+/[^"]*\{|;|>)`)

// fromElsewhere is the hint for a line that another server would understand, or "", and where in the line its first word is.
func (d *decoder) fromElsewhere(line string) (hint string, from, to int) {
	m := foreignStatement.FindStringSubmatchIndex(line)
	if m == nil {
		return "", 0, 0
	}
	return d.foreignName(line[m[2]:m[3]]), m[2], m[3]
}

// foreignName is the hint for the first word of a statement of another server's, or "".
func (d *decoder) foreignName(name string) string {
	if hint := statements[normal(name)]; hint != "" {
		return hint
	}
	if hint := foreignBlocks[normal(name)]; hint != "" {
		return hint
	}
	var ours *blockType // that has it as a setting or as a block
	d.root.walk(nil, func(path []string, t *blockType) {
		// An expectation names much by what others call it.
		if ours == nil && t.name != "expect" && (t.setting(name) != nil || t.block(name) != nil) {
			ours = t
		}
	})
	switch {
	case ours == nil:
	case ours.setting(name) != nil:
		return ""
	default:
		return fmt.Sprintf("%s is a block: %s", name, ours.written(name))
	}
	if hint := foreign[normal(name)]; hint != "" {
		return hint
	}
	// A statement stands in what is a site here, or a route in it, more often than elsewhere.
	site := d.root.block("site")
	if s := site.elsewhere(normal(name)); s != "" {
		return "did you mean " + site.written(s) + "?"
	}
	if route := site.block("route"); route.elsewhere(normal(name)) != "" {
		return "did you mean " + route.written(route.elsewhere(normal(name))) + " in a route block?"
	}
	return d.calledElsewhere(name)
}
