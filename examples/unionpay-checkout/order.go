package main

import (
	"slices"
	"time"

	"github.com/cnpay-go/cnpay"
)

// kind is what the payer was asked for, or what was done to it later.
type kind string

const (
	purchase         kind = "purchase"
	preauth          kind = "pre-authorisation"
	void             kind = "void"
	refund           kind = "refund"
	complete         kind = "completion"
	cancel           kind = "cancellation"
	cancelCompletion kind = "cancellation of the completion"
)

// txnType is UnionPay's number of it.
func (k kind) txnType() string {
	return map[kind]string{
		purchase: "01", preauth: "02", complete: "03", refund: "04", void: "31", cancel: "32", cancelCompletion: "33",
	}[k]
}

// transaction is one thing that UnionPay was asked to do. OrderID and TxnTime are chosen here and stored before
// anything is sent; together they are its name for ever.
type transaction struct {
	Kind     kind
	OrderID  string
	TxnTime  string
	Amount   int64
	Original string // queryId of what it acts upon

	Outcome  cnpay.Outcome // Unknown until UnionPay has answered
	Code     string
	Message  string
	QueryID  string
	Notified bool // a genuine notification with the right amount has come
}

// event is a line of the order's history.
type event struct {
	At   time.Time
	Text string
	Bad  bool
}

// order is what the shop keeps.
type order struct {
	Payment     transaction
	Steps       []transaction // voids, refunds ...
	Description string
	Note        string
	PayBefore   time.Time
	Sent        bool // the payer, to UnionPay's page
	Shipped     bool
	Events      []event
	Version     int // of the page that shows it
}

// id is the payment's order number, which has 18 random digits.
func (o *order) id() string { return o.Payment.OrderID }

func (o *order) clone() *order {
	c := *o
	c.Steps, c.Events = slices.Clone(o.Steps), slices.Clone(o.Events)
	return &c
}

func (o *order) log(bad bool, text string) {
	o.Events = append(o.Events, event{time.Now(), text, bad})
}

// find is the transaction of a number, nil without one.
func (o *order) find(orderID string) *transaction {
	if o.Payment.OrderID == orderID {
		return &o.Payment
	}
	if i := slices.IndexFunc(o.Steps, func(t transaction) bool { return t.OrderID == orderID }); i >= 0 {
		return &o.Steps[i]
	}
	return nil
}

// open is the step whose outcome is not known for good. As long as there is one, nothing else is done to the order: a
// refund beside a void that may have succeeded would return the money twice.
func (o *order) open() *transaction {
	for i := range o.Steps {
		if !o.Steps[i].Outcome.Final() {
			return &o.Steps[i]
		}
	}
	return nil
}

// last is the last step of a kind that has succeeded, and its place; -1 without one.
func (o *order) last(k kind) (*transaction, int) {
	for i := len(o.Steps) - 1; i >= 0; i-- {
		if o.Steps[i].Kind == k && o.Steps[i].Outcome == cnpay.Succeeded {
			return &o.Steps[i], i
		}
	}
	return nil, -1
}

// taking is the transaction that took the money which the shop has, nil without one.
func (o *order) taking() *transaction {
	if o.Payment.Outcome != cnpay.Succeeded {
		return nil
	}
	if o.Payment.Kind == purchase {
		if _, i := o.last(void); i >= 0 {
			return nil
		}
		return &o.Payment
	}
	completion, at := o.last(complete)
	if _, undone := o.last(cancelCompletion); undone > at {
		return nil
	}
	return completion
}

// held is the amount that the payer's bank holds for the shop.
func (o *order) held() int64 {
	_, cancelled := o.last(cancel)
	if o.Payment.Kind != preauth || o.Payment.Outcome != cnpay.Succeeded || cancelled >= 0 || o.taking() != nil {
		return 0
	}
	return o.Payment.Amount
}

// taken and refunded are what was taken, and given back of it.
func (o *order) taken() int64 {
	if t := o.taking(); t != nil {
		return t.Amount
	}
	return 0
}

func (o *order) refunded() (sum int64) {
	for i := range o.Steps {
		if o.Steps[i].Kind == refund && o.Steps[i].Outcome == cnpay.Succeeded {
			sum += o.Steps[i].Amount
		}
	}
	return sum
}

// possible are the steps that the order allows now, with the most that each may be about.
func (o *order) possible() map[kind]int64 {
	can := map[kind]int64{}
	if o.open() != nil {
		return can
	}
	if held := o.held(); held > 0 {
		can[complete], can[cancel] = held, held
	}
	if taken := o.taken(); taken > 0 {
		if rest := taken - o.refunded(); rest > 0 {
			can[refund] = rest
		}
		if o.refunded() == 0 {
			can[map[kind]kind{purchase: void, preauth: cancelCompletion}[o.Payment.Kind]] = taken
		}
	}
	return can
}

// partial reports whether a step may be about less than the whole.
func (k kind) partial() bool { return k == refund || k == complete }
