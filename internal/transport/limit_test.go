package transport_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/pool"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// counting is a gateway that counts the requests that arrive whole.
func counting(t *testing.T, http2 bool) (_ *httptest.Server, whole *atomic.Int32) {
	whole = new(atomic.Int32)
	gateway := httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err == nil {
			whole.Add(1)
		}
	}))
	gateway.EnableHTTP2 = http2
	gateway.StartTLS()
	t.Cleanup(gateway.Close)
	return gateway, whole
}

// hook is a recorder whose Started does something.
type hook struct {
	started  func(context.Context) (context.Context, error)
	finished func(context.Context, cnpay.Ticket, cnpay.Call)
}

func (h hook) Started(ctx context.Context, _ cnpay.Ticket) (context.Context, error) {
	return h.started(ctx)
}

func (h hook) Finished(ctx context.Context, t cnpay.Ticket, c cnpay.Call) { h.finished(ctx, t, c) }

// A process that was suspended behind Started wakes up with timers that have not fired: only the wall clock knows.
func TestNothingIsSentPastTheLimitByTheWallClock(t *testing.T) {
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			gateway, whole := counting(t, http2)
			var jump atomic.Int64
			var finished cnpay.Call
			s := cnpay.Settings{}.With(
				cnpay.WithTimeout(time.Minute),
				cnpay.WithClock(func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }),
				cnpay.WithRecorder(hook{
					started: func(ctx context.Context) (context.Context, error) {
						jump.Add(int64(61 * time.Second))
						return ctx, nil
					},
					finished: func(_ context.Context, _ cnpay.Ticket, c cnpay.Call) { finished = c },
				}))
			client := transport.New(gateway.Client())
			for range 20 {
				err := client.Do(t.Context(), s, exchange(gateway.URL))
				require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
				require.ErrorContains(t, err, "time limit had passed")
				require.ErrorIs(t, err, context.DeadlineExceeded)
				require.Zero(t, finished.Sent)
			}
			require.Zero(t, whole.Load(), "a whole request arrived")

			still := s.With(cnpay.WithClock(time.Now))
			require.NoError(t, client.Do(t.Context(), still, exchange(gateway.URL)))
			require.EqualValues(t, 1, whole.Load())
		})
	}
}

func TestTheLimitCoversStarted(t *testing.T) {
	gateway, whole := counting(t, false)
	for name, took := range map[string]bool{"in time": false, "too long": true} {
		t.Run(name, func(t *testing.T) {
			whole.Store(0)
			var finished cnpay.Call
			s := cnpay.Settings{}.With(cnpay.WithTimeout(time.Second), cnpay.WithRecorder(hook{
				started: func(ctx context.Context) (context.Context, error) {
					_, limited := ctx.Deadline()
					require.True(t, limited)
					if took {
						time.Sleep(1100 * time.Millisecond) // a recorder that does not look at its context
					}
					return context.Background(), nil // and returns another
				},
				finished: func(_ context.Context, _ cnpay.Ticket, c cnpay.Call) { finished = c },
			}))
			err := transport.New(gateway.Client()).Do(t.Context(), s, exchange(gateway.URL))
			if took {
				require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
				require.Equal(t, cnpay.NotSent, finished.Outcome)
				require.Zero(t, whole.Load())
				return
			}
			require.NoError(t, err)
		})
	}
}

func TestTicketSaysWhenTheCallMayBeSent(t *testing.T) {
	gateway, _ := counting(t, false)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	s := cnpay.Settings{}.With(cnpay.WithClock(func() time.Time { return now }), cnpay.WithTimeout(30*time.Second), cnpay.WithSending(2))
	x := exchange(gateway.URL)
	require.NoError(t, transport.New(gateway.Client()).Do(t.Context(), s, x))
	require.Equal(t, now, x.Ticket.Began)
	require.Equal(t, now.Add(30*time.Second), x.Ticket.Until)
	require.Equal(t, 2, x.Ticket.Sending)

	x = exchange(gateway.URL)
	x.Ticket.Until = now.Add(time.Hour) // the end of an order that is paid later
	require.NoError(t, transport.New(gateway.Client()).Do(t.Context(), s, x))
	require.Equal(t, now.Add(time.Hour), x.Ticket.Until)
}

// TestALaterSending: that it was refused, or not sent, says nothing about the sending before it. A recorder that knows
// the order does.
func TestALaterSending(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer gateway.Close()
	refused := exchange(gateway.URL)
	refused.Read = func(*transport.Reply) (cnpay.Verdict, error) {
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: "12"}, nil
	}
	invalid := exchange(gateway.URL)
	invalid.Prepare = func() ([]byte, error) { return nil, &cnpay.InvalidRequestError{} }
	for name, tt := range map[string]struct {
		x       *transport.Exchange
		stops   error
		alone   cnpay.Outcome
		outcome cnpay.Outcome // of the second sending
		cause   error
	}{
		"refused":               {refused, nil, cnpay.Failed, cnpay.Unknown, cnpay.ErrRefused},
		"refused here":          {invalid, nil, cnpay.Failed, cnpay.Unknown, cnpay.ErrInvalidRequest},
		"not sent":              {exchange("http://127.0.0.1:1"), nil, cnpay.NotSent, cnpay.Unknown, cnpay.ErrTransport},
		"stopped":               {exchange(gateway.URL), io.EOF, cnpay.NotSent, cnpay.Unknown, io.EOF},
		"stopped by what knows": {exchange(gateway.URL), &cnpay.Error{Outcome: cnpay.Failed, Err: io.EOF}, cnpay.Failed, cnpay.Failed, io.EOF},
		"done":                  {exchange(gateway.URL), nil, cnpay.Succeeded, cnpay.Succeeded, nil},
	} {
		t.Run(name, func(t *testing.T) {
			for sending, want := range []cnpay.Outcome{tt.alone, tt.outcome} {
				j := &journal{}
				err := transport.New(nil).Do(t.Context(), cnpay.Settings{}.With(
					cnpay.WithSending(sending), cnpay.WithRetry(cnpay.Retry{Attempts: 1}), cnpay.WithRecorder(j),
					cnpay.WithRecorder(hook{
						started:  func(ctx context.Context) (context.Context, error) { return ctx, tt.stops },
						finished: func(context.Context, cnpay.Ticket, cnpay.Call) {},
					})), tt.x)
				if err != nil {
					require.Equal(t, want, cnpay.OutcomeOf(nil, err))
				} else {
					require.Equal(t, cnpay.Succeeded, want)
				}
				require.ErrorIs(t, err, tt.cause)
				if len(j.finished) > 0 {
					require.Equal(t, tt.alone, j.finished[0].Outcome, "a recorder hears of this sending")
				}
			}
		})
	}
}

// A recorder may know of an earlier sending that the caller does not know of.
func TestSendingOfARecorder(t *testing.T) {
	for n, want := range []cnpay.Outcome{cnpay.Failed, cnpay.Unknown} {
		x := exchange("https://gateway")
		x.Read = func(*transport.Reply) (cnpay.Verdict, error) { return cnpay.Verdict{Outcome: cnpay.Failed}, nil }
		var heard cnpay.Ticket
		err := transport.New(&http.Client{Transport: &flaky{}}).Do(t.Context(), cnpay.Settings{}.With(cnpay.WithRecorder(hook{
			started:  func(ctx context.Context) (context.Context, error) { return cnpay.ContextWithSending(ctx, n), nil },
			finished: func(_ context.Context, t cnpay.Ticket, _ cnpay.Call) { heard = t },
		})), x)
		require.Equal(t, want, cnpay.OutcomeOf(nil, err))
		require.Equal(t, n, cnpay.TicketOf(nil, err).Sending)
		require.Equal(t, n, heard.Sending)
	}
}

// TestARepeatThatIsRefused: the repeat of a request whose answer was lost, in the same call, says nothing about it.
func TestARepeatThatIsRefused(t *testing.T) {
	var gateway *testgateway.Server
	gateway = testgateway.Start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		gateway.Answer(w, r, gateway.Receive("op"), 200, "text/plain", []byte("respCode=36"))
	}))
	defer gateway.Close()
	for sent, want := range map[int]cnpay.Outcome{1: cnpay.Failed, 2: cnpay.Unknown} {
		if sent == 2 {
			gateway.Misbehave("op", cnpaytest.HTTP502)
		}
		x := exchange(gateway.URL)
		x.Repeatable = true
		x.Read = func(*transport.Reply) (cnpay.Verdict, error) { return cnpay.Verdict{Outcome: cnpay.Failed}, nil }
		outcome, times, err := do(t, x)
		require.Equal(t, sent, times)
		require.Equal(t, want, outcome)
		require.Equal(t, want, cnpay.OutcomeOf(nil, err))
		require.ErrorIs(t, err, cnpay.ErrRefused)
	}
}

func TestRecordersAddUp(t *testing.T) {
	type key struct{}
	var heard []string
	record := func(name string, refuse error) cnpay.Recorder {
		return hook{
			started: func(ctx context.Context) (context.Context, error) {
				before, _ := ctx.Value(key{}).(string)
				heard = append(heard, before+name)
				return context.WithValue(ctx, key{}, before+name), refuse
			},
			finished: func(ctx context.Context, ticket cnpay.Ticket, c cnpay.Call) {
				require.Equal(t, "op", ticket.Operation)
				heard = append(heard, name+" heard "+c.Outcome.String()+" in "+ctx.Value(key{}).(string))
			},
		}
	}
	s := cnpay.Settings{}.With(cnpay.WithRecorder(record("a", nil)), cnpay.WithRecorder(record("b", nil)), cnpay.WithRecorder(nil))
	client := transport.New(&http.Client{Transport: &flaky{}})
	require.NoError(t, client.Do(t.Context(), s, exchange("https://gateway")))
	require.Equal(t, []string{"a", "ab", "b heard succeeded in ab", "a heard succeeded in ab"}, heard)

	heard = nil
	full := errors.New("disk full")
	err := client.Do(t.Context(), s.With(cnpay.WithRecorder(record("c", full))), exchange("https://gateway"))
	require.ErrorIs(t, err, full)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.Equal(t, []string{"a", "ab", "abc", "b heard not_sent in ab", "a heard not_sent in ab"}, heard)
}

func TestRecorderThatKnowsTheOrder(t *testing.T) {
	taken := &cnpay.Error{Outcome: cnpay.Unknown, Err: errors.New("this order is open")}
	s := cnpay.Settings{}.With(cnpay.WithRecorder(&journal{refuse: taken}))
	err := transport.New(&http.Client{Transport: opaque{}}).Do(t.Context(), s, exchange("https://gateway"))
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, taken.Err)
	require.Equal(t, "op", cnpay.TicketOf(nil, err).Operation)
	require.Empty(t, taken.Ticket, "the recorder's own error is not changed")
}

func TestQueryIsAnsweredOrUnknown(t *testing.T) {
	for outcome, want := range map[cnpay.Outcome]cnpay.Outcome{
		cnpay.Succeeded: cnpay.Answered, cnpay.Failed: cnpay.Unknown, cnpay.Unknown: cnpay.Unknown,
	} {
		x := exchange("https://gateway")
		x.Query = true
		x.Read = func(*transport.Reply) (cnpay.Verdict, error) { return cnpay.Verdict{Outcome: outcome, Code: "7"}, nil }
		j := &journal{}
		err := transport.New(&http.Client{Transport: &flaky{}}).Do(t.Context(), cnpay.Settings{}.With(cnpay.WithRecorder(j)), x)
		require.Equal(t, want, j.finished[0].Outcome)
		require.Equal(t, want == cnpay.Answered, err == nil)
		if err != nil {
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
			require.Equal(t, outcome == cnpay.Failed, errors.Is(err, cnpay.ErrRefused), "the cause is not lost")
		}
	}
	for _, prepared := range []error{&cnpay.InvalidRequestError{}, errors.New("the key store is down")} {
		x := exchange("https://gateway")
		x.Query = true
		x.Prepare = func() ([]byte, error) { return nil, prepared }
		err := transport.New(&http.Client{Transport: opaque{}}).Do(t.Context(), cnpay.Settings{}, x)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
		require.ErrorIs(t, err, prepared)
	}
}

func TestUnsignedAttemptIsNotSent(t *testing.T) {
	gateway, whole := counting(t, false)
	broken := errors.New("the key store is down")
	x := exchange(gateway.URL)
	x.Authorize = func(http.Header, []byte) error { return broken }
	err := transport.New(gateway.Client()).Do(t.Context(), cnpay.Settings{}, x)
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, broken)
	require.Zero(t, whole.Load())
}

func TestAnswerOfExactlyTheLimit(t *testing.T) {
	for _, announced := range []bool{true, false} {
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte("1234"))
			if !announced {
				w.(http.Flusher).Flush()
			}
			_, _ = w.Write([]byte("5678"))
		}))
		for limit, want := range map[int64]error{8: nil, 7: cnpay.ErrTooLarge} {
			x := exchange(gateway.URL)
			x.Limit = limit
			err := transport.New(nil).Do(t.Context(), cnpay.Settings{}, x)
			require.ErrorIs(t, err, want)
		}
		gateway.Close()
	}
}

func TestStatusOfWhatStandsBeforeTheGateway(t *testing.T) {
	for status, words := range map[int]string{404: "404 Not Found", 413: "413 Request Entity Too Large", 429: "429 Too Many Requests", 407: "proxy", 502: "502 Bad Gateway"} {
		gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
		x := exchange(gateway.URL)
		x.Read = func(*transport.Reply) (cnpay.Verdict, error) { return cnpay.Verdict{}, cnpay.ErrMalformed }
		err := transport.New(nil).Do(t.Context(), cnpay.Settings{}, x)
		require.ErrorIs(t, err, cnpay.ErrHTTPStatus)
		require.ErrorContains(t, err, words)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
		gateway.Close()
	}
}

func TestProxyThatRefuses(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) }))
	defer proxy.Close()
	through := pool.New()
	through.Proxy = func(*http.Request) (*url.URL, error) { return url.Parse(proxy.URL) }
	err := transport.New(&http.Client{Transport: through}).Do(t.Context(), cnpay.Settings{}, exchange("https://gateway.invalid"))
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "proxy refused: 403 Forbidden")
}

func TestDump(t *testing.T) {
	gateway := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("pin=1234")) }))
	defer gateway.Close()
	var dumps []cnpay.Dump
	s := cnpay.Settings{}.With(cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps = append(dumps, d) }))
	x := exchange(gateway.URL + "/pay")
	x.Header = http.Header{"Accept": {"text/plain"}}
	x.Mask = func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("1234"), []byte("****")) }
	require.NoError(t, transport.New(nil).Do(t.Context(), s, x))
	require.Len(t, dumps, 1)
	require.Equal(t, "POST "+gateway.URL+"/pay\nAccept: text/plain\n\namount=1", dumps[0].Request)
	require.Contains(t, dumps[0].Answer, "200 OK\n")
	require.True(t, strings.HasSuffix(dumps[0].Answer, "\npin=****"))

	x = exchange("http://gateway.invalid")
	require.Error(t, transport.New(nil).Do(t.Context(), s, x))
	require.Contains(t, dumps[1].Request, "[not shown]")
	require.Empty(t, dumps[1].Answer)
}
