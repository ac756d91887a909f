package upay

import (
	"context"
	"fmt"

	"github.com/cnpay-go/cnpay"
)

// OrdersService acts on orders that exist.
type OrdersService struct{ client *Client }

// RevokeRequest names the order to revoke. Upay needs SN or ClientSN; when both are given, SN decides.
type RevokeRequest struct {
	// TerminalSN is the terminal number (收钱吧终端ID). Empty means the client's.
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn,omitempty" spec:"C S..16"`
	// ClientSN is the merchant's order number (商户订单号), as the payment was made with. The Chinese page says 64.
	ClientSN string `json:"client_sn,omitempty" spec:"C S..32"`
}

func (r *RevokeRequest) complete(c *Client)          { complete(&r.TerminalSN, c) }
func (r *RevokeRequest) reference() (string, string) { return r.SN, r.ClientSN }
func (r *RevokeRequest) conditions() []cnpay.Fault   { return named(r.SN, r.ClientSN) }

// QueryRequest names the order to ask for. Upay needs SN or ClientSN; when both are given, SN decides.
type QueryRequest struct {
	// TerminalSN is the terminal number (收钱吧终端ID). Empty means the client's.
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn,omitempty" spec:"C S..16"`
	// ClientSN is the merchant's order number (商户订单号). The Chinese page says 64.
	ClientSN string `json:"client_sn,omitempty" spec:"C S..32"`
	// RefundRequestNo asks for one refund of the order (退款序列号).
	RefundRequestNo string `json:"refund_request_no,omitempty" spec:"O S..20"`
}

func (r *QueryRequest) complete(c *Client)          { complete(&r.TerminalSN, c) }
func (r *QueryRequest) reference() (string, string) { return r.SN, r.ClientSN }
func (r *QueryRequest) conditions() []cnpay.Fault   { return named(r.SN, r.ClientSN) }

func complete(terminalSN *string, c *Client) {
	if *terminalSN == "" {
		*terminalSN = c.terminalSN
	}
}

func named(sn, clientSN string) []cnpay.Fault {
	if sn == "" && clientSN == "" {
		return []cnpay.Fault{{Field: "sn", Problem: "or client_sn is required"}}
	}
	return nil
}

// Response is the answer to every operation on an order. Any field may be empty: the documents' own examples leave
// most of them out.
type Response struct {
	cnpay.Answer

	// ResultCode says whether the request was accepted (通讯响应码): 200, 400 or 500.
	ResultCode string `json:"result_code" spec:"M S"`
	// ErrorCode says why not (通讯错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is text for people, in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// ErrorCodeStandard is a mark such as EJ26 that Upay's support asks for.
	ErrorCodeStandard string `json:"error_code_standard" spec:"O S"`
	// Biz is what became of the operation; empty when the request was not accepted.
	Biz Biz `json:"biz_response" spec:"C"`
}

// Biz is the business part of an answer.
type Biz struct {
	// ResultCode says what happened to this operation (业务结果码), for a revoke CANCEL_SUCCESS and its like.
	ResultCode string `json:"result_code" spec:"C S"`
	// ErrorCode says why (业务执行错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is text for people, in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// Data is the order; nil on most refusals.
	Data *Order `json:"data" spec:"C"`

	// The page of revoke prints the order's fields beside result_code, the other pages inside data. They are
	// read from either place and found in Data.
	Order
}

// Order is an order as Upay sees it. Amounts are fen in decimal text, times Unix milliseconds in decimal text.
type Order struct {
	// TerminalSN is the terminal of the transaction (收钱吧终端ID).
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// SN is Upay's order number (收钱吧唯一订单号).
	SN string `json:"sn" spec:"R S..16"`
	// ClientSN is the merchant's order number (商户订单号).
	ClientSN string `json:"client_sn" spec:"R S..64"`
	// ClientTSN is the merchant's transaction number: ClientSN, for a refund followed by "-" and its number.
	ClientTSN string `json:"client_tsn" spec:"O S..53"`
	// TradeNo is the number at the payment channel (支付通道交易凭证号).
	TradeNo string `json:"trade_no" spec:"R S..64"`
	// Status is that of the latest transaction (流水状态).
	Status string `json:"status" spec:"R S..32"`
	// OrderStatus is that of the order (订单状态).
	OrderStatus string `json:"order_status" spec:"R S..32"`
	// Payway is the payment channel (支付方式), "3" for WeChat.
	Payway string `json:"payway" spec:"R S..32"`
	// PaywayName is the channel's name.
	PaywayName string `json:"payway_name" spec:"R S..128"`
	// SubPayway is the way of paying (二级支付方式).
	SubPayway string `json:"sub_payway" spec:"O S..2"`
	// PayerUID is the payer at the channel.
	PayerUID string `json:"payer_uid" spec:"O S..64"`
	// PayerLogin is the payer's account at the channel, masked by it.
	PayerLogin string `json:"payer_login" spec:"O S..128"`
	// TotalAmount is the amount of the order, fen.
	TotalAmount string `json:"total_amount" spec:"R N..10"`
	// NetAmount is what is left of it after refunds and revokes, fen.
	NetAmount string `json:"net_amount" spec:"R N..10"`
	// SettlementAmount is the amount to be settled, fen; one newer client knows it.
	SettlementAmount string `json:"settlement_amount" spec:"O N..10"`
	// Subject is the order's title.
	Subject string `json:"subject" spec:"R S..64"`
	// Ctime is when the order was made; one published example has a date and time in text.
	Ctime string `json:"ctime" spec:"O S..13"`
	// FinishTime is when the transaction ended at Upay.
	FinishTime string `json:"finish_time" spec:"R S..13"`
	// ChannelFinishTime is when it ended at the channel.
	ChannelFinishTime string `json:"channel_finish_time" spec:"R S..13"`
	// Operator did it.
	Operator string `json:"operator" spec:"R S..64"`
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
	// ProviderResponse is the channel's promotion detail, as JSON.
	ProviderResponse string `json:"provider_response" spec:"O S"`
}

// Payment is one part of an order's amount.
type Payment struct {
	Type        string `json:"type" spec:"O S"`
	AmountTotal string `json:"amount_total" spec:"O N"` // fen
}

func (r *Response) base() *Response { return r }

// flatten moves an order printed beside result_code to where the other pages have it.
func (r *Response) flatten() {
	if r.Biz.Data == nil && (r.Biz.SN != "" || r.Biz.ClientSN != "") {
		order := r.Biz.Order
		r.Biz.Data = &order
	}
	r.Biz.Order = Order{}
}

// belongs refuses an answer about another order, and a success that does not say which order it is about.
func (r *Response) belongs(sn, clientSN string, outcome cnpay.Outcome) error {
	order := r.Biz.Data
	if order == nil {
		order = &Order{}
	}
	name, asked, answered := "sn", sn, order.SN
	if sn == "" {
		name, asked, answered = "client_sn", clientSN, order.ClientSN
	}
	switch {
	case answered == asked:
		return nil
	case answered != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	case outcome == cnpay.Succeeded:
		return fmt.Errorf("%w: %s is missing", cnpay.ErrMismatch, name)
	}
	return nil
}

// RevokeResponse is the answer to a revoke.
type RevokeResponse struct{ Response }

// QueryResponse is the answer to a query. Its own outcome says whether the query was answered; what became of the
// order is in Biz.Data.OrderStatus.
type QueryResponse struct{ Response }

// Revoke gives the whole amount of an order back to the payer, without a fee (手动撤单, POST /upay/v2/revoke).
// Upay allows it on the day of the payment only, Beijing time.
//
// A repeat is harmless to the order, but is refused once the order is revoked, so settle instead of repeating.
//   - Succeeded: the order is CANCELED, or its payment was stopped before it stood.
//   - Failed: refused; the order is as it was.
//   - Unknown, Pending: call SettleRevoke. Never refund in its place: the payer could be paid twice.
//
//cnpay:op revoke
func (s *OrdersService) Revoke(ctx context.Context, req *RevokeRequest, opts ...cnpay.Option) (*RevokeResponse, error) {
	return call[RevokeResponse](ctx, s.client, operation{
		id: "revoke", path: "/upay/v2/revoke", judge: judgeRevoke,
	}, req, opts)
}

// Query asks what became of an order (查询, POST /upay/v2/query). It moves no money and may be repeated.
//
//cnpay:op query
func (s *OrdersService) Query(ctx context.Context, req *QueryRequest, opts ...cnpay.Option) (*QueryResponse, error) {
	return call[QueryResponse](ctx, s.client, operation{
		id: "query", path: "/upay/v2/query", repeatable: true, judge: judgeQuery,
	}, req, opts)
}

// SettleRevoke asks, on [RevokeSchedule], until it is known what became of a revoke.
func (s *OrdersService) SettleRevoke(ctx context.Context, req *RevokeRequest, opts ...cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	if req == nil {
		req = &RevokeRequest{}
	}
	ask := &QueryRequest{TerminalSN: req.TerminalSN, SN: req.SN, ClientSN: req.ClientSN}
	order := req.ClientSN
	if order == "" {
		order = req.SN
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = RevokeSchedule()
	}
	subject := cnpay.Subject{Provider: "upay", Operation: "revoke", Order: order}
	var revocation revocation
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*QueryResponse, cnpay.Verdict, error) {
		res, err := s.Query(ctx, ask, opts...)
		if err != nil && (res == nil || !noSuchOrder(res)) {
			return nil, cnpay.Verdict{}, err
		}
		return res, revocation.verdict(res), nil
	})
}
