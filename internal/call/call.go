// Package call has the steps of a call and of its settlement, once for all providers.
package call

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// Client is what the clients of all providers have in common.
type Client struct {
	Provider string
	Gateway  string // scheme and host
	Account  string // which client can ask; a protocol may name another in its ticket
	// OwnAccount reports whether an account other than Account is the client's too. It may be nil.
	OwnAccount func(account string) bool
	Settings   cnpay.Settings
	Transport  *transport.Client
	Fields     spec.Table
}

// Operation is what the steps have to know of one line of a provider's list.
type Operation struct {
	ID      string // as in the catalog
	Method  string // empty means POST
	Gateway string // scheme and host, where it is not the client's
	Path    string
	// Query marks what only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks what moves no money, now or later: there is nothing to settle. Queries do not either.
	NoMoney    bool
	Repeatable bool          // the documents say that a repeat is harmless
	Timeout    time.Duration // where the documents allow longer than usual
	Limit      int64         // of the answer's size, where it is not the usual
}

// Protocol is what a provider does at each step of one call, in the order of the steps. A value serves one call.
type Protocol interface {
	// Ticket names the call: the operation's own number, what settling needs, and the account where it is not the
	// client's. The rest is filled in here.
	Ticket() cnpay.Ticket
	// Messages are the request and the answer, whose tags say what a dump must hide.
	Messages() (request, answer any)
	// Check completes the request and returns all its faults.
	Check() []cnpay.Fault
	// Encode makes the body.
	Encode() ([]byte, error)
	// Sign signs one attempt.
	Sign(header http.Header, body []byte) error
	// Decode verifies the answer first and decodes it second.
	Decode(reply *transport.Reply) (extra map[string]string, err error)
	// Judge says what the decoded answer means. Its error is a cause that says more than the outcome does.
	Judge(httpStatus int) (cnpay.Verdict, error)
	// Belongs refuses an answer to another request.
	Belongs(outcome cnpay.Outcome) error
}

// Learner is a protocol whose answers bring what settling needs. The fields are added to the ticket.
type Learner interface {
	Learn() map[string]string
}

// Limited is a protocol whose requests say until when they may be carried out, so that the provider itself refuses what
// comes late. Before Encode it learns when the call began and its time limit, which are the ticket's.
type Limited interface {
	Limit(began, until time.Time)
}

// Masker is a protocol that has bodies which are neither JSON nor a form. It returns one as it may be shown in a dump,
// and false for those that are.
type Masker interface {
	Mask(body []byte) (masked []byte, ok bool)
}

// Do carries out one operation: check, encode, sign, send, verify, decode, judge, compare, hand out. It reports whether
// answer is that of a verified answer to this request; only then may the caller have it.
func (c *Client) Do(ctx context.Context, op Operation, header http.Header, p Protocol, answer *cnpay.Answer, opts []cnpay.Option) (answered bool, err error) {
	method := op.Method
	if method == "" {
		method = http.MethodPost
	}
	gateway := op.Gateway
	if gateway == "" {
		gateway = c.Gateway
	}
	faults := check(p) // completes the request, so that its ticket is complete too
	x := &transport.Exchange{
		Ticket: c.ticket(op, p),
		Method: method, URL: gateway + op.Path, Header: header,
		Query: op.Query, Repeatable: op.Repeatable, Timeout: op.Timeout, Limit: op.Limit,
		Authorize: p.Sign,
		Mask: func(body []byte) []byte {
			if m, ok := p.(Masker); ok {
				if masked, ok := m.Mask(body); ok {
					return masked
				}
			}
			request, answer := p.Messages()
			return c.Fields.Mask(body, request, answer)
		},
	}
	x.Prepare = func() ([]byte, error) {
		if faults != nil {
			return nil, &cnpay.InvalidRequestError{Faults: faults}
		}
		if l, ok := p.(Limited); ok {
			l.Limit(x.Ticket.Began, x.Ticket.Until)
		}
		return p.Encode()
	}
	x.Read = func(reply *transport.Reply) (cnpay.Verdict, error) {
		extra, err := p.Decode(reply)
		if err != nil {
			return cnpay.Verdict{}, err
		}
		verdict, cause := p.Judge(reply.Status)
		if err := p.Belongs(verdict.Outcome); err != nil {
			return cnpay.Verdict{}, err
		}
		if l, ok := p.(Learner); ok {
			for name, value := range l.Learn() {
				x.Ticket = x.Ticket.With(name, value)
			}
		}
		*answer = cnpay.Answer{Outcome: verdict.Outcome, HTTPStatus: reply.Status, Header: reply.Header, Raw: reply.Body, Extra: extra}
		answered = true
		return verdict, cause
	}
	if err = c.Transport.Do(ctx, c.Settings.With(opts...), x); err != nil {
		answer.Outcome = cnpay.OutcomeOf(nil, err)
	} else if op.Query {
		answer.Outcome = cnpay.Answered
	}
	answer.Ticket = x.Ticket
	return answered, err
}

// NewTicket is the ticket of a request that is yet to be sent.
func (c *Client) NewTicket(op Operation, p Protocol) (cnpay.Ticket, error) {
	faults := check(p)
	t := c.ticket(op, p)
	if faults != nil {
		return t, &cnpay.Error{Ticket: t, Outcome: cnpay.Failed, Err: &cnpay.InvalidRequestError{Faults: faults}}
	}
	return t, nil
}

// check completes the request and returns all its faults. Of what is no request at all there is one.
func check(p Protocol) []cnpay.Fault {
	request, _ := p.Messages()
	if problem := spec.Unfit(request); problem != "" {
		return []cnpay.Fault{{Field: "request", Problem: problem}}
	}
	return p.Check()
}

func (c *Client) ticket(op Operation, p Protocol) cnpay.Ticket {
	t := p.Ticket()
	t.Provider, t.Operation, t.NoMoney = c.Provider, op.ID, op.NoMoney || op.Query
	t.Gateway = c.Host()
	if t.Account == "" {
		t.Account = c.Account
	}
	return t
}

// Asked returns those of the named fields of a request that hold something: what a ticket keeps of it.
func (c *Client) Asked(request any, names ...string) map[string]string {
	return c.Fields.Texts(request, names...)
}

// Host is the gateway without its scheme, as tickets have it.
func (c *Client) Host() string {
	_, host, _ := strings.Cut(c.Gateway, "://")
	return host
}

// Contradiction is the cause of an answer whose parts do not agree: it decides nothing.
func Contradiction(format string, args ...any) error {
	return contradiction(fmt.Sprintf(format, args...))
}

type contradiction string

func (c contradiction) Error() string { return string(c) }

// Is makes every contradiction an answer that does not decide.
func (c contradiction) Is(target error) bool { return target == cnpay.ErrUndecided }
