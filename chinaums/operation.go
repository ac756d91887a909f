package chinaums

import (
	"context"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpBillCreateQR         = "bills_get_qrcode"
	OpBillUpdate           = "bills_update_qrcode"
	OpBillClose            = "bills_close_qrcode"
	OpBillQueryCode        = "bills_query_qrcode_info"
	OpBillQuery            = "bills_query"
	OpBillRefund           = "bills_refund"
	OpBillComplete         = "bills_preauthed"
	OpBillCancelPreauth    = "bills_preauth_cancel"
	OpBillCancelCompletion = "bills_preauthed_cancel"

	OpPageWallet            = "webpay_pay"
	OpPageAlipay            = "trade_h5_pay"
	OpPageWeChat            = "wxpay_h5_pay"
	OpPageWeChatMiniProgram = "wxpay_h5_to_minipay"
	OpPageQuickPass         = "uac_order"
	OpPageBank              = "upg_order"

	OpWeChatOrder                 = "wx_unified_order"
	OpWeChatAppOrder              = "wx_app_pre_order"
	OpWeChatMiniProgramOrder      = "wx_mini_pre_order"
	OpWeChatQueryAppOrder         = "wx_app_pre_query"
	OpWeChatCloseAppOrder         = "wx_app_pre_close"
	OpAlipayOrder                 = "trade_create"
	OpAlipayAppOrder              = "trade_precreate"
	OpAlipayMiniProgramOrder      = "trade_app_pre_order"
	OpAlipayQueryMiniProgramOrder = "trade_app_pre_query"
	OpAlipayCloseMiniProgramOrder = "trade_app_pre_close"
	OpQuickPassOrder              = "acp_js_pay"
	OpQuickPassAppOrder           = "uac_app_order"
	OpQuickPassMiniProgramOrder   = "uac_mini_order"
	OpBankAppOrder                = "upg_app_pre_order"

	OpOrderQuery              = "netpay_query"
	OpOrderClose              = "netpay_close"
	OpOrderRefund             = "netpay_refund"
	OpOrderQueryRefund        = "netpay_refund_query"
	OpOrderConfirmSplit       = "sub_orders_confirm"
	OpPreauthComplete         = "netpay_preauthed"
	OpPreauthCancel           = "netpay_preauth_cancel"
	OpPreauthCancelCompletion = "netpay_preauthed_cancel"
	OpEscrowComplete          = "secure_complete"
	OpEscrowCancel            = "secure_cancel"

	OpCounterPayByCode   = "pos_pay"
	OpCounterVoid        = "pos_voidpayment"
	OpCounterRefund      = "pos_refund"
	OpCounterQuery       = "pos_query"
	OpCounterQueryRefund = "pos_query_refund"
	OpCounterActivate    = "pos_activeterminal"
)

// Operation is one line of ChinaUMS's list. This package's own are behind the methods of its services; [Do] carries out
// one that the package lacks.
type Operation struct {
	ID   string // as tickets, errors and logs name it
	Path string // "/v1/netpay/query"

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool
	// Counter marks the operations of poslink (B扫C), which have codes of their own, and no order number in most
	// answers.
	Counter bool
	// Page marks an order that the payer's browser takes to ChinaUMS: it is a signed link and sends nothing.
	Page bool

	// Judge says what an answer means whose code decides. Without a Judge an operation on money that is answered well is
	// Pending, never Succeeded.
	Judge Judge
	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket. Without one the call
	// stays open for a person. [WithOperations] makes it known to a client.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule
}

// Judge says what an answer means. Its byCode is Succeeded or Failed, as errCode says; the request and the answer are
// pointers to the structs of the call. Its error is a cause, of the kind that an answer contradicts itself.
type Judge func(byCode cnpay.Outcome, request, answer any) (cnpay.Outcome, error)

// JudgeSuccess is a Judge that asks f what a success means. A refusal by errCode stays one.
func JudgeSuccess[Req, Res any](f func(*Req, *Res) (cnpay.Outcome, error)) Judge {
	return func(byCode cnpay.Outcome, request, answer any) (cnpay.Outcome, error) {
		req, ours := request.(*Req)
		res, theirs := answer.(*Res)
		switch {
		case byCode != cnpay.Succeeded:
			return byCode, nil
		case !ours || !theirs:
			return cnpay.Unknown, call.Contradiction("the operation's Judge is of other types than its call")
		}
		return f(req, res)
	}
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&BillCreateQRRequest{}, &BillUpdateRequest{}, &BillCloseRequest{}, &BillQueryCodeRequest{},
		&BillQueryRequest{}, &BillRefundRequest{}, &BillCompleteRequest{}, &BillCancelPreauthRequest{},
		&BillCancelCompletionRequest{},
		&PageWalletRequest{}, &PageAlipayRequest{}, &PageWeChatRequest{}, &PageWeChatMiniProgramRequest{},
		&PageQuickPassRequest{}, &PageBankRequest{},
		&WeChatOrderRequest{}, &WeChatAppOrderRequest{}, &WeChatMiniProgramOrderRequest{},
		&WeChatQueryAppOrderRequest{}, &WeChatCloseAppOrderRequest{}, &AlipayOrderRequest{},
		&AlipayAppOrderRequest{}, &AlipayMiniProgramOrderRequest{}, &AlipayQueryMiniProgramOrderRequest{},
		&AlipayCloseMiniProgramOrderRequest{}, &QuickPassOrderRequest{}, &QuickPassAppOrderRequest{},
		&QuickPassMiniProgramOrderRequest{}, &BankAppOrderRequest{},
		&OrderQueryRequest{}, &OrderCloseRequest{}, &OrderRefundRequest{}, &OrderQueryRefundRequest{},
		&OrderConfirmSplitRequest{}, &PreauthCompleteRequest{}, &PreauthCancelRequest{},
		&PreauthCancelCompletionRequest{}, &EscrowCompleteRequest{}, &EscrowCancelRequest{},
		&CounterPayByCodeRequest{}, &CounterVoidRequest{}, &CounterRefundRequest{}, &CounterQueryRequest{},
		&CounterQueryRefundRequest{}, &CounterActivateRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, comparison and
// outcome of its own: the request is a struct with json and spec tags, the answer one that embeds [Response]. An answer
// is accepted only when it repeats one of the numbers by which ChinaUMS names orders, as its own operations do.
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := c.exchange(op, request, res, opts)
	header := http.Header{"Content-Type": {"application/json; charset=utf-8"}, "Accept": {"application/json"}}
	answered, err := c.call.Do(ctx, c.line(&op), header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (c *Client) exchange(op Operation, request any, answer response, opts []cnpay.Option) *exchange {
	return &exchange{client: c, op: op, request: spec.Copy(request), answer: answer, settings: c.call.Settings.With(opts...)}
}

func (c *Client) line(op *Operation) call.Operation {
	line := call.Operation{ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable}
	if op.Counter {
		line.Gateway = c.counter
	}
	if op.Page {
		line.Method = http.MethodGet
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
	return c.call.NewTicket(c.line(&op), c.exchange(op, request, nil, nil))
}

// faults are what is wrong with a request.
func (c *Client) faults(request Request) []cnpay.Fault {
	return c.exchange(request.operation(), request, nil, nil).Check()
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
