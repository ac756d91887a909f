package main

import (
	"context"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/examples/internal/money"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// yuansferProvider is Yuansfer's cashier. Its cancel closes a payment that nobody has made, and gives back one that was.
func (s *shop) yuansferProvider(c *clients.Client) *provider {
	client := c.Settler.(*yuansfer.Client)
	currencies := yuansfer.Currencies{Currency: "CNY", SettleCurrency: "USD"}
	p := &provider{
		name: "yuansfer", client: client,
		notify: client.NotificationHandler(func(ctx context.Context, n yuansfer.Notification) error { return s.notified(ctx, n) }),
		amount: func(n cnpay.Notification) int64 {
			if paid, ok := n.(*yuansfer.PaymentNotification); ok && paid.Currency == currencies.Currency {
				if amount, err := fen(paid.Amount); err == nil {
					return amount
				}
			}
			return -1
		},
		no: func(answer cnpay.Result) string {
			if r, ok := answer.(*yuansfer.TransactionQueryResponse); ok {
				return r.Result.TransactionNo
			}
			return ""
		},
	}
	giveUp := func(p *payment, _ *transaction) sending {
		return sendingOf(client.Transactions.Cancel, &yuansfer.TransactionCancelRequest{OrderKey: yuansfer.OrderKey{Reference: p.Number}})
	}
	p.ways = []*way{{
		ID: "yuansfer", kind: purchase, provider: p, newNo: number,
		Name: phrase{"Yuansfer · 支付宝", "Yuansfer, Alipay"}, Hint: phrase{"在 Yuansfer 收银台付款", "On Yuansfer's page"},
		start: func(ctx context.Context, o *order, p *payment, opts ...cnpay.Option) (offer, error) {
			res, err := client.Pages.Cashier(ctx, &yuansfer.PageCashierRequest{
				NewOrder: yuansfer.NewOrder{
					Money:     yuansfer.Money{Amount: money.Decimal(p.Amount), Currencies: currencies},
					Reference: p.Number, Description: strings.NewReplacer("&", "＆", "=", "＝").Replace(o.subject()),
					Timeout: max(1, int64(p.Before.Sub(p.At)/time.Minute)),
				},
				Vendor: "alipay", Terminal: "ONLINE", IpnURL: s.notifyURL + "/yuansfer", CallbackURL: s.returnURL(o),
			}, opts...)
			if err != nil {
				return offer{result: res}, err
			}
			form, err := res.Form()
			return offer{result: res, form: form, no: res.Result.TransactionNo}, err
		},
		steps: map[kind]func(*payment, *transaction) sending{
			closing: giveUp,
			void:    giveUp,
			refund: func(p *payment, t *transaction) sending {
				return sendingOf(client.Transactions.Refund, &yuansfer.TransactionRefundRequest{
					RefundAmount: money.Decimal(t.Amount), Currencies: currencies,
					OrderKey: yuansfer.OrderKey{Reference: p.Number}, RefundReference: t.Number,
				})
			},
		},
	}}
	return p
}
