package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptrace"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-retryablehttp"

	"github.com/cnpay-go/cnpay"
)

// exchangeState is one exchange under way. Only the flags are touched by other goroutines.
type exchangeState struct {
	exchange *Exchange
	settings cnpay.Settings
	limit    limit

	attempt int
	sent    int // attempts of which a byte may have left
	status  int
	err     error // of the last attempt, kept because the end of a context would hide it
	wait    time.Duration

	traced    atomic.Bool // the transport reports what it does
	connected atomic.Bool // this attempt was given a connection, so it may have been written
	http2     atomic.Bool // that connection is of HTTP/2
	begun     atomic.Bool // this attempt was written to it, at least in part
	late      atomic.Bool // this attempt was refused its body, because the call's time was over
	read      atomic.Bool // this attempt's body was read, at least in part
}

// roundTrip makes the attempts. go-retryablehttp drives them with none of its own defaults; a Client of its own
// per call costs one allocation and lets the policy be plain closures over the state.
func (r *exchangeState) roundTrip(ctx context.Context, c *http.Client, body []byte) (*http.Response, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrTransport, context.Cause(ctx))
	}
	x := r.exchange
	// A connection is handed out before the first byte is written to it, and from this goroutine. Any later
	// mark (WroteHeaders) could be set after a cancelled RoundTrip has returned.
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GetConn: func(string) { r.traced.Store(true) },
		GotConn: func(info httptrace.GotConnInfo) {
			r.connected.Store(true)
			conn, ok := info.Conn.(*tls.Conn)
			r.http2.Store(ok && conn.ConnectionState().NegotiatedProtocol == "h2")
		},
		WroteHeaders: func() { r.begun.Store(true) },
	})
	var content any
	if len(body) > 0 || x.Authorize != nil {
		content = func() (io.Reader, error) {
			b := &looking{state: r}
			b.body.Reset(body)
			return b, nil
		}
	}
	req, err := retryablehttp.NewRequestWithContext(ctx, x.Method, x.URL, content)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", cnpay.ErrTransport, withoutURL(err))
	}
	if again := req.GetBody; len(body) == 0 {
		req.GetBody = nil // a signed query would be sent again by net/http itself, under a nonce that was used
	} else {
		req.GetBody = func() (io.ReadCloser, error) {
			if !r.mayReplay() {
				return nil, errReplay
			}
			return again()
		}
	}
	if x.Header != nil {
		req.Header = x.Header
	}
	authorize := func(req *http.Request) error {
		r.attempt++
		for _, flag := range [...]*atomic.Bool{&r.traced, &r.connected, &r.http2, &r.begun, &r.late, &r.read} {
			flag.Store(false)
		}
		if x.Authorize == nil {
			return nil
		}
		return x.Authorize(req.Header, body)
	}
	if err := authorize(req.Request); err != nil {
		return nil, fmt.Errorf("signing: %w", err)
	}
	attempts := r.settings.Retry.Attempts
	if attempts <= 0 {
		attempts = 3
	}
	driver := retryablehttp.Client{
		HTTPClient:   c,
		RetryMax:     attempts - 1,
		CheckRetry:   r.checkRetry,
		Backoff:      func(time.Duration, time.Duration, int, *http.Response) time.Duration { return r.wait },
		ErrorHandler: retryablehttp.PassthroughErrorHandler,
		PrepareRetry: authorize,
	}
	res, err := driver.Do(req)
	if err != nil {
		if r.err != nil && !errors.Is(err, r.err) {
			err = errors.Join(withoutURL(err), withoutURL(r.err))
		}
		return nil, fmt.Errorf("%w: %w", cnpay.ErrTransport, withoutURL(err))
	}
	return res, nil
}

// errReplay ends what net/http would do again without a word.
var errReplay = errors.New("the connection was lost after the request was sent")

// mayReplay is asked when net/http wants to send the body again by a rule of its own. Over HTTP/1 it does so only after
// a kept connection turned out to be dead before a byte was written. Over HTTP/2 it does so without end after some
// resets of a stream, of a request that had arrived whole. What may be repeated is repeated by checkRetry, and counted.
func (r *exchangeState) mayReplay() bool {
	return r.traced.Load() && !(r.http2.Load() && r.begun.Load())
}

// unanswered is the outcome of an exchange that no answer came to.
func (r *exchangeState) unanswered() cnpay.Outcome {
	if r.sent == 0 {
		return cnpay.NotSent
	}
	return cnpay.Unknown
}

// checkRetry is called after every attempt; it keeps the books and decides whether another may follow.
func (r *exchangeState) checkRetry(ctx context.Context, res *http.Response, err error) (bool, error) {
	kept := r.late.Load() && !r.read.Load()
	left := !kept && (res != nil || r.connected.Load() || !r.traced.Load())
	if left {
		r.sent++
	}
	r.err = err
	if l := r.settings.Logger; l != nil {
		status := 0
		if res != nil {
			status = res.StatusCode
		}
		l.LogAttrs(ctx, slog.LevelDebug, "cnpay attempt", append(about(r.exchange.Ticket),
			slog.Int("attempt", r.attempt), slog.Bool("left", left), slog.Int("status", status))...)
	}
	switch {
	case ctx.Err() != nil || kept || err != nil && untrusted(err):
		return false, nil
	case left && !r.exchange.Repeatable:
		return false, nil
	case res != nil && res.StatusCode < 500 && res.StatusCode != http.StatusTooManyRequests:
		return false, nil
	}
	r.wait = backoff(r.settings.Retry, r.attempt, res)
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= r.wait {
		return false, nil
	}
	return true, nil
}

// untrusted reports whether a server's certificate was refused, which no repeat changes.
func untrusted(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e)
}

func backoff(p cnpay.Retry, attempt int, res *http.Response) time.Duration {
	shortest, longest := p.MinWait, p.MaxWait
	if shortest <= 0 {
		shortest = 200 * time.Millisecond
	}
	if longest <= 0 {
		longest = 2 * time.Second
	}
	if res != nil {
		// What is too large for an int64 is the largest one beside an error.
		s, err := strconv.ParseInt(res.Header.Get("Retry-After"), 10, 64)
		if (err == nil || errors.Is(err, strconv.ErrRange)) && s >= 0 {
			return time.Duration(min(s, int64(longest/time.Second)+1)) * time.Second
		}
	}
	d := min(shortest<<min(attempt-1, 16), longest)
	return d/2 + rand.N(d/2+1)
}
