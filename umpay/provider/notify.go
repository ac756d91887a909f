package provider

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
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

// Key distinguishes notifications: two with the same key say the same, however often they are delivered.
func (n *Notification) Key() string {
	return strings.Join([]string{n.AcqMerID, n.OrderNo, n.NotifyType, cmp.Or(n.RefundOrderNo, n.TransIndex)}, "|")
}

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge],
// [cnpay.ErrSignature] or, for a genuine one to another service provider, [cnpay.ErrMismatch]. A form that was parsed
// before is taken as it is.
func (c *Client) ParseNotification(r *http.Request) (*Notification, error) {
	switch {
	case r == nil || r.Body == nil && r.PostForm == nil:
		return nil, fmt.Errorf("umpay/provider: notification: %w: no body", cnpay.ErrMalformed)
	case len(r.PostForm) > 0:
		n, err := c.notificationOf(r.PostForm)
		if n != nil {
			n.Raw = []byte(r.PostForm.Encode())
		}
		return n, err
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostNotification+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("umpay/provider: notification: %w: %w", cnpay.ErrTransport, err)
	case len(body) == 0:
		return nil, fmt.Errorf("umpay/provider: notification: %w: empty body, or read before; see ParseNotificationBody", cnpay.ErrMalformed)
	}
	return c.ParseNotificationBody(body)
}

// ParseNotificationBody is ParseNotification of a body that was stored, or read by a framework.
func (c *Client) ParseNotificationBody(body []byte) (*Notification, error) {
	if len(body) > mostNotification {
		return nil, fmt.Errorf("umpay/provider: notification: %w: more than %d bytes", cnpay.ErrTooLarge, mostNotification)
	}
	if len(body) == 0 {
		return nil, fmt.Errorf("umpay/provider: notification: %w: empty body", cnpay.ErrMalformed)
	}
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, fmt.Errorf("umpay/provider: notification: %w: not a form", cnpay.ErrMalformed)
	}
	n, err := c.notificationOf(form)
	if n != nil {
		n.Raw = slices.Clone(body)
	}
	return n, err
}

func (c *Client) notificationOf(form url.Values) (*Notification, error) {
	n, err := c.readNotification(form)
	if err != nil {
		return nil, fmt.Errorf("umpay/provider: notification: %w", err)
	}
	return n, nil
}

func (c *Client) readNotification(form url.Values) (*Notification, error) {
	pairs, err := pairsOf(form)
	if err != nil {
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

// pairsOf are the fields of a form, each of which must be there once.
func pairsOf(form url.Values) ([]sign.Pair, error) {
	if len(form) > mostPairs {
		return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, mostPairs)
	}
	pairs := make([]sign.Pair, 0, len(form))
	for name, values := range form {
		switch {
		case len(values) != 1:
			return nil, fmt.Errorf("%w: %.40q is duplicated", cnpay.ErrMalformed, name)
		case !utf8.ValidString(values[0]):
			return nil, fmt.Errorf("%w: %.40q is not UTF-8", cnpay.ErrMalformed, name)
		}
		pairs = append(pairs, sign.Pair{Name: name, Value: values[0]})
	}
	return pairs, nil
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
	switch n.NotifyType {
	case NotifyVoid:
		t.Operation = OpOrderCancel
	case NotifyRefund:
		t.Operation, t.Order = OpOrderRefund, n.RefundOrderNo
	}
	return t
}

// NotificationHandler is the address that BackURL names. It verifies each notification and hands it to handle, which must
// store it before it returns nil: only then is the notification acknowledged. After an error UMPay sends it again, at once and
// then at most four times, a minute apart. It sends some again that were answered well, so handle acts once on each Key.
// handle is called from several goroutines. The client's logger hears of every notification.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n *Notification) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "only POST", http.StatusMethodNotAllowed)
			return
		}
		n, err := c.ParseNotification(r)
		if err != nil {
			c.logNotification(r.Context(), &Notification{}, err)
			reply(w, http.StatusBadRequest, "11", "not a genuine notification")
			return
		}
		err = handle(r.Context(), n)
		c.logNotification(r.Context(), n, err)
		if err != nil {
			reply(w, http.StatusInternalServerError, "99", "not stored")
			return
		}
		reply(w, http.StatusOK, "00", "success")
	})
}

func reply(w http.ResponseWriter, status int, code, text string) {
	body, _ := json.Marshal(map[string]string{"respCode": code, "respMsg": text}) // never fails
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func (c *Client) logNotification(ctx context.Context, n *Notification, err error) {
	if c.call.Settings.Logger == nil {
		return
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("provider", c.call.Provider), slog.String("type", n.NotifyType), slog.String("order", n.OrderNo),
		slog.String("outcome", n.Outcome.String()),
	}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("reason", fmt.Sprintf("%.300s", err))) // what a forger wrote may be long
	}
	c.call.Settings.Logger.LogAttrs(ctx, level, "cnpay notification", attrs...)
}
