package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

// mostNotification caps the size of a notification, and mostPairs its fields. Real ones have a few hundred bytes.
const (
	mostNotification = 64 << 10
	mostPairs        = 100
)

// The kinds of notifications (notifyType).
const (
	NotifySale   = "1"
	NotifyVoid   = "2"
	NotifyRefund = "3"
)

// Notification is UMPay's message that a payment, a void or a refund succeeded (交易结果通知): it has no state of its own.
// Voids and refunds are those made at a terminal too. It comes to the order's BackURL, and for terminals to the address of
// the merchant's contract; several times where UMPay fills gaps, and not at all after a payment whose success the
// merchant's own call or query has seen.
//
// Outcome is Succeeded, except for sales with cards and for what does not say what was paid with: the terminal can still
// reverse those (冲正), so they are Pending. Addresses for notifications have no TLS, and the signature covers values
// without their names: find the order by OrderNo, compare TxnAmt and AcqMerID with it, and query it before goods are
// released.
//
// Ticket names the operation as far as the message does: of a sale the order, whichever operation made it; of a void
// OpOrderCancel and the payment's number; of a refund OpOrderRefund and RefundOrderNo, which only refunds of card payments have.
//
//cnpay:notification provider_trade_notify
type Notification struct {
	cnpay.Answer

	// AcqSpID is the service provider (代理商编号), the client's.
	AcqSpID string `json:"acqSpId" spec:"R S..10"`
	// AcqMerID is the merchant (商户号).
	AcqMerID string `json:"acqMerId" spec:"R S..8"`
	// OrderNo is the merchant's number of the payment (商户订单号), in the notification of a refund too.
	OrderNo string `json:"orderNo" spec:"R S..64"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"R N..13"`
	// CurrencyCode is CNY (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C S..6"`
	// TransIndex is the trade's index (交易索引), by which its slip is fetched: [TerminalsService.Receipt].
	TransIndex string `json:"transIndex" spec:"C S..64"`
	// PayerInfo is the payer (付款方信息).
	PayerInfo string `json:"payerInfo" spec:"C S..64"`
	// PayAmt is what the payer paid (买家付款金额), fen.
	PayAmt int64 `json:"payAmt" spec:"C N..13"`
	// SettlementAmt is what is settled (应结订单金额), fen.
	SettlementAmt int64 `json:"settlementAmt" spec:"C N..13"`
	// PayTime is when it was paid (支付时间), yyyyMMddHHmmss.
	PayTime string `json:"payTime" spec:"C S..16"`
	// CouponInfo is the coupons (优惠券信息).
	CouponInfo string `json:"couponInfo" spec:"C S..128"`
	// DctGoodsInfo is the discounts of goods (单品优惠信息).
	DctGoodsInfo string `json:"dctGoodsInfo" spec:"C S..128"`
	// TransactionID is UMPay's number, or that of WeChat or Alipay (支付流水号); empty in the published notification of a
	// terminal.
	TransactionID string `json:"transactionId" spec:"C S..32"`
	// BankType is the paying bank (付款银行).
	BankType string `json:"bankType" spec:"C S..16"`
	// CardType is the kind of card (卡类型): 01 debit, 02 credit.
	CardType string `json:"cardType" spec:"C S..2"`
	// NotifyType is what succeeded (通知类型): NotifySale, NotifyVoid or NotifyRefund.
	NotifyType string `json:"notifyType" spec:"C S..2"`
	// MerPriv is the merchant's own text (商户私有域), as it was sent.
	MerPriv string `json:"merPriv" spec:"C S..128"`
	// OrderType is what was paid with (订单类型): alipay, wechat, unionpay or mobilepos.
	OrderType string `json:"orderType" spec:"C S..12"`
	// RefundOrderNo is the merchant's number of the refund (退费订单号), of refunds of card payments at terminals.
	RefundOrderNo string `json:"refundOrderNo" spec:"C S..64"`
}

// Key distinguishes notifications: two with the same key say the same, however often they are delivered. Of a refund
// without a number of its own the amount and the time are part of it: an order can have several.
func (n *Notification) Key() string {
	key := []string{n.AcqMerID, n.OrderNo, n.NotifyType, cmp.Or(n.RefundOrderNo, n.TransIndex)}
	if n.NotifyType == NotifyRefund && n.RefundOrderNo == "" {
		key = append(key, strconv.FormatInt(n.TxnAmt, 10), n.PayTime)
	}
	return strings.Join(key, "|")
}

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge],
// [cnpay.ErrSignature] or, for a genuine one to another service provider, [cnpay.ErrMismatch]. A form that was parsed
// before is taken as it is.
func (c *Client) ParseNotification(r *http.Request) (*Notification, error) {
	body, parsed, err := received.Body(r, mostNotification)
	switch {
	case err != nil:
		return nil, fmt.Errorf("umpay/provider: notification: %w", err)
	case parsed != nil:
		return c.notificationOf([]byte(parsed.Encode()))
	}
	return c.ParseNotificationBody(body)
}

// ParseNotificationBody is ParseNotification of a body that was stored, or read by a framework.
func (c *Client) ParseNotificationBody(body []byte) (*Notification, error) {
	return c.notificationOf(slices.Clone(body))
}

func (c *Client) notificationOf(body []byte) (*Notification, error) {
	pairs, err := received.Limits{Bytes: mostNotification, Fields: mostPairs}.Pairs(body)
	var n *Notification
	if err == nil {
		n, err = c.readNotification(pairs)
	}
	if err != nil {
		return nil, fmt.Errorf("umpay/provider: notification: %w", err)
	}
	n.Raw = body
	return n, nil
}

func (c *Client) readNotification(pairs []sign.Pair) (*Notification, error) {
	if err := received.UTF8(pairs); err != nil {
		return nil, err
	}
	if err := c.verifyForm(pairs); err != nil {
		again, twice := unescaped(pairs)
		if !twice || c.verifyForm(again) != nil {
			return nil, err
		}
		pairs = again
	}
	n := &Notification{}
	for _, p := range pairs {
		known, err := c.call.Fields.Set(n, p.Name, p.Value)
		if err != nil || !known && p.Name != "sign" && p.Name != "signature" { // an amount that is not one is no reason to lose a genuine message
			if n.Extra == nil {
				n.Extra = map[string]string{}
			}
			n.Extra[p.Name] = p.Value
		}
	}
	switch {
	case n.OrderNo == "" || n.AcqMerID == "" || n.TxnAmt <= 0:
		return nil, fmt.Errorf("%w: no orderNo, acqMerId or txnAmt", cnpay.ErrMalformed)
	case n.AcqSpID != c.call.Account:
		return nil, fmt.Errorf("%w: acqSpId is not the client's", cnpay.ErrMismatch)
	}
	n.Outcome = n.judge()
	n.Ticket = c.ticketOf(n)
	return n, nil
}

// unescaped are the values of a form that was encoded twice, which UMPay's own receiver of notifications expects. The
// signature decides whether it was.
func unescaped(pairs []sign.Pair) (again []sign.Pair, twice bool) {
	again = slices.Clone(pairs)
	for i, p := range again {
		if value, err := url.QueryUnescape(p.Value); err == nil && strings.Contains(p.Value, "%") {
			again[i].Value, twice = value, true
		}
	}
	return again, twice
}

func (c *Client) verifyForm(pairs []sign.Pair) error {
	message := make(object, len(pairs))
	for i, p := range pairs {
		message[i] = member{name: p.Name, text: p.Value}
	}
	slices.SortFunc(message, func(a, b member) int { return strings.Compare(a.name, b.name) })
	signature := cmp.Or(message.take("sign"), message.take("signature"))
	return c.genuine(message, strings.ReplaceAll(signature, " ", "+")) // Base64 has no blank: it was a "+" that nobody encoded
}

// judge is what the arrival of a notification says.
func (n *Notification) judge() cnpay.Outcome {
	switch n.NotifyType {
	case NotifySale:
		switch n.OrderType {
		case Alipay, WeChat, UnionPay:
			return cnpay.Succeeded
		}
		return cnpay.Pending
	case NotifyVoid, NotifyRefund:
		return cnpay.Succeeded
	}
	return cnpay.Unknown
}

// ticketOf names the operation that a notification is about, as far as it does.
func (c *Client) ticketOf(n *Notification) cnpay.Ticket {
	t := cnpay.Ticket{
		Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account, Order: n.OrderNo,
		Fields: c.call.Asked(n, "acqMerId", "orderNo", "transIndex", "payTime"),
	}
	if of := n.Operations(); len(of) == 1 {
		t.Operation = of[0]
	}
	switch n.NotifyType {
	case NotifySale:
		t.Fields["txnAmt"] = strconv.FormatInt(n.TxnAmt, 10)
	case NotifyRefund:
		t.Order = n.RefundOrderNo
	}
	return t
}

// Operations are those that the notification may be about.
func (n *Notification) Operations() []string {
	switch n.NotifyType {
	case NotifySale:
		return []string{OpOrderWalletOrder, OpOrderPayByCode, OpOrderCreateQR, OpTerminalOrder}
	case NotifyVoid:
		return []string{OpOrderCancel}
	case NotifyRefund:
		return []string{OpOrderRefund}
	}
	return nil
}

// NotificationHandler is the address that BackURL names. It verifies each notification and hands it to handle, which must
// store it before it returns nil: only then is the notification acknowledged. After an error UMPay sends it again, at once and
// then at most four times, a minute apart. It sends some again that were answered well, so handle acts once on each Key.
// handle is called from several goroutines. The client's logger hears of every notification.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n *Notification) error) http.Handler {
	return received.Handler[*Notification]{
		Provider: c.call.Provider, Logger: c.call.Settings.Logger, Parse: c.ParseNotification, Handle: handle, Answer: answer,
		Attrs: func(n *Notification) []slog.Attr { return []slog.Attr{slog.String("type", n.NotifyType)} },
	}
}

func answer(w http.ResponseWriter, status int) {
	switch status {
	case http.StatusOK:
		reply(w, status, "00", "success")
	case http.StatusInternalServerError:
		reply(w, status, "99", "not stored")
	case http.StatusMethodNotAllowed:
		reply(w, status, "11", "only POST")
	default:
		reply(w, status, "11", "not a genuine notification")
	}
}

func reply(w http.ResponseWriter, status int, code, text string) {
	body, _ := json.Marshal(map[string]string{"respCode": code, "respMsg": text}) // never fails
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
