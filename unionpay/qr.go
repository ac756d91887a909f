package unionpay

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// QRService takes money by QR codes (二维码支付) and returns it. [OrdersService.Query] finds its transactions too.
type QRService struct{ client *Client }

// QRCreateRequest asks for a code that the merchant shows and the payer scans.
type QRCreateRequest struct {
	envelope
	Sender
	QRSender
	Platform
	Terminal
	Split
	Control

	// OrderID is the order number of this order (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this order (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this order goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// CurrencyCode is the currency of this order (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// TermInfo describes the terminal (终端信息).
	TermInfo string `json:"termInfo" spec:"O ANS"`
	// TxnAmt is the amount of this order (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// ReqReserved is the merchant's own text about this order (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// PayTimeout is until when the payer may pay with the code (支付超时时间); see Orders that the payer pays in the package
	// comment.
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
}

func (*QRCreateRequest) operation() Operation {
	return Operation{
		ID: OpQRCreate, Path: backTrans, TxnType: "01", TxnSubType: "07", BizType: "000000", ChannelType: "08",
		PaidByPayer: true, Requires: "qrCode", Settle: SettlePaidByPayer,
	}
}

// QRCreateResponse is the answer with the code.
type QRCreateResponse struct {
	QRResponse

	// QRCode is the address that the merchant shows as a QR code (二维码数据).
	QRCode string `json:"qrCode" spec:"C ANS"`
}

// Create makes an order with a code that the merchant shows and the payer scans (二维码 申请二维码, 主扫, txnType 01/07, POST
// /gateway/api/backTransReq.do).
//
// No money moves until the payer pays; see Orders that the payer pays in the package comment.
//   - Pending: the order is there, and QRCode is its code. Once it is settled, by default on [PayerSchedule]:
//     Succeeded, it is paid; Failed, PayTimeout has passed and it is not.
//   - Failed: refused; there is no order.
//   - Unknown: nobody can pay without the code. Make a new order under a new orderId.
//
//cnpay:op qr_apply
func (s *QRService) Create(ctx context.Context, req *QRCreateRequest, opts ...cnpay.Option) (*QRCreateResponse, error) {
	return do[QRCreateResponse](ctx, s.client, req, opts)
}

// QRPayByCodeRequest is a purchase with a code that the merchant scanned from the payer's phone.
type QRPayByCodeRequest struct {
	envelope
	Sender
	QRSender
	Platform
	Channel
	Risk
	Split

	// OrderID is the order number of this purchase by code (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this purchase by code (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// QRNo is the number in the payer's code, as the merchant scanned it (C2B码).
	QRNo string `json:"qrNo" spec:"M N1..20 secret"`
	// BackURL is where the notification of this purchase by code goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// CurrencyCode is the currency of this purchase by code (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// TxnAmt is the amount of this purchase by code (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// TermInfo describes the terminal (终端信息).
	TermInfo string `json:"termInfo" spec:"O ANS"`
	// ReqReserved is the merchant's own text about this purchase by code (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId" spec:"M ANS1..8"`
}

func (*QRPayByCodeRequest) operation() Operation {
	return Operation{
		ID: OpQRPayByCode, Path: backTrans, TxnType: "01", TxnSubType: "06", BizType: "000000", ChannelType: "08",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// QRPayByCodeResponse is the answer to a purchase with a code.
type QRPayByCodeResponse struct {
	QRResponse
	Accepted
}

// PayByCode takes money by the code that the merchant scanned from the payer's phone (二维码消费, 被扫, txnType 01/06, POST
// /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is taken;
//     Failed, nothing was taken; NotSent, it never arrived.
//   - Failed: refused; nothing was taken.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, Reverse makes sure, on the clearing day
//     of the purchase, that nothing is taken. After that day the notification or the reconciliation file decides.
//
//cnpay:op qr_consume
func (s *QRService) PayByCode(ctx context.Context, req *QRPayByCodeRequest, opts ...cnpay.Option) (*QRPayByCodeResponse, error) {
	return do[QRPayByCodeResponse](ctx, s.client, req, opts)
}

// QRVoidRequest returns the whole of a purchase on the same clearing day. The purchase is named by OrigQryID, or by
// OrigOrderID and OrigTxnTime.
type QRVoidRequest struct {
	envelope
	Sender
	QRSender
	Platform
	Terminal

	// OrderID is the order number of this void (商户订单号), not of the purchase. The published request list omits it; it is
	// needed.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this void (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this void of a code goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C[!origOrderId,!origTxnTime] AN20..21"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号).
	OrigOrderID string `json:"origOrderId" spec:"C[!origQryId,origTxnTime] AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间).
	OrigTxnTime string `json:"origTxnTime" spec:"C[!origQryId,origOrderId] YYYYMMDDhhmmss"`
	// ReqReserved is the merchant's own text about this void of a code (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*QRVoidRequest) operation() Operation {
	return Operation{
		ID: OpQRVoid, Path: backTrans, TxnType: "31", TxnSubType: "00", BizType: "000000", ChannelType: "08",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// QRVoidResponse is the answer to a void.
type QRVoidResponse struct {
	QRResponse
	AcceptedFollowUp
}

// Void returns the whole of a purchase with a code to the payer (二维码 消费撤销, txnType 31, POST
// /gateway/api/backTransReq.do), on the clearing day of the purchase only.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is
//     returned; Failed, the purchase stands; NotSent, it never arrived.
//   - Failed: refused; the purchase stands.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op qr_undo
func (s *QRService) Void(ctx context.Context, req *QRVoidRequest, opts ...cnpay.Option) (*QRVoidResponse, error) {
	return do[QRVoidResponse](ctx, s.client, req, opts)
}

// QRRefundRequest returns a purchase, whole or in parts. The purchase is named by OrigQryID, or by OrigOrderID and
// OrigTxnTime.
type QRRefundRequest struct {
	envelope
	Sender
	QRSender
	Platform
	Terminal
	Split

	// OrderID is the order number of this refund (商户订单号), a new one for each. The published request list omits it; it is
	// needed.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this refund (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this refund of a code goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount to give back (退货金额), fen. The sum of all refunds is at most the original amount.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C[!origOrderId,!origTxnTime] AN20..21"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号).
	OrigOrderID string `json:"origOrderId" spec:"C[!origQryId,origTxnTime] AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间).
	OrigTxnTime string `json:"origTxnTime" spec:"C[!origQryId,origOrderId] YYYYMMDDhhmmss"`
	// ReqReserved is the merchant's own text about this refund of a code (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*QRRefundRequest) operation() Operation {
	return Operation{
		ID: OpQRRefund, Path: backTrans, TxnType: "04", TxnSubType: "00", BizType: "000000", ChannelType: "08",
		Judge: judgeAccepted, Settle: SettleByQuery,
	}
}

// QRRefundResponse is the answer to a refund.
type QRRefundResponse struct {
	QRResponse
	AcceptedFollowUp
}

// Refund returns money of a purchase with a code to the payer (二维码 退货, txnType 04, POST /gateway/api/backTransReq.do),
// in one or several parts, for 30 days after the purchase.
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is
//     returned; Failed, nothing was returned; NotSent, it never arrived.
//   - Failed: refused; nothing was returned.
//   - Unknown: settle it, by default on [BackSchedule]. If it stays Unknown, the notification or the reconciliation
//     file decides.
//
//cnpay:op qr_refund
func (s *QRService) Refund(ctx context.Context, req *QRRefundRequest, opts ...cnpay.Option) (*QRRefundResponse, error) {
	return do[QRRefundResponse](ctx, s.client, req, opts)
}

// QRReverseRequest undoes a purchase whose outcome is unknown. OrderID and TxnTime are those of the purchase itself.
type QRReverseRequest struct {
	envelope
	Sender
	QRSender
	Platform
	Terminal

	// OrderID is the order number of the purchase (商户订单号).
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of the purchase (订单发送时间).
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// ReqReserved is the merchant's own text about this reversal (请求方保留域), which the answer repeats.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*QRReverseRequest) operation() Operation {
	return Operation{
		ID: OpQRReverse, Path: backTrans, TxnType: "99", TxnSubType: "01", BizType: "000000", ChannelType: "08",
		Repeatable: true, Keep: reversalKeeps(), Judge: judgeReversal, Settle: settleReversal,
	}
}

// QRReverseResponse is the answer to a reversal.
type QRReverseResponse struct{ QRResponse }

// Reverse makes sure that a purchase with a code, whose outcome is unknown, took nothing (二维码 冲正, txnType 99, POST
// /gateway/api/backTransReq.do), on the clearing day of the purchase only. It is not for a purchase that is known to
// have succeeded: that one is voided.
//
// It names the purchase and may be repeated as often as necessary; the call itself repeats it where no answer came.
//   - Succeeded: nothing is taken, or what was taken is returned.
//   - Failed: refused; nothing was reversed. Query the purchase.
//   - Unknown: settle it, by default on [BackSchedule], which sends it again. Codes 34 and 35 are Unknown too: a
//     purchase that UnionPay does not have may still be on its way.
//
//cnpay:op qr_reversal
func (s *QRService) Reverse(ctx context.Context, req *QRReverseRequest, opts ...cnpay.Option) (*QRReverseResponse, error) {
	return do[QRReverseResponse](ctx, s.client, req, opts)
}

// reversalKeeps are the fields that a reversal needs to be sent again, besides those of every ticket.
func reversalKeeps() []string {
	return []string{"bizType", "channelType", "subMerId", "subMerName", "subMerAbbr", "reserved", "termId"}
}

// settleReversal sends the reversal again, as its documents say. A repeat that is refused says nothing about what was
// sent before it, so it is never Failed.
func settleReversal(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	sending, field := t.Sending, t.Fields
	req := &QRReverseRequest{
		Sender:   Sender{AccessType: field["accessType"], MerID: field["merId"]},
		QRSender: QRSender{BizType: field["bizType"], AcqInsCode: field["acqInsCode"], AccInsCode: field["accInsCode"]},
		Platform: Platform{SubMerID: field["subMerId"], SubMerName: field["subMerName"], SubMerAbbr: field["subMerAbbr"]},
		Terminal: Terminal{ChannelType: field["channelType"], Reserved: field["reserved"], TermID: field["termId"]},
		OrderID:  field["orderId"], TxnTime: field["txnTime"], ReqReserved: field["reqReserved"],
	}
	return cnpay.SettleRule{
		Schedule: BackSchedule(),
		Faults:   c.faults(req),
		Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			sending++
			res, err := c.QR.Reverse(ctx, req, append(slices.Clip(opts), cnpay.WithSending(sending))...)
			if res == nil {
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{
				Verdict: cnpay.Verdict{Outcome: res.Outcome, Code: res.RespCode, Message: res.RespMsg}, Answer: res,
				Absent: res.RespCode == CodeNotFound || res.RespCode == CodeNoOriginal,
			}
			if errors.Is(err, cnpay.ErrRefused) {
				f.Cause = fmt.Errorf("%w: this repeat was refused; query the purchase", cnpay.ErrUndecided)
			}
			return f, nil
		},
	}
}
