// Package chromium opens pages in a headless Chromium, for tests: what a person would see, click and type, on a desktop or a
// phone. It speaks the DevTools protocol over a pipe, with the standard library alone.
//
//	page := chromium.Start(t, time.Minute)
//	page.Screen(chromium.Screen{Width: 390, Height: 844})
//	page.Open(address)
//	page.Click("#pay")
//	page.Text("Paid")
//	page.Fits()
//
// Where no Chromium is in PATH the test says so and is skipped: keep in a test of its own what does not need one.
package chromium

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Screen is what a page is shown on.
type Screen struct {
	Width, Height int
	Dark          bool
	Language      string // Accept-Language, such as "zh-CN"; empty leaves the browser's own
}

// mobile is the width below which a screen is a phone's.
const mobile = 600

// Page is a page in a browser of its own. Its methods fail the test that it was started for, and only one goroutine may use it.
type Page struct {
	// Problems is what the browser's console said: what the Content-Security-Policy blocked, answers that were no pages,
	// scripts that failed. That a site has no icon is none.
	Problems []string
	// Pictures is the directory that Picture writes to; without it Picture does nothing.
	Pictures string

	t       testing.TB
	cmd     *exec.Cmd
	said    *bytes.Buffer // by the program, until it ends
	out     *os.File
	in      *bufio.Reader
	last    int
	session string
	agent   string
	width   int
}

// Start starts a browser that lives until the test ends, or until limit, and shows an empty page.
func Start(t testing.TB, limit time.Duration) *Page {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: the pages were not opened in a real browser")
	}
	profile, err := os.MkdirTemp("", "cnpay-chromium") // not t.TempDir, which fails where the browser still writes
	must(t, err)
	theirIn, out, err := os.Pipe()
	must(t, err)
	in, theirOut, err := os.Pipe()
	must(t, err)
	ctx, stop := context.WithTimeout(context.Background(), limit)
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4 there
	said := &bytes.Buffer{}
	cmd.Stderr, cmd.WaitDelay = said, 5*time.Second
	must(t, cmd.Start())
	_, _ = theirIn.Close(), theirOut.Close()
	p := &Page{t: t, cmd: cmd, said: said, out: out, in: bufio.NewReaderSize(in, 1<<20)}
	t.Cleanup(func() {
		_, _ = out.WriteString(`{"id":1000000,"method":"Browser.close"}` + "\x00")
		_ = cmd.Wait()
		stop()
		_, _ = out.Close(), in.Close()
		_ = os.RemoveAll(profile)
	})
	var version struct{ UserAgent string }
	p.Call("Browser.getVersion", nil, &version)
	p.agent = version.UserAgent
	var target struct{ TargetID string }
	p.Call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	p.Call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	p.session = attached.SessionID
	for _, domain := range []string{"Page", "Log", "Runtime"} {
		p.Call(domain+".enable", nil, nil)
	}
	return p
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal("chromium: ", err)
	}
}

// Call sends a command of the DevTools protocol, and reads its answer into result, which may be nil.
func (p *Page) Call(method string, params, result any) {
	p.t.Helper()
	if refused := p.try(method, params, result); refused != "" {
		p.t.Fatalf("chromium: %s: %s", method, refused)
	}
}

// try is Call for what may be too early or too late; it returns the browser's refusal.
func (p *Page) try(method string, params, result any) (refused string) {
	p.t.Helper()
	p.last++
	message := map[string]any{"id": p.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if p.session != "" {
		message["sessionId"] = p.session
	}
	text, err := json.Marshal(message)
	must(p.t, err)
	if _, err = p.out.Write(append(text, 0)); err != nil {
		p.gone(method, err)
	}
	for {
		text, err := p.in.ReadBytes(0)
		if err != nil {
			p.gone(method, err)
		}
		var m struct {
			ID                    int
			Method                string
			Result, Params, Error json.RawMessage
		}
		must(p.t, json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m))
		problem := m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown"
		if problem && !strings.Contains(string(m.Params), "/favicon.ico") {
			p.Problems = append(p.Problems, string(m.Params))
		}
		if m.ID == p.last {
			if result != nil && m.Error == nil {
				must(p.t, json.Unmarshal(m.Result, result))
			}
			return string(m.Error)
		}
	}
}

// gone fails the test with what the program said at its end.
func (p *Page) gone(method string, err error) {
	p.t.Helper()
	ended := p.cmd.Wait()
	p.t.Fatalf("chromium: %s: %v: the browser has ended, or its time is over: %v\n%s", method, err, ended, p.said)
}

// Screen changes what the page is shown on. The language is asked for by the next page that is opened.
func (p *Page) Screen(s Screen) {
	p.t.Helper()
	p.Call("Emulation.setDeviceMetricsOverride", map[string]any{
		"width": s.Width, "height": s.Height, "deviceScaleFactor": 1, "mobile": s.Width < mobile,
	}, nil)
	scheme := map[bool]string{false: "light", true: "dark"}[s.Dark]
	p.Call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	p.Call("Emulation.setUserAgentOverride", map[string]any{"userAgent": p.agent, "acceptLanguage": s.Language}, nil)
	p.width = s.Width
}

// Open begins to load an address; wait for what it shows.
func (p *Page) Open(address string) {
	p.t.Helper()
	p.Call("Page.navigate", map[string]any{"url": address}, nil)
}

// Eval is the value of an expression in the page, in words, and "" while the page is being changed.
func (p *Page) Eval(expression string) string {
	p.t.Helper()
	var r struct{ Result struct{ Value any } }
	refused := p.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	if refused != "" || r.Result.Value == nil {
		return ""
	}
	return fmt.Sprint(r.Result.Value)
}

// Wait waits until an expression is true.
func (p *Page) Wait(expression string) {
	p.t.Helper()
	for end := time.Now().Add(20 * time.Second); p.Eval("!!("+expression+")") != "true"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			p.shoot("failed")
			p.t.Fatalf("never true: %s\nat %s\n%s\n%v", expression, p.Eval("location.href"), p.Eval("document.body.innerText"), p.Problems)
		}
	}
}

// Text waits until the page says something.
func (p *Page) Text(want string) {
	p.t.Helper()
	p.Wait(fmt.Sprintf("document.body?.innerText.includes(%q)", want))
}

// Click presses and releases the mouse in the middle of an element, as a person does, once the page has it.
func (p *Page) Click(selector string) {
	p.t.Helper()
	find := fmt.Sprintf("document.querySelector(%q)", selector)
	p.Wait("document.readyState == 'complete' && " + find)
	var at struct{ X, Y float64 }
	place := p.Eval(`(() => { const e = ` + find + `; e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect();
		return JSON.stringify({x: r.x + r.width / 2, y: r.y + r.height / 2}) })()`)
	must(p.t, json.Unmarshal([]byte(place), &at))
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		p.Call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
	}
}

// Write replaces what a field holds by typing.
func (p *Page) Write(selector, text string) {
	p.t.Helper()
	p.Click(selector)
	p.Eval(fmt.Sprintf("document.querySelector(%q).select()", selector))
	p.Call("Input.insertText", map[string]any{"text": text}, nil)
}

// Press presses and releases a key of the keyboard.
func (p *Page) Press(key string) {
	p.t.Helper()
	code := map[string]int{"Tab": 9, "Enter": 13, " ": 32}[key]
	if code == 0 {
		p.t.Fatalf("chromium: no key %q is known", key)
	}
	params := map[string]any{"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code}
	switch key {
	case "Enter":
		params["text"] = "\r"
	case " ":
		params["code"], params["text"] = "Space", " "
	}
	p.Call("Input.dispatchKeyEvent", params, nil)
	delete(params, "text")
	params["type"] = "keyUp"
	p.Call("Input.dispatchKeyEvent", params, nil)
}

// Back is the browser's own button.
func (p *Page) Back() {
	p.t.Helper()
	p.Eval("history.back()")
}

// Fits requires that nobody has to scroll sideways.
func (p *Page) Fits() {
	p.t.Helper()
	// innerWidth would not do: a phone's grows with what it shows.
	if width := p.Eval("document.documentElement.scrollWidth"); p.Eval(fmt.Sprintf("document.documentElement.scrollWidth <= %d", p.width)) != "true" {
		p.t.Fatalf("the page scrolls sideways: it is %s wide on a screen of %d: %s", width, p.width, p.Eval("location.href"))
	}
}

// Picture keeps what is seen, from the top of the page.
func (p *Page) Picture(name string) {
	p.t.Helper()
	if p.Pictures == "" {
		return
	}
	p.Wait("document.readyState == 'complete'")
	p.Eval("scrollTo(0, 0)")
	p.shoot(name)
}

func (p *Page) shoot(name string) {
	p.t.Helper()
	if p.Pictures == "" {
		return
	}
	var shot struct{ Data string }
	p.Call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	must(p.t, err)
	must(p.t, os.WriteFile(filepath.Join(p.Pictures, name+".png"), data, 0o600))
}
