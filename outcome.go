package cnpay

import (
	"errors"
	"fmt"
)

// Outcome is what is known of an operation after a call. The zero value is Unknown.
type Outcome int

const (
	// Unknown: the request may have reached the provider and nothing verified says how it ended. Settle it; never
	// repeat the operation under a new order number, never show it as failed.
	//
	// It is also the outcome of every query that was not answered, whatever the reason: nothing is known of the order
	// that it asked about.
	Unknown Outcome = iota
	// Succeeded: a verified answer says that it is done.
	Succeeded
	// Pending: a verified answer says that the provider has accepted it, or that there is an order which somebody may
	// pay. A notification or Settle will finish it.
	Pending
	// Failed: verifiably refused, or refused here before sending; of an order that somebody pays later, once it is
	// settled: closed or expired, and not paid. Nothing happened. It is never the outcome of a query.
	Failed
	// NotSent: nothing that could move money left this machine, or it verifiably never arrived and no longer can.
	// The same call may be made again. It is never the outcome of a query.
	NotSent
	// Answered is the outcome of a query that was answered, and of nothing else. It says nothing of the order: what
	// the answer says of the order is in its fields and, where it has one, its Verdict.
	Answered
)

var outcomeNames = [...]string{"unknown", "succeeded", "pending", "failed", "not_sent", "answered"}

func (o Outcome) String() string {
	if o < 0 || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeNames[o]
}

// MarshalText writes the outcome's name.
func (o Outcome) MarshalText() ([]byte, error) {
	if o < 0 || int(o) >= len(outcomeNames) {
		return nil, fmt.Errorf("cnpay: no such outcome: %d", int(o))
	}
	return []byte(outcomeNames[o]), nil
}

// UnmarshalText reads a name that MarshalText wrote; any other leaves Unknown and is an error.
func (o *Outcome) UnmarshalText(text []byte) error {
	*o = Unknown
	for i, name := range outcomeNames {
		if name == string(text) {
			*o = Outcome(i)
			return nil
		}
	}
	return fmt.Errorf("cnpay: no such outcome: %q", text)
}

// Final reports whether the outcome of an operation is decided for good: no query and no notification can change it.
// Unknown and Pending are open. Answered is not the outcome of an operation, so it is not final.
func (o Outcome) Final() bool { return o == Succeeded || o == Failed || o == NotSent }

// Result is what every response, settlement and notification of this module is.
type Result interface {
	CallOutcome() Outcome
	CallTicket() Ticket
}

// OutcomeOf is the outcome of a call, from the two values that the call returned. Errors that are not from this
// module, and answers that are not there, are Unknown. That of a query is Answered or Unknown, never what the order's is.
func OutcomeOf(res Result, err error) Outcome {
	if err != nil {
		if e, ok := asError(err); ok {
			return e.Outcome
		}
		return Unknown
	}
	if !present(res) {
		return Unknown
	}
	return res.CallOutcome()
}

func asError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok && e != nil
}

// Verdict is what a provider's answer says of an operation: the outcome, and the code and text that led to it.
type Verdict struct {
	Outcome Outcome
	Code    string
	Message string
}
