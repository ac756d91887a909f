package received_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

func limits() received.Limits { return received.Limits{Bytes: 100, Fields: 3} }

func request(body string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/?a=address", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestForm(t *testing.T) {
	const body = "b=1+2%2B3;4&a=%e4%b8%ad"
	want := []sign.Pair{{Name: "b", Value: "1 2+3;4"}, {Name: "a", Value: "中"}}
	for _, text := range []string{body, "\ufeff" + body + "\r\n", " \t" + body + "\n ", "&" + body + "&&"} {
		pairs, err := limits().Form(request(text))
		require.NoError(t, err)
		require.Equal(t, want, pairs, "%q: as it came", text)
		stored, err := limits().Pairs([]byte(text))
		require.NoError(t, err)
		require.Equal(t, want, stored)
	}
	pairs, err := limits().Pairs([]byte("a=&b"))
	require.NoError(t, err)
	require.Equal(t, []sign.Pair{{Name: "a"}, {Name: "b"}}, pairs)
}

func TestFormRefuses(t *testing.T) {
	for body, says := range map[string]string{
		"":                        "empty body",
		"\ufeff \r\n":             "empty body",
		"hello":                   "not a form",
		"a%3D1%26b%3D2":           "encoded twice",
		"%zz=1":                   "not a form",
		"a=%zz":                   "not a form",
		"=1":                      "not a form",
		"a%26b=1":                 "not a form",
		"a%3Db=1":                 "not a form",
		"%ff=1":                   "not a form",
		"a=1&a=1":                 `"a" is duplicated`,
		"a=1&b=1&c=1&d=1":         "more than 3 fields",
		strings.Repeat("a=1", 34): "more than 100 bytes",
	} {
		pairs, err := limits().Form(request(body))
		require.ErrorContains(t, err, says, "%q", body)
		require.Nil(t, pairs)
		_, err = limits().Pairs([]byte(body))
		require.ErrorContains(t, err, says, "%q", body)
	}
	_, err := limits().Form(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	broken := request("")
	broken.Body = io.NopCloser(iotest.ErrReader(io.ErrUnexpectedEOF))
	_, err = limits().Form(broken)
	require.ErrorIs(t, err, cnpay.ErrTransport)
	require.NoError(t, received.UTF8([]sign.Pair{{Name: "a", Value: "中"}}))
	require.ErrorIs(t, received.UTF8([]sign.Pair{{Name: "a", Value: "\xff"}}), cnpay.ErrMalformed)
}

// What somebody has parsed is taken from there, and what somebody has read is gone.
func TestFormThatWasRead(t *testing.T) {
	r := request("b=2")
	require.NoError(t, r.ParseForm())
	pairs, err := limits().Form(r)
	require.NoError(t, err)
	require.Equal(t, []sign.Pair{{Name: "b", Value: "2"}}, pairs, "and nothing from the address")
	for _, form := range []url.Values{{"a": {"1", "1"}}, {"a&b": {"1"}}, {"a": {"1"}, "b": {"1"}, "c": {"1"}, "d": {"1"}}} {
		r = request("")
		r.PostForm = form
		_, err = limits().Form(r)
		require.ErrorIs(t, err, cnpay.ErrMalformed, form)
	}
	for name, read := range map[string]func(*http.Request){
		"read":          func(r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) },
		"gone":          func(r *http.Request) { r.Body = nil },
		"parsed as two": func(r *http.Request) { r.Header.Del("Content-Type"); _ = r.ParseForm(); _, _ = io.ReadAll(r.Body) },
	} {
		r = request("a=1")
		read(r)
		_, err = limits().Form(r)
		require.ErrorContains(t, err, "the body was read before", name)
	}
	var got error
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { // who closes what was read
		_, _ = io.ReadAll(r.Body)
		_ = r.Body.Close()
		_, got = limits().Form(r)
	}))
	defer server.Close()
	res, err := http.Post(server.URL, "application/x-www-form-urlencoded", io.MultiReader(strings.NewReader("a=1"))) // of no known length
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.ErrorContains(t, got, "the body was read before")
}

type notification struct{ cnpay.Answer }

func (*notification) Key() string          { return "" }
func (*notification) Operations() []string { return nil }

func TestHandler(t *testing.T) {
	var log bytes.Buffer
	var parsing, storing error
	stored := 0
	handler := received.Handler[*notification]{
		Provider: "upay", Logger: slog.New(slog.NewTextHandler(&log, nil)), Answer: received.Text("success"),
		Parse: func(*http.Request) (*notification, error) {
			return &notification{cnpay.Answer{Outcome: cnpay.Succeeded}}, parsing
		},
		Handle: func(context.Context, *notification) error { stored++; return storing },
		Attrs:  func(*notification) []slog.Attr { return []slog.Attr{slog.String("code", "PAID")} },
	}
	for _, tt := range []struct {
		method           string
		parsing, storing error
		status, stored   int
		text, logged     string
	}{
		{http.MethodPost, nil, nil, 200, 1, "success", `level=INFO msg="cnpay notification" provider=upay operation="" order="" outcome=succeeded code=PAID` + "\n"},
		{http.MethodGet, nil, nil, 405, 0, "only POST", ""},
		{http.MethodPost, errors.New("forged " + strings.Repeat("x", 1000)), nil, 400, 0, "not a genuine notification", `level=WARN msg="cnpay notification" provider=upay reason="forged `},
		{http.MethodPost, nil, errors.New("disk full"), 500, 1, "not stored", `outcome=succeeded code=PAID reason="disk full"`},
	} {
		log.Reset()
		stored, parsing, storing = 0, tt.parsing, tt.storing
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(tt.method, "/", nil))
		require.Equal(t, tt.status, w.Code)
		require.Equal(t, tt.text, w.Body.String())
		require.Equal(t, tt.stored, stored)
		require.Contains(t, log.String(), tt.logged)
		require.Less(t, log.Len(), 500, "what a forger wrote may be long")
	}
}
