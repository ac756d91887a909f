package upay

import (
	"cmp"
	"fmt"

	"github.com/cnpay-go/cnpay"
)

// Sender is the terminal that a request is from. Where it is empty it is the client's.
type Sender struct {
	// TerminalSN is the terminal number (收钱吧终端ID), digits.
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
}

// Sale is what is sold, to be paid at once or later.
type Sale struct {
	// ClientSN is the merchant's order number (商户系统订单号): unique, never used again, not even after a failure.
	ClientSN string `json:"client_sn" spec:"M S..32"`
	// TotalAmount is the amount (交易总金额), fen.
	TotalAmount int64 `json:"total_amount,string" spec:"M N1..10"`
	// Subject is a short title (交易简介), which the payer sees.
	Subject string `json:"subject" spec:"M S..64"`
	// Operator makes the sale (门店操作员).
	Operator string `json:"operator" spec:"M S..32"`
	// Description says more (商品详情).
	Description string `json:"description" spec:"O S..256"`
	// Longitude and Latitude are where the terminal is (经度, 纬度): both or neither.
	Longitude string `json:"longitude" spec:"C[latitude] S"`
	Latitude  string `json:"latitude" spec:"C[longitude] S"`
	// Reflect is the merchant's own text (反射参数), echoed in answers and notifications.
	Reflect string `json:"reflect" spec:"O S..64"`
	// NotifyURL is where the notification goes (回调地址); without it none is sent. See [Client.NotificationHandler].
	NotifyURL string `json:"notify_url" spec:"O S..128"`
}

// GoodsDetail is one item of what is sold or given back (商品详情).
type GoodsDetail struct {
	// GoodsID is the item's number (商品编号).
	GoodsID string `json:"goods_id" spec:"M S..32"`
	// GoodsName is its name (商品名称).
	GoodsName string `json:"goods_name" spec:"M S..32"`
	// Quantity is how many (商品数量).
	Quantity int64 `json:"quantity" spec:"M N1..10"`
	// Price is the price of one (商品单价), fen; 0 is a price.
	Price int64 `json:"price" spec:"M N1..9 zero"`
	// PromotionType is 1 for an item of a channel's promotion (优惠类型), which is passed on to the channel, else 0.
	PromotionType int64 `json:"promotion_type" spec:"M 0|1 zero"`
}

// The ways of paying (二级支付方式) that answers have, and of which a request chooses one.
const (
	SubPaywayBarCode     = "1" // the payer's bar code
	SubPaywayQR          = "2" // a QR code that the payer scans
	SubPaywayWAP         = "3" // a page inside the payer's wallet (JSAPI)
	SubPaywayMiniProgram = "4" // a mini program
)

// Envelope is what every answer begins with.
type Envelope struct {
	cnpay.Answer

	// ResultCode says whether the request was accepted (通讯响应码): 200, 400 or 500.
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why not (通讯错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// ErrorCodeStandard is a mark such as EJ26 that Upay's support needs; no document has it.
	ErrorCodeStandard string `json:"error_code_standard" spec:"O S"`
}

func (e *Envelope) base() *Envelope { return e }

// Codes are the result of an operation whose request was accepted.
type Codes struct {
	// ResultCode is the result of this operation (业务结果码), for a revoke CANCEL_SUCCESS and its like.
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why (业务执行错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
}

// Response is the answer to every operation on an order. Any field may be empty: the documents' own examples leave
// most of them out.
type Response struct {
	Envelope

	// Result is the operation's result (业务响应数据); empty when the request was not accepted.
	Result Result `json:"biz_response" spec:"C"`
}

func (r *Response) codes() *Codes    { return &r.Result.Codes }
func (r *Response) blank() bool      { return r.Result.empty() }
func (r *Response) result() *Result  { return &r.Result }
func (r *Response) normalize() error { return r.Result.normalize() }

func (r *Response) belongs(x *exchange, outcome cnpay.Outcome) error {
	return x.belongs(&r.Result.Order, outcome, []string{"sn", "client_sn"}, "total_amount")
}

// Result is the business part of an answer.
type Result struct {
	Codes

	// Order is the order, empty when the answer names none, as most refusals do. The page of revoke has its fields
	// here, next to result_code; all others, and the gateway, have them inside data. It is read from either place.
	Order

	// Data is the same order, nil when the answer names none.
	Data *Order `json:"data" spec:"C"`
}

// Order is an order as Upay sees it. Times are Unix milliseconds in decimal text.
// Lengths are those of the page of revoke.
type Order struct {
	// TerminalSN is the terminal of the transaction (收钱吧终端ID), which another than the client's may have made.
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"R S..16"`
	// ClientSN is the merchant's order number (商户订单号). The Chinese page says 64 characters.
	ClientSN string `json:"client_sn" spec:"R S..32"`
	// ClientTSN is the merchant's transaction number: ClientSN, for a refund followed by "-" and its number.
	ClientTSN string `json:"client_tsn" spec:"O S..53"`
	// TradeNo is the number at the payment channel (支付通道交易凭证号). The annex says 32 to 128 characters.
	TradeNo string `json:"trade_no" spec:"R S..64"`
	// Status is that of the latest transaction (流水状态), SUCCESS for example; in the answer to a revoke, of the revoke.
	Status string `json:"status" spec:"R S..32"`
	// OrderStatus is that of the order (订单状态). The page of revoke has PAID as its example, a copy of the query's;
	// the documents' example of a revoke that succeeded has CANCELED.
	OrderStatus string `json:"order_status" spec:"R S..32"`
	// Payway is the payment channel (支付方式), "3" for WeChat.
	Payway string `json:"payway" spec:"R S..32"`
	// PaywayName is the channel's name, "微信".
	PaywayName string `json:"payway_name" spec:"R S..128"`
	// SubPayway is the way of paying (二级支付方式), "1" for the payer's bar code.
	SubPayway string `json:"sub_payway" spec:"O S..2"`
	// PayerUID is the payer at the channel.
	PayerUID string `json:"payer_uid" spec:"O S..64"`
	// PayerLogin is the payer's account at the channel, masked by it; the annex names it PayLogin. Both are read
	// from either name.
	PayerLogin string `json:"payer_login" spec:"O S..128"`
	PayLogin   string `json:"pay_login" spec:"O S..128"`
	// TotalAmount is the amount of the order, fen.
	TotalAmount int64 `json:"total_amount" spec:"R N..10"`
	// NetAmount is what is left of it after refunds and revokes, fen; 0 after a revoke, nil where the answer does not
	// say. One documented example of a query has 0 with PAID, which cannot be: no outcome is taken from such an order.
	NetAmount *int64 `json:"net_amount" spec:"R N..10"`
	// SettlementAmount is the amount to be settled, fen; in newer material only (vantis-zh/shouqianba-sdk).
	SettlementAmount int64 `json:"settlement_amount" spec:"O N..10"`
	// Subject is the order's title. The Chinese page says 32 characters.
	Subject string `json:"subject" spec:"R S..64"`
	// Ctime is when the order was made; one published example has a date and time in text.
	Ctime string `json:"ctime" spec:"O S..13"`
	// FinishTime is when the transaction ended at Upay.
	FinishTime string `json:"finish_time" spec:"R S..13"`
	// ChannelFinishTime is when it ended at the channel; empty unless it succeeded there.
	ChannelFinishTime string `json:"channel_finish_time" spec:"R S..13"`
	// Operator did it. The Chinese page says 64 characters.
	Operator string `json:"operator" spec:"R S..32"`
	// Reflect is the merchant's own text, echoed.
	Reflect string `json:"reflect" spec:"O S..64"`
	// StoreID is the store's number at Upay.
	StoreID string `json:"store_id" spec:"O S"`
	// TerminalID is Upay's internal number of the terminal.
	TerminalID string `json:"terminal_id" spec:"O S"`
	// Description is the order's description, echoed.
	Description string `json:"description" spec:"O S..256"`
	// PaymentList says how the amount was made up.
	PaymentList []Payment `json:"payment_list" spec:"O"`
	// ProviderResponse is the channel's promotion detail; in newer material only (vantis-zh/shouqianba-sdk).
	ProviderResponse *ProviderResponse `json:"provider_response" spec:"O"`

	// QRCode is what to draw as a QR code (二维码内容), in the answer to CreateQR with SubPaywayQR.
	QRCode string `json:"qr_code" spec:"C S..128"`
	// QRCodeImageURL is a ready-made picture of it; no document has it, live answers do.
	QRCodeImageURL string `json:"qr_code_image_url" spec:"O S"`
	// WapPayRequest is what the front end hands to the channel (唤起支付控件的参数), in the answer to CreateQR with
	// SubPaywayWAP or SubPaywayMiniProgram: JSON, whether Upay sends it as a text or as an object. Pass it on as it is.
	WapPayRequest string `json:"wap_pay_request" spec:"C S"`
}

// Payment is one part of an order's amount.
type Payment struct {
	// Type is what paid it, BANKCARD_DEBIT or DISCOUNT_CHANNEL_MCH for example. The kinds that end in MCH are paid
	// by the merchant.
	Type string `json:"type" spec:"O S"`
	// AmountTotal is the part, fen.
	AmountTotal int64 `json:"amount_total" spec:"O N"`
}

// ProviderResponse is the channel's promotion detail. Its values are as the channel has them, numbers as text.
type ProviderResponse struct {
	// GoodsDetails are the goods that a promotion applied to.
	GoodsDetails []PromotionGoods `json:"goods_details" spec:"O"`
	// VoucherDetails are the vouchers that were used.
	VoucherDetails []Voucher `json:"voucher_details" spec:"O"`
}

// PromotionGoods is one item that a promotion applied to.
type PromotionGoods struct {
	GoodsID        string `json:"goods_id" spec:"O S"`
	GoodsName      string `json:"goods_name" spec:"O S"`
	GoodsRemark    string `json:"goods_remark" spec:"O S"`
	DiscountAmount string `json:"discount_amount" spec:"O S"`
	VoucherID      string `json:"voucher_id" spec:"O S"`
	Quantity       string `json:"quantity" spec:"O S"`
	GoodsNum       string `json:"goods_num" spec:"O S"`
	Price          string `json:"price" spec:"O S"`
}

// Voucher is one voucher (优惠券) that was used.
type Voucher struct {
	PromotionID string `json:"promotion_id" spec:"O S"`
	ID          string `json:"id" spec:"O S"`
	TemplateID  string `json:"template_id" spec:"O S"`
	Name        string `json:"name" spec:"O S"`
	Memo        string `json:"memo" spec:"O S"`
	// Scope is GLOBAL or SINGLE.
	Scope string `json:"scope" spec:"O S"`
	// Type is COUPON, DISCOUNT, ALIPAY_FIX_VOUCHER and others.
	Type       string `json:"type" spec:"O S"`
	Amount     string `json:"amount" spec:"O S"`
	ActivityID string `json:"activity_id" spec:"O S"`
	// The contributions are who paid for it: the channel, the merchant, others.
	WxpayContribute            string `json:"wxpay_contribute" spec:"O S"`
	MerchantContribute         string `json:"merchant_contribute" spec:"O S"`
	OtherContribute            string `json:"other_contribute" spec:"O S"`
	PurchaseBuyerContribute    string `json:"purchase_buyer_contribute" spec:"O S"`
	PurchaseMerchantContribute string `json:"purchase_merchant_contribute" spec:"O S"`
	PurchaseAntContribute      string `json:"purchase_ant_contribute" spec:"O S"`
	// GoodsDetail are the goods that it applied to.
	GoodsDetail []PromotionGoods `json:"goods_detail" spec:"O"`
}

// normalize makes the order readable from both documented places. An answer with two orders is refused, because it
// could be read in two ways.
func (r *Result) normalize() error {
	if r.Data == nil {
		r.Data = &Order{}
	}
	if !r.Order.agrees(r.Data) {
		return fmt.Errorf("%w: biz_response has two orders", cnpay.ErrMalformed)
	}
	total, net := cmp.Or(r.TotalAmount, r.Data.TotalAmount), cmp.Or(r.NetAmount, r.Data.NetAmount)
	if !r.Data.empty() {
		r.Order = *r.Data
	}
	r.TotalAmount, r.NetAmount = total, net
	r.PayerLogin = cmp.Or(r.PayerLogin, r.PayLogin)
	r.PayLogin = r.PayerLogin
	order := r.Order
	r.Data = &order
	if order.empty() {
		r.Data = nil
	}
	return nil
}

// empty reports whether the order has no number and no state.
func (o *Order) empty() bool {
	return o.SN == "" && o.ClientSN == "" && o.Status == "" && o.OrderStatus == ""
}

// agrees reports whether two places have the same order in the same state, or one has none.
func (o *Order) agrees(p *Order) bool {
	same := o.SN == p.SN && o.ClientSN == p.ClientSN && o.Status == p.Status && o.OrderStatus == p.OrderStatus
	amounts := (o.TotalAmount == 0 || p.TotalAmount == 0 || o.TotalAmount == p.TotalAmount) &&
		(o.NetAmount == nil || p.NetAmount == nil || *o.NetAmount == *p.NetAmount)
	return (same || o.empty() || p.empty()) && amounts
}
