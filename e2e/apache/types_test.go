package apache

import (
	"path/filepath"
	"strings"
	"testing"
)

// Types of files whose names say nothing, by one file of patterns.
func TestMagic(t *testing.T) {
	files := map[string]string{
		"gif": "GIF89a....", "pdf": "%PDF-1.4\n", "png": "\x89PNG\r\n\x1a\n\x00\x00", "zip": "PK\x03\x04....", "script": "#!/bin/sh\necho\n",
		"archive": "0123456789abcdefustar", "big": "\x12\x34rest", "little": "\x34\x12rest", "mail": "From a@example.org", "named.txt": "GIF89a",
		"masked": "\x0f\x01", "page": "<html><p>x", "nothing": "\x00\x01\x02\x03", "none": "",
		"kinds/a": "KIND\x01", "kinds/b": "KIND\x02", "kinds/c": "KIND\x09",
	}
	for name := range files {
		if name != "none" {
			files[name] += strings.Repeat(".", 100) // Apache looks for nothing in the last 64 bytes
		}
	}
	files["short"] = "GIF89a"
	root := folder(t, files)
	patterns := filepath.Join(folder(t, map[string]string{"magic": "# offset, kind, what, type\n" +
		"0\tstring\tGIF8\t\timage/gif\n0\tstring\t%PDF-\tapplication/pdf\n0\tstring\t\\211PNG\timage/png\n0\tstring\tPK\\003\\004\tapplication/zip\n" +
		"16\tstring\tustar\tapplication/x-tar\n0\tbeshort\t0x1234\tapplication/x-big\n0\tleshort\t0x1235\tapplication/x-other\n" +
		"0\tstring\tFrom\\040\tmessage/rfc822\n0\tbyte&0xf0\t0x00\tapplication/x-masked\n" +
		"0\tstring\tKIND\n>4\tbyte\t1\tapplication/x-one\n>4\tbyte\t2\tapplication/x-two\n"}), "magic")
	theirs := startApache(t, root, []string{"mime_magic"}, "MimeMagicFile "+patterns+"\n")
	ours := startVitrine(t, root, `
  types {
    magic_file = "`+patterns+`"
    default    = ""
  }`)
	compare(t, theirs, ours, []question{
		{"GET /gif", nil}, {"GET /pdf", nil}, {"GET /png", nil}, {"GET /zip", nil}, {"GET /script", nil}, {"GET /archive", nil}, {"GET /big", nil},
		{"GET /little", nil}, {"GET /mail", nil}, {"GET /named.txt", nil}, {"GET /masked", nil}, {"GET /page", nil}, {"GET /nothing", nil},
		{"GET /none", []differs{{"Content-Type", "nothing in it tells a type; text/plain would be made up"}}}, {"GET /kinds/a", nil}, {"GET /kinds/b", nil}, {"GET /kinds/c", nil},
		{"GET /short", []differs{{"Content-Type", "it has the bytes of the pattern; Apache wants 64 more behind them"}}},
		{"HEAD /gif", nil}, {"GET /gif\nRange: bytes=0-2", nil},
	})
}
