package yuansfer

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface {
	cnpay.Result
	base() *Response
}

// What some messages say beyond their tags.
type (
	// conditional requests have faults that no tag can say.
	conditional interface{ conditions() []cnpay.Fault }
	// lister is a request with lists or objects, which are sent as JSON text.
	lister interface {
		texts(fields *spec.Table) ([]sign.Pair, error)
	}
	// normalizer is a result whose fields have second names.
	normalizer interface{ normalize() }
	// enveloped answers have a code of another kind.
	enveloped interface {
		verdict() (accepted bool, code, message string)
	}
	// unnamed results are documented without the number of their order: it is compared only where it comes.
	unnamed interface{ unnamed() }
	// doubtful answers can contradict themselves.
	doubtful interface{ contradiction() error }
)

// exchange is one call to Yuansfer, in the steps of [call.Protocol].
type exchange struct {
	client   *Client
	op       Operation
	request  any // a copy of the caller's
	answer   response
	settings cnpay.Settings // the call's own
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

// kept are the wire names that tickets keep: what settling needs, and no card data, token or barcode.
func kept() []string {
	return []string{
		"merGroupNo", "merchantNo", "storeNo", "reference", "transactionNo", "amount", "currency", "settleCurrency",
		"refundReference", "refundAmount", "autoDebitNo", "autoReference", "grantType", "scheduleNo", "paymentCount", "status",
		"outAuthInfoNo", "authInfoNo", "outAuthDetailNo", "authDetailNo", "unfreezeAmount", "invoiceId",
	}
}

// numbers are the wire names of numbers, in groups: an operation's own number is in the first group of which the request
// holds one, what it acts upon is in a later one.
func numbers() [][]string {
	return [][]string{
		{"refundReference"},
		{"reference", "outAuthDetailNo", "invoiceId", "autoReference"},
		{"transactionNo", "authDetailNo", "autoDebitNo", "scheduleNo"},
	}
}

// echoed are the wire names of what an answer must repeat as the request has it, as far as it has them.
func echoed() []string {
	return []string{
		"reference", "transactionNo", "refundReference", "autoDebitNo", "autoReference", "outAuthInfoNo", "authInfoNo",
		"outAuthDetailNo", "authDetailNo", "invoiceId", "merchantNo", "storeNo", "currency", "settleCurrency",
	}
}

func (x *exchange) Ticket() cnpay.Ticket {
	t := cnpay.Ticket{Account: x.text("merchantNo"), Fields: x.client.call.Asked(x.request, kept()...)}
	for _, group := range numbers() {
		for _, name := range group {
			t.Order = cmp.Or(t.Order, x.text(name))
		}
	}
	if x.client.call.Fields.Has(x.request, "timeout") { // an order that ends by itself
		t.Until = x.settings.Now().UTC().Round(0).Add(life(x.text("timeout")))
	}
	return t
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

func (x *exchange) Check() []cnpay.Fault {
	c, fields := x.client, &x.client.call.Fields
	fields.Fill(x.request, sign.Pair{Name: "merchantNo", Value: c.call.Account}, sign.Pair{Name: "storeNo", Value: c.storeNo})
	if c.merGroupNo != "" && x.text("merGroupNo") == "" {
		_, _ = fields.Set(x.request, "merGroupNo", c.merGroupNo) // never fails for text
	}
	if fields.Has(x.request, "timestamp") {
		fields.Fill(x.request, sign.Pair{Name: "timestamp", Value: timestamp(x.settings.Now())})
	}
	faults := fields.Check(x.request)
	if len(faults) == 0 {
		faults = x.foreign()
	}
	if own, ok := x.request.(conditional); ok {
		faults = append(faults, own.conditions()...)
	}
	return faults
}

// foreign are the faults of a request for another merchant or partner than the client's: what the client sends it must be
// able to settle.
func (x *exchange) foreign() (faults []cnpay.Fault) {
	c := x.client
	own := c.call.OwnAccount != nil // a partner's, which is good for all its merchants
	for _, f := range [...]struct{ name, ours string }{{"merchantNo", c.call.Account}, {"merGroupNo", c.merGroupNo}} {
		if asked := x.text(f.name); asked != "" && asked != f.ours && !(own && f.name == "merchantNo") {
			faults = append(faults, cnpay.Fault{Field: f.name, Problem: strings.TrimSpace("is not the client's " + f.ours)})
		}
	}
	return faults
}

func (x *exchange) Encode() ([]byte, error) { return x.client.build(x.request) }

// Sign does nothing: the signature is part of the body.
func (x *exchange) Sign(http.Header, []byte) error { return nil }

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if extra, err = x.client.call.Fields.DecodeJSON(reply.Body, x.answer); err != nil {
		return nil, err
	}
	x.answer.base().normalize()
	if result, ok := x.result().(normalizer); ok {
		result.normalize()
	}
	return extra, nil
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	return judge(x.answer, status(&x.client.call.Fields, x.result()), httpStatus, &x.op)
}

// Belongs refuses an answer about another order or another amount, and a success that does not say what it is about.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	fields, result := &x.client.call.Fields, x.result()
	if result == nil {
		return nil // of lists and the like
	}
	name := fields.Differs(x.request, result, echoed()...)
	for _, amount := range [...][2]string{{"amount", "amount"}, {"refundAmount", "refundAmount"}, {"unfreezeAmount", "amount"}} {
		asked, answered := x.text(amount[0]), fields.Text(result, amount[1])
		if name == "" && asked != "" && answered != "" && !sameAmount(asked, answered) {
			name = amount[1]
		}
	}
	switch {
	case name != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	case outcome == cnpay.Succeeded || outcome == cnpay.Pending:
		if _, ok := result.(unnamed); !ok {
			return x.named(result)
		}
	}
	return nil
}

// named refuses a result that lacks the operation's own number, where it is documented to have it.
func (x *exchange) named(result any) error {
	fields := &x.client.call.Fields
	for _, group := range numbers() {
		missing := ""
		for _, name := range group {
			switch {
			case x.text(name) == "" || !fields.Has(result, name):
			case fields.Text(result, name) != "":
				return nil // Differs has compared it
			default:
				missing = cmp.Or(missing, name)
			}
		}
		if missing != "" {
			return fmt.Errorf("%w: %s is missing", cnpay.ErrMismatch, missing)
		}
	}
	return nil
}

// Learn returns Yuansfer's numbers of the order and the refund.
func (x *exchange) Learn() map[string]string {
	learnt := map[string]string{}
	for _, name := range [...]string{"transactionNo", "refundTransactionNo"} {
		if result := x.result(); result != nil {
			if value := x.client.call.Fields.Text(result, name); value != "" {
				learnt[name] = value
			}
		}
	}
	return learnt
}

// result is a pointer to the object with the operation's result; nil where the answer has no such object.
func (x *exchange) result() any {
	fields := &x.client.call.Fields
	if result := fields.Object(x.answer, "result"); result != nil {
		return result
	}
	return fields.Object(x.answer, "resultBody")
}

// status is that of the transaction. In-store answers have it under another name.
func status(fields *spec.Table, result any) string {
	if result == nil {
		return ""
	}
	return cmp.Or(fields.Text(result, "status"), fields.Text(result, "transactionStatus"))
}

// build makes the body: every field as text, in the order that is signed, then verifySign (参数签名). The list that is
// signed is the list that is sent, so the two cannot differ; empty fields are in neither.
func (c *Client) build(request any) ([]byte, error) {
	var room [32]sign.Pair // on the stack: more than any operation has
	pairs := c.call.Fields.AppendPairs(room[:0], request)
	if l, ok := request.(lister); ok {
		texts, err := l.texts(&c.call.Fields)
		if err != nil {
			return nil, err
		}
		pairs = append(pairs, texts...)
	}
	size := len(`,"verifySign":""}`) + 32
	for _, p := range pairs {
		size += 2*(len(p.Name)+len(p.Value)) + len(`=&{"":""`)
	}
	text, err := sign.AppendCanonical(make([]byte, 0, size), pairs) // and the body behind it
	if err != nil {
		return nil, err
	}
	verifySign, err := c.signer.Sign(text)
	if err != nil {
		return nil, err
	}
	body := append(text, '{')
	for _, p := range pairs {
		body = append(appendMember(body, p.Name, p.Value), ',')
	}
	body = appendMember(body, "verifySign", verifySign)
	return append(body, '}')[len(text):], nil
}

func appendMember(body []byte, name, value string) []byte {
	return spec.AppendQuoted(append(spec.AppendQuoted(body, name), ':'), value)
}

// listText is a list of objects as JSON text, the same bytes for the signature and for the body.
func listText[T any](fields *spec.Table, items []T) (string, error) {
	var parts []string
	for i := range items {
		text, err := fields.EncodeJSON(&items[i])
		if err != nil {
			return "", err
		}
		parts = append(parts, string(text))
	}
	return "[" + strings.Join(parts, ",") + "]", nil
}
