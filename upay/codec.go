package upay

import (
	"cmp"
	"fmt"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// exchange is one call to Upay, in the steps of [call.Protocol].
type exchange struct {
	client  *Client
	op      Operation
	request any // a copy of the caller's
	answer  response
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

func (x *exchange) Ticket() cnpay.Ticket {
	return cnpay.Ticket{
		Order:  cmp.Or(x.text("client_sn"), x.text("sn")),
		Fields: x.client.call.Asked(x.request, "terminal_sn", "sn", "client_sn"),
	}
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

func (x *exchange) Check() []cnpay.Fault {
	fields := &x.client.call.Fields
	fields.Fill(x.request, sign.Pair{Name: "terminal_sn", Value: x.client.call.Account})
	return fields.Check(x.request)
}

func (x *exchange) Encode() ([]byte, error) { return x.client.call.Fields.EncodeJSON(x.request) }

func (x *exchange) Sign(h http.Header, body []byte) error {
	signature, err := x.client.signer.Sign(body)
	h["Authorization"] = []string{x.client.call.Account + " " + signature}
	return err
}

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if extra, err = x.client.call.Fields.DecodeJSON(reply.Body, x.answer); err != nil {
		return nil, err
	}
	return extra, x.answer.base().Result.normalize()
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	return judge(x.answer.base(), httpStatus, x.op)
}

// Belongs refuses an answer about another order, and a success that does not say which order it is about. Where both
// numbers are given, Upay uses sn alone. The terminal is no part of it: another of the same store may have made the
// payment.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	order := &x.answer.base().Result.Order
	name, asked, answered := "sn", x.text("sn"), order.SN
	if asked == "" {
		name, asked, answered = "client_sn", x.text("client_sn"), order.ClientSN
	}
	switch {
	case answered == asked:
		return nil
	case answered != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	case outcome == cnpay.Succeeded:
		return fmt.Errorf("%w: %s is missing", cnpay.ErrMismatch, name)
	}
	return nil
}
