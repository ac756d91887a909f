// Package transport is the one way out: it sends what a provider package built, at most once where money moves,
// and says for certain whether a request may have left this machine.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
)

// DefaultTimeout limits a whole call, repeats included, where neither the caller nor the provider's documents say else.
const DefaultTimeout = 60 * time.Second

// DefaultLimit caps an answer's size.
const DefaultLimit = 1 << 20

// Client sends the exchanges of one provider client.
type Client struct {
	http *http.Client
}

// New makes a client that shares c's transport, or has one of its own where c is nil.
func New(c *http.Client) *Client {
	var own http.Client
	if c != nil {
		own = *c
	}
	if own.Transport == nil {
		own.Transport = pool()
	}
	own.Transport = shield{own.Transport}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	return &Client{http: &own}
}

// pool is sized for a back-end that calls one host from many goroutines; net/http's default of two idle
// connections would pay a TLS handshake for most calls.
func pool() *http.Transport {
	return &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            (&net.Dialer{Timeout: 5 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:    5 * time.Second,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1024,
		MaxIdleConnsPerHost:    512,
		IdleConnTimeout:        60 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
		DisableCompression:     true,
	}
}

// shield hides the transport's CloseIdleConnections, which go-retryablehttp calls after every failure and which
// would empty the pool for everyone else.
type shield struct{ http.RoundTripper }

// Exchange is one operation on its way to a provider.
type Exchange struct {
	cnpay.Subject
	Method string
	URL    string
	Header http.Header // this exchange's own: Authorize changes it

	// Prepare checks the request and builds its body. An error is the whole call's: nothing is sent.
	Prepare func() ([]byte, error)
	// Authorize signs one attempt, where a signature covers a time or a nonce. It may be nil.
	Authorize func(h http.Header, body []byte) error
	// Repeatable is set only where the provider documents that a repeat is harmless.
	Repeatable bool
	// Timeout and Limit are the provider's own, where they differ from the defaults.
	Timeout time.Duration
	Limit   int64
	// Read verifies, decodes and judges the answer. Its error is the specific cause of an outcome that is
	// neither Succeeded nor Pending; the verdict beside it is kept.
	Read func(*Reply) (cnpay.Verdict, error)
}

// Reply is an answer as it came, unverified.
type Reply struct {
	Sent   int // attempts, this one included, that may have left this machine
	Status int
	Header http.Header
	Body   []byte
}

// Do carries out x. It returns nil exactly when the outcome is Succeeded or Pending, else a *cnpay.Error.
func (c *Client) Do(ctx context.Context, s cnpay.Settings, x *Exchange) error {
	body, err := x.Prepare()
	if err != nil {
		outcome := cnpay.NotSent
		if errors.Is(err, cnpay.ErrInvalidRequest) {
			outcome = cnpay.Failed
		}
		return &cnpay.Error{Subject: x.Subject, Outcome: outcome, Err: err}
	}
	if s.Recorder != nil {
		if err := s.Recorder.Started(ctx, x.Subject); err != nil {
			return &cnpay.Error{Subject: x.Subject, Outcome: cnpay.NotSent, Err: fmt.Errorf("recorder: %w", err)}
		}
	}
	begun := time.Now()
	r := &run{exchange: x, settings: s}
	verdict, requestID, err := c.send(ctx, r, body)
	var failure error
	if err != nil || (verdict.Outcome != cnpay.Succeeded && verdict.Outcome != cnpay.Pending) {
		failure = &cnpay.Error{
			Subject: x.Subject, Outcome: verdict.Outcome, Code: verdict.Code, Message: verdict.Message,
			HTTPStatus: r.status, RequestID: requestID, Err: cause(verdict.Outcome, err),
		}
	}
	call := cnpay.Call{
		Subject: x.Subject, Outcome: verdict.Outcome, Code: verdict.Code, Message: verdict.Message,
		HTTPStatus: r.status, Sent: r.sent, Duration: time.Since(begun), Err: failure,
	}
	report(ctx, s.Logger, call)
	if s.Recorder != nil {
		s.Recorder.Finished(context.WithoutCancel(ctx), call)
	}
	return failure
}

func cause(outcome cnpay.Outcome, err error) error {
	switch {
	case err != nil:
		return err
	case outcome == cnpay.Failed:
		return cnpay.ErrRefused
	}
	return cnpay.ErrUndecided
}

func (c *Client) send(ctx context.Context, r *run, body []byte) (_ cnpay.Verdict, requestID string, _ error) {
	limit, timeout := r.exchange.Limit, r.settings.Timeout
	if limit == 0 {
		limit = DefaultLimit
	}
	if timeout == 0 {
		timeout = r.exchange.Timeout
	}
	if timeout == 0 {
		timeout = DefaultTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()

	res, err := r.roundTrip(ctx, c.http, body)
	if err != nil {
		return cnpay.Verdict{Outcome: r.unanswered()}, "", err
	}
	defer res.Body.Close()
	r.status, requestID = res.StatusCode, res.Header.Get("X-Request-Id")
	if res.StatusCode >= 500 || res.StatusCode >= 300 && res.StatusCode < 400 {
		_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
		return cnpay.Verdict{}, requestID, fmt.Errorf("%w: %d", cnpay.ErrHTTPStatus, res.StatusCode)
	}
	answer, err := readAll(res, limit)
	if err != nil {
		return cnpay.Verdict{}, requestID, err
	}
	verdict, err := r.exchange.Read(&Reply{Sent: r.sent, Status: res.StatusCode, Header: res.Header, Body: answer})
	return verdict, requestID, err
}

func readAll(res *http.Response, limit int64) ([]byte, error) {
	if res.ContentLength > limit {
		return nil, fmt.Errorf("%w: %d bytes announced, at most %d read", cnpay.ErrTooLarge, res.ContentLength, limit)
	}
	var body []byte
	var err error
	if res.ContentLength > 0 { // one allocation of the right size
		body = make([]byte, res.ContentLength)
		var n int
		n, err = io.ReadFull(res.Body, body)
		body = body[:n]
	} else {
		body, err = io.ReadAll(io.LimitReader(res.Body, limit+1))
	}
	if err != nil {
		return nil, fmt.Errorf("%w: answer cut off after %d bytes: %w", cnpay.ErrTransport, len(body), bare(err))
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, limit)
	}
	return body, nil
}

// bare takes the URL, whose query may hold what must not be logged, out of a network error.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func report(ctx context.Context, l *slog.Logger, c cnpay.Call) {
	if l == nil {
		return
	}
	level := slog.LevelInfo
	if c.Err != nil {
		level = slog.LevelWarn
	}
	l.LogAttrs(ctx, level, "cnpay call", append(subject(c.Subject),
		slog.String("outcome", c.Outcome.String()), slog.String("code", c.Code), slog.Int("status", c.HTTPStatus),
		slog.Int("sent", c.Sent), slog.Duration("duration", c.Duration))...)
}

func subject(s cnpay.Subject) []slog.Attr {
	return []slog.Attr{slog.String("provider", s.Provider), slog.String("operation", s.Operation), slog.String("order", s.Order)}
}
