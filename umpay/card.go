package umpay

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// CardsService sells by bank card (银行卡), and voids and refunds what was sold.
type CardsService struct{ client *Client }

// The plugin's methods, as events name them.
const (
	cardPay    = "cardPay"
	preCardPay = "preCardPay"
	cardQuery  = "cardQuery"
	bankRevoke = "bankRevoke"
	bankRefund = "bankRefund"
)

// CardPayRequest is a sale. All but ID is the plugin's BankCardPayRequest.
type CardPayRequest struct {
	Clearing

	// ID is this sale's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount (金额) in fen. The plugin has a 32-bit number.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderID is the merchant's order number (商户订单号), a new one for each attempt, shorter than 64 characters; see
	// [NewOrderID].
	OrderID string `json:"orderId" spec:"M S..63"`
	// Reserve is reserved (保留字段).
	Reserve string `json:"reserve" spec:"O S"`
}

func (*CardPayRequest) operation() Operation {
	return Operation{
		ID: OpCardPay, Method: cardPay, Settle: settleCardPay,
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onPayUnknown"}, Progress: true},
		Codes:     Codes{Done: []int64{60020200}, Failed: cardFailures()},
	}
}

// cardFailures are the codes of reading a card and typing a PIN (UMCardCode) that end an operation before it began.
func cardFailures(own ...int64) []int64 {
	return append(own,
		60020001, 60020002, 60020003, 60020004, 60020007, 60020008, 60020009, 60020010, 60020011, 60020012, 60020013, 60020014,
		60020015, 60020016, 60020017, 60020018, 60020030, 60020044, 60020045, 60020046)
}

// CardPayResult is the plugin's BankCardPayResponse.
type CardPayResult struct {
	Status
	Transaction
	Authorization
	Explanation

	// OrderDate is the order's date (订单日期), yyyyMMdd on the page; a query and a refund need it as MMdd.
	OrderDate string `json:"orderDate" spec:"O S"`
	// FreeAmt is the limit of a sale without PIN and signature (小额双免金额); "0" is not such a sale.
	FreeAmt string `json:"freeAmt" spec:"O S"`
	// FreeMessage is the text for the slip of such a sale.
	FreeMessage string `json:"freeMessage" spec:"O S"`
	// CardType is 00 for a debit card and 01 for a credit card.
	CardType string `json:"cardType" spec:"O S"`
	// TradeMerAbbr is the merchant's short name, for the slip.
	TradeMerAbbr string `json:"tradeMerAbbr" spec:"O S"`
	// PayAction is 1 for a swipe, 2 for an insert, 3 for a tap.
	PayAction string `json:"payAction" spec:"O S"`
	// TransCommand is 10 for a sale, 11 for its void, 16 for a refund.
	TransCommand string `json:"transCommand" spec:"O S"`
	// CardMedia says the same as PayAction.
	CardMedia string `json:"cardMedia" spec:"O S"`
}

// CardPayResult returns the plugin's callback object of a cardPay or preCardPay event.
func (e *Event) CardPayResult() (*CardPayResult, error) {
	return resultOf[CardPayResult](e, cardPay, preCardPay)
}

// CardPayResponse is the answer to a sale.
type CardPayResponse struct {
	Response
	// Result is the callback object in the event.
	Result CardPayResult `json:"result" spec:"R"`
}

// Pay has the terminal sell by card (银行卡支付, the plugin's cardPay): Amount moves from the card to the merchant. Somebody
// at the terminal swipes the card and types the PIN. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: paid.
//   - Failed: not paid.
//   - Unknown: settle it. After code -2 the terminal holds an automatic reversal (冲正), which it sends before its next
//     trade: have it make a balance inquiry or another sale. The bridge is queried first, then the plugin (cardQuery with
//     the voucher number that the event brought, or the order list where it brought none), then Config.Evidence.
//
//cnpay:op plugin_card_pay
func (s *CardsService) Pay(ctx context.Context, req *CardPayRequest, opts ...cnpay.Option) (*CardPayResponse, error) {
	return do[CardPayResponse](ctx, s.client, req, opts)
}

// settleCardPay asks for the sale by its voucher number.
func settleCardPay(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.settle(t, opts, func(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error) {
		if t.Fields["result.uPayTrace"] == "" {
			return c.listed(ctx, t, opts)
		}
		res, err := c.Cards.Query(ctx, &CardQueryRequest{
			UPayTrace: t.Fields["result.uPayTrace"], OrderID: t.Fields["orderId"], OrderDate: monthDay(t.Began, t.Fields["result.orderDate"]),
		}, opts...)
		if err != nil {
			return cnpay.Verdict{}, err
		}
		return c.stated(&res.Event, t, t.Fields["amount"])
	})
}

// listed looks a sale up among the terminal's successful orders. That it is not among them proves nothing.
func (c *Client) listed(ctx context.Context, t cnpay.Ticket, opts []cnpay.Option) (cnpay.Verdict, error) {
	if t.Fields["orderId"] == "" || t.Began.IsZero() {
		return cnpay.Verdict{}, nil
	}
	res, err := c.Orders.List(ctx, &OrderListRequest{
		PageIndex: 1, PageSize: 10, OrderDate: t.Began.In(cnpay.Beijing()).Format("20060102"), OrderState: OrderDone, OrderID: t.Fields["orderId"],
	}, opts...)
	if err != nil {
		return cnpay.Verdict{}, err
	}
	for _, row := range res.Result.TransList {
		if row.OrderID == t.Fields["orderId"] && row.POSSN == c.call.Account && row.RefundAmt == 0 && row.OrderState == 2 &&
			fmt.Sprint(row.Amount) == t.Fields["amount"] {
			return cnpay.Verdict{Outcome: cnpay.Succeeded, Code: "orderstate 2", Message: res.Result.Message}, nil
		}
	}
	return cnpay.Verdict{}, nil
}

// CardQueryRequest names a sale, by the voucher number that its event has. All but ID is the plugin's.
type CardQueryRequest struct {
	Command

	// OrderID is the order number of the sale (商户订单号).
	OrderID string `json:"orderId" spec:"O S..63"`
	// OrderDate is the sale's date (订单日期), MMdd.
	OrderDate string `json:"orderDate" spec:"M MMdd"`
	// UPayTrace is the sale's voucher number (凭证号): events have it also when the sale failed or is not certain.
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
}

func (*CardQueryRequest) operation() Operation {
	return Operation{
		ID: OpCardQuery, Method: cardQuery, Query: true, Timeout: askingTimeout,
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onQueryError"}},
		Codes: Codes{
			Done:    []int64{60040200},
			Failed:  []int64{60040103},
			Refused: []int64{60040001, 60040002, 60040003},
		},
	}
}

// CardQueryResult is the sale as UMPay has it.
type CardQueryResult struct {
	Status
	Transaction

	// OrderDate is the sale's date (订单日期), MMdd.
	OrderDate string `json:"orderDate" spec:"O S"`
	// AuthCode is the issuer's authorisation code (授权码) of the sale.
	AuthCode string `json:"authCode" spec:"O S"`
	// CardType is 00 for a debit card and 01 for a credit card.
	CardType string `json:"cardType" spec:"O S"`
}

// CardQueryResult returns the plugin's callback object of a cardQuery event.
func (e *Event) CardQueryResult() (*CardQueryResult, error) {
	return resultOf[CardQueryResult](e, cardQuery)
}

// CardQueryResponse is the answer to a query. What it says of the sale is the Verdict of its Event.
type CardQueryResponse struct {
	Response
	// Result is the callback object in the event.
	Result CardQueryResult `json:"result" spec:"R"`
}

// Query has the terminal ask UMPay for a sale by card (银行卡订单状态查询, the plugin's cardQuery, version 00.00.01.46 and
// later). It moves no money and needs no card, and may be repeated.
//   - Answered: the sale's outcome is Event.Verdict: Succeeded (paid) or Failed (not paid, code 60040103).
//   - Unknown: UMPay does not know (onQueryError, or another code of onPayFail), or nothing was heard; query again.
//
//cnpay:op plugin_card_query
func (s *CardsService) Query(ctx context.Context, req *CardQueryRequest, opts ...cnpay.Option) (*CardQueryResponse, error) {
	return do[CardQueryResponse](ctx, s.client, req, opts)
}

// CardVoidRequest names the sale to void. All but ID is the plugin's.
type CardVoidRequest struct {
	// ID is this void's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the sale's whole amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// PayType is that of the sale (支付类型): how the card was read.
	PayType string `json:"payType" spec:"M CT|IC|YS|YSIC|WX|AL|YL"`
	// UPayTrace is the sale's voucher number (凭证号).
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderID is the order number of the void (商户订单号), shorter than 64 characters. Where it is empty the plugin makes one.
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*CardVoidRequest) operation() Operation {
	return Operation{
		ID: OpCardVoid, Method: bankRevoke, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onRefundSuccess", Fail: "onRefundFail", Unknown: []string{"onRefundUnknown"}, Progress: true},
		Codes:     refundCodes(),
	}
}

// refundCodes are those of voids and refunds (UMRefundCode).
func refundCodes() Codes {
	return Codes{
		Done: []int64{60050200},
		Failed: cardFailures(60050001, 60050002, 60050003, 60050004, 60050005, 60050006, 60050007, 60050008, 60050012, 60050013,
			60050014, 60050015, 60050016, 60050017, 60050018, 60050019, 60050020, 60050021, 60050022, 60050023, 60050025, 60050027,
			60050030, 60050032),
	}
}

// CardVoidResult is the plugin's callback object of a void.
type CardVoidResult struct {
	Status
	Transaction
	Explanation

	// PlatDate is UMPay's date (平台日期), MMdd.
	PlatDate string `json:"platDate" spec:"O S"`
}

// CardVoidResult returns the plugin's callback object of a bankRevoke event.
func (e *Event) CardVoidResult() (*CardVoidResult, error) {
	return resultOf[CardVoidResult](e, bankRevoke)
}

// CardVoidResponse is the answer to a void.
type CardVoidResponse struct {
	Response
	// Result is the callback object in the event.
	Result CardVoidResult `json:"result" spec:"R"`
}

// Void has the terminal void a sale by card of the same day (银行卡撤销, the plugin's bankRevoke): the whole amount goes back
// to the card, which is swiped again. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: voided.
//   - Failed: the sale stands.
//   - Unknown: settle it. The plugin has no query for a void: where the terminal does not know, Config.Evidence decides
//     (a void, tranType 12, in the platform's list of POS transactions), or a person. The documents say to void again;
//     do not, before somebody has looked.
//
//cnpay:op plugin_bank_revoke
func (s *CardsService) Void(ctx context.Context, req *CardVoidRequest, opts ...cnpay.Option) (*CardVoidResponse, error) {
	return do[CardVoidResponse](ctx, s.client, req, opts)
}

// CardRefundRequest names the sale to refund. All but ID is the plugin's.
type CardRefundRequest struct {
	// ID is this refund's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount to refund (退款金额) in fen; with RfAmount, the sale's amount.
	Amount int64 `json:"amount" spec:"M N"`
	// OrderDate is the sale's date, MMdd.
	OrderDate string `json:"orderDate" spec:"M MMdd"`
	// PayType is that of the sale (支付类型).
	PayType string `json:"payType" spec:"M CT|IC|YS|YSIC"`
	// PaySeq is the sale's reference number (参考号).
	PaySeq string `json:"paySeq" spec:"M S"`
	// RfAmount is the amount to refund (退款金额) of a sale by QR code, in fen.
	RfAmount int64 `json:"rfAmount,string" spec:"C N"`
	// UPayOrderID is UMPay's order number (U付订单号) of a sale by QR code.
	UPayOrderID string `json:"uPayOrderId" spec:"C S"`
	// OrderDateTime is the sale's date and time (原交易时间), MMddHHmmss, of a sale by QR code.
	OrderDateTime string `json:"orderDateTime" spec:"C MMddHHmmss"`
	// OrderID is the order number of the refund (商户订单号), shorter than 64 characters. Where it is empty the plugin makes one.
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*CardRefundRequest) operation() Operation {
	return Operation{
		ID: OpCardRefund, Method: bankRefund, Settle: settleCommand,
		Callbacks: Callbacks{Success: "onRefundSuccess", Fail: "onRefundFail", Unknown: []string{"onRefundUnknown"}, Progress: true},
		Codes:     refundCodes(),
	}
}

// CardRefundResult is the plugin's callback object of a refund.
type CardRefundResult struct {
	Status
	Transaction
	Explanation

	// TradeNo is UMPay's number of the transaction (平台处理流水).
	TradeNo string `json:"tradeNo" spec:"O S"`
	// PlatDate is UMPay's date (平台日期), yyyyMMdd.
	PlatDate string `json:"platDate" spec:"O S"`
	// UPospDate is the date of UMPay's host of the terminals.
	UPospDate string `json:"uPospDate" spec:"O S"`
	// UPospTime is the time there.
	UPospTime string `json:"uPospTime" spec:"O S"`
}

// CardRefundResult returns the plugin's callback object of a bankRefund event.
func (e *Event) CardRefundResult() (*CardRefundResult, error) {
	return resultOf[CardRefundResult](e, bankRefund)
}

// CardRefundResponse is the answer to a refund.
type CardRefundResponse struct {
	Response
	// Result is the callback object in the event.
	Result CardRefundResult `json:"result" spec:"R"`
}

// Refund has the terminal refund a sale by card of an earlier day, whole or in part (银行卡退货, the plugin's bankRefund).
// The card is swiped again. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: refunded.
//   - Failed: the sale is as it was.
//   - Unknown: settle it. The plugin has no query for a refund, and no number that would keep a second one from being paid
//     as well, so the documents' advice to refund again pays twice. Where the terminal does not know, Config.Evidence
//     decides (a refund, tranType 9, 833 or 835, in the platform's list of POS transactions), or a person with the
//     settlement file of the day.
//
//cnpay:op plugin_bank_refund
func (s *CardsService) Refund(ctx context.Context, req *CardRefundRequest, opts ...cnpay.Option) (*CardRefundResponse, error) {
	return do[CardRefundResponse](ctx, s.client, req, opts)
}

// NewOrderID makes an order number: the one that the plugin makes where the request has none, which is the time, Beijing,
// to the millisecond (yyMMddHHmmssSSS) and the terminal's serial number, and eight random hexadecimal digits, so that no
// two processes make the same. Store it before the operation.
//
// The plugin accepts any text shorter than 64 characters; of a serial number beyond 40 the end is used. The number does
// not keep an attempt from running twice; the command's ID does.
func NewOrderID(posSN string, now time.Time) string {
	const most = 40
	now = now.In(cnpay.Beijing())
	stamp := strings.Replace(now.Format("060102150405.000"), ".", "", 1)
	return stamp + posSN[max(0, len(posSN)-most):] + randomHex()[:8]
}
