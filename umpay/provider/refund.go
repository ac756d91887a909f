package provider

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// OrderRefundRequest refunds an order, whole or in parts. The documents' sample has the service provider and the
// merchant the wrong way round, and an orderType that the table does not have.
type OrderRefundRequest struct {
	account
	Merchant

	// OrderTime is the time of the refund (订单时间). See [Time].
	OrderTime string `json:"orderTime" spec:"M yyyyMMddHHmmss"`
	// OrigOrderNo is the merchant's number of the payment (原商户订单号).
	OrigOrderNo string `json:"origOrderNo" spec:"M S..64"`
	// OrigTxnAmt is the whole amount of the payment (原交易金额), fen.
	OrigTxnAmt int64 `json:"origTxnAmt,string" spec:"M N1..13"`
	// OrderNo is the number of the refund (退费订单号): a new one for each, the same for a repeat.
	OrderNo string `json:"orderNo" spec:"M S..64"`
	// TxnAmt is the amount to refund (退费金额), fen.
	TxnAmt int64 `json:"txnAmt,string" spec:"M N1..13"`
}

func (*OrderRefundRequest) operation() Operation {
	return Operation{ID: OpOrderRefund, Path: "pay/refund", Judge: judgeRefund, Settle: settleRefund}
}

// OrderRefundResponse is the answer to a refund.
type OrderRefundResponse struct {
	Response

	// TransactionID is UMPay's number of the refund (联动退费流水号).
	TransactionID string `json:"transactionId" spec:"C S..32"`
}

// Refund returns money to the payer (订单退费, POST pay/refund), within 90 days of the payment. A call sends it once. A
// repeat under the same OrderNo is harmless, because the number is taken then; a new number is a second refund, whatever the
// documents advise.
//   - Pending: accepted, not done. Succeeded, once it is settled: given back.
//   - Failed: refused; the order is as it was. Once it is settled: the refund failed.
//   - NotSent: nothing left this machine, or it never arrived and no longer can.
//   - Unknown: settle it, by default on [RefundSchedule]. An order that is refunded already (03) may be so by this refund.
//
//cnpay:op provider_refund
func (s *OrdersService) Refund(ctx context.Context, req *OrderRefundRequest, opts ...cnpay.Option) (*OrderRefundResponse, error) {
	return do[OrderRefundResponse](ctx, s.client, req, opts)
}

// OrderQueryRefundRequest names the refund to query.
type OrderQueryRefundRequest struct {
	account
	Merchant

	// OrderNo is the number of the refund (退费订单号).
	OrderNo string `json:"orderNo" spec:"M S..64"`
	// TxnAmt is what the refund is for (退费金额), fen. It is not sent: an answer with another amount is refused.
	TxnAmt int64 `json:"txnAmt" spec:"O N..13 unsent"`
}

func (*OrderQueryRefundRequest) operation() Operation {
	return Operation{ID: OpOrderQueryRefund, Path: "pay/refundQuery", Query: true, Repeatable: true}
}

// OrderQueryRefundResponse is the answer to a query.
type OrderQueryRefundResponse struct {
	Response

	// OrigRespCode is the state of the refund (原交易返回码): 00 refunded, 01 failed, 02 under way.
	OrigRespCode string `json:"origRespCode" spec:"C S..2"`
	// OrderNo is the number of the refund (退费订单号).
	OrderNo string `json:"orderNo" spec:"C S..64"`
	// TxnAmt is the amount (退费金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N..13"`
	// TransactionID is UMPay's number (联动流水号).
	TransactionID string `json:"transactionId" spec:"R S..32"`
}

// Refunded is what the answer says of the refund.
func (r *OrderQueryRefundResponse) Refunded() cnpay.Verdict {
	v := cnpay.Verdict{Code: r.OrigRespCode}
	if r.Outcome == cnpay.Answered {
		v.Outcome = judgeRefunded(r.OrigRespCode)
	}
	return v
}

// QueryRefund reads the state of a refund (订单退费查询, POST pay/refundQuery). It moves no money and may be repeated.
//   - Answered: the state is OrigRespCode; see Refunded.
//   - Unknown: UMPay has no such refund now (17), or refused the query, or nothing was heard. It is no proof that the
//     refund failed.
//
//cnpay:op provider_refund_query
func (s *OrdersService) QueryRefund(ctx context.Context, req *OrderQueryRefundRequest, opts ...cnpay.Option) (*OrderQueryRefundResponse, error) {
	return do[OrderQueryRefundResponse](ctx, s.client, req, opts)
}
