package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
)

// keeper stores the ticket of a call before the first byte leaves, and what the answer adds to it: whatever happens then,
// the ticket settles it.
type keeper struct {
	shop       *shop
	id, number string
}

func (k keeper) keep(ctx context.Context, t cnpay.Ticket) error {
	_, err := k.shop.store.Change(ctx, k.id, func(o *order) error {
		_, stored := o.find(k.number)
		stored.Ticket = t
		return nil
	})
	return err
}

func (k keeper) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	return ctx, k.keep(ctx, t)
}

func (k keeper) Finished(ctx context.Context, t cnpay.Ticket, _ cnpay.Call) {
	if err := k.keep(ctx, t); err != nil {
		k.shop.log.Error("ticket not stored", "order", k.id, "err", err)
	}
}

// begin makes a payment that is stored at its provider, and stores what the payer gets for it.
func (s *shop) begin(ctx context.Context, o *order, number string) {
	p, _ := o.find(number)
	// The payer may close the browser; the order at the provider would be there all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	got, err := s.way(p).start(ctx, o, p, cnpay.WithRecorder(keeper{s, o.ID, number}))
	if got.form != nil && got.result == nil { // nothing was sent: the payer's browser will
		err = errors.Join(err, keeper{s, o.ID, number}.keep(ctx, got.form.Ticket))
	}
	if err != nil {
		s.log.Warn("no payment", "order", o.ID, "payment", number, "err", err)
	}
	if got.result != nil || err != nil {
		s.learn(o.ID, number, verdictOf(got.result, err), false)
	}
	_, err = s.store.Change(ctx, o.ID, func(o *order) error {
		p, t := o.find(number)
		p.Form, p.Scan, t.ProviderNo = got.form, got.code, got.no
		return nil
	})
	if err != nil {
		s.log.Error("payment not stored", "order", o.ID, "payment", number, "err", err)
	}
	// Whoever walks away is found out: by queries now and then, the last after the time to pay has passed.
	third := s.payTimeout / 3
	s.later(func(ctx context.Context) {
		s.follow(ctx, o.ID, number, cnpay.Schedule{third, third, third + 2*time.Second, time.Minute})
	})
}

// carryOut sends a step, once, and finds out how it ends.
func (s *shop) carryOut(ctx context.Context, id, number string) {
	o, err := s.store.Get(ctx, id)
	if err != nil {
		s.log.Error("order not read", "order", id, "err", err)
		return
	}
	p, t := o.find(number)
	w := s.way(p)
	res, err := w.steps[t.Kind](p, t)(ctx, cnpay.WithRecorder(keeper{s, id, number}), cnpay.WithSending(t.Sending))
	v := verdictOf(res, err)
	s.learn(id, number, v, false)
	if tell := w.provider.tell; tell != nil {
		s.later(func(ctx context.Context) {
			if o, err := s.store.Get(ctx, id); err == nil {
				_, t := o.find(number)
				if err := tell(ctx, t); err != nil {
					s.log.Warn("no notification", "order", id, "step", number, "err", err)
				}
			}
		})
	}
	if !v.Outcome.Final() {
		s.follow(ctx, id, number, s.schedule)
	}
	if t.Kind == closing { // then the payment ends, too
		s.ask(ctx, id, p.Number)
	}
}

// verdictOf is how a call ended.
func verdictOf(res cnpay.Result, err error) cnpay.Verdict {
	v := cnpay.Verdict{Outcome: cnpay.OutcomeOf(res, err)}
	var e *cnpay.Error
	if errors.As(err, &e) {
		v.Code, v.Message = e.Code, e.Message
	}
	if v.Outcome == cnpay.Unknown && v.Code == "" {
		v.Code = "no answer"
	}
	return v
}

// follow asks about a transaction until its outcome is final or the schedule is over. A merchant with more than one
// process keeps the schedule in its database.
func (s *shop) follow(ctx context.Context, id, number string, schedule cnpay.Schedule) {
	for _, d := range schedule {
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return
		}
		if s.ask(ctx, id, number).Final() {
			return
		}
	}
}

// ask settles a transaction by its ticket, with one query, and stores what the provider says. It is the same for all
// providers, and only it makes an order paid: what a notification says is confirmed by it before goods are shipped.
func (s *shop) ask(ctx context.Context, id, number string) cnpay.Outcome {
	o, err := s.store.Get(ctx, id)
	if err != nil {
		s.log.Error("order not read", "order", id, "err", err)
		return cnpay.Unknown
	}
	p, t := o.find(number)
	if t == nil || t.Outcome.Final() || t.Ticket.Provider == "" {
		return cnpay.Unknown
	}
	opts := []cnpay.Option{cnpay.WithSchedule(cnpay.Schedule{0})}
	if t == &p.transaction {
		// A shop that sells tea need not wait an hour for a payment that may still be on its way when the time to pay is
		// over. At worst a payer whose payment was given up gets the money back.
		opts = append(opts, cnpay.WithMargin(time.Second))
	}
	from := s.way(p).provider
	settled, err := from.client.Settle(ctx, t.Ticket, opts...)
	v := settled.Verdict
	if v.Outcome == cnpay.Unknown {
		s.log.Info("still open", "order", id, "number", number, "err", err)
		v.Code = cmp.Or(v.Code, queryCode(err))
	}
	no := ""
	if settled.Answer != nil && !settled.Absent {
		no = from.no(settled.Answer)
	}
	refused := t == &p.transaction && from.refused != nil && from.refused(settled)
	_, err = s.store.Change(context.WithoutCancel(ctx), id, func(o *order) error { // the shop may be closing
		p, t := o.find(number)
		before := *t
		wasRefused := p.Refused
		if no != "" {
			t.ProviderNo = no
		}
		t.Ticket, t.SendAgain = settled.Ticket, settled.SendAgain && t != &p.transaction
		if t == &p.transaction && !t.Outcome.Final() {
			p.Refused = refused
		}
		if before.ProviderNo == t.ProviderNo && before.SendAgain == t.SendAgain && p.Refused == wasRefused {
			return errNothingNew
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		s.log.Error("answer not stored", "order", id, "err", err)
	}
	s.learn(id, number, v, refused)
	return v.Outcome
}

// queryCode is the code of a query that was refused.
func queryCode(err error) string {
	var settling, asking *cnpay.Error
	if errors.As(err, &settling) && errors.As(settling.Err, &asking) {
		return asking.Code
	}
	return ""
}

// learn stores an outcome. What is final stays as it is.
func (s *shop) learn(id, number string, v cnpay.Verdict, refused bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := s.store.Change(ctx, id, func(o *order) error {
		p, t := o.find(number)
		known := v.Outcome == t.Outcome && v.Code == t.Code
		if t.Outcome.Final() || known || v.Outcome == cnpay.Unknown && v.Code == "" {
			return errNothingNew
		}
		t.Outcome, t.Code, t.Message = v.Outcome, v.Code, v.Message
		o.log(told(t, t == &p.transaction, refused))
		o.ship()
		return nil
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		s.log.Error("outcome not stored", "order", id, "number", number, "outcome", v.Outcome.String(), "err", err)
	}
}

// told says an outcome in words.
func told(t *transaction, pays, refused bool) event {
	e := event{Code: t.Code, Clerk: !pays && t.Kind != refund}
	of := t.Kind.Phrase().with(" " + yuan(t.Amount))
	switch t.Outcome {
	case cnpay.Succeeded:
		e.Text = phrase{of.Zh + " 已完成。", of.En + ": done."}
	case cnpay.Pending:
		if e.Text = (phrase{of.Zh + " 已受理，处理中。", of.En + ": accepted, not finished yet."}); pays {
			e.Text, e.Clerk = phrase{"订单已受理，等待付款。", "The provider has the payment and waits for the payer."}, true
		}
	case cnpay.Failed:
		e.Bad = true
		if e.Text = (phrase{of.Zh + " 未成功，资金没有变动。", of.En + ": failed, nothing was changed."}); pays {
			e.Text = phrase{"这次付款已结束，没有扣款。", "This payment has ended. No money was taken."}
		}
	case cnpay.NotSent:
		e.Text = phrase{of.Zh + " 没有发出，可以重试。", of.En + ": not sent, it may be tried again."}
	default:
		switch {
		case refused:
			e.Text, e.Bad = phrase{"付款没有通过，可以重试。", "A try to pay was not accepted; another is possible."}, true
		case pays:
			e.Text, e.Clerk = phrase{"还没有查到付款。", "No payment is known yet."}, true
		default:
			e.Text = phrase{of.Zh + " 结果未知，正在查询。", of.En + ": nobody can say yet whether it was done."}
		}
	}
	return e
}

// notified is what every provider's notification handler does with a message that is verifiably the provider's. When it
// returns nil the provider gets its "success" and will not send it again: so everything is stored first. What takes longer
// comes afterwards.
func (s *shop) notified(ctx context.Context, n cnpay.Notification) error {
	ticket := n.CallTicket()
	from := s.providers[ticket.Provider]
	id, number, err := s.store.Owner(ctx, ticket.Provider, ticket.Order)
	if errors.Is(err, errNoOrder) && from.number != nil {
		id, number, err = s.store.Owner(ctx, ticket.Provider, from.number(n))
	}
	if errors.Is(err, errNoOrder) {
		s.log.Warn("notification that fits no order", "key", n.Key())
		return s.store.Keep(ctx, n)
	}
	if err != nil {
		return err
	}
	amount, news := from.amount(n), false
	_, err = s.store.Change(ctx, id, func(o *order) error {
		_, t := o.find(number)
		about := t.Kind.Phrase().with(" " + yuan(t.Amount))
		switch {
		case amount != 0 && amount != t.Amount:
			o.log(event{Bad: true, Clerk: true, Text: phrase{
				"收到的通知真实，但与" + about.Zh + " 不符，请人工核对。",
				"A genuine notification does not fit this: " + about.En + ". It is left to a person.",
			}})
			return nil
		case t.Notified: // again, or by another of the provider's machines
			news = amount == 0
			return errNothingNew
		}
		t.Notified, news = true, true
		o.log(event{Clerk: true, Bad: n.CallOutcome() == cnpay.Failed, Code: n.CallOutcome().String(), Text: phrase{
			"收到通知：" + about.Zh, "Notification: " + about.En,
		}})
		if t.Outcome == cnpay.Failed && n.CallOutcome() == cnpay.Succeeded {
			o.log(event{Bad: true, Clerk: true, Text: phrase{"此前已判定失败，请人工核对。", "It was known as failed; it is left to a person."}})
		}
		return nil
	})
	if errors.Is(err, errNothingNew) {
		err = nil
	}
	if err == nil && news {
		s.later(func(ctx context.Context) { s.confirm(ctx, id) })
	}
	return err
}

// confirm asks about everything that is open in an order, until it is final.
func (s *shop) confirm(ctx context.Context, id string) {
	o, err := s.store.Get(ctx, id)
	if err != nil {
		s.log.Error("order not read", "order", id, "err", err)
		return
	}
	for _, number := range o.open() {
		s.later(func(ctx context.Context) { s.follow(ctx, id, number, append(cnpay.Schedule{0}, s.schedule...)) })
	}
}

// askAll asks about everything that is open in an order.
func (s *shop) askAll(ctx context.Context, id string) {
	o, err := s.store.Get(ctx, id)
	if err != nil {
		s.log.Error("order not read", "order", id, "err", err)
		return
	}
	for _, number := range o.open() {
		s.ask(ctx, id, number)
	}
}

// askSoon asks about an order that somebody looks at or comes back to, but not more often than every few seconds.
func (s *shop) askSoon(o *order, atMost time.Duration) {
	if len(o.open()) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := time.Now(); now.Sub(s.asked[o.ID]) >= atMost {
		s.asked[o.ID] = now
		s.later(func(ctx context.Context) { s.askAll(ctx, o.ID) })
	}
}

// askNow asks because a person wants to know, who sees that it is being done and when it was.
func (s *shop) askNow(ctx context.Context, id string) error {
	if _, err := s.store.Change(ctx, id, func(o *order) error { o.Asking++; return nil }); err != nil {
		return err
	}
	s.later(func(ctx context.Context) {
		s.askAll(ctx, id)
		_, err := s.store.Change(context.WithoutCancel(ctx), id, func(o *order) error {
			o.Asking, o.Asked = o.Asking-1, time.Now()
			return nil
		})
		if err != nil {
			s.log.Error("order not stored", "order", id, "err", err)
		}
	})
	return nil
}

// way is that of a payment.
func (s *shop) way(p *payment) *way { return s.ways[p.Way] }

// returnURL is where the payer's browser comes back to.
func (s *shop) returnURL(o *order) string { return fmt.Sprintf("%s/return/%s", s.base, o.ID) }
