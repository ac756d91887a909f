package provider

import (
	"context"
	"net/http"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpOrderWalletOrder   = "provider_unified_order"
	OpOrderPayByCode     = "provider_micropay"
	OpOrderCreateQR      = "provider_qrpay"
	OpOrderQuery         = "provider_query_order"
	OpOrderCancel        = "provider_cancel_order"
	OpOrderRefund        = "provider_refund"
	OpOrderQueryRefund   = "provider_refund_query"
	OpOrderClose         = "provider_close_order"
	OpTerminalOrder      = "provider_preorder"
	OpTerminalQueryOrder = "provider_query_posp_order"
	OpTerminalReceipt    = "provider_ticket_down"
	OpFileDownload       = "provider_download_settle_file"
)

// Operation is one line of UMPay's list. This package's own are behind the methods of its services; [Do] carries out one
// that the package lacks.
type Operation struct {
	ID     string // as tickets, errors and logs name it
	Method string // GET sends the fields in the address; empty means POST
	Path   string // "pay/queryOrder"

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool
	// Lists marks a query whose answers have lists; see [Config].ListsByTLS.
	Lists bool
	// Limit caps the answer's size in bytes; 0 means 1 MiB.
	Limit int64

	// Judge says what a return code (respCode) means; field is the wire text of any field of the answer. Its error is a
	// cause, of the kind that an answer contradicts itself. Without a Judge the codes have their general meaning, and an
	// operation on money that is answered well is Pending, never Succeeded.
	Judge func(respCode string, field func(name string) string) (cnpay.Outcome, error)
	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket. Without one the call
	// stays open for a person. [WithOperations] makes it known to a client.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule

	// orders marks what makes an order: the answer's transactionId is that order's, and queries are surer with it.
	orders bool
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&OrderWalletOrderRequest{}, &OrderPayByCodeRequest{}, &OrderCreateQRRequest{}, &OrderQueryRequest{}, &OrderCancelRequest{},
		&OrderRefundRequest{}, &OrderQueryRefundRequest{}, &OrderCloseRequest{},
		&TerminalOrderRequest{}, &TerminalQueryOrderRequest{}, &TerminalReceiptRequest{},
		&FileDownloadRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, verification,
// comparison and outcome of its own: the request is a struct with json and spec tags, without a field for the signature,
// and the answer one that embeds [Response].
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), answer: res}
	header := http.Header{"Accept": {"application/json"}}
	line := op.line()
	if op.Method == http.MethodGet {
		line.Path += "?" + x.query()
	} else {
		header["Content-Type"] = []string{"application/json; charset=utf-8"}
	}
	answered, err := c.call.Do(ctx, line, header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (op *Operation) line() call.Operation {
	return call.Operation{
		ID: op.ID, Method: op.Method, Path: base + op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable,
		Limit: op.Limit,
	}
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
	return c.call.NewTicket(op.line(), &exchange{client: c, op: op, request: spec.Copy(request)})
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

// Time is a time as UMPay writes it (yyyyMMddHHmmss, Beijing time): of orders now, of a stored order the same as then.
func Time(t time.Time) string { return t.In(cnpay.Beijing()).Format(timeForm) }

const timeForm = "20060102150405"
