package e2e

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	cdpnetwork "github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// tab is a page of the admin listener in headless Chromium. At the test's end it fails the test when the page has
// complained on its console, broken its own rules on what it may load, or asked any other host.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string

	mu       sync.Mutex
	troubles []string
}

// browse opens a browser, in the lab's network, on an admin page such as http://127.0.0.1:9180/.
func (l *lab) browse(t *testing.T, base string) *tab {
	t.Helper()
	program := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			program = path
			break
		}
	}
	if program == "" {
		t.Skip("no Chromium is installed, so the page is not tried: apt-get install chromium")
	}
	l.settled(t)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath(program), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(t.TempDir()), chromedp.WindowSize(1280, 900), chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true), chromedp.ModifyCmdFunc(func(cmd *exec.Cmd) {
			if wrap := l.wrap(); len(wrap) > 0 {
				path, err := exec.LookPath(wrap[0])
				if err != nil {
					return // the browser will not find the page, and the test says so
				}
				cmd.Args = append(slices.Clone(wrap), append([]string{program}, cmd.Args[1:]...)...)
				cmd.Path = path
			}
		}))
	b := &tab{t: t, base: strings.TrimSuffix(base, "/") + "/"}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, leave := chromedp.NewContext(ctx)
	t.Cleanup(func() {
		leave()
		stop()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, trouble := range b.troubles {
			t.Error(trouble)
		}
	})
	b.ctx = ctx
	if err := chromedp.Listen(ctx, func(event any) { b.heard(event, u.Host) }); err != nil {
		t.Fatalf("the browser does not start: %v", err)
	}
	if _, err := chromedp.Call(ctx, log.Enable, struct{}{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(ctx, cdpnetwork.Enable, cdpnetwork.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return b
}

// settled waits until the addresses of the lab's interfaces are what they will be: a browser gives up what it loads when one
// of them changes, as they do a second after an interface came up (RFC 4862 §5.4).
func (l *lab) settled(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(deadline); l.ns != nil; time.Sleep(50 * time.Millisecond) {
		out, err := l.ns.command("ip", "-6", "address", "show", "tentative").Output()
		if err != nil || time.Now().After(end) {
			t.Fatalf("the lab's addresses do not settle: %v\n%s", err, out)
		}
		if len(out) == 0 {
			return
		}
	}
}

// heard notes what a page must not do.
func (b *tab) heard(event any, host string) {
	switch e := event.(type) {
	case *runtime.EventExceptionThrown:
		b.trouble(fmt.Sprintf("exception: %s %+v", e.ExceptionDetails.Text, e.ExceptionDetails.Exception))
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			var words []string
			for _, a := range e.Args {
				words = append(words, string(a.Value)+a.Description)
			}
			b.trouble("console: " + strings.Join(words, " "))
		}
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError {
			b.trouble(fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
		}
	case *cdpnetwork.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || (u.Scheme == "http" || u.Scheme == "https") && u.Host != host {
			b.trouble("asks another host: " + e.Request.URL)
		}
	}
}

func (b *tab) trouble(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.troubles) < 20 {
		b.troubles = append(b.troubles, text)
	}
}

// expected takes back complaints that contain a text: those that a test provokes.
func (b *tab) expected(text string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.troubles = slices.DeleteFunc(b.troubles, func(s string) bool { return strings.Contains(s, text) })
}

func (b *tab) do(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

// open goes to a view, such as "#/journeys".
func (b *tab) open(view string) {
	b.t.Helper()
	b.do(chromedp.Navigate(b.base + view))
}

// await waits until an expression of JavaScript is true, and says what the page shows when it never is.
func (b *tab) await(expression string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, deadline)
	defer cancel()
	_, err := chromedp.Run(ctx, chromedp.Poll[chromedp.Void]("Boolean("+expression+")", chromedp.WithPollingInterval(50*time.Millisecond)))
	if err != nil {
		b.shoot("failed")
		b.t.Fatalf("never true: %s: %v\nthe page shows:\n%s", expression, err, b.text("document.body"))
	}
}

// text is what an element, given as an expression, shows.
func (b *tab) text(element string) string {
	text, err := chromedp.Run(b.ctx, chromedp.Evaluate[string]("("+element+")?.innerText ?? '(nothing)'"))
	if err != nil {
		return err.Error()
	}
	return text
}

// value is the value of an expression.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	v, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return v
}

// look changes the colours and the size of the window, as a person's device has them, with two of its pixels for each of CSS.
func (b *tab) look(scheme string, width, height int64) {
	b.t.Helper()
	_, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	if err != nil {
		b.t.Fatal(err)
	}
	b.do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(2)))
}

// shoot makes a picture in the folder that VITRINE_PICTURES names.
func (b *tab) shoot(name string) {
	b.t.Helper()
	folder := os.Getenv("VITRINE_PICTURES")
	if folder == "" {
		return
	}
	picture, err := chromedp.Run(b.ctx, chromedp.CaptureScreenshot())
	if err == nil {
		err = os.WriteFile(filepath.Join(folder, name+".png"), picture, 0o644)
	}
	if err != nil {
		b.t.Error(err)
	}
}
