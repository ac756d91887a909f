package yuansfer

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// AppsService makes orders that are paid inside an app or a mini program (APP, 小程序).
type AppsService struct{ client *Client }

// AppOrderRequest is an order that the payer pays inside an app or a mini program.
type AppOrderRequest struct {
	Sender
	NewOrder

	// Vendor is the wallet (付款渠道): alipay, wechatpay, cashapppay, paypal, venmo, creditcard, googlepay, applepay.
	Vendor string `json:"vendor" spec:"M S"`
	// IpnURL is where Yuansfer sends the [PaymentNotification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"M S"`
	// OpenID is the payer at WeChat (用户标识).
	OpenID string `json:"openid" spec:"C[vendor=wechatpay,terminal=MINIPROGRAM] S"`
	// Terminal is where it is paid (客户端类型); of Alipay APP only.
	Terminal string `json:"terminal" spec:"M MINIPROGRAM|APP"`
	// Note is repeated in the notification (备注).
	Note string `json:"note" spec:"O PLAIN100"`
}

func (*AppOrderRequest) operation() Operation {
	return Operation{ID: OpAppOrder, Path: "/micropay/v3/prepay", Judge: judgeOrder, Settle: settlePaidLater}
}

// AppOrderResponse is the answer with what the app or the mini program hands to the wallet.
type AppOrderResponse struct {
	Response

	// Result is for the wallet's SDK (结果对象); which fields are there depends on the wallet.
	Result WalletOrder `json:"result" spec:"C"`
}

// WalletOrder is what a wallet's SDK is given. WeChat's app and mini program have the same names in other letters.
type WalletOrder struct {
	// TimeStamp, NonceStr, Package, SignType and PaySign are for a WeChat mini program. Package is for WeChat's app, too.
	TimeStamp string `json:"timeStamp" spec:"C S"`
	NonceStr  string `json:"nonceStr" spec:"C S"`
	Package   string `json:"package" spec:"C S"`
	SignType  string `json:"signType" spec:"C S"`
	PaySign   string `json:"paySign" spec:"C S"`

	// AppID, AppNonceStr, PartnerID, PrepayID, Sign and Timestamp are for WeChat's app.
	AppID       string `json:"appid" spec:"C S"`
	AppNonceStr string `json:"noncestr" spec:"C S"`
	PartnerID   string `json:"partnerid" spec:"C S"`
	PrepayID    string `json:"prepayid" spec:"C S"`
	Sign        string `json:"sign" spec:"C S"`
	Timestamp   string `json:"timestamp" spec:"C S"`

	// PayInfo is for Alipay's SDK, unchanged.
	PayInfo string `json:"payInfo" spec:"C S"`

	// ClientID and ScopeID are for Cash App.
	ClientID string `json:"clientId" spec:"C S"`
	ScopeID  string `json:"scopeId" spec:"C S"`
	// MerchantNo is the merchant number (商家ID); of Cash App.
	MerchantNo string `json:"merchantNo" spec:"O S"`
	// CreditType is cit where the wallet is kept on file; of Cash App.
	CreditType string `json:"creditType" spec:"O S"`
	// Amount is the order's amount (金额); of Cash App.
	Amount string `json:"amount" spec:"O S"`
	// TransactionNo is Yuansfer's number (Yuansfer系统中的交易ID). Answers for WeChat and Alipay may lack it.
	TransactionNo string `json:"transactionNo" spec:"O S"`
	// Status is in no published answer.
	Status string `json:"status" spec:"O S"`
}

// Order makes an order for an app or a mini program (预付, POST /micropay/v3/prepay). No money moves until the payer pays.
//
// The answers for WeChat and Alipay do not name the order, so they are trusted for the connection they came on.
//   - Pending: the order is there; hand Result to the wallet's SDK. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: the payment has failed, or the order was closed or has run out.
//   - NotSent: nothing left this machine; once it is settled: Yuansfer has no such order and can get it no more.
//   - Unknown: settle it, by default on [PayerSchedule]. A new order has a new Reference.
//
//cnpay:op micropay_prepay
func (s *AppsService) Order(ctx context.Context, req *AppOrderRequest, opts ...cnpay.Option) (*AppOrderResponse, error) {
	return do[AppOrderResponse](ctx, s.client, req, opts)
}
