package yuansfer

import (
	"context"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpAutoDebitConsult     = "auto_debit_consult"
	OpAutoDebitApplyToken  = "auto_debit_apply_token"
	OpAutoDebitPay         = "auto_debit_pay"
	OpAutoDebitRevoke      = "auto_debit_revoke"
	OpPageCashier          = "online_secure_pay"
	OpCardPay              = "creditpay_process"
	OpCardUpdateRecurring  = "creditpay_update_recurring"
	OpAppOrder             = "micropay_prepay"
	OpInStoreAdd           = "instore_add"
	OpInStorePayByCode     = "instore_prepay"
	OpInStoreCreateQR      = "instore_create_trans_qrcode"
	OpTransactionQuery     = "data_tran_query"
	OpTransactionRefund    = "data_refund"
	OpTransactionCancel    = "data_cancel"
	OpTransactionList      = "data_trans_list"
	OpClearingList         = "data_settle_list"
	OpWithdrawalList       = "data_withdrawal_list"
	OpPreauthCreateVoucher = "auth_voucher_create"
	OpPreauthCreate        = "auth_freeze"
	OpPreauthCancel        = "auth_unfreeze"
	OpPreauthComplete      = "auth_capture"
	OpPreauthQuery         = "auth_detail_query"
	OpPayoutCreate         = "payouts_pay"
	OpPayoutQuery          = "payouts_inquiry"
	OpPayoutBalance        = "payouts_balance"
	OpOrderV4Pay           = "order_v4_capture"
	OpOrderV4Finish        = "order_v4_process"
)

// Operation is one line of Yuansfer's list. This package's own are behind the methods of its services; [Do] carries out one
// that the package lacks.
type Operation struct {
	ID   string // as tickets, errors and logs name it
	Path string // "/app-data-search/v3/tran-query"

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later.
	NoMoney bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool
	// Limit caps the answer's size, where it is larger than usual.
	Limit int64

	// Judge says what the status (status, transactionStatus) in an accepted answer means; "" where it has no status. Without a Judge an
	// operation on money that is accepted is Pending, never Succeeded.
	Judge func(status string) cnpay.Outcome
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
		&AutoDebitConsultRequest{}, &AutoDebitApplyTokenRequest{}, &AutoDebitPayRequest{}, &AutoDebitRevokeRequest{},
		&PageCashierRequest{}, &CardPayRequest{}, &CardUpdateRecurringRequest{}, &AppOrderRequest{},
		&InStoreAddRequest{}, &InStorePayByCodeRequest{}, &InStoreCreateQRRequest{},
		&TransactionQueryRequest{}, &TransactionRefundRequest{}, &TransactionCancelRequest{}, &TransactionListRequest{},
		&ClearingListRequest{}, &WithdrawalListRequest{},
		&PreauthCreateVoucherRequest{}, &PreauthCreateRequest{}, &PreauthCancelRequest{}, &PreauthCompleteRequest{}, &PreauthQueryRequest{},
		&PayoutCreateRequest{}, &PayoutQueryRequest{}, &PayoutBalanceRequest{},
		&OrderV4PayRequest{}, &OrderV4FinishRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, comparison and
// outcome of its own: the request is a struct with json and spec tags that embeds [Sender], the answer one that embeds
// [Response] and has its result in a struct named result.
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), answer: res, settings: c.call.Settings.With(opts...)}
	header := http.Header{"Content-Type": {"application/json; charset=UTF-8"}, "Accept": {"application/json"}}
	answered, err := c.call.Do(ctx, op.line(), header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (op *Operation) line() call.Operation {
	return call.Operation{
		ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable, Limit: op.Limit,
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
	return c.call.NewTicket(op.line(), c.exchange(op, request))
}

// exchange is one that is not sent.
func (c *Client) exchange(op Operation, request Request) *exchange {
	return &exchange{client: c, op: op, request: spec.Copy(request), settings: c.call.Settings}
}

// faults are what is wrong with the request that settles a ticket, and with the ticket.
func (c *Client) faults(t cnpay.Ticket, request Request) []cnpay.Fault {
	faults := c.exchange(Operation{}, request).Check()
	if t.Fields["merGroupNo"] != c.merGroupNo { // another partner's query would see nothing, which must prove nothing
		faults = append(faults, cnpay.Fault{Field: "merGroupNo", Problem: "is not the client's " + c.merGroupNo})
	}
	return faults
}

// Settle finds the outcome of a call from its ticket: it queries, on the operation's own schedule, until the outcome is
// final. What each outcome means is said at the operation. A revoke, a token and a recurring schedule have no query: they are
// sent again, as a new sending of the same ticket. See [cnpay.Settler].
func (c *Client) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	op, _ := call.Lookup(c.call.Settings.With(opts...), func(op Operation) bool { return op.ID == t.Operation }, operations, Request.operation)
	if op.Settle == nil {
		return c.call.NotSettled(t)
	}
	return c.call.Settle(ctx, t, op.Settle(c, t, opts...), opts)
}
