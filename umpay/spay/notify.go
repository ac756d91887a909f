package spay

import (
	"cmp"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

// Notification says how an order or a refund ended (支付结果通知, pay_result_notify). It is verified. UMPay sends it more
// than once and in any order, and sends none of much that happens: it is a hint, and a query has the state of now.
//
//cnpay:notification spay_pay_result_notify
type Notification struct {
	// Extra are the fields that no document names, by wire name.
	Extra map[string]string `json:"-"`
	// Raw is the query string as received.
	Raw string `json:"-"`

	// Service is pay_result_notify (接口名称). Notifications of payouts have none.
	Service string `json:"service" spec:"M S..32"`
	// Charset is that of the query string (编码).
	Charset string `json:"charset" spec:"M S..16"`
	// MerID is the merchant (商户号), the client's.
	MerID string `json:"mer_id" spec:"M S..8"`
	// Version is the protocol's (版本号), 4.0.
	Version string `json:"version" spec:"M S..3"`
	// TradeNo is UMPay's number of the order (U付交易号).
	TradeNo string `json:"trade_no" spec:"M S..16"`
	// OrderID is the order number (商户订单号).
	OrderID string `json:"order_id" spec:"M S..32"`
	// MerDate is the day of the order (商户订单日期).
	MerDate string `json:"mer_date" spec:"M S..8"`
	// PayDate is the day of the payment (支付日期).
	PayDate string `json:"pay_date" spec:"M S..8"`
	// Amount is the amount of the order (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..13"`
	// AmtType is the currency (付款币种), RMB.
	AmtType string `json:"amt_type" spec:"M S..8"`
	// PayType is what it was paid with (支付方式).
	PayType string `json:"pay_type" spec:"M S..16"`
	// SettleDate is the day in whose settlement file it is (对账日期).
	SettleDate string `json:"settle_date" spec:"M S..8"`
	// TradeState is the state of the order (交易状态), [TradeSuccess] and the like; of a payout a number.
	TradeState string `json:"trade_state" spec:"M S..32"`
	// ErrorCode is why it failed (交易错误码), 0000 in all that were recorded.
	ErrorCode string `json:"error_code" spec:"C S"`
	// GoodsID is the number of what was sold (商品号).
	GoodsID string `json:"goods_id" spec:"C S..8"`
	// MerPriv is the merchant's own text (商户私有域).
	MerPriv string `json:"mer_priv" spec:"C S..128"`
	// MediaID is how the payer is reached (媒介标识).
	MediaID string `json:"media_id" spec:"C S..32 secret"`
	// MediaType is what MediaID is (媒介类型).
	MediaType string `json:"media_type" spec:"C S..16"`
	// GateID is the bank (发卡银行编号).
	GateID string `json:"gate_id" spec:"C S..16"`
	// PaySeq is the bank's number of the payment (银行流水号).
	PaySeq string `json:"pay_seq" spec:"C S"`
	// LastFourCardID are the last four digits of the card (卡号后四位).
	LastFourCardID string `json:"last_four_cardid" spec:"C S"`
	// UsrBusiAgreementID is the payer's agreement with the merchant (用户业务协议号).
	UsrBusiAgreementID string `json:"usr_busi_agreement_id" spec:"C S..64"`
	// UsrPayAgreementID is the payer's agreement about the card (用户支付协议号).
	UsrPayAgreementID string `json:"usr_pay_agreement_id" spec:"C S..64"`
	// CardHolder is the name (持卡人姓名), encrypted for the merchant's key: see [Client.Decrypt].
	CardHolder string `json:"card_holder" spec:"C S..256 secret"`
	// IdentityCode is the number of the document (证件号), encrypted likewise.
	IdentityCode string `json:"identity_code" spec:"C S..256 secret"`
	// IdentityType is the kind of document (证件类型).
	IdentityType string `json:"identity_type" spec:"C S..32"`

	// RefundNo is the refund that it is about, if it is about one; third parties' programs are the witness.
	RefundNo string `json:"refund_no" spec:"C S..16"`
	// RefundState is the state of that refund; likewise.
	RefundState string `json:"refund_state" spec:"C S..32"`

	ticket cnpay.Ticket
}

// Key distinguishes notifications: two with the same key say the same, however often they are delivered.
func (n *Notification) Key() string {
	return strings.Join([]string{n.MerID, n.MerDate, n.OrderID, n.TradeNo, n.RefundNo, n.TradeState, n.RefundState}, "|")
}

// CallOutcome is the outcome of the order or the refund by its state, Unknown where ErrorCode contradicts a success.
func (n *Notification) CallOutcome() cnpay.Outcome {
	switch {
	case n.Service == "": // of a payout
		return cnpay.Unknown
	case n.RefundNo != "":
		return n.withoutError(judgeRefundState(cmp.Or(n.RefundState, n.TradeState)))
	}
	return n.withoutError(judgeTradeState(n.TradeState))
}

// withoutError is the outcome unless it is a success that comes with an error.
func (n *Notification) withoutError(outcome cnpay.Outcome) cnpay.Outcome {
	if outcome == cnpay.Succeeded && n.ErrorCode != "" && n.ErrorCode != RetSuccess {
		return cnpay.Unknown
	}
	return outcome
}

// CallTicket names the order, and the refund where it is about one. Which operation made the order the message does not
// say.
func (n *Notification) CallTicket() cnpay.Ticket { return n.ticket }

// Operations are those that the notification may be about; of a payout none of this package.
func (n *Notification) Operations() []string {
	switch {
	case n.Service == "":
		return nil
	case n.RefundNo != "":
		return []string{OpOrderRefund}
	}
	return []string{
		OpOrderCreateQR, OpOrderCreateQRPage, OpOrderPayByCode, OpOrderMiniProgramOrder, OpOrderAppOrder,
		OpPageWallet, OpPageWeb, OpPageMobile, OpQuickPayApply, OpQuickPayConfirm,
	}
}

// ParseNotification reads and verifies a notification, which is a GET request.
func (c *Client) ParseNotification(r *http.Request) (*Notification, error) {
	if r == nil || r.URL == nil {
		return nil, fmt.Errorf("umpay/spay: notification: %w: no request", cnpay.ErrMalformed)
	}
	return c.parseNotification(r.URL.RawQuery)
}

// ParseNotificationBody is [Client.ParseNotification] of a query string (behind the "?") that was stored as it came.
func (c *Client) ParseNotificationBody(query []byte) (*Notification, error) {
	return c.parseNotification(strings.Trim(string(query), "\ufeff \t\r\n")) // what an editor or a log leaves around it
}

func (c *Client) parseNotification(query string) (*Notification, error) {
	const most = 64 << 10
	if err := received.Limit(len(query), most); err != nil {
		return nil, fmt.Errorf("umpay/spay: notification: %w", err)
	}
	n := &Notification{Raw: query}
	if err := c.readNotification(n, query); err != nil {
		return nil, fmt.Errorf("umpay/spay: notification: %w", err)
	}
	return n, nil
}

func (c *Client) readNotification(n *Notification, query string) error {
	received, err := pairs(query)
	if err == nil {
		received, err = unescape(received)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	verified, err := c.verify(received)
	if err != nil {
		return err
	}
	if n.Extra, err = c.set(n, verified); err != nil {
		return err
	}
	switch {
	case n.Version != "4.0":
		return fmt.Errorf("%w: version is %q, not 4.0", cnpay.ErrMismatch, n.Version)
	case n.MerID != c.call.Account:
		return fmt.Errorf("%w: mer_id is not the client's", cnpay.ErrMismatch)
	case n.Service != "pay_result_notify" && n.Service != "":
		return fmt.Errorf("%w: service is %q, not pay_result_notify", cnpay.ErrMismatch, n.Service)
	case n.OrderID == "", n.MerDate == "", n.TradeState == "", n.Amount <= 0:
		return fmt.Errorf("%w: it lacks order_id, mer_date, amount or trade_state", cnpay.ErrMalformed)
	}
	n.ticket = cnpay.Ticket{
		Provider: c.call.Provider, Gateway: c.call.Host(), Account: n.MerID, Order: n.OrderID,
		Fields: c.call.Asked(n, "order_id", "mer_date", "trade_no", "amount"),
	}
	if of := n.Operations(); len(of) == 1 {
		n.ticket.Operation = of[0]
	}
	if n.RefundNo != "" {
		n.ticket.Order = n.RefundNo
		n.ticket.Fields = c.call.Asked(n, "order_id", "mer_date", "trade_no", "refund_no")
	}
	return nil
}

// another finds, inside a value, what could be a pair of its own. The text that is signed has no escapes, so such a value
// and two pairs are signed alike: whoever moved the border could drop a field, or make one.
var another = regexp.MustCompile(`&[^&=]*=`)

// unescape decodes the values of a query string: UTF-8 or GBK, the same in all of it.
func unescape(escaped []sign.Pair) ([]sign.Pair, error) {
	all := make([]sign.Pair, len(escaped))
	for i, p := range escaped {
		value, err := url.QueryUnescape(p.Value)
		if err != nil {
			return nil, fmt.Errorf("%s: not URL-encoded", p.Name)
		}
		if value, err = utf8Of(value); err != nil {
			return nil, fmt.Errorf("%s: %w", p.Name, err)
		}
		if another.MatchString(value) && p.Name != "sign" {
			return nil, fmt.Errorf("%s holds what could be another field", p.Name)
		}
		all[i] = sign.Pair{Name: p.Name, Value: value}
	}
	return all, nil
}

// Decrypt reads an encrypted field of a verified notification with the merchant's key, which must also be a
// [crypto.Decrypter].
func (c *Client) Decrypt(secret string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(secret)
	key, ok := c.key.(crypto.Decrypter)
	if err != nil || !ok {
		return "", errors.New("umpay/spay: decrypt: not Base64, or the key cannot decrypt")
	}
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	plain, err := key.Decrypt(rand.Reader, raw, &rsa.PKCS1v15DecryptOptions{})
	if err == nil {
		var text string
		if text, err = simplifiedchinese.GB18030.NewDecoder().String(string(plain)); err == nil {
			return text, nil
		}
	}
	return "", errors.New("umpay/spay: decrypt: not encrypted for this key") // without the cause: nothing of the text may be in an error
}

// Reply is the page that UMPay expects as the answer to a notification, signed with the merchant's key. Until it gets one,
// UMPay repeats the notification.
func (c *Client) Reply(n *Notification) ([]byte, error) {
	all := make([]sign.Pair, 0, 5)
	for _, p := range [...]sign.Pair{
		{Name: "mer_date", Value: n.MerDate}, {Name: "mer_id", Value: n.MerID}, {Name: "order_id", Value: n.OrderID},
		{Name: "ret_code", Value: RetSuccess}, {Name: "version", Value: "4.0"},
	} {
		if p.Value != "" {
			all = append(all, p)
		}
	}
	return c.page(all)
}

// NotificationHandler verifies notifications, hands them to handle, and answers as UMPay expects it: with the signed page
// where handle returns nil, else with an error, so that UMPay repeats the notification. handle must do for the second
// delivery what is right after the first (see [Notification.Key]), and should query an order before goods leave.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n *Notification) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, err := c.ParseNotification(r)
		status := http.StatusBadRequest
		var page []byte
		if err == nil {
			status = http.StatusInternalServerError
			if err = handle(r.Context(), n); err == nil {
				page, err = c.Reply(n)
			}
		}
		c.logNotification(r.Context(), n, err)
		if err != nil {
			http.Error(w, http.StatusText(status), status)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		_, _ = w.Write(page) // the only error left is UMPay's connection
	})
}

func (c *Client) logNotification(ctx context.Context, n *Notification, err error) {
	if n == nil {
		received.Log(ctx, c.call.Settings.Logger, c.call.Provider, nil, err)
		return
	}
	received.Log(ctx, c.call.Settings.Logger, c.call.Provider, n, err, slog.String("state", n.TradeState))
}
