package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// form is UnionPay's page for the payment of an order. It is made from what is stored, and so is the same each time.
func (s *shop) form(o *order) (*cnpay.Form, error) {
	if o.Payment.Kind == preauth {
		return s.client.Pages.Preauth(s.preauthRequest(o))
	}
	return s.client.Pages.Purchase(s.purchaseRequest(o))
}

func (s *shop) purchaseRequest(o *order) *unionpay.PagePurchaseRequest {
	return &unionpay.PagePurchaseRequest{
		Details: unionpay.Details{OrderDesc: o.Description},
		OrderID: o.Payment.OrderID, TxnTime: o.Payment.TxnTime, TxnAmt: o.Payment.Amount, ReqReserved: o.Note,
		BackURL: s.backURL, FrontURL: s.base + "/return/" + o.id(), PayTimeout: unionpay.TxnTime(o.PayBefore),
	}
}

func (s *shop) preauthRequest(o *order) *unionpay.PagePreauthRequest {
	return &unionpay.PagePreauthRequest{
		Details: unionpay.Details{OrderDesc: o.Description},
		OrderID: o.Payment.OrderID, TxnTime: o.Payment.TxnTime, TxnAmt: o.Payment.Amount, ReqReserved: o.Note,
		BackURL: s.backURL, FrontURL: s.base + "/return/" + o.id(), PayTimeout: unionpay.TxnTime(o.PayBefore),
	}
}

// operation is how a step is sent, once, and the request by which it is settled.
type operation struct {
	send    func(context.Context) (cnpay.Result, error)
	request unionpay.Request
}

func newOperation[Req unionpay.Request, Res cnpay.Result](req Req, send func(context.Context, Req, ...cnpay.Option) (Res, error)) operation {
	return operation{func(ctx context.Context) (cnpay.Result, error) { return send(ctx, req) }, req}
}

// request is that of a transaction of an order, as it was sent or made.
func (s *shop) request(o *order, t *transaction) unionpay.Request {
	switch {
	case t != &o.Payment:
		return s.operation(t).request
	case t.Kind == preauth:
		return s.preauthRequest(o)
	}
	return s.purchaseRequest(o)
}

// settle finds the outcome of a transaction of an order. A shop that sells tea need not wait an hour for a payment that
// may still be on its way when the time to pay is over: UnionPay returns what is paid later, so at worst a payer whose
// order was given up gets the money back.
func (s *shop) settle(ctx context.Context, o *order, t *transaction, schedule cnpay.Schedule) (*cnpay.Settlement, error) {
	ticket, err := s.client.Ticket(s.request(o, t))
	if err != nil {
		return &cnpay.Settlement{Ticket: ticket}, err
	}
	return s.client.Settle(ctx, ticket, cnpay.WithSchedule(schedule), cnpay.WithMargin(time.Second))
}

func (s *shop) operation(t *transaction) operation {
	c := s.client
	switch t.Kind {
	case void:
		return newOperation(&unionpay.PaymentVoidRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Payments.Void)
	case refund:
		return newOperation(&unionpay.PaymentRefundRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Payments.Refund)
	case complete:
		return newOperation(&unionpay.PreauthCompleteRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.Complete)
	case cancel:
		return newOperation(&unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.Cancel)
	default:
		return newOperation(&unionpay.PreauthCancelCompletionRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.CancelCompletion)
	}
}

// money is what a notification says of the money, nil for one that says nothing.
func money(n unionpay.Notification) *unionpay.Clearing {
	if m, ok := n.(unionpay.MoneyNotification); ok {
		return m.Money()
	}
	return nil
}

// notified is what the notification handler does with a message that is verifiably UnionPay's. When it returns nil,
// UnionPay gets its "ok" and will not send it again: so everything is stored first. What takes longer comes afterwards.
func (s *shop) notified(ctx context.Context, n unionpay.Notification) error {
	notice, paid := n.Common(), money(n)
	id, err := s.store.Owner(ctx, notice.OrderID, notice.TxnTime)
	if errors.Is(err, errNoOrder) {
		s.log.Warn("notification that fits no order", "key", notice.Key())
		return s.store.Keep(ctx, n)
	}
	if err != nil {
		return err
	}
	news := false
	_, err = s.store.Change(ctx, id, func(o *order) error {
		t := o.find(notice.OrderID)
		if t.Notified { // again, or by another of UnionPay's machines
			return errNothingNew
		}
		if paid == nil || notice.TxnType != t.Kind.txnType() || paid.TxnAmt != t.Amount || paid.CurrencyCode != "156" {
			o.log(true, fmt.Sprintf("A genuine notification about the %s does not fit it; it is left to a person.", t.Kind))
			return nil
		}
		t.Notified, news = true, true
		o.log(notice.Outcome == cnpay.Failed, fmt.Sprintf("Notification from UnionPay about the %s of %s: %s (%s).",
			t.Kind, yuan(t.Amount), notice.Outcome, notice.RespCode))
		if t.Outcome == cnpay.Failed && notice.Outcome == cnpay.Succeeded {
			o.log(true, "It was known as failed; it is left to a person.")
		}
		return nil
	})
	if errors.Is(err, errNothingNew) {
		return nil
	}
	if err == nil && news {
		s.later(func(ctx context.Context) { s.ask(ctx, id, notice.OrderID, s.schedule) })
	}
	return err
}

var errNothingNew = errors.New("nothing new")

// ask settles a transaction, and stores what UnionPay says. Only this makes an order paid: UnionPay
// advises to query before goods are shipped.
func (s *shop) ask(ctx context.Context, id, orderID string, schedule cnpay.Schedule) {
	o, err := s.store.Get(ctx, id)
	if err != nil {
		s.log.Error("order not read", "order", id, "err", err)
		return
	}
	t := o.find(orderID)
	if t == nil || t.Outcome.Final() {
		return
	}
	settled, err := s.settle(ctx, o, t, schedule)
	v, queryID := settled.Verdict, ""
	if v.Outcome == cnpay.Unknown {
		s.log.Info("still open", "order", orderID, "err", err)
		v.Code = cmp.Or(v.Code, queryCode(err))
	}
	if answer, ok := settled.Answer.(*unionpay.OrderQueryResponse); ok {
		queryID = answer.QueryID
	}
	s.learn(id, orderID, v, queryID)
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
func (s *shop) learn(id, orderID string, v cnpay.Verdict, queryID string) {
	// The shop may be closing; what UnionPay has said is stored all the same.
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, err := s.store.Change(ctx, id, func(o *order) error {
		t := o.find(orderID)
		known := v.Outcome == t.Outcome && v.Code == t.Code
		if t.Outcome.Final() || known || v.Outcome == cnpay.Unknown && v.Code == "" {
			return errNothingNew
		}
		t.Outcome, t.Code, t.Message = v.Outcome, v.Code, v.Message
		if queryID != "" {
			t.QueryID = queryID
		}
		o.log(v.Outcome == cnpay.Failed, told(t, orderID == id))
		if orderID == id && v.Outcome == cnpay.Succeeded && t.Kind == purchase && !o.Shipped {
			o.Shipped = true
			o.log(false, "Goods shipped.")
		}
		return nil
	})
	if err != nil && !errors.Is(err, errNothingNew) {
		s.log.Error("outcome not stored", "order", orderID, "outcome", v.Outcome.String(), "err", err)
	}
}

// told says an outcome in words.
func told(t *transaction, payment bool) string {
	about := fmt.Sprintf("%s of %s", t.Kind, yuan(t.Amount))
	switch t.Outcome {
	case cnpay.Succeeded:
		return fmt.Sprintf("UnionPay confirms the %s (%s).", about, t.Code)
	case cnpay.Pending:
		return fmt.Sprintf("UnionPay has accepted the %s; it is not finished.", about)
	case cnpay.Failed:
		return fmt.Sprintf("The %s has failed, nothing was changed (%s).", about, t.Code)
	case cnpay.NotSent:
		return fmt.Sprintf("The %s was not sent; it may be tried again.", about)
	}
	switch {
	case payment && t.Code == "34":
		return "UnionPay knows of no payment yet."
	case payment:
		return fmt.Sprintf("An attempt to pay has failed (%s); the payer may try again.", t.Code)
	}
	return fmt.Sprintf("Nobody can say yet whether the %s was done (%s).", about, t.Code)
}
