package yuansfer

import (
	"cmp"
	"context"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// PreauthService holds money and takes it later (预授权). No answer of this family was ever published: its fields are those of
// Yuansfer's SDKs' requests, and its states are read as those of payments.
type PreauthService struct{ client *Client }

// AuthKey names a pre-authorisation, by one of its numbers and not by both.
type AuthKey struct {
	// OutAuthInfoNo is the merchant's number (商户预授权号).
	OutAuthInfoNo string `json:"outAuthInfoNo" spec:"C[!authInfoNo] PLAIN"`
	// AuthInfoNo is Yuansfer's number (预授权号).
	AuthInfoNo string `json:"authInfoNo" spec:"C PLAIN"`
}

func (k *AuthKey) conditions() []cnpay.Fault {
	return oneOf("authInfoNo", k.AuthInfoNo, "outAuthInfoNo", k.OutAuthInfoNo)
}

// NewAuth is a new pre-authorisation.
type NewAuth struct {
	// OutAuthInfoNo is the merchant's number of the pre-authorisation (商户预授权号), new for each.
	OutAuthInfoNo string `json:"outAuthInfoNo" spec:"M PLAIN"`
	// OutAuthDetailNo is the merchant's number of this operation (商户预授权操作号), new for each.
	OutAuthDetailNo string `json:"outAuthDetailNo" spec:"M PLAIN"`
	// Vendor is the wallet (付款渠道): alipay.
	Vendor string `json:"vendor" spec:"M S"`
	// Note is the merchant's own text (备注).
	Note string `json:"note" spec:"O PLAIN100"`
	// AuthIpnURL is where Yuansfer sends a notification of the pre-authorisation (异步通知地址). Its fields are undocumented; see
	// [OtherNotification].
	AuthIpnURL string `json:"authIpnUrl" spec:"O S"`
}

// PreauthCreateVoucherRequest makes a code by which a customer lets money be held.
type PreauthCreateVoucherRequest struct {
	Sender
	NewAuth

	// Amount is the amount to hold (金额), decimal text in the currency's major unit.
	Amount string `json:"amount" spec:"M AMOUNT"`
	// Currency is the currency of the price (交易币种). Yuansfer's JS SDK has it mandatory: say it.
	Currency string `json:"currency" spec:"O AN3"`
	// SettleCurrency is the currency of clearing (结算币种). Say it.
	SettleCurrency string `json:"settleCurrency" spec:"O AN3"`
}

func (*PreauthCreateVoucherRequest) operation() Operation {
	return Operation{ID: OpPreauthCreateVoucher, Path: "/app-auth/v3/voucher-create", Judge: judgeOrder, Settle: settleVoucher}
}

// PreauthCreateRequest holds money of the customer whose code was scanned.
type PreauthCreateRequest struct {
	Sender
	NewAuth
	Money

	// PaymentBarcode is the text of the customer's code (付款码), good for one hold.
	PaymentBarcode string `json:"paymentBarcode" spec:"C S secret"`
}

func (*PreauthCreateRequest) operation() Operation {
	return Operation{ID: OpPreauthCreate, Path: "/app-auth/v3/auth-freeze", Judge: judgePayment, Settle: settleHold}
}

// PreauthCancelRequest releases what is held, whole or in part.
type PreauthCancelRequest struct {
	Sender
	AuthKey

	// OutAuthDetailNo is the merchant's number of this release (商户预授权操作号), new for each.
	OutAuthDetailNo string `json:"outAuthDetailNo" spec:"M PLAIN"`
	// UnfreezeAmount is the amount to release (解冻金额), decimal text in the currency's major unit.
	UnfreezeAmount string `json:"unfreezeAmount" spec:"M AMOUNT"`
	Currencies
	// AuthIpnURL is where Yuansfer sends a notification of the release (异步通知地址).
	AuthIpnURL string `json:"authIpnUrl" spec:"O S"`
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{ID: OpPreauthCancel, Path: "/app-auth/v3/auth-unfreeze", Judge: judgeRefund, Settle: settleRelease}
}

// PreauthCompleteRequest takes money that is held.
type PreauthCompleteRequest struct {
	Sender
	AuthKey

	// OutAuthDetailNo is the merchant's number of this completion (商户预授权操作号), new for each.
	OutAuthDetailNo string `json:"outAuthDetailNo" spec:"M PLAIN"`
	// Reference is the merchant's order number of the payment (商户订单号), new for each.
	Reference string `json:"reference" spec:"M PLAIN"`
	Money
	// IpnURL is where Yuansfer sends the [PaymentNotification] of the completion (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"O S"`
	// AuthConfirmModel says what happens to the rest (预授权确认模式). Its values are not published; Alipay's are COMPLETE, which
	// releases it, and NOT_COMPLETE.
	AuthConfirmModel string `json:"authConfirmModel" spec:"O S"`
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{ID: OpPreauthComplete, Path: "/app-auth/v3/auth-capture", Judge: judgeRefund, Settle: settleComplete}
}

// PreauthQueryRequest names one operation of a pre-authorisation, by one of its numbers and not by both.
type PreauthQueryRequest struct {
	Sender
	AuthKey

	// OutAuthDetailNo is the merchant's number of the operation (商户预授权操作号).
	OutAuthDetailNo string `json:"outAuthDetailNo" spec:"C[!authDetailNo] PLAIN"`
	// AuthDetailNo is Yuansfer's number of it (预授权操作号).
	AuthDetailNo string `json:"authDetailNo" spec:"C PLAIN"`
}

func (*PreauthQueryRequest) operation() Operation {
	return Operation{ID: OpPreauthQuery, Path: "/app-auth/v3/auth-detail-query", Query: true, Repeatable: true}
}

func (r *PreauthQueryRequest) conditions() []cnpay.Fault {
	return append(r.AuthKey.conditions(), oneOf("authDetailNo", r.AuthDetailNo, "outAuthDetailNo", r.OutAuthDetailNo)...)
}

// AuthDetail is one operation of a pre-authorisation.
type AuthDetail struct {
	// AuthInfoNo is Yuansfer's number of the pre-authorisation (预授权号).
	AuthInfoNo string `json:"authInfoNo" spec:"O S"`
	// OutAuthInfoNo is the merchant's number of it (商户预授权号).
	OutAuthInfoNo string `json:"outAuthInfoNo" spec:"O S"`
	// AuthDetailNo is Yuansfer's number of the operation (预授权操作号).
	AuthDetailNo string `json:"authDetailNo" spec:"O S"`
	// OutAuthDetailNo is the merchant's number of it (商户预授权操作号).
	OutAuthDetailNo string `json:"outAuthDetailNo" spec:"O S"`
	// Amount is the operation's amount (金额).
	Amount string `json:"amount" spec:"O S"`
	// Currency is the currency of the price.
	Currency string `json:"currency" spec:"O S"`
	// SettleCurrency is the currency of clearing.
	SettleCurrency string `json:"settleCurrency" spec:"O S"`
	// Status is the state of the operation; its values are undocumented.
	Status string `json:"status" spec:"O S"`
}

// AuthPayment is a completion and the payment that it made.
type AuthPayment struct {
	AuthDetail

	// Reference is the merchant's order number of the payment.
	Reference string `json:"reference" spec:"O S"`
	// TransactionNo is Yuansfer's number of the payment, for a refund.
	TransactionNo string `json:"transactionNo" spec:"O S"`
}

// AuthResponse is an answer with an operation of a pre-authorisation.
type AuthResponse struct {
	Response

	// Result is the operation (结果对象). How a voucher's code is answered is undocumented: look into Raw and Extra.
	Result AuthDetail `json:"result" spec:"C"`
}

// PreauthCreateVoucherResponse is the answer with the code.
type PreauthCreateVoucherResponse struct{ AuthResponse }

// PreauthCreateResponse is the answer to a hold.
type PreauthCreateResponse struct{ AuthResponse }

// PreauthCancelResponse is the answer to a release.
type PreauthCancelResponse struct{ AuthResponse }

// PreauthQueryResponse is the answer to a query; the state of the operation is Result.Status.
type PreauthQueryResponse struct{ AuthResponse }

// PreauthCompleteResponse is the answer to a completion.
type PreauthCompleteResponse struct {
	Response

	// Result is the completion (结果对象).
	Result AuthPayment `json:"result" spec:"C"`
}

// CreateVoucher makes a code by which a customer lets money be held (预授权码创建, POST /app-auth/v3/voucher-create). Nothing is
// held until somebody scans it.
//   - Pending: the code is there. Succeeded, once it is settled: the money is held.
//   - Failed: refused; there is no code. Once it is settled: the hold has failed, or the code was closed.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [PayerSchedule]. A new code has new numbers.
//
//cnpay:op auth_voucher_create
func (s *PreauthService) CreateVoucher(ctx context.Context, req *PreauthCreateVoucherRequest, opts ...cnpay.Option) (*PreauthCreateVoucherResponse, error) {
	return do[PreauthCreateVoucherResponse](ctx, s.client, req, opts)
}

// Create holds money of the customer whose code was scanned (预授权冻结, POST /app-auth/v3/auth-freeze). Never repeat it under new
// numbers while its outcome is open.
//   - Succeeded: the money is held.
//   - Pending: the customer is yet to confirm; settle it.
//   - Failed: refused, or the hold has failed; nothing is held.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [TillSchedule]. Where the till gives up, Cancel the whole amount.
//
//cnpay:op auth_freeze
func (s *PreauthService) Create(ctx context.Context, req *PreauthCreateRequest, opts ...cnpay.Option) (*PreauthCreateResponse, error) {
	return do[PreauthCreateResponse](ctx, s.client, req, opts)
}

// Cancel releases what is held, whole or in part (预授权解冻, POST /app-auth/v3/auth-unfreeze).
//   - Succeeded: released.
//   - Pending: accepted; settle it.
//   - Failed: refused, or the release has failed; the money is held as before.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule].
//
//cnpay:op auth_unfreeze
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// Complete takes money that is held (预授权完成, POST /app-auth/v3/auth-capture; a capture), in as many parts as there are
// completions. There is no cancelling of a completion: refund its payment with [TransactionsService.Refund].
//   - Succeeded: paid.
//   - Pending: accepted; settle it.
//   - Failed: refused, or the completion has failed; the money is held as before.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule]: by the operation, then by the payment.
//
//cnpay:op auth_capture
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// Query reads one operation of a pre-authorisation (预授权操作查询, POST /app-auth/v3/auth-detail-query). It moves no money and may
// be repeated.
//   - Answered: about this operation; its state is Result.Status.
//   - Unknown: Yuansfer has no such operation now, or refused the query, or nothing was heard; query again.
//
//cnpay:op auth_detail_query
func (s *PreauthService) Query(ctx context.Context, req *PreauthQueryRequest, opts ...cnpay.Option) (*PreauthQueryResponse, error) {
	return do[PreauthQueryResponse](ctx, s.client, req, opts)
}

// settleAuth queries one operation of a pre-authorisation. Its absence proves nothing: no answer of the query is published.
func settleAuth(c *Client, t cnpay.Ticket, judge func(status string) cnpay.Outcome, opts []cnpay.Option) cnpay.SettleRule {
	q := &PreauthQueryRequest{
		Sender:          senderOf(t),
		AuthKey:         AuthKey{OutAuthInfoNo: t.Fields["outAuthInfoNo"], AuthInfoNo: t.Fields["authInfoNo"]},
		OutAuthDetailNo: t.Fields["outAuthDetailNo"],
	}
	return cnpay.SettleRule{
		Schedule: BackSchedule(),
		Faults:   c.faults(t, q),
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Preauth.Query(ctx, q, opts...)
			if err != nil && (res == nil || res.RetCode != CodeNotFound) {
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{Answer: res, Absent: err != nil}
			f.Code, f.Message = res.RetCode, res.RetMsg
			if f.Absent || res.Result.Status == "" {
				return f, nil
			}
			f.Code = res.Result.Status
			asked := cmp.Or(t.Fields["amount"], t.Fields["unfreezeAmount"])
			switch {
			case res.Result.Amount != "" && !sameAmount(res.Result.Amount, asked):
				f.Cause = call.Contradiction("the operation's amount is %s, not %s", res.Result.Amount, asked)
			case res.Result.Currency != "" && t.Fields["currency"] != "" && res.Result.Currency != t.Fields["currency"]:
				f.Cause = call.Contradiction("the operation's currency is %s, not %s", res.Result.Currency, t.Fields["currency"])
			default:
				f.Outcome = judge(f.Code)
			}
			return f, nil
		},
	}
}

func settleVoucher(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleAuth(c, t, judgePayment, opts)
	rule.Schedule, rule.PaidLater = PayerSchedule(life("")), true
	return rule
}

func settleHold(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleAuth(c, t, judgePayment, opts)
	rule.Schedule = TillSchedule()
	return rule
}

func settleRelease(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return settleAuth(c, t, judgeRefund, opts)
}

// settleComplete queries the operation and, where that does not decide, the payment that it makes.
func settleComplete(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	rule := settleAuth(c, t, judgeRefund, opts)
	byDetail, payment := rule.Query, orderOf(t)
	rule.Faults = append(rule.Faults, c.faults(t, payment)...)
	rule.Query = func(ctx context.Context) (cnpay.Finding, error) {
		detail, noDetail := byDetail(ctx)
		if noDetail == nil && (detail.Outcome.Final() || detail.Cause != nil) {
			return detail, nil
		}
		state, f, err := c.find(ctx, payment, opts)
		if err == nil && !f.Absent {
			f.Outcome, f.Cause = state.judgeOrder(t)
			if f.Outcome != cnpay.Failed { // a failed payment need not be the end of the completion
				return f, nil
			}
		}
		return detail, noDetail
	}
	return rule
}
