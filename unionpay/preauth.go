package unionpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PreauthService acts on pre-authorisations (预授权): money that the issuer holds for the merchant.
type PreauthService struct{ client *Client }

// PreauthCancelRequest cancels a pre-authorisation. The page of the operation is open.unionpay.com's; where the pages
// of other products differ, the comment says so.
type PreauthCancelRequest struct {
	Envelope

	// BizType is the product (产品类型), the same as the pre-authorisation's: 000301 authenticated payment 2.0
	// (认证支付2.0), 000902 token (Token支付). The page lists these two; the gateway product's demo sends 000201, which
	// empty means here.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型): AccessMerchant, AccessAcquirer or AccessPlatform.
	// Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// MerCatCode is the merchant's category (商户类别), an MCC; for AccessAcquirer.
	MerCatCode string `json:"merCatCode,omitempty" spec:"C N4"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// MerName is the merchant's name (商户名称); for AccessAcquirer.
	MerName string `json:"merName,omitempty" spec:"C ANS1..40"`
	// MerAbbr is the merchant's short name (商户简称); for AccessAcquirer, where it is not insisted upon.
	MerAbbr string `json:"merAbbr,omitempty" spec:"C ANS1..8"`
	// SubMerID is the merchant below the platform (二级商户代码); for AccessPlatform.
	SubMerID string `json:"subMerId,omitempty" spec:"C AN5..15"`
	// SubMerName is its name (二级商户名称); for AccessPlatform.
	SubMerName string `json:"subMerName,omitempty" spec:"C ANS1..40"`
	// SubMerAbbr is its short name (二级商户简称); for AccessPlatform.
	SubMerAbbr string `json:"subMerAbbr,omitempty" spec:"C ANS1..16"`
	// OrderID is the order number of this cancellation (商户订单号), not of the pre-authorisation: letters and digits
	// only, unique for the merchant and day. See [NewOrderID].
	OrderID string `json:"orderId,omitempty" spec:"M AN8..40"`
	// TxnTime is the order time of this cancellation (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// TxnAmt is the whole amount of the pre-authorisation (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,omitempty" spec:"M N1..12"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId,omitempty" spec:"O ANS8"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile. Empty means 07.
	ChannelType string `json:"channelType,omitempty" spec:"M N2"`
	// BackURL is where the notification goes (后台通知地址), or [NoNotification]. UnionPay reaches no address with "~";
	// one on a private line begins with ZX|.
	BackURL string `json:"backUrl,omitempty" spec:"M ANS1..256"`
	// ReqReserved is the merchant's own text (请求方保留域); the answer and the notification repeat it. Without & = { }
	// [ ] and quotes, or in Base64, it stays legible in queries and files too.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号). The page says 21 characters, of a queryId 20 or 21.
	OrigQryID string `json:"origQryId,omitempty" spec:"M AN20..21"`
}

func (r *PreauthCancelRequest) parts() parts {
	return parts{&r.MerID, &r.AccessType, &r.BizType, &r.ChannelType, r.OrderID, r.ReqReserved}
}

func (r *PreauthCancelRequest) conditions() []cnpay.Fault {
	return append(
		forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode}, needed{"merCatCode", r.MerCatCode}, needed{"merName", r.MerName}),
		forPlatform(r.AccessType, r.SubMerID, r.SubMerName, r.SubMerAbbr)...)
}

// PreauthCancelResponse is the answer to a cancellation.
type PreauthCancelResponse struct {
	Response

	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"R N1..12"`
	// QueryID is UnionPay's number of the cancellation (查询流水号).
	QueryID string `json:"queryId" spec:"M AN20..21"`
	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"R AN21"`
}

// PreauthCancelNotification tells how a cancellation ended, well or not.
type PreauthCancelNotification struct {
	Notice
	Cleared

	// OrigQryID is the queryId of the pre-authorisation (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"R AN21"`
}

// Cancel gives up the whole of a pre-authorisation that has not been completed, so that the issuer frees the money
// (预授权撤销, txnType 32, POST /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is refused with code 12 and does nothing; it also tells nothing. Never
// repeat under a new orderId before the outcome of the old one is known.
//   - Pending: accepted (受理). A notification tells the end; SettleCancel asks for it.
//   - Failed: refused; the pre-authorisation is as it was.
//   - Unknown: call SettleCancel. When it too ends Unknown, the notification or the reconciliation file decides.
//
//cnpay:op preauth_cancel
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return call[PreauthCancelResponse](ctx, s.client, preauthCancel(), req, opts)
}

func preauthCancel() operation {
	return operation{
		id: "preauth_cancel", path: "/gateway/api/backTransReq.do", txnType: "32", txnSubTypes: "00",
		bizType: "000201", channelType: "07", judge: judgeAccepted,
	}
}

// SettleCancel asks, on [BackSchedule], until it is known what became of a cancellation. It needs the request as it
// was sent, with the same TxnTime.
func (s *PreauthService) SettleCancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	if req == nil {
		req = &PreauthCancelRequest{}
	}
	return s.client.Orders.settle(ctx, original{
		operation: "preauth_cancel", txnType: "32", schedule: BackSchedule(),
		ask: QueryRequest{
			AccessType: req.AccessType, MerID: req.MerID, OrderID: req.OrderID, TxnTime: req.TxnTime, AcqInsCode: req.AcqInsCode,
			reqReserved: req.ReqReserved,
		},
		txnAmt: req.TxnAmt, origQryID: req.OrigQryID,
	}, opts)
}
