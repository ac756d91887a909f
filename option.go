package cnpay

import (
	"log/slog"
	"net/http"
	"time"
)

// Option adjusts a client, when given to its constructor, or one call.
type Option func(*Settings)

// Settings is what the options set. Provider packages read it; merchants have no use for it.
type Settings struct {
	HTTPClient *http.Client
	PlainHTTP  bool
	Logger     *slog.Logger
	Recorder   Recorder
	Clock      func() time.Time
	Nonce      func() string
	Retry      Retry
	Timeout    time.Duration
	Schedule   Schedule
}

// With returns the settings after opts.
func (s Settings) With(opts ...Option) Settings {
	for _, o := range opts {
		if o != nil {
			o(&s)
		}
	}
	return s
}

// Retry says how often, and how far apart, a request is repeated that never left this machine, or whose repeat
// the provider documents as harmless. Nothing else is ever repeated.
type Retry struct {
	Attempts int           // in all; 1 means never repeat; 0 means the default of 3
	MinWait  time.Duration // before the second attempt; 0 means 200 ms; doubled each time, with jitter
	MaxWait  time.Duration // 0 means 2 s; caps a gateway's Retry-After too
}

// WithHTTPClient makes calls through c: a proxy, a private CA, a tracing transport. Redirects stay refused.
// Its checks of TLS certificates are the only protection of answers that the provider does not sign.
// Where c's transport does not report its connections through net/http/httptrace, a network error is Unknown,
// never NotSent.
func WithHTTPClient(c *http.Client) Option { return func(s *Settings) { s.HTTPClient = c } }

// WithPlainHTTP allows a gateway address with http: instead of https: beyond the loopback interface, where it is
// always allowed. For private lines that end TLS elsewhere.
func WithPlainHTTP() Option { return func(s *Settings) { s.PlainHTTP = true } }

// WithLogger logs each attempt, each call that left or should have, and each notification: operation, order, attempt,
// status, code, outcome, duration. Card numbers, keys, tokens and bodies are never logged. Without a logger nothing is.
func WithLogger(l *slog.Logger) Option { return func(s *Settings) { s.Logger = l } }

// WithRecorder tells r of every call that is about to leave. A request that was refused here is told by its error alone.
func WithRecorder(r Recorder) Option { return func(s *Settings) { s.Recorder = r } }

// WithClock replaces time.Now wherever a protocol needs the time: timestamps, certificate dates.
func WithClock(now func() time.Time) Option { return func(s *Settings) { s.Clock = now } }

// WithNonce replaces the random nonces of protocols that sign one. For tests that pin a request's bytes.
func WithNonce(nonce func() string) Option { return func(s *Settings) { s.Nonce = nonce } }

// WithRetry replaces the default of three attempts. See [Retry] for what may be repeated at all.
func WithRetry(r Retry) Option { return func(s *Settings) { s.Retry = r } }

// WithTimeout replaces the provider's default time limit of one call, repeats included. The context's deadline,
// where it is nearer, rules.
func WithTimeout(d time.Duration) Option { return func(s *Settings) { s.Timeout = d } }

// WithSchedule replaces the provider's own query schedule in its Settle methods.
func WithSchedule(schedule Schedule) Option { return func(s *Settings) { s.Schedule = schedule } }
