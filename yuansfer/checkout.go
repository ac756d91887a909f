package yuansfer

import (
	"context"
	"fmt"
	"net/url"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// PagesService makes what the payer's browser is sent to.
type PagesService struct{ client *Client }

// PageCashierRequest orders a page on which the payer pays.
type PageCashierRequest struct {
	Sender
	NewOrder

	// Vendor is the way of paying (付款渠道): alipay, wechatpay, unionpay, creditcard, paypal, gcash ...
	Vendor string `json:"vendor" spec:"M S"`
	// IpnURL is where Yuansfer sends the [PaymentNotification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"M S"`
	// CallbackURL is where the payer's browser comes back (同步回调地址). Yuansfer puts values for {transactionNo}, {status},
	// {amount}, {time}, {reference} and {note}; see [Client.ParseReturn].
	CallbackURL string `json:"callbackUrl" spec:"C[terminal=ONLINE|WAP|MWEB] S"`
	// Terminal is where it is paid (客户端类型): ONLINE on a desktop, WAP in a phone's or a wallet's browser, MWEB in a phone's
	// browser for WeChat, YIP on the merchant's own page and APP in its app, both with Result.Authorization.
	Terminal string `json:"terminal" spec:"M ONLINE|WAP|MWEB|YIP|APP"`
	// Note is repeated in the notification (备注).
	Note string `json:"note" spec:"O PLAIN100"`
	// OSType is the payer's system (系统类型).
	OSType string `json:"osType" spec:"C[terminal=WAP|APP] IOS|ANDROID"`
	// OSVersion is its version; Yuansfer's Java SDK has it.
	OSVersion string `json:"osVersion" spec:"O S"`
	// AppID is the merchant's app; Yuansfer's Java SDK has it.
	AppID string `json:"appId" spec:"O S"`
	// GoodsInfo is what is sold (商品信息). It is signed and sent as JSON text.
	GoodsInfo GoodsInfo `json:"goodsInfo" spec:"O"`
	// CreditType is how a card is used (信用卡类型): normal, recurring; in newer documents CIT and hosted.
	CreditType string `json:"creditType" spec:"C S"`
	// PaymentCount is how often the card is charged (扣款次数), as text: "0" is without end.
	PaymentCount string `json:"paymentCount" spec:"C[creditType=recurring] N"`
	// Frequency is the number of days between charges (扣款间隔).
	Frequency int64 `json:"frequency,string" spec:"C[creditType=recurring] N"`
	// CustomerNo is Yuansfer's number of the customer (客户号), for 3-D Secure.
	CustomerNo string `json:"customerNo" spec:"O S"`
	// VaultID is a stored way of paying, in newer documents.
	VaultID string `json:"vaultId" spec:"O S secret"`
	// ClientIP is the payer's address, in newer documents.
	ClientIP string `json:"clientIp" spec:"O S"`
}

func (*PageCashierRequest) operation() Operation {
	return Operation{ID: OpPageCashier, Path: "/online/v3/secure-pay", Judge: judgeOrder, Settle: settlePaidLater}
}

func (r *PageCashierRequest) texts(fields *spec.Table) ([]sign.Pair, error) {
	return goodsText(fields, r.GoodsInfo)
}

// goodsText is the parameter goodsInfo; none without goods.
func goodsText[T any](fields *spec.Table, goods []T) ([]sign.Pair, error) {
	if len(goods) == 0 {
		return nil, nil
	}
	text, err := listText(fields, goods)
	return []sign.Pair{{Name: "goodsInfo", Value: text}}, err
}

// PageCashierResponse is the answer with the page.
type PageCashierResponse struct {
	Response

	// Result is the order (结果对象).
	Result Checkout `json:"result" spec:"C"`
}

// Checkout is an order that waits for its payer.
type Checkout struct {
	Order

	// CashierURL is the page on which it is paid (收银台地址), where Terminal is ONLINE, WAP or MWEB.
	CashierURL string `json:"cashierUrl" spec:"C S"`
	// Authorization is the token for Braintree's SDK, where Terminal is YIP or APP; its nonce goes to [CardsService.Pay].
	Authorization string `json:"authorization" spec:"C S secret"`
}

// Form takes the payer's browser to the page. It refuses an address that is no web page.
func (r *PageCashierResponse) Form() (*cnpay.Form, error) {
	return link(r.Ticket, "cashierUrl", r.Result.CashierURL)
}

// link is a form for an address that came in an answer, which nobody has signed.
func link(t cnpay.Ticket, name, address string) (*cnpay.Form, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, fmt.Errorf("yuansfer: %w: %s is not the address of a web page", cnpay.ErrMalformed, name)
	}
	return &cnpay.Form{Ticket: t, Link: address}, nil
}

// Cashier makes an order and the page on which the payer pays it (收银台, POST /online/v3/secure-pay). Unlike the pages of
// other providers, the call sends the order. No money moves until the payer pays.
//
// A repeat of an order is undocumented: after a failure use a new Reference.
//   - Pending: the order is there; take the payer to the page, as the answer's Form does. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: the payment has failed, or the order was closed or has run out.
//   - NotSent: nothing left this machine; once it is settled: Yuansfer has no such order and can get it no more.
//   - Unknown: settle it, by default on [PayerSchedule]. [TransactionsService.Cancel] closes an order that is not paid, and
//     returns the money of one that is: settle first.
//
//cnpay:op online_secure_pay
func (s *PagesService) Cashier(ctx context.Context, req *PageCashierRequest, opts ...cnpay.Option) (*PageCashierResponse, error) {
	return do[PageCashierResponse](ctx, s.client, req, opts)
}
