package yuansfer

import (
	"context"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// AutoDebitService acts on agreements by which a customer lets the merchant debit a wallet (自动扣款, 定期付款).
type AutoDebitService struct{ client *Client }

// AutoDebitConsultRequest asks a customer for an agreement.
type AutoDebitConsultRequest struct {
	Sender

	// Vendor is the wallet (付款渠道): gcash, kakaopay, alipay, alipay_hk, dana, truemoney, tng, easypaisa, bkash ...
	Vendor string `json:"vendor" spec:"M S"`
	// OSType is the customer's system (系统类型).
	OSType string `json:"osType" spec:"C[terminal=WAP|APP] IOS|ANDROID"`
	// OSVersion is its version (系统版本).
	OSVersion string `json:"osVersion" spec:"C[osType] S"`
	// AutoIpnURL is where Yuansfer sends the [AgreementNotification] (异步通知地址).
	AutoIpnURL string `json:"autoIpnUrl" spec:"O S"`
	// AutoRedirectURL is where the customer's browser comes back (同步回调地址).
	AutoRedirectURL string `json:"autoRedirectUrl" spec:"M S"`
	// AutoReference is the merchant's own number of the agreement (商户系统中自动付款的唯一ID), new for each.
	AutoReference string `json:"autoReference" spec:"M PLAIN"`
	// Terminal is where the customer signs (客户端类型). The list of the documents is without MWEB, an example has it.
	Terminal string `json:"terminal" spec:"M ONLINE|WAP|MWEB|APP"`
	// Note is repeated in the [AgreementNotification] (备注).
	Note string `json:"note" spec:"O PLAIN100"`
}

func (*AutoDebitConsultRequest) operation() Operation {
	return Operation{ID: OpAutoDebitConsult, Path: "/auto-debit/v3/consult", NoMoney: true, Judge: judgeRevoke}
}

// AutoDebitApplyTokenRequest asks the wallet for the right to debit it.
type AutoDebitApplyTokenRequest struct {
	Sender

	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"M PLAIN"`
	// GrantType says whether it is the first time, after the customer has signed, or a renewal (授权类型).
	GrantType string `json:"grantType" spec:"M AUTHORIZATION_CODE|REFRESH_TOKEN"`
}

func (*AutoDebitApplyTokenRequest) operation() Operation {
	return Operation{ID: OpAutoDebitApplyToken, Path: "/auto-debit/v3/apply-token", NoMoney: true, Judge: judgeRevoke, Settle: settleApplyToken}
}

// AutoDebitPayRequest debits a wallet. The documents' list has vendor too, which neither their signed example nor any of
// their SDKs sends.
type AutoDebitPayRequest struct {
	Sender

	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"M PLAIN"`
	Money
	// Reference is the merchant's order number (商户订单号), new for each payment.
	Reference string `json:"reference" spec:"M PLAIN"`
	// IpnURL is where Yuansfer sends the [PaymentNotification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"M S"`
	// Vendor is the wallet (付款渠道). Leave it out unless Yuansfer asks for it.
	Vendor string `json:"vendor" spec:"O S"`
}

func (*AutoDebitPayRequest) operation() Operation {
	return Operation{ID: OpAutoDebitPay, Path: "/auto-debit/v3/pay", Judge: judgePayment, Settle: settleOrder}
}

// AutoDebitRevokeRequest names the agreement to end.
type AutoDebitRevokeRequest struct {
	Sender

	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID), from the answer that opened it. All published ones
	// are digits, but the documents only call it text.
	AutoDebitNo string `json:"autoDebitNo" spec:"M PLAIN"`
}

func (*AutoDebitRevokeRequest) operation() Operation {
	return Operation{ID: OpAutoDebitRevoke, Path: "/auto-debit/v3/revoke", Judge: judgeRevoke, Settle: settleRevoke}
}

// Agreement is an agreement as an answer has it.
type Agreement struct {
	// AutoDebitNo is Yuansfer's number of it (自动付款的唯一ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"R S"`
	// AutoReference is the merchant's own number of it (商户系统中自动付款的唯一ID).
	AutoReference string `json:"autoReference" spec:"R S"`
	// Vendor is the wallet (付款渠道). Yuansfer writes it in upper or lower case; here it is always in lower case,
	// as documented.
	Vendor string `json:"vendor" spec:"R gcash|kakaopay|alipay|alipay_hk|dana|truemoney|tng|easypaisa|bkash"`
	// CustomerBelongsTo is Vendor under its name before 2021, which answers may still have; it is moved to Vendor.
	CustomerBelongsTo string `json:"customerBelongsTo" spec:"O S"`
	// Status is in no published answer about an agreement. In all other answers of Yuansfer it decides what the code
	// 000100 leaves open, and so it does here when it comes.
	Status string `json:"status" spec:"O S"`
}

func (a *Agreement) normalize() {
	move(&a.Vendor, &a.CustomerBelongsTo)
	a.Vendor = strings.ToLower(a.Vendor)
}

// AutoDebitConsultResponse is the answer with the page on which the customer signs.
type AutoDebitConsultResponse struct {
	Response

	// Result is the agreement that is to be signed (结果对象).
	Result Consent `json:"result" spec:"C"`
}

// Consent is an agreement that the customer is yet to sign.
type Consent struct {
	// AuthURL is where the customer signs (授权地址).
	AuthURL string `json:"authUrl" spec:"O S"`
	// NormalURL opens the wallet's app, or its page where there is no app.
	NormalURL string `json:"normalUrl" spec:"O S"`
	// ApplinkURL opens the wallet's page.
	ApplinkURL string `json:"applinkUrl" spec:"O S"`
	Agreement
}

// Form takes the customer's browser to the page on which the agreement is signed. It refuses an address that is no web page.
func (r *AutoDebitConsultResponse) Form() (*cnpay.Form, error) {
	return link(r.Ticket, "authUrl", r.Result.AuthURL)
}

// AutoDebitApplyTokenResponse is the answer with how long the right lasts. Yuansfer keeps the wallet's token itself.
type AutoDebitApplyTokenResponse struct {
	Response

	// Result is the agreement, and until when it can be used (结果对象).
	Result Token `json:"result" spec:"C"`
}

// Token is until when an agreement can be used. Times are ISO 8601 with +08:00.
type Token struct {
	// AccessTokenExpiryTime is until when the wallet can be debited.
	AccessTokenExpiryTime string `json:"accessTokenExpiryTime" spec:"O S"`
	// RefreshTokenExpiryTime is until when the right can be renewed with REFRESH_TOKEN.
	RefreshTokenExpiryTime string `json:"refreshTokenExpiryTime" spec:"O S"`
	Agreement
}

// AutoDebitPayResponse is the answer to a payment.
type AutoDebitPayResponse struct {
	Response

	// Result is the payment (结果对象).
	Result Debit `json:"result" spec:"C"`
}

// Debit is a payment under an agreement.
type Debit struct {
	Order

	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"O S"`
	// Status is the state of the payment (交易状态). The page does not show it; Yuansfer's own example shop relies on it.
	Status string `json:"status" spec:"O S"`
}

// AutoDebitRevokeResponse is the answer to a revoke.
type AutoDebitRevokeResponse struct {
	Response

	// Result is the agreement (结果对象); empty when the call was refused.
	Result Agreement `json:"result" spec:"C"`
}

// Consult makes an agreement that the customer is yet to sign (授权, POST /auto-debit/v3/consult). It moves no money.
// A repeat has a new AutoReference.
//   - Succeeded: take the customer to Result.AuthURL, as Form does. The [AgreementNotification] says that it is signed; then
//     call ApplyToken.
//   - Failed: refused; there is no agreement.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: call again with a new AutoReference. Yuansfer has no query for agreements.
//
//cnpay:op auto_debit_consult
func (s *AutoDebitService) Consult(ctx context.Context, req *AutoDebitConsultRequest, opts ...cnpay.Option) (*AutoDebitConsultResponse, error) {
	return do[AutoDebitConsultResponse](ctx, s.client, req, opts)
}

// ApplyToken gets the right to debit the wallet, or renews it (申请令牌, POST /auto-debit/v3/apply-token). It moves no money.
//   - Succeeded: the agreement can be used until Result.AccessTokenExpiryTime.
//   - Pending: accepted and not done yet, which no published answer says; settle it.
//   - Failed: refused; with 000021 or 000040 the customer has not signed, or the agreement has ended.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settling repeats the request. AUTHORIZATION_CODE is used up once at the wallet, so a repeat that is refused
//     proves nothing, and the outcome stays Unknown: a renewal or the next payment shows it.
//
//cnpay:op auto_debit_apply_token
func (s *AutoDebitService) ApplyToken(ctx context.Context, req *AutoDebitApplyTokenRequest, opts ...cnpay.Option) (*AutoDebitApplyTokenResponse, error) {
	return do[AutoDebitApplyTokenResponse](ctx, s.client, req, opts)
}

// Pay debits the customer's wallet (支付, POST /auto-debit/v3/pay). Never repeat it under a new Reference while its outcome is
// open: the customer would pay twice.
//   - Succeeded: paid.
//   - Pending: accepted; a notification or settling says how it ended. Answers without a status are Pending.
//   - Failed: refused, or the payment has failed or is closed; nothing was debited.
//   - NotSent: nothing left this machine, or, once it is settled: Yuansfer has no such order and can get it no more.
//   - Unknown: settle it, by default on [BackSchedule].
//
//cnpay:op auto_debit_pay
func (s *AutoDebitService) Pay(ctx context.Context, req *AutoDebitPayRequest, opts ...cnpay.Option) (*AutoDebitPayResponse, error) {
	return do[AutoDebitPayResponse](ctx, s.client, req, opts)
}

// Revoke ends an agreement (撤销, POST /auto-debit/v3/revoke): the merchant can no longer debit the wallet. It moves
// no money, and debits that were made are not returned; but an agreement that is still in force can move some.
//
// The outcome is that of this one request. A refusal does not say that an earlier revoke of the same agreement did
// nothing: the agreement may be refused because it is revoked already. So after Unknown do not call Revoke again;
// settle it, which repeats the request, which is harmless, and judges the repeat as one.
//   - Succeeded: the agreement is revoked.
//   - Pending: accepted and not done yet, which no published answer says; settle it.
//   - Failed: refused; this request changed nothing. With code 000040 the agreement's state does not allow a revoke.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [RevokeSchedule]. Until then, count neither on the agreement nor on its end.
//
// Yuansfer has no query for agreements. Settling therefore sends the revoke again, as a new sending of the same ticket, until
// one is accepted as done: an agreement that is still in force is revoked by it. The settled outcome is never Failed, because
// a refused repeat says nothing about the request before it, which may have been carried out or may still be on its way. Code
// 000040 or 000021 probably means that the agreement is revoked already: have it confirmed in the portal or by Yuansfer.
//
//cnpay:op auto_debit_revoke
func (s *AutoDebitService) Revoke(ctx context.Context, req *AutoDebitRevokeRequest, opts ...cnpay.Option) (*AutoDebitRevokeResponse, error) {
	return do[AutoDebitRevokeResponse](ctx, s.client, req, opts)
}

func settleRevoke(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	request := &AutoDebitRevokeRequest{Sender: senderOf(t), AutoDebitNo: t.Fields["autoDebitNo"]}
	return settleRepeat[AutoDebitRevokeResponse](c, t, request, opts)
}

func settleApplyToken(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	request := &AutoDebitApplyTokenRequest{Sender: senderOf(t), AutoDebitNo: t.Fields["autoDebitNo"], GrantType: t.Fields["grantType"]}
	return settleRepeat[AutoDebitApplyTokenResponse](c, t, request, opts)
}
