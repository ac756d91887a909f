package provider

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// exchange is one call to the platform, in the steps of [call.Protocol].
type exchange struct {
	client  *Client
	op      Operation
	request any // a copy of the caller's
	answer  response
	failed  error // of signing an address
	file    bool  // the answer is a file
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

// Ticket has what settling asks with, and what it compares.
func (x *exchange) Ticket() cnpay.Ticket {
	return cnpay.Ticket{
		Order: cmp.Or(x.text("ledgerOrderNo"), x.text("orderNo"), x.text("transIndex"), x.text("stlDate"), x.text("startTime")),
		Fields: x.client.call.Asked(x.request, "acqMerId", "orderNo", "transactionId", "txnAmt", "orderType", "merPriv",
			"origOrderNo", "ledgerOrderNo"),
		Until: x.expiry(),
	}
}

// expiry is when an order that somebody pays later ends, zero where the request does not say. UMPay counts from the
// moment at which the payer is asked for the password, so the order may be paid a little later.
func (x *exchange) expiry() time.Time {
	ordered, err := time.ParseInLocation(timeForm, x.text("orderTime"), cnpay.Beijing())
	if err != nil {
		return time.Time{}
	}
	if x.text("orderType") == DynamicCode { // good for the day
		return time.Date(ordered.Year(), ordered.Month(), ordered.Day()+1, 0, 0, 0, 0, ordered.Location()).UTC()
	}
	seconds, err := strconv.ParseInt(x.text("paymentValidTime"), 10, 32)
	if err != nil {
		return time.Time{}
	}
	return ordered.Add(time.Duration(seconds) * time.Second).UTC()
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

// Check completes the request. What is echoed must not hold what separates the values of answers.
func (x *exchange) Check() []cnpay.Fault {
	fields, account := &x.client.call.Fields, x.client.call.Account
	fields.Fill(x.request, sign.Pair{Name: "acqSpId", Value: account}, sign.Pair{Name: "acqMerId", Value: x.client.merchant})
	faults := fields.Check(x.request)
	if given := x.text("acqSpId"); given != "" && given != account {
		faults = append(faults, cnpay.Fault{Field: "acqSpId", Problem: "is not the client's"})
	}
	for _, name := range []string{"orderNo", "merPriv", "goodsInfo"} {
		if strings.Contains(x.text(name), "|") {
			faults = append(faults, cnpay.Fault{Field: name, Problem: "must not hold |, which separates the values of signed answers"})
		}
	}
	if back := x.text("backUrl"); back != "" {
		if problem := backURLProblem(back); problem != "" {
			faults = append(faults, cnpay.Fault{Field: "backUrl", Problem: problem})
		}
	}
	if body, err := fields.EncodeJSON(x.request); err == nil {
		if message, err := readObject(body); err == nil {
			faults = append(faults, message.faults("")...)
		}
	}
	return faults
}

// backURLProblem says why UMPay would not call an address.
func backURLProblem(address string) string {
	rest, plain := strings.CutPrefix(address, "http://")
	switch {
	case !plain:
		return "must begin with http://, because UMPay calls no other"
	case strings.ContainsFunc(rest, func(r rune) bool { return !strings.ContainsRune(backURLCharacters, r) }):
		return "must be of letters, digits and . / & ? = _ - alone, without a port and without anything percent-encoded"
	}
	return ""
}

const backURLCharacters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789./&?=_-"

// Encode makes the body, with the signature as its last member.
func (x *exchange) Encode() ([]byte, error) {
	if x.op.Method == http.MethodGet {
		return nil, x.failed
	}
	body, err := x.client.call.Fields.EncodeJSON(x.request)
	if err != nil {
		return nil, err
	}
	message, err := readObject(body) // what is signed is what is sent
	if err != nil {
		return nil, err
	}
	signature, err := x.client.signer.Sign(message.request())
	if err != nil {
		return nil, err
	}
	body = append(body[:len(body)-1], `,"signature":`...)
	return append(spec.AppendQuoted(body, signature), '}'), nil
}

// query makes the fields and the signature of an address.
func (x *exchange) query() string {
	_ = x.Check() // completes the request; the faults are the call's own business
	pairs := x.client.call.Fields.Pairs(x.request)
	text, err := sign.Canonical(pairs)
	var signature string
	if err == nil {
		signature, err = x.client.signer.Sign(text)
	}
	x.failed = err
	values := url.Values{"signature": {signature}}
	for _, p := range pairs {
		values.Set(p.Name, p.Value)
	}
	return values.Encode()
}

// Sign has nothing left to do: the signature is part of the body.
func (x *exchange) Sign(http.Header, []byte) error { return nil }

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if f, ok := x.answer.(interface {
		take(body []byte) (bool, error)
	}); ok {
		if x.file, err = f.take(reply.Body); x.file || err != nil {
			return nil, err
		}
	}
	unverified, err := x.client.verify(reply.Body, x.op.Query && x.op.Lists)
	if err != nil {
		return nil, err
	}
	x.answer.base().Unverified = unverified
	return x.client.call.Fields.DecodeJSON(reply.Body, x.answer)
}

// verify checks the signature of an answer. It returns true for an answer with a list, of an operation that has one, that
// cannot be verified and that the configuration accepts all the same.
func (c *Client) verify(body []byte, lists bool) (unverified bool, err error) {
	message, err := readObject(body)
	if err != nil {
		return false, err
	}
	signature := message.take("signature")
	if err := c.genuine(message, signature); err != nil {
		if lists && message.lists() && c.listsByTLS {
			return true, nil
		}
		return false, err
	}
	return false, nil
}

// genuine verifies the values of a message that UMPay signed. The error has the code of a message that is not verified,
// which is how a key that UMPay does not know shows itself.
func (c *Client) genuine(message object, signature string) error {
	said := ""
	if code := message.get("respCode"); code != "" {
		said = " (it says " + strconv.Quote(code+" "+message.get("respMsg")) + ")"
	}
	if signature == "" {
		return fmt.Errorf("%w: no signature%s", cnpay.ErrSignature, said)
	}
	if name := message.ambiguous(); name != "" {
		return fmt.Errorf("%w: %s holds |, so that the signed text can be read in two ways", cnpay.ErrSignature, name)
	}
	if err := c.verifier.Verify(message.answer(), signature); err != nil {
		if message.lists() {
			said = ": no document says how a list is signed; see Config.ListsByTLS"
		}
		return fmt.Errorf("%w: %w%s", cnpay.ErrSignature, err, said)
	}
	return nil
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	return x.judge(x.answer.base(), httpStatus)
}

// Belongs refuses an answer to another request. Success that moved money must name the order, where the answer's document
// has a field for it; without TLS every answer must, because signed answers can be put in each other's place.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	fields := &x.client.call.Fields
	if name := fields.Differs(x.request, x.answer, "orderNo", "ledgerOrderNo", "transactionId", "merPriv", "txnAmt", "acqMerId", "acqSpId"); name != "" {
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	}
	if a, ok := x.answer.(interface {
		about(merchant, account string) string
	}); ok {
		if name := a.about(x.text("acqMerId"), x.client.call.Account); name != "" {
			return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
		}
	}
	if outcome == cnpay.Succeeded && x.text("orderNo") != "" && fields.Has(x.answer, "orderNo") && fields.Text(x.answer, "orderNo") == "" {
		return fmt.Errorf("%w: orderNo is missing", cnpay.ErrMismatch)
	}
	if x.client.plain && outcome != cnpay.Unknown && x.text("orderNo") != "" && !x.named() {
		return fmt.Errorf("%w: by plain http an answer counts only if it names the order", cnpay.ErrMismatch)
	}
	return nil
}

// named reports whether the answer says which order it is about.
func (x *exchange) named() bool {
	for _, name := range [...]string{"orderNo", "transactionId", "merPriv"} {
		if asked := x.text(name); asked != "" && asked == x.client.call.Fields.Text(x.answer, name) {
			return true
		}
	}
	return false
}

// Learn adds UMPay's number of the order to the ticket, with which queries are surer.
func (x *exchange) Learn() map[string]string {
	if number := x.client.call.Fields.Text(x.answer, "transactionId"); x.op.orders && number != "" {
		return map[string]string{"transactionId": number}
	}
	return nil
}
