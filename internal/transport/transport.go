// Package transport is the one way out: it sends what a provider package built, at most once where money moves,
// and says for certain whether a request may have left this machine.
package transport

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/pool"
	"github.com/cnpay-go/cnpay/internal/sending"
)

// DefaultTimeout limits a whole call, repeats included, where neither the caller nor the provider's documents say else.
const DefaultTimeout = 60 * time.Second

// DefaultLimit caps an answer's size.
const DefaultLimit int64 = 1 << 20

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
		own.Transport = pool.New()
	}
	own.Transport = noIdleClose{own.Transport}
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	own.Jar = nil
	return &Client{http: &own}
}

// noIdleClose hides the transport's CloseIdleConnections, which go-retryablehttp calls after every failure and which
// would empty the pool for everyone else.
type noIdleClose struct{ http.RoundTripper }

// Exchange is one operation on its way to a provider.
type Exchange struct {
	Ticket cnpay.Ticket // Do adds when it began and until when it may be sent
	Method string
	URL    string
	Header http.Header // this exchange's own: Authorize changes it

	// Prepare checks the request and builds its body. An error is the whole call's: nothing is sent.
	Prepare func() ([]byte, error)
	// Authorize signs one attempt, where a signature covers a time or a nonce. It may be nil.
	Authorize func(h http.Header, body []byte) error
	// Query marks what only asks: its outcome is Answered or Unknown.
	Query bool
	// Repeatable is set only where the provider documents that a repeat is harmless.
	Repeatable bool
	// Timeout and Limit are the provider's own, where they differ from the defaults.
	Timeout time.Duration
	Limit   int64
	// Read verifies, decodes and judges the answer. Its error is the specific cause of an outcome that is neither
	// Succeeded nor Pending; the verdict beside it is kept. It may add to the ticket.
	Read func(*Reply) (cnpay.Verdict, error)
	// Mask hides card data and secrets in a body, for dumps.
	Mask func(body []byte) []byte
}

// Reply is an answer as it came, unverified.
type Reply struct {
	Sent   int // attempts, this one included, that may have left this machine
	Status int
	Header http.Header
	Body   []byte
}

// Do carries out x. It returns nil exactly when the outcome is Succeeded, Pending or Answered, else a *cnpay.Error.
//
// The call's time limit begins here and covers everything: a call whose record took too long, or whose process stood
// still behind it, is not sent, because others may have closed its record by then.
func (c *Client) Do(ctx context.Context, s cnpay.Settings, x *Exchange) error {
	timeout := cmp.Or(s.Timeout, x.Timeout, DefaultTimeout)
	begun := time.Now()
	ctx, cancel := context.WithDeadline(ctx, begun.Add(timeout))
	defer cancel()
	limit := limitOf(ctx, begun, s.Clock)
	x.Ticket.Began, x.Ticket.Sending = limit.began, s.Sending
	if x.Ticket.Until.Before(limit.until) { // of an order that is paid later it is the order's own end
		x.Ticket.Until = limit.until
	}

	body, err := x.Prepare()
	if err != nil {
		outcome := cnpay.NotSent
		if errors.Is(err, cnpay.ErrInvalidRequest) {
			outcome = cnpay.Failed
		}
		return operation(s.Sending, &cnpay.Error{Ticket: x.Ticket, Outcome: x.outcome(outcome), Err: err})
	}
	ctx, started, err := start(ctx, s.Recorders, x)
	x.Ticket.Sending = max(x.Ticket.Sending, sending.From(ctx))
	r := &exchangeState{exchange: x, settings: s, limit: limit}
	var verdict cnpay.Verdict
	var failure *cnpay.Error
	known := false
	if err != nil {
		failure, known = stopped(err, x)
		verdict = cnpay.Verdict{Outcome: failure.Outcome, Code: failure.Code, Message: failure.Message}
	} else {
		verdict, err = c.send(ctx, r, body)
		why := cause(verdict.Outcome, err)
		verdict.Outcome = x.outcome(verdict.Outcome)
		if r.sent > 1 && verdict.Outcome == cnpay.Failed { // one of the repeats in this call
			verdict.Outcome, why = cnpay.Unknown, earlier(why)
		}
		if err != nil || !settledWell(verdict.Outcome) {
			failure = &cnpay.Error{
				Ticket: x.Ticket, Outcome: verdict.Outcome, Code: verdict.Code, Message: verdict.Message,
				HTTPStatus: r.status, Err: why,
			}
		}
	}
	call := cnpay.Call{
		Outcome: verdict.Outcome, Code: verdict.Code, Message: verdict.Message,
		Host: host(x.URL), HTTPStatus: r.status, Sent: r.sent, Duration: time.Since(begun),
	}
	if failure != nil {
		if !known {
			failure = operation(x.Ticket.Sending, failure)
		}
		call.Err = failure
	}
	report(ctx, s.Logger, x.Ticket, call)
	for _, recorder := range slices.Backward(started) {
		recorder.Finished(context.WithoutCancel(ctx), x.Ticket, call)
	}
	if failure != nil {
		return failure // never a nil pointer in an error
	}
	return nil
}

// host is that of a URL, with its port if it has one.
func host(url string) string {
	_, rest, _ := strings.Cut(url, "://")
	host, _, _ := strings.Cut(rest, "/")
	return host
}

// outcome is that of the call: a query that was answered says nothing of its order, and one that was not says nothing.
func (x *Exchange) outcome(o cnpay.Outcome) cnpay.Outcome {
	switch {
	case !x.Query:
		return o
	case o == cnpay.Succeeded:
		return cnpay.Answered
	}
	return cnpay.Unknown
}

// operation is the error of the whole operation: that a later sending was refused, or not sent, says nothing of those
// before it.
func operation(sending int, e *cnpay.Error) *cnpay.Error {
	if sending > 0 && (e.Outcome == cnpay.Failed || e.Outcome == cnpay.NotSent) {
		e.Outcome, e.Err = cnpay.Unknown, earlier(e.Err)
	}
	return e
}

// earlier is the cause of a sending that was refused, or not sent, after another.
func earlier(cause error) error {
	return fmt.Errorf("%w: it says nothing about an earlier sending: %w", cnpay.ErrUndecided, cause)
}

func settledWell(o cnpay.Outcome) bool {
	return o == cnpay.Succeeded || o == cnpay.Pending || o == cnpay.Answered
}

// start runs the recorders in their order, and returns those that must be finished.
func start(ctx context.Context, recorders []cnpay.Recorder, x *Exchange) (context.Context, []cnpay.Recorder, error) {
	for i, recorder := range recorders {
		next, err := recorder.Started(ctx, x.Ticket)
		if err != nil {
			return ctx, recorders[:i], err
		}
		if next != nil {
			ctx = next
		}
	}
	return ctx, recorders, nil
}

// stopped is the error of a call that a recorder stopped, and whether the recorder knows the order: then it says its
// outcome.
func stopped(err error, x *Exchange) (e *cnpay.Error, known bool) {
	if errors.As(err, &e) && e != nil {
		copied := *e
		copied.Outcome = x.outcome(copied.Outcome)
		if copied.Ticket.Provider == "" {
			copied.Ticket = x.Ticket
		}
		return &copied, true
	}
	return &cnpay.Error{Ticket: x.Ticket, Outcome: x.outcome(cnpay.NotSent), Err: fmt.Errorf("recorder: %w", err)}, false
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

func (c *Client) send(ctx context.Context, r *exchangeState, body []byte) (cnpay.Verdict, error) {
	x := r.exchange
	var reply *Reply
	if r.settings.Dump != nil {
		defer func() { dump(ctx, r, body, reply) }()
	}
	res, err := r.roundTrip(ctx, c.http, body)
	if err != nil {
		return cnpay.Verdict{Outcome: r.unanswered()}, err
	}
	defer res.Body.Close()
	r.status = res.StatusCode
	reply = &Reply{Sent: r.sent, Status: res.StatusCode, Header: res.Header}
	if res.StatusCode >= 500 || res.StatusCode >= 300 && res.StatusCode < 400 {
		_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // so that the connection can be used again
		return cnpay.Verdict{}, StatusError(res.StatusCode)
	}
	reply.Body, err = readAll(res, cmp.Or(x.Limit, DefaultLimit))
	if err != nil {
		return cnpay.Verdict{}, err
	}
	verdict, err := x.Read(reply)
	if unreadable(err) && res.StatusCode != http.StatusOK { // a proxy's or a firewall's, most likely
		err = fmt.Errorf("%w: %w", StatusError(res.StatusCode), err)
	}
	return verdict, err
}

// unreadable reports whether an answer could not be taken for the provider's own.
func unreadable(err error) bool {
	return errors.Is(err, cnpay.ErrMalformed) || errors.Is(err, cnpay.ErrSignature)
}

// StatusError is the cause where something in front of the gateway answered, most likely.
func StatusError(status int) error {
	if status == http.StatusProxyAuthRequired {
		return fmt.Errorf("%w: %d: the proxy wants a password", cnpay.ErrHTTPStatus, status)
	}
	return fmt.Errorf("%w: %d %s", cnpay.ErrHTTPStatus, status, http.StatusText(status))
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
		return nil, fmt.Errorf("%w: answer cut off after %d bytes: %w", cnpay.ErrTransport, len(body), withoutURL(err))
	}
	if int64(len(body)) > limit {
		return nil, fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, limit)
	}
	return body, nil
}

// withoutURL takes the URL, whose query may hold what must not be logged, out of a network error.
func withoutURL(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

func report(ctx context.Context, l *slog.Logger, t cnpay.Ticket, c cnpay.Call) {
	if l == nil {
		return
	}
	level := slog.LevelInfo
	if c.Err != nil {
		level = slog.LevelWarn
	}
	l.LogAttrs(ctx, level, "cnpay call", append(about(t),
		slog.String("outcome", c.Outcome.String()), slog.String("code", c.Code), slog.Int("status", c.HTTPStatus),
		slog.Int("sent", c.Sent), slog.Duration("duration", c.Duration))...)
}

func about(t cnpay.Ticket) []slog.Attr {
	return []slog.Attr{slog.String("provider", t.Provider), slog.String("operation", t.Operation), slog.String("order", t.Order)}
}
