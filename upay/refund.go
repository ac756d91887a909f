package upay

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// OrderRefundRequest refunds an order, whole or in parts. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderRefundRequest struct {
	Sender

	// SN is Upay's number of the order to refund (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's (商户订单号), with which it was paid.
	ClientSN string `json:"client_sn" spec:"C S..32"`
	// RefundRequestNo is the merchant's number of this refund (退款序列号): a new one for each refund of an order, the same
	// for a repeat. The page says 20 characters, the gateway itself 31.
	RefundRequestNo string `json:"refund_request_no" spec:"M S..31"`
	// Operator makes the refund (门店操作员).
	Operator string `json:"operator" spec:"M S..64"`
	// RefundAmount is the amount to refund (退款金额), fen; at most what is left of the order.
	RefundAmount int64 `json:"refund_amount,string" spec:"M N1..10"`
	// ClientTSN is in older revisions of the document only.
	ClientTSN string `json:"client_tsn" spec:"O S..32"`
	// Extended is agreed with the channel (扩展参数集合), a JSON object of at most 24 members.
	Extended json.RawMessage `json:"extended" spec:"O"`
	// GoodsDetails is what is given back (商品详情).
	GoodsDetails []GoodsDetail `json:"goods_details" spec:"O"`
	// Reflect is the merchant's own text (反射参数); in one client only (pxbin/go-shouqianba).
	Reflect string `json:"reflect" spec:"O S..64"`
}

func (*OrderRefundRequest) operation() Operation {
	return Operation{ID: OpOrderRefund, Path: "/upay/v2/refund", Judge: judgeRefund, Settle: settleRefund}
}

// OrderRefundResponse is the answer to a refund.
type OrderRefundResponse struct{ Response }

// belongs refuses an answer about another refund of the order, and a success whose order has given back less.
func (r *OrderRefundResponse) belongs(x *exchange, outcome cnpay.Outcome) error {
	if err := r.Response.belongs(x, outcome); err != nil {
		return err
	}
	order := &r.Result.Order
	if order.ClientTSN != "" && outcome == cnpay.Succeeded && !order.isRefund(x.text("refund_request_no")) {
		return fmt.Errorf("%w: client_tsn differs", cnpay.ErrMismatch)
	}
	if outcome == cnpay.Failed && order.isRefund(x.text("refund_request_no")) {
		if shown, _ := order.refunded(); shown == cnpay.Succeeded || shown == cnpay.Pending {
			return call.Contradiction("%s contradicts the refund's status %s", r.Result.ResultCode, order.Status)
		}
	}
	asked, _ := strconv.ParseInt(x.text("refund_amount"), 10, 64)
	if outcome == cnpay.Succeeded && order.gaveLess(asked) {
		return fmt.Errorf("%w: net_amount leaves less than refund_amount given back", cnpay.ErrMismatch)
	}
	return nil
}

// isRefund reports whether the latest transaction of the order is the refund of that number. Its name has the order's
// number before it.
func (o *Order) isRefund(number string) bool { return o.ClientTSN == o.ClientSN+"-"+number }

// gaveLess reports whether an order's amounts say that less than that was given back.
func (o *Order) gaveLess(amount int64) bool {
	return o.TotalAmount > 0 && o.NetAmount != nil && o.TotalAmount-*o.NetAmount < amount
}

// Refund returns money to the payer (退款, POST /upay/v2/refund), within three months of the payment.
//
// A call sends the request once. The same request under the same RefundRequestNo, with the same amount, may be sent again:
// it is carried out once. Never use a new number while the outcome of the old one is unknown.
//   - Succeeded: the money is on its way back; what is left of the order is Result.NetAmount.
//   - Failed: refused; this request returned nothing. After an earlier one of the same number that was Unknown, only
//     settling has the outcome of both. Once it is settled: failed at the channel too (FAIL_CANCELED).
//   - Pending: Upay is still working on it, or answers that this refund was done before. Settle it.
//   - Unknown: settle it, by default on [RevokeSchedule]. An order that shows no trace of the refund proves nothing; the same
//     Refund sent again ends the doubt.
//
//cnpay:op refund
func (s *OrdersService) Refund(ctx context.Context, req *OrderRefundRequest, opts ...cnpay.Option) (*OrderRefundResponse, error) {
	return do[OrderRefundResponse](ctx, s.client, req, opts)
}

func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRefundRequest{
		Sender: Sender{t.Fields["terminal_sn"]}, SN: t.Fields["sn"], ClientSN: t.Fields["client_sn"],
		RefundRequestNo: t.Fields["refund_request_no"],
	}
	return cnpay.SettleRule{
		Schedule: RevokeSchedule(),
		Faults:   c.faults(query),
		Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.QueryRefund(ctx, query, opts...)
			if res == nil {
				return cnpay.Finding{}, err
			}
			return found(&res.Response, res, err, judgeRefunded(t))
		},
	}
}

// judgeRefunded judges an order as the end of one of its refunds. An order whose latest transaction is another one, or
// does not say which it is, shows no trace of it, unless all of the order is given back and this refund was of all.
func judgeRefunded(t cnpay.Ticket) func(*Result) cnpay.Finding {
	return func(r *Result) cnpay.Finding {
		order := &r.Order
		f := cnpay.Finding{Verdict: cnpay.Verdict{Code: order.Status}}
		asked, _ := strconv.ParseInt(t.Fields["refund_amount"], 10, 64)
		switch err := order.contradiction(); {
		case err != nil:
			f.Cause = err
		case order.ClientTSN != "" && !order.isRefund(t.Fields["refund_request_no"]),
			order.ClientTSN == "" && (order.OrderStatus != OrderStatusRefunded || asked != order.TotalAmount):
			f.Code, f.Unchanged = order.OrderStatus, true
		default:
			f.Outcome, f.Cause = order.refunded()
			if f.Outcome != cnpay.Succeeded && order.ClientTSN == "" { // the end of another one, perhaps
				f.Outcome, f.Cause, f.Unchanged = cnpay.Unknown, nil, true
			}
			if f.Outcome == cnpay.Succeeded && order.gaveLess(asked) {
				f.Outcome, f.Cause = cnpay.Unknown, call.Contradiction("net_amount %d leaves less than the %d given back", *order.NetAmount, asked)
			}
		}
		return f
	}
}

// OrderQueryRefundRequest names the refund to query.
type OrderQueryRefundRequest struct {
	Sender

	// SN is Upay's number of the refund's order (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's (商户订单号).
	ClientSN string `json:"client_sn" spec:"C S..64"`
	// RefundRequestNo is the refund's number (退款序列号), as the refund was made with.
	RefundRequestNo string `json:"refund_request_no" spec:"M S..31"`
}

func (*OrderQueryRefundRequest) operation() Operation {
	return Operation{ID: OpOrderQueryRefund, Path: "/upay/v2/query", Query: true, Repeatable: true, Judge: judgeQuery}
}

// OrderQueryRefundResponse is the answer to a query of a refund: Result.Status is the refund's where Result.ClientTSN
// names it, else that of the order's latest transaction.
type OrderQueryRefundResponse struct{ Response }

// QueryRefund reads the state of one refund of an order (退款查询, POST /upay/v2/query). It moves no money and may be
// repeated.
//   - Answered: about this order; compare Result.ClientTSN, which is ClientSN, "-" and RefundRequestNo.
//   - Unknown: Upay has no such order now, or refused the query, or nothing was heard; query again. It is no proof that a
//     refund failed.
//
//cnpay:op refund_query
func (s *OrdersService) QueryRefund(ctx context.Context, req *OrderQueryRefundRequest, opts ...cnpay.Option) (*OrderQueryRefundResponse, error) {
	return do[OrderQueryRefundResponse](ctx, s.client, req, opts)
}
