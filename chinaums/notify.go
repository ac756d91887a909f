package chinaums

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

const (
	mostNotification = 256 << 10 // bytes; real ones have a few thousand
	mostFields       = 200
)

func limits() received.Limits { return received.Limits{Bytes: mostNotification, Fields: mostFields} }

const sourceLength = 4 // of the source number at the beginning of an order's number

// receiver verifies what one communication key (通讯密钥) has signed.
type receiver struct{ md5, sha256 *sign.Keyed }

func receiversOf(keys map[string][]cnpay.Secret) (map[string][]receiver, error) {
	receivers := map[string][]receiver{}
	var faults []error
	for source, secrets := range keys {
		if source != "" && len(source) != sourceLength {
			faults = append(faults, fmt.Errorf("source number %q of a communication key is not of %d characters", source, sourceLength))
		}
		for _, secret := range secrets {
			key, err := credential.Required("communication key", secret.Reveal())
			if err != nil {
				faults = append(faults, err)
				continue
			}
			var r receiver
			var noMD5, noSHA256 error
			r.md5, noMD5 = sign.NewSuffixMD5(key)
			r.sha256, noSHA256 = sign.NewSuffixSHA256(key)
			faults = append(faults, noMD5, noSHA256)
			receivers[source] = append(receivers[source], r)
		}
	}
	return receivers, errors.Join(faults...)
}

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge] or
// [cnpay.ErrSignature].
//
// Only the body counts: parameters in the address are not signed. It is read here, unless somebody has parsed
// the request's form already; [Client.ParseNotificationBody] takes one that was stored.
func (c *Client) ParseNotification(r *http.Request) (Notification, error) {
	pairs, err := inUTF8(limits().Form(r))
	if err != nil {
		return nil, fmt.Errorf("chinaums: notification: %w", err)
	}
	return c.notification(pairs)
}

// ParseNotificationBody is [Client.ParseNotification] of a body that was read or stored before.
func (c *Client) ParseNotificationBody(body []byte) (Notification, error) {
	pairs, err := inUTF8(limits().Pairs(body))
	if err != nil {
		return nil, fmt.Errorf("chinaums: notification: %w", err)
	}
	return c.notification(pairs)
}

// ParseReturn reads and verifies what the payer's browser brings to ReturnURL. See [Return] for what it is worth.
func (c *Client) ParseReturn(r *http.Request) (*Return, error) {
	if r == nil || r.URL == nil {
		return nil, fmt.Errorf("chinaums: return: %w: no request", cnpay.ErrMalformed)
	}
	return c.ParseReturnQuery(r.URL.RawQuery)
}

// ParseReturnQuery is [Client.ParseReturn] of a query string. All of its parameters must be ChinaUMS's.
func (c *Client) ParseReturnQuery(query string) (*Return, error) {
	res := &Return{}
	pairs, err := inUTF8(limits().Pairs([]byte(query)))
	if err == nil {
		err = c.verifyPairs(pairs)
	}
	if err != nil {
		return nil, fmt.Errorf("chinaums: return: %w", err)
	}
	res.Extra = c.fillIn(res, pairs)
	return res, nil
}

// inUTF8 are fields that are all of them in UTF-8.
func inUTF8(pairs []sign.Pair, err error) ([]sign.Pair, error) {
	if err == nil {
		err = received.UTF8(pairs)
	}
	return pairs, err
}

func fieldOf(pairs []sign.Pair, name string) string {
	for _, p := range pairs {
		if p.Name == name {
			return p.Value
		}
	}
	return ""
}

// verifyPairs checks the signature over the values as they were received: all of them but sign and those that are empty,
// signType and the random one included. Where signType is missing the signature's length says which digest it is.
func (c *Client) verifyPairs(pairs []sign.Pair) error {
	signature, signType := fieldOf(pairs, "sign"), fieldOf(pairs, "signType")
	number := cmp.Or(fieldOf(pairs, "merOrderId"), fieldOf(pairs, "billNo"))
	receivers := c.receivers[number[:min(len(number), sourceLength)]]
	if receivers == nil {
		receivers = c.receivers[""]
	}
	signed := make([]sign.Pair, 0, len(pairs))
	for _, p := range pairs {
		if p.Name != "sign" && p.Value != "" {
			signed = append(signed, p)
		}
	}
	text, err := sign.Canonical(signed)
	if err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	switch {
	case signature == "":
		return fmt.Errorf("%w: sign is missing", cnpay.ErrSignature)
	case len(receivers) == 0:
		return fmt.Errorf("%w: no communication key is configured for its source number", cnpay.ErrSignature)
	}
	long := len(signature) == 64 // hexadecimal digits of a SHA-256
	if signType != "" {
		long = signType == "SHA256"
	}
	if signType != "" && signType != "MD5" && signType != "SHA256" {
		return fmt.Errorf("%w: its signType is neither MD5 nor SHA256", cnpay.ErrSignature)
	}
	for _, r := range receivers {
		verifier := r.md5
		if long {
			verifier = r.sha256
		}
		if err = verifier.Verify(text, signature); err == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
}

func (c *Client) notification(pairs []sign.Pair) (Notification, error) {
	if err := c.verifyPairs(pairs); err != nil {
		return nil, fmt.Errorf("chinaums: notification: %w", err)
	}
	var n interface {
		Notification
		about() (outcome cnpay.Outcome, order string)
	} = &OrderNotification{}
	if fieldOf(pairs, "merOrderId") == "" && (fieldOf(pairs, "billNo") != "" || fieldOf(pairs, "billStatus") != "") {
		n = &BillNotification{}
	}
	notice := n.Common()
	notice.Extra = c.fillIn(n, pairs)
	notice.Ticket = cnpay.Ticket{Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account, Fields: map[string]string{}}
	for _, name := range kept() {
		if value := fieldOf(pairs, name); value != "" {
			notice.Ticket.Fields[name] = value
		}
	}
	notice.Outcome, notice.Ticket.Order = n.about()
	if of := n.Operations(); len(of) == 1 {
		notice.Ticket.Operation = of[0]
	}
	return n, nil
}

// fillIn puts the fields into dst, and returns those that it does not have or whose value cannot be read: no reason to
// lose a genuine message.
func (c *Client) fillIn(dst any, pairs []sign.Pair) (extra map[string]string) {
	own := []string{"outcome", "ticket", "extra"} // of the struct, and of no document
	for _, p := range pairs {
		known, err := false, error(nil)
		switch {
		case slices.Contains(own, p.Name):
		case p.Name == "billPayment":
			known, err = c.payment(dst, p.Value)
		case p.Name == "extraBuyerInfo":
			if n, ok := dst.(*BillNotification); ok && strings.HasPrefix(p.Value, "{") {
				n.ExtraBuyerInfo, known = []byte(p.Value), true
			}
		default:
			known, err = c.call.Fields.Set(dst, p.Name, p.Value)
		}
		if !known || err != nil {
			if extra == nil {
				extra = map[string]string{}
			}
			extra[p.Name] = p.Value
		}
	}
	return extra
}

// payment reads the payment of a bill, which comes as JSON in text.
func (c *Client) payment(dst any, text string) (known bool, err error) {
	if text == "" {
		return true, nil
	}
	p := &Payment{}
	if _, err = c.call.Fields.DecodeJSON([]byte(text), p); err != nil {
		return true, err
	}
	switch n := dst.(type) {
	case *BillNotification:
		n.BillPayment = p
	case *Return:
		n.BillPayment = p
	default:
		return false, nil
	}
	return true, nil
}

// NotificationHandler is the address that NotifyURL names. It verifies each notification and hands it to handle, which
// must store it before it returns nil: only then ChinaUMS hears SUCCESS. After an error it hears FAILED and sends the
// notification again, several times within a day. handle is called from several goroutines. The client's logger hears of
// every one.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n Notification) error) http.Handler {
	return received.Handler[Notification]{
		Provider: c.call.Provider, Logger: c.call.Settings.Logger, Parse: c.ParseNotification, Handle: handle,
		Answer: func(w http.ResponseWriter, status int) {
			text := "FAILED"
			if status == http.StatusOK {
				text = "SUCCESS"
			}
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text) // ChinaUMS sends it again where it did not hear the answer
		},
	}
}
