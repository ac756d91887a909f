package upay

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

// NotificationKey is the public key of Upay's platform, the same for all merchants, with which it signs notifications. No
// document has it; some ten public programs do, all alike. It is what Config.NotificationKeys has by default.
const NotificationKey = "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA5+MNqcjgw4bsSWhJfw2M" +
	"+gQB7P+pEiYOfvRmA6kt7Wisp0J3JbOtsLXGnErn5ZY2D8KkSAHtMYbeddphFZQJ" +
	"zUbiaDi75GUAG9XS3MfoKAhvNkK15VcCd8hFgNYCZdwEjZrvx6Zu1B7c29S64LQP" +
	"HceS0nyXF8DwMIVRcIWKy02cexgX0UmUPE0A2sJFoV19ogAHaBIhx5FkTy+eeBJE" +
	"bU03Do97q5G9IN1O3TssvbYBAzugz+yUPww2LadaKexhJGg+5+ufoDd0+V3oFL0/" +
	"ebkJvD0uiBzdE3/ci/tANpInHAUDIHoWZCKxhn60f3/3KiR8xuj2vASgEqphxT5O" +
	"fwIDAQAB"

// mostNotification caps the size of a notification. Real ones have about a thousand bytes.
const mostNotification = 64 << 10

// Notification is a verified message of Upay about an order, to the request's NotifyURL (支付成功回调).
//
// A genuine notification is not yet the right one: find the order by ClientSN, compare TotalAmount, and query once before
// goods are shipped. Notifications come repeatedly and out of order, and not only of payments that succeeded.
//
//cnpay:notification payment_notification
type Notification struct {
	// Order is the order; TerminalSN and others may be missing.
	Order

	// Extra are the fields that no document names, by wire name.
	Extra map[string]string `json:"-"`
	// Raw is the body as received.
	Raw []byte `json:"-"`

	ticket cnpay.Ticket
}

// Key distinguishes notifications: two with the same key say the same, however often they are delivered. Remember it once
// what the notification says is stored.
func (n *Notification) Key() string {
	key := []string{n.SN, n.ClientSN, n.ClientTSN, n.Status, n.OrderStatus}
	if n.NetAmount != nil {
		key = append(key, strconv.FormatInt(*n.NetAmount, 10))
	}
	return strings.Join(key, "|")
}

// CallOutcome is what the order's state says of the operation that CallTicket names, not that a notification came:
// Succeeded where it is PAID or was refunded since, Failed where it is PAY_CANCELED or CANCELED, Pending while it is open,
// Unknown otherwise: PAY_ERROR for example, or an order that contradicts itself. Then query.
func (n *Notification) CallOutcome() cnpay.Outcome {
	outcome, _ := n.judge()
	return outcome
}

// Cause says why the outcome is Unknown where the order contradicts itself.
func (n *Notification) Cause() error {
	_, cause := n.judge()
	return cause
}

// judge reads the order's state each time, so that a notification which was stored as JSON says the same when it is read back.
func (n *Notification) judge() (cnpay.Outcome, error) {
	if n.ofRefund() {
		return n.Order.refunded()
	}
	return n.Order.paid()
}

// CallTicket names the operation that the notification is about, as far as it says: not whether an order that is paid
// inside a wallet was made by CreateQR or by the cashier's page, for example.
func (n *Notification) CallTicket() cnpay.Ticket { return n.ticket }

func (n *Notification) ofRefund() bool { return n.ClientTSN != "" && n.ClientTSN != n.ClientSN }

// Operations are those that the notification may be about.
func (n *Notification) Operations() []string {
	switch {
	case n.ofRefund():
		return []string{OpOrderRefund}
	case n.SubPayway == SubPaywayBarCode:
		return []string{OpOrderPayByCode}
	case n.SubPayway == SubPaywayQR, n.SubPayway == SubPaywayMiniProgram:
		return []string{OpOrderCreateQR}
	}
	return []string{OpOrderPayByCode, OpOrderCreateQR, OpPageCashier}
}

// ParseNotification verifies a notification and returns it. Its body must not have been read before.
func (c *Client) ParseNotification(r *http.Request) (*Notification, error) {
	body, parsed, err := received.Body(r, mostNotification)
	switch {
	case err != nil:
		return nil, notificationError(err)
	case parsed != nil:
		return nil, notificationError(fmt.Errorf("%w: the body was read before it came here: hand over its bytes", cnpay.ErrMalformed))
	}
	return c.ParseNotificationBytes(r.Header.Get("Authorization"), body)
}

// ParseNotificationBytes is [Client.ParseNotification] for a body that was read or stored, byte for byte, with the
// Authorization header that came with it.
func (c *Client) ParseNotificationBytes(authorization string, body []byte) (*Notification, error) {
	if err := received.Limit(len(body), mostNotification); err != nil {
		return nil, notificationError(err)
	}
	body, err := c.verifyNotification(authorization, body)
	if err != nil {
		return nil, notificationError(err)
	}
	n, err := c.readNotification(body)
	if err != nil {
		return nil, notificationError(err)
	}
	return n, nil
}

func notificationError(err error) error { return fmt.Errorf("upay: notification: %w", err) }

// verifyNotification verifies the bytes of a body and returns those that are signed. The signature is the last word of the
// header: the terminal's number may come before it.
func (c *Client) verifyNotification(authorization string, body []byte) (signed []byte, err error) {
	authorization = strings.TrimSpace(authorization)
	signature := authorization[strings.LastIndexByte(authorization, ' ')+1:]
	if signature == "" {
		return nil, fmt.Errorf("%w: no Authorization header", cnpay.ErrSignature)
	}
	err = c.notifications.Verify(body, signature)
	if err == nil {
		return body, nil
	}
	if trimmed := bytes.Trim(body, "\ufeff \t\r\n"); len(trimmed) < len(body) && c.notifications.Verify(trimmed, signature) == nil {
		return trimmed, nil // what an editor or a log leaves around a stored body is no part of it
	}
	return nil, fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
}

// readNotification reads a verified body. One page has the order's fields inside biz_response or data.
func (c *Client) readNotification(body []byte) (*Notification, error) {
	var message struct {
		Result
		Inner *Result `json:"biz_response" spec:"O"`
	}
	extra, err := c.call.Fields.DecodeJSON(body, &message)
	if err != nil {
		return nil, err
	}
	result := &message.Result
	if inner := message.Inner; inner != nil {
		if err := inner.normalize(); err != nil {
			return nil, err
		}
		if !result.Order.empty() || result.Data != nil {
			return nil, fmt.Errorf("%w: two orders", cnpay.ErrMalformed)
		}
		result = inner
	}
	if err := result.normalize(); err != nil {
		return nil, err
	}
	if result.Order.SN == "" && result.Order.ClientSN == "" {
		return nil, fmt.Errorf("%w: names no order", cnpay.ErrMalformed)
	}
	n := &Notification{Order: result.Order, Extra: extra, Raw: body}
	n.ticket = cnpay.Ticket{
		Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account, Order: n.ClientSN,
		Fields: c.call.Asked(n, "sn", "client_sn", "total_amount"),
	}
	if n.ofRefund() {
		n.ticket.Order = n.ClientTSN
	}
	if of := n.Operations(); len(of) == 1 {
		n.ticket.Operation = of[0]
	}
	return n, nil
}

// NotificationHandler verifies notifications and hands them to handle. It answers what Upay expects, "success", when
// handle returns nil. Anything else makes Upay send the notification again: 1, 5, 30 and 600 seconds later.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n *Notification) error) http.Handler {
	return received.Handler[*Notification]{
		Provider: c.call.Provider, Logger: c.call.Settings.Logger, Parse: c.ParseNotification, Handle: handle, Answer: received.Text("success"),
		Attrs: func(n *Notification) []slog.Attr { return []slog.Attr{slog.String("code", n.OrderStatus)} },
	}
}

// notificationKeys reads the keys that verify notifications.
func notificationKeys(keys []string) (sign.Verifier, error) {
	if len(keys) == 0 {
		keys = []string{NotificationKey}
	}
	var verifiers []sign.Verifier
	var errs error
	for i, text := range keys {
		key, err := sign.LoadPublicKey([]byte(text))
		if err == nil {
			var verifier sign.Verifier
			if verifier, err = sign.NewPlainRSAVerifier(key, crypto.SHA256); err == nil {
				verifiers = append(verifiers, verifier)
				continue
			}
		}
		errs = errors.Join(errs, fmt.Errorf("notification key %d: %w", i+1, err))
	}
	return sign.AnyOf(verifiers...), errs
}
