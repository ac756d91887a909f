package main

import "github.com/cnpay-go/cnpay"

// status is how an order is shown.
type status struct {
	Label string // a word or two
	Style string // good, wait, bad, off
	Text  string
}

func statusOf(o *order) status {
	p := &o.Payment
	switch {
	case p.Outcome == cnpay.Failed:
		return status{"Not paid", "bad", "Nobody paid in time. No money moved."}
	case p.Outcome != cnpay.Succeeded && p.Notified:
		return status{"Confirming", "wait", "The notification has come. UnionPay is asked to confirm it before anything is shipped."}
	case p.Outcome != cnpay.Succeeded:
		return status{"Waiting", "wait", "Waiting for the payer, until " + clock(o.PayBefore) + " in Beijing. This page follows by itself."}
	}
	if t := o.open(); t != nil {
		return status{"Working", "wait", "UnionPay has not yet confirmed the outcome of the " + string(t.Kind) + "."}
	}
	taken, refunded := o.taken(), o.refunded()
	switch {
	case o.held() > 0:
		return status{"Held", "good", yuan(o.held()) + " is held on the card. Take it, or release it."}
	case taken > 0 && refunded == taken:
		return status{"Refunded", "off", "Everything was given back."}
	case refunded > 0:
		return status{"Partly refunded", "good", yuan(taken-refunded) + " of " + yuan(taken) + " is left."}
	case taken > 0 && p.Kind == preauth:
		return status{"Taken", "good", yuan(taken) + " of " + yuan(p.Amount) + " was taken; the rest is free again."}
	case taken > 0:
		return status{"Paid", "good", "Confirmed by UnionPay, and shipped."}
	case p.Kind == preauth:
		return status{"Released", "off", "The card is free again. No money was taken."}
	}
	return status{"Voided", "off", "The payment was undone on the same clearing day."}
}

// view is the order page.
type view struct {
	*order
	Status  status
	Problem string
	Actions []action
	Ask     bool // something is open
}

// action is a button, with a field where a part is possible.
type action struct {
	Kind        kind
	Title, Hint string
	Most        int64
	Partial     bool
}

func newView(o *order, problem string) view {
	v := view{order: o, Status: statusOf(o), Problem: problem}
	v.Ask = o.open() != nil || !o.Payment.Outcome.Final()
	possible := o.possible()
	for _, a := range []action{
		{Kind: complete, Title: "Take the money", Hint: "预授权完成 · once, the whole or a part"},
		{Kind: cancel, Title: "Release it", Hint: "预授权撤销 · gives up the whole"},
		{Kind: refund, Title: "Refund", Hint: "退货 · the whole or in parts"},
		{Kind: void, Title: "Void", Hint: "消费撤销 · the whole, on the same clearing day"},
		{Kind: cancelCompletion, Title: "Undo the taking", Hint: "预授权完成撤销 · the whole, on the same clearing day"},
	} {
		if most, ok := possible[a.Kind]; ok {
			a.Most, a.Partial = most, a.Kind.partial()
			v.Actions = append(v.Actions, a)
		}
	}
	return v
}
