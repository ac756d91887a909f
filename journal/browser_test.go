package journal

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
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
		t.Skip("no chromium in PATH: the operator's page was tested without a real browser")
	}
	profile, err := os.MkdirTemp("", "cnpay-journal")
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
		if problem && !strings.Contains(string(m.Params), "/favicon.ico") && !strings.Contains(string(m.Params), "/entries/77777") { // which are not there
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
	require.Equal(b.t, "true", b.eval(fmt.Sprintf("document.documentElement.scrollWidth <= %d", b.width)), "the page scrolls sideways: %s", b.eval("location.href"))
}

// text waits until the page says something.
func (b *browser) text(want string) {
	b.t.Helper()
	b.wait(fmt.Sprintf("document.body?.innerText.includes(%q)", want))
}

func TestThePageInChromium(t *testing.T) {
	b := startBrowser(t)
	s := newShop(t, sqlite(t), SQLite)
	gallery(t, s)
	desk := desk(t, s.Journal, func(c *HandlerConfig) {
		c.Allow = func(*http.Request) (string, bool) { return "li.na@shop.example", true }
		c.Show = func(_ cnpay.Ticket, field string) bool { return field == "txnAmt" || field == "orderId" }
	})
	root := desk.URL + "/ops/journal/"
	hard := s.of(t, "7654000001")
	entry := fmt.Sprintf("%sentries/%d", root, hard.ID)
	long, err := s.find(t.Context(), search{Order: strings.Repeat("A", 64)}, 1)
	require.NoError(t, err)
	require.Len(t, long, 1)

	for _, screen := range []struct {
		name  string
		width int
		dark  bool
	}{{"desktop", 1280, false}, {"phone", 390, false}, {"dark", 1280, true}, {"dark-phone", 390, true}} {
		b.size(screen.width, 860, screen.dark)
		for name, address := range map[string]string{
			"list": root + "?lang=zh", "list-en": root + "?lang=en", "wrong": root + "?state=contradicted&lang=en", "none": root + "?order=none&lang=zh",
			"entry": entry + "?lang=zh", "entry-en": entry + "?lang=en",
			"long": fmt.Sprintf("%sentries/%d?lang=en", root, long[0].ID), "missing": root + "entries/77777?lang=en",
		} {
			b.open(address)
			b.wait("document.readyState == 'complete' && document.querySelector('main')")
			b.fits()
			b.picture(screen.name + "-" + name)
		}
	}

	// A person at a desktop reads the list, opens an entry, forgets the reason, and closes it with one.
	b.size(1280, 860, false)
	b.open(root + "?lang=en")
	b.write("[name=order]", hard.Ticket.Order)
	b.click("#find")
	b.wait("document.querySelectorAll('.entries tbody tr').length == 1")
	b.click(".entries .order a")
	b.wait("document.querySelector('#close')")
	b.click("#ask")
	b.text("It will be asked next")
	b.click("[name=outcome][value=failed]")
	b.click("#close")
	require.Equal(t, "true", b.eval("!document.querySelector('textarea').validity.valid"), "the browser asks for the reason")
	b.write("textarea", "refused, by the provider's portal; ticket 4711")
	b.picture("desktop-closing")
	b.click("#close")
	b.text("Closed by hand, and booked.")
	b.text("ticket 4711")
	b.text("by li.na@shop.example")
	require.Equal(t, "Failed", b.eval("document.querySelector('#state').textContent"))
	b.picture("desktop-closed")
	b.size(390, 860, false)
	b.fits()
	b.picture("phone-closed")
	require.Equal(t, Failed, s.of(t, hard.Ticket.Order).State)
	b.click("#language")
	b.text("手工关闭")
	require.Empty(t, b.problems, "nothing was blocked by the policy, and nothing failed")

	// Another site's page posts the same form, with a click of the person who is logged in.
	other := s.lost(t)
	s.long(t, other.Ticket.Order)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><form method="post" action="%s/close"><input name="generation" value="0"><input name="outcome" value="failed">`+
			`<input name="reason" value="won"><button id="win">Win</button></form>`, fmt.Sprintf("%sentries/%d", root, other.ID))
	}))
	t.Cleanup(evil.Close)
	for _, address := range []string{evil.URL, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)} { // another origin, another site
		b.open(address)
		b.click("#win")
		b.text("Nothing was changed.")
		require.Equal(t, Open, s.of(t, other.Ticket.Order).State)
	}
	b.open(fmt.Sprintf("%sentries/%d", root, other.ID)) // the same form on the page itself is taken
	b.click("[name=outcome][value=failed]")
	b.write("textarea", "seen")
	b.click("#close")
	b.text("Closed by hand, and booked.")
	require.Equal(t, Failed, s.of(t, other.Ticket.Order).State)
}

// gallery fills a journal with what an operator may meet: every state, five providers, ages from seconds to days, long
// and hostile texts, and one entry with a long history.
func gallery(t *testing.T, s *shop) {
	ctx := t.Context()
	hard := s.lost(t)
	s.long(t, hard.Ticket.Order)
	everything(t, s)
	for i, k := range []struct {
		provider, account, operation, order string
		age                                 time.Duration
		outcome, code, reason               string
	}{
		{"unionpay", "777290058110048", "preauth_cancel", "20260102150405000123456789012345", 26 * time.Hour, "unknown", "", "unionpay preauth_cancel: unknown: transport failed: read tcp 10.1.2.3:51234->203.0.113.7:443: i/o timeout"},
		{"chinaums", "10037e6f6823b20801682b6a5e5a0006", "wx_unified_order", "3194202601021504050001", 3 * time.Hour, "pending", "NEW_ORDER", ""},
		{"yuansfer", "200043", "refund", "R-2026-01-02-000017", 42 * time.Minute, "pending", "", ""},
		{"umpay/spay", "60000100", "spay_pay", strings.Repeat("A", 64), 8 * time.Minute, "unknown", "00131040", `<b>hostile</b> "text" from a provider that goes on and on: ` + strings.Repeat("a-very-long-word-without-a-break", 8)},
		{"unionpay", "777290058110048", "refund", "20260102150405000123456789012399", 30 * time.Second, "pending", "05", ""},
	} {
		_, err := s.Started(ctx, cnpay.Ticket{
			Provider: k.provider, Account: k.account, Operation: k.operation, Order: k.order, Gateway: "gateway.example.com", Began: time.Now().Add(-k.age),
			Until: time.Now().Add(-k.age + time.Minute), Fields: map[string]string{"orderId": k.order, "txnAmt": "128800", "reqReserved": "room 12"},
		})
		require.NoError(t, err)
		_, err = s.db.Exec("UPDATE cnpay_entries SET outcome = $1, code = $2, reason = $3, asked = $4 WHERE order_number = $5", k.outcome, k.code, k.reason, i*i, k.order)
		require.NoError(t, err)
	}
	for _, v := range []Event{
		{What: EventQuery, Mark: "unknown", Text: "upay query: transport failed: dial tcp 203.0.113.7:443: connect: connection refused"},
		{What: EventQuery, Mark: "pending REVOKING", Outcome: cnpay.Pending, Code: "REVOKING"},
		{What: EventNotification, Mark: "pending", Outcome: cnpay.Pending},
	} {
		for range 3 {
			_, err := s.note(ctx, s.db, hard.ID, v)
			require.NoError(t, err)
		}
	}
	_, err := s.db.Exec("UPDATE cnpay_events SET times = 212, at = at + 3600000 WHERE entry = $1 AND mark = 'pending REVOKING'", hard.ID)
	require.NoError(t, err)
}
