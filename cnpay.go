// Package cnpay holds the words that every provider package of this module shares: the five outcomes of a call,
// the error that carries one, the options of clients and calls, and Settle, which turns an open outcome into a
// final one by asking the provider.
//
// The providers are packages of their own: unionpay (银联全渠道), chinaums (银联商务), upay (收钱吧), yuansfer and
// umpay (联动优势). Each call to them ends in exactly one [Outcome]:
//
//	res, err := client.Preauth.Cancel(ctx, req)
//	switch cnpay.OutcomeOf(res, err) {
//	case cnpay.Succeeded: // done
//	case cnpay.Pending:   // accepted; settle it
//	case cnpay.Failed:    // refused, nothing happened
//	case cnpay.NotSent:   // nothing left this machine; the same call may be made again
//	case cnpay.Unknown:   // ask the provider before anything else
//	}
package cnpay

import (
	"context"
	"fmt"
	"log/slog"
	"time"
)

// Subject names what a call is about.
type Subject struct {
	Provider  string // the package: "unionpay", "chinaums", "upay", "yuansfer", "umpay"
	Operation string // the provider's operation as its catalog names it: "preauth_cancel"
	Order     string // the order number that the caller gave it
}

// Answer is embedded in every response: what is known of it besides the provider's documented fields.
// It is not part of the response's JSON form, so a response that was stored and read back is Unknown.
type Answer struct {
	Outcome    Outcome           `json:"-"` // what the verified answer says of this call
	HTTPStatus int               `json:"-"`
	Raw        []byte            `json:"-"` // the body as received
	Extra      map[string]string `json:"-"` // fields that no document names, by wire name
}

// CallOutcome makes every response a [Result].
func (a *Answer) CallOutcome() Outcome { return a.Outcome }

// Call is one finished call as a [Recorder] sees it. It holds no card number, key or body.
type Call struct {
	Subject
	Outcome    Outcome
	Code       string // the provider's code
	Message    string // the provider's text for people
	HTTPStatus int    // zero when no answer came
	Sent       int    // how many times the request may have left this machine
	Duration   time.Duration
	Err        error
}

// Recorder is told of every call that is about to leave: the seam for a durable journal, metrics and traces.
// It is called from the caller's goroutine and must be safe for concurrent use.
type Recorder interface {
	// Started runs before the first byte leaves. An error stops the call, which then is NotSent.
	Started(ctx context.Context, subject Subject) error
	// Finished runs once per started call. Its context is not cancelled with the caller's, so that the outcome
	// can be stored even when the caller has given up.
	Finished(ctx context.Context, call Call)
}

// Secret is key material that every form of printing hides.
type Secret string

// Reveal returns the secret itself.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string { return "[secret]" }

// Format hides the secret from every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// MarshalText hides the secret from encoding/json and its like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// LogValue hides the secret from log/slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// Beijing is the clock zone of the providers (UTC+8, no daylight saving), fixed so that no zone database is needed.
func Beijing() *time.Location { return time.FixedZone("UTC+8", 8*60*60) }
