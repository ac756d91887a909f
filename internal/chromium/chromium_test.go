package chromium

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// judged is a test that a check ends with a word: failed, or skipped.
type judged struct {
	testing.TB
	text string
}

func (j *judged) Helper() {}

func (j *judged) Fatalf(format string, args ...any) { j.end(fmt.Sprintf(format, args...)) }

func (j *judged) Fatal(args ...any) { j.end(fmt.Sprint(args...)) }

func (j *judged) Skip(args ...any) { j.end(fmt.Sprint(args...)) }

func (j *judged) end(text string) {
	j.text = text
	panic(j)
}

// verdict is what a check ended with, or empty.
func verdict(t *testing.T, check func(*judged)) string {
	j := &judged{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(j) {
				panic(r)
			}
		}()
		check(j)
	}()
	return j.text
}

func TestPage(t *testing.T) {
	p := Start(t, time.Minute)
	p.Pictures = t.TempDir()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Security-Policy", "script-src 'none'")
		fmt.Fprintf(w, `<!DOCTYPE html><meta name="viewport" content="width=device-width">
			<style>body { background: white } @media (prefers-color-scheme: dark) { body { background: black } }</style>
			<p>%s %q</p>%s<form><input name="name" value="before"><input type="checkbox" name="on"><button id="go">Go</button></form>`,
			r.Header.Get("Accept-Language"), r.URL.Query().Get("name"), r.URL.Query().Get("more"))
	}))
	defer server.Close()

	for _, s := range []Screen{{Width: 1280, Height: 800, Language: "en-GB"}, {Width: 390, Height: 844, Dark: true, Language: "zh-CN"}} {
		p.Screen(s)
		p.Open(server.URL)
		p.Text(s.Language)
		require.Equal(t, fmt.Sprint(s.Width), p.Eval("innerWidth"))
		require.Equal(t, map[bool]string{false: "rgb(255, 255, 255)", true: "rgb(0, 0, 0)"}[s.Dark], p.Eval("getComputedStyle(document.body).backgroundColor"))
		p.Fits()
		p.Picture("page")
		picture, err := os.ReadFile(filepath.Join(p.Pictures, "page.png"))
		require.NoError(t, err)
		require.Equal(t, "image/png", http.DetectContentType(picture))
	}
	p.Write("[name=name]", `a "b"`)
	p.Press("Tab")
	p.Press(" ")
	require.Equal(t, "true", p.Eval("document.querySelector('[name=on]').checked"))
	p.Press("Tab")
	require.Equal(t, "go", p.Eval("document.activeElement.id"))
	p.Press("Enter")
	p.Text(`"a \"b\""`)
	p.Back()
	p.Text(`""`)
	p.Click("#go") // a browser remembers what was typed
	p.Text(`"a \"b\""`)
	require.Empty(t, p.Problems, "a site without an icon is none")

	p.Open(server.URL + "/?more=%3Cdiv+style=width:900px%3Ewide%3C/div%3E%3Cscript%3E1%3C/script%3E")
	p.Text("wide")
	require.NotEmpty(t, p.Problems, "the policy blocks the script")
	p.Problems = nil
	p.Open(server.URL + "/nothing")
	p.Text("404")
	require.NotEmpty(t, p.Problems)
	require.Equal(t, "", p.Eval("nothing.at.all"))

	p.Open(server.URL + "/?more=%3Cdiv+style=width:900px%3Ewide%3C/div%3E")
	p.Text("wide")
	require.Contains(t, verdict(t, func(j *judged) { p.t = j; p.Fits() }), "scrolls sideways: it is 90")
	require.Contains(t, verdict(t, func(j *judged) { p.t = j; p.Call("Page.nothing", nil, nil) }), "Page.nothing")
	require.NoError(t, p.cmd.Process.Kill())
	require.Contains(t, verdict(t, func(j *judged) { p.t = j; p.Open(server.URL) }), "Page.navigate: ")
}

func TestWithoutChromium(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.Equal(t, "no chromium in PATH: the pages were not opened in a real browser",
		verdict(t, func(j *judged) { Start(j, time.Minute) }))
}

func TestProgramThatDoesNotStart(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the program is a shell script")
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "chromium"), []byte("#!/bin/sh\necho no display here >&2\nexit 1\n"), 0o700))
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	require.Contains(t, verdict(t, func(j *judged) { Start(j, time.Minute) }), "no display here")
}
