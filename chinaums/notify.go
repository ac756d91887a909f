package chinaums

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/sign"
)

const (
	mostNotification = 256 << 10 // bytes; real ones have a few thousand
	mostFields       = 200
	sourceLength     = 4 // of the source number at the beginning of an order's number
)

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
// Only the body counts: parameters in the address are nobody's signed word. It is read here, unless somebody has parsed
// the request's form already; [Client.ParseNotificationBody] takes one that was stored.
func (c *Client) ParseNotification(r *http.Request) (Notification, error) {
	pairs, err := received(r)
	if err != nil {
		return nil, fmt.Errorf("chinaums: notification: %w", err)
	}
	return c.notification(pairs)
}

// ParseNotificationBody is [Client.ParseNotification] of a body that was read or stored before.
func (c *Client) ParseNotificationBody(body []byte) (Notification, error) {
	pairs, err := bodyPairs(body)
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
	pairs, err := bodyPairs([]byte(query))
	if err == nil {
		err = c.verifyPairs(pairs)
	}
	if err != nil {
		return nil, fmt.Errorf("chinaums: return: %w", err)
	}
	res.Extra = c.fillIn(res, pairs)
	return res, nil
}

// received are the fields of a request's body.
func received(r *http.Request) ([]sign.Pair, error) {
	switch {
	case r == nil:
		return nil, fmt.Errorf("%w: no request", cnpay.ErrMalformed)
	case len(r.PostForm) > 0: // somebody has read the body
		var pairs []sign.Pair
		for name, values := range r.PostForm {
			for _, value := range values { // two of one name are refused by the signature's rule
				pairs = append(pairs, sign.Pair{Name: name, Value: value})
			}
		}
		return checkPairs(pairs)
	case r.Body == nil:
		return nil, fmt.Errorf("%w: no body", cnpay.ErrMalformed)
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, mostNotification+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", cnpay.ErrTransport, err)
	case len(body) == 0 && r.ContentLength > 0:
		return nil, fmt.Errorf("%w: the body was read before; use ParseNotificationBody", cnpay.ErrMalformed)
	}
	return bodyPairs(body)
}

// bodyPairs decodes a form, each name and value once, a plus into a blank. Line ends and a byte order mark around it are
// not part of it.
func bodyPairs(body []byte) ([]sign.Pair, error) {
	if len(body) > mostNotification {
		return nil, fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, mostNotification)
	}
	form := strings.Trim(strings.TrimPrefix(string(body), "\ufeff"), "\r\n\t ")
	if form == "" {
		return nil, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	}
	var pairs []sign.Pair
	for part := range strings.SplitSeq(form, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, ok := strings.Cut(part, "=")
		name, noName := url.QueryUnescape(rawName)
		value, noValue := url.QueryUnescape(rawValue)
		if !ok || noName != nil || noValue != nil {
			return nil, fmt.Errorf("%w: not a form", cnpay.ErrMalformed)
		}
		if pairs = append(pairs, sign.Pair{Name: name, Value: value}); len(pairs) > mostFields {
			break
		}
	}
	return checkPairs(pairs)
}

// checkPairs refuses what no notification is: a name with "=" or "&" in it could hide a field of the signed text.
func checkPairs(pairs []sign.Pair) ([]sign.Pair, error) {
	if len(pairs) > mostFields {
		return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, mostFields)
	}
	for _, p := range pairs {
		if p.Name == "" || strings.ContainsAny(p.Name, "=&") || !utf8.ValidString(p.Name) || !utf8.ValidString(p.Value) {
			return nil, fmt.Errorf("%w: not a form in UTF-8", cnpay.ErrMalformed)
		}
	}
	return pairs, nil
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
	seen := map[string]bool{}
	for _, p := range pairs {
		if seen[p.Name] {
			return fmt.Errorf("%w: %q is duplicated", cnpay.ErrMalformed, p.Name)
		}
		seen[p.Name] = true
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
		about() (outcome cnpay.Outcome, operation, order string)
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
	notice.Outcome, notice.Ticket.Operation, notice.Ticket.Order = n.about()
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
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := func(status int, text string) {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			w.WriteHeader(status)
			_, _ = io.WriteString(w, text) // ChinaUMS sends it again where it did not hear the answer
		}
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(http.StatusMethodNotAllowed, "FAILED")
			return
		}
		n, err := c.ParseNotification(r)
		if err != nil {
			c.logNotification(r.Context(), &Notice{}, err)
			answer(http.StatusBadRequest, "FAILED")
			return
		}
		err = handle(r.Context(), n)
		c.logNotification(r.Context(), n.Common(), err)
		if err != nil {
			answer(http.StatusInternalServerError, "FAILED")
			return
		}
		answer(http.StatusOK, "SUCCESS")
	})
}

func (c *Client) logNotification(ctx context.Context, n *Notice, err error) {
	l := c.call.Settings.Logger
	if l == nil {
		return
	}
	level := slog.LevelInfo
	if err != nil {
		level = slog.LevelWarn
	}
	l.LogAttrs(ctx, level, "cnpay notification", slog.String("provider", c.call.Provider),
		slog.String("operation", n.Ticket.Operation), slog.String("order", n.Ticket.Order),
		slog.String("outcome", n.Outcome.String()), slog.Bool("accepted", err == nil))
}
