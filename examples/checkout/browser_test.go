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
	"strings"
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
	width    int
	problems []string // what the browser's console says: blocked by the Content-Security-Policy, script errors
}

var screenshots = flag.String("screenshots", "", "directory for pictures of the pages")

func startBrowser(t *testing.T) *browser {
	t.Helper()
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: the shop was tested without a real browser")
	}
	profile, err := os.MkdirTemp("", "checkout")
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
		problem := m.Method == "Log.entryAdded" || m.Method == "Runtime.exceptionThrown"
		if problem && !strings.Contains(string(m.Params), "/favicon.ico") { // which not every cashier has
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
	b.width = width
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

// fits requires that nothing is wider than the screen. innerWidth would not do: a phone's grows with what it shows.
func (b *browser) fits() {
	b.t.Helper()
	require.Equal(b.t, "true", b.eval(fmt.Sprintf("document.documentElement.scrollWidth <= %d", b.width)), "the page scrolls sideways")
}

func (b *browser) status(want string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.getElementById('status')?.textContent == %q", want))
}

// back is the browser's own button.
func (b *browser) back() {
	b.t.Helper()
	b.eval("history.back()")
}

// text waits until the page says something.
func (b *browser) text(want string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.body?.innerText.includes(%q)", want))
}

// order orders in a way, and waits for the provider's page or the code.
func (b *browser) order(address, way string) {
	b.t.Helper()
	b.open(address)
	b.click("#way-" + way)
	b.click("#pay")
}

// toClerk goes to the clerk's page of the order whose page is shown.
func (b *browser) toClerk(address string) {
	b.t.Helper()
	b.wait("/orders\\/[0-9]+$/.test(location.pathname)")
	path := b.eval("location.pathname")
	b.open(address + "clerk" + path)
	b.wait("document.body.matches('.clerk')")
}

func TestInChromium(t *testing.T) {
	b := startBrowser(t)
	address := serving(t)

	// A desktop and a mouse, in Chinese: a card that is refused, then paid; the clerk refunds a part.
	b.size(1200, 900, false)
	b.open(address)
	b.wait("document.querySelector('#pay')")
	require.Equal(t, "zh-CN", b.eval("document.documentElement.lang"))
	b.picture("01-desktop-front")
	b.write("[name=amount]", "1888.8")
	b.write("[name=description]", `Tea & "biscuits" <b>`)
	b.click("#way-unionpay")
	b.click("#pay")
	b.wait("document.querySelector('button[name=pay]')")
	b.click("button[name=refuse]")
	b.wait("document.querySelector('.problem')")
	b.click("a.back")
	b.status("付款未成功")
	require.Equal(t, "true", b.eval("document.querySelector('#again').open"))
	require.Equal(t, "0", b.eval("document.querySelectorAll('code').length"))
	b.picture("02-desktop-refused")
	b.click("#pay") // again, under a new number
	b.wait("document.querySelector('button[name=pay]')")
	b.click("button[name=pay]")
	b.wait("document.querySelector('#back button')")
	b.click("#back button")
	b.status("已付款")
	require.Equal(t, "已付款 · ¥1,888.80", b.eval("document.title"))
	b.picture("03-desktop-paid")
	b.toClerk(address)
	b.status("已付款")
	b.picture("04-desktop-clerk")
	b.write(".action input[name=amount]", "88.80")
	b.click("[data-kind=refund]")
	b.status("部分退款")
	b.text("收到通知：退款 ¥88.80")
	b.picture("05-desktop-clerk-refunded")
	count := b.eval("document.querySelectorAll('.steps li').length")
	b.eval("location.reload()")
	b.status("部分退款")
	require.Equal(t, count, b.eval("document.querySelectorAll('.steps li').length"), "loading the page again repeats nothing")

	// Scan a code on one device, in English, while the page follows; the clerk is told what is too much.
	b.open(address + "?lang=en")
	b.wait("document.documentElement.lang == 'en'")
	b.order(address, "upay-scan")
	b.status("To be scanned")
	b.wait("document.querySelector('svg.qr')")
	b.picture("06-desktop-code")
	code := b.eval("document.querySelector('#scan').href")
	page := b.eval("location.href")
	b.open(code)
	b.click("button.pay")
	b.wait("document.querySelector('[role=status]')")
	b.open(page)
	b.status("Paid")
	b.toClerk(address)
	b.write(".action input[name=amount]", "200")
	b.click("[data-kind=refund]")
	b.wait("document.querySelector('.problem')")
	b.text("At most ¥100.00 is possible.")
	b.click("[data-kind=void]")
	b.status("Reversed")

	// What somebody types stays while the page follows, and so does the focus.
	b.order(address, "chinaums-scan")
	b.status("To be scanned")
	scanned := b.eval("document.querySelector('#scan').href")
	page = b.eval("location.href")
	b.click("#again-open")
	b.click("#way-yuansfer")
	before := b.eval("document.querySelector('#live').dataset.version")
	b.eval("fetch(location.pathname + '/ask', {method: 'POST'})") // as another tab of the same person does
	b.wait("document.querySelector('#live').dataset.version != '" + before + "'")
	b.text("Last asked")
	require.Equal(t, "way-yuansfer", b.eval("document.activeElement.id"), "the focus stays")
	require.Equal(t, "true", b.eval("document.querySelector('#way-yuansfer').checked && document.querySelector('#again').open"))
	b.open(scanned)
	b.click("button[name=do]")
	b.wait("document.querySelector('[role=status]')")
	b.open(page)
	b.status("Paid")

	// A phone: WeChat's page, Upay's page, Yuansfer's cashier. The browser's Back leads to a page with a way on.
	b.size(390, 844, false)
	b.open(address + "?lang=zh")
	b.wait("document.querySelector('#pay')")
	b.fits()
	b.picture("07-phone-front")
	b.order(address, "chinaums-wechat")
	b.wait("document.querySelector('button[name=do]')")
	b.fits()
	b.back()
	b.wait("document.querySelector('.orders .wait')") // the order is found on the shop's first page
	b.fits()
	b.picture("08-phone-back")
	b.click(".orders li:first-child a")
	b.status("待付款")
	b.click("#again-open")
	b.fits()
	b.picture("09-phone-again")
	b.click("#way-upay-wap")
	b.click(".again #pay")
	b.wait("document.querySelector('button.pay')")
	b.fits()
	b.click("button.pay")
	b.click("a.back")
	b.status("已付款")
	b.fits()
	b.picture("10-phone-paid")
	b.order(address, "yuansfer")
	b.wait("document.querySelector('[value=no]')")
	b.fits()
	b.click("[value=no]")
	b.wait("document.querySelector('[role=status]')")
	b.eval("document.querySelector('a[href*=return]').click()")
	b.status("未付款")
	b.fits()
	b.picture("11-phone-failed")
	b.click("#way-chinaums-scan")
	b.click(".again #pay")
	b.status("待扫码")
	b.fits()
	b.picture("12-phone-code")
	b.click("#again-open") // UMPay's cashier, with the code before still open
	b.click("#way-umpay-web")
	b.click(".again #pay")
	b.wait("document.querySelector('button[name=pay]')")
	b.fits()
	b.picture("19-phone-umpay")
	b.click("button[name=pay]")
	b.text("付款成功")
	b.click("a.back")
	b.status("已付款")
	b.toClerk(address)
	b.text("收到通知：付款 ¥100.00")
	b.click("[data-kind=void]")
	b.status("已撤销")
	b.open(address + "?lang=zh")
	b.order(address, "umpay-scan")
	b.status("待扫码")
	b.fits()
	b.toClerk(address)
	b.fits()
	b.picture("13-phone-clerk")
	b.click("#cancel")
	b.status("已取消")
	b.text("关闭未付款")
	b.fits()
	b.picture("14-phone-cancelled")
	b.open(address + "clerk")
	b.wait("document.querySelector('table')")
	b.fits()
	b.picture("15-phone-list")

	// A keyboard, in the dark: hold, take a part, undo it, release.
	b.size(1200, 900, true)
	b.open(address)
	b.wait("document.querySelector('#pay')")
	b.picture("16-dark-front")
	b.eval("document.querySelector('#way-unionpay-hold').focus()")
	b.press(" ", 32)
	b.press("Tab", 9)
	require.Equal(t, "pay", b.eval("document.activeElement.id"))
	b.press("Enter", 13)
	b.wait("document.querySelector('button[name=pay]')")
	b.click("button[name=pay]")
	b.click("#back button")
	b.status("已冻结")
	b.toClerk(address)
	b.write(".action input[name=amount]", "60")
	b.click("[data-kind=complete]")
	b.status("已扣款")
	b.click("[data-kind=undo]")
	b.status("已冻结")
	b.click("[data-kind=cancel]")
	b.status("已解冻")
	b.picture("17-dark-released")
	b.open(address + "clerk")
	b.wait("document.querySelector('table')")
	b.picture("18-dark-list")
	b.open(address + "clerk/orders/0")
	b.wait("document.querySelector('a.button')")
	b.click("a.button")
	b.wait("document.querySelector('table')")

	require.Len(t, b.problems, 1, "nothing was blocked, and no script failed, but for the page that is missing: %v", b.problems)
}
