package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the operator's page")

// browser is Chromium, driven by its DevTools protocol over a pipe: JSON messages that end in a zero byte.
type browser struct {
	t        *testing.T
	out      *os.File
	in       *bufio.Reader
	last     int
	session  string
	problems []string // of the browser's console
}

func startBrowser(t *testing.T) *browser {
	program, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("no chromium in PATH: the operator's page was tested without a real browser")
	}
	theirIn, out, err := os.Pipe()
	require.NoError(t, err)
	in, theirOut, err := os.Pipe()
	require.NoError(t, err)
	profile, err := os.MkdirTemp("", "merchant")
	require.NoError(t, err)
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
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
	return b
}

func (b *browser) call(method string, params, result any) {
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
			ID                    int
			Method                string
			Result, Params, Error json.RawMessage
		}
		require.NoError(b.t, json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m))
		if m.Method == "Log.entryAdded" && !strings.Contains(string(m.Params), "/favicon.ico") {
			b.problems = append(b.problems, string(m.Params))
		}
		if m.ID == b.last {
			require.Empty(b.t, string(m.Error), method)
			if result != nil {
				require.NoError(b.t, json.Unmarshal(m.Result, result))
			}
			return
		}
	}
}

// eval is the value of an expression in the page; while a page is loading it may be anything.
func (b *browser) eval(expression string) (value any) {
	var answer struct{ Result struct{ Value any } }
	b.call("Runtime.evaluate", map[string]any{"expression": expression}, &answer)
	return answer.Result.Value
}

func (b *browser) shows(text string) {
	b.t.Helper()
	require.Eventually(b.t, func() bool {
		page, _ := b.eval("document.body ? document.body.innerText : ''").(string)
		return strings.Contains(page, text)
	}, 10*time.Second, 50*time.Millisecond, "the page does not show %q but %v", text, b.eval("document.body.innerText"))
}

// An operator opens the page of the running service, on a desktop and on a phone: the open order, and its history. Nobody
// gets there without the password.
func TestOperatorsPage(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	w.misbehave(t, "upay", "pay", cnpaytest.LostAnswer)
	w.misbehave(t, "upay", "query", "always "+cnpaytest.HTTP502)
	_, o := l.put("OPEN0001", request{Provider: "upay", Operation: "pay", Amount: 1250, Code: "281234567890123456"})
	require.EqualValues(t, "open", o.State)

	res, err := http.Get(l.base + "/operator/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	_, address, ok := strings.Cut(l.out.String(), "operator  ")
	require.True(t, ok, l.out.String())
	address, _, _ = strings.Cut(address, "\n")
	page, err := url.Parse(address)
	require.NoError(t, err)

	b := startBrowser(t)
	for name, size := range map[string][2]int{"desktop": {1280, 900}, "phone": {390, 844}} {
		b.call("Emulation.setDeviceMetricsOverride", map[string]any{"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size[0] < 500}, nil)
		b.call("Page.navigate", map[string]any{"url": page.String()}, nil)
		b.shows("OPEN0001")
		b.fits(name+"-list", size[0])
		b.eval(`document.querySelector('a[href*="entries/"]').click()`)
		b.shows("OPEN0001")
		b.fits(name+"-entry", size[0])
	}
	require.Empty(t, b.problems)
}

// fits requires that nobody has to scroll sideways.
func (b *browser) fits(name string, width int) {
	b.t.Helper()
	require.LessOrEqual(b.t, b.eval("document.documentElement.scrollWidth"), float64(width), name)
	if *screenshots == "" {
		return
	}
	var shot struct{ Data string }
	b.call("Page.captureScreenshot", nil, &shot)
	picture, err := base64.StdEncoding.DecodeString(shot.Data)
	require.NoError(b.t, err)
	require.NoError(b.t, os.WriteFile(filepath.Join(*screenshots, name+".png"), picture, 0o600))
}
