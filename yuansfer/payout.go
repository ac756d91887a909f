package yuansfer

import (
	"context"
	"encoding/json"

	"github.com/cnpay-go/cnpay"
)

// PayoutsService sends money to payees (支出).
type PayoutsService struct{ client *Client }

// PayoutCreateRequest sends money to a payee: to a registered one by CustomerNo and AccountToken, or in the older form by
// Receiver, ReceiverType and Vendor.
type PayoutCreateRequest struct {
	Sender

	// Timestamp is the time of the request (时间戳), UTC. Empty means now.
	Timestamp string `json:"timestamp" spec:"C[customerNo] yyyy-MM-ddTHH:mm:ssZ"`
	// InvoiceID is the merchant's number of the payout (商户支出单号), new for each.
	InvoiceID string `json:"invoiceId" spec:"M PLAIN"`
	// Amount is the amount (金额), decimal text in the currency's major unit.
	Amount string `json:"amount" spec:"M AMOUNT"`
	// Currency is the currency of the amount (币种), ISO 4217.
	Currency string `json:"currency" spec:"M AN3"`
	// CustomerNo is Yuansfer's number of the payee (客户号).
	CustomerNo string `json:"customerNo" spec:"C[!receiver] S"`
	// AccountToken is Yuansfer's mark of the payee's account (账户标识).
	AccountToken string `json:"accountToken" spec:"C[customerNo] S secret"`
	// Vendor is the wallet (付款渠道); in the older form.
	Vendor string `json:"vendor" spec:"C[receiver] S"`
	// Receiver is the payee (收款人); in the older form.
	Receiver string `json:"receiver" spec:"C S secret"`
	// ReceiverType is what Receiver is (收款人类型); in the older form.
	ReceiverType string `json:"receiverType" spec:"C[receiver] EMAIL|PHONE|PAYPAL_ID"`
	// Subject is the title that the payee sees (标题).
	Subject string `json:"subject" spec:"O PLAIN"`
	// Description says what it is for (描述).
	Description string `json:"description" spec:"O PLAIN100"`
	// Note is the merchant's own text (备注).
	Note string `json:"note" spec:"O PLAIN100"`
	// Language is the payee's (语言); in the older form.
	Language string `json:"language" spec:"O S"`
	// ProcessingChannel is how fast it goes. Empty means STANDARD_ACH.
	ProcessingChannel string `json:"processingChannel" spec:"O STANDARD_ACH|SAME_DAY_ACH|REAL_TIME_PAY"`
	// IpnURL is where Yuansfer sends the [PayoutNotification] (异步通知地址).
	IpnURL string `json:"ipnUrl" spec:"O S"`
}

func (*PayoutCreateRequest) operation() Operation {
	return Operation{ID: OpPayoutCreate, Path: "/v3/payouts/pay", Judge: judgePayout, Settle: settlePayout}
}

// PayoutQueryRequest names the payout to query.
type PayoutQueryRequest struct {
	Sender

	// InvoiceID is the merchant's number of the payout (商户支出单号).
	InvoiceID string `json:"invoiceId" spec:"M PLAIN"`
}

func (*PayoutQueryRequest) operation() Operation {
	return Operation{ID: OpPayoutQuery, Path: "/v3/payouts/inquiry", Query: true, Repeatable: true}
}

// PayoutBalanceRequest asks for the payor's balance.
type PayoutBalanceRequest struct {
	Sender

	// Timestamp is the time of the request (时间戳), UTC. Empty means now.
	Timestamp string `json:"timestamp" spec:"M yyyy-MM-ddTHH:mm:ssZ"`
	// Currency is the currency of the balance (币种), ISO 4217.
	Currency string `json:"currency" spec:"M AN3"`
}

func (*PayoutBalanceRequest) operation() Operation {
	return Operation{ID: OpPayoutBalance, Path: "/v3/payouts/balance", Query: true, Repeatable: true}
}

// Payout is a payout.
type Payout struct {
	// Amount is the amount (金额).
	Amount string `json:"amount" spec:"O S"`
	// Currency is the currency of the amount (币种).
	Currency string `json:"currency" spec:"O S"`
	// InvoiceID is the merchant's number of the payout (商户支出单号).
	InvoiceID string `json:"invoiceId" spec:"O S"`
	// TransactionNo is Yuansfer's number of it (Yuansfer系统中的交易ID).
	TransactionNo string `json:"transactionNo" spec:"O S"`
	// Receiver is the payee (收款人).
	Receiver string `json:"receiver" spec:"O S secret"`
	// CustomerNo is Yuansfer's number of the payee (客户号).
	CustomerNo string `json:"customerNo" spec:"O S"`
	// AccountToken is Yuansfer's mark of the payee's account (账户标识).
	AccountToken string `json:"accountToken" spec:"O S secret"`
	// CreatedTime is when it was made, UTC.
	CreatedTime string `json:"createdTime" spec:"O S"`
	// Status is its state: pending, success, completed, failed, returned, refunded, reversed, unclaimed, onhold or blocked.
	Status string `json:"status" spec:"M S"`
}

// PayoutResponse is an answer with a payout.
type PayoutResponse struct {
	Response

	// Result is the payout (结果对象).
	Result Payout `json:"result" spec:"C"`
}

// PayoutCreateResponse is the answer to a payout.
type PayoutCreateResponse struct{ PayoutResponse }

// PayoutQueryResponse is the answer to a query; the state of the payout is Result.Status.
type PayoutQueryResponse struct{ PayoutResponse }

// PayoutBalanceResponse is the answer with the balance.
type PayoutBalanceResponse struct {
	Response

	// Balance is the balance by currency (余额).
	Balance []Balance `json:"balance" spec:"O"`
}

// Balance is what there is of one currency.
type Balance struct {
	// Amount is the amount as the answer spells it.
	Amount json.Number `json:"amount" spec:"O S"`
	// Currency is the currency.
	Currency string `json:"currency" spec:"O S"`
}

// Create sends money to a payee (发送金额, POST /v3/payouts/pay). Never repeat it under a new InvoiceID while its outcome is open.
//   - Succeeded: credited.
//   - Pending: accepted; a notification or settling says how it ended.
//   - Failed: refused, or the payout has failed, was not claimed, or came back; the payor has the money.
//   - NotSent: nothing left this machine, or, once it is settled: Yuansfer has no such payout and can get it no more.
//   - Unknown: settle it, by default on [PayoutSchedule]. Of a payout that is unclaimed, onhold or blocked nobody knows the end.
//
//cnpay:op payouts_pay
func (s *PayoutsService) Create(ctx context.Context, req *PayoutCreateRequest, opts ...cnpay.Option) (*PayoutCreateResponse, error) {
	return do[PayoutCreateResponse](ctx, s.client, req, opts)
}

// Query reads the state of a payout (查询付款, POST /v3/payouts/inquiry). It moves no money and may be repeated.
//   - Answered: about this payout; its state is Result.Status, [StatusCompleted] for example.
//   - Unknown: Yuansfer has no such payout now, or refused the query, or nothing was heard; query again.
//
//cnpay:op payouts_inquiry
func (s *PayoutsService) Query(ctx context.Context, req *PayoutQueryRequest, opts ...cnpay.Option) (*PayoutQueryResponse, error) {
	return do[PayoutQueryResponse](ctx, s.client, req, opts)
}

// Balance reads what the payor can send (支出余额, POST /v3/payouts/balance). It moves no money and may be repeated.
//   - Answered: the balance is Balance, by currency.
//   - Unknown: refused, or nothing was heard; ask again.
//
//cnpay:op payouts_balance
func (s *PayoutsService) Balance(ctx context.Context, req *PayoutBalanceRequest, opts ...cnpay.Option) (*PayoutBalanceResponse, error) {
	return do[PayoutBalanceResponse](ctx, s.client, req, opts)
}

func settlePayout(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	q := &PayoutQueryRequest{Sender: senderOf(t), InvoiceID: t.Fields["invoiceId"]}
	return cnpay.SettleRule{
		Schedule: PayoutSchedule(),
		Faults:   c.faults(t, q),
		Absent:   true,
		Reach:    queryReach,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			res, err := c.Payouts.Query(ctx, q, opts...)
			if err != nil && (res == nil || res.RetCode != CodeNotFound) {
				return cnpay.Finding{}, err
			}
			f := cnpay.Finding{Answer: res, Absent: err != nil}
			f.Code, f.Message = res.RetCode, res.RetMsg
			if f.Absent || res.Result.Status == "" {
				return f, nil
			}
			f.Code = res.Result.Status
			order := Order{Amount: res.Result.Amount, Currency: res.Result.Currency}
			if f.Cause = order.agrees(t); f.Cause == nil {
				f.Outcome = judgePayout(f.Code)
			}
			return f, nil
		},
	}
}
