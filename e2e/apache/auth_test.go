package apache

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// passwords is what htpasswd writes: bcrypt (secret), apr1 (geheim) and SHA-1 (hush).
const passwords = "anna:$2y$04$w5GJJhOXB1ddFp.Cpw.UIu4JPGbHfjyEWcQ/C/PGSfVnALEuJrhJu\n" +
	"ben:$apr1$qXXzspkB$TnehaI0ZaloVFkdC5W5hV1\ncarl:{SHA}HyHjC/2o54DBcrn3W367/BjmyHk=\n"

// guarded makes a folder with a page in each of the folders, and files that both servers read beside them.
func guarded(t *testing.T, folders ...string) (root, own string) {
	files := map[string]string{}
	for _, name := range folders {
		files[name+"/page.txt"] = "the page of " + name
	}
	root = folder(t, files)
	own = folder(t, map[string]string{
		"passwords": passwords,
		"groups":    "staff: anna ben\nothers: carl\n",
		"digests":   "anna:accounts:" + hexMD5("anna:accounts:secret") + "\nben:elsewhere:" + hexMD5("ben:elsewhere:geheim") + "\n",
	})
	return root, own
}

func hexMD5(text string) string {
	sum := md5.Sum([]byte(text))
	return hex.EncodeToString(sum[:])
}

// by is the field with a name and a password.
func by(user, password string) string {
	return "\nAuthorization: Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
}

// Names and passwords of one file, and who of them may.
func TestBasic(t *testing.T) {
	root, own := guarded(t, "valid", "users", "groups")
	const location = "<Location /%>\nAuthType Basic\nAuthName accounts\nAuthUserFile OWN/passwords\nAuthGroupFile OWN/groups\nRequire @\n</Location>\n"
	var lines strings.Builder
	for name, rule := range map[string]string{"valid": "valid-user", "users": "user anna carl", "groups": "group staff"} {
		lines.WriteString(strings.NewReplacer("%", name, "OWN", own, "@", rule).Replace(location))
	}
	theirs := startApache(t, root, []string{"auth_basic", "authn_file", "authz_user", "authz_groupfile"}, lines.String())
	ours := startVitrine(t, root, strings.ReplaceAll(`
  access {
    group_file = "OWN/groups"
    auth "basic" {
      realm = "accounts"
      file  = "OWN/passwords"
    }
  }
  route "/users/*" {
    access {
      users = ["anna", "carl"]
    }
  }
  route "/groups/*" {
    access {
      groups = ["staff"]
    }
  }`, "OWN", own))

	charset := differs{"Www-Authenticate", "RFC 7617 §2.1: it says that names and passwords are UTF-8, which browsers otherwise do not know"}
	known := []differs{
		{status, "who he is was proved, and asking again for the password does not help: 403; Apache does so with AuthzSendForbiddenOnFailure On"},
		{"Www-Authenticate", "so nothing is asked for"}}
	var questions []question
	for _, path := range []string{"/valid/page.txt", "/users/page.txt", "/groups/page.txt", "/valid/nothing"} {
		for _, method := range []string{"GET", "HEAD"} {
			questions = append(questions, question{method + " " + path, []differs{charset}})
			for _, who := range [][2]string{{"anna", "secret"}, {"ben", "geheim"}, {"carl", "hush"}} {
				q := question{request: method + " " + path + by(who[0], who[1])}
				if path == "/users/page.txt" && who[0] == "ben" || path == "/groups/page.txt" && who[0] == "carl" {
					q.differs = known
				}
				questions = append(questions, q)
			}
		}
	}
	asked := []differs{charset}
	methods := differs{"Allow", "files are read here, and neither POST nor TRACE is answered"}
	compare(t, theirs, ours, append(questions, []question{
		{"GET /valid/page.txt" + by("anna", "wrong"), asked},
		{"GET /valid/page.txt" + by("ben", "wrong"), asked},
		{"HEAD /valid/page.txt" + by("carl", ""), asked},
		{"GET /valid/page.txt" + by("nobody", "secret"), asked},
		{"GET /valid/page.txt" + by("", ""), asked},
		{"GET /valid/page.txt" + by("ANNA", "secret"), asked},
		{"GET /valid/page.txt\nAuthorization: basic YW5uYTpzZWNyZXQ=", nil},
		{"GET /valid/page.txt\nAuthorization: Basic", asked},
		{"GET /valid/page.txt\nAuthorization: Basic !!!", asked},
		{"GET /valid/page.txt\nAuthorization: Basic YW5uYQ==", asked},
		{"GET /valid/page.txt\nAuthorization: Bearer YW5uYTpzZWNyZXQ=", asked},
		{"GET /valid/page.txt\nAuthorization: Digest username=\"anna\"", asked},
		{"GET /valid/page.txt" + by("anna", "secret") + "\nRange: bytes=0-2", nil},
		{"OPTIONS /valid/page.txt", asked},
		{"OPTIONS /valid/page.txt" + by("anna", "secret"), []differs{
			methods, {status, "the answer has no content, and says so"}, {"Content-Type", "likewise"}}},
		{"GET /valid", asked},
		{"GET /valid/%2e%2e/users/page.txt", asked},
		{"GET /valid//page.txt", asked},
	}...))
}

// The proof instead of the password. What clients do is curl's.
func TestDigest(t *testing.T) {
	root, own := guarded(t, "digest", "else")
	theirs := startApache(t, root, []string{"auth_digest", "authn_file", "authz_user"}, "<Location />\nAuthType Digest\nAuthName accounts\nAuthDigestDomain /\n"+
		"AuthUserFile "+own+"/digests\nRequire valid-user\n</Location>\n<Location /else/>\nRequire user ben\n</Location>\n")
	ours := startVitrine(t, root, strings.ReplaceAll(`
  access {
    auth "digest" {
      realm = "accounts"
      file  = "OWN/digests"
    }
  }
  route "/else/*" {
    access {
      users = ["ben"]
    }
  }`, "OWN", own))

	asked := []differs{{"Www-Authenticate", "RFC 7616: it says the charset too, and the algorithm that the file has"}}
	lacking := []differs{
		{status, "RFC 7616 §3.4: what lacks a parameter, or is for another path, is answered with another 4xx; asking again would not help such a client"},
		{"Www-Authenticate", "so nothing is asked for"}}
	compare(t, theirs, ours, []question{
		{"GET /digest/page.txt", asked},
		{"HEAD /digest/page.txt", asked},
		{"OPTIONS /digest/page.txt", asked},
		{"GET /nothing", asked},
		{"GET /digest/page.txt" + by("anna", "secret"), asked},
		{"GET /digest/page.txt\nAuthorization: Digest", lacking},
		{"GET /digest/page.txt\nAuthorization: Digest username=\"anna\"", lacking},
		{"GET /digest/page.txt\nAuthorization: Digest username=\"anna\", realm=\"accounts\", nonce=\"AAAA\", uri=\"/digest/page.txt\", " +
			"response=\"00000000000000000000000000000000\", algorithm=MD5, cnonce=\"a\", nc=00000001, qop=auth", asked},
		{"GET /digest/page.txt\nAuthorization: Digest username=\"anna\", realm=\"elsewhere\", nonce=\"AAAA\", uri=\"/digest/page.txt\", " +
			"response=\"00000000000000000000000000000000\", algorithm=MD5, cnonce=\"a\", nc=00000001, qop=auth", asked},
		{"GET /digest/page.txt\nAuthorization: Digest username=\"anna\", realm=\"accounts\", nonce=\"AAAA\", uri=\"/other\", " +
			"response=\"00000000000000000000000000000000\", algorithm=MD5, cnonce=\"a\", nc=00000001, qop=auth", lacking},
	})

	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Skip("curl is not installed: apt-get install curl")
	}
	for _, c := range []struct{ name, arguments, path, apache, vitrine string }{
		{"the right password", "-u anna:secret", "/digest/page.txt", "200 the page of digest", ""},
		{"a query", "-u anna:secret", "/digest/page.txt?a=b&c=%20d", "200 the page of digest", ""},
		{"HEAD", "-I -u anna:secret", "/digest/page.txt", "200 ", ""},
		{"a wrong password", "-u anna:wrong", "/digest/page.txt", "401 ", ""},
		{"a user of another realm", "-u ben:geheim", "/digest/page.txt", "401 ", ""},
		{"a user that there is not", "-u nobody:secret", "/digest/page.txt", "401 ", ""},
		{"nothing there", "-u anna:secret", "/nothing", "404 ", ""},
		// Who he is was proved, and asking again for the password does not help.
		{"a user who may not", "-u anna:secret", "/else/page.txt", "401 ", "403 "},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.vitrine == "" {
				c.vitrine = c.apache
			}
			for address, want := range map[string]string{theirs: c.apache, ours: c.vitrine} {
				printed := filepath.Join(t.TempDir(), "body")
				os.WriteFile(printed, nil, 0o644)
				args := append(strings.Fields(c.arguments), "-s", "-o", printed, "-w", "%{http_code} ", "--digest", "--noproxy", "*",
					"-H", "Host: www.example.org", "http://"+address+c.path)
				status, err := exec.Command(curl, args...).Output()
				if err != nil {
					t.Fatal(err)
				}
				text, _ := os.ReadFile(printed)
				got := string(status)
				if got == "200 " && !strings.Contains(c.arguments, "-I") {
					got += string(text)
				}
				if got != want {
					t.Errorf("%s: %q, want %q", address, got, want)
				}
			}
		})
	}
}

// Who may by address, and by address or password.
func TestAddresses(t *testing.T) {
	root, own := guarded(t, "only", "not", "any", "all", "closed", "net")
	users := "AuthType Basic\nAuthName accounts\nAuthUserFile " + own + "/passwords\n"
	theirs := startApache(t, root, []string{"auth_basic", "authn_file", "authz_user", "authz_host"}, ""+
		"<Location /only/>\nRequire ip 127.0.0.2\n</Location>\n"+
		"<Location /net/>\nRequire ip 127.0.0.2/31 10\n</Location>\n"+
		"<Location /not/>\n<RequireAll>\nRequire all granted\nRequire not ip 127.0.0.3\n</RequireAll>\n</Location>\n"+
		"<Location /any/>\n"+users+"<RequireAny>\nRequire ip 127.0.0.2\nRequire valid-user\n</RequireAny>\n</Location>\n"+
		"<Location /all/>\n"+users+"<RequireAll>\nRequire ip 127.0.0.2\nRequire valid-user\n</RequireAll>\n</Location>\n"+
		"<Location /closed/>\nRequire all denied\n</Location>\n")
	ours := startVitrine(t, root, strings.ReplaceAll(`
  route "/only/*" {
    access {
      allow = ["127.0.0.2"]
    }
  }
  route "/net/*" {
    access {
      allow = ["127.0.0.2/31", "10.0.0.0/8"]
    }
  }
  route "/not/*" {
    access {
      deny = ["127.0.0.3"]
    }
  }
  route "/any/*" {
    access {
      satisfy = "any"
      allow   = ["127.0.0.2"]
      auth "basic" {
        realm = "accounts"
        file  = "OWN/passwords"
      }
    }
  }
  route "/all/*" {
    access {
      allow = ["127.0.0.2"]
      auth "basic" {
        realm = "accounts"
        file  = "OWN/passwords"
      }
    }
  }
  route "/closed/*" {
    access {
      deny = ["0.0.0.0/0", "::/0"]
    }
  }`, "OWN", own))

	charset := differs{"Www-Authenticate", "RFC 7617 §2.1: it says that names and passwords are UTF-8, which browsers otherwise do not know"}
	for _, from := range []string{"127.0.0.1", "127.0.0.2", "127.0.0.3"} {
		t.Run(from, func(t *testing.T) {
			var questions []question
			for _, name := range []string{"only", "net", "not", "any", "all", "closed"} {
				for _, path := range []string{"/page.txt", "/nothing"} {
					for _, credentials := range []string{"", by("anna", "secret"), by("anna", "wrong")} {
						q := question{request: "GET /" + name + path + credentials}
						wrong := credentials != by("anna", "secret")
						switch {
						case name == "any" && from != "127.0.0.2" && wrong, name == "all" && from == "127.0.0.2" && wrong:
							q.differs = []differs{charset}
						}
						questions = append(questions, q)
					}
				}
			}
			compareFrom(t, from, theirs, ours, questions)
		})
	}
}
