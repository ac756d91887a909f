package cnpay

import (
	"errors"
	"fmt"
	"reflect"
)

// Outcome is what is known of an operation after a call. The zero value is Unknown.
type Outcome int

const (
	// Unknown: the request may have reached the provider and nothing verified says how it ended.
	// Query; never repeat the operation under a new order number, never show it as failed.
	Unknown Outcome = iota
	// Succeeded: a verified answer says that it is done.
	Succeeded
	// Pending: a verified answer says that the provider has accepted it. A notification or query will finish it.
	Pending
	// Failed: verifiably refused, or refused here before sending. Nothing happened.
	Failed
	// NotSent: not one byte of the request left this machine or, after a Settle, the provider verifiably never got it.
	// The same call may be made again.
	NotSent
)

var outcomeNames = [...]string{"unknown", "succeeded", "pending", "failed", "not_sent"}

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

// Final reports whether asking the provider again can no longer change the outcome.
func (o Outcome) Final() bool { return o == Succeeded || o == Failed || o == NotSent }

// Result is what every response of this module is.
type Result interface {
	CallOutcome() Outcome
}

// OutcomeOf is the outcome of a call, from the two values that the call returned.
// Errors that are not from this module, and answers that are not there, are Unknown.
func OutcomeOf(res Result, err error) Outcome {
	if err != nil {
		var e *Error
		if errors.As(err, &e) {
			return e.Outcome
		}
		return Unknown
	}
	if res == nil {
		return Unknown
	}
	if v := reflect.ValueOf(res); v.Kind() == reflect.Pointer && v.IsNil() {
		return Unknown
	}
	return res.CallOutcome()
}

// Verdict is a provider's answer, judged: the outcome, and the code and text that led to it.
type Verdict struct {
	Outcome Outcome
	Code    string
	Message string
}
