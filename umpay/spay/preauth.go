package spay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PreauthService holds money on a credit card without the card being there (预授权). It has nothing to do with the
// pre-authorisation of a POS terminal.
type PreauthService struct{ client *Client }

// PreauthCreateRequest holds money on a card. Card data is given in plain text; it is encrypted before it is sent.
type PreauthCreateRequest struct {
	envelope
	Medium
	Holder

	// OrderID is the number of the hold (商户订单号).
	OrderID string `json:"order_id" spec:"M ORDER"`
	// MerDate is the day of the hold (商户订单日期), today in China. See [MerDate].
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// Amount is the amount to hold (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..13"`
	// AmtType is the currency (付款币种). Empty means RMB.
	AmtType string `json:"amt_type" spec:"M =RMB"`
	// PayType is the kind of card (支付方式), CREDITCARD.
	PayType string `json:"pay_type" spec:"M S..16"`
	// CardID is the number of the credit card (卡号).
	CardID string `json:"card_id" spec:"M N13..19 pan"`
	// ValidDate is until when the credit card is valid (有效期), YYMM.
	ValidDate string `json:"valid_date" spec:"M N4 secret"`
	// CVV2 is the code on the back of the credit card (卡背面末三位).
	CVV2 string `json:"cvv2" spec:"M N3..4 secret"`
	// NotifyURL is where UMPay sends the result (后台通知地址).
	NotifyURL string `json:"notify_url" spec:"O S..128"`
}

func (*PreauthCreateRequest) operation() Operation {
	return Operation{ID: OpPreauthCreate, Judge: judgePayment, Settle: settlePreauthCreate}
}

// PreauthCreateResponse is the answer to a hold. TradeNo is what later steps need.
type PreauthCreateResponse struct {
	Response
	Trade
}

// Create holds an amount on a credit card (预授权申请, pre_auth_direct_req).
//
// A repeat is not harmless. The states of a hold are published nowhere but in examples.
//   - Succeeded: held.
//   - Pending: UMPay has it. Settle it.
//   - Failed: refused; nothing is held.
//   - NotSent: nothing left this machine or, once it is settled, the request never arrived.
//   - Unknown: settle it, by default on [AtOnceSchedule].
//
//cnpay:op spay_pre_auth_direct_req
func (s *PreauthService) Create(ctx context.Context, req *PreauthCreateRequest, opts ...cnpay.Option) (*PreauthCreateResponse, error) {
	return do[PreauthCreateResponse](ctx, s.client, req, opts)
}

// Hold names a hold.
type Hold struct {
	// OrderID is the number of the hold (商户订单号).
	OrderID string `json:"order_id" spec:"M ORDER"`
	// MerDate is the day of the hold (商户订单日期).
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
}

// PreauthCompleteRequest takes money that is held.
type PreauthCompleteRequest struct {
	envelope
	Hold

	// TradeNo is UMPay's number of the hold (U付交易号).
	TradeNo string `json:"trade_no" spec:"M N..16"`
	// Amount is the amount to take (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..13"`
	// AmtType is the currency (付款币种). Empty means RMB.
	AmtType string `json:"amt_type" spec:"M =RMB"`
	// PayType is the kind of card (支付方式), CREDITCARD.
	PayType string `json:"pay_type" spec:"M S..16"`
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{ID: OpPreauthComplete, Judge: judgePayment, Settle: settlePreauthComplete}
}

// PreauthCompleteResponse is the answer to a completion.
type PreauthCompleteResponse struct {
	Response
	Trade
}

// Complete takes an amount that is held ("capture"; 预授权完成, pre_auth_direct_pay).
//
// A repeat is not harmless.
//   - Succeeded: taken.
//   - Pending: UMPay has it. Settle it.
//   - Failed: refused; the hold is as it was. Once it is settled: the hold was cancelled or failed.
//   - NotSent: nothing left this machine.
//   - Unknown: settle it. A query answers alike for a hold that stands and for one that is completed, so it seldom decides; the
//     settlement file of the day has the completion.
//
//cnpay:op spay_pre_auth_direct_pay
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// PreauthCancelRequest names the hold to cancel.
type PreauthCancelRequest struct {
	envelope
	Hold

	// TradeNo is UMPay's number of the hold (U付交易号).
	TradeNo string `json:"trade_no" spec:"M N..16"`
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{ID: OpPreauthCancel, Judge: judgePreauthCancel, Settle: settlePreauthCancel}
}

// PreauthCancelResponse is the answer to a cancellation.
type PreauthCancelResponse struct {
	Response
	Trade
}

// Cancel releases a hold that has not been completed (预授权撤销, pre_auth_direct_cancel).
//
// No document says that a repeat is harmless.
//   - Succeeded: the hold is TRADE_CANCEL.
//   - Pending: UMPay has it, and did not say the hold's state. Settle it.
//   - Failed: refused; the hold is as it was.
//   - NotSent: nothing left this machine.
//   - Unknown: settle it, by default on [AtOnceSchedule]. With code TRADE_SUCCESS the cancellation may still be on its way.
//
//cnpay:op spay_pre_auth_direct_cancel
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// PreauthQueryRequest names a hold.
type PreauthQueryRequest struct {
	envelope
	Hold
}

func (*PreauthQueryRequest) operation() Operation {
	return Operation{ID: OpPreauthQuery, Query: true, Repeatable: true, Judge: judgeQuery}
}

// PreauthQueryResponse is the answer to a query; the state of the hold is TradeState.
type PreauthQueryResponse struct {
	Response
	Trade
}

// Query reads the state of a hold (预授权查询, pre_auth_direct_query). It moves no money and may be repeated. Its outcomes
// are those of [OrdersService.Query].
//
//cnpay:op spay_pre_auth_direct_query
func (s *PreauthService) Query(ctx context.Context, req *PreauthQueryRequest, opts ...cnpay.Option) (*PreauthQueryResponse, error) {
	return do[PreauthQueryResponse](ctx, s.client, req, opts)
}

// PreauthRefundRequest returns money of a completed hold.
type PreauthRefundRequest struct {
	envelope
	Hold

	// RefundNo is the number of this refund (商户退款流水号), up to 16 characters: a new one for each.
	RefundNo string `json:"refund_no" spec:"M REFUND"`
	// RefundAmount is how much to refund (退费金额), fen.
	RefundAmount int64 `json:"refund_amount,string" spec:"M N1..13"`
	// OrgAmount is the amount that was taken (原订单金额), fen.
	OrgAmount int64 `json:"org_amount,string" spec:"M N1..13"`
}

func (*PreauthRefundRequest) operation() Operation {
	return Operation{ID: OpPreauthRefund, Judge: judgePreauthRefund, Settle: settlePreauthRefund}
}

// faults refuses what is more than was taken.
func (r *PreauthRefundRequest) faults() []cnpay.Fault {
	return refundFaults(r.RefundAmount, r.OrgAmount)
}

// PreauthRefundResponse is the answer to a refund.
type PreauthRefundResponse struct {
	Response
	Trade
}

// Refund returns money of a completed hold to the card (预授权退费, pre_auth_direct_refund).
//
// No document says that a repeat is harmless.
//   - Succeeded: refunded.
//   - Pending: accepted. No query shows the refund itself; the settlement file has it, by RefundNo.
//   - Failed: refused, or the refund failed; nothing was given back.
//   - NotSent: nothing left this machine.
//   - Unknown: no query decides it. Look into the settlement file of the day, or ask UMPay, before anything else.
//
//cnpay:op spay_pre_auth_direct_refund
func (s *PreauthService) Refund(ctx context.Context, req *PreauthRefundRequest, opts ...cnpay.Option) (*PreauthRefundResponse, error) {
	return do[PreauthRefundResponse](ctx, s.client, req, opts)
}
