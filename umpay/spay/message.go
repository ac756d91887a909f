package spay

import (
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// domains are the documents' own, which no class of characters says.
func domains() map[string]func(string) string {
	return map[string]func(string) string{
		"ORDER": func(s string) string {
			if len(s) < 4 || len(s) > 32 || strings.Trim(s, orderCharacters) != "" {
				return "must be 4 to 32 letters, digits or - _ * + #"
			}
			return ""
		},
		"REFUND":  echoed(16),
		"PRIVATE": echoed(128),
	}
}

// echoed is the domain of what an answer echoes inside name=value&name=value inside a quoted attribute, where it must be
// one value.
func echoed(most int) func(string) string {
	return func(s string) string {
		switch {
		case len(s) > most:
			return "must be at most " + strconv.Itoa(most) + " bytes, is " + strconv.Itoa(len(s))
		case strings.ContainsAny(s, `&"`) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' }):
			return `must have no & and no "`
		}
		return ""
	}
}

const orderCharacters = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_*+#"

// envelope is what every request says. The client fills it in.
type envelope struct {
	Service   string `json:"service" spec:"M S..32"`
	Charset   string `json:"charset" spec:"M =UTF-8"`
	MerID     string `json:"mer_id" spec:"M N..8"`
	ResFormat string `json:"res_format" spec:"O =HTML"`
	Version   string `json:"version" spec:"M 4.0|1.0"`
}

func (e *envelope) head() *envelope { return e }

// Order is what every order says (下单), whatever it is paid with.
type Order struct {
	// OrderID is the order number (商户订单号), 4 to 32 characters, unique on its day.
	OrderID string `json:"order_id" spec:"M ORDER"`
	// MerDate is the day of the order (商户订单日期), today in China. See [MerDate].
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// Amount is the amount (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..13"`
	// AmtType is the currency (付款币种). Empty means RMB.
	AmtType string `json:"amt_type" spec:"M =RMB"`
	// GoodsID is the number of what is sold (商品号): the one field of the merchant's own in the settlement file.
	GoodsID string `json:"goods_id" spec:"O AN..8"`
	// GoodsInf is what is sold (商品描述信息).
	GoodsInf string `json:"goods_inf" spec:"O S..64"`
	// NotifyURL is where UMPay sends the result (后台通知地址), by GET; without a query of its own, which UMPay does not sign.
	NotifyURL string `json:"notify_url" spec:"O S..128"`
	// RetURL is where the payer's browser returns to (页面跳转地址).
	RetURL string `json:"ret_url" spec:"O S..128"`
	// MerPriv is the merchant's own text (商户私有域), which answers and notifications echo.
	MerPriv string `json:"mer_priv" spec:"O PRIVATE"`
	// Expand is an extension (扩展字段).
	Expand string `json:"expand" spec:"O S..128"`
	// UserIP is the payer's address (用户IP地址).
	UserIP string `json:"user_ip" spec:"O S..16"`
	// ExpireTime is how many minutes the order can be paid (订单过期时长). Empty means a day, 1440.
	ExpireTime int64 `json:"expire_time,string" spec:"O N..8"`
}

// Medium is how the payer is reached (媒介).
type Medium struct {
	// MediaID is the payer's telephone number, address or number at the merchant (媒介标识).
	MediaID string `json:"media_id" spec:"O S..32 secret"`
	// MediaType is which of them (媒介类型).
	MediaType string `json:"media_type" spec:"O MOBILE|EMAIL|MERUSERID"`
}

// Holder is the person that a card belongs to. Give it in plain text: it is encrypted before it is sent.
type Holder struct {
	// CardHolder is the name (持卡人姓名).
	CardHolder string `json:"card_holder" spec:"O S secret"`
	// IdentityType is the kind of document (证件类型), IDENTITY_CARD.
	IdentityType string `json:"identity_type" spec:"O S..32"`
	// IdentityCode is the number of the document (证件号).
	IdentityCode string `json:"identity_code" spec:"O S secret"`
}

// Card is a bank card (银行卡). Give it in plain text: it is encrypted before it is sent.
type Card struct {
	// CardID is the card number (卡号).
	CardID string `json:"card_id" spec:"O N13..19 pan"`
	// ValidDate is until when the card is valid (有效期), YYMM; of credit cards.
	ValidDate string `json:"valid_date" spec:"O N4 secret"`
	// CVV2 is the code on the back (卡背面末三位); of credit cards.
	CVV2 string `json:"cvv2" spec:"O N3..4 secret"`
	Holder
}

// Split says that an order's money goes to several merchants (分账).
type Split struct {
	// SplitCategory is the kind of split (分账类别).
	SplitCategory string `json:"split_category" spec:"O 1|2|3"`
	// SplitType is how the money is split (分账类型), 11 or 21 for example.
	SplitType string `json:"split_type" spec:"O S..9"`
	// SplitData says who gets how much (分账数据), XML: split_data/split with split_mer_id, split_order_id, split_amount.
	SplitData string `json:"split_data" spec:"O S..256"`
}

// Response is what every answer says.
type Response struct {
	cnpay.Answer

	// MerID is the merchant (商户号).
	MerID string `json:"mer_id" spec:"R S..8"`
	// RetCode says whether the request was carried out (返回码): 0000, or why not.
	RetCode string `json:"ret_code" spec:"R S..8"`
	// RetMsg is a human-readable message in Chinese (返回信息).
	RetMsg string `json:"ret_msg" spec:"O S..128"`
	// Version is the protocol's (版本号).
	Version string `json:"version" spec:"R S..3"`
}

func (r *Response) base() *Response { return r }

// Trade is the order that an answer is about.
type Trade struct {
	// OrderID is the order number (商户订单号).
	OrderID string `json:"order_id" spec:"C S..32"`
	// MerDate is the day of the order (商户订单日期).
	MerDate string `json:"mer_date" spec:"C S..8"`
	// TradeNo is UMPay's number of it (U付交易号), 16 digits.
	TradeNo string `json:"trade_no" spec:"C S..16"`
	// TradeState is its state (交易状态), [TradeSuccess] and the like.
	TradeState string `json:"trade_state" spec:"C S..32"`
}

func (t *Trade) trade() *Trade { return t }

// Refunded is the refund that an answer is about.
type Refunded struct {
	// RefundNo is the refund number (商户退款流水号).
	RefundNo string `json:"refund_no" spec:"C S..16"`
	// RefundAmt is how much was refunded (退费金额), fen.
	RefundAmt int64 `json:"refund_amt,string" spec:"C N"`
	// RefundState is the state of the refund (退费状态), [RefundSuccess] and the like.
	RefundState string `json:"refund_state" spec:"C S"`
}

func (r *Refunded) refunded() *Refunded { return r }
