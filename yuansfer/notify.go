package yuansfer

import (
	"bytes"
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

const (
	mostNotification = 256 << 10 // bytes; real ones have a few hundred
	mostFields       = 200
)

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge] or
// [cnpay.ErrSignature].
//
// Only the body counts: parameters in the address are nobody's signed word. It is read here, unless somebody has parsed the
// request's form already; [Client.ParseNotificationBody] takes one that was stored.
func (c *Client) ParseNotification(r *http.Request) (Notification, error) {
	n, err := c.fromRequest(r)
	if err != nil {
		return nil, fmt.Errorf("yuansfer: notification: %w", err)
	}
	return n, nil
}

// ParseNotificationBody is [Client.ParseNotification] of a body that was read or stored before: a form, or a JSON object.
func (c *Client) ParseNotificationBody(body []byte) (Notification, error) {
	n, err := c.fromBody(body)
	if err != nil {
		return nil, fmt.Errorf("yuansfer: notification: %w", err)
	}
	return n, nil
}

func (c *Client) fromRequest(r *http.Request) (Notification, error) {
	switch {
	case r == nil:
		return nil, fmt.Errorf("%w: no request", cnpay.ErrMalformed)
	case len(r.PostForm) > 0: // somebody has read the body
		pairs, err := valuePairs(r.PostForm)
		if err != nil {
			return nil, err
		}
		return c.fromPairs(pairs)
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
	return c.fromBody(body)
}

func (c *Client) fromBody(body []byte) (Notification, error) {
	if len(body) > mostNotification {
		return nil, fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, mostNotification)
	}
	read := formPairs
	if trimmed := bytes.TrimSpace(body); bytes.HasPrefix(trimmed, []byte("{")) {
		read = jsonPairs
	}
	pairs, err := read(string(body))
	if err != nil {
		return nil, err
	}
	return c.fromPairs(pairs)
}

// fromPairs verifies first and decodes second.
func (c *Client) fromPairs(pairs []sign.Pair) (Notification, error) {
	if err := c.verify(pairs); err != nil {
		return nil, err
	}
	n := newNotification(pairs)
	notice := n.Common()
	for _, p := range pairs {
		if hidden := c.hidden(n, p.Value); hidden != "" {
			return nil, fmt.Errorf("%w: %s can be read in two ways: there is a %s in it", cnpay.ErrSignature, p.Name, hidden)
		}
		if known, _ := c.call.Fields.Set(n, p.Name, p.Value); !known { // never fails for text
			if notice.Extra == nil {
				notice.Extra = map[string]string{}
			}
			notice.Extra[p.Name] = p.Value
		}
	}
	notice.Ticket = cnpay.Ticket{Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account}
	switch n := n.(type) {
	case *PaymentNotification:
		n.Outcome, n.Ticket.Order = judgeNotified(n.Status, judgePayment), cmp.Or(n.Reference, n.TransactionNo)
	case *OrderV4Notification:
		n.Outcome, n.Ticket.Order = judgeNotified(n.Status, judgePayment), cmp.Or(n.Reference, n.TransactionNo)
		n.Ticket.Operation = OpOrderV4Pay
	case *PayoutNotification:
		n.Outcome, n.Ticket.Order, n.Ticket.Operation = judgeNotified(n.Status, judgePayout), n.InvoiceID, OpPayoutCreate
	case *AgreementNotification:
		move(&n.Vendor, &n.CustomerBelongsTo)
		move(&n.Vendor, &n.CustomerBelongsToOther)
		n.Vendor = strings.ToLower(n.Vendor)
		n.Outcome, n.Ticket.Order, n.Ticket.Operation, n.Ticket.NoMoney = cnpay.Succeeded, n.AutoReference, OpConsult, true
	}
	return n, nil
}

// hidden is the name of a documented field that a value has in it as the signed text would have it: nothing is escaped there.
func (c *Client) hidden(n Notification, value string) string {
	for {
		_, rest, found := strings.Cut(value, "&")
		if !found {
			return ""
		}
		if name, _, ok := strings.Cut(rest, "="); ok && c.call.Fields.Has(n, name) {
			return name
		}
		value = rest
	}
}

// judgeNotified reads the state in a notification. One that comes without a state says nothing.
func judgeNotified(status string, judge func(string) cnpay.Outcome) cnpay.Outcome {
	if status == "" {
		return cnpay.Unknown
	}
	return judge(status)
}

// newNotification is of the kind that the names of the fields say.
func newNotification(pairs []sign.Pair) Notification {
	has := func(name string) bool {
		return slices.ContainsFunc(pairs, func(p sign.Pair) bool { return p.Name == name && p.Value != "" })
	}
	switch {
	case has("outAuthInfoNo"), has("authInfoNo"):
		return new(OtherNotification)
	case has("invoiceId"):
		return new(PayoutNotification)
	case has("completedAt"):
		return new(OrderV4Notification)
	case has("transactionNo"):
		return new(PaymentNotification)
	case has("autoDebitNo"):
		return new(AgreementNotification)
	}
	return new(OtherNotification)
}

// verify checks verifySign over all other fields, by each of the tokens: with empty values, as most of Yuansfer's SDKs sign
// them, or without, as the others do.
func (c *Client) verify(pairs []sign.Pair) error {
	signature := ""
	all, whole := make([]sign.Pair, 0, len(pairs)), make([]sign.Pair, 0, len(pairs))
	for _, p := range pairs {
		switch {
		case p.Name == "verifySign":
			signature = p.Value
			continue
		case p.Value != "":
			whole = append(whole, p)
		}
		all = append(all, p)
	}
	if signature == "" {
		return fmt.Errorf("%w: no verifySign", cnpay.ErrSignature)
	}
	candidates := [][]sign.Pair{all, whole}
	if len(all) == len(whole) {
		candidates = candidates[:1]
	}
	for _, candidate := range candidates {
		text, err := sign.Canonical(candidate)
		if err != nil {
			return fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
		}
		if c.verifier.Verify(text, signature) == nil {
			return nil
		}
	}
	return fmt.Errorf("%w: verifySign is not that of the fields and the token", cnpay.ErrSignature)
}

// isName reports whether a field's name can be signed: one with a separator in it could hide another field.
func isName(s string) bool { return s != "" && utf8.ValidString(s) && !strings.ContainsAny(s, "&=") }

func checkPairs(pairs []sign.Pair) ([]sign.Pair, error) {
	if len(pairs) > mostFields {
		return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, mostFields)
	}
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		switch {
		case !isName(p.Name) || !utf8.ValidString(p.Value):
			return nil, fmt.Errorf("%w: not a form", cnpay.ErrMalformed)
		case seen[p.Name]:
			return nil, fmt.Errorf("%w: %q is duplicated", cnpay.ErrMalformed, p.Name)
		}
		seen[p.Name] = true
	}
	return pairs, nil
}

// formPairs decodes a form, each name and value once: %2B is a plus sign, as in a time zone, and + is a blank.
func formPairs(body string) ([]sign.Pair, error) {
	body = strings.Trim(body, "\r\n")
	if body == "" {
		return nil, fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	}
	if strings.Count(body, "&") >= mostFields {
		return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, mostFields)
	}
	var pairs []sign.Pair
	for part := range strings.SplitSeq(body, "&") {
		rawName, rawValue, ok := strings.Cut(part, "=")
		name, badName := url.QueryUnescape(rawName)
		value, badValue := url.QueryUnescape(rawValue)
		if !ok || badName != nil || badValue != nil {
			return nil, fmt.Errorf("%w: not a form", cnpay.ErrMalformed)
		}
		pairs = append(pairs, sign.Pair{Name: name, Value: value})
	}
	return checkPairs(pairs)
}

// jsonPairs decodes a flat JSON object. A number or a truth value is signed as it is spelled.
func jsonPairs(body string) ([]sign.Pair, error) {
	d := json.NewDecoder(strings.NewReader(body))
	d.UseNumber()
	notFlat := fmt.Errorf("%w: not a flat JSON object", cnpay.ErrMalformed)
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, notFlat
	}
	var pairs []sign.Pair
	for d.More() {
		name, err := d.Token()
		if err != nil || len(pairs) == mostFields {
			return nil, notFlat
		}
		value, err := d.Token()
		if _, nested := value.(json.Delim); err != nil || nested {
			return nil, notFlat
		}
		text := ""
		if value != nil {
			text = fmt.Sprint(value)
		}
		pairs = append(pairs, sign.Pair{Name: fmt.Sprint(name), Value: text})
	}
	if _, err := d.Token(); err != nil {
		return nil, notFlat
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, notFlat
	}
	return checkPairs(pairs)
}

// valuePairs takes a form that somebody else has parsed.
func valuePairs(values url.Values) ([]sign.Pair, error) {
	var pairs []sign.Pair
	for name, all := range values {
		for _, value := range all {
			pairs = append(pairs, sign.Pair{Name: name, Value: value})
		}
	}
	return checkPairs(pairs)
}

// ParseReturn reads what the payer's browser brings back. It is for display: see [Return]. The error is
// [cnpay.ErrMalformed], or [cnpay.ErrSignature] where there is a verifySign and it is wrong.
func (c *Client) ParseReturn(r *http.Request) (*Return, error) {
	if r == nil || r.URL == nil {
		return nil, fmt.Errorf("yuansfer: return: %w: no request", cnpay.ErrMalformed)
	}
	return c.ParseReturnQuery(r.URL.RawQuery)
}

// ParseReturnQuery is [Client.ParseReturn] of the query of an address.
func (c *Client) ParseReturnQuery(query string) (*Return, error) {
	ret, err := c.fromQuery(query)
	if err != nil {
		return nil, fmt.Errorf("yuansfer: return: %w", err)
	}
	return ret, nil
}

func (c *Client) fromQuery(query string) (*Return, error) {
	if len(query) > mostNotification {
		return nil, fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, mostNotification)
	}
	ret := &Return{}
	var pairs []sign.Pair
	if query != "" {
		var err error
		if pairs, err = formPairs(query); err != nil {
			return nil, err
		}
	}
	for _, p := range pairs {
		known, _ := c.call.Fields.Set(ret, p.Name, p.Value) // never fails for text
		switch {
		case p.Name == "verifySign":
			if err := c.verify(pairs); err != nil {
				return nil, err
			}
			ret.Signed = true
		case !known:
			if ret.Extra == nil {
				ret.Extra = map[string]string{}
			}
			ret.Extra[p.Name] = p.Value
		}
	}
	ret.Ticket = cnpay.Ticket{
		Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account, Order: cmp.Or(ret.Reference, ret.TransactionNo),
	}
	return ret, nil
}

// NotificationHandler is the address that ipnUrl and its like name. It verifies each notification and hands it to handle, which
// must store it before it returns nil: only then it answers success. Anything else makes Yuansfer send the notification again,
// up to eight times within two hours, and then never, which is why Settle exists. It answers success for a payment that failed
// as well. handle is called from several goroutines. The client's logger hears of every notification.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n Notification) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "only POST", http.StatusMethodNotAllowed)
			return
		}
		n, err := c.ParseNotification(r)
		if err != nil {
			c.logNotification(r.Context(), &Notice{}, err)
			http.Error(w, "not a genuine notification", http.StatusBadRequest)
			return
		}
		err = handle(r.Context(), n)
		c.logNotification(r.Context(), n.Common(), err)
		if err != nil {
			http.Error(w, "not stored", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "success")
	})
}

func (c *Client) logNotification(ctx context.Context, n *Notice, err error) {
	if c.call.Settings.Logger == nil {
		return
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("provider", c.call.Provider), slog.String("operation", n.Ticket.Operation),
		slog.String("order", n.Ticket.Order), slog.String("outcome", n.Outcome.String()),
	}
	if err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("reason", fmt.Sprintf("%.300s", err))) // what a forger wrote may be long
	}
	c.call.Settings.Logger.LogAttrs(ctx, level, "cnpay notification", attrs...)
}
