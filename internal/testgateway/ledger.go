package testgateway

import (
	"sync"
	"time"
)

// Ledger keeps the books that the gateways of all providers keep: who was to pay what, what was held, taken and given
// back. A gateway maps each of its operations to one verb, and each refusal to its provider's code.
//
// Every movement of money has the merchant's number, unique in the ledger. The zero value is ready and
// safe for concurrent use.
type Ledger struct {
	// Now is the gateway's clock; nil means time.Now.
	Now func() time.Time

	mu        sync.Mutex
	movements map[string]*Movement
}

// Kind is what a movement is.
type Kind string

// The kinds of movements.
const (
	Payment    Kind = "payment"
	Hold       Kind = "hold" // a pre-authorisation
	Completion Kind = "completion"
	Void       Kind = "void"   // of a payment
	Cancel     Kind = "cancel" // of a hold
	Undo       Kind = "undo"   // of a completion
	Refund     Kind = "refund"
)

// State is where a movement stands.
type State string

// The states of a movement.
const (
	Waiting State = "waiting" // for somebody who pays
	Done    State = "done"
	Undone  State = "undone" // voided, cancelled or reversed whole
	Closed  State = "closed" // nobody has paid, and nobody can any more
)

// Movement is one thing that happened to money, or an order that waits for it.
type Movement struct {
	Number   string
	Kind     Kind
	State    State
	Amount   int64
	Original string // the number of what it acted upon
	Given    int64  // given back of it by refunds
	Taken    int64  // of a hold: completed
	At       time.Time
	Note     any // the gateway's own
}

// Left is what is left of the money of a movement.
func (m Movement) Left() int64 {
	if m.State != Done {
		return 0
	}
	return m.Amount - m.Given
}

// Refusal is why a ledger changes nothing; empty when it changed.
type Refusal string

// The refusals.
const (
	Duplicate   Refusal = "the number is taken"
	NoOrder     Refusal = "there is no such order"
	WrongState  Refusal = "not in this state"
	WrongAmount Refusal = "not the amount of the order"
	TooMuch     Refusal = "more than is left"
)

func (l *Ledger) now() time.Time {
	if l.Now != nil {
		return l.Now()
	}
	return time.Now()
}

func (l *Ledger) add(m Movement) (Movement, Refusal) {
	if l.movements[m.Number] != nil {
		return Movement{}, Duplicate
	}
	if l.movements == nil {
		l.movements = map[string]*Movement{}
	}
	m.At = l.now()
	l.movements[m.Number] = &m
	return m, ""
}

// Find returns a movement by its number.
func (l *Ledger) Find(number string) (Movement, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.movements[number]; m != nil {
		return *m, true
	}
	return Movement{}, false
}

// All returns every movement, in no order.
func (l *Ledger) All() []Movement {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Movement
	for _, m := range l.movements {
		all = append(all, *m)
	}
	return all
}

// Put adds a movement, or changes one, by whatever rule the caller has: for orders that a test begins with and for what
// no verb below does.
func (l *Ledger) Put(m Movement) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.movements == nil {
		l.movements = map[string]*Movement{}
	}
	if m.At.IsZero() {
		m.At = l.now()
	}
	l.movements[m.Number] = &m
}

// Open adds an order that somebody pays later: a Payment or a Hold.
func (l *Ledger) Open(kind Kind, number string, amount int64, note any) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(Movement{Number: number, Kind: kind, State: Waiting, Amount: amount, Note: note})
}

// Paid ends the waiting of an order.
func (l *Ledger) Paid(number string) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turn(number, Waiting, Done)
}

// Close ends an order that nobody has paid.
func (l *Ledger) Close(number string) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turn(number, Waiting, Closed)
}

func (l *Ledger) turn(number string, from, to State) (Movement, Refusal) {
	m := l.movements[number]
	switch {
	case m == nil:
		return Movement{}, NoOrder
	case m.State != from:
		return *m, WrongState
	}
	m.State = to
	return *m, ""
}

// Pay adds money that was taken at once, and Hold money that is held.
func (l *Ledger) Pay(kind Kind, number string, amount int64, note any) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.add(Movement{Number: number, Kind: kind, State: Done, Amount: amount, Note: note})
}

// Complete takes the money of a hold, at most as much as was held (limit, in percent, where the provider allows more;
// 0 means 100).
func (l *Ledger) Complete(number, original string, amount, limit int64, note any) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limit == 0 {
		limit = 100
	}
	hold, refusal := l.standing(number, original, Hold)
	switch {
	case refusal != "":
		return hold, refusal
	case hold.Taken > 0:
		return hold, WrongState
	case amount > hold.Amount*limit/100:
		return hold, TooMuch
	}
	l.movements[original].Taken = amount
	return l.add(Movement{Number: number, Kind: Completion, State: Done, Amount: amount, Original: original, Note: note})
}

// undone says which movement undoes which.
func undone(kind Kind) Kind {
	switch kind {
	case Cancel:
		return Hold
	case Undo:
		return Completion
	}
	return Payment
}

// Undo undoes the whole of a movement: Void a Payment, Cancel a Hold, Undo a Completion, whose hold then stands again.
// An amount of 0 is not compared.
func (l *Ledger) Undo(kind Kind, number, original string, amount int64, note any) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, refusal := l.standing(number, original, undone(kind))
	switch {
	case refusal != "":
		return m, refusal
	case m.Given > 0 || m.Taken > 0:
		return m, WrongState
	case amount != 0 && amount != m.Amount:
		return m, WrongAmount
	}
	l.movements[original].State = Undone
	if kind == Undo {
		if hold := l.movements[m.Original]; hold != nil {
			hold.Taken = 0
		}
	}
	return l.add(Movement{Number: number, Kind: kind, State: Done, Amount: m.Amount, Original: original, Note: note})
}

// Refund returns a part of a payment or of a completion.
func (l *Ledger) Refund(number, original string, amount int64, note any) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, refusal := l.standing(number, original, Payment, Completion)
	switch {
	case refusal != "":
		return m, refusal
	case amount > m.Amount-m.Given:
		return m, TooMuch
	}
	l.movements[original].Given += amount
	return l.add(Movement{Number: number, Kind: Refund, State: Done, Amount: amount, Original: original, Note: note})
}

// Reverse takes back what has no number of its own: the movement becomes Undone. Of one that is undone already it says
// WrongState.
func (l *Ledger) Reverse(number string) (Movement, Refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.turn(number, Done, Undone)
}

// standing is the original of a new movement, which must be of one of the kinds and stand.
func (l *Ledger) standing(number, original string, kinds ...Kind) (Movement, Refusal) {
	m := l.movements[original]
	switch {
	case l.movements[number] != nil:
		return Movement{}, Duplicate
	case m == nil:
		return Movement{}, NoOrder
	case m.State != Done:
		return *m, WrongState
	}
	for _, kind := range kinds {
		if m.Kind == kind {
			return *m, ""
		}
	}
	return *m, NoOrder
}
