// Package cnpay holds the words that every provider package of this module shares: the outcomes of a call, the error
// that carries one, the ticket by which any process can settle a call, and the options of clients and calls.
//
// The providers are packages of their own: unionpay (银联全渠道), chinaums (银联商务), upay (收钱吧), yuansfer and
// umpay (联动优势). Each call to them that can move money ends in exactly one of five outcomes:
//
//	res, err := client.Preauth.Cancel(ctx, req)
//	switch cnpay.OutcomeOf(res, err) {
//	case cnpay.Succeeded: // done
//	case cnpay.Pending:   // accepted; settle it
//	case cnpay.Failed:    // refused, nothing happened
//	case cnpay.NotSent:   // nothing left this machine; the same call may be made again
//	case cnpay.Unknown:   // settle it before anything else
//	}
//
// Settling needs no more than the call's [Ticket], in this process or in another one:
//
//	settlement, err := client.Settle(ctx, cnpay.TicketOf(res, err))
//
// # Requests and answers
//
// Their structs are the tables of the providers' documents, in the same order. The tag json of a field is its name on the
// wire, and the tag spec is its line of the table. First comes whether it is there: M mandatory, C conditional, O optional,
// R returned; C[accessType=1] is mandatory where accessType is 1, C[!sn] where sn is empty, and a plain C as the comment
// says. Then comes what it may hold: N digits, AN letters and digits, ANS and S text, of a length (N6, AN8..40, S..32); a
// time (YYYYMMDDhhmmss); one of a few values (0|1); or a kind that the provider's package explains. The word zero marks a
// field whose empty value means something, pan a card number, and secret what is never printed. The value of a mandatory
// field that the client's configuration has, or that the comment calls what empty means, is filled in. A request is checked
// whole before anything is sent, and the error names every fault.
//
// A request of a program's own, for the function Do of a provider's package, has the same tags.
package cnpay

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"time"
)

// Answer is embedded in every response: what is known of it besides the provider's documented fields.
// It is not part of the response's JSON form, so a response that was stored and read back is Unknown.
type Answer struct {
	Outcome    Outcome           `json:"-"` // what the verified answer says of this call
	Ticket     Ticket            `json:"-"` // by which the call is settled
	HTTPStatus int               `json:"-"`
	Header     http.Header       `json:"-"` // as received
	Raw        []byte            `json:"-"` // the body as received
	Extra      map[string]string `json:"-"` // fields that no document names, by wire name
}

// CallOutcome and CallTicket make every response a [Result].
func (a *Answer) CallOutcome() Outcome { return a.Outcome }

// CallTicket is the ticket of the call.
func (a *Answer) CallTicket() Ticket { return a.Ticket }

// Call is how one call ended, as a [Recorder] sees it. It holds no card number, key or body.
type Call struct {
	Outcome    Outcome // of this sending alone: of one that is not the first, the caller hears Unknown for Failed and NotSent
	Code       string  // the provider's code
	Message    string  // the provider's human-readable message
	Host       string  // that the request was for, with its port where the address has one; some operations have another than the ticket's
	HTTPStatus int     // zero when no answer came
	Sent       int     // how many times the request may have left this machine
	Duration   time.Duration
	Err        error
}

// Recorder hears of every call that is about to leave, queries included: the seam for a durable journal, metrics and
// traces. [Ticket.NoMoney] says which calls a journal may pass over. It is called from the caller's goroutine and must
// be safe for concurrent use.
type Recorder interface {
	// Started runs before the first byte leaves; the call's time limit covers it. The context that it returns is the
	// call's, so it can carry a span or the number of a row. An error stops the call: an [*Error] is returned as it
	// is, with the outcome that it has (an order that a journal already holds has the outcome that the journal knows),
	// and any other error makes the call NotSent.
	Started(ctx context.Context, t Ticket) (context.Context, error)
	// Finished runs once for each Started that succeeded. Its context has the values of the one that Started returned
	// and is not cancelled with the caller's, so that the outcome can be stored even when the caller has given up.
	// The ticket is the one of Started, with what the answer added to it.
	Finished(ctx context.Context, t Ticket, c Call)
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
