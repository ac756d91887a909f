package main

import (
	"context"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

// umpay is UMPay's online gateway (联动优势, U付): its cashier for computers, and a code that the payer scans. Its cancel
// closes an order that nobody has paid, and gives back one that was paid today.
func (s *shop) umpay(c *clients.Client) *provider {
	client := c.Settler.(*spay.Client)
	notify := s.notifyURL + "/umpay/spay"
	p := &provider{
		name: "umpay/spay", client: client,
		notify: client.NotificationHandler(func(ctx context.Context, n *spay.Notification) error { return s.notified(ctx, n) }),
		amount: func(n cnpay.Notification) int64 {
			if m := n.(*spay.Notification); m.RefundNo == "" {
				return m.Amount
			}
			return 0 // it has the order's amount, not the refund's
		},
		no: func(answer cnpay.Result) string {
			switch r := answer.(type) {
			case *spay.OrderQueryResponse:
				return r.TradeNo
			case *spay.OrderQueryHistoryResponse:
				return r.TradeNo
			}
			return ""
		},
	}
	newNo := func(now time.Time) string { return spay.MerDate(now) + digits(8) } // a refund has no more than 16
	orderOf := func(o *order, p *payment) spay.Order {
		return spay.Order{
			OrderID: p.Number, MerDate: spay.MerDate(p.At), Amount: p.Amount, GoodsInf: inGBK(o.subject()),
			NotifyURL: notify, RetURL: s.returnURL(o), ExpireTime: max(1, int64(p.Before.Sub(p.At)/time.Minute)),
		}
	}
	giveUp := func(p *payment, _ *transaction) sending {
		return sendingOf(client.Orders.Cancel, &spay.OrderCancelRequest{OrderID: p.Number, MerDate: spay.MerDate(p.At), Amount: p.Amount})
	}
	steps := map[kind]func(*payment, *transaction) sending{
		closing: giveUp,
		void:    giveUp,
		refund: func(p *payment, t *transaction) sending {
			return sendingOf(client.Orders.Refund, &spay.OrderRefundRequest{
				RefundNo: t.Number, OrderID: p.Number, MerDate: spay.MerDate(p.At), RefundAmount: t.Amount, OrgAmount: p.Amount, NotifyURL: notify,
			})
		},
	}
	p.ways = []*way{
		{
			ID: "umpay-web", kind: purchase, provider: p, newNo: newNo, steps: steps,
			Name: phrase{"联动优势 · 收银台", "UMPay"}, Hint: phrase{"在 U付 收银台付款", "On UMPay's page"},
			start: func(_ context.Context, o *order, p *payment, _ ...cnpay.Option) (offer, error) {
				form, err := client.Pages.Web(&spay.PageWebRequest{Order: orderOf(o, p), InterfaceType: "01"})
				return offer{form: form}, err
			},
		},
		{
			ID: "umpay-scan", kind: purchase, provider: p, newNo: newNo, steps: steps,
			Name: phrase{"联动优势 · 扫码", "UMPay, scan"}, Hint: phrase{"用支付宝扫一扫", "With Alipay"},
			start: func(ctx context.Context, o *order, p *payment, opts ...cnpay.Option) (offer, error) {
				res, err := client.Orders.CreateQR(ctx, &spay.OrderCreateQRRequest{Order: orderOf(o, p), ScanCodeType: "ALIPAY"}, opts...)
				if err != nil {
					return offer{result: res}, err
				}
				code, err := res.QR()
				return offer{result: res, code: code, no: res.TradeNo}, err
			},
		},
	}
	return p
}

// inGBK keeps what UMPay can read, whose signed text is GBK: of the characters that people type, ASCII, the common Chinese
// ones and their punctuation. A value may not look like fields.
func inGBK(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '&':
			return '＆'
		case r == '=':
			return '＝'
		case r < 0x80, r >= 0x4e00 && r <= 0x9fa5, r == '、', r == '。', r >= '！' && r <= '～':
			return r
		}
		return '？'
	}, text)
}
