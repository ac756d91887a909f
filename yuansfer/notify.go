package yuansfer

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

const (
	mostNotification = 256 << 10 // bytes; real ones have a few hundred
	mostFields       = 200
)

func limits() received.Limits { return received.Limits{Bytes: mostNotification, Fields: mostFields} }

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge] or
// [cnpay.ErrSignature].
//
// Only the body counts: parameters in the address are not signed. It is read here, unless somebody has parsed the
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
	body, parsed, err := received.Body(r, limits().Bytes)
	switch {
	case err != nil:
		return nil, err
	case parsed != nil:
		return c.fromPairs(limits().Parsed(parsed))
	}
	return c.fromBody(body)
}

func (c *Client) fromBody(body []byte) (Notification, error) {
	if err := received.Limit(len(body), limits().Bytes); err != nil {
		return nil, err
	}
	if object := strings.Trim(string(body), "\ufeff \t\r\n"); strings.HasPrefix(object, "{") {
		return c.fromPairs(jsonPairs(object))
	}
	return c.fromPairs(limits().Pairs(body))
}

// fromPairs verifies first and decodes second.
func (c *Client) fromPairs(pairs []sign.Pair, err error) (Notification, error) {
	if err == nil {
		err = c.verify(pairs)
	}
	if err != nil {
		return nil, err
	}
	n := newNotification(pairs)
	notice := n.Common()
	for _, p := range pairs {
		if hidden := c.hidden(n, p.Value); hidden != "" {
			return nil, fmt.Errorf("%w: %s can be read in two ways: there is a %s in it", cnpay.ErrSignature, p.Name, hidden)
		}
		known := false
		if !isOurs(p.Name) {
			known, _ = c.call.Fields.Set(n, p.Name, p.Value) // never fails for text
		}
		if !known {
			if notice.Extra == nil {
				notice.Extra = map[string]string{}
			}
			notice.Extra[p.Name] = p.Value
		}
	}
	notice.Ticket = cnpay.Ticket{
		Provider: c.call.Provider, Gateway: c.call.Host(), Account: c.call.Account,
		Fields: c.call.Asked(n, "amount", "currency", "settleCurrency", "reference", "invoiceId", "transactionNo"),
	}
	switch n := n.(type) {
	case *PaymentNotification:
		n.Outcome, n.Ticket.Order = judgeNotified(n.Status, judgePayment), cmp.Or(n.Reference, n.TransactionNo)
	case *OrderV4Notification:
		n.Outcome, n.Ticket.Order = judgeNotified(n.Status, judgePayment), cmp.Or(n.Reference, n.TransactionNo)
	case *PayoutNotification:
		n.Outcome, n.Ticket.Order = judgeNotified(n.Status, judgePayout), n.InvoiceID
	case *AgreementNotification:
		move(&n.Vendor, &n.CustomerBelongsTo)
		move(&n.Vendor, &n.CustomerBelongsToOther)
		n.Vendor = strings.ToLower(n.Vendor)
		n.Outcome, n.Ticket.Order, n.Ticket.NoMoney = cnpay.Succeeded, n.AutoReference, true
	}
	if of := n.Operations(); len(of) == 1 {
		notice.Ticket.Operation = of[0]
	}
	return n, nil
}

// isOurs reports whether a name stands in the JSON form of a notification for something that no message has.
func isOurs(name string) bool { return name == "outcome" || name == "ticket" || name == "extra" }

// hidden is the name of a documented field that a value has in it as the signed text would have it: nothing is escaped there.
func (c *Client) hidden(n Notification, value string) string {
	for {
		_, rest, found := strings.Cut(value, "&")
		if !found {
			return ""
		}
		if name, _, ok := strings.Cut(rest, "="); ok && c.call.Fields.Has(n, name) && !isOurs(name) {
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
	if err := received.UTF8(pairs); err != nil {
		return err
	}
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
		if err != nil || len(pairs) == limits().Fields {
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
	return limits().Check(pairs)
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
	ret := &Return{}
	var pairs []sign.Pair
	if query != "" {
		var err error
		if pairs, err = limits().Pairs([]byte(query)); err != nil {
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
	return received.Handler[Notification]{
		Provider: c.call.Provider, Logger: c.call.Settings.Logger, Parse: c.ParseNotification, Handle: handle, Answer: received.Text("success"),
	}
}
