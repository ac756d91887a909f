package upay

import (
	"context"
	"slices"
	"strconv"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/upay/internal/code"
)

// PreauthService holds money and takes of it later (预授权): a product of its own, of Alipay alone, on a host of its own.
// Its documents are of 2018; ask Upay whether it is still sold. There is no notification of it.
type PreauthService struct{ client *Client }

// PreauthStep is what every step of a pre-authorisation says.
type PreauthStep struct {
	// ClientTransNo is the merchant's number of this step (商户操作流水号): a new one for each.
	ClientTransNo string `json:"client_trans_no" spec:"M S..36"`
	// Amount is the amount of this step (金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..10"`
	// Operator makes it (门店操作员).
	Operator string `json:"operator" spec:"M S..32"`
	// Subject is its title (操作标题).
	Subject string `json:"subject" spec:"O S..32"`
}

// PreauthNumber names a pre-authorisation. Upay needs AuthSN or ClientAuthSN; when both are given, AuthSN decides.
type PreauthNumber struct {
	// AuthSN is Upay's number of the pre-authorisation (收钱吧预授权单号).
	AuthSN string `json:"auth_sn" spec:"C[!client_auth_sn] S..32"`
	// ClientAuthSN is the merchant's (商户预授权单号).
	ClientAuthSN string `json:"client_auth_sn" spec:"C S..32"`
}

// PreauthOperation is one step of a pre-authorisation as Upay sees it. Times are Unix milliseconds in decimal text.
type PreauthOperation struct {
	// TerminalSN is the terminal of the step.
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// AuthSN is Upay's number of the pre-authorisation (收钱吧预授权单号).
	AuthSN string `json:"auth_sn" spec:"R S..32"`
	// ClientAuthSN is the merchant's.
	ClientAuthSN string `json:"client_auth_sn" spec:"R S..32"`
	// RequestNo is Upay's number of the step (收钱吧操作流水号).
	RequestNo string `json:"request_no" spec:"R S..20"`
	// ClientTransNo is the merchant's.
	ClientTransNo string `json:"client_trans_no" spec:"R S..36"`
	// SN is Upay's order number of the payment (收钱吧唯一订单号), of a completion and its refund.
	SN string `json:"sn" spec:"C S..16"`
	// Payway is the payment channel (支付方式).
	Payway string `json:"payway" spec:"R S..2"`
	// Amount is the amount of the step, fen.
	Amount int64 `json:"amount" spec:"R N..10"`
	// FinishTime is when the step ended at Upay, ChannelFinishTime at the channel.
	FinishTime        string `json:"finish_time" spec:"R S..13"`
	ChannelFinishTime string `json:"channel_finish_time" spec:"C S..13"`
	// PayerUserID is the payer at the channel.
	PayerUserID string `json:"payer_user_id" spec:"R S..64"`
	// PayerLogonID is the payer's account at the channel, masked by it.
	PayerLogonID string `json:"payer_logon_id" spec:"R S..128"`
	// Operator made the step.
	Operator string `json:"operator" spec:"R S..32"`
	// Reflect is the merchant's own text, echoed.
	Reflect string `json:"reflect" spec:"O S..64"`
	// Status is the state of the step, in queries: INIT, SUCCESS, CLOSED, UNKNOWN.
	Status string `json:"status" spec:"C S..32"`
	// RequestType is its kind, in queries: 05 or FREEZE, 16 or UNFREEZE, 07 or PAY, 18 or REFUND.
	RequestType string `json:"request_type" spec:"C S..20"`
	// Subject is its title, in queries.
	Subject string `json:"subject" spec:"C S..32"`
	// RequestCreateTime and RequestFinishTime are when the step began and ended, in queries.
	RequestCreateTime string `json:"request_create_time" spec:"C S..13"`
	RequestFinishTime string `json:"request_finish_time" spec:"C S..13"`
}

// PreauthResponse is the answer to every step of a pre-authorisation.
type PreauthResponse struct {
	Envelope

	// Result is the step's result (业务响应数据); empty when the request was not accepted.
	Result PreauthResult `json:"biz_response" spec:"C"`
}

// PreauthResult is the business part of an answer.
type PreauthResult struct {
	Codes

	// Data is the step; most of it is there only when ResultCode is SUCCESS.
	Data PreauthOperation `json:"data" spec:"C"`
}

func (r *PreauthResponse) codes() *Codes    { return &r.Result.Codes }
func (r *PreauthResponse) blank() bool      { return r.Result.Data == PreauthOperation{} }
func (r *PreauthResponse) normalize() error { return nil }

func (r *PreauthResponse) belongs(x *exchange, outcome cnpay.Outcome) error {
	data := &r.Result.Data
	if err := x.belongs(data, outcome, []string{"request_no", "client_trans_no"}, "amount"); err != nil {
		return err
	}
	return x.belongs(data, cnpay.Unknown, []string{"sn", "auth_sn", "client_auth_sn"})
}

// judge reads the result of a step.
func (r *PreauthResponse) judge() (cnpay.Outcome, error) {
	if r.Result.ResultCode == "FAIL" {
		return code.Failed(r.Result.ErrorCode), nil
	}
	outcome := judgeStep(r.Result.ResultCode)
	if status := r.Result.Data.Status; status != "" && judgeStep(status) != outcome {
		return cnpay.Unknown, call.Contradiction("result_code %s contradicts status %s", r.Result.ResultCode, status)
	}
	return outcome, nil
}

// judgeStep reads the state of a step, or the result that says the same.
func judgeStep(status string) cnpay.Outcome {
	switch status {
	case PreauthStatusSuccess:
		return cnpay.Succeeded
	case PreauthStatusInit:
		return cnpay.Pending
	case PreauthStatusClosed:
		return cnpay.Failed
	}
	return cnpay.Unknown // UNKNOWN, UNKOWN, ERROR
}

// PreauthCreateRequest holds money of the payer with the code that the payer shows.
type PreauthCreateRequest struct {
	Sender
	PreauthStep

	// ClientAuthSN is the merchant's number of the pre-authorisation (商户预授权单号), unique.
	ClientAuthSN string `json:"client_auth_sn" spec:"M S..32"`
	// DynamicID is what the payer's bar code holds (条码内容). It pays: never log it.
	DynamicID string `json:"dynamic_id" spec:"M S..32 secret"`
	// Reflect is the merchant's own text (反射参数), echoed.
	Reflect string `json:"reflect" spec:"O S..64"`
}

func (*PreauthCreateRequest) operation() Operation {
	return Operation{ID: OpPreauthCreate, Path: "/api/v1/pre-auth/freeze", Settle: settlePreauth("05", "FREEZE")}
}

// PreauthCreateResponse is the answer to a hold.
type PreauthCreateResponse struct{ PreauthResponse }

// Create holds money of the payer (预授权冻结, POST /api/v1/pre-auth/freeze). It may be completed and released in parts.
//
// Never repeat it under the same ClientTransNo, nor under a new one while the outcome is unknown.
//   - Succeeded: the money is held.
//   - Pending: the payer is still to confirm. Settle it, by default on [PreauthSchedule].
//   - Failed: refused or closed; nothing is held. A new attempt needs new numbers.
//   - Unknown: settle it. What stays unknown is for Upay's support: their query does not say that a step never arrived.
//
//cnpay:op pre_auth_freeze
func (s *PreauthService) Create(ctx context.Context, req *PreauthCreateRequest, opts ...cnpay.Option) (*PreauthCreateResponse, error) {
	return do[PreauthCreateResponse](ctx, s.client, req, opts)
}

// PreauthCancelRequest releases money that is held.
type PreauthCancelRequest struct {
	Sender
	PreauthNumber
	PreauthStep
}

func (*PreauthCancelRequest) operation() Operation {
	return Operation{ID: OpPreauthCancel, Path: "/api/v1/pre-auth/unfreeze", Settle: settlePreauth("16", "UNFREEZE")}
}

// PreauthCancelResponse is the answer to a release.
type PreauthCancelResponse struct{ PreauthResponse }

// Cancel releases money that is held, all of it or a part (预授权撤销, 解冻, POST /api/v1/pre-auth/unfreeze).
//
// Repeat it only after settling, and only under the same ClientTransNo.
//   - Succeeded: released.
//   - Pending: Upay is still working on it. Settle it, by default on [PreauthSchedule].
//   - Failed: refused or closed; the money is held as before.
//   - Unknown: settle it; what stays unknown is for Upay's support.
//
//cnpay:op pre_auth_unfreeze
func (s *PreauthService) Cancel(ctx context.Context, req *PreauthCancelRequest, opts ...cnpay.Option) (*PreauthCancelResponse, error) {
	return do[PreauthCancelResponse](ctx, s.client, req, opts)
}

// PreauthCompleteRequest takes money that is held.
type PreauthCompleteRequest struct {
	Sender
	PreauthNumber
	PreauthStep
}

func (*PreauthCompleteRequest) operation() Operation {
	return Operation{ID: OpPreauthComplete, Path: "/api/v1/pre-auth/pay", Settle: settlePreauth("07", "PAY")}
}

// PreauthCompleteResponse is the answer to a completion. Result.Data.SN is the payment's number, which a refund needs.
type PreauthCompleteResponse struct{ PreauthResponse }

// Complete takes money that is held, all of it or a part (预授权完成, 转支付, POST /api/v1/pre-auth/pay; other SDKs say
// capture). It does not release the rest: see Cancel.
//
// Repeat it only after settling, and only under the same ClientTransNo.
//   - Succeeded: taken.
//   - Pending: Upay is still working on it. Settle it, by default on [PreauthSchedule].
//   - Failed: refused or closed; the money is held as before.
//   - Unknown: settle it; what stays unknown is for Upay's support.
//
//cnpay:op pre_auth_pay
func (s *PreauthService) Complete(ctx context.Context, req *PreauthCompleteRequest, opts ...cnpay.Option) (*PreauthCompleteResponse, error) {
	return do[PreauthCompleteResponse](ctx, s.client, req, opts)
}

// PreauthRefundRequest returns money that a completion took. Upay needs one of the three numbers, and uses the first of
// SN, AuthSN, ClientAuthSN.
type PreauthRefundRequest struct {
	Sender

	// SN is Upay's order number of the payment (收钱吧唯一订单号), from the completion.
	SN string `json:"sn" spec:"C[!auth_sn,!client_auth_sn] S..16"`
	// AuthSN is Upay's number of the pre-authorisation (收钱吧预授权单号); without SN.
	AuthSN string `json:"auth_sn" spec:"C S..32"`
	// ClientAuthSN is the merchant's; without SN and AuthSN.
	ClientAuthSN string `json:"client_auth_sn" spec:"C S..32"`

	PreauthStep
}

func (*PreauthRefundRequest) operation() Operation {
	return Operation{ID: OpPreauthRefund, Path: "/api/v1/pre-auth/refund", Settle: settlePreauth("18", "REFUND")}
}

// PreauthRefundResponse is the answer to a refund of a completion.
type PreauthRefundResponse struct{ PreauthResponse }

// Refund returns money that a completion took, all of it or a part (预授权完成退款, POST /api/v1/pre-auth/refund).
//
// Repeat it only after settling, and only under the same ClientTransNo.
//   - Succeeded: the money is on its way back.
//   - Pending: Upay is still working on it. Settle it, by default on [PreauthSchedule].
//   - Failed: refused or closed; nothing was given back.
//   - Unknown: settle it; what stays unknown is for Upay's support.
//
//cnpay:op pre_auth_refund
func (s *PreauthService) Refund(ctx context.Context, req *PreauthRefundRequest, opts ...cnpay.Option) (*PreauthRefundResponse, error) {
	return do[PreauthRefundResponse](ctx, s.client, req, opts)
}

// PreauthQueryRequest names the step to query. Upay needs RequestNo or ClientTransNo; when both are given, RequestNo
// decides.
type PreauthQueryRequest struct {
	Sender

	// RequestNo is Upay's number of the step (收钱吧操作流水号).
	RequestNo string `json:"request_no" spec:"C[!client_trans_no] S..20"`
	// ClientTransNo is the merchant's (商户操作流水号).
	ClientTransNo string `json:"client_trans_no" spec:"C S..36"`
}

func (*PreauthQueryRequest) operation() Operation {
	return Operation{ID: OpPreauthQuery, Path: "/api/v1/pre-auth/query", Query: true, Repeatable: true}
}

// PreauthQueryResponse is the answer to a query of a step, whose state is Result.Data.Status.
type PreauthQueryResponse struct{ PreauthResponse }

func (r *PreauthQueryResponse) judge() (cnpay.Outcome, error) {
	return judgeAsked(r.Result.ResultCode), nil
}

// judgeAsked reads the result of a query.
func judgeAsked(code string) cnpay.Outcome {
	switch code {
	case "SUCCESS":
		return cnpay.Succeeded
	case "FAIL", "CLOSED":
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// Query reads the state of one step of a pre-authorisation (预授权操作查询, POST /api/v1/pre-auth/query). It moves no money
// and may be repeated. Its answer can take twenty seconds.
//   - Answered: about this step; its state is Result.Data.Status, [PreauthStatusSuccess] for example; any state is possible.
//   - Unknown: refused, or nothing was heard; query again.
//
//cnpay:op pre_auth_query
func (s *PreauthService) Query(ctx context.Context, req *PreauthQueryRequest, opts ...cnpay.Option) (*PreauthQueryResponse, error) {
	return do[PreauthQueryResponse](ctx, s.client, req, opts)
}

// PreauthListRequest asks for the steps of a pre-authorisation, or of the terminal.
type PreauthListRequest struct {
	Sender

	// AuthSN is Upay's number of the pre-authorisation (收钱吧预授权单号); the page says 16 characters.
	AuthSN string `json:"auth_sn" spec:"O S..32"`
	// ClientAuthSN is the merchant's (商户预授权单号).
	ClientAuthSN string `json:"client_auth_sn" spec:"O S..32"`
	// PageInfo says how many steps of which time (分页信息).
	PageInfo *PreauthPage `json:"pageInfo" spec:"O"`
}

// PreauthPage is which steps a list has. Times are Unix milliseconds. There are no page numbers: the next page is the one
// that ends before the last step of this one.
type PreauthPage struct {
	PageSize  int64 `json:"pageSize" spec:"O N"`
	StartTime int64 `json:"startTime" spec:"O N"`
	EndTime   int64 `json:"endTime" spec:"O N"`
}

func (*PreauthListRequest) operation() Operation {
	return Operation{ID: OpPreauthList, Path: "/api/v1/pre-auth/query-trans", Query: true, Repeatable: true}
}

// PreauthListResponse is the answer to a list.
type PreauthListResponse struct {
	Envelope

	// Result is the list (业务响应数据); empty when the request was not accepted.
	Result PreauthList `json:"biz_response" spec:"C"`
}

// PreauthList is the business part of an answer.
type PreauthList struct {
	Codes

	// Data has the steps.
	Data struct {
		Trans []PreauthOperation `json:"trans" spec:"R"`
	} `json:"data" spec:"C"`
}

func (r *PreauthListResponse) codes() *Codes    { return &r.Result.Codes }
func (r *PreauthListResponse) blank() bool      { return len(r.Result.Data.Trans) == 0 }
func (r *PreauthListResponse) normalize() error { return nil }
func (r *PreauthListResponse) judge() (cnpay.Outcome, error) {
	return judgeAsked(r.Result.ResultCode), nil
}

func (r *PreauthListResponse) belongs(x *exchange, _ cnpay.Outcome) error {
	for i := range r.Result.Data.Trans {
		if err := x.belongs(&r.Result.Data.Trans[i], cnpay.Unknown, []string{"auth_sn", "client_auth_sn"}); err != nil {
			return err
		}
	}
	return nil
}

// List reads the steps of a pre-authorisation (预授权流水操作记录查询, POST /api/v1/pre-auth/query-trans). It moves no money
// and may be repeated.
//   - Answered: the steps are Result.Data.Trans.
//   - Unknown: refused, or nothing was heard; ask again.
//
//cnpay:op pre_auth_query_trans
func (s *PreauthService) List(ctx context.Context, req *PreauthListRequest, opts ...cnpay.Option) (*PreauthListResponse, error) {
	return do[PreauthListResponse](ctx, s.client, req, opts)
}

// settlePreauth queries the step by the merchant's own number. Its kind and amount must be those that were asked for.
func settlePreauth(kinds ...string) func(*Client, cnpay.Ticket, ...cnpay.Option) cnpay.SettleRule {
	return func(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
		query := &PreauthQueryRequest{Sender: Sender{t.Fields["terminal_sn"]}, ClientTransNo: t.Fields["client_trans_no"]}
		return cnpay.SettleRule{
			Schedule: PreauthSchedule(),
			Faults:   c.faults(query),
			Query: func(ctx context.Context) (cnpay.Finding, error) {
				res, err := c.Preauth.Query(ctx, query, opts...)
				if err != nil {
					return cnpay.Finding{}, err
				}
				step := &res.Result.Data
				f := cnpay.Finding{Verdict: cnpay.Verdict{Code: step.Status}, Answer: res}
				switch asked := t.Fields["amount"]; {
				case step.RequestType != "" && !slices.Contains(kinds, step.RequestType):
					f.Cause = call.Contradiction("request_type %s is not %s", step.RequestType, kinds[0])
				case step.Amount != 0 && asked != "" && strconv.FormatInt(step.Amount, 10) != asked:
					f.Cause = call.Contradiction("amount %d contradicts the %s that were asked for", step.Amount, asked)
				default:
					f.Outcome = judgeStep(step.Status)
				}
				return f, nil
			},
		}
	}
}
