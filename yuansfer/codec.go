package yuansfer

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// operation is one line of the provider's list.
type operation struct {
	id       string // as in the catalog
	path     string
	isRepeat bool // an earlier request may have been carried out
	judge    func(status string) cnpay.Outcome
}

// message is a request.
type message interface {
	complete(*Client)          // fills in what the configuration knows
	conditions() []cnpay.Fault // beyond those of its tags
	order() string
}

// response is a pointer to an answer's struct.
type response interface {
	base() *Response
	normalize() // moves a field with another name to its documented one
	order() (wireName, number string)
	status() string
}

// call carries out one operation. The caller's request is copied, checked, and sent as it was signed.
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
	order := m.order()
	var res R
	err := c.transport.Do(ctx, c.settings.With(opts...), &transport.Exchange{
		Subject: cnpay.Subject{Provider: "yuansfer", Operation: op.id, Order: order},
		Method:  http.MethodPost,
		URL:     c.gateway + op.path,
		Header: http.Header{
			"Content-Type": {"application/json; charset=UTF-8"},
			"Accept":       {"application/json"},
		},
		Prepare: func() ([]byte, error) {
			if faults := append(c.fields.Check(m), m.conditions()...); faults != nil {
				return nil, &cnpay.InvalidRequestError{Faults: faults}
			}
			return c.build(m)
		},
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
			decoded.normalize()
			verdict, cause := judge(base, decoded.status(), op)
			name, answered := decoded.order()
			if err := belongs(name, order, answered, verdict.Outcome); err != nil {
				return cnpay.Verdict{}, err
			}
			base.Outcome = verdict.Outcome
			res = decoded
			return verdict, cause
		},
	})
	return res, err
}

// noSeparators refuses text that could be read as another parameter: nothing is escaped in the string that is signed.
func noSeparators(name, value string) []cnpay.Fault {
	if strings.ContainsAny(value, "&=") {
		return []cnpay.Fault{{Field: name, Problem: "must not hold & or ="}}
	}
	return nil
}

// build makes the body: every field as text, in the order that is signed, then verifySign (参数签名). The list that is
// signed is the list that is sent, so the two cannot differ; empty fields are in neither.
func (c *Client) build(m message) ([]byte, error) {
	var room [24]sign.Pair // on the stack: more than any operation has
	pairs := c.fields.AppendPairs(room[:0], m)
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

// appendMember adds a name and its text; the check lets no text through that is not UTF-8.
func appendMember(body []byte, name, value string) []byte {
	body = append(append(append(body, '"'), name...), '"', ':')
	for i := range len(value) {
		if c := value[i]; c < ' ' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(value) // never fails for text
			return append(body, quoted...)
		}
	}
	return append(append(append(body, '"'), value...), '"')
}

// belongs refuses an answer about another order, and a success that does not say which order it is about.
func belongs(name, asked, answered string, outcome cnpay.Outcome) error {
	switch {
	case answered == asked:
		return nil
	case answered != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	case outcome == cnpay.Succeeded || outcome == cnpay.Pending:
		return fmt.Errorf("%w: %s is missing", cnpay.ErrMismatch, name)
	}
	return nil
}

// Response is what every answer begins with.
type Response struct {
	cnpay.Answer

	// RetCode is the answer's code (响应返回码): 000100 where the call was accepted.
	RetCode string `json:"ret_code" spec:"M S..6"`
	// RetMsg is a human-readable message in English (响应返回消息).
	RetMsg string `json:"ret_msg" spec:"M S"`
	// RetMsgOther is RetMsg under the name that some errors have; it is moved to RetMsg.
	RetMsgOther string `json:"retMsg,omitempty" spec:"C S"`
}

func (r *Response) base() *Response { return r }

func (r *Response) normalize() { move(&r.RetMsg, &r.RetMsgOther) }

// move fills an empty field from its other name.
func move(field, other *string) {
	if *field == "" {
		*field, *other = *other, ""
	}
}
