package main

import (
	"cmp"
	"context"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// unionPay is UnionPay's page (银联全渠道), for purchases and pre-authorisations. UnionPay has no operation that closes an
// order: it ends by itself.
func (s *shop) unionPay(c *clients.Client, gateway string) *provider {
	client := c.Settler.(*unionpay.Client)
	back := s.notifyURL + "/unionpay"
	p := &provider{
		name: "unionpay", client: client, origin: origin(cmp.Or(gateway, unionpay.TestGateway)),
		notify: client.NotificationHandler(func(ctx context.Context, n unionpay.Notification) error { return s.notified(ctx, n) }),
		amount: func(n cnpay.Notification) int64 {
			if m, ok := n.(unionpay.MoneyNotification); ok && m.Money().CurrencyCode == "156" {
				return m.Money().TxnAmt
			}
			return -1 // of no money, or of other money: no order's
		},
		no: func(answer cnpay.Result) string {
			if r, ok := answer.(*unionpay.OrderQueryResponse); ok {
				return r.QueryID
			}
			return ""
		},
		refused: func(f *cnpay.Settlement) bool {
			_, answered := f.Answer.(*unionpay.OrderQueryResponse)
			return answered && !f.Absent && f.Outcome == cnpay.Unknown && f.Code != ""
		},
	}
	if g, ok := c.Gateway.(*unionpaytest.Server); ok {
		g.SetPending(1) // as the real one: it works on a step for a moment
		p.origin = origin(g.URL)
		p.tell = func(ctx context.Context, t *transaction) error {
			_, err := g.Notify(ctx, t.Number, cnpaytest.OK)
			return err
		}
	}
	newNo := func(time.Time) string { return unionpay.NewOrderID() }
	p.ways = []*way{
		{
			ID: "unionpay", kind: purchase, provider: p, newNo: newNo,
			Name: phrase{"银联在线支付", "UnionPay"}, Hint: phrase{"银行卡，在银联收银台付款", "A card, on UnionPay's page"},
			start: func(_ context.Context, o *order, p *payment, _ ...cnpay.Option) (offer, error) {
				form, err := client.Pages.Purchase(&unionpay.PagePurchaseRequest{
					Details: unionpay.Details{OrderDesc: o.subject()},
					OrderID: p.Number, TxnTime: unionpay.TxnTime(p.At), TxnAmt: p.Amount,
					BackURL: back, FrontURL: s.returnURL(o), PayTimeout: unionpay.TxnTime(p.Before),
				})
				return offer{form: form}, err
			},
			steps: map[kind]func(*payment, *transaction) sending{
				void: func(p *payment, t *transaction) sending {
					return sendingOf(client.Payments.Void, &unionpay.PaymentVoidRequest{
						BizType: "000201", OrderID: t.Number, TxnTime: unionpay.TxnTime(t.At), TxnAmt: t.Amount, OrigQryID: p.ProviderNo, BackURL: back,
					})
				},
				refund: func(p *payment, t *transaction) sending {
					return sendingOf(client.Payments.Refund, unionPayRefund(p, t, back))
				},
			},
		},
		{
			ID: "unionpay-hold", kind: hold, provider: p, newNo: newNo,
			Name: phrase{"银联预授权", "UnionPay, held"}, Hint: phrase{"先冻结金额，之后再扣款", "The money is held, to be taken later"},
			start: func(_ context.Context, o *order, p *payment, _ ...cnpay.Option) (offer, error) {
				form, err := client.Pages.Preauth(&unionpay.PagePreauthRequest{
					Details: unionpay.Details{OrderDesc: o.subject()},
					OrderID: p.Number, TxnTime: unionpay.TxnTime(p.At), TxnAmt: p.Amount,
					BackURL: back, FrontURL: s.returnURL(o), PayTimeout: unionpay.TxnTime(p.Before),
				})
				return offer{form: form}, err
			},
			steps: map[kind]func(*payment, *transaction) sending{
				complete: func(p *payment, t *transaction) sending {
					return sendingOf(client.Preauth.Complete, &unionpay.PreauthCompleteRequest{
						BizType: "000201", OrderID: t.Number, TxnTime: unionpay.TxnTime(t.At), TxnAmt: t.Amount, OrigQryID: p.ProviderNo, BackURL: back,
					})
				},
				cancel: func(p *payment, t *transaction) sending {
					return sendingOf(client.Preauth.Cancel, &unionpay.PreauthCancelRequest{
						BizType: "000201", OrderID: t.Number, TxnTime: unionpay.TxnTime(t.At), TxnAmt: t.Amount, OrigQryID: p.ProviderNo, BackURL: back,
					})
				},
				cancelCompletion: func(p *payment, t *transaction) sending {
					return sendingOf(client.Preauth.CancelCompletion, &unionpay.PreauthCancelCompletionRequest{
						BizType: "000201", OrderID: t.Number, TxnTime: unionpay.TxnTime(t.At), TxnAmt: t.Amount, OrigQryID: taken(p), BackURL: back,
					})
				},
				refund: func(p *payment, t *transaction) sending {
					return sendingOf(client.Payments.Refund, unionPayRefund(p, t, back))
				},
			},
		},
	}
	return p
}

func unionPayRefund(p *payment, t *transaction, back string) *unionpay.PaymentRefundRequest {
	return &unionpay.PaymentRefundRequest{
		BizType: "000201", OrderID: t.Number, TxnTime: unionpay.TxnTime(t.At), TxnAmt: t.Amount, OrigQryID: taken(p), BackURL: back,
	}
}

// taken is the provider's number of the transaction that took the money.
func taken(p *payment) string {
	if t := p.taking(); t != nil {
		return t.ProviderNo
	}
	return ""
}

// origin is the scheme and host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
