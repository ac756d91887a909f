package upay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// OrdersService acts on orders (订单).
type OrdersService struct{ client *Client }

// OrderQueryRequest names the order to query. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderQueryRequest struct {
	Sender

	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's order number (商户订单号). The English page says 32 characters.
	ClientSN string `json:"client_sn" spec:"C S..64"`
	// RefundRequestNo names one refund of the order (退款序列号): Status and ClientTSN are then that refund's. The
	// page says 20 characters, the gateway itself 31. See also [OrdersService.QueryRefund].
	RefundRequestNo string `json:"refund_request_no" spec:"O S..31"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{ID: OpOrderQuery, Path: "/upay/v2/query", Query: true, Repeatable: true, Judge: judgeQuery}
}

// OrderQueryResponse is the answer to a query. Its own outcome says whether the query was answered, nothing about a
// payment or a revoke; the state of the order is Result.OrderStatus.
type OrderQueryResponse struct{ Response }

// Query reads the state of an order (查询, POST /upay/v2/query). It moves no money and may be repeated.
//   - Answered: about this order; its state is Result.OrderStatus, [OrderStatusPaid] for example; any state is possible.
//   - Unknown: Upay has no such order now, or refused the query, or nothing was heard; query again. A payment or a revoke
//     that is still on its way may change that: it is no proof that one failed.
//
//cnpay:op query
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// OrderRevokeRequest names the order to revoke. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderRevokeRequest struct {
	Sender

	// SN is Upay's number of the order to revoke (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's (商户订单号), with which it was paid. The Chinese page allows 64 characters, but payments
	// have 32 at most.
	ClientSN string `json:"client_sn" spec:"C S..32"`
}

func (*OrderRevokeRequest) operation() Operation {
	return Operation{ID: OpOrderRevoke, Path: "/upay/v2/revoke", Judge: judgeRevoke, Settle: settleRevoke}
}

// OrderRevokeResponse is the answer to a revoke.
type OrderRevokeResponse struct{ Response }

// Revoke returns the whole amount of an order to the payer, without a fee (手动撤单, POST /upay/v2/revoke).
// Upay allows it once, on the day of the payment (Beijing time), and not after a refund.
//
// A call sends the request once. A second call for the same order moves no money twice: an order that is revoked
// already is answered UPAY_CANCEL_ORDER_NOOP. But its outcome is its own: when it is Failed, an earlier call that was
// Unknown may still have been carried out, or may still be on its way. Only settling has the outcome of both.
//   - Succeeded: the order is CANCELED, or its payment was stopped before it stood (PAY_CANCELED).
//   - Failed: refused; this request changed nothing. Where it was the only one, the order can still be refunded. Once it
//     is settled: the order is REFUNDED, the one state that is final and excludes a revoke.
//   - Pending: Upay is still working on it, or answers that the order was revoked before. Settle it.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [RevokeSchedule]. With code PAID the revoke may still be on its way, however often
//     a query says so; the same Revoke sent again ends the doubt, unless it is refused. Never refund instead: the payer
//     could be paid twice. An order that stays unknown, CANCEL_ERROR for example, is for Upay's support, who need SN and
//     ErrorCodeStandard. An order whose amounts contradict its state decides nothing; the error has the contradiction.
//
//cnpay:op revoke
func (s *OrdersService) Revoke(ctx context.Context, req *OrderRevokeRequest, opts ...cnpay.Option) (*OrderRevokeResponse, error) {
	return do[OrderRevokeResponse](ctx, s.client, req, opts)
}

// OrderCancelRequest names the payment to give up. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderCancelRequest struct {
	Sender

	// SN is Upay's number of the order whose payment is given up (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's (商户订单号), with which the payment was tried.
	ClientSN string `json:"client_sn" spec:"C S..32"`
}

func (*OrderCancelRequest) operation() Operation {
	return Operation{ID: OpOrderCancel, Path: "/upay/v2/cancel", Judge: judgeCancel, Settle: settleRevoke}
}

// OrderCancelResponse is the answer to a cancel.
type OrderCancelResponse struct{ Response }

// Cancel gives up a payment whose outcome is not known, or an order that nobody has paid (自动撤单, 冲正,
// POST /upay/v2/cancel): money that was taken goes back, and nobody can pay any more. It is what
// [cnpay.Settlement.GiveUp] names, a step that the merchant takes; the payment is settled once more after it. A second
// call for the same order moves no money twice. To take back a payment that stands, see Revoke and Refund.
//   - Succeeded: the order is CANCELED, or its payment was stopped before it stood (PAY_CANCELED). A new attempt needs a
//     new ClientSN.
//   - Failed: refused; this request changed nothing. The payer may have confirmed at the last moment: settle the payment.
//     Once it is settled: the order is REFUNDED.
//   - Pending: Upay is still working on it, or answers that the order was cancelled before. Settle it.
//   - Unknown: settle it, by default on [RevokeSchedule]; the same Cancel sent again ends the doubt, unless it is refused.
//     When Upay has no such order, the payment may still be on its way and be made after this cancel: the payment's own
//     ticket decides.
//
//cnpay:op cancel
func (s *OrdersService) Cancel(ctx context.Context, req *OrderCancelRequest, opts ...cnpay.Option) (*OrderCancelResponse, error) {
	return do[OrderCancelResponse](ctx, s.client, req, opts)
}

// settleRevoke queries the order that was to be revoked or cancelled. The order is all that a query shows: an unchanged
// one looks the same before the request arrives and after it was refused.
func settleRevoke(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := c.settleOrder(t, RevokeSchedule(), opts, judgeRevoked)
	rule.Harmless = true
	return rule
}

// settleOrder queries the order that a ticket is about. An order that Upay does not have is a finding too.
func (c *Client) settleOrder(t cnpay.Ticket, schedule cnpay.Schedule, opts []cnpay.Option, judge func(*Result) cnpay.Finding) cnpay.SettleRule {
	query := &OrderQueryRequest{Sender: Sender{t.Fields["terminal_sn"]}, SN: t.Fields["sn"], ClientSN: t.Fields["client_sn"]}
	return cnpay.SettleRule{
		Schedule: schedule,
		Faults:   c.faults(query),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.Query(ctx, query, opts...)
			if res == nil {
				return cnpay.Finding{}, err
			}
			return found(&res.Response, res, err, judge)
		},
	}
}

// found is what the answer to a query says.
func found(r *Response, answer cnpay.Result, err error, judge func(*Result) cnpay.Finding) (cnpay.Finding, error) {
	var f cnpay.Finding
	switch {
	case err == nil:
		f = judge(&r.Result)
	case r.ResultCode == "200" && noSuchOrder(&r.Result):
		f = cnpay.Finding{Verdict: cnpay.Verdict{Code: r.Result.ErrorCode, Message: r.Result.ErrorMessage}, Absent: true}
	default:
		return f, err
	}
	f.Answer = answer
	return f, nil
}
