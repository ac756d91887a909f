package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// BillQueryRequest names the bill to query.
type BillQueryRequest struct {
	BillHead

	// BillNo is the bill number (账单号). The order number of its payment (merOrderId), one character longer, is
	// accepted too.
	BillNo string `json:"billNo" spec:"M S..32"`
	// BillDate is the date that the bill was made with (账单日期), not today's: 2006-01-02.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
	// RefundOrderID names one refund of the bill (退款订单号), which the answer then has.
	RefundOrderID string `json:"refundOrderId" spec:"C S..32"`
	// AuthedOrderID names the completion of a pre-authorisation (预授权完成订单号), which the answer then has.
	AuthedOrderID string `json:"authedOrderId" spec:"C S..32"`
}

func (*BillQueryRequest) operation() Operation {
	return Operation{ID: OpBillQuery, Path: "/v1/netpay/bills/query", Query: true, Repeatable: true}
}

// BillQueryResponse is the answer to a query. It says nothing of a payment, refund or cancellation by its outcome; the
// bill's states are its fields.
type BillQueryResponse struct {
	BillResponse
	BillState

	// CreateTime is when the bill was made (账单创建时间), UTC+8, 2006-01-02 15:04:05.
	CreateTime string `json:"createTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// BillDesc is the bill's description (账单描述).
	BillDesc string `json:"billDesc" spec:"O S"`
	// TotalAmount is the amount of the bill (账单总金额) before discounts, fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// MemberID is the member (会员号) that the bill was made for.
	MemberID string `json:"memberId" spec:"O S"`
	// CounterNo is the table, counter or room (桌号、柜台号、房间号).
	CounterNo string `json:"counterNo" spec:"O S"`
	// MerName is the merchant's name (商户名称).
	MerName string `json:"merName" spec:"O S"`
	// Memo is the payer's remark (付款附言).
	Memo string `json:"memo" spec:"O S"`
	// SecureStatus is the state of a guaranteed payment (担保状态): UNCOMPLETED, PARTLY_COMPLETED, ALL_COMPLETED or
	// CANCELED.
	SecureStatus string `json:"secureStatus" spec:"O S"`
	// CompleteAmount is the completed part of it (担保完成金额), fen.
	CompleteAmount int64 `json:"completeAmount" spec:"O N"`
	// InstallmentNumber is the number of instalments (花呗分期数).
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	// BillPayment is the payment of the bill (账单支付信息).
	BillPayment Payment `json:"billPayment" spec:"O"`
	// RefundBillPayment is the refund that was named (账单退款信息); nil when there is none.
	RefundBillPayment *Payment `json:"refundBillPayment" spec:"C"`
	// AuthedBillPayment is the completion that was named (预授权账单信息); nil when there is none.
	AuthedBillPayment *Payment `json:"authedBillPayment" spec:"C"`
}

// notEchoes: a bill may be named by the order number of its payment.
func (*BillQueryResponse) notEchoes() []string { return []string{"billNo"} }

func (r *BillQueryResponse) names(x *exchange) (named bool, differs string) {
	asked, bill := x.text("billNo"), r.BillNo
	if r.BillPayment.MerOrderID == asked {
		bill = asked
	}
	differs = different([3]string{"billNo", asked, bill})
	if r.AuthedBillPayment != nil && differs == "" {
		differs = different([3]string{"authedBillPayment.merOrderId", x.text("authedOrderId"), r.AuthedBillPayment.MerOrderID})
	}
	if r.RefundBillPayment != nil && differs == "" {
		differs = different([3]string{"refundBillPayment.merOrderId", x.text("refundOrderId"), r.RefundBillPayment.MerOrderID})
	}
	return bill != "", differs
}

// BillRefundRequest gives a bill's money back, whole or in parts.
type BillRefundRequest struct {
	BillHead

	// BillNo is the bill number (账单号). The order number of its payment is accepted too.
	BillNo string `json:"billNo" spec:"M S..32"`
	// BillDate is the date that the bill was made with (订单时间), not today's: 2006-01-02.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
	RefundOrder
}

func (*BillRefundRequest) operation() Operation {
	return Operation{
		ID: OpBillRefund, Path: "/v1/netpay/bills/refund", Settle: settleBillRefund,
		Judge: JudgeSuccess(func(req *BillRefundRequest, res *BillRefundResponse) (cnpay.Outcome, error) {
			if !everPaid(res.BillStatus) {
				return cnpay.Unknown, call.Contradiction("billStatus %s", res.BillStatus)
			}
			return res.judge(req.RefundAmount, res.RefundAmount)
		}),
	}
}

// BillRefundResponse is the answer to a refund.
type BillRefundResponse struct {
	BillResponse
	BillState
	Refunded

	// MerOrderID is the order number of the payment (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"O S..32"`
	// RefundPayTime is when it was given back (退款时间), UTC+8, 2006-01-02 15:04:05.
	RefundPayTime string `json:"refundPayTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// RefundAmount is what was given back (退款总金额), fen.
	RefundAmount int64 `json:"refundAmount" spec:"O N"`
}

// notEchoes: a bill may be named by the order number of its payment.
func (*BillRefundResponse) notEchoes() []string { return []string{"billNo"} }

func (r *BillRefundResponse) names(x *exchange) (named bool, differs string) {
	asked, bill := x.text("billNo"), r.BillNo
	if r.MerOrderID == asked {
		bill = asked
	}
	return bill != "" || r.RefundOrderID != "", different([3]string{"billNo", asked, bill})
}

// BillHold names the bill of a pre-authorisation.
type BillHold struct {
	// BillNo is the bill number (账单号) of the pre-authorisation.
	BillNo string `json:"billNo" spec:"M S..31"`
	// BillDate is the date that the bill was made with (账单日期), not today's: 2006-01-02.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
}

// BillCompleteRequest takes money of a pre-authorisation.
type BillCompleteRequest struct {
	BillHead
	BillHold

	// AuthedOrderID is the merchant's number of this completion (预授权完成订单号), a new one that begins with the source
	// number. Keep it: query and cancellation need it.
	AuthedOrderID string `json:"authedOrderId" spec:"M S6..32"`
	// AuthIDRespCd is the authorisation code (授权标识应答码) from notification or query.
	AuthIDRespCd string `json:"authIdRespCd" spec:"M S6..255"`
	// TotalAmount is how much (预授权完成金额), fen; the rest of the hold is released.
	TotalAmount int64 `json:"totalAmount" spec:"M N1..9"`
	// AuthedDesc describes it (预授权完成描述).
	AuthedDesc string `json:"authedDesc" spec:"O S..255"`
}

func (*BillCompleteRequest) operation() Operation {
	return Operation{
		ID: OpBillComplete, Path: "/v1/netpay/bills/preauthed", Settle: settleBillComplete,
		Judge: JudgeSuccess(func(req *BillCompleteRequest, res *BillCompleteResponse) (cnpay.Outcome, error) {
			p := &res.AuthedBillPayment
			if err := p.contradiction(); err != nil {
				return cnpay.Unknown, err
			}
			if p.TotalAmount != 0 && p.TotalAmount != req.TotalAmount {
				return cnpay.Unknown, call.Contradiction("authedBillPayment.totalAmount %d, not %d", p.TotalAmount, req.TotalAmount)
			}
			if !everPaid(res.BillStatus) {
				return cnpay.Unknown, call.Contradiction("billStatus %s", res.BillStatus)
			}
			switch p.Status {
			case StatusTradeSuccess:
				return cnpay.Succeeded, nil
			case "", StatusNewOrder, StatusWaitBuyerPay:
				return cnpay.Pending, nil
			}
			return cnpay.Unknown, call.Contradiction("authedBillPayment.status %s decides nothing", p.Status)
		}),
	}
}

// BillCompleteResponse is the answer to a completion.
type BillCompleteResponse struct {
	BillResponse
	BillState

	// AuthedOrderID is the completion's number (预授权完成订单号), echoed.
	AuthedOrderID string `json:"authedOrderId" spec:"O S..32"`
	// AuthIDRespCd is the authorisation code (授权标识应答码).
	AuthIDRespCd string `json:"authIdRespCd" spec:"M S..64"`
	// AuthedBillPayment is the completion (预授权账单信息).
	AuthedBillPayment Payment `json:"authedBillPayment" spec:"C"`
}

func (r *BillCompleteResponse) names(x *exchange) (named bool, differs string) {
	number := r.AuthedBillPayment.MerOrderID
	return number != "" || r.AuthedOrderID != "" || r.BillNo != "",
		different([3]string{"authedBillPayment.merOrderId", x.text("authedOrderId"), number})
}

// BillCancelPreauthRequest releases a pre-authorisation.
type BillCancelPreauthRequest struct {
	BillHead
	BillHold

	// MerOrderID is the order number of the pre-authorisation's payment (商户订单号): BillNo and one digit more.
	MerOrderID string `json:"merOrderId" spec:"C[!cancelOrderId] S..32"`
	// CancelOrderID is what the PDF of 2020 calls MerOrderID. One of the two is sent, never both.
	CancelOrderID string `json:"cancelOrderId" spec:"C S..32"`
	// AuthIDRespCd is the authorisation code (授权标识应答码) of the pre-authorisation.
	AuthIDRespCd string `json:"authIdRespCd" spec:"M S..64"`
}

func (r *BillCancelPreauthRequest) check() []cnpay.Fault {
	if r.MerOrderID != "" && r.CancelOrderID != "" {
		return []cnpay.Fault{{Field: "cancelOrderId", Problem: "comes with merOrderId; one of the two is sent"}}
	}
	return nil
}

func (*BillCancelPreauthRequest) operation() Operation {
	return Operation{
		ID: OpBillCancelPreauth, Path: "/v1/netpay/bills/preauth-cancel", Settle: settleBillCancelPreauth,
		Judge: func(byCode cnpay.Outcome, _, answer any) (cnpay.Outcome, error) {
			res, ok := answer.(*BillCancelPreauthResponse)
			if !ok {
				return cnpay.Unknown, nil
			}
			return judgeBillUndone(byCode, res.BillStatus, &res.BillPayment)
		},
	}
}

// BillCancelPreauthResponse is the answer to a cancelled pre-authorisation. A refusal leaves most of it out.
type BillCancelPreauthResponse struct {
	BillResponse
	BillState

	// CancelOrderID is in the PDF of 2020 only.
	CancelOrderID string `json:"cancelOrderId" spec:"O S..32"`
	// CancelBillPayment is the cancellation (预授权撤销账单信息) in the PDF of 2020. It and BillPayment are read from either
	// name.
	CancelBillPayment *Payment `json:"cancelBillPayment" spec:"O"`
	// BillPayment is the cancellation.
	BillPayment Payment `json:"billPayment" spec:"O"`
}

func (r *BillCancelPreauthResponse) normalize() error {
	switch old := r.CancelBillPayment; {
	case old == nil:
	case r.BillPayment == Payment{}:
		r.BillPayment = *old
	case old.MerOrderID != r.BillPayment.MerOrderID || old.Status != r.BillPayment.Status || old.TotalAmount != r.BillPayment.TotalAmount:
		return twoPayments()
	}
	return nil
}

func (r *BillCancelPreauthResponse) names(x *exchange) (named bool, differs string) {
	number := r.BillPayment.MerOrderID
	return number != "" || r.BillNo != "" || r.CancelOrderID != "",
		different([3]string{"billPayment.merOrderId", x.text("merOrderId") + x.text("cancelOrderId"), number})
}

// BillCancelCompletionRequest names the completion to cancel.
type BillCancelCompletionRequest struct {
	// RequestTimestamp is when the request is made (报文请求时间), UTC+8, 2006-01-02 15:04:05. Empty means now: the
	// client then fills it in from its clock.
	RequestTimestamp string `json:"requestTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MID is the merchant number (商户号). The PDFs up to 2021 say exactly 15.
	MID string `json:"mid" spec:"M S..32"`
	// TID is the terminal number (终端号). The PDFs say exactly 8.
	TID string `json:"tid" spec:"M S..32"`
	// InstMID is the business type (业务类型): BillsInstMID.
	InstMID string `json:"instMid" spec:"M =QRPAYDEFAULT"`
	// BillNo is the bill number (账单号) of the pre-authorisation.
	BillNo string `json:"billNo" spec:"M S..31"`
	// BillDate is the date that the bill was made with (账单日期), not today's: 2006-01-02.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
	// MerOrderID is the order number of the completion (预授权完成订单号), which is the completion's authedOrderId.
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
	// AuthIDRespCd is the authorisation code (授权标识应答码) of the pre-authorisation. The PDF of the completion
	// allows 255 characters.
	AuthIDRespCd string `json:"authIdRespCd" spec:"M S..64"`
	// MsgID is the caller's number for the message (消息ID), echoed in the answer. The page's example sends it empty.
	MsgID string `json:"msgId" spec:"O S..64 zero"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed in the answer. The page's example sends it empty.
	SrcReserve string `json:"srcReserve" spec:"O S..255 zero"`
}

func (*BillCancelCompletionRequest) operation() Operation {
	return Operation{
		ID: OpBillCancelCompletion, Path: "/v1/netpay/bills/preauthed-cancel", Settle: settleBillCancelCompletion,
		Judge: func(byCode cnpay.Outcome, _, answer any) (cnpay.Outcome, error) {
			res, ok := answer.(*BillCancelCompletionResponse)
			if !ok {
				return cnpay.Unknown, nil
			}
			return judgeBillUndone(byCode, res.BillStatus, &res.BillPayment)
		},
	}
}

// BillCancelCompletionResponse is the answer to a cancelled completion. A refusal leaves most of it out.
type BillCancelCompletionResponse struct {
	BillResponse
	BillState

	// BillPayment is the bill information of the cancellation (预授权撤销账单信息).
	BillPayment Payment `json:"billPayment" spec:"M"`
}

func (r *BillCancelCompletionResponse) names(x *exchange) (named bool, differs string) {
	number := r.BillPayment.MerOrderID
	return number != "" || r.BillNo != "", different([3]string{"billPayment.merOrderId", x.text("merOrderId"), number})
}

// Query reads the state of a bill (账单状态查询, POST /v1/netpay/bills/query), of one refund of it, or of the
// completion of its pre-authorisation. It moves no money and may be repeated.
//   - Answered: about this bill; read its states, any of which is possible.
//   - Unknown: refused, or no answer; query again. Right after a payment, for example, NO_ORDER may only mean that the
//     bill is not yet visible.
//
//cnpay:op bills_query
func (s *BillsService) Query(ctx context.Context, req *BillQueryRequest, opts ...cnpay.Option) (*BillQueryResponse, error) {
	return do[BillQueryResponse](ctx, s.client, req, opts)
}

// Refund gives the payer money back (账单退款, POST /v1/netpay/bills/refund).
//
// A call sends the request once. That the same refund sent again under the same RefundOrderID is answered with the one
// that there is already, the documents say of [OrdersService.Refund] only. Under a new number it is a second refund: never
// use one while the outcome of the old one is open.
//   - Succeeded: the money is on its way back.
//   - Pending: being processed; settle it.
//   - Failed: refused, or FAIL; nothing was given back.
//   - Unknown: settle it. A bill that shows no such refund proves nothing, so settling never says Failed.
//
//cnpay:op bills_refund
func (s *BillsService) Refund(ctx context.Context, req *BillRefundRequest, opts ...cnpay.Option) (*BillRefundResponse, error) {
	return do[BillRefundResponse](ctx, s.client, req, opts)
}

// Complete takes money of a pre-authorisation, whole or a part (预授权完成, POST /v1/netpay/bills/preauthed): "capture" in
// other SDKs. A pre-authorisation is completed once. What the same request does when it is sent again no document says.
//   - Succeeded: the money is taken.
//   - Pending: accepted; settle it.
//   - Failed: refused; nothing was taken. Once it is settled: the completion is closed.
//   - Unknown: settle it. A bill that shows no completion proves nothing.
//
//cnpay:op bills_preauthed
func (s *BillsService) Complete(ctx context.Context, req *BillCompleteRequest, opts ...cnpay.Option) (*BillCompleteResponse, error) {
	return do[BillCompleteResponse](ctx, s.client, req, opts)
}

// CancelPreauth releases the whole of a pre-authorisation that was not completed (预授权撤销, POST
// /v1/netpay/bills/preauth-cancel). What the same request does when it is sent again no document says.
//   - Succeeded: released.
//   - Pending: accepted; settle it.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: settle it. While it shows TRADE_SUCCESS the request may still be on its way, and a completion can be
//     cancelled, so settling never says Failed. Which state a released hold shows no document says; TRADE_CLOSED, which
//     holds no money, is taken for it where nothing shows a completion.
//
//cnpay:op bills_preauth_cancel
func (s *BillsService) CancelPreauth(ctx context.Context, req *BillCancelPreauthRequest, opts ...cnpay.Option) (*BillCancelPreauthResponse, error) {
	return do[BillCancelPreauthResponse](ctx, s.client, req, opts)
}

// CancelCompletion cancels the completion of a pre-authorisation (预授权完成撤销, POST
// /v1/netpay/bills/preauthed-cancel): the payer gets the whole completed amount back. Whether the hold comes back with
// it the documents do not say. It is for completions of which nothing was refunded.
//
// A call sends the request once. A second call for the same completion moves no money twice: one completion can be
// cancelled once. But its outcome is its own: when it is Failed, an earlier call that was Unknown may still have been
// carried out, or may still be on its way. Only settling has the outcome of both.
//   - Succeeded: processed, and its states (BillPayment.Status, BillStatus) say nothing else. Once it is settled: the
//     completion is closed (TRADE_CLOSED), it holds no money.
//   - Pending: accepted, the result is not out; settle it.
//   - Failed: refused (NO_ORDER, OPERATION_NOT_ALLOWED, NO_CROSS_DAY_TRADING ...); this request changed nothing.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it. Never refund instead: the payer could be paid twice. No state excludes a request that is still
//     on its way, so settling never says Failed. With TRADE_SUCCESS the completion is unchanged as far as ChinaUMS shows,
//     and the same CancelCompletion may be sent again. With TRADE_REFUND some money was returned, by this cancellation or
//     by a refund, perhaps in part: a merchant that knows of no refund may take it for done. With anything else ask
//     ChinaUMS before more is done to the order. A state or an amount that contradicts another decides nothing; the error
//     has the contradiction.
//
//cnpay:op bills_preauthed_cancel
func (s *BillsService) CancelCompletion(ctx context.Context, req *BillCancelCompletionRequest, opts ...cnpay.Option) (*BillCancelCompletionResponse, error) {
	return do[BillCancelCompletionResponse](ctx, s.client, req, opts)
}
