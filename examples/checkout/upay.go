package main

import (
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const operator = "shop"

// upayProvider is Upay (收钱吧): a code that the payer scans, and its page inside a wallet.
func (s *shop) upayProvider(c *clients.Client) *provider {
	client := c.Settler.(*upay.Client)
	notify := s.notifyURL + "/upay"
	p := &provider{
		name: "upay", client: client,
		notify: client.NotificationHandler(func(ctx context.Context, n *upay.Notification) error { return s.notified(ctx, n) }),
		amount: func(n cnpay.Notification) int64 {
			if n.CallTicket().Operation == upay.OpOrderRefund { // it has the order's amount, not the refund's
				return 0
			}
			return n.(*upay.Notification).TotalAmount
		},
		number: func(n cnpay.Notification) string { return n.(*upay.Notification).ClientSN },
		no: func(answer cnpay.Result) string {
			switch r := answer.(type) {
			case *upay.OrderQueryResponse:
				return r.Result.SN
			case *upay.OrderQueryRefundResponse:
				return r.Result.SN
			}
			return ""
		},
	}
	if g, ok := c.Gateway.(*upaytest.Server); ok {
		p.tell = func(ctx context.Context, t *transaction) error {
			_, err := g.Notify(ctx, t.Ticket.Fields["client_sn"], cnpaytest.OK)
			return err
		}
	}
	sale := func(o *order, p *payment) upay.Sale {
		return upay.Sale{ClientSN: p.Number, TotalAmount: p.Amount, Subject: o.subject(), Operator: operator, NotifyURL: notify}
	}
	steps := map[kind]func(*payment, *transaction) sending{
		closing: func(p *payment, _ *transaction) sending {
			return sendingOf(client.Orders.Cancel, &upay.OrderCancelRequest{ClientSN: p.Number})
		},
		void: func(p *payment, _ *transaction) sending {
			return sendingOf(client.Orders.Revoke, &upay.OrderRevokeRequest{ClientSN: p.Number})
		},
		refund: func(p *payment, t *transaction) sending {
			return sendingOf(client.Orders.Refund, &upay.OrderRefundRequest{
				ClientSN: p.Number, RefundRequestNo: t.Number, Operator: operator, RefundAmount: t.Amount,
			})
		},
	}
	p.ways = []*way{
		{
			ID: "upay-scan", kind: purchase, provider: p, newNo: number, steps: steps,
			Name: phrase{"收钱吧 · 扫码", "Upay, scan"}, Hint: phrase{"用微信扫一扫", "With WeChat"},
			start: func(ctx context.Context, o *order, p *payment, opts ...cnpay.Option) (offer, error) {
				res, err := client.Orders.CreateQR(ctx, &upay.OrderCreateQRRequest{Sale: sale(o, p), Payway: "3"}, opts...)
				if err != nil {
					return offer{result: res}, err
				}
				return offer{result: res, code: res.Result.QRCode, no: res.Result.SN}, nil
			},
		},
		{
			ID: "upay-wap", kind: purchase, provider: p, newNo: number, steps: steps,
			Name: phrase{"收钱吧 · 手机页面", "Upay, page"}, Hint: phrase{"在微信或支付宝里打开", "Inside WeChat or Alipay"},
			start: func(_ context.Context, o *order, p *payment, _ ...cnpay.Option) (offer, error) {
				form, err := client.Pages.Cashier(&upay.PageCashierRequest{Sale: sale(o, p), ReturnURL: s.returnURL(o)})
				return offer{form: form}, err
			},
		},
	}
	return p
}
