package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// form is UnionPay's page for the payment of an order. It is made from what is stored, and so is the same each time.
func (s *shop) form(o *order) (*unionpay.Form, error) {
	if o.Payment.Kind == preauth {
		return s.client.Preauth.Front(s.preauthRequest(o))
	}
	return s.client.Payments.Front(s.purchaseRequest(o))
}

func (s *shop) purchaseRequest(o *order) *unionpay.FrontPurchaseRequest {
	return &unionpay.FrontPurchaseRequest{
		OrderID: o.Payment.OrderID, TxnTime: o.Payment.TxnTime, TxnAmt: o.Payment.Amount, OrderDesc: o.Description,
		ReqReserved: o.Note, BackURL: s.backURL, FrontURL: s.base + "/return/" + o.id(), PayTimeout: unionpay.TxnTime(o.PayBefore),
	}
}

func (s *shop) preauthRequest(o *order) *unionpay.FrontPreauthRequest {
	return &unionpay.FrontPreauthRequest{
		OrderID: o.Payment.OrderID, TxnTime: o.Payment.TxnTime, TxnAmt: o.Payment.Amount, OrderDesc: o.Description,
		ReqReserved: o.Note, BackURL: s.backURL, FrontURL: s.base + "/return/" + o.id(), PayTimeout: unionpay.TxnTime(o.PayBefore),
	}
}

// settlePayment asks UnionPay what became of the payment.
func (s *shop) settlePayment(ctx context.Context, o *order, schedule cnpay.Schedule) (*cnpay.Settlement[*unionpay.QueryResponse], error) {
	if o.Payment.Kind == preauth {
		return s.client.Preauth.SettleFront(ctx, s.preauthRequest(o), cnpay.WithSchedule(schedule))
	}
	return s.client.Payments.SettleFront(ctx, s.purchaseRequest(o), cnpay.WithSchedule(schedule))
}

// operation is how a step is sent, once, and asked for.
type operation struct {
	send   func(context.Context) (cnpay.Result, error)
	settle func(context.Context, ...cnpay.Option) (*cnpay.Settlement[*unionpay.QueryResponse], error)
}

func newOperation[Req any, Res cnpay.Result](req *Req,
	send func(context.Context, *Req, ...cnpay.Option) (Res, error),
	settle func(context.Context, *Req, ...cnpay.Option) (*cnpay.Settlement[*unionpay.QueryResponse], error),
) operation {
	return operation{
		send: func(ctx context.Context) (cnpay.Result, error) { return send(ctx, req) },
		settle: func(ctx context.Context, opts ...cnpay.Option) (*cnpay.Settlement[*unionpay.QueryResponse], error) {
			return settle(ctx, req, opts...)
		},
	}
}

func (s *shop) operation(t *transaction) operation {
	c := s.client
	switch t.Kind {
	case void:
		return newOperation(&unionpay.VoidRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Payments.Void, c.Payments.SettleVoid)
	case refund:
		return newOperation(&unionpay.RefundRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Payments.Refund, c.Payments.SettleRefund)
	case complete:
		return newOperation(&unionpay.PreauthCompleteRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.Complete, c.Preauth.SettleComplete)
	case cancel:
		return newOperation(&unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.Cancel, c.Preauth.SettleCancel)
	default:
		return newOperation(&unionpay.PreauthCompleteCancelRequest{
			BizType: "000201", OrderID: t.OrderID, TxnTime: t.TxnTime, TxnAmt: t.Amount, OrigQryID: t.Original, BackURL: s.backURL,
		}, c.Preauth.CancelCompletion, c.Preauth.SettleCancelCompletion)
	}
}

// money is what a notification says of the money, nil for one that says nothing.
func money(n unionpay.Notification) *unionpay.Cleared {
	if m, ok := n.(unionpay.MoneyNotification); ok {
		return m.Money()
	}
	return nil
}

// notified is what the notification handler does with a message that is verifiably UnionPay's. When it returns nil,
// UnionPay is told "ok" and will not say it again: so everything is stored first. What takes longer comes afterwards.
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

// ask queries what became of a transaction, and stores what UnionPay says. Only this makes an order paid: UnionPay
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
	var settled *cnpay.Settlement[*unionpay.QueryResponse]
	if orderID == id {
		settled, err = s.settlePayment(ctx, o, schedule)
	} else {
		settled, err = s.operation(t).settle(ctx, cnpay.WithSchedule(schedule))
	}
	v, queryID := settled.Verdict, ""
	if v.Outcome == cnpay.Unknown {
		s.log.Info("still open", "order", orderID, "err", err)
		v.Code = orElse(v.Code, queryCode(err))
	}
	if settled.Answer != nil {
		queryID = settled.Answer.QueryID
	}
	s.learn(id, orderID, v, queryID)
}

// queryCode is the code of a query that was refused: "34" while UnionPay knows of no such transaction.
func queryCode(err error) string {
	var settling, asking *cnpay.Error
	if errors.As(err, &settling) && errors.As(settling.Err, &asking) {
		return asking.Code
	}
	return ""
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
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
