package yuansfer

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
)

// Sender says who sends a request. Where it is empty the client's own configuration says it.
type Sender struct {
	// MerGroupNo is the partner's number (服务商号), where a partner calls for its merchant: Config.MerGroupNo. The Chinese page
	// of revoke does not have it; Yuansfer's own Java client sends it in every call.
	MerGroupNo string `json:"merGroupNo" spec:"C S"`
	// MerchantNo is the merchant number (商家ID): the client's, or of a partner's client any of the partner's merchants.
	MerchantNo string `json:"merchantNo" spec:"M S"`
	// StoreNo is the store number (商店ID).
	StoreNo string `json:"storeNo" spec:"M S"`
}

// Clerk is a [Sender], and who of the store's staff sends the request.
type Clerk struct {
	Sender

	// StoreAdminNo is the cashier or administrator of the store (店员号).
	StoreAdminNo string `json:"storeAdminNo" spec:"O S"`
}

// Money is an amount of an order.
type Money struct {
	// Amount is the amount (金额), decimal text in the currency's major unit: "13" or "13.00".
	Amount string `json:"amount" spec:"M AMOUNT"`
	Currencies
}

// NewOrder is what every order says that somebody pays later.
type NewOrder struct {
	Money

	// Reference is the merchant's order number (商户订单号), new for each order.
	Reference string `json:"reference" spec:"M PLAIN"`
	// Description says what is sold (订单描述); no special characters.
	Description string `json:"description" spec:"O PLAIN100"`
	// Timeout is how long the order can be paid (超时时间), minutes. Empty means 120.
	Timeout int64 `json:"timeout,string" spec:"O N"`
}

// Currencies are those of an amount.
type Currencies struct {
	// Currency is the currency of the price (交易币种), ISO 4217. A refund has that of its payment.
	Currency string `json:"currency" spec:"M AN3"`
	// SettleCurrency is the currency of clearing (结算币种): GBP for prices in GBP, USD for most others.
	SettleCurrency string `json:"settleCurrency" spec:"M AN3"`
}

// OrderKey names an order, by one of its numbers and not by both.
type OrderKey struct {
	// TransactionNo is Yuansfer's number (Yuansfer系统中的交易ID). The number of a refund is one, too.
	TransactionNo string `json:"transactionNo" spec:"C[!reference] PLAIN"`
	// Reference is the merchant's order number (商户订单号).
	Reference string `json:"reference" spec:"C PLAIN"`
}

func (k *OrderKey) conditions() []cnpay.Fault {
	return oneOf("reference", k.Reference, "transactionNo", k.TransactionNo)
}

// oneOf refuses two names of one thing, as Yuansfer does.
func oneOf(name, value, other, otherValue string) []cnpay.Fault {
	if value != "" && otherValue != "" {
		return []cnpay.Fault{{Field: name, Problem: "must not come with " + other}}
	}
	return nil
}

// Goods is one item of an order (商品信息).
type Goods struct {
	// Name is the item's name; no special characters.
	Name string `json:"goods_name" spec:"M S"`
	// Quantity is how many, as text.
	Quantity string `json:"quantity" spec:"M S"`
}

// GoodsInfo are the items of an order. On the wire, and in the JSON form, it is one text that holds a JSON list.
type GoodsInfo []Goods

// MarshalJSON writes the text that is sent.
func (g GoodsInfo) MarshalJSON() ([]byte, error) { return marshalText([]Goods(g)) }

// UnmarshalJSON reads the text, or a list.
func (g *GoodsInfo) UnmarshalJSON(text []byte) error { return unmarshalText(text, (*[]Goods)(g)) }

func marshalText(items any) ([]byte, error) {
	text, err := json.Marshal(items)
	if err != nil {
		return nil, err
	}
	return json.Marshal(string(text))
}

func unmarshalText(text []byte, items any) error {
	var inner string
	if json.Unmarshal(text, &inner) == nil {
		if inner == "" {
			return nil
		}
		text = []byte(inner)
	}
	return json.Unmarshal(text, items)
}

// Response is what every answer begins with.
type Response struct {
	cnpay.Answer

	// RetCode is the answer's code (响应返回代码): 000100 where the call was accepted.
	RetCode string `json:"ret_code" spec:"M S..6"`
	// RetMsg is a human-readable message in English (响应返回消息).
	RetMsg string `json:"ret_msg" spec:"M S"`
	// RetMsgOther is RetMsg under the name that some errors have; it is moved to RetMsg.
	RetMsgOther string `json:"retMsg" spec:"C S"`
}

func (r *Response) base() *Response { return r }

func (r *Response) normalize() { move(&r.RetMsg, &r.RetMsgOther) }

// move fills an empty field from its other name.
func move(field, other *string) {
	if *field == "" {
		*field, *other = *other, ""
	}
}

// Order is what answers say of an order. Any field may be empty.
type Order struct {
	// Amount is the order's amount (金额), decimal text with two decimals mostly; some answers have a number.
	Amount string `json:"amount" spec:"O S"`
	// Currency is the currency of the price (交易币种).
	Currency string `json:"currency" spec:"O S..3"`
	// SettleCurrency is the currency of clearing (结算币种).
	SettleCurrency string `json:"settleCurrency" spec:"O S..3"`
	// Reference is the merchant's order number (商户订单号).
	Reference string `json:"reference" spec:"O S"`
	// TransactionNo is Yuansfer's number (Yuansfer系统中的交易ID), 18 to 22 digits.
	TransactionNo string `json:"transactionNo" spec:"O S"`
}

// Transaction is a transaction (交易对象), as in-store answers have it and as lists are expected to.
type Transaction struct {
	Order

	// MerchantNo is the merchant number (商家ID).
	MerchantNo string `json:"merchantNo" spec:"O S"`
	// StoreNo is the store number (商店ID).
	StoreNo string `json:"storeNo" spec:"O S"`
	// StoreAdminNo is the cashier or administrator of the store (店员号).
	StoreAdminNo string `json:"storeAdminNo" spec:"O S"`
	// OriginalTransactionNo is the payment's number (原交易ID), in a refund.
	OriginalTransactionNo string `json:"originalTransactionNo" spec:"O S"`
	// TransactionType is what it is (交易类型): payment, refund or void.
	TransactionType string `json:"transactionType" spec:"O S"`
	// TransactionStatus is its state (交易状态); see [StatusSuccess] and the others.
	TransactionStatus string `json:"transactionStatus" spec:"O S"`
	// RefundAmount is what was given back so far (退款金额).
	RefundAmount string `json:"refundAmount" spec:"O S"`
	// VoidAmount is what was voided (撤销金额).
	VoidAmount string `json:"voidAmount" spec:"O S"`
	// CreateTime is when it was made (创建时间), yyyy-MM-dd HH:mm:ss, UTC+8.
	CreateTime string `json:"createTime" spec:"O S"`
	// PaymentTime is when it was paid (支付时间), yyyy-MM-dd HH:mm:ss, UTC+8.
	PaymentTime string `json:"paymentTime" spec:"O S"`
	// ExchangeRate is the rate of clearing (汇率); in older samples only.
	ExchangeRate string `json:"exchangeRate" spec:"O S"`
	// Vendor is the wallet (付款渠道); in older samples only.
	Vendor string `json:"vendor" spec:"O S"`
}

// domains are the documents' own kinds of text.
func domains() map[string]func(string) string {
	return map[string]func(string) string{"PLAIN": plain, "PLAIN100": plain100, "AMOUNT": amount}
}

// plain refuses text that could be read as another parameter: nothing is escaped in the string that is signed.
func plain(s string) string {
	switch {
	case !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl):
		return "must be text without control characters"
	case strings.ContainsAny(s, "&="):
		return "must not hold & or ="
	}
	return ""
}

func plain100(s string) string {
	if utf8.RuneCountInString(s) > 100 {
		return "must be at most 100 long"
	}
	return plain(s)
}

// amount is decimal text that is more than nothing.
func amount(s string) string {
	whole, fraction, pointed := strings.Cut(s, ".")
	digits := func(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
	switch {
	case !digits(whole) || pointed && !digits(fraction) || len(whole) > 1 && whole[0] == '0':
		return "must be a decimal amount in the currency's major unit, such as 13.00"
	case strings.Trim(s, "0.") == "":
		return "must be more than 0"
	}
	return ""
}

// sameAmount compares decimal texts: "13" is "13.00".
func sameAmount(a, b string) bool { return a == b || trimmed(a) == trimmed(b) }

func trimmed(s string) string {
	whole, fraction, _ := strings.Cut(s, ".")
	return strings.TrimLeft(whole, "0") + "." + strings.TrimRight(fraction, "0")
}

// sumIs reports whether decimal texts come to a total. What is no decimal text comes to nothing.
func sumIs(total string, parts []string) bool {
	want, ok := units(total)
	var sum int64
	for _, part := range parts {
		n, isAmount := units(part)
		ok = ok && isAmount && n <= want
		if sum += n; sum > want {
			return false
		}
	}
	return ok && sum == want
}

// units is an amount in hundredths of a hundredth of the major unit.
func units(s string) (int64, bool) {
	const decimals = 4
	whole, fraction, _ := strings.Cut(s, ".")
	fraction = strings.TrimRight(fraction, "0")
	if len(fraction) > decimals || len(whole) > 14 {
		return 0, false
	}
	digits := whole + fraction + strings.Repeat("0", decimals-len(fraction))
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, err == nil && n >= 0 && strings.Trim(digits, "0123456789") == ""
}
