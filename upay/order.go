package upay

import (
	"cmp"
	"context"
	"fmt"

	"github.com/cnpay-go/cnpay"
)

// OrdersService acts on orders (订单).
type OrdersService struct{ client *Client }

// OrderRevokeRequest names the order to revoke. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderRevokeRequest struct {
	// TerminalSN is the terminal number (收钱吧终端ID), digits. Empty means the client's.
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's order number (商户订单号) that the payment was made with. The Chinese page allows 64
	// characters, but payments have 32 at most.
	ClientSN string `json:"client_sn" spec:"C S..32"`
}

func (*OrderRevokeRequest) operation() Operation {
	return Operation{ID: OpRevoke, Path: "/upay/v2/revoke", Judge: judgeRevoke, Settle: settleRevoke}
}

// OrderQueryRequest names the order to query. Upay needs SN or ClientSN; when both are given, SN decides.
type OrderQueryRequest struct {
	// TerminalSN is the terminal number (收钱吧终端ID), digits. Empty means the client's.
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"C[!client_sn] S..16"`
	// ClientSN is the merchant's order number (商户订单号). The English page says 32 characters.
	ClientSN string `json:"client_sn" spec:"C S..64"`
	// RefundRequestNo names one refund of the order (退款序列号): Status and ClientTSN are then that refund's. The
	// page says 20 characters, the gateway itself 31.
	RefundRequestNo string `json:"refund_request_no" spec:"O S..31"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{ID: OpQuery, Path: "/upay/v2/query", Query: true, Repeatable: true, Judge: judgeQuery}
}

// Response is the answer to every operation on an order. Any field may be empty: the documents' own examples leave
// most of them out.
type Response struct {
	cnpay.Answer

	// ResultCode says whether the request was accepted (通讯响应码): 200, 400 or 500.
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why not (通讯错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// ErrorCodeStandard is a mark such as EJ26 that Upay's support needs; no document has it.
	ErrorCodeStandard string `json:"error_code_standard" spec:"O S"`
	// Result is the operation's result (业务响应数据); empty when the request was not accepted.
	Result Result `json:"biz_response" spec:"C"`
}

// Result is the business part of an answer.
type Result struct {
	// ResultCode is the result of this operation (业务结果码), for a revoke CANCEL_SUCCESS and its like.
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why (业务执行错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`

	// Order is the order, empty when the answer names none, as most refusals do. The page of revoke has its fields
	// here, next to result_code; all others, and the gateway, have them inside data. It is read from either place.
	Order

	// Data is the same order, nil when the answer names none.
	Data *Order `json:"data" spec:"C"`
}

// Order is an order as Upay sees it. Times are Unix milliseconds in decimal text.
// Lengths are those of the page of revoke.
type Order struct {
	// TerminalSN is the terminal of the transaction (收钱吧终端ID), which another than the client's may have made.
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"R S..16"`
	// ClientSN is the merchant's order number (商户订单号). The Chinese page says 64 characters.
	ClientSN string `json:"client_sn" spec:"R S..32"`
	// ClientTSN is the merchant's transaction number: ClientSN, for a refund followed by "-" and its number.
	ClientTSN string `json:"client_tsn" spec:"O S..53"`
	// TradeNo is the number at the payment channel (支付通道交易凭证号). The annex says 32 to 128 characters.
	TradeNo string `json:"trade_no" spec:"R S..64"`
	// Status is that of the latest transaction (流水状态), SUCCESS for example; in the answer to a revoke, of the revoke.
	Status string `json:"status" spec:"R S..32"`
	// OrderStatus is that of the order (订单状态). The page of revoke has PAID as its example, a copy of the query's;
	// the documents' example of a revoke that succeeded has CANCELED.
	OrderStatus string `json:"order_status" spec:"R S..32"`
	// Payway is the payment channel (支付方式), "3" for WeChat.
	Payway string `json:"payway" spec:"R S..32"`
	// PaywayName is the channel's name, "微信".
	PaywayName string `json:"payway_name" spec:"R S..128"`
	// SubPayway is the way of paying (二级支付方式), "1" for the payer's bar code.
	SubPayway string `json:"sub_payway" spec:"O S..2"`
	// PayerUID is the payer at the channel.
	PayerUID string `json:"payer_uid" spec:"O S..64"`
	// PayerLogin is the payer's account at the channel, masked by it; the annex names it PayLogin. Both are read
	// from either name.
	PayerLogin string `json:"payer_login" spec:"O S..128"`
	PayLogin   string `json:"pay_login" spec:"O S..128"`
	// TotalAmount is the amount of the order, fen.
	TotalAmount int64 `json:"total_amount" spec:"R N..10"`
	// NetAmount is what is left of it after refunds and revokes, fen; 0 after a revoke, nil where the answer does not
	// say. One documented example of a query has 0 with PAID, which cannot be: no outcome is taken from such an order.
	NetAmount *int64 `json:"net_amount" spec:"R N..10"`
	// SettlementAmount is the amount to be settled, fen; in newer material only (vantis-zh/shouqianba-sdk).
	SettlementAmount int64 `json:"settlement_amount" spec:"O N..10"`
	// Subject is the order's title. The Chinese page says 32 characters.
	Subject string `json:"subject" spec:"R S..64"`
	// Ctime is when the order was made; one published example has a date and time in text.
	Ctime string `json:"ctime" spec:"O S..13"`
	// FinishTime is when the transaction ended at Upay.
	FinishTime string `json:"finish_time" spec:"R S..13"`
	// ChannelFinishTime is when it ended at the channel; empty unless it succeeded there.
	ChannelFinishTime string `json:"channel_finish_time" spec:"R S..13"`
	// Operator did it. The Chinese page says 64 characters.
	Operator string `json:"operator" spec:"R S..32"`
	// Reflect is the merchant's own text, echoed.
	Reflect string `json:"reflect" spec:"O S..64"`
	// StoreID is the store's number at Upay.
	StoreID string `json:"store_id" spec:"O S"`
	// TerminalID is Upay's internal number of the terminal.
	TerminalID string `json:"terminal_id" spec:"O S"`
	// Description is the order's description, echoed.
	Description string `json:"description" spec:"O S..256"`
	// PaymentList says how the amount was made up.
	PaymentList []Payment `json:"payment_list" spec:"O"`
	// ProviderResponse is the channel's promotion detail, as JSON; in newer material only (vantis-zh/shouqianba-sdk).
	ProviderResponse string `json:"provider_response" spec:"O S"`
}

// Payment is one part of an order's amount.
type Payment struct {
	// Type is what paid it, BANKCARD_DEBIT or DISCOUNT_CHANNEL_MCH for example. The kinds that end in MCH are paid
	// by the merchant.
	Type string `json:"type" spec:"O S"`
	// AmountTotal is the part, fen.
	AmountTotal int64 `json:"amount_total" spec:"O N"`
}

func (r *Response) base() *Response { return r }

// normalize makes the order readable from both documented places. An answer with two orders is refused, because it
// could be read in two ways.
func (r *Result) normalize() error {
	if r.Data == nil {
		r.Data = &Order{}
	}
	if !r.Order.agrees(r.Data) {
		return fmt.Errorf("%w: biz_response has two orders", cnpay.ErrMalformed)
	}
	total, net := cmp.Or(r.TotalAmount, r.Data.TotalAmount), cmp.Or(r.NetAmount, r.Data.NetAmount)
	if !r.Data.empty() {
		r.Order = *r.Data
	}
	r.TotalAmount, r.NetAmount = total, net
	r.PayerLogin = cmp.Or(r.PayerLogin, r.PayLogin)
	r.PayLogin = r.PayerLogin
	order := r.Order
	r.Data = &order
	if order.empty() {
		r.Data = nil
	}
	return nil
}

// empty reports whether the order has no number and no state.
func (o *Order) empty() bool {
	return o.SN == "" && o.ClientSN == "" && o.Status == "" && o.OrderStatus == ""
}

// agrees reports whether two places have the same order in the same state, or one has none.
func (o *Order) agrees(p *Order) bool {
	same := o.SN == p.SN && o.ClientSN == p.ClientSN && o.Status == p.Status && o.OrderStatus == p.OrderStatus
	amounts := (o.TotalAmount == 0 || p.TotalAmount == 0 || o.TotalAmount == p.TotalAmount) &&
		(o.NetAmount == nil || p.NetAmount == nil || *o.NetAmount == *p.NetAmount)
	return (same || o.empty() || p.empty()) && amounts
}

// OrderRevokeResponse is the answer to a revoke.
type OrderRevokeResponse struct{ Response }

// OrderQueryResponse is the answer to a query. Its own outcome says whether the query was answered, nothing about a
// payment or a revoke; the state of the order is Result.OrderStatus.
type OrderQueryResponse struct{ Response }

// Revoke returns the whole amount of an order to the payer, without a fee (手动撤单, POST /upay/v2/revoke).
// Upay allows it once, on the day of the payment (Beijing time), and not after a refund.
//
// A call sends the request once. A second call for the same order moves no money twice: an order that is revoked
// already is answered UPAY_CANCEL_ORDER_NOOP. But its outcome is its own: when it is Failed, an earlier call that was
// Unknown may still have been carried out, or may still be on its way. Only settling has the outcome of both.
//   - Succeeded: the order is CANCELED, or its payment was stopped before it stood (PAY_CANCELED).
//   - Failed: refused; this request changed nothing. Where it was the only one, the order can still be refunded. Once it
//     is settled: the order is REFUNDED, the one state that is final and excludes a revoke.
//   - Pending: Upay is still working on it, or answers that the order was revoked before. Settle it.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [RevokeSchedule]. With code PAID the revoke may still be on its way, however often
//     a query says so; the same Revoke sent again ends the doubt, unless it is refused. Never refund instead: the payer
//     could be paid twice. An order that stays unknown, CANCEL_ERROR for example, is for Upay's support, who need SN and
//     ErrorCodeStandard. An order whose amounts contradict its state decides nothing; the error has the contradiction.
//
//cnpay:op revoke
func (s *OrdersService) Revoke(ctx context.Context, req *OrderRevokeRequest, opts ...cnpay.Option) (*OrderRevokeResponse, error) {
	return do[OrderRevokeResponse](ctx, s.client, req, opts)
}

// Query reads the state of an order (查询, POST /upay/v2/query). It moves no money and may be repeated.
//   - Answered: about this order; its state is Result.OrderStatus, and any state is possible.
//   - Unknown: Upay has no such order now, or refused the query, or nothing was heard; query again. A payment or a revoke
//     that is still on its way may change that: it is no proof that one failed.
//
//cnpay:op query
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// settleRevoke queries the order that was to be revoked. The order is all that a query shows: an unchanged one looks the
// same before the revoke arrives and after it was refused.
func settleRevoke(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	query := &OrderQueryRequest{TerminalSN: t.Fields["terminal_sn"], SN: t.Fields["sn"], ClientSN: t.Fields["client_sn"]}
	return cnpay.SettleRule{
		Schedule: RevokeSchedule(),
		Faults:   c.faults(query),
		Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Orders.Query(ctx, query, opts...)
			if err != nil && (res == nil || res.ResultCode != "200" || !noSuchOrder(&res.Result)) {
				return cnpay.Finding{}, err
			}
			return judgeRevoked(res), nil
		},
	}
}
