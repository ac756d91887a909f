package upay

import (
	"context"
	"net/http"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpOrderPayByCode   = "pay"
	OpOrderCreateQR    = "precreate"
	OpOrderQuery       = "query"
	OpOrderRefund      = "refund"
	OpOrderQueryRefund = "refund_query"
	OpOrderRevoke      = "revoke"
	OpOrderCancel      = "cancel"
	OpPageCashier      = "wap_gateway"
	OpPreauthCreate    = "pre_auth_freeze"
	OpPreauthComplete  = "pre_auth_pay"
	OpPreauthCancel    = "pre_auth_unfreeze"
	OpPreauthRefund    = "pre_auth_refund"
	OpPreauthQuery     = "pre_auth_query"
	OpPreauthList      = "pre_auth_query_trans"
	OpTerminalCheckIn  = "terminal_checkin"
)

// Operation is one line of Upay's list. This package's own are behind the methods of its services; [Do] carries out one
// that the package lacks.
type Operation struct {
	ID   string // as tickets, errors and logs name it
	Path string // "/upay/v2/query"

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool

	// Judge says what the result of an accepted request on an order means. Its error is a cause, of the kind that an
	// answer contradicts itself. Without a Judge an operation on money that is answered well is Pending, never Succeeded.
	Judge func(*Result) (cnpay.Outcome, error)
	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket. Without one the call
	// stays open for a person. [WithOperations] makes it known to a client.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&OrderPayByCodeRequest{}, &OrderCreateQRRequest{}, &OrderQueryRequest{}, &OrderRefundRequest{}, &OrderQueryRefundRequest{},
		&OrderRevokeRequest{}, &OrderCancelRequest{}, &PageCashierRequest{},
		&PreauthCreateRequest{}, &PreauthCompleteRequest{}, &PreauthCancelRequest{}, &PreauthRefundRequest{},
		&PreauthQueryRequest{}, &PreauthListRequest{}, &TerminalCheckInRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, comparison and
// outcome of its own: the request is a struct with json and spec tags, the answer one that embeds [Response].
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: request, answer: res}
	answered, err := c.send(ctx, x, opts)
	if x.overtaken && op.Query { // a check-in replaced the key on the way
		res = R(new(Res))
		answered, err = c.send(ctx, &exchange{client: c, op: op, request: request, answer: res}, opts)
	}
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (c *Client) send(ctx context.Context, x *exchange, opts []cnpay.Option) (answered bool, err error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	x.ctx, x.request = ctx, spec.Copy(x.request)
	defer x.releaseKey()
	return c.call.Do(ctx, c.line(x.op), header, x, &x.answer.base().Answer, opts)
}

// line is the operation as the steps of a call know it. The pre-authorisation product is on a host of its own.
func (c *Client) line(op Operation) call.Operation {
	line := call.Operation{ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable}
	if strings.HasPrefix(op.Path, "/api/v1/pre-auth/") {
		line.Gateway = c.preauth
	}
	return line
}

// do carries out an operation of this package.
func do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, request Request, opts []cnpay.Option) (*Res, error) {
	return Do[Res, R](ctx, c, request.operation(), request, opts...)
}

// Ticket is the ticket of a request that is yet to be sent; see [cnpay.Ticket].
func (c *Client) Ticket(request Request) (cnpay.Ticket, error) {
	op := call.Of(request, Request.operation)
	return c.call.NewTicket(c.line(op), &exchange{client: c, op: op, request: spec.Copy(request)})
}

// faults are what is wrong with a request.
func (c *Client) faults(request Request) []cnpay.Fault {
	return (&exchange{client: c, request: spec.Copy(request)}).Check()
}

// Settle finds the outcome of a call from its ticket: it queries, on the operation's own schedule, until the outcome is
// final. What each outcome means is said at the operation. See [cnpay.Settler].
func (c *Client) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	op, _ := call.Lookup(c.call.Settings.With(opts...), func(op Operation) bool { return op.ID == t.Operation }, operations, Request.operation)
	if op.Settle == nil {
		return c.call.NotSettled(t)
	}
	return c.call.Settle(ctx, t, op.Settle(c, t, opts...), opts)
}
