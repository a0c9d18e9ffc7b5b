package message

import "testing"

func TestARequestForAnotherTargetKeepsItsHostAndFields(t *testing.T) {
	var r, dst Request
	whole(&r, []byte(wholeText))
	if fault := r.Retarget(&dst, HEAD, "/x/%79/../z?a=b", 0); fault != NoFault {
		t.Fatal(fault)
	}
	if dst.MethodName() != "HEAD" || string(dst.MethodBytes()) != "HEAD" || string(dst.Path()) != "/x/z" || string(dst.Query()) != "a=b" ||
		string(dst.Host()) != "www.x.org" || dst.ContentLength != 0 || string(dst.RawTarget()) != "/x/%79/../z?a=b" {
		t.Errorf("%s %s: path %q, query %q, host %q", dst.MethodName(), dst.RawTarget(), dst.Path(), dst.Query(), dst.Host())
	}
	if v, ok := dst.Fields.Lookup("X"); !ok || string(v) != "y" || string(dst.Fields.Get(Host)) != "WWW.x.org." {
		t.Errorf("X is %q, Host %q", v, dst.Fields.Get(Host))
	}
	checkWhole(t, &r)
	clear(r.Arena())
	var third Request
	if fault := dst.Retarget(&third, GET, "/", Set(Host)); fault != NoFault || third.Fields.Has(Host) || third.Fields.Len() != 1 ||
		string(third.Path()) != "/" || string(third.Host()) != "www.x.org" || third.Target.HasQuery {
		t.Errorf("%v: %d fields, path %q, host %q", fault, third.Fields.Len(), third.Path(), third.Host())
	}
}

func TestATargetThatIsNoPathIsRefused(t *testing.T) {
	var r Request
	whole(&r, []byte(wholeText))
	for target, want := range map[string]Fault{
		"": WrongForm, "*": WrongForm, "http://x/": WrongForm, "x": WrongForm, "/a b": BadTargetByte, "/a#b": Fragment, "/%0": BadEscape,
		"/%00": NULEscape, "/../x": PathAboveRoot, "//x.org/../../y": PathAboveRoot, "/a\r\nX: y": BadTargetByte,
	} {
		var dst Request
		if fault := r.Retarget(&dst, GET, target, 0); fault != want {
			t.Errorf("%q: %v", target, fault)
		}
	}
}
