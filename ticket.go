package cnpay

import (
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"time"
)

// Ticket is what any later process needs to find the outcome of one call. It holds no card data and no key, and
// survives its JSON form: the wire names in it are the documents', so that a stored ticket outlives our Go names.
//
// [TicketOf] returns the ticket of a call that was made, and a client's Ticket method that of a request that is yet to
// be sent. The latter has no Began and no Until, because nobody knows how long it will lie, so the absence of its order
// is never taken as a proof; a journal keeps the ticket that [Recorder] Started gets.
type Ticket struct {
	Provider  string            `json:"provider"`          // the package: "unionpay", "umpay/spay"
	Gateway   string            `json:"gateway"`           // the host that the client was made for: a test's ticket is never settled in production
	Account   string            `json:"account"`           // which client can ask: unionpay merId, upay terminal ...
	Operation string            `json:"operation"`         // as the provider's catalog names it: "preauth_cancel"
	Order     string            `json:"order"`             // the caller's order number of the operation
	Sending   int               `json:"sending,omitempty"` // 0 the first time, n when it is sent again under the same number
	NoMoney   bool              `json:"noMoney,omitempty"` // the call moves no money, now or later: there is nothing to settle
	Began     time.Time         `json:"began,omitzero"`    // wall clock, before Started
	Until     time.Time         `json:"until,omitzero"`    // wall clock: nothing is sent, or paid, after it
	Fields    map[string]string `json:"fields,omitempty"`  // what settling needs, by wire name
}

// With returns the ticket with one more field, for what only a later answer or event brings. The ticket itself is
// not changed.
func (t Ticket) With(name, value string) Ticket {
	t.Fields = maps.Clone(t.Fields)
	if t.Fields == nil {
		t.Fields = map[string]string{}
	}
	t.Fields[name] = value
	return t
}

// String is provider, operation and order. Fields are in no printed form: they may hold a merchant's own text.
func (t Ticket) String() string {
	s := t.Provider
	for _, part := range []string{t.Operation, t.Order} {
		if part != "" {
			s += " " + oneLine(part)
		}
	}
	return s
}

// Format keeps Fields out of every verb of package fmt.
func (t Ticket) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(t.String())) }

// LogValue keeps Fields out of log/slog.
func (t Ticket) LogValue() slog.Value {
	return slog.GroupValue(slog.String("provider", t.Provider), slog.String("operation", t.Operation), slog.String("order", t.Order))
}

// TicketOf is the ticket of a call, from the two values that the call returned. It is empty where the call was none of
// this module's.
func TicketOf(res Result, err error) Ticket {
	if present(res) {
		if t := res.CallTicket(); t.Provider != "" {
			return t
		}
	}
	if e, ok := asError(err); ok {
		return e.Ticket
	}
	return Ticket{}
}

// present reports whether there is a result at all: calls return a nil pointer beside most errors.
func present(res Result) bool {
	if res == nil {
		return false
	}
	v := reflect.ValueOf(res)
	return v.Kind() != reflect.Pointer || !v.IsNil()
}
