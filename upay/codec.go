package upay

import (
	"cmp"
	"context"
	"fmt"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface {
	base() *Envelope
	codes() *Codes
	// blank reports whether the answer's business part says nothing besides its codes.
	blank() bool
	// normalize reads what the documents spell or place in two ways.
	normalize() error
	// belongs refuses an answer to another request.
	belongs(x *exchange, outcome cnpay.Outcome) error
}

// exchange is one call to Upay, in the steps of [call.Protocol].
type exchange struct {
	ctx     context.Context
	client  *Client
	op      Operation
	request any // a copy of the caller's
	answer  response

	key       *terminalKey // that signs, once it is known
	entered   bool         // a check-in waits for the end of this call
	overtaken bool         // a check-in has replaced the key that signed
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

// Ticket is named by the merchant's number of the operation itself. A refund's, of which an order can have
// several, is Upay's own name for it (client_tsn): the order's number and the refund's.
func (x *exchange) Ticket() cnpay.Ticket {
	order := cmp.Or(x.text("client_trans_no"), x.text("client_sn"), x.text("sn"), x.text("client_auth_sn"))
	if refund := x.text("refund_request_no"); refund != "" {
		order += "-" + refund
	}
	return cnpay.Ticket{
		Order: order,
		Fields: x.client.call.Asked(x.request, "terminal_sn", "sn", "client_sn", "total_amount", "refund_request_no", "refund_amount",
			"client_trans_no", "amount"),
	}
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

func (x *exchange) Check() []cnpay.Fault {
	fields := &x.client.call.Fields
	fields.Fill(x.request, sign.Pair{Name: "terminal_sn", Value: x.client.call.Account})
	return fields.Check(x.request)
}

func (x *exchange) Encode() ([]byte, error) {
	if err := x.useKey(); err != nil {
		return nil, err
	}
	return x.client.call.Fields.EncodeJSON(x.request)
}

func (x *exchange) Sign(h http.Header, body []byte) error {
	signature, err := x.key.signer.Sign(body)
	h["Authorization"] = []string{x.client.call.Account + " " + signature}
	return err
}

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if extra, err = x.client.call.Fields.DecodeJSON(reply.Body, x.answer); err != nil {
		return nil, err
	}
	return extra, x.answer.normalize()
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	v, cause := judge(x.answer, httpStatus, &x.op)
	if v.Code == "ILLEGAL_SIGN" && v.Outcome == cnpay.Failed {
		return v, x.wrongKey()
	}
	return v, cause
}

func (x *exchange) Belongs(outcome cnpay.Outcome) error { return x.answer.belongs(x, outcome) }

// belongs refuses an answer that names another thing than the request does, by the first of the numbers that the request
// has: where several are given, Upay uses that one alone. A success must name it. What else both hold must be alike. The
// terminal is no part of it: another of the same store may have made the payment.
func (x *exchange) belongs(about any, outcome cnpay.Outcome, numbers []string, alike ...string) error {
	fields := &x.client.call.Fields
	for _, name := range numbers {
		asked := x.text(name)
		if asked == "" {
			continue
		}
		switch answered := fields.Text(about, name); {
		case answered == asked:
		case answered != "":
			return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
		case outcome == cnpay.Succeeded:
			return fmt.Errorf("%w: %s is missing", cnpay.ErrMismatch, name)
		}
		break
	}
	if name := fields.Differs(x.request, about, alike...); name != "" {
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	}
	return nil
}
