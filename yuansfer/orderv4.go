package yuansfer

import (
	"context"
	"strconv"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// OrdersV4Service charges cards by the newer contract, version 4 (卡支付).
type OrdersV4Service struct{ client *Client }

// OrderV4PayRequest charges a card, or a way of paying that is stored under VaultID. Who sends card numbers must be
// certified for them (PCI DSS, SAQ D).
type OrderV4PayRequest struct {
	Sender
	Money

	// Vendor is the way of paying (付款渠道): creditcard.
	Vendor string `json:"vendor" spec:"M S"`
	// Reference is the merchant's order number (商户订单号), new for each payment.
	Reference string `json:"reference" spec:"M PLAIN"`
	// Terminal is where it is paid (客户端类型): ONLINE.
	Terminal string `json:"terminal" spec:"M S"`
	// IpnURL is where Yuansfer sends the [OrderV4Notification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"M S"`
	// CallbackURL is where the payer's browser comes back from a confirmation (同步回调地址).
	CallbackURL string `json:"callbackUrl" spec:"O S"`
	// Note is repeated in the [OrderV4Notification] (备注).
	Note string `json:"note" spec:"O PLAIN100"`
	// Timeout is how long the order can be paid (超时时间), minutes.
	Timeout int64 `json:"timeout,string" spec:"O N"`
	// ClientIP is the payer's address.
	ClientIP string `json:"clientIp" spec:"O S"`
	// CustomerNo is Yuansfer's number of the customer (客户号).
	CustomerNo string `json:"customerNo" spec:"O S"`
	// GoodsInfo is what is sold (商品信息). It is signed and sent as JSON text.
	GoodsInfo GoodsInfoV4 `json:"goodsInfo" spec:"O"`
	// CardNumber is the card (卡号). A request with a VaultID has none.
	CardNumber string `json:"cardNumber" spec:"C[!vaultId] N12..19 pan"`
	// CardExpYear is the year of its expiry (有效期年).
	CardExpYear string `json:"cardExpYear" spec:"C[cardNumber] N2..4 secret"`
	// CardExpMonth is the month of its expiry (有效期月).
	CardExpMonth string `json:"cardExpMonth" spec:"C[cardNumber] N1..2 secret"`
	// CardCVV is its security code (安全码). It may not be stored.
	CardCVV string `json:"cardCvv" spec:"O N3..4 secret"`
	// VaultID is a stored way of paying. No page has it; a request of December 2024 had it, with CreditType.
	VaultID string `json:"vaultId" spec:"C S secret"`
	// CreditType says who begins the payment: the payer (CIT) or the merchant (MIT). Its exact values are not published.
	CreditType string `json:"creditType" spec:"C S"`
}

func (*OrderV4PayRequest) operation() Operation {
	return Operation{ID: OpOrderV4Pay, Path: "/order/v4/capture", Judge: judgePayment, Settle: settleOrder}
}

func (r *OrderV4PayRequest) texts(fields *spec.Table) ([]sign.Pair, error) {
	return goodsText(fields, r.GoodsInfo)
}

// OrderV4FinishRequest ends an order that its payer has confirmed.
type OrderV4FinishRequest struct {
	Sender

	// Timestamp is the time of the request (时间戳), UTC. Empty means now.
	Timestamp string `json:"timestamp" spec:"M yyyy-MM-ddTHH:mm:ssZ"`
	// TransactionNo is Yuansfer's number of the order (Yuansfer系统中的交易ID), from the answer to Pay.
	TransactionNo string `json:"transactionNo" spec:"M PLAIN"`
}

func (*OrderV4FinishRequest) operation() Operation {
	return Operation{ID: OpOrderV4Finish, Path: "/order/v4/process", Judge: judgePayment, Settle: settleCharge}
}

// GoodsV4 is one item of an order of version 4 (商品信息).
type GoodsV4 struct {
	Goods

	// Amount is the item's amount, decimal text.
	Amount string `json:"amount" spec:"O AMOUNT"`
	// Category is what kind it is.
	Category string `json:"category" spec:"O DIGITAL_GOODS|PHYSICAL_GOODS"`
	// Description says what it is.
	Description string `json:"description" spec:"O S"`
	// Tax is the tax in the amount, decimal text.
	Tax string `json:"tax" spec:"O S"`
}

// GoodsInfoV4 are the items of an order of version 4, as [GoodsInfo] are.
type GoodsInfoV4 []GoodsV4

// MarshalJSON writes the text that is sent.
func (g GoodsInfoV4) MarshalJSON() ([]byte, error) { return marshalText([]GoodsV4(g)) }

// UnmarshalJSON reads the text, or a list.
func (g *GoodsInfoV4) UnmarshalJSON(text []byte) error { return unmarshalText(text, (*[]GoodsV4)(g)) }

// OrderV4PayResponse is the answer to a charge. It comes in an envelope of its own: Status and ResultBody instead of RetCode and
// Result.
type OrderV4PayResponse struct {
	Response

	// Status is the answer's code: 200 where the call was accepted. What others mean is undocumented.
	Status int64 `json:"status" spec:"R N"`
	// Message is a human-readable message.
	Message string `json:"message" spec:"O S"`
	// ResultBody is the payment.
	ResultBody OrderV4 `json:"resultBody" spec:"C"`
}

func (r *OrderV4PayResponse) verdict() (accepted bool, code, message string) {
	if r.Status != 0 {
		code = strconv.FormatInt(r.Status, 10)
	}
	return r.Status == 200, code, r.Message
}

// OrderV4 is a payment of version 4.
type OrderV4 struct {
	Order

	// Status is the state of the payment: success, or pending while AuthenticationURL waits for the payer.
	Status string `json:"status" spec:"R S"`
	// PaymentTime is when it was paid.
	PaymentTime string `json:"paymentTime" spec:"O S"`
	// CustomerNo is Yuansfer's number of the customer (客户号).
	CustomerNo string `json:"customerNo" spec:"O S"`
	// VaultID is the stored way of paying.
	VaultID string `json:"vaultId" spec:"O S secret"`
	// AuthenticationURL is where the payer must confirm.
	AuthenticationURL string `json:"authenticationUrl" spec:"C S"`
}

func (*OrderV4) unnamed() {}

func (*Vault) unnamed() {}

// Form takes the payer's browser to the page of the confirmation. It refuses an address that is no web page.
func (r *OrderV4PayResponse) Form() (*cnpay.Form, error) {
	return link(r.Ticket, "authenticationUrl", r.ResultBody.AuthenticationURL)
}

// OrderV4FinishResponse is the answer to the end of an order.
type OrderV4FinishResponse struct {
	Response

	// Result is what it brought (结果对象).
	Result Vault `json:"result" spec:"C"`
}

// Vault is a stored way of paying.
type Vault struct {
	// VaultID is Yuansfer's mark of it, for later payments.
	VaultID string `json:"vaultId" spec:"O S secret"`
	// TransactionNo is Yuansfer's number of the order.
	TransactionNo string `json:"transactionNo" spec:"O S"`
	// Status is the state of the payment (交易状态).
	Status string `json:"status" spec:"O S"`
}

// Pay charges a card (卡支付v4, POST /order/v4/capture). Never repeat it under a new Reference while its outcome is open.
//   - Succeeded: paid.
//   - Pending: accepted; where ResultBody.AuthenticationURL is given the payer must confirm there, as the answer's Form leads.
//   - Failed: refused, or the payment has failed or is closed; nothing was charged.
//   - NotSent: nothing left this machine, or, once it is settled: Yuansfer has no such order and can get it no more.
//   - Unknown: settle it, by default on [BackSchedule]. A status other than 200 is no refusal that any document describes.
//
//cnpay:op order_v4_capture
func (s *OrdersV4Service) Pay(ctx context.Context, req *OrderV4PayRequest, opts ...cnpay.Option) (*OrderV4PayResponse, error) {
	return do[OrderV4PayResponse](ctx, s.client, req, opts)
}

// Finish ends an order that its payer has confirmed (完成支付v4, POST /order/v4/process), and brings the VaultID.
//   - Succeeded: paid.
//   - Pending: accepted; settle it. Answers without a status are Pending.
//   - Failed: refused, or the payment has failed or is closed.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule].
//
//cnpay:op order_v4_process
func (s *OrdersV4Service) Finish(ctx context.Context, req *OrderV4FinishRequest, opts ...cnpay.Option) (*OrderV4FinishResponse, error) {
	return do[OrderV4FinishResponse](ctx, s.client, req, opts)
}
