package cnpay

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/cnpay-go/cnpay/internal/pool"
	"github.com/cnpay-go/cnpay/internal/sending"
)

// Option adjusts a client, when given to its constructor, or one call.
type Option func(*Settings)

// Settings is what the options set. Provider packages read it; merchants have no use for it.
type Settings struct {
	HTTPClient *http.Client
	PlainHTTP  bool
	Logger     *slog.Logger
	Recorders  []Recorder
	Dump       func(context.Context, Dump)
	Clock      func() time.Time
	Nonce      func() string
	Retry      Retry
	Timeout    time.Duration
	Schedule   Schedule
	Margin     time.Duration
	Operations []any // of the provider's own Operation type
	Sending    int
}

// With returns the settings after opts.
func (s Settings) With(opts ...Option) Settings {
	if len(opts) == 0 {
		return s
	}
	return s.with(opts)
}

// with is apart so that settings without options stay on the stack.
func (s Settings) with(opts []Option) Settings {
	for _, o := range opts {
		if o != nil {
			o(&s)
		}
	}
	return s
}

// Now is the time by the clock of the settings.
func (s *Settings) Now() time.Time {
	if s.Clock != nil {
		return s.Clock()
	}
	return time.Now()
}

// Retry says how often, and how far apart, a request is repeated that never left this machine, or whose repeat
// the provider documents as harmless. Nothing else is ever repeated.
type Retry struct {
	Attempts int           // in all; 1 means never repeat; 0 means the default of 3
	MinWait  time.Duration // before the second attempt; 0 means 200 ms; doubled each time, with jitter
	MaxWait  time.Duration // 0 means 2 s; caps a gateway's Retry-After too
}

// NewHTTPClient returns an HTTP client with the connection pool that each provider client otherwise makes for itself:
// 512 idle connections per host, HTTP/2, TLS 1.2 or later. Given to many clients by [WithHTTPClient] it is shared, so
// that a platform with a thousand merchants keeps as many connections as its traffic needs, and not a thousand pools.
func NewHTTPClient() *http.Client { return &http.Client{Transport: pool.New()} }

// WithHTTPClient makes calls through c: a shared pool ([NewHTTPClient]), a proxy, a private CA, a tracing transport.
// Redirects stay refused. Its checks of TLS certificates are the only protection of answers that the provider does not
// sign. Where c's transport does not report its connections through net/http/httptrace, a network error is Unknown,
// never NotSent.
func WithHTTPClient(c *http.Client) Option { return func(s *Settings) { s.HTTPClient = c } }

// WithPlainHTTP allows a gateway address with http: instead of https: beyond the loopback interface, where it is
// always allowed. For private lines that end TLS elsewhere.
func WithPlainHTTP() Option { return func(s *Settings) { s.PlainHTTP = true } }

// WithLogger logs each attempt, each call that left or should have, and each notification: operation, order, attempt,
// status, code, outcome, duration. Card numbers, keys, tokens and bodies are never logged. Without a logger nothing is.
func WithLogger(l *slog.Logger) Option { return func(s *Settings) { s.Logger = l } }

// WithRecorder adds a recorder of every call that is about to leave, queries included; see [Ticket.NoMoney]. Several
// are started in the order in which they were added and finished in the reverse order. A request that was refused here
// is recorded nowhere: its error says all there is.
func WithRecorder(r Recorder) Option {
	return func(s *Settings) {
		if r != nil {
			s.Recorders = append(slices.Clip(s.Recorders), r)
		}
	}
}

// WithClock replaces time.Now wherever a protocol needs the time (timestamps, certificate dates) and where a ticket says
// when its call began and until when it may be sent.
func WithClock(now func() time.Time) Option { return func(s *Settings) { s.Clock = now } }

// WithNonce replaces the random nonces of protocols that sign one. For tests that pin a request's bytes.
func WithNonce(nonce func() string) Option { return func(s *Settings) { s.Nonce = nonce } }

// WithRetry replaces the default of three attempts. See [Retry] for what may be repeated at all.
func WithRetry(r Retry) Option { return func(s *Settings) { s.Retry = r } }

// WithTimeout replaces the provider's default time limit of one call, which covers recorders and repeats. The
// context's deadline, where it is nearer, rules. Past the limit nothing is sent.
func WithTimeout(d time.Duration) Option { return func(s *Settings) { s.Timeout = d } }

// WithSchedule replaces the operation's own query schedule in Settle. Schedule{0} is one query, at once.
func WithSchedule(schedule Schedule) Option { return func(s *Settings) { s.Schedule = schedule } }

// DefaultMargin is how long after a ticket's Until Settle takes the absence of its order as a proof, where the provider's
// documents have no margin of their own.
const DefaultMargin = time.Hour

// WithMargin replaces [DefaultMargin] and the margins that providers document: how long after a ticket's Until its request may still be on its way in network
// buffers, proxies and the gateway's own queue. A shorter one answers sooner and is wrong more often.
func WithMargin(d time.Duration) Option { return func(s *Settings) { s.Margin = d } }

// WithSending says that a call sends a request again which was sent before under the same number: its ticket carries n,
// counted from 0. That such a call was refused, or not sent, says nothing of those before it, so its outcome is then
// Unknown; settling
// the ticket decides. For settling engines.
func WithSending(n int) Option { return func(s *Settings) { s.Sending = n } }

// ContextWithSending is [WithSending] for a [Recorder], in the context that its Started returns: the recorder knows that
// an earlier sending under the same number may still be on its way.
func ContextWithSending(ctx context.Context, n int) context.Context { return sending.Context(ctx, n) }

// Dump is one exchange as text, for a provider's support, which asks for the message (报文). Card data and secrets are
// masked by the documents' own description of each field.
type Dump struct {
	Ticket  Ticket
	Request string // method, path, headers and body
	Answer  string // status, headers and body; empty when no answer came
}

// WithDump calls f once for each call that left, after it ended. For one call, not for a whole service: what a support
// needs to see is also what a log should not keep.
func WithDump(f func(context.Context, Dump)) Option { return func(s *Settings) { s.Dump = f } }
