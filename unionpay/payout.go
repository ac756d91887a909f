package unionpay

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// PayoutsService pays out (代付).
type PayoutsService struct{ client *Client }

// PayoutCreateRequest pays money to a card or a corporate account (AccType 04).
type PayoutCreateRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	CardKind

	// BizType is the product (产品类型). Empty means 000401.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// OrderID is the order number of this payout (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this payout (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TxnAmt is the amount of this payout (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// CurrencyCode is the currency of this payout (交易币种). Empty means 156, CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// BackURL is where the notification of this payout goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// AccNo is the payee's card number (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo is about the payee (银行卡验证信息及身份信息), the name for example; see [CustomerInfo]. A corporate account has
	// none.
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// BindID is the mark of the bound card that gets the money (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// BillType is the kind of bill (账单类型).
	BillType string `json:"billType" spec:"O ANS"`
	// BillNo is the memo that the payee reads (账单号码, 银行附言).
	BillNo string `json:"billNo" spec:"O ANS"`
	// ReqReserved is the merchant's own text about this payout (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group]; for a corporate account
	// {comDebitCardAccName=..&businessLicenseRegNo=..}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// SourcesOfFunds says where the money comes from (资金来源): 01 a verified payer, with PayerVerifiInfo.
	SourcesOfFunds string `json:"sourcesOfFunds" spec:"C N2"`
	// PayerVerifiInfo is the verified payer (付款方验证信息), a [Group] {payerAccNo=..&payerNm=..}.
	PayerVerifiInfo string `json:"payerVerifiInfo" spec:"C GROUP secret"`
}

func (*PayoutCreateRequest) operation() Operation {
	return Operation{
		ID: OpPayoutCreate, Path: backTrans, TxnType: "12", TxnSubType: "00", BizType: "000401", ChannelType: "07",
		Judge: judgePayout, Settle: settlePayout,
	}
}

// PayoutCreateResponse is the answer to a payout.
type PayoutCreateResponse struct {
	Response
	Accepted
	ShownAccount
}

// Create pays money to a card or a corporate account (代付, txnType 12, POST /gateway/api/backTransReq.do).
//
// A repeat with the same orderId and txnTime is harmless; see Repeats in the package comment.
//   - Pending: accepted (受理); a notification or Settle has the end. Once it is settled: Succeeded, the money is paid;
//     Failed, nothing was paid.
//   - Failed: refused; nothing was paid.
//   - Unknown: settle it, by default on [PayoutSchedule]. Codes that are refusals elsewhere (01, 60) are not final for
//     payouts, and neither is 34. If it stays Unknown or Pending, the reconciliation file of the next day decides.
//
//cnpay:op payout
func (s *PayoutsService) Create(ctx context.Context, req *PayoutCreateRequest, opts ...cnpay.Option) (*PayoutCreateResponse, error) {
	return do[PayoutCreateResponse](ctx, s.client, req, opts)
}
