package spay

import (
	"cmp"
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpOrderCreateQR         = "spay_active_scancode_order"
	OpOrderCreateQRPage     = "spay_active_scancode_order_new"
	OpOrderPayByCode        = "spay_passive_scancode_pay"
	OpOrderMiniProgramOrder = "spay_wechatminiprogram_order"
	OpOrderAppOrder         = "spay_pay_req"
	OpOrderQuery            = "spay_query_order"
	OpOrderQueryHistory     = "spay_mer_order_info_query"
	OpOrderCancel           = "spay_mer_cancel"
	OpOrderRefund           = "spay_mer_refund"
	OpOrderQueryRefund      = "spay_mer_refund_query"

	OpPageWallet = "spay_publicnumber_and_verticalcode"
	OpPageWeb    = "spay_req_front_page_pay"
	OpPageMobile = "spay_pay_req_h5_frontpage"

	OpQuickPayApply   = "spay_apply_pay_shortcut"
	OpQuickPaySendSMS = "spay_sms_req_shortcut"
	OpQuickPayConfirm = "spay_confirm_pay_shortcut"

	OpPreauthCreate   = "spay_pre_auth_direct_req"
	OpPreauthComplete = "spay_pre_auth_direct_pay"
	OpPreauthCancel   = "spay_pre_auth_direct_cancel"
	OpPreauthQuery    = "spay_pre_auth_direct_query"
	OpPreauthRefund   = "spay_pre_auth_direct_refund"

	OpFileDownload = "spay_download_settle_file"
)

// Operation is one line of UMPay's list. This package's own are behind the methods of its services; [Do] carries out one
// that the package lacks.
type Operation struct {
	ID      string // as tickets, errors and logs name it
	Service string // service, as the wire names it; empty means ID without the "spay_" before it
	Version string // version; empty means 4.0

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// Repeatable is set only where a repeat is harmless: the call itself then repeats it.
	Repeatable bool
	// PaidLater marks an order that somebody pays later: its ticket lasts until expire_time.
	PaidLater bool
	// Timeout and Limit are those of the answer, where they are not the usual.
	Timeout time.Duration
	Limit   int64

	// Judge says what an answer with ret_code 0000, or with a code that [Codes] does not list as a refusal, means. Its
	// error is a cause, of the kind that an answer contradicts itself. Without a Judge an operation on money that is
	// answered with 0000 is Pending, never Succeeded.
	Judge func(answer any) (cnpay.Outcome, error)
	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket. Without one the call
	// stays open for a person. [WithOperations] makes it known to a client.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule
}

func (op *Operation) service() string {
	return cmp.Or(op.Service, strings.TrimPrefix(op.ID, "spay_"))
}

func (op *Operation) version() string { return cmp.Or(op.Version, "4.0") }

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&OrderCreateQRRequest{}, &OrderCreateQRPageRequest{}, &OrderPayByCodeRequest{}, &OrderMiniProgramOrderRequest{},
		&OrderAppOrderRequest{}, &OrderQueryRequest{}, &OrderQueryHistoryRequest{}, &OrderCancelRequest{},
		&OrderRefundRequest{}, &OrderQueryRefundRequest{},
		&PageWalletRequest{}, &PageWebRequest{}, &PageMobileRequest{},
		&QuickPayApplyRequest{}, &QuickPaySendSMSRequest{}, &QuickPayConfirmRequest{},
		&PreauthCreateRequest{}, &PreauthCompleteRequest{}, &PreauthCancelRequest{}, &PreauthQueryRequest{}, &PreauthRefundRequest{},
		&FileDownloadRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, encryption, signature, at-most-once sending,
// verification, comparison and outcome of its own: the request is a struct with json and spec tags, the answer one that
// embeds [Response]. What every request says (service, charset, mer_id, res_format, version) is added.
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), answer: res}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded; charset=UTF-8"}, "Accept": {"text/html, text/plain"}}
	answered, err := c.call.Do(ctx, op.line(), header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (op *Operation) line() call.Operation {
	return call.Operation{
		ID: op.ID, Path: path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable, Timeout: op.Timeout, Limit: op.Limit,
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
	return (&exchange{client: c, op: request.operation(), request: spec.Copy(request)}).Check()
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
