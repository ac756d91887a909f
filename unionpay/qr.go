package unionpay

import (
	"context"
	"slices"

	"github.com/cnpay-go/cnpay"
)

// QRService takes money by QR codes (二维码支付) and gives it back. [OrdersService.Query] asks for its transactions too.
type QRService struct{ client *Client }

// QRApplyRequest asks for a code that the merchant shows and the payer scans.
type QRApplyRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TermInfo describes the terminal (终端信息).
	TermInfo string `json:"termInfo,omitempty" spec:"O ANS"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// CtrlRule are control bits (控制规则). With a 1 in the fifth place answers lack their certificate and cannot be
	// believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// PayTimeout is until when the payer may pay (支付超时时间), as UnionPay advises a quarter of an hour after TxnTime.
	// What is paid later is given back by UnionPay. Without it no query can tell that a payment has failed for
	// good.
	PayTimeout string `json:"payTimeout,omitempty" spec:"O YYYYMMDDhhmmss"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *QRApplyRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *QRApplyRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// QRApplyResponse is the answer with the code.
type QRApplyResponse struct {
	Response

	// QRCode is the address that the merchant shows as a QR code (二维码数据).
	QRCode string `json:"qrCode" spec:"C ANS"`
	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
}

// Apply asks for a code that the merchant shows and the payer scans (二维码 申请二维码, 主扫, txnType 01/07, POST
// /gateway/api/backTransReq.do).
//
// No money moves: the payer who scans the code moves it, and only a notification or SettleApply says so.
//   - Succeeded: the code is there.
//   - Failed: refused; there is no order.
//   - Unknown: nothing can have been paid without the code. Make a new order under a new orderId.
//
//cnpay:op qr_apply
func (s *QRService) Apply(ctx context.Context, req *QRApplyRequest, opts ...cnpay.Option) (*QRApplyResponse, error) {
	return call[QRApplyResponse](ctx, s.client, qRApplyOp(), req, opts)
}

// SettleApply asks, on [PayerSchedule], until it is known what became of the payment of a code. It needs the request
// as it was made, with the same TxnTime. A payment that has failed or was never begun may still be made until
// PayTimeout, so it is Failed only after that, and never when the request had none.
func (s *QRService) SettleApply(ctx context.Context, req *QRApplyRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, qRApplyOp(), req, opts)
}

func qRApplyOp() operation {
	return operation{
		id: "qr_apply", path: backTrans, gives: "qrCode", txnType: "01", txnSubTypes: "07", bizType: "000000", channelType: "08",
		judge: judgeCode, schedule: PayerSchedule, payer: true,
	}
}

// QRPurchaseRequest is a purchase with a code that the merchant scanned from the payer's phone.
type QRPurchaseRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number (商户订单号): letters and digits only, unique for the merchant and day. See
	// [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// QRNo is the number in the payer's code, as the merchant scanned it (C2B码).
	QRNo string `json:"qrNo,omitempty" spec:"M N1..20"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// CurrencyCode is the currency (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode,omitempty" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// TermInfo describes the terminal (终端信息).
	TermInfo string `json:"termInfo,omitempty" spec:"O ANS"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// RiskRateInfo is for the risk control (风控信息域), a [Group] {commodityName=..}.
	RiskRateInfo string `json:"riskRateInfo,omitempty" spec:"C ANS"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"M ANS1..8"`
}

func (r *QRPurchaseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		currencyCode: &r.CurrencyCode, order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *QRPurchaseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		groups(needed{"riskRateInfo", r.RiskRateInfo}),
	)
}

// QRPurchaseResponse is the answer to a purchase with a code.
type QRPurchaseResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// CurrencyCode is the currency (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// Purchase takes money by the code that the merchant scanned from the payer's phone (二维码消费, 被扫, txnType 01/06, POST
// /gateway/api/backTransReq.do).
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettlePurchase asks for it.
//   - Failed: refused; nothing was taken.
//   - Unknown: call SettlePurchase. When it too ends Unknown, Reverse makes sure, on the clearing day of the purchase,
//     that nothing is taken. After that day the notification or the reconciliation file decides.
//
//cnpay:op qr_consume
func (s *QRService) Purchase(ctx context.Context, req *QRPurchaseRequest, opts ...cnpay.Option) (*QRPurchaseResponse, error) {
	return call[QRPurchaseResponse](ctx, s.client, qRPurchaseOp(), req, opts)
}

// SettlePurchase asks, on [BackSchedule], until it is known what became of a purchase with a code. It needs the
// request as it was sent, with the same TxnTime.
func (s *QRService) SettlePurchase(ctx context.Context, req *QRPurchaseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, qRPurchaseOp(), req, opts)
}

func qRPurchaseOp() operation {
	return operation{
		id: "qr_consume", path: backTrans, txnType: "01", txnSubTypes: "06", bizType: "000000",
		channelType: "08", judge: judgeAccepted, schedule: BackSchedule,
	}
}

// QRVoidRequest gives the whole of a purchase back on the same clearing day. The purchase is named by OrigQryID, or
// by OrigOrderID and OrigTxnTime.
type QRVoidRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number of this void (商户订单号), not of the purchase. The published request list omits it;
	// it is needed.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this void (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the whole amount of the purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId,omitempty" spec:"C AN20..21"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号).
	OrigOrderID string `json:"origOrderId,omitempty" spec:"C AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间).
	OrigTxnTime string `json:"origTxnTime,omitempty" spec:"C YYYYMMDDhhmmss"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *QRVoidRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *QRVoidRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		isOriginal(r.OrigQryID, r.OrigOrderID, r.OrigTxnTime),
	)
}

// QRVoidResponse is the answer to a void.
type QRVoidResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// Void gives the whole of a purchase with a code back to the payer (二维码 消费撤销, txnType 31, POST
// /gateway/api/backTransReq.do), on the clearing day of the purchase only.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleVoid asks for it.
//   - Failed: refused; the purchase stands.
//   - Unknown: call SettleVoid. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op qr_undo
func (s *QRService) Void(ctx context.Context, req *QRVoidRequest, opts ...cnpay.Option) (*QRVoidResponse, error) {
	return call[QRVoidResponse](ctx, s.client, qRVoidOp(), req, opts)
}

// SettleVoid asks, on [BackSchedule], until it is known what became of a void. It needs the request as it was
// sent, with the same TxnTime.
func (s *QRService) SettleVoid(ctx context.Context, req *QRVoidRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, qRVoidOp(), req, opts)
}

func qRVoidOp() operation {
	return operation{
		id: "qr_undo", path: backTrans, txnType: "31", txnSubTypes: "00", bizType: "000000", channelType: "08",
		judge: judgeAccepted, schedule: BackSchedule,
	}
}

// QRRefundRequest gives a purchase back, whole or in parts. The purchase is named by OrigQryID, or by OrigOrderID
// and OrigTxnTime.
type QRRefundRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number of this refund (商户订单号), a new one for each. The published request list omits it;
	// it is needed.
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this refund (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// TxnAmt is the amount to give back (退货金额), fen. The sum of all refunds is at most the original amount.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId,omitempty" spec:"C AN20..21"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号).
	OrigOrderID string `json:"origOrderId,omitempty" spec:"C AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间).
	OrigTxnTime string `json:"origTxnTime,omitempty" spec:"C YYYYMMDDhhmmss"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// AccSplitData splits the amount between merchants (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData,omitempty" spec:"C ANS1..512"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *QRRefundRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *QRRefundRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
		isOriginal(r.OrigQryID, r.OrigOrderID, r.OrigTxnTime),
	)
}

// QRRefundResponse is the answer to a refund.
type QRRefundResponse struct {
	Response

	// QueryID is UnionPay's number of this transaction (查询流水号), by which later ones name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// Refund gives money of a purchase with a code back to the payer (二维码 退货, txnType 04, POST
// /gateway/api/backTransReq.do), in one or several parts, for 30 days after the purchase.
//
// It may be repeated with the same orderId and txnTime, and is done once: what had arrived before is answered with code
// 12, which is Unknown. That is the way out of queries that say 34; see Repeats in the package comment. Never repeat
// under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleRefund asks for it.
//   - Failed: refused; nothing was given back.
//   - Unknown: call SettleRefund. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op qr_refund
func (s *QRService) Refund(ctx context.Context, req *QRRefundRequest, opts ...cnpay.Option) (*QRRefundResponse, error) {
	return call[QRRefundResponse](ctx, s.client, qRRefundOp(), req, opts)
}

// SettleRefund asks, on [BackSchedule], until it is known what became of a refund. It needs the request as it was
// sent, with the same TxnTime.
func (s *QRService) SettleRefund(ctx context.Context, req *QRRefundRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	return settle(ctx, s.client, qRRefundOp(), req, opts)
}

func qRRefundOp() operation {
	return operation{
		id: "qr_refund", path: backTrans, txnType: "04", txnSubTypes: "00", bizType: "000000", channelType: "08",
		judge: judgeAccepted, schedule: BackSchedule,
	}
}

// QRReverseRequest undoes a purchase whose outcome is unknown. OrderID and TxnTime are those of the purchase itself.
type QRReverseRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, that of all operations with codes.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 08.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// OrderID is the order number of the purchase (商户订单号).
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of the purchase (订单发送时间).
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS1..8"`
}

func (r *QRReverseRequest) parts() parts {
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, channelType: &r.ChannelType,
		order: r.OrderID, reqReserved: r.ReqReserved,
	}
}

func (r *QRReverseRequest) conditions() []cnpay.Fault {
	return slices.Concat(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr),
	)
}

// QRReverseResponse is the answer to a reversal.
type QRReverseResponse struct {
	Response

	// AccInsCode is the institution (接入机构代码).
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
}

// Reverse makes sure that a purchase with a code, whose outcome is unknown, took nothing (二维码 冲正, txnType 99, POST
// /gateway/api/backTransReq.do), on the clearing day of the purchase only. It is not for a purchase that is known to
// have succeeded: that one is voided.
//
// It names the purchase and may be repeated as often as need be.
//   - Succeeded: nothing is taken, or what was taken is given back.
//   - Failed: refused; nothing was reversed. Query the purchase.
//   - Unknown: repeat it, or call SettleReverse. So it is with codes 34 and 35: a purchase that UnionPay does not have may
//     still be on its way.
//
//cnpay:op qr_reversal
func (s *QRService) Reverse(ctx context.Context, req *QRReverseRequest, opts ...cnpay.Option) (*QRReverseResponse, error) {
	return call[QRReverseResponse](ctx, s.client, qRReverseOp(), req, opts)
}

func qRReverseOp() operation {
	return operation{
		id: "qr_reversal", path: backTrans, txnType: "99", txnSubTypes: "01", bizType: "000000",
		channelType: "08", repeatable: true, judge: judgeReversal,
	}
}

// isOriginal checks that the original transaction is named in one of the two ways.
func isOriginal(origQryID, origOrderID, origTxnTime string) []cnpay.Fault {
	switch {
	case origQryID != "":
		return nil
	case origOrderID == "" && origTxnTime == "":
		return []cnpay.Fault{{Field: "origQryId", Problem: "or origOrderId and origTxnTime are required"}}
	}
	return lacking("without origQryId", []needed{{"origOrderId", origOrderID}, {"origTxnTime", origTxnTime}})
}

// SettleReverse repeats a reversal, on [BackSchedule], until it is known that the purchase takes nothing.
func (s *QRService) SettleReverse(ctx context.Context, req *QRReverseRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QRReverseResponse], error) {
	if req == nil {
		req = &QRReverseRequest{}
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = BackSchedule()
	}
	subject := cnpay.Subject{Provider: "unionpay", Operation: "qr_reversal", Order: req.OrderID}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*QRReverseResponse, cnpay.Verdict, error) {
		res, err := s.Reverse(ctx, req, opts...)
		if res == nil {
			return nil, cnpay.Verdict{}, err
		}
		return res, cnpay.Verdict{Outcome: res.Outcome, Code: res.RespCode, Message: res.RespMsg}, nil
	})
}
