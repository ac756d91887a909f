package transport_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// exchange is a request for url whose answer is a success when it can be read at all.
func exchange(url string) *transport.Exchange {
	return &transport.Exchange{
		Ticket: cnpay.Ticket{Provider: "p", Operation: "op", Order: "1"},
		Method: http.MethodPost, URL: url,
		Prepare: func() ([]byte, error) { return []byte("amount=1"), nil },
		Read: func(r *transport.Reply) (cnpay.Verdict, error) {
			return cnpay.Verdict{Outcome: cnpay.Succeeded, Code: fmt.Sprint(r.Status)}, nil
		},
	}
}

// journal is a Recorder that keeps what it hears.
type journal struct {
	mu       sync.Mutex
	refuse   error
	started  []cnpay.Ticket
	finished []cnpay.Call
	ctxErr   error
}

func (j *journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.started = append(j.started, t)
	return ctx, j.refuse
}

func (j *journal) Finished(ctx context.Context, _ cnpay.Ticket, c cnpay.Call) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.finished = append(j.finished, c)
	j.ctxErr = ctx.Err()
}

func do(t *testing.T, x *transport.Exchange, opts ...cnpay.Option) (outcome cnpay.Outcome, sent int, err error) {
	t.Helper()
	j := &journal{}
	s := cnpay.Settings{Retry: cnpay.Retry{MinWait: time.Millisecond, MaxWait: time.Millisecond}}.With(append(opts, cnpay.WithRecorder(j))...)
	err = transport.New(s.HTTPClient).Do(t.Context(), s, x)
	require.Len(t, j.finished, 1)
	return j.finished[0].Outcome, j.finished[0].Sent, err
}

func TestFaultsOfTheNetwork(t *testing.T) {
	for _, tt := range []struct {
		fault      cnpaytest.Fault
		cause      error
		repeatable int // how often a repeatable request arrives
	}{
		{cnpaytest.LostAnswer, cnpay.ErrTransport, 3},
		{cnpaytest.Reset, cnpay.ErrTransport, 3},
		{cnpaytest.HTTP502, cnpay.ErrHTTPStatus, 3},
		{cnpaytest.CutBody, cnpay.ErrTransport, 1},
		{cnpaytest.HugeBody, cnpay.ErrTooLarge, 1},
		{cnpaytest.Redirect, cnpay.ErrHTTPStatus, 1},
		{cnpaytest.Hang, context.DeadlineExceeded, 1},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			var gateway *testgateway.Server
			gateway = testgateway.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				gateway.Answer(w, r, gateway.Receive("op"), 200, "text/plain", []byte("respCode=00"))
			}))
			defer gateway.Close()
			gateway.AlwaysMisbehave("op", tt.fault)
			limit := cnpay.WithTimeout(5 * time.Second)
			if tt.fault == cnpaytest.Hang {
				limit = cnpay.WithTimeout(time.Second)
			}

			outcome, sent, err := do(t, exchange(gateway.URL), limit)
			require.Equal(t, cnpay.Unknown, outcome)
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, 1, sent)
			require.Equal(t, 1, gateway.Received("op"), "money must not be sent twice")

			x := exchange(gateway.URL)
			x.Repeatable = true
			outcome, sent, err = do(t, x, limit)
			require.Equal(t, cnpay.Unknown, outcome)
			require.ErrorIs(t, err, tt.cause)
			require.Equal(t, tt.repeatable, sent)
			require.Equal(t, 1+tt.repeatable, gateway.Received("op"))
		})
	}
}

func TestNothingLeft(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := "http://" + l.Addr().String()
	require.NoError(t, l.Close())
	untrusted := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("reached") }))
	untrusted.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	untrusted.StartTLS()
	defer untrusted.Close()

	for name, url := range map[string]string{
		"connection refused": closed, "no such host": "http://gateway.invalid", "untrusted certificate": untrusted.URL,
	} {
		t.Run(name, func(t *testing.T) {
			outcome, sent, err := do(t, exchange(url))
			require.Equal(t, cnpay.NotSent, outcome)
			require.Zero(t, sent)
			require.ErrorIs(t, err, cnpay.ErrTransport)
			require.NotContains(t, err.Error(), "http", "a URL may hold what must not be logged")
		})
	}
	t.Run("context already over", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		gaveUp := errors.New("gave up")
		cancel(gaveUp)
		err := transport.New(nil).Do(ctx, cnpay.Settings{}, exchange(closed))
		require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
		require.ErrorIs(t, err, gaveUp)
	})
}

// flaky fails each attempt in turn, telling httptrace what a real transport would, and succeeds after that.
type flaky struct {
	attempts []attempt
	made     []time.Duration
	begun    time.Time
}

type attempt struct {
	connected bool
	status    int
	header    http.Header
}

func (f *flaky) RoundTrip(req *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(req.Context())
	trace.GetConn("gateway:443")
	n := len(f.made)
	f.made = append(f.made, time.Since(f.begun))
	a := attempt{connected: true, status: 200}
	if n < len(f.attempts) {
		a = f.attempts[n]
	}
	if a.connected {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	if a.status == 0 {
		return nil, io.ErrUnexpectedEOF
	}
	if a.header == nil {
		a.header = http.Header{}
	}
	return &http.Response{StatusCode: a.status, Header: a.header, Body: http.NoBody, Request: req}, nil
}

func TestRetry(t *testing.T) {
	unreachable, lost := attempt{}, attempt{connected: true}
	for name, tt := range map[string]struct {
		attempts   []attempt
		repeatable bool
		retry      cnpay.Retry
		outcome    cnpay.Outcome
		sent       int
		made       int
		least      time.Duration // between the first and the last attempt
		most       time.Duration
	}{
		"money, never left":            {[]attempt{unreachable, unreachable}, false, cnpay.Retry{}, cnpay.Succeeded, 1, 3, 300 * time.Millisecond, 600 * time.Millisecond},
		"money, never left at all":     {[]attempt{unreachable, unreachable, unreachable}, false, cnpay.Retry{}, cnpay.NotSent, 0, 3, 300 * time.Millisecond, 600 * time.Millisecond},
		"money, may have left":         {[]attempt{lost}, false, cnpay.Retry{}, cnpay.Unknown, 1, 1, 0, 0},
		"money, may have left second":  {[]attempt{unreachable, lost}, false, cnpay.Retry{}, cnpay.Unknown, 1, 2, 100 * time.Millisecond, 200 * time.Millisecond},
		"query, lost":                  {[]attempt{lost, lost}, true, cnpay.Retry{}, cnpay.Succeeded, 3, 3, 300 * time.Millisecond, 600 * time.Millisecond},
		"query, lost then unreachable": {[]attempt{lost, unreachable, unreachable}, true, cnpay.Retry{}, cnpay.Unknown, 1, 3, 300 * time.Millisecond, 600 * time.Millisecond},
		"query, never repeat":          {[]attempt{lost}, true, cnpay.Retry{Attempts: 1}, cnpay.Unknown, 1, 1, 0, 0},
		"query, busy gateway": {[]attempt{{true, 503, http.Header{"Retry-After": {"1"}}}}, true, cnpay.Retry{},
			cnpay.Succeeded, 2, 2, time.Second, time.Second},
		"query, absurd Retry-After": {[]attempt{{true, 429, http.Header{"Retry-After": {"9999999999999"}}}}, true, cnpay.Retry{},
			cnpay.Succeeded, 2, 2, 3 * time.Second, 3 * time.Second},
		"query, Retry-After beyond any number": {[]attempt{{true, 429, http.Header{"Retry-After": {"99999999999999999999"}}}}, true, cnpay.Retry{},
			cnpay.Succeeded, 2, 2, 3 * time.Second, 3 * time.Second},
		"query, negative Retry-After": {[]attempt{{true, 429, http.Header{"Retry-After": {"-99999999999999999999"}}}}, true, cnpay.Retry{},
			cnpay.Succeeded, 2, 2, 100 * time.Millisecond, 200 * time.Millisecond},
		"money, busy gateway": {[]attempt{{true, 503, http.Header{"Retry-After": {"1"}}}}, false, cnpay.Retry{}, cnpay.Unknown, 1, 1, 0, 0},
		"query, long ladder": {[]attempt{lost, lost, lost, lost, lost, lost}, true,
			cnpay.Retry{Attempts: 7, MinWait: time.Second, MaxWait: 4 * time.Second}, cnpay.Succeeded, 7, 7, 9 * time.Second, 19 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := &flaky{attempts: tt.attempts, begun: time.Now()}
				j := &journal{}
				s := cnpay.Settings{}.With(cnpay.WithRecorder(j), cnpay.WithRetry(tt.retry))
				x := exchange("https://gateway")
				x.Repeatable = tt.repeatable
				signed := 0
				x.Authorize = func(h http.Header, body []byte) error {
					signed++
					require.Equal(t, "amount=1", string(body))
					return nil
				}
				err := transport.New(&http.Client{Transport: f}).Do(t.Context(), s, x)
				require.Equal(t, tt.outcome, j.finished[0].Outcome)
				require.Equal(t, tt.outcome == cnpay.Succeeded, err == nil)
				require.Equal(t, tt.sent, j.finished[0].Sent)
				require.Len(t, f.made, tt.made)
				require.Equal(t, tt.made, signed, "every attempt is signed again")
				took := f.made[len(f.made)-1]
				require.GreaterOrEqual(t, took, tt.least)
				require.LessOrEqual(t, took, tt.most)
			})
		})
	}
}

// TestSignedQueryIsSignedForEachSending: net/http itself would send a request without a body again when its kept
// connection is lost, with the signature that the gateway has seen.
func TestSignedQueryIsSignedForEachSending(t *testing.T) {
	var seen []string
	var gateway *testgateway.Server
	gateway = testgateway.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Method+" "+r.Header.Get("Nonce"))
		require.Empty(t, r.Header.Get("Transfer-Encoding")+r.Header.Get("Content-Length"))
		gateway.Answer(w, r, gateway.Receive("op"), 200, "text/plain", []byte("respCode=00"))
	}))
	defer gateway.Close()
	gateway.Misbehave("op", cnpaytest.OK, cnpaytest.LostAnswer)
	c := transport.New(nil)
	s := cnpay.Settings{Retry: cnpay.Retry{MinWait: time.Millisecond, MaxWait: time.Millisecond}}
	signed := 0
	for range 2 {
		x := exchange(gateway.URL)
		x.Method, x.Repeatable, x.Header = http.MethodGet, true, http.Header{}
		x.Prepare = func() ([]byte, error) { return nil, nil }
		x.Authorize = func(h http.Header, _ []byte) error {
			signed++
			h.Set("Nonce", fmt.Sprint(signed))
			return nil
		}
		require.NoError(t, c.Do(t.Context(), s, x))
	}
	require.Equal(t, []string{"GET 1", "GET 2", "GET 3"}, seen)
}

func TestDeadlineDuringBackoff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{attempts: []attempt{{connected: true}, {connected: true}}, begun: time.Now()}
		x := exchange("https://gateway")
		x.Repeatable = true
		ctx, cancel := context.WithCancelCause(t.Context())
		gaveUp := errors.New("gave up")
		time.AfterFunc(50*time.Millisecond, func() { cancel(gaveUp) })
		err := transport.New(&http.Client{Transport: f}).Do(ctx, cnpay.Settings{}, x)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, io.ErrUnexpectedEOF, "the attempt's own error must not be lost")
		require.Equal(t, 50*time.Millisecond, time.Since(f.begun), "the context rules every wait")
	})
}

func TestNoAttemptThatCannotFinish(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &flaky{attempts: []attempt{{}, {}}, begun: time.Now()}
		s := cnpay.Settings{}.With(cnpay.WithTimeout(time.Second), cnpay.WithRetry(cnpay.Retry{MinWait: time.Hour, MaxWait: time.Hour}))
		err := transport.New(&http.Client{Transport: f}).Do(t.Context(), s, exchange("https://gateway"))
		require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
		require.Zero(t, time.Since(f.begun))
	})
}

// opaque is a transport that does not report what it does.
type opaque struct{}

func (opaque) RoundTrip(*http.Request) (*http.Response, error) { return nil, io.ErrUnexpectedEOF }

func TestUntracedTransportIsNeverNotSent(t *testing.T) {
	outcome, sent, err := do(t, exchange("https://gateway"), cnpay.WithHTTPClient(&http.Client{Transport: opaque{}}))
	require.Equal(t, cnpay.Unknown, outcome)
	require.Equal(t, 1, sent)
	require.ErrorIs(t, err, io.ErrUnexpectedEOF)
}

// TestCancelWhileSending cancels at random moments: whatever arrived must never be called NotSent.
func TestCancelWhileSending(t *testing.T) {
	var arrived sync.Map
	gateway := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.Copy(io.Discard, r.Body); err == nil { // headers alone move nothing
			arrived.Store(r.Header.Get("N"), true)
		}
		<-r.Context().Done()
	}))
	defer gateway.Close()
	c := transport.New(nil)
	outcomes := map[string]cnpay.Outcome{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range 400 {
		wg.Go(func() {
			n := fmt.Sprint(i)
			ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%40)*100*time.Microsecond)
			defer cancel()
			x := exchange(gateway.URL)
			x.Header = http.Header{"N": {n}}
			err := c.Do(ctx, cnpay.Settings{}, x)
			mu.Lock()
			defer mu.Unlock()
			outcomes[n] = cnpay.OutcomeOf(nil, err)
		})
	}
	wg.Wait()
	time.Sleep(50 * time.Millisecond)
	arrived.Range(func(n, _ any) bool {
		require.Equal(t, cnpay.Unknown, outcomes[n.(string)])
		return true
	})
}

func TestFailureLeavesThePoolAlone(t *testing.T) {
	var connections atomic.Int32
	gateway := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	gateway.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	gateway.Start()
	defer gateway.Close()
	c := transport.New(nil)
	for range 3 {
		require.NoError(t, c.Do(t.Context(), cnpay.Settings{}, exchange(gateway.URL)))
		require.Error(t, c.Do(t.Context(), cnpay.Settings{}.With(cnpay.WithRetry(cnpay.Retry{Attempts: 1})), exchange("http://gateway.invalid")))
	}
	require.EqualValues(t, 1, connections.Load(), "a failure elsewhere must not close this host's connections")
}

func TestRecorder(t *testing.T) {
	j := &journal{refuse: errors.New("disk full")}
	err := transport.New(&http.Client{Transport: opaque{}}).Do(t.Context(), cnpay.Settings{}.With(cnpay.WithRecorder(j)), exchange("https://gateway"))
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, j.refuse)
	require.Empty(t, j.finished)

	j = &journal{}
	ctx, cancel := context.WithCancel(t.Context())
	x := exchange("https://gateway")
	x.Read = func(*transport.Reply) (cnpay.Verdict, error) {
		cancel()
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: "36", Message: "differs"}, nil
	}
	err = transport.New(&http.Client{Transport: &flaky{}}).Do(ctx, cnpay.Settings{}.With(cnpay.WithRecorder(j)), x)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, []cnpay.Ticket{x.Ticket}, j.started)
	require.Len(t, j.finished, 1)
	require.NoError(t, j.ctxErr, "the outcome must be storable after the caller has gone")
	require.Equal(t, "36", j.finished[0].Code)
	require.Equal(t, err, j.finished[0].Err)
}

func TestPrepareDecidesBeforeAnythingIsSent(t *testing.T) {
	for _, tt := range []struct {
		err     error
		outcome cnpay.Outcome
	}{
		{&cnpay.InvalidRequestError{}, cnpay.Failed},
		{errors.New("the key store is down"), cnpay.NotSent},
	} {
		j := &journal{}
		x := exchange("https://gateway")
		x.Prepare = func() ([]byte, error) { return nil, tt.err }
		err := transport.New(&http.Client{Transport: opaque{}}).Do(t.Context(), cnpay.Settings{}.With(cnpay.WithRecorder(j)), x)
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(nil, err))
		require.ErrorIs(t, err, tt.err)
		require.Empty(t, j.started)
	}
}

func TestLogIsAnAllowList(t *testing.T) {
	var log bytes.Buffer
	l := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	x := exchange("https://gateway/path?token=s3cret")
	x.Header = http.Header{"Authorization": {"s3cret"}}
	x.Prepare = func() ([]byte, error) { return []byte("accNo=s3cret"), nil }
	x.Read = func(r *transport.Reply) (cnpay.Verdict, error) {
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: "36", Message: "s3cret"}, errors.New("s3cret")
	}
	err := transport.New(&http.Client{Transport: &flaky{}}).Do(t.Context(), cnpay.Settings{}.With(cnpay.WithLogger(l)), x)
	require.Error(t, err)
	require.NotContains(t, log.String(), "s3cret")
	require.Contains(t, log.String(), "outcome=failed")
	require.Contains(t, log.String(), "operation=op")
	require.Equal(t, 2, strings.Count(log.String(), "\n"))
}

func TestGateway(t *testing.T) {
	for address, want := range map[string]string{
		"https://gateway.95516.com":   "https://gateway.95516.com",
		"https://gateway.95516.com/":  "https://gateway.95516.com",
		"https://gateway:8443":        "https://gateway:8443",
		"http://127.0.0.1:9001":       "http://127.0.0.1:9001",
		"http://[::1]:9001":           "http://[::1]:9001",
		"http://localhost:9001":       "http://localhost:9001",
		"http://gateway.95516.com":    "",
		"http://127.0.0.1.evil.com":   "",
		"gateway.95516.com":           "",
		"":                            "",
		"ftp://gateway":               "",
		"https://user:pw@gateway":     "",
		"https://gateway/path":        "",
		"https://gateway?a=b":         "",
		"https://gateway#x":           "",
		"https://:443":                "",
		"https://gate way":            "",
		"http://169.254.169.254":      "",
		"https://gateway.95516.com//": "https://gateway.95516.com",
	} {
		got, err := transport.Gateway(address, false)
		require.Equal(t, want, got, address)
		require.Equal(t, want == "", err != nil, address)
		if err != nil {
			require.NotContains(t, err.Error(), "pw")
		}
	}
	got, err := transport.Gateway("http://10.0.0.1:8080", true)
	require.NoError(t, err)
	require.Equal(t, "http://10.0.0.1:8080", got)
}

// Some operations have a host of their own, which the ticket does not name.
func TestHostThatWasCalled(t *testing.T) {
	for url, want := range map[string]string{
		"https://vip-apigateway.example/api":     "vip-apigateway.example",
		"http://127.0.0.1:8080/files?day=0101//": "127.0.0.1:8080",
		"https://[::1]:8443":                     "[::1]:8443",
	} {
		j := &journal{}
		x := exchange(url)
		x.Ticket.Gateway = "another.example"
		s := cnpay.Settings{}.With(cnpay.WithRecorder(j), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		_ = transport.New(&http.Client{Transport: canned{}}).Do(t.Context(), s, x)
		require.Equal(t, want, j.finished[0].Host)
	}
}
