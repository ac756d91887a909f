package yuansfer

import (
	"strings"

	"github.com/cnpay-go/cnpay"
)

// A Notification is a verified message of Yuansfer (异步通知). Its concrete type is *[PaymentNotification],
// *[AgreementNotification], *[PayoutNotification], *[OrderV4Notification], or for all others *[OtherNotification].
type Notification interface {
	cnpay.Notification
	// Common is what all notifications have.
	Common() *Notice
}

// Notice is what every notification has.
//
// A genuine notification is not yet the right one. Before acting on it, find the order by its number and compare the amount
// and the currency with what was ordered: nothing is escaped in the text that is signed, so a signature alone proves less
// than it seems to. Notifications come repeatedly and out of order; see Key.
type Notice struct {
	// Outcome is that of what the notification is about. It is part of the JSON form, as are Ticket and Extra.
	Outcome cnpay.Outcome `json:"outcome"`
	// Ticket names what the notification is about, as far as the message says it.
	Ticket cnpay.Ticket `json:"ticket"`
	// Extra are the fields that no document names, by wire name.
	Extra map[string]string `json:"extra,omitempty"`

	// VerifySign is Yuansfer's signature (参数签名), already verified.
	VerifySign string `json:"verifySign" spec:"M S"`
}

// Common makes every struct that embeds a Notice a [Notification].
func (n *Notice) Common() *Notice { return n }

// CallOutcome is the outcome of what the notification is about.
func (n *Notice) CallOutcome() cnpay.Outcome { return n.Outcome }

// CallTicket names what the notification is about. A payment's operation is not in the message.
func (n *Notice) CallTicket() cnpay.Ticket { return n.Ticket }

// PaymentNotification says how a payment stands: of the cashier, an app, a code, an agreement, or a completion (付款交易通知).
//
//cnpay:notification notify_payment
type PaymentNotification struct {
	Notice
	Order

	// Status is the state of the payment (交易状态).
	Status string `json:"status" spec:"M S"`
	// Time is when it got there (时间), YYYYMMDDHHMMSS, UTC+8.
	Time string `json:"time" spec:"M S"`
	// VendorID is the number at the channel; documented, and not in the published example.
	VendorID string `json:"vendorId" spec:"O S"`
	// Note is the order's own (备注).
	Note string `json:"note" spec:"O S"`
}

// Operations are those that pay, or make an order which somebody pays.
func (n *PaymentNotification) Operations() []string {
	return []string{
		OpAutoDebitPay, OpPageCashier, OpCardPay, OpAppOrder, OpInStorePayByCode, OpInStoreCreateQR, OpPreauthComplete,
	}
}

// Key is the same for two notifications about the same payment in the same state.
func (n *PaymentNotification) Key() string { return key("payment", n.TransactionNo, n.Status) }

// AgreementNotification says that a customer has signed an agreement (自动付款授权通知): [AutoDebitService.ApplyToken] is next.
//
//cnpay:notification notify_auto_debit_auth
type AgreementNotification struct {
	Notice

	// AutoDebitNo is Yuansfer's number of the agreement (自动付款的唯一ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"M S"`
	// AutoReference is the merchant's own number of it (商户系统中自动付款的唯一ID).
	AutoReference string `json:"autoReference" spec:"M S"`
	// Vendor is the wallet (付款渠道), in lower case.
	Vendor string `json:"vendor" spec:"O S"`
	// CustomerBelongsTo and its misspelling are older names of Vendor; they are moved to it.
	CustomerBelongsTo      string `json:"customerBelongsTo" spec:"O S"`
	CustomerBelongsToOther string `json:"customerBelognsTo" spec:"O S"`
	// Time is when it was signed (时间), YYYYMMDDHHMMSS, UTC+8.
	Time string `json:"time" spec:"M S"`
	// Note is the request's own (备注).
	Note string `json:"note" spec:"O S"`
}

// Operations is the one that offers an agreement.
func (n *AgreementNotification) Operations() []string { return []string{OpAutoDebitConsult} }

// Key is the same for two notifications about the same agreement.
func (n *AgreementNotification) Key() string { return key("agreement", n.AutoDebitNo, n.Time) }

// PayoutNotification says how a payout stands (支出通知).
//
//cnpay:notification notify_payout
type PayoutNotification struct {
	Notice

	// Amount is the amount (金额).
	Amount string `json:"amount" spec:"M S"`
	// Currency is the currency of the amount (币种).
	Currency string `json:"currency" spec:"M S"`
	// InvoiceID is the merchant's number of the payout (商户支出单号).
	InvoiceID string `json:"invoiceId" spec:"M S"`
	// PaymentTime is when it was paid (支付时间), UTC.
	PaymentTime string `json:"paymentTime" spec:"M S"`
	// Receiver is the payee (收款人).
	Receiver string `json:"receiver" spec:"O S secret"`
	// AccountToken is Yuansfer's mark of the payee's account (账户标识).
	AccountToken string `json:"accountToken" spec:"O S secret"`
	// Status is the state of the payout.
	Status string `json:"status" spec:"M S"`
	// TransactionNo is Yuansfer's number of it (Yuansfer系统中的交易ID).
	TransactionNo string `json:"transactionNo" spec:"M S"`
	// Vendor is the wallet (付款渠道).
	Vendor string `json:"vendor" spec:"M S"`
}

// Operations is the one that pays out.
func (n *PayoutNotification) Operations() []string { return []string{OpPayoutCreate} }

// Key is the same for two notifications about the same payout in the same state.
func (n *PayoutNotification) Key() string { return key("payout", n.TransactionNo, n.Status) }

// OrderV4Notification says how a payment of version 4 stands (v4支付通知).
//
//cnpay:notification notify_v4_capture
type OrderV4Notification struct {
	Notice
	Order

	// CompletedAt is when it ended, UTC or with its zone.
	CompletedAt string `json:"completedAt" spec:"M S"`
	// CustomerNo is Yuansfer's number of the customer (客户号).
	CustomerNo string `json:"customerNo" spec:"O S"`
	// Status is the state of the payment.
	Status string `json:"status" spec:"M S"`
	// VaultID is the stored way of paying.
	VaultID string `json:"vaultId" spec:"O S secret"`
}

// Operations is the one that pays.
func (n *OrderV4Notification) Operations() []string { return []string{OpOrderV4Pay} }

// Key is the same for two notifications about the same payment in the same state.
func (n *OrderV4Notification) Key() string { return key("payment", n.TransactionNo, n.Status) }

// OtherNotification is a verified notification of another kind: of pre-authorisations and payees, whose fields are undocumented.
// They are all in Extra. Its outcome is Unknown: query.
type OtherNotification struct{ Notice }

// Operations are none: what it is about is undocumented.
func (n *OtherNotification) Operations() []string { return nil }

// Key is the same for two notifications that say the same.
func (n *OtherNotification) Key() string { return key("other", n.VerifySign) }

func key(parts ...string) string { return strings.Join(parts, " ") }

// Return is what the payer's browser brings back to callbackUrl or autoRedirectUrl (同步回调). It is for display and proves
// nothing: anybody can make one. Query the order. Its outcome is Unknown always.
//
// The names in the address are the merchant's own; those that are called like the values that Yuansfer fills in are read here.
//
//cnpay:notification browser_callback
type Return struct {
	// Ticket names the order that the browser came from.
	Ticket cnpay.Ticket `json:"-"`
	// Signed reports that the address had a verifySign and that it is right. Version 3 of the API is not known to send one.
	Signed bool `json:"-"`
	// Extra are the merchant's own parameters.
	Extra map[string]string `json:"-"`

	// TransactionNo is Yuansfer's number (Yuansfer系统中的交易ID).
	TransactionNo string `json:"transactionNo" spec:"O S"`
	// Status is what to show (交易状态).
	Status string `json:"status" spec:"O S"`
	// Amount is the amount (金额).
	Amount string `json:"amount" spec:"O S"`
	// Time is when it was paid (时间).
	Time string `json:"time" spec:"O S"`
	// Reference is the merchant's order number (商户订单号).
	Reference string `json:"reference" spec:"O S"`
	// Note is the order's own (备注).
	Note string `json:"note" spec:"O S"`
}

// CallOutcome is Unknown: query the order.
func (r *Return) CallOutcome() cnpay.Outcome { return cnpay.Unknown }

// CallTicket names the order that the browser came from.
func (r *Return) CallTicket() cnpay.Ticket { return r.Ticket }

// Key is the same for two returns from the same order.
func (r *Return) Key() string { return key("return", r.TransactionNo, r.Reference, r.Status) }
