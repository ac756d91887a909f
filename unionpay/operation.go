package unionpay

import (
	"context"
	"net/http"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// The operations of this package, as tickets, errors, logs and gateways for tests name them.
const (
	OpPagePurchase            = "front_consume"
	OpPageOpenAndPurchase     = "open_and_consume"
	OpPagePreauth             = "front_preauth"
	OpPageOpenCard            = "front_open"
	OpPageVerifyName          = "realname_auth_front"
	OpPaymentApp              = "app_consume"
	OpPaymentPurchase         = "no_redirect_consume"
	OpPaymentVoid             = "consume_undo"
	OpPaymentRefund           = "refund"
	OpPreauthApp              = "app_preauth"
	OpPreauthCreate           = "no_redirect_preauth"
	OpPreauthComplete         = "preauth_complete"
	OpPreauthCancel           = "preauth_cancel"
	OpPreauthCancelCompletion = "preauth_complete_cancel"
	OpQRCreate                = "qr_apply"
	OpQRPayByCode             = "qr_consume"
	OpQRVoid                  = "qr_undo"
	OpQRRefund                = "qr_refund"
	OpQRReverse               = "qr_reversal"
	OpCardSendSMS             = "sms"
	OpCardQueryOpen           = "open_query"
	OpCardOpen                = "back_open"
	OpCardApplyToken          = "apply_token"
	OpCardUpdateToken         = "token_update"
	OpCardDeleteToken         = "token_delete"
	OpPayoutCreate            = "payout"
	OpMandateCollect          = "collection"
	OpMandateVerifyName       = "realname_auth_back"
	OpMandateCreate           = "collection_authorize"
	OpMandateCancel           = "collection_deauthorize"
	OpMandateUnbind           = "unbind"
	OpMandateQueryBinding     = "bind_query"
	OpOrderQuery              = "query"
	OpFileDownload            = "file_download"
	OpCertificateEncryption   = "encrypt_cert_update"
)

// The paths of this package's operations.
const (
	frontTrans = "/gateway/api/frontTransReq.do"
	backTrans  = "/gateway/api/backTransReq.do"
	appTrans   = "/gateway/api/appTransReq.do"
	queryTrans = "/gateway/api/queryTrans.do"
)

// Operation is one line of UnionPay's list. This package's own are behind the methods of its services; [Do] carries out
// one that the package lacks.
type Operation struct {
	ID       string // as tickets, errors and logs name it
	Path     string // "/gateway/api/backTransReq.do"
	FileHost bool   // at the host of the reconciliation files

	TxnType     string // 交易类型
	TxnSubType  string // 交易子类; where the request has one of its own, the usual
	BizType     string // 产品类型, of a request that says no other
	ChannelType string // 渠道类型, likewise

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// NoMoney marks an operation that moves no money, now or later, so that there is nothing to settle.
	NoMoney bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool
	// PaidByPayer marks an order that the payer carries out later, until payTimeout.
	PaidByPayer bool

	// Requires is the field that a good answer must have.
	Requires string
	// Limit caps the answer's size, where it is not the usual.
	Limit int64
	// Keep are fields of the request that its ticket keeps for Settle, besides those that all tickets have: whose order
	// it is and of which amount. Never card data.
	Keep []string

	// Judge says what a code (应答码) means for the operation. Without a Judge 00 means accepted, Pending, of an operation
	// on money, and done, Succeeded, of all others.
	Judge func(respCode string) cnpay.Outcome
	// Settle is the rule by which [Client.Settle] finds the outcome, from nothing but the ticket: [SettleByQuery] or
	// [SettlePaidByPayer] where the documents' query knows the operation. Without one the call stays open for a person.
	// [WithOperations] makes it known to a client.
	Settle func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request {
	return []Request{
		&PagePurchaseRequest{}, &PageOpenAndPurchaseRequest{}, &PagePreauthRequest{}, &PageOpenCardRequest{}, &PageVerifyNameRequest{},
		&PaymentAppRequest{}, &PaymentPurchaseRequest{}, &PaymentVoidRequest{}, &PaymentRefundRequest{},
		&PreauthAppRequest{}, &PreauthCreateRequest{}, &PreauthCompleteRequest{}, &PreauthCancelRequest{}, &PreauthCancelCompletionRequest{},
		&QRCreateRequest{}, &QRPayByCodeRequest{}, &QRVoidRequest{}, &QRRefundRequest{}, &QRReverseRequest{},
		&CardSendSMSRequest{}, &CardQueryOpenRequest{}, &CardOpenRequest{}, &CardApplyTokenRequest{}, &CardUpdateTokenRequest{}, &CardDeleteTokenRequest{},
		&PayoutCreateRequest{}, &MandateCollectRequest{}, &MandateVerifyNameRequest{}, &MandateCreateRequest{}, &MandateCancelRequest{},
		&MandateUnbindRequest{}, &MandateQueryBindingRequest{},
		&OrderQueryRequest{}, &FileDownloadRequest{}, &CertificateEncryptionRequest{},
	}
}

// WithOperations makes operations of the program's own known to [Client.Settle].
// They go before the package's own of the same ID.
func WithOperations(operations ...Operation) cnpay.Option { return call.WithOperations(operations) }

// Do carries out an operation that this package lacks, with the checks, signature, at-most-once sending, verification,
// comparison and outcome of its own: the request is a struct with json and spec tags, which may embed [Sender] and its
// like, the answer one that embeds [Response]. The client adds version, encoding, signMethod, certId, txnType and
// txnSubType to a request that has no such field.
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), answer: res}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded;charset=" + string(c.encoding)}}
	answered, err := c.call.Do(ctx, c.line(op), header, x, &res.base().Answer, opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

func (c *Client) line(op Operation) call.Operation {
	line := call.Operation{
		ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: op.NoMoney, Repeatable: op.Repeatable, Limit: op.Limit,
	}
	if op.FileHost {
		line.Gateway = c.fileGateway
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

// form makes the form with which the payer's browser goes to UnionPay.
func (c *Client) form(request Request) (*cnpay.Form, error) {
	op := request.operation()
	x := &exchange{client: c, op: op, request: spec.Copy(request)}
	t, err := c.call.NewTicket(c.line(op), x)
	if err != nil {
		return nil, err
	}
	pairs, err := x.signed()
	if err != nil {
		return nil, &cnpay.Error{Ticket: t, Outcome: cnpay.NotSent, Err: err}
	}
	f := &cnpay.Form{Ticket: t, Action: c.call.Gateway + op.Path, Encoding: string(c.encoding), Fields: make([]cnpay.FormField, len(pairs))}
	for i, p := range pairs {
		value := p.Value
		if c.encoding == GBK {
			if value, err = fromCharset(value, GBK); err != nil {
				return nil, &cnpay.Error{Ticket: t, Outcome: cnpay.NotSent, Err: err}
			}
		}
		f.Fields[i] = cnpay.FormField{Name: p.Name, Value: value}
	}
	return f, nil
}

// Ticket is the ticket of a request that is yet to be sent; see [cnpay.Ticket]. Of an order that the payer pays its
// Until is payTimeout.
func (c *Client) Ticket(request Request) (cnpay.Ticket, error) {
	op := call.Of(request, Request.operation)
	return c.call.NewTicket(c.line(op), &exchange{client: c, op: op, request: spec.Copy(request)})
}

// faults are what is wrong with a request.
func (c *Client) faults(request Request) []cnpay.Fault {
	return (&exchange{client: c, op: request.operation(), request: spec.Copy(request)}).Check()
}

// Settle finds the outcome of a call, or of an order that the payer pays, from its ticket: it queries, on the operation's
// own schedule, until the outcome is final. What each outcome means is said at the operation. The answer in the
// settlement is an *[OrderQueryResponse], of a reversal a *[QRReverseResponse]. See [cnpay.Settler].
func (c *Client) Settle(ctx context.Context, t cnpay.Ticket, opts ...cnpay.Option) (*cnpay.Settlement, error) {
	op, _ := call.Lookup(c.call.Settings.With(opts...), func(op Operation) bool { return op.ID == t.Operation }, operations, Request.operation)
	if op.Settle == nil {
		return c.call.NotSettled(t)
	}
	return c.call.Settle(ctx, t, op.Settle(c, t, opts...), opts)
}
