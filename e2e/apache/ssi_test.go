package apache

import (
	"testing"
)

// Pages with directives, by mod_include with the expressions that it has had from the beginning (SSILegacyExprParser), and
// here.
func TestServerSideIncludes(t *testing.T) {
	const head = `<!--#config timefmt="%Y-%m-%d %H:%M:%S" -->`
	pages := map[string]string{
		"plain":    "no directive, <!-- a comment --> and <!--# none",
		"echo":     `<!--#echo var="DOCUMENT_NAME" -->|<!--#echo var="DOCUMENT_URI" -->|<!--#echo var="REQUEST_METHOD" -->|<!--#echo var="nothing" -->`,
		"query":    `<!--#echo var="QUERY_STRING" -->|<!--#echo var="QUERY_STRING_UNESCAPED" -->|<!--#echo encoding="none" var="QUERY_STRING" -->`,
		"field":    `<!--#echo var="HTTP_X_ASKED" -->|<!--#echo encoding="none" var="HTTP_X_ASKED" -->`,
		"encoding": `<!--#set var="a" value="a b+c/d?e<f>&g" --><!--#echo encoding="url" var="a" -->|<!--#echo encoding="urlencoded" var="a" -->|<!--#echo encoding="base64" var="a" -->|<!--#echo var="a" -->`,
		"decoding": `<!--#set var="a" value="YWJj" --><!--#echo decoding="base64" var="a" -->|<!--#set var="b" value="a%20b" --><!--#echo decoding="url" var="b" -->`,
		"set":      `<!--#set var="a" value="one" --><!--#set var="b" value="$a-${a}\$a" --><!--#echo var="b" -->`,
		"quotes":   `<!--#set var="a" value='say "it"' --><!--#echo var="a" -->|<!--#set var="a" value="a \"b\" -->c" --><!--#echo var="a" -->`,
		"if":       `<!--#if expr="$QUERY_STRING = /^a(.)/" -->a<!--#echo var="1" --><!--#elif expr="$QUERY_STRING = b" -->B<!--#else -->else<!--#endif -->`,
		"logic":    `<!--#if expr="($QUERY_STRING = b || $QUERY_STRING = c) && ! $nothing" -->yes<!--#else -->no<!--#endif -->`,
		"order":    `<!--#if expr="abc < abd" -->1<!--#endif --><!--#if expr="abc >= abd" -->2<!--#endif --><!--#if expr="$nothing != x" -->3<!--#endif -->`,
		"nested":   `<!--#if expr="$nothing" -->1<!--#if expr="x" -->2<!--#else -->3<!--#endif -->4<!--#else -->5<!--#if expr="x" -->6<!--#endif --><!--#endif -->7`,
		"file":     `<<!--#include file="part.txt" -->><<!--#include file="sub/part.txt" -->>`,
		"virtual":  `<<!--#include virtual="/part.txt" -->><<!--#include virtual="sub/part.txt" -->><<!--#include virtual="/sub/" -->>`,
		"page":     `<!--#set var="x" value="outer" --><!--#include virtual="/inner.shtml" --><!--#echo var="x" -->`,
		"inner":    `[<!--#echo var="x" --> <!--#echo var="DOCUMENT_URI" --><!--#set var="x" value="inner" -->]`,
		"config":   `<!--#config errmsg="oops" echomsg="?" --><!--#echo var="nothing" --><!--#include virtual="/nothing.txt" -->`,
		"inherits": `<!--#config errmsg="oops" --><!--#include virtual="/failing.shtml" -->`,
		"failing":  `<!--#include file="nothing.txt" -->`,
		"size":     `<!--#fsize file="part.txt" -->|<!--#fsize virtual="/big.txt" -->|<!--#config sizefmt="bytes" --><!--#fsize file="big.txt" -->`,
		"time":     head + `<!--#flastmod file="part.txt" -->|<!--#flastmod virtual="/sub/part.txt" -->|<!--#echo var="LAST_MODIFIED" -->`,
		"formats":  `<!--#config timefmt="%a %A %b %B %c %d %D %e %H %I %j %m %M %p %S %U %w %W %x %X %y %Y %%" --><!--#flastmod file="part.txt" -->`,
		"unknown":  `<!--#unknown -->|<!--#echo vars="x" -->`,
		"onerror":  `<!--#include virtual="/nothing.txt" onerror="/part.txt" -->`,
		"above":    `<!--#include file="../part.txt" -->|<!--#include file="/etc/passwd" -->`,
		"exec":     `<!--#exec cmd="echo hello" -->`,
		"apos":     `<!--#set var="a" value="it's" --><!--#echo var="a" -->|<!--#echo encoding="url" var="a" -->`,
		"loop":     `<!--#include virtual="/loop.shtml" -->`,
		"open":     `a<!--#if expr="x" -->b`,
		"stray":    `a<!--#endif -->b`,
	}
	files := map[string]string{"part.txt": "PART", "sub/part.txt": "SUBPART", "sub/index.html": "INDEX", "big.txt": string(make([]byte, 1234567))}
	for name, source := range pages {
		files[name+".shtml"] = source
	}
	root := folder(t, files)
	theirs := startApache(t, root, []string{"include", "filter"}, "<Directory "+root+">\nOptions +IncludesNOEXEC +FollowSymLinks\nSSILegacyExprParser on\n</Directory>\n"+
		"AddType text/html .shtml\nAddOutputFilter INCLUDES .shtml\nLimitInternalRecursion 4\n")
	ours := startVitrine(t, root, "ssi {\n}\n")

	// What differs everywhere alike.
	length := differs{"Content-Length", "the page was made before it was sent, so its length is known"}
	etag := differs{"Etag", "and a tag of what it came to; there SSIETag is off"}
	ranges := differs{"Accept-Ranges", "ranges of a page that is made anew each time are not sent, and it is said so"}
	modified := differs{"Last-Modified", "all its parts are files, so it is as old as the youngest; there SSILastModified is off"}
	revalidate := differs{"Cache-Control", "it depends on more than files: a cache has to ask"}
	files1 := []differs{length, etag, ranges, modified}
	others := []differs{length, etag, ranges, revalidate}
	and := func(all []differs, more ...differs) []differs { return append(all[:len(all):len(all)], more...) }
	compare(t, theirs, ours, []question{
		{"GET /plain.shtml", others},
		{"GET /echo.shtml", others},
		{"GET /query.shtml?a=1%202", others},
		{"GET /query.shtml?<b>", others},
		{"GET /field.shtml\nX-Asked: <b>&\"", others},
		{"GET /encoding.shtml", and(files1, differs{"body", "RFC 3986 §2.1: the digits of an escape are upper case"})},
		{"GET /decoding.shtml", files1},
		{"GET /set.shtml", files1},
		{"GET /quotes.shtml", files1},
		{"GET /if.shtml?abc", others},
		{"GET /if.shtml?b", others},
		{"GET /if.shtml?c", others},
		{"GET /logic.shtml?b", others},
		{"GET /logic.shtml?d", others},
		{"GET /order.shtml", files1},
		{"GET /nested.shtml", files1},
		{"GET /file.shtml", files1},
		{"GET /virtual.shtml", files1},
		{"GET /page.shtml", files1},
		{"GET /config.shtml", others},
		{"GET /inherits.shtml", others},
		{"GET /size.shtml", files1},
		{"GET /time.shtml", files1},
		{"GET /formats.shtml", files1},
		{"GET /unknown.shtml", others},
		{"GET /onerror.shtml", others},
		{"GET /above.shtml", others},
		{"GET /exec.shtml", others},
		{"GET /apos.shtml", and(files1, differs{"body", "an apostrophe ends an attribute in single quotes: it is encoded, too"})},
		{"GET /loop.shtml", others},
		{"GET /open.shtml", others},
		{"GET /stray.shtml", and(others, differs{"body", "an endif without an if is a mistake, and is shown as one"})},
		{"HEAD /file.shtml", files1},
		{"GET /file.shtml\nRange: bytes=0-1", files1},
		{"GET /file.shtml\nIf-Modified-Since: Thu, 29 Feb 2024 12:30:00 GMT", []differs{
			{"status", "nothing that the page is made of has changed: there the page is sent again"},
			{"body", "likewise"}, {"Content-Type", "likewise"}, {"Accept-Ranges", "likewise"}, {"Content-Length", "a 304 has no body"}, etag}},
	})
}
