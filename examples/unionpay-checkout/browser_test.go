package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// browser is Chromium, driven by its DevTools protocol over a pipe: JSON messages that end in a zero byte.
type browser struct {
	t        *testing.T
	out      *os.File
	in       *bufio.Reader
	last     int
	session  string
	problems []string // what the browser's console says: blocked by the Content-Security-Policy, script errors
}

var screenshots = flag.String("screenshots", "", "directory for pictures of the pages")

func startBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: the shop was tested without a real browser")
	}
	profile, err := os.MkdirTemp("", "unionpay-checkout")
	require.NoError(t, err)
	theirIn, out, err := os.Pipe()
	require.NoError(t, err)
	in, theirOut, err := os.Pipe()
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	cmd := exec.CommandContext(ctx, program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
		"--user-data-dir="+profile, "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut} // 3 and 4 there
	require.NoError(t, cmd.Start())
	_, _ = theirIn.Close(), theirOut.Close()
	b := &browser{t: t, out: out, in: bufio.NewReaderSize(in, 1<<20)}
	t.Cleanup(func() {
		_, _ = out.WriteString(`{"id":1000000,"method":"Browser.close"}` + "\x00")
		_ = cmd.Wait()
		stop()
		_, _ = out.Close(), in.Close()
		_ = os.RemoveAll(profile)
	})
	var target struct{ TargetID string }
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var attached struct{ SessionID string }
	b.call("Target.attachToTarget", map[string]any{"targetId": target.TargetID, "flatten": true}, &attached)
	b.session = attached.SessionID
	b.call("Page.enable", nil, nil)
	b.call("Log.enable", nil, nil)
	b.call("Runtime.enable", nil, nil)
	return b
}

// call sends a command and reads until its answer.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	require.Empty(b.t, b.try(method, params, result), method)
}

// try is call for what may be too early or too late; it returns the browser's refusal.
func (b *browser) try(method string, params, result any) (refused string) {
	b.t.Helper()
	b.last++
	message := map[string]any{"id": b.last, "method": method}
	if params != nil {
		message["params"] = params
	}
	if b.session != "" {
		message["sessionId"] = b.session
	}
	text, err := json.Marshal(message)
	require.NoError(b.t, err)
	_, err = b.out.Write(append(text, 0))
	require.NoError(b.t, err)
	for {
		text, err := b.in.ReadBytes(0)
		require.NoError(b.t, err, method)
		var m struct {
			ID     int
			Method string
			Result json.RawMessage
			Params json.RawMessage
			Error  json.RawMessage
		}
		require.NoError(b.t, json.Unmarshal(text[:len(text)-1], &m))
		if m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown" {
			b.problems = append(b.problems, string(m.Params))
		}
		if m.ID == b.last {
			if result != nil && m.Error == nil {
				require.NoError(b.t, json.Unmarshal(m.Result, result))
			}
			return string(m.Error)
		}
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": address}, nil)
}

// eval returns the value of an expression in the page, "" while the page is being changed.
func (b *browser) eval(expression string) string {
	b.t.Helper()
	var r struct{ Result struct{ Value any } }
	refused := b.try("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true}, &r)
	if refused != "" || r.Result.Value == nil {
		return ""
	}
	return fmt.Sprint(r.Result.Value)
}

// wait waits until an expression is true.
func (b *browser) wait(expression string) {
	b.t.Helper()
	for end := time.Now().Add(20 * time.Second); b.eval("!!("+expression+")") != "true"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			b.picture("failed")
			b.t.Fatalf("never true: %s\nat %s\n%s\n%v", expression, b.eval("location.href"), b.eval("document.body.innerText"), b.problems)
		}
	}
}

// click presses and releases the mouse in the middle of an element, as a person does.
func (b *browser) click(selector string) {
	b.t.Helper()
	find := fmt.Sprintf("document.querySelector(%q)", selector)
	b.wait("document.readyState == 'complete' && " + find)
	var at struct{ X, Y float64 }
	place := b.eval(`(() => { const e = ` + find + `; e.scrollIntoView({block: "center"}); const r = e.getBoundingClientRect();
		return JSON.stringify({x: r.x + r.width / 2, y: r.y + r.height / 2}) })()`)
	require.NoError(b.t, json.Unmarshal([]byte(place), &at))
	for _, kind := range []string{"mousePressed", "mouseReleased"} {
		b.call("Input.dispatchMouseEvent", map[string]any{"type": kind, "x": at.X, "y": at.Y, "button": "left", "clickCount": 1}, nil)
	}
}

// write replaces what a field holds by typing.
func (b *browser) write(selector, text string) {
	b.t.Helper()
	b.click(selector)
	b.eval(fmt.Sprintf("document.querySelector(%q).select()", selector))
	b.call("Input.insertText", map[string]any{"text": text}, nil)
}

func (b *browser) press(key string, code int) {
	b.t.Helper()
	for _, kind := range []string{"rawKeyDown", "char", "keyUp"} {
		params := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if kind == "char" {
			if key != "Enter" {
				continue
			}
			params["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", params, nil)
	}
}

func (b *browser) size(width, height int, dark bool) {
	b.t.Helper()
	b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}, nil)
	scheme := map[bool]string{false: "light", true: "dark"}[dark]
	b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
}

// picture keeps what is seen, with -screenshots.
func (b *browser) picture(name string) {
	b.t.Helper()
	if *screenshots == "" {
		return
	}
	b.wait("document.readyState == 'complete'")
	b.eval("scrollTo(0, 0)")
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", map[string]any{"format": "png"}, &shot)
	data, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(*screenshots, name+".png"), data, 0o600))
}

// fits requires that nothing is wider than the window.
func (b *browser) fits() {
	b.t.Helper()
	require.Equal(b.t, "true", b.eval("document.documentElement.scrollWidth <= innerWidth"), "the page scrolls sideways")
}

func (b *browser) status(want string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.getElementById('status')?.textContent == %q", want))
}

func TestInChromium(t *testing.T) {
	b := startBrowser(t)
	address := serving(t)

	// A desktop and a mouse: purchase, refund a part.
	b.size(1200, 800, false)
	b.open(address)
	b.wait("document.querySelector('#pay')")
	b.picture("1-desktop-front")
	b.write("[name=amount]", "88.8")
	b.write("[name=description]", `Tea & "biscuits" <b>`)
	b.write("[name=note]", "<script>document.title='broken'</script>")
	b.click("#pay")
	b.wait("document.querySelector('button[name=pay]')")
	b.picture("2-desktop-cashier")
	b.click("button[name=refuse]")
	b.wait("document.querySelector('.problem')")
	b.picture("2b-desktop-cashier-refused")
	b.click("[for=en]")
	require.Equal(t, "Back to the shop without paying", b.eval("document.querySelector('.back').innerText"))
	b.click("button[name=pay]")
	b.wait("document.querySelector('.state.good')")
	require.Equal(t, "Paid", b.eval("document.querySelector('.state').innerText"), "the language is kept")
	require.Equal(t, "1", b.eval("document.querySelectorAll('button').length"), "nothing but the way back")
	b.picture("2c-desktop-cashier-paid")
	b.status("Paid")
	b.wait("document.body.innerText.includes('Goods shipped.')")
	require.Equal(t, "Paid – ¥88.80", b.eval("document.title"))
	b.picture("3-desktop-paid")
	b.write(".action input[name=amount]", "8.80")
	b.click("[data-kind=refund]")
	b.status("Partly refunded")
	b.wait("document.body.innerText.includes('Notification from UnionPay about the refund of ¥8.80')")
	b.picture("4-desktop-refunded")

	// A phone: pre-authorise, take a part, undo it, release.
	b.size(390, 844, false)
	b.open(address)
	b.wait("document.querySelector('#pay')")
	b.fits()
	b.picture("5-phone-front")
	b.click("[value=pre-authorisation]")
	b.click("#pay")
	b.wait("document.querySelector('button[name=pay]')")
	b.fits()
	b.picture("6-phone-cashier")
	b.click("[for=en]")
	b.fits()
	b.picture("6b-phone-cashier-english")
	b.click("[for=zh]")
	b.click("button[name=pay]")
	b.wait("document.querySelector('.state.good')")
	require.Equal(t, "预授权成功", b.eval("document.querySelector('.state').innerText"))
	b.fits()
	b.picture("6c-phone-cashier-held")
	b.click("#back button") // without waiting for the page to do it
	b.status("Held")
	b.fits()
	b.picture("7-phone-held")
	b.write(".action input[name=amount]", "60")
	b.click("[data-kind=completion]")
	b.status("Taken")
	b.click("[data-kind^='cancellation of']")
	b.status("Held")
	b.click("[data-kind=cancellation]")
	b.status("Released")
	b.fits()
	b.picture("8-phone-released")

	// A keyboard, in the dark: from the amount to the button, then away with the browser's own button.
	b.size(1200, 800, true)
	b.open(address)
	b.wait("document.querySelector('#pay')")
	b.eval("document.querySelector('[name=amount]').focus()")
	for range 3 {
		b.press("Tab", 9)
	}
	require.Equal(t, "pay", b.eval("document.activeElement.id"))
	b.picture("9-dark-front")
	b.press("Enter", 13)
	b.wait("document.querySelector('button[name=pay]')")
	b.picture("9b-dark-cashier")
	b.click("a.back")
	b.status("Waiting")
	b.eval("history.back()")
	b.wait("document.querySelector('button[name=pay]')") // the page can be used again, no form has to be sent again
	b.eval("history.back()")                             // past the page that submitted itself
	b.wait("document.querySelector('.orders .wait')")    // the list is not the one that the browser has kept
	b.click(".orders li:first-child a")
	b.status("Waiting")
	b.picture("10-dark-waiting")
	b.click("#ask")
	b.wait("document.body.innerText.includes('UnionPay knows of no payment yet.')")

	require.Empty(t, b.problems, "nothing was blocked, and no script failed")
}
