package main

import (
	"context"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
)

// umsMerchant is who sells: the numbers that ChinaUMS gave the merchant.
type umsMerchant struct{ mid, tid, source string }

// chinaUMS is ChinaUMS (银联商务): a code that the payer scans, and WeChat's page.
func (s *shop) chinaUMS(c *clients.Client, m umsMerchant) *provider {
	client := c.Settler.(*chinaums.Client)
	notify := s.notifyURL + "/chinaums"
	p := &provider{
		name: "chinaums", client: client,
		notify: client.NotificationHandler(func(ctx context.Context, n chinaums.Notification) error { return s.notified(ctx, n) }),
		amount: func(n cnpay.Notification) int64 {
			common := n.(chinaums.Notification).Common()
			if common.RefundAmount != 0 {
				if n.CallTicket().Order == "" { // of a bill: which refund it is, it does not say
					return 0
				}
				return common.RefundAmount
			}
			return common.TotalAmount
		},
		number: func(n cnpay.Notification) string {
			if bill, ok := n.(*chinaums.BillNotification); ok {
				return bill.BillNo
			}
			return ""
		},
		no: func(answer cnpay.Result) string {
			if r, ok := answer.(*chinaums.OrderQueryResponse); ok {
				return r.TargetOrderID
			}
			return "" // of a bill the code's number is kept, which closing needs
		},
	}
	if g, ok := c.Gateway.(*chinaumstest.Server); ok {
		p.tell = func(ctx context.Context, t *transaction) error {
			if t.Kind != refund {
				return nil
			}
			_, err := g.Notify(ctx, t.Number, cnpaytest.OK)
			return err
		}
	}
	newNo := func(now time.Time) string { return chinaums.NewOrderID(m.source, now) }
	head := chinaums.Head{MID: m.mid, TID: m.tid}
	bill := chinaums.BillHead{Head: head, InstMID: chinaums.BillsInstMID}
	page := chinaums.OrderHead{Head: head, InstMID: chinaums.H5InstMID}
	day := func(t time.Time) string { return t.In(cnpay.Beijing()).Format(time.DateOnly) }
	end := func(t time.Time) string { return t.In(cnpay.Beijing()).Format(time.DateTime) }
	refundOf := func(t *transaction) chinaums.RefundOrder {
		return chinaums.RefundOrder{RefundAmount: t.Amount, RefundOrderID: t.Number}
	}
	p.ways = []*way{
		{
			ID: "chinaums-scan", kind: purchase, provider: p, newNo: newNo,
			Name: phrase{"银联商务 · 扫码", "ChinaUMS, scan"}, Hint: phrase{"微信、支付宝或云闪付扫一扫", "With WeChat, Alipay or QuickPass"},
			start: func(ctx context.Context, o *order, p *payment, opts ...cnpay.Option) (offer, error) {
				res, err := client.Bills.CreateQR(ctx, &chinaums.BillCreateQRRequest{
					BillHead: bill, BillNo: p.Number, BillDate: day(p.At), TotalAmount: p.Amount, BillDesc: o.subject(),
					BillCode: chinaums.BillCode{ExpireTime: end(p.Before), NotifyURL: notify, ReturnURL: s.returnURL(o)},
				}, opts...)
				if err != nil {
					return offer{result: res}, err
				}
				return offer{result: res, code: res.BillQRCode, no: res.QRCodeID}, nil
			},
			steps: map[kind]func(*payment, *transaction) sending{
				closing: func(p *payment, _ *transaction) sending {
					return sendingOf(client.Bills.Close, &chinaums.BillCloseRequest{
						BillHead: bill, QRCodeID: p.ProviderNo, BillNo: p.Number, BillDate: day(p.At),
					})
				},
				refund: func(p *payment, t *transaction) sending {
					return sendingOf(client.Bills.Refund, &chinaums.BillRefundRequest{
						BillHead: bill, BillNo: p.Number, BillDate: day(p.At), RefundOrder: refundOf(t),
					})
				},
			},
		},
		{
			ID: "chinaums-wechat", kind: purchase, provider: p, newNo: newNo,
			Name: phrase{"银联商务 · 微信支付", "ChinaUMS, WeChat"}, Hint: phrase{"在手机上用微信付款", "On a phone, in WeChat"},
			start: func(_ context.Context, o *order, p *payment, _ ...cnpay.Option) (offer, error) {
				form, err := client.Pages.WeChat(&chinaums.PageWeChatRequest{
					H5Order: chinaums.H5Order{
						Order: chinaums.Order{
							Head: head, MerOrderID: p.Number, TotalAmount: p.Amount, OrderDesc: o.subject(),
							ExpireTime: end(p.Before), NotifyURL: notify, ReturnURL: s.returnURL(o),
						},
						InstMID: chinaums.H5InstMID,
					},
					SceneType: "AND_WAP", MerAppName: "茶馆", MerAppID: s.base,
				})
				return offer{form: form}, err
			},
			steps: map[kind]func(*payment, *transaction) sending{
				closing: func(p *payment, _ *transaction) sending {
					return sendingOf(client.Orders.Close, &chinaums.OrderCloseRequest{OrderHead: page, MerOrderID: p.Number})
				},
				refund: func(p *payment, t *transaction) sending {
					return sendingOf(client.Orders.Refund, &chinaums.OrderRefundRequest{OrderHead: page, MerOrderID: p.Number, RefundOrder: refundOf(t)})
				},
			},
		},
	}
	return p
}
