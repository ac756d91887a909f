package upay

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// operation is one line of the provider's list.
type operation struct {
	id         string // as in the catalog
	path       string
	repeatable bool // a repeat is harmless
	judge      func(*Result) (_ cnpay.Outcome, contradiction string)
}

// message is a request.
type message interface {
	complete(*Client)          // fills in what the configuration knows
	conditions() []cnpay.Fault // of the conditional fields
	reference() reference
}

// reference names an order. Where both numbers are given, Upay uses sn alone.
type reference struct{ sn, clientSN string }

// key is the number that the merchant knows the order by.
func (r reference) key() string { return cmp.Or(r.clientSN, r.sn) }

func (r reference) conditions() []cnpay.Fault {
	if r == (reference{}) {
		return []cnpay.Fault{{Field: "sn", Problem: "or client_sn is required"}}
	}
	return nil
}

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// call carries out one operation. The caller's request is copied, checked, and signed as the bytes that are sent.
func call[Res, Req any, M interface {
	*Req
	message
}, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op operation, req *Req, opts []cnpay.Option) (*Res, error) {
	m := M(new(Req))
	if req != nil {
		*m = *req
	}
	m.complete(c)
	order := m.reference()
	var res R
	err := c.transport.Do(ctx, c.settings.With(opts...), &transport.Exchange{
		Subject:    cnpay.Subject{Provider: "upay", Operation: op.id, Order: order.key()},
		Method:     http.MethodPost,
		URL:        c.gateway + op.path,
		Header:     http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}},
		Repeatable: op.repeatable,
		Prepare:    func() ([]byte, error) { return c.build(m) },
		Authorize:  c.authorize,
		Read: func(reply *transport.Reply) (cnpay.Verdict, error) {
			decoded := R(new(Res))
			base := decoded.base()
			extra, err := c.fields.DecodeJSON(reply.Body, decoded)
			if err != nil && reply.Status != http.StatusOK {
				return cnpay.Verdict{}, transport.StatusError(reply.Status)
			}
			if err != nil {
				return cnpay.Verdict{}, err
			}
			base.Answer = cnpay.Answer{HTTPStatus: reply.Status, Raw: reply.Body, Extra: extra}
			if err := base.Result.normalize(); err != nil {
				return cnpay.Verdict{}, err
			}
			verdict, cause := judge(base, reply.Status, op)
			if err := base.Result.belongs(order, verdict.Outcome); err != nil {
				return cnpay.Verdict{}, err
			}
			base.Outcome = verdict.Outcome
			res = decoded
			return verdict, cause
		},
	})
	return res, err
}

func (c *Client) build(m message) ([]byte, error) {
	if faults := append(c.fields.Check(m), m.conditions()...); faults != nil {
		return nil, &cnpay.InvalidRequestError{Faults: faults}
	}
	return json.Marshal(m)
}

func (c *Client) authorize(h http.Header, body []byte) error {
	signature, err := c.signer.Sign(body)
	h["Authorization"] = []string{c.terminalSN + " " + signature}
	return err
}
