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
	hold             kind = "hold" // a pre-authorisation
	refund           kind = "refund"
	void             kind = "void"  // of the whole, on the same day
	closing          kind = "close" // of a payment that nobody has made yet
	complete         kind = "complete"
	cancel           kind = "cancel" // of a hold
	cancelCompletion kind = "undo"
)

// partial reports whether a step may be about less than the whole.
func (k kind) partial() bool { return k == refund || k == complete }

// transaction is one thing that a provider is asked to do. Its number is chosen here and stored before anything is sent;
// its ticket is all that settling it needs.
type transaction struct {
	Kind   kind
	Number string
	At     time.Time
	Amount int64
	Ticket cnpay.Ticket // empty until the request is about to leave

	Outcome    cnpay.Outcome // Unknown until the provider has answered
	Code       string        // the provider's, for the clerk
	Message    string
	ProviderNo string // the provider's own number of it
	Notified   bool   // a genuine notification with the right amount has come
	SendAgain  bool   // the same request may be sent again, which ends the doubt
	Sending    int
}

// payment is one attempt of the payer, in one way. A payer who comes back makes another, under another number.
type payment struct {
	transaction
	Way    string
	Before time.Time // until when the shop waits for it

	Form *cnpay.Form // where the payer's browser goes
	Scan string      // what the payer scans
	Sent bool        // the browser was taken there

	Refused bool // the payer's last try, and there may be others
	Steps   []transaction
}

// event is a line of the order's history.
type event struct {
	At    time.Time
	Text  phrase
	Code  string // for the clerk
	Clerk bool   // the whole of it
	Bad   bool
}

// order is what the shop keeps.
type order struct {
	ID          string
	Token       string // of the page that it was ordered on: the same page orders once
	At          time.Time
	Amount      int64
	Description string
	Payments    []payment
	Shipped     bool
	Cancelled   bool // by the clerk: nobody pays any more
	Asking      int  // how many queries a person waits for
	Asked       time.Time
	Events      []event
	Version     int // of the pages that show it
}

func (o *order) clone() *order {
	c := *o
	c.Payments, c.Events = slices.Clone(o.Payments), slices.Clone(o.Events)
	for i := range c.Payments {
		c.Payments[i].Steps = slices.Clone(c.Payments[i].Steps)
	}
	return &c
}

func (o *order) log(e event) {
	e.At = time.Now()
	o.Events = append(o.Events, e)
}

// latest is the payment that the payer was sent to last.
func (o *order) latest() *payment { return &o.Payments[len(o.Payments)-1] }

// find is the transaction of a number and its payment, nil without one. A payment is a transaction of its own.
func (o *order) find(number string) (*payment, *transaction) {
	for i := range o.Payments {
		p := &o.Payments[i]
		if p.Number == number {
			return p, &p.transaction
		}
		for j := range p.Steps {
			if p.Steps[j].Number == number {
				return p, &p.Steps[j]
			}
		}
	}
	return nil, nil
}

// open are the numbers of the transactions that can be asked about.
func (o *order) open() (numbers []string) {
	add := func(t *transaction) {
		if !t.Outcome.Final() && t.Ticket.Provider != "" {
			numbers = append(numbers, t.Number)
		}
	}
	for i := range o.Payments {
		add(&o.Payments[i].transaction)
		for j := range o.Payments[i].Steps {
			add(&o.Payments[i].Steps[j])
		}
	}
	return numbers
}

// paid reports whether a payment has succeeded, whatever was done to it later.
func (o *order) paid() bool {
	return slices.ContainsFunc(o.Payments, func(p payment) bool { return p.Outcome == cnpay.Succeeded })
}

// payable reports whether the payer may pay, with a new payment.
func (o *order) payable() bool { return !o.paid() && !o.Cancelled }

// working is a step whose outcome is not known for good, nil without one.
func (o *order) working() *transaction {
	for i := range o.Payments {
		if t := o.Payments[i].working(); t != nil {
			return t
		}
	}
	return nil
}

// money sums up the payments.
func (o *order) money() (held, taken, refunded int64) {
	for i := range o.Payments {
		p := &o.Payments[i]
		held, taken, refunded = held+p.held(), taken+p.taken(), refunded+p.refunded()
	}
	return held, taken, refunded
}

// wrong are payments that stand although another one does, or although the order was cancelled: somebody gives them back.
func (o *order) wrong() bool {
	standing := 0
	for i := range o.Payments {
		if p := &o.Payments[i]; p.held() > 0 || p.taken() > p.refunded() {
			standing++
		}
	}
	return standing > 1 || standing == 1 && o.Cancelled
}

// ship hands the goods over, once: when a payment is confirmed, and nobody is ending it at that moment.
func (o *order) ship() {
	if _, taken, refunded := o.money(); o.Shipped || o.Cancelled || o.working() != nil || taken == 0 || refunded > 0 {
		return
	}
	if slices.ContainsFunc(o.Payments, func(p payment) bool { return p.Kind == purchase && p.taken() > 0 }) {
		o.Shipped = true
		o.log(event{Text: phrase{"已发货。", "Goods shipped."}})
	}
}

// working is the step whose outcome is not known for good. As long as there is one, nothing else is done to the payment: a
// refund beside a void that may have succeeded would give the money back twice.
func (p *payment) working() *transaction {
	for i := range p.Steps {
		if !p.Steps[i].Outcome.Final() {
			return &p.Steps[i]
		}
	}
	return nil
}

// last is the last step of a kind that has succeeded, and its place; -1 without one.
func (p *payment) last(k kind) (*transaction, int) {
	for i := len(p.Steps) - 1; i >= 0; i-- {
		if p.Steps[i].Kind == k && p.Steps[i].Outcome == cnpay.Succeeded {
			return &p.Steps[i], i
		}
	}
	return nil, -1
}

// taking is the transaction that took the money which the shop has, nil without one.
func (p *payment) taking() *transaction {
	if p.Outcome != cnpay.Succeeded {
		return nil
	}
	if p.Kind == purchase {
		for _, k := range [...]kind{void, closing} { // closing gives back what was paid at the last moment
			if _, i := p.last(k); i >= 0 {
				return nil
			}
		}
		return &p.transaction
	}
	completion, at := p.last(complete)
	if _, undone := p.last(cancelCompletion); undone > at {
		return nil
	}
	return completion
}

// held is the amount that the payer's bank holds for the shop.
func (p *payment) held() int64 {
	_, cancelled := p.last(cancel)
	if p.Kind != hold || p.Outcome != cnpay.Succeeded || cancelled >= 0 || p.taking() != nil {
		return 0
	}
	return p.Amount
}

// taken and refunded are what was taken, and given back of it.
func (p *payment) taken() int64 {
	if t := p.taking(); t != nil {
		return t.Amount
	}
	return 0
}

func (p *payment) refunded() (sum int64) {
	for i := range p.Steps {
		if p.Steps[i].Kind == refund && p.Steps[i].Outcome == cnpay.Succeeded {
			sum += p.Steps[i].Amount
		}
	}
	return sum
}

// possible are the steps that the payment allows now, with the most that each may be about.
func (p *payment) possible() map[kind]int64 {
	can := map[kind]int64{}
	if p.working() != nil {
		return can
	}
	if _, closed := p.last(closing); closed < 0 && !p.Outcome.Final() && p.Ticket.Provider != "" {
		can[closing] = p.Amount
	}
	if held := p.held(); held > 0 {
		can[complete], can[cancel] = held, held
	}
	if taken := p.taken(); taken > 0 {
		if rest := taken - p.refunded(); rest > 0 {
			can[refund] = rest
		}
		if p.refunded() == 0 {
			can[map[kind]kind{purchase: void, hold: cancelCompletion}[p.Kind]] = taken
		}
	}
	return can
}

// Self is the transaction itself, for pages.
func (t *transaction) Self() *transaction { return t }
