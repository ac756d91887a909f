package upay

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// OrderPayByCodeRequest takes money with the code that the payer shows.
type OrderPayByCodeRequest struct {
	Sender
	Sale

	// Payway is the channel (支付方式), "3" for WeChat. Empty lets Upay find it out from the code.
	Payway string `json:"payway" spec:"O N1..3"`
	// DynamicID is what the payer's bar code or QR code holds (条码内容). It pays: never log it.
	DynamicID string `json:"dynamic_id" spec:"M S..32 secret"`
	// DeviceID is the till's own identifier (设备指纹).
	DeviceID string `json:"device_id" spec:"O S..32"`
	// Extended is agreed with the channel (扩展参数集合), a JSON object of at most 24 members: goods_tag, extend_params.
	Extended json.RawMessage `json:"extended" spec:"O"`
	// GoodsDetails is what is sold (商品详情).
	GoodsDetails []GoodsDetail `json:"goods_details" spec:"O"`
}

func (*OrderPayByCodeRequest) operation() Operation {
	return Operation{ID: OpOrderPayByCode, Path: "/upay/v2/pay", Judge: judgePay, Settle: settlePay}
}

// OrderPayByCodeResponse is the answer to a payment by code.
type OrderPayByCodeResponse struct{ Response }

// PayByCode takes money with the code that the payer shows (付款, B扫C, POST /upay/v2/pay). The gateway holds the call
// for up to 35 seconds, while the payer enters a password.
//
// A repeat is not carried out twice but refused (CLIENT_SN_CONFLICT), which says nothing of the first: settle it instead.
//   - Succeeded: paid.
//   - Pending: the payer is still to confirm. Settle it, by default on [PaySchedule].
//   - Failed: refused, or failed and reversed; the payer has paid nothing. A new attempt needs a new ClientSN. Once it is
//     settled: PAY_CANCELED, or CANCELED by a revoke or cancel.
//   - NotSent: nothing left this machine. Once it is settled: Upay has no such order, and the request can no longer arrive.
//   - Unknown: settle it. What is open when its schedule is over is to be given up: [OrdersService.Cancel], then settle
//     once more. Until then do not deliver, and do not take money again.
//
//cnpay:op pay
func (s *OrdersService) PayByCode(ctx context.Context, req *OrderPayByCodeRequest, opts ...cnpay.Option) (*OrderPayByCodeResponse, error) {
	return do[OrderPayByCodeResponse](ctx, s.client, req, opts)
}

// queryReach is for how long after an operation a query's "no such order" can prove anything. No document says how long Upay
// has one.
const queryReach = 30 * 24 * time.Hour

func settlePay(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.settleOrder(t, PaySchedule(), opts, judgePaid(t))
	rule.Absent, rule.Reach = true, queryReach
	rule.GiveUp = OpOrderCancel
	return rule
}

// judgePaid judges an order as the end of its payment. Its amount must be the one that was asked for.
func judgePaid(t cnpay.Ticket) func(*Result) cnpay.Finding {
	return func(r *Result) cnpay.Finding {
		order := &r.Order
		f := cnpay.Finding{Verdict: cnpay.Verdict{Code: order.OrderStatus}}
		asked := t.Fields["total_amount"]
		if order.TotalAmount != 0 && asked != "" && strconv.FormatInt(order.TotalAmount, 10) != asked {
			f.Cause = call.Contradiction("total_amount %d contradicts the %s that were asked for", order.TotalAmount, asked)
			return f
		}
		f.Outcome, f.Cause = order.paid()
		return f
	}
}

// OrderCreateQRRequest makes an order that the payer pays by scanning a code, or inside a wallet.
type OrderCreateQRRequest struct {
	Sender
	Sale

	// Payway is the channel (支付方式): "1" Alipay, "3" WeChat, "17" UnionPay.
	Payway string `json:"payway" spec:"M N1..3"`
	// SubPayway is how it is paid (二级支付方式): SubPaywayWAP, SubPaywayMiniProgram; empty or SubPaywayQR is a QR code.
	SubPayway string `json:"sub_payway" spec:"O 2|3|4|5|6"`
	// PayerUID is the payer at the channel (付款人id): WeChat's openid, or Alipay's user id.
	PayerUID string `json:"payer_uid" spec:"C[sub_payway=3|4] S..64"`
	// DeviceID is the till's own identifier (设备指纹).
	DeviceID string `json:"device_id" spec:"O S..32"`
	// Extended is agreed with the channel (扩展参数集合), a JSON object of at most 24 members: goods_tag, sub_appid.
	Extended json.RawMessage `json:"extended" spec:"O"`
	// GoodsDetails is what is sold (商品详情).
	GoodsDetails []GoodsDetail `json:"goods_details" spec:"O"`
}

func (*OrderCreateQRRequest) operation() Operation {
	return Operation{ID: OpOrderCreateQR, Path: "/upay/v2/precreate", Judge: judgePrecreate, Settle: settlePrecreate}
}

// OrderCreateQRResponse is the answer with what the payer scans (Result.QRCode), or what a page or mini program hands to
// the channel (Result.WapPayRequest).
type OrderCreateQRResponse struct{ Response }

// CreateQR makes an order that the payer pays later (预下单, C扫B, POST /upay/v2/precreate): by scanning a QR code, on a page
// inside WeChat or Alipay, in a mini program. No money moves until the payer pays. Upay ends the order after about four
// minutes.
//
// A repeat is not carried out twice but refused (CLIENT_SN_CONFLICT). Where the answer with the code is lost, give the
// order up ([OrdersService.Cancel]) and make another.
//   - Pending: the order is there; show the code. Succeeded, once it is settled, by default on [QRSchedule]: paid.
//   - Failed: refused; there is no order. Once it is settled: expired or cancelled (PAY_CANCELED, CANCELED), and not paid.
//   - NotSent: nothing left this machine. Once it is settled: Upay has no such order, and the request can no longer arrive.
//   - Unknown: settle it.
//
//cnpay:op precreate
func (s *OrdersService) CreateQR(ctx context.Context, req *OrderCreateQRRequest, opts ...cnpay.Option) (*OrderCreateQRResponse, error) {
	return do[OrderCreateQRResponse](ctx, s.client, req, opts)
}

func settlePrecreate(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.settleOrder(t, QRSchedule(), opts, judgePaid(t))
	rule.Absent, rule.Reach = true, queryReach
	rule.PaidLater = true
	rule.GiveUp = OpOrderCancel
	return rule
}
