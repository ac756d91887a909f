package provider

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// OrdersService acts on orders (订单).
type OrdersService struct{ client *Client }

// account is whose request it is. The client fills it in.
type account struct {
	// AcqSpID is the service provider's number (代理商编号).
	AcqSpID string `json:"acqSpId" spec:"M S..10"`
}

// Merchant is the merchant that a request is about.
type Merchant struct {
	// AcqMerID is the merchant's number at UMPay (商户号), 8 digits. Empty means the client's.
	AcqMerID string `json:"acqMerId" spec:"M N..8"`
}

// Order is what every order says, whatever it is paid with.
type Order struct {
	// OrderTime is the time of the order (订单时间). See [Time].
	OrderTime string `json:"orderTime" spec:"M yyyyMMddHHmmss"`
	// OrderNo is the merchant's order number (商户订单号), unique for good. Letters and digits are safe everywhere.
	OrderNo string `json:"orderNo" spec:"M S..64"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt,string" spec:"M N1..13"`
	// GoodsInfo is what is sold (商品信息); WeChat shows it.
	GoodsInfo string `json:"goodsInfo" spec:"O S..128"`
	// BackURL is where UMPay sends its notification (后台通知地址): http:// without a port, of letters, digits and
	// . / & ? = _ - alone. See [Client.NotificationHandler].
	BackURL string `json:"backUrl" spec:"O S..256"`
	// MerPriv is the merchant's own text (商户私有域), which queries and notifications repeat. The order number in it ties
	// their signed values to the order.
	MerPriv string `json:"merPriv" spec:"O S..128"`
	// LedgerAccountFlag is 1 for an order that will be split among merchants (分账标识).
	LedgerAccountFlag string `json:"ledgerAccountFlag" spec:"O S..2"`
	// Longitude is where it is sold (经度).
	Longitude string `json:"longitude" spec:"O S..16"`
	// Latitude is where it is sold (纬度).
	Latitude string `json:"latitude" spec:"O S..16"`
}

// The ways in which a code is paid (orderType).
const (
	Alipay      = "alipay"
	WeChat      = "wechat"
	UnionPay    = "unionpay"
	MobilePOS   = "mobilepos" // 手机POS
	DynamicCode = "dycode"    // a standing code (动态台卡), good for the day
	BankCard    = "bankcard"  // a page for cards (校园卡)
)

// Response is what every answer has.
type Response struct {
	cnpay.Answer

	// Unverified is set where the answer came by TLS and its signature could not be verified; see [Config].ListsByTLS.
	Unverified bool `json:"-"`

	// RespCode is the return code (返回码); 00 is good.
	RespCode string `json:"respCode" spec:"R S..8"`
	// RespMsg is a human-readable message in Chinese (返回信息).
	RespMsg string `json:"respMsg" spec:"R S..128"`
	// PlatDate is UMPay's date, sometimes with the time (平台日期).
	PlatDate string `json:"platDate" spec:"O S"`
	// Signature is UMPay's signature (签名), verified already.
	Signature string `json:"signature" spec:"R S..256"`
}

func (r *Response) base() *Response { return r }

// OrderAnswer is what the answers to orders have.
type OrderAnswer struct {
	// OrderNo is the merchant's order number (商户订单号).
	OrderNo string `json:"orderNo" spec:"O S..64"`
	// TransactionID is UMPay's number of the order (联动订单号), 22 digits; empty in refusals.
	TransactionID string `json:"transactionId" spec:"R S..32"`
	// TxnAmt is the amount (交易金额), fen; an order inside WeChat or Alipay does not repeat it.
	TxnAmt int64 `json:"txnAmt" spec:"R N..13"`
	// StlDate is the settlement date (清算日期), yyyyMMdd.
	StlDate string `json:"stlDate" spec:"R S"`
}

// OrderWalletOrderRequest is an order that the payer pays inside WeChat, Alipay or UnionPay, on a page or in a mini program.
type OrderWalletOrderRequest struct {
	account
	Merchant
	Order

	// OrderType says where it is paid (订单类型): wechatJs, which mini programs have too, alipayJs or unionpayJs. The
	// documents' sample says wechatH5.
	OrderType string `json:"orderType" spec:"M wechatJs|alipayJs|unionpayJs|wechatH5"`
	// UserID is the payer (用户标识): WeChat's openid, Alipay's buyer_id, UnionPay's userAuthCode. The documents' sample
	// names the field openId.
	UserID string `json:"userId" spec:"M S..28 secret"`
	// AppID is the app at WeChat or Alipay (公众号appId); empty where it does not belong to the merchant that orders.
	AppID string `json:"appId" spec:"C S..18"`
	// SubAppID is the app of the merchant's own at WeChat (子商户appId).
	SubAppID string `json:"subAppId" spec:"O S..18"`
	// PaymentValidTime is how long it can be paid (订单有效时间), seconds, counted from the password page.
	PaymentValidTime string `json:"paymentValidTime" spec:"O N..6"`
	// CreditFlag is 1 where credit cards are not taken (限制信用卡).
	CreditFlag string `json:"creditFlag" spec:"O S..2"`
	// GoodsTag is the goods' mark for coupons (商品标记).
	GoodsTag string `json:"goodsTag" spec:"O S..32"`
}

func (*OrderWalletOrderRequest) operation() Operation {
	return Operation{ID: OpOrderWalletOrder, Path: "pay/unifiedOrder", Judge: judgeOrdered, Settle: settleOrder, orders: true}
}

// OrderWalletOrderResponse is the answer with what the page or the mini program hands to WeChat, Alipay or UnionPay.
type OrderWalletOrderResponse struct {
	Response
	OrderAnswer

	// OpenID is the payer (用户标识).
	OpenID string `json:"openId" spec:"R S"`
	// AppID is the app (应用ID).
	AppID string `json:"appId" spec:"R S"`
	// PrepayID is what the page hands on (预支付标识), "prepay_id=..." of WeChat.
	PrepayID string `json:"prepayId" spec:"R S"`
	// HostLsNo is the number of the trade (交易流水号).
	HostLsNo string `json:"hostLsNo" spec:"R S"`
	// Timestamp is for WeChat's call (时间戳).
	Timestamp string `json:"timestamp" spec:"C S"`
	// NonceStr is for WeChat's call (随机字符串).
	NonceStr string `json:"nonceStr" spec:"C S"`
	// SignType is for WeChat's call (签名方式), MD5.
	SignType string `json:"signType" spec:"C S"`
	// PaySign is for WeChat's call (支付签名).
	PaySign string `json:"paySign" spec:"C S"`
}

// WalletOrder makes an order that the payer pays inside WeChat, Alipay or UnionPay (公众号/小程序/JS支付, POST
// pay/unifiedOrder). No money moves until the payer pays. A call sends it once; the order number is taken afterwards.
//   - Pending: the order is there; hand on PrepayID and what comes with it. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed, voided or failed, and not paid.
//   - NotSent: nothing left this machine, or it never arrived and no longer can.
//   - Unknown: settle it, and give it up with [OrdersService.Close] before another order takes its place.
//
// A query that finds the order paid may keep UMPay from sending its notification.
//
//cnpay:op provider_unified_order
func (s *OrdersService) WalletOrder(ctx context.Context, req *OrderWalletOrderRequest, opts ...cnpay.Option) (*OrderWalletOrderResponse, error) {
	return do[OrderWalletOrderResponse](ctx, s.client, req, opts)
}

// OrderPayByCodeRequest is a payment by the code that the payer shows.
type OrderPayByCodeRequest struct {
	account
	Merchant
	Order

	// OrderType is whose code it is (订单类型).
	OrderType string `json:"orderType" spec:"M alipay|wechat|unionpay"`
	// AuthCode is the code (付款码): 18 digits that begin with 10 to 15 of WeChat, 16 to 24 that begin with 25 to 30 of
	// Alipay, 19 that begin with 62 of UnionPay.
	AuthCode string `json:"authCode" spec:"M N..32 secret"`
	// GoodsID is the goods' number (商品编号).
	GoodsID string `json:"goodsId" spec:"O S..16"`
	// FaceFlag is 1 for a payment by face (刷脸支付).
	FaceFlag string `json:"faceFlag" spec:"O S..2"`
	// GoodsTag is the goods' mark for coupons (订单优惠标记).
	GoodsTag string `json:"goodsTag" spec:"O S..32"`
	// SubAppID is the app of the merchant's own at WeChat (子商户appId), here of up to 32 characters.
	SubAppID string `json:"subAppId" spec:"O S..32"`
}

func (*OrderPayByCodeRequest) operation() Operation {
	return Operation{ID: OpOrderPayByCode, Path: "pay/micropay", Judge: judgeMicropay, Settle: settleMicropay, orders: true}
}

// OrderPayByCodeResponse is the answer to a payment.
type OrderPayByCodeResponse struct {
	Response
	OrderAnswer

	// PaySeq is the number on the slip (支付流水号).
	PaySeq string `json:"paySeq" spec:"O S..64"`
	// DepBankSeq is the number at WeChat, Alipay or UnionPay (第三方流水号).
	DepBankSeq string `json:"depBankSeq" spec:"O S"`
	// PayerInfo is the payer (付款方信息).
	PayerInfo string `json:"payerInfo" spec:"O S"`
}

// PayByCode takes money by the code that the payer shows (刷卡支付-用户被扫, POST pay/micropay). A call sends it once.
// Never pay again under a new order number before this one is settled.
//   - Succeeded: paid.
//   - Pending: the payer is asked for the password; settle it, by default on [CodeSchedule], and give it up with
//     [OrdersService.Cancel] (WeChat and Alipay, the same day).
//   - Failed: refused; nothing was taken. Once it is settled: closed, voided or failed, and not paid.
//   - NotSent: nothing left this machine, or it never arrived and no longer can.
//   - Unknown: settle it. A number that is taken (16) or a trade that is repeated (12) may be this one.
//
//cnpay:op provider_micropay
func (s *OrdersService) PayByCode(ctx context.Context, req *OrderPayByCodeRequest, opts ...cnpay.Option) (*OrderPayByCodeResponse, error) {
	return do[OrderPayByCodeResponse](ctx, s.client, req, opts)
}

// OrderCreateQRRequest is an order that the payer pays by a code that the merchant shows.
type OrderCreateQRRequest struct {
	account
	Merchant
	Order

	// OrderType is whose code it is to be (订单类型).
	OrderType string `json:"orderType" spec:"M alipay|wechat|unionpay|mobilepos|dycode|bankcard"`
	// PaymentValidTime is how long it can be paid (订单有效时间), seconds, counted from the password page.
	PaymentValidTime string `json:"paymentValidTime" spec:"O N..6"`
	// CreditFlag is 1 where credit cards are not taken (限制信用卡).
	CreditFlag string `json:"creditFlag" spec:"O S..2"`
	// GoodsTag is the goods' mark for coupons (商品优惠标记).
	GoodsTag string `json:"goodsTag" spec:"O S..32"`
	// GateID is the bank that the card page shows first (默认银行), CMB for example.
	GateID string `json:"gateId" spec:"O S..16"`
	// CardID is the card number (卡号), encrypted: see [Client.Encrypt].
	CardID string `json:"cardId" spec:"O S..256 pan"`
	// IdentityType is the kind of IdentityCode (证件类型): 1 for an identity card.
	IdentityType string `json:"identityType" spec:"O S..1"`
	// IdentityCode is the payer's identity number (证件号), encrypted.
	IdentityCode string `json:"identityCode" spec:"O S..256 secret"`
	// CardHolder is the card holder's name (持卡人姓名), encrypted.
	CardHolder string `json:"cardHolder" spec:"O S..256 secret"`
	// ValidDate is the card's expiry (卡有效期), encrypted.
	ValidDate string `json:"validDate" spec:"O S..256 secret"`
	// CVV2 is the card's verification number (CVN2), encrypted. Do not store it.
	CVV2 string `json:"cvv2" spec:"O S..256 secret"`
}

func (*OrderCreateQRRequest) operation() Operation {
	return Operation{ID: OpOrderCreateQR, Path: "pay/qrpay", Judge: judgeQR, Settle: settleOrder, orders: true}
}

// OrderCreateQRResponse is the answer with the code.
type OrderCreateQRResponse struct {
	Response
	OrderAnswer

	// QRCode is the text of the code to show (二维码); empty in refusals.
	QRCode string `json:"qrCode" spec:"R S"`
}

// CreateQR makes an order and the code by which the payer pays it (扫码支付-用户主扫, POST pay/qrpay). No money moves until
// the payer pays. A call sends it once; the order number is taken afterwards.
//   - Pending: the order is there; show QRCode. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed, voided or failed, and not paid.
//   - NotSent: nothing left this machine, or it never arrived and no longer can.
//   - Unknown: settle it, and give it up with [OrdersService.Close] before another order takes its place.
//
//cnpay:op provider_qrpay
func (s *OrdersService) CreateQR(ctx context.Context, req *OrderCreateQRRequest, opts ...cnpay.Option) (*OrderCreateQRResponse, error) {
	return do[OrderCreateQRResponse](ctx, s.client, req, opts)
}

// Expected is what the merchant knows of the order. It is not sent: an answer that says something else is refused.
type Expected struct {
	// TxnAmt is what the order is for (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"O N..13 unsent"`
	// MerPriv is the merchant's own text (商户私有域) of the order.
	MerPriv string `json:"merPriv" spec:"O S..128 unsent"`
}

// OrderQueryRequest names the order to query.
type OrderQueryRequest struct {
	account
	Merchant
	Expected

	// OrderNo is the merchant's number of the order (商户订单号).
	OrderNo string `json:"orderNo" spec:"M S..64"`
	// TransactionID is UMPay's number of it (联动订单号), which UMPay recommends to send, and which alone ties the answer
	// to the order.
	TransactionID string `json:"transactionId" spec:"O S..32"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{ID: OpOrderQuery, Path: "pay/queryOrder", Query: true, Repeatable: true}
}

// OrderQueryResponse is the answer to a query. It does not repeat the order number.
type OrderQueryResponse struct {
	Response

	// OrigRespCode is the state of the order (原交易返回码): StatePaid and its like.
	OrigRespCode string `json:"origRespCode" spec:"C S"`
	// OrigRespDescMsg is the state in Chinese (原交易返回描述), 支付成功 for example.
	OrigRespDescMsg string `json:"origRespDescMsg" spec:"C S"`
	// PayTime is when it was paid (支付时间), MMddHHmmss.
	PayTime string `json:"payTime" spec:"C S"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N..13"`
	// PaySeq is the number on the slip (支付流水号).
	PaySeq string `json:"paySeq" spec:"C S"`
	// TransactionID is UMPay's number of the order (联动订单号).
	TransactionID string `json:"transactionId" spec:"R S..32"`
	// DepBankSeq is the number at WeChat, Alipay or UnionPay (第三方流水号).
	DepBankSeq string `json:"depBankSeq" spec:"O S"`
	// IsClosed is out of use (是否关闭).
	IsClosed string `json:"isClosed" spec:"O S"`
	// MerPriv is the merchant's own text (商户私有域), as it was sent.
	MerPriv string `json:"merPriv" spec:"O S"`
	// BankCardType is the kind of card (银行卡类型): 1 debit, 2 credit.
	BankCardType string `json:"bankCardType" spec:"O S"`
	// PayerInfo is the payer (付款方信息).
	PayerInfo string `json:"payerInfo" spec:"O S"`
	// StlDate is the settlement date (清算日期), yyyyMMdd.
	StlDate string `json:"stlDate" spec:"R S"`
}

// Payment is what the answer says of the payment.
func (r *OrderQueryResponse) Payment() cnpay.Verdict {
	v := cnpay.Verdict{Code: r.OrigRespCode, Message: r.OrigRespDescMsg}
	if r.Outcome == cnpay.Answered {
		v.Outcome = judgePayment(r.OrigRespCode)
	}
	return v
}

// Query reads the state of an order (订单状态同步, POST pay/queryOrder). It moves no money and may be repeated, slowly: code 37
// asks for that. A query that finds the order paid may keep UMPay from sending its notification. It knows nothing of
// pre-authorisations by card.
//   - Answered: the state is OrigRespCode, [StatePaid] for example; see Payment.
//   - Unknown: UMPay has no such order now (17), or refused the query, or nothing was heard. It is no proof that a payment
//     or a void failed.
//
//cnpay:op provider_query_order
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// OrderCancelRequest names the payment to void.
type OrderCancelRequest struct {
	account
	Merchant
	Expected

	// OrderNo is the merchant's number of the payment (商户订单号).
	OrderNo string `json:"orderNo" spec:"M S..64"`
}

func (*OrderCancelRequest) operation() Operation {
	return Operation{ID: OpOrderCancel, Path: "pay/cancelOrder", Judge: judgeCancel, Settle: settleCancel}
}

// OrderCancelResponse is the answer to a void.
type OrderCancelResponse struct {
	Response

	// TransactionID is UMPay's number (联动订单号); the documents do not say whether of the payment or of the void.
	TransactionID string `json:"transactionId" spec:"R S..32"`
}

// Cancel voids a payment by the payer's code (订单撤销, POST pay/cancelOrder): WeChat and Alipay, on the day of the payment.
// All else is for [OrdersService.Refund]. A call sends it once; the same void may be sent again, which moves no money twice.
//   - Succeeded: voided; the payer has the money back, or never paid.
//   - Pending: UMPay answers that it was voided before (14). Settle it.
//   - Failed: refused; with code 17 there is no such payment now, and one that is still on its way may arrive later. Once
//     it is settled: the order was closed or its payment failed, so there is nothing to void.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [CancelSchedule]. An order that stays paid proves nothing; the same void sent again
//     ends the doubt. Never refund instead: the payer could be paid twice.
//
// The ticket is surer with the payment's transactionId in it: [cnpay.Ticket.With].
//
//cnpay:op provider_cancel_order
func (s *OrdersService) Cancel(ctx context.Context, req *OrderCancelRequest, opts ...cnpay.Option) (*OrderCancelResponse, error) {
	return do[OrderCancelResponse](ctx, s.client, req, opts)
}

// OrderCloseRequest names the order to close.
type OrderCloseRequest struct {
	account
	Merchant
	Expected

	// OrderNo is the merchant's number of the order (商户订单号).
	OrderNo string `json:"orderNo" spec:"M S..64"`
}

func (*OrderCloseRequest) operation() Operation {
	return Operation{ID: OpOrderClose, Path: "pay/closeOrder", Judge: judgeClose, Settle: settleClose}
}

// OrderCloseResponse is the answer to a closing.
type OrderCloseResponse struct{ Response }

// Close ends an order that nobody has paid, or whose payment failed (订单关闭, POST pay/closeOrder): it can be paid no more. A
// call sends it once; it may be sent again.
//   - Succeeded: closed.
//   - Failed: refused; with code 17 there is no such order now, and one that is still on its way may arrive later. Once it
//     is settled: the order was paid first.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [CancelSchedule], or send it again.
//
// The ticket is surer with the order's transactionId in it: [cnpay.Ticket.With].
//
//cnpay:op provider_close_order
func (s *OrdersService) Close(ctx context.Context, req *OrderCloseRequest, opts ...cnpay.Option) (*OrderCloseResponse, error) {
	return do[OrderCloseResponse](ctx, s.client, req, opts)
}
