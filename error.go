package cnpay

import (
	"errors"
	"strings"
	"unicode"
)

// The causes that callers distinguish with errors.Is.
var (
	// ErrInvalidRequest: the request breaks the provider's documented rules and was not sent.
	ErrInvalidRequest = errors.New("invalid request")
	// ErrTransport: the network failed; the outcome says whether the request may have left.
	ErrTransport = errors.New("transport failed")
	// ErrHTTPStatus: a gateway or proxy answered with a status that is no answer of the provider.
	ErrHTTPStatus = errors.New("unexpected HTTP status")
	// ErrTooLarge: the answer is larger than any answer of the provider can be.
	ErrTooLarge = errors.New("answer too large")
	// ErrMalformed: the answer cannot be read.
	ErrMalformed = errors.New("malformed answer")
	// ErrSignature: the answer is not verifiably the provider's.
	ErrSignature = errors.New("answer not verified")
	// ErrMismatch: a genuine answer, but to another question.
	ErrMismatch = errors.New("answer belongs to another request")
	// ErrRefused: the provider verifiably refused.
	ErrRefused = errors.New("refused by the provider")
	// ErrUnpaid: an order that somebody could have paid was closed or has expired, and was not paid.
	ErrUnpaid = errors.New("closed or expired, and not paid")
	// ErrUndecided: the provider answered, and its answer does not decide: a timeout on its side, an order it
	// still works on, a code that no document lists.
	ErrUndecided = errors.New("the answer does not decide the outcome")
)

// Error is the error of every call in this module; find it with errors.As.
type Error struct {
	Ticket     Ticket // by which the call is settled
	Outcome    Outcome
	Code       string // the provider's code, if a verified answer carried one
	Message    string // the provider's human-readable message; never branch on it
	HTTPStatus int    // zero when no answer came
	Err        error  // the cause
}

// Error is one line without payload: who, what, which order, the outcome, the provider's code and text, the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Ticket.String())
	b.WriteString(": ")
	b.WriteString(e.Outcome.String())
	if e.Code != "" || e.Message != "" {
		b.WriteString(": ")
		b.WriteString(strings.TrimSpace(oneLine(e.Code) + " " + oneLine(e.Message)))
	}
	if e.Err != nil {
		b.WriteString(": ")
		most := longest
		if errors.Is(e.Err, ErrInvalidRequest) {
			most = longestFaults
		}
		b.WriteString(oneLineOf(e.Err.Error(), most))
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// The most characters of one text in an error: of what may come from the network, and of faults, which are our own words
// and are all wanted.
const (
	longest       = 300
	longestFaults = 10000
)

// oneLine keeps text that came from the network from breaking or flooding a log.
func oneLine(s string) string { return oneLineOf(s, longest) }

func oneLineOf(s string, most int) string {
	n := 0
	return strings.Map(func(r rune) rune {
		if n++; n > most {
			return -1
		}
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, s)
}

// Fault is one thing wrong with a request.
type Fault struct {
	Field   string // wire name
	Problem string
}

// InvalidRequestError lists everything that is wrong with a request. It is an [ErrInvalidRequest].
type InvalidRequestError struct {
	Faults []Fault
}

func (e *InvalidRequestError) Error() string {
	var b strings.Builder
	b.WriteString(ErrInvalidRequest.Error())
	for i, f := range e.Faults {
		b.WriteString([]string{": ", "; "}[min(i, 1)])
		b.WriteString(f.Field)
		b.WriteByte(' ')
		b.WriteString(f.Problem)
	}
	return b.String()
}

// Is makes errors.Is(err, ErrInvalidRequest) true.
func (e *InvalidRequestError) Is(target error) bool { return target == ErrInvalidRequest }
