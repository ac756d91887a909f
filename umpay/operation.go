package umpay

import (
	"context"
	"net/http"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and terminals for tests name them.
const (
	OpCardPay                 = "plugin_card_pay"
	OpCardQuery               = "plugin_card_query"
	OpCardVoid                = "plugin_bank_revoke"
	OpCardRefund              = "plugin_bank_refund"
	OpScanPayByCode           = "plugin_scan_pay"
	OpScanCreateQR            = "plugin_scan_pay_initiative"
	OpScanQueryQR             = "plugin_scan_pay_state_query"
	OpScanQuery               = "plugin_scan_query"
	OpScanVoid                = "plugin_scan_revoke"
	OpScanRefund              = "plugin_scan_refund"
	OpScanQueryRefund         = "plugin_scan_refund_query"
	OpPreauthCreate           = "plugin_card_pre_auth"
	OpPreauthCancel           = "plugin_card_pre_auth_rever"
	OpPreauthCompleteWithCard = "plugin_credit_preauth_done"
	OpPreauthComplete         = "plugin_preauth_done"
	OpPreauthCancelCompletion = "plugin_card_pre_auth_done_rever"
	OpOrderList               = "plugin_get_order_list"
	OpCommandQuery            = "command_query" // of the bridge itself
)

// Operation is one method of the plugin. This package's own are behind the methods of its services; [Do] carries out one
// that the package lacks.
type Operation struct {
	ID     string // as tickets, errors and logs name it: "plugin_card_pay"
	Method string // the plugin's: "cardPay"

	// Callbacks are what the plugin calls back with, and Codes what its codes mean by themselves.
	Callbacks Callbacks
	Codes     Codes

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// PaidLater marks an operation whose success is an order that somebody may pay.
	PaidLater bool
	// Timeout limits the call; 0 means the 185 s that an operation with a person at the terminal may take.
	Timeout time.Duration

	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket. Without one the bridge is
	// queried for the command, which every operation that moves money can be settled by.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule
}

// Callbacks are the names of a method's callbacks, as the plugin spells them. Those that a method does not have are empty.
// Every method has onReBind besides.
type Callbacks struct {
	Success, Fail string
	Unknown       []string // the plugin, or a query of it, does not know
	Paying        string   // of a query: not paid yet
	Progress      bool     // onProgressUpdate
}

// Codes are what a method's codes (返回码) mean by themselves. The callback decides, and a code that contradicts it makes
// the outcome Unknown. The plugin has more codes than its documents list; those that are in no list follow the callback,
// except for a query.
type Codes struct {
	Done    []int64
	Failed  []int64 // refused; of a query: what it asked about has failed for good
	Refused []int64 // of a query: the query itself was refused
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&CardPayRequest{}, &CardQueryRequest{}, &CardVoidRequest{}, &CardRefundRequest{},
		&ScanPayByCodeRequest{}, &ScanCreateQRRequest{}, &ScanQueryQRRequest{}, &ScanQueryRequest{}, &ScanVoidRequest{},
		&ScanRefundRequest{}, &ScanQueryRefundRequest{},
		&PreauthCreateRequest{}, &PreauthCancelRequest{}, &PreauthCompleteRequest{}, &PreauthCompleteWithCardRequest{},
		&PreauthCancelCompletionRequest{},
		&OrderListRequest{}, &CommandQueryRequest{},
	}
}

// operationOf is the operation of a method of the plugin.
func operationOf(method string) (Operation, bool) {
	switch method {
	case "":
		return Operation{}, false
	case preCardPay: // the second mode of a sale, which only an app can drive, ends with the events of the first
		op := (*CardPayRequest)(nil).operation()
		op.ID, op.Method = "plugin_pre_card_pay", preCardPay
		return op, true
	}
	return call.Lookup(cnpay.Settings{}, func(op Operation) bool { return op.Method == method }, operations, Request.operation)
}

// WithOperations makes operations of the program's own known to [Client.Settle] and to a [Receiver].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, comparison and
// outcome of its own: the request is a struct with json and spec tags and an id, the answer one that embeds [Response] and
// has the plugin's callback object in a field with the tag json:"result".
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), answer: res, settings: c.call.Settings.With(opts...)}
	line := x.line()
	header := http.Header{"Accept": {"application/json"}}
	if line.Method == http.MethodPost {
		header["Content-Type"] = []string{"application/json"}
	}
	answered, err := c.call.Do(ctx, line, header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
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
	x := &exchange{client: c, op: call.Of(request, Request.operation), request: spec.Copy(request)}
	return c.call.NewTicket(x.line(), x)
}

// faults are what is wrong with a request.
func (c *Client) faults(request Request) []cnpay.Fault {
	return (&exchange{client: c, op: request.operation(), request: spec.Copy(request)}).Check()
}

// Settle finds the outcome of a call from its ticket: it queries, on [CommandSchedule], until the outcome is final. What
// each outcome means is said at the operation. See [cnpay.Settler].
func (c *Client) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	op, known := call.Lookup(c.call.Settings.With(opts...), func(op Operation) bool { return op.ID == t.Operation }, operations, Request.operation)
	if !known || op.Query || op.NoMoney {
		return c.call.NotSettled(t)
	}
	rule := op.Settle
	if rule == nil {
		rule = settleCommand
	}
	return c.call.Settle(ctx, t, rule(c, t, opts...), opts)
}
