package chinaums

import (
	"context"
	"time"

	"github.com/cnpay-go/cnpay"
)

// BillsService acts on bills (账单, C扫B): the payer has scanned one of the merchant's codes.
type BillsService struct{ client *Client }

// BillsInstMID is the business type (业务类型, instMid) of every operation on a bill.
const BillsInstMID = "QRPAYDEFAULT"

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
	// MsgID is the caller's number for the message (消息ID), echoed in the answer.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed in the answer.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
}

func (r *BillCancelCompletionRequest) complete(now time.Time) { stamp(&r.RequestTimestamp, now) }
func (r *BillCancelCompletionRequest) order() string          { return r.MerOrderID }

func (r *BillCancelCompletionRequest) answered(a *BillCancelCompletionResponse) (named bool, differs string) {
	return a.BillPayment.MerOrderID != "" || a.BillNo != "", different(
		echo{"mid", r.MID, a.MID}, echo{"tid", r.TID, a.TID},
		echo{"billPayment.merOrderId", r.MerOrderID, a.BillPayment.MerOrderID},
		echo{"billNo", r.BillNo, a.BillNo}, echo{"billDate", r.BillDate, a.BillDate},
		echo{"msgId", r.MsgID, a.MsgID})
}

// Response is the head of every answer.
type Response struct {
	cnpay.Answer

	// ErrCode is the request's result (错误代码): SUCCESS, or a code of the platform (平台错误码) or of the gateway
	// before it.
	ErrCode string `json:"errCode" spec:"M S..64"`
	// ErrMsg is a human-readable message in Chinese (错误说明).
	ErrMsg string `json:"errMsg" spec:"O S..255"`
	// ErrInfo is the same where the gateway itself answers; the page of the operation does not have it.
	ErrInfo string `json:"errInfo" spec:"O S"`
	// ResponseTimestamp is when the answer was made (报文响应时间), UTC+8, 2006-01-02 15:04:05.
	ResponseTimestamp string `json:"responseTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MID is the merchant number (商户号), echoed.
	MID string `json:"mid" spec:"M S"`
	// TID is the terminal number (终端号), echoed.
	TID string `json:"tid" spec:"M S"`
}

func (r *Response) base() *Response { return r }

// BillCancelCompletionResponse is the answer to a cancelled completion. A refusal leaves most of it out.
type BillCancelCompletionResponse struct {
	Response

	// BillPayment is the bill information of the cancellation (预授权撤销账单信息).
	BillPayment Payment `json:"billPayment" spec:"M"`
	// MsgID is the request's, echoed.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the request's, echoed.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
	// BillNo is the bill number (账单号), echoed.
	BillNo string `json:"billNo" spec:"O S..31"`
	// BillDate is the date of the bill (账单日期), echoed.
	BillDate string `json:"billDate" spec:"O yyyy-MM-dd"`
	// InstMID is the business type (业务类型), echoed.
	InstMID string `json:"instMid" spec:"O S"`
	// BillQRCode is the code that the payer scanned (账单二维码), a URL.
	BillQRCode string `json:"billQRCode" spec:"O S"`
	// BillStatus is the state of the bill (账单状态): PAID, UNPAID, REFUND, CLOSED or UNKNOWN.
	BillStatus string `json:"billStatus" spec:"O S"`
	// CardAttr is the kind of card or wallet (借贷记标识): DEBIT_CARD, CREDIT_CARD; BALANCE in captures.
	CardAttr string `json:"cardAttr" spec:"O S"`
}

// Payment is one movement of a bill's money as ChinaUMS has it on record. Amounts are fen.
type Payment struct {
	// MerOrderID is the order number of this movement (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"O S..32"`
	// BillBizType is the business type of the bill (账单业务类型), "bills" in captures.
	BillBizType string `json:"billBizType" spec:"O S"`
	// PaySeqID is the transaction's reference (交易参考号).
	PaySeqID string `json:"paySeqId" spec:"O S"`
	// TotalAmount is the amount of the movement (账单流水总金额), after the channel's own discounts.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// BuyerPayAmount is what the payer paid (实付金额).
	BuyerPayAmount int64 `json:"buyerPayAmount" spec:"O N"`
	// InvoiceAmount is what an invoice may be made out for (开票金额).
	InvoiceAmount int64 `json:"invoiceAmount" spec:"O N"`
	// DiscountAmount is the discount (折扣金额).
	DiscountAmount int64 `json:"discountAmount" spec:"O N"`
	// BuyerID is the payer at the channel (买家ID).
	BuyerID string `json:"buyerId" spec:"O S"`
	// BuyerUsername is the payer's name at the channel (买家用户名).
	BuyerUsername string `json:"buyerUsername" spec:"O S"`
	// PayDetail is how it was paid, in words (支付详情).
	PayDetail string `json:"payDetail" spec:"O S"`
	// PayTime is when (支付时间), UTC+8, 2006-01-02 15:04:05.
	PayTime string `json:"payTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// SettleDate is when it is settled (结算时间), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O yyyy-MM-dd"`
	// Status is its state (交易状态): NEW_ORDER, UNKNOWN, WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_REFUND or TRADE_CLOSED.
	Status string `json:"status" spec:"O S"`
	// TargetOrderID is the order number at the channel (目标平台单号).
	TargetOrderID string `json:"targetOrderId" spec:"O S"`
	// TargetSys is the channel (目标系统), "UnionPay" or "Alipay 2.0" for example.
	TargetSys string `json:"targetSys" spec:"O S"`
	// ActivityIDs are WeChat's promotions (微信活动ID).
	ActivityIDs string `json:"activityIds" spec:"O S"`

	// The rest is on other pages or in captures only.

	// BuyerCashPayAmt is the part paid in money; captures of 2023.
	BuyerCashPayAmt int64 `json:"buyerCashPayAmt" spec:"O N"`
	// CouponAmount is the wallet's discount; the query's example.
	CouponAmount int64 `json:"couponAmount" spec:"O N"`
	// ReceiptAmount is the amount received; notifications.
	ReceiptAmount int64 `json:"receiptAmount" spec:"O N"`
	// ConnectSys is the system it was routed through, "UNIONPAY" for example; captures of 2023.
	ConnectSys string `json:"connectSys" spec:"O S"`
}

// BillQueryRequest names the bill to query.
type BillQueryRequest struct {
	// RequestTimestamp is when the request is made (报文请求时间), UTC+8, 2006-01-02 15:04:05. Empty means now: the
	// client then fills it in from its clock.
	RequestTimestamp string `json:"requestTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MID is the merchant number (商户号).
	MID string `json:"mid" spec:"M S..32"`
	// TID is the terminal number (终端号).
	TID string `json:"tid" spec:"M S..32"`
	// MsgID is the caller's number for the message (消息ID), echoed in the answer.
	MsgID string `json:"msgId,omitempty" spec:"O S..64"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed in the answer.
	SrcReserve string `json:"srcReserve,omitempty" spec:"O S..255"`
	// InstMID is the business type (业务类型): BillsInstMID.
	InstMID string `json:"instMid" spec:"M =QRPAYDEFAULT"`
	// BillNo is the bill number (账单号). The order number of its payment (merOrderId), one character longer, is
	// accepted too.
	BillNo string `json:"billNo" spec:"M S..32"`
	// BillDate is the date that the bill was made with (账单日期), not today's: 2006-01-02.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
	// RefundOrderID names one refund of the bill (退款订单号), which the answer then has.
	RefundOrderID string `json:"refundOrderId,omitempty" spec:"C S..32"`
	// AuthedOrderID names the completion of a pre-authorisation (预授权完成订单号), which the answer then has.
	AuthedOrderID string `json:"authedOrderId,omitempty" spec:"C S..32"`
}

func (r *BillQueryRequest) complete(now time.Time) { stamp(&r.RequestTimestamp, now) }

func (r *BillQueryRequest) order() string {
	for _, number := range [...]string{r.AuthedOrderID, r.RefundOrderID} {
		if number != "" {
			return number
		}
	}
	return r.BillNo
}

func (r *BillQueryRequest) answered(a *BillQueryResponse) (named bool, differs string) {
	bill := a.BillNo
	if a.BillPayment.MerOrderID == r.BillNo {
		bill = r.BillNo // named by the order number of its payment
	}
	completion := ""
	if r.AuthedOrderID != "" && a.AuthedBillPayment != nil {
		completion = a.AuthedBillPayment.MerOrderID
	}
	return bill != "", different(
		echo{"mid", r.MID, a.MID}, echo{"tid", r.TID, a.TID},
		echo{"billNo", r.BillNo, bill}, echo{"billDate", r.BillDate, a.BillDate},
		echo{"authedBillPayment.merOrderId", r.AuthedOrderID, completion},
		echo{"msgId", r.MsgID, a.MsgID})
}

// BillQueryResponse is the answer to a query. Its own outcome says whether the query was answered, nothing about a
// payment, refund or cancellation; the bill's states are its fields.
type BillQueryResponse struct {
	Response

	// MsgID is the request's, echoed.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the request's, echoed.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
	// InstMID is the business type (业务类型), echoed.
	InstMID string `json:"instMid" spec:"M S..32"`
	// BillNo is the bill number (账单号), echoed.
	BillNo string `json:"billNo" spec:"M S..32"`
	// BillDate is the date of the bill (账单日期), echoed.
	BillDate string `json:"billDate" spec:"M yyyy-MM-dd"`
	// CreateTime is when the bill was made (账单创建时间), UTC+8, 2006-01-02 15:04:05.
	CreateTime string `json:"createTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// BillStatus is the state of the bill (账单状态): PAID, UNPAID, REFUND, CLOSED or UNKNOWN.
	BillStatus string `json:"billStatus" spec:"O S"`
	// BillDesc is the bill's description (账单描述).
	BillDesc string `json:"billDesc" spec:"O S"`
	// TotalAmount is the amount of the bill (账单总金额) before discounts, fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// BillQRCode is the code that the payer scanned (账单二维码), a URL.
	BillQRCode string `json:"billQRCode" spec:"O S"`
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
	// CardAttr is the kind of card or wallet (借贷记标识): DEBIT_CARD, CREDIT_CARD or BALANCE.
	CardAttr string `json:"cardAttr" spec:"O S"`
	// InstallmentNumber is the number of instalments (花呗分期数).
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	// BillPayment is the payment of the bill (账单支付信息).
	BillPayment Payment `json:"billPayment" spec:"O"`
	// RefundBillPayment is the refund that was named (账单退款信息); nil when there is none.
	RefundBillPayment *Payment `json:"refundBillPayment" spec:"C"`
	// AuthedBillPayment is the completion that was named (预授权账单信息); nil when there is none.
	AuthedBillPayment *Payment `json:"authedBillPayment" spec:"C"`
}

func stamp(requestTimestamp *string, now time.Time) {
	if *requestTimestamp == "" {
		*requestTimestamp = now.Format(time.DateTime)
	}
}

// CancelCompletion cancels the completion of a pre-authorisation (预授权完成撤销, POST
// /v1/netpay/bills/preauthed-cancel): the payer gets the whole completed amount back. Whether the hold comes back with
// it the documents do not say. It is for completions of which nothing was refunded.
//
// A call sends the request once. A second call for the same completion moves no money twice: one completion can be
// cancelled once. But its outcome is its own: when it is Failed, an earlier call that was Unknown may still have been
// carried out, or may still be on its way. Only SettleCancelCompletion has the outcome of both.
//   - Succeeded: processed, and its states (BillPayment.Status, BillStatus) say nothing else.
//   - Pending: accepted, the result is not out; call SettleCancelCompletion.
//   - Failed: refused (NO_ORDER, OPERATION_NOT_ALLOWED, NO_CROSS_DAY_TRADING ...); this request changed nothing.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: call SettleCancelCompletion. Never refund instead: the payer could be paid twice.
//
//cnpay:op bills_preauthed_cancel
func (s *BillsService) CancelCompletion(ctx context.Context, req *BillCancelCompletionRequest, opts ...cnpay.Option) (*BillCancelCompletionResponse, error) {
	return call[BillCancelCompletionResponse](ctx, s.client, operation{
		id: "bills_preauthed_cancel", path: "/v1/netpay/bills/preauthed-cancel",
	}, req, opts)
}

// Query reads the state of a bill (账单状态查询, POST /v1/netpay/bills/query), of one refund of it, or of the
// completion of its pre-authorisation. It moves no money and may be repeated.
//
// The outcome is that of the query, never that of a payment, refund or cancellation.
//   - Succeeded: answered, about this bill; read its states, any of which is possible.
//   - Pending: the gateway has taken the query and netpay has not answered; query again.
//   - Failed: not answered: refused. It proves nothing about the bill: right after a payment, for example, NO_ORDER
//     may only mean that the bill is not yet visible.
//   - NotSent, Unknown: no answer; query again.
//
//cnpay:op bills_query
func (s *BillsService) Query(ctx context.Context, req *BillQueryRequest, opts ...cnpay.Option) (*BillQueryResponse, error) {
	return call[BillQueryResponse](ctx, s.client, operation{
		id: "bills_query", path: "/v1/netpay/bills/query", repeatable: true,
	}, req, opts)
}

// SettleCancelCompletion queries the completion, on [CancelCompletionSchedule], until it is closed. It needs of req what
// a query needs, and MerOrderID.
//   - Succeeded: the completion is closed (TRADE_CLOSED): it holds no money.
//   - Unknown: no answer decided it; the completion's state is the settlement's Code. No state excludes a request
//     that is still on its way, so it is never Failed. With TRADE_SUCCESS the completion is unchanged as far as
//     ChinaUMS shows, and the same CancelCompletion may be sent again. With TRADE_REFUND some money was returned, by
//     this cancellation or by a refund, perhaps in part: a merchant that knows of no refund may take it for done. With
//     anything else ask ChinaUMS before more is done to the order.
//
// A state or an amount that contradicts another decides nothing: it is Unknown, and the message has the contradiction.
func (s *BillsService) SettleCancelCompletion(ctx context.Context, req *BillCancelCompletionRequest, opts ...cnpay.Option) (*cnpay.Settlement[*BillQueryResponse], error) {
	if req == nil {
		req = &BillCancelCompletionRequest{}
	}
	settings := s.client.settings.With(opts...)
	subject := cnpay.Subject{Provider: "chinaums", Operation: "bills_preauthed_cancel", Order: req.MerOrderID}
	query := BillQueryRequest{
		RequestTimestamp: s.client.now(&settings).Format(time.DateTime),
		MID:              req.MID, TID: req.TID, InstMID: req.InstMID,
		BillNo: req.BillNo, BillDate: req.BillDate, AuthedOrderID: req.MerOrderID,
	}
	faults := s.client.fields.Check(&query)
	if req.MerOrderID == "" {
		faults = append(faults, cnpay.Fault{Field: "merOrderId", Problem: "is required"})
	}
	if faults != nil { // waiting would not fix them
		return &cnpay.Settlement[*BillQueryResponse]{}, &cnpay.Error{Subject: subject, Err: &cnpay.InvalidRequestError{Faults: faults}}
	}
	query.RequestTimestamp = "" // each has its own
	schedule := settings.Schedule
	if schedule == nil {
		schedule = CancelCompletionSchedule()
	}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*BillQueryResponse, cnpay.Verdict, error) {
		res, err := s.Query(ctx, &query, opts...)
		if err != nil {
			return nil, cnpay.Verdict{}, err
		}
		return res, judgeSettled(res, req.MerOrderID), nil
	})
}
