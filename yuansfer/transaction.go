package yuansfer

import (
	"context"
	"iter"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// TransactionsService queries transactions and refunds them (交易).
type TransactionsService struct{ client *Client }

// TransactionQueryRequest names the transaction to query, a payment or a refund.
type TransactionQueryRequest struct {
	Sender
	OrderKey
}

func (*TransactionQueryRequest) operation() Operation {
	return Operation{ID: OpTransactionQuery, Path: "/app-data-search/v3/tran-query", Query: true, Repeatable: true}
}

// TransactionRefundRequest refunds a payment, whole or in parts.
type TransactionRefundRequest struct {
	Sender

	// RefundAmount is the amount to refund (退款金额), decimal text in the payment's currency.
	RefundAmount string `json:"refundAmount" spec:"M AMOUNT"`
	Currencies
	OrderKey
	// RefundReference is the merchant's number of this refund (商户退款单号), new for each. The Chinese page has it optional;
	// without it nobody can find the outcome of a refund.
	RefundReference string `json:"refundReference" spec:"M PLAIN"`
	// IpnURL is where Yuansfer sends a notification of the refund (异步通知地址); on the newest page only.
	IpnURL string `json:"ipnUrl" spec:"O S"`
}

func (*TransactionRefundRequest) operation() Operation {
	return Operation{ID: OpTransactionRefund, Path: "/app-data-search/v3/refund", Judge: judgeRefund, Settle: settleRefund}
}

// TransactionCancelRequest names the order to cancel.
type TransactionCancelRequest struct {
	Clerk
	OrderKey
}

func (*TransactionCancelRequest) operation() Operation {
	return Operation{ID: OpTransactionCancel, Path: "/app-data-search/v3/cancel", Judge: judgeCancel, Settle: settleCancel}
}

// TransactionListRequest says of which days transactions are listed.
type TransactionListRequest struct {
	Clerk
	Period
}

func (*TransactionListRequest) operation() Operation {
	return Operation{ID: OpTransactionList, Path: "/app-data-search/v3/trans-list", Query: true, Repeatable: true, Limit: listLimit}
}

// Period is a time of whole days, at most 16 of them in one request.
type Period struct {
	// StartDate is the first day (开始日期), UTC+8.
	StartDate string `json:"startDate" spec:"M YYYYMMDD"`
	// EndDate is the last day (结束日期), at most 15 days after the first.
	EndDate string `json:"endDate" spec:"M YYYYMMDD"`
}

const (
	dateForm  = "20060102"
	mostDays  = 15       // from the first day to the last
	listLimit = 16 << 20 // of an answer's size
)

func (p *Period) conditions() []cnpay.Fault {
	start, end, ok := p.days()
	switch {
	case !ok: // its tags have said so
		return nil
	case end.Before(start):
		return []cnpay.Fault{{Field: "endDate", Problem: "must not be before startDate"}}
	case end.After(start.AddDate(0, 0, mostDays)):
		return []cnpay.Fault{{Field: "endDate", Problem: "must be at most 15 days after startDate"}}
	}
	return nil
}

func (p *Period) days() (start, end time.Time, ok bool) {
	start, noStart := time.Parse(dateForm, p.StartDate)
	end, noEnd := time.Parse(dateForm, p.EndDate)
	return start, end, noStart == nil && noEnd == nil
}

// periods are the requests' own that cover p, in order.
func (p *Period) periods() iter.Seq[Period] {
	return func(yield func(Period) bool) {
		start, end, ok := p.days()
		if !ok || end.Before(start) {
			yield(*p) // the request says what is wrong with it
			return
		}
		for ; !start.After(end); start = start.AddDate(0, 0, mostDays+1) {
			last := start.AddDate(0, 0, mostDays)
			if last.After(end) {
				last = end
			}
			if !yield(Period{start.Format(dateForm), last.Format(dateForm)}) {
				return
			}
		}
	}
}

// all are the items of the answers for each part of a period. It ends with the first error.
func all[T any](p Period, list func(Period) ([]T, error)) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for part := range p.periods() {
			items, err := list(part)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, item := range items {
				if !yield(item, nil) {
					return
				}
			}
		}
	}
}

// incomplete says that a list does not have as many items as it says.
func incomplete(size int64, items int) error {
	if size != 0 && size != int64(items) {
		return call.Contradiction("size is %d, and the list has %d items", size, items)
	}
	return nil
}

// TransactionQueryResponse is the answer to a query. Its own outcome says whether the query was answered, nothing about the
// payment; the state of that is Result.Status.
type TransactionQueryResponse struct {
	Response

	// Result is the transaction (结果对象); empty where there is none.
	Result TransactionState `json:"result" spec:"C"`
}

// TransactionState is a transaction and where it stands.
type TransactionState struct {
	Order

	// Status is its state (交易状态); see [StatusSuccess] and the others.
	Status string `json:"status" spec:"M S"`
	// TransactionType is what it is (交易类型): payment or refund.
	TransactionType string `json:"transactionType" spec:"O S"`
	// RefundInfo is what was given back of a payment (退款信息).
	RefundInfo []RefundInfo `json:"refundInfo" spec:"O"`
}

// RefundInfo is one refund of a payment.
type RefundInfo struct {
	// RefundTransactionID is Yuansfer's number of the refund.
	RefundTransactionID string `json:"refundTransactionId" spec:"O S"`
	// RefundReference is the merchant's number of it (商户退款单号).
	RefundReference string `json:"refundReference" spec:"O S"`
	// RefundAmount is the amount (退款金额).
	RefundAmount string `json:"refundAmount" spec:"O S"`
	// RefundRMBAmount is the amount in CNY.
	RefundRMBAmount string `json:"refundRmbAmount" spec:"O S"`
	// Currency is the currency of the amount.
	Currency string `json:"currency" spec:"O S"`
	// SettleCurrency is the currency of clearing.
	SettleCurrency string `json:"settleCurrency" spec:"O S"`
}

// TransactionRefundResponse is the answer to a refund.
type TransactionRefundResponse struct {
	Response

	// Result is the refund (结果对象). Its Order is the payment.
	Result RefundResult `json:"result" spec:"C"`
}

// RefundResult is a refund.
type RefundResult struct {
	Order

	// RefundAmount is the amount given back (退款金额).
	RefundAmount string `json:"refundAmount" spec:"O S"`
	// RefundReference is the merchant's number of the refund (商户退款单号).
	RefundReference string `json:"refundReference" spec:"O S"`
	// RefundTransactionNo is Yuansfer's number of the refund (退款交易ID), by which it can be queried.
	RefundTransactionNo string `json:"refundTransactionNo" spec:"O S"`
	// Status is the state of the refund (交易状态).
	Status string `json:"status" spec:"M S"`
}

// TransactionCancelResponse is the answer to a cancel.
type TransactionCancelResponse struct {
	Response

	// Result is the order (结果对象).
	Result CancelResult `json:"result" spec:"C"`
}

// CancelResult is an order after a cancel.
type CancelResult struct {
	Order

	// Status is the state of the order (交易状态): closed when the cancel worked.
	Status string `json:"status" spec:"M S"`
}

// TransactionListResponse is the answer with transactions.
type TransactionListResponse struct {
	Response

	// Transactions are the transactions (交易列表). No document describes them; they are read as in-store answers have them,
	// and fields of other names are in Extra, by path.
	Transactions []Transaction `json:"transactions" spec:"O"`
	// Size is how many there are.
	Size int64 `json:"size" spec:"O N"`
}

func (r *TransactionListResponse) contradiction() error {
	return incomplete(r.Size, len(r.Transactions))
}

// Query reads a payment or, by the number of a refund, a refund (交易查询, POST /app-data-search/v3/tran-query). It moves no
// money and may be repeated.
//   - Answered: about this transaction; its state is Result.Status, [StatusSuccess] for example; any state is possible.
//   - Unknown: Yuansfer has no such transaction now (000021), or refused the query, or nothing was heard; query again. A payment
//     that is still on its way may change that: it is no proof that one failed.
//
//cnpay:op data_tran_query
func (s *TransactionsService) Query(ctx context.Context, req *TransactionQueryRequest, opts ...cnpay.Option) (*TransactionQueryResponse, error) {
	return do[TransactionQueryResponse](ctx, s.client, req, opts)
}

// Refund returns money to the payer (退款, POST /app-data-search/v3/refund), in as many parts as there are refunds.
//
// Yuansfer does not document that it recognises a repeat under the same RefundReference, so it is sent once.
//   - Succeeded: given back.
//   - Pending: accepted; settle it.
//   - Failed: refused, or the refund has failed; the payer got nothing.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule]. A payment that shows no trace of the refund proves nothing: the refund may
//     be on its way. Before a second refund ask a person, who has Yuansfer confirm that there was no first.
//
//cnpay:op data_refund
func (s *TransactionsService) Refund(ctx context.Context, req *TransactionRefundRequest, opts ...cnpay.Option) (*TransactionRefundResponse, error) {
	return do[TransactionRefundResponse](ctx, s.client, req, opts)
}

// Cancel closes an order that is not paid, and returns the whole of one that is paid (取消, POST
// /app-data-search/v3/cancel). It is no harmless end of an order that may have been paid: a sale that succeeded is lost by it.
// Settle the payment first, unless losing the sale is right.
//   - Succeeded: the order is closed, and its payer has, or gets, all money back.
//   - Pending: accepted; settle it.
//   - Failed: refused; this request changed nothing. With 000040 the order's state does not allow it: query.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: settle it, by default on [BackSchedule]. An order that is still paid proves nothing: the cancel may be on its way.
//     The same cancel sent again ends the doubt; it drives to the same end.
//
//cnpay:op data_cancel
func (s *TransactionsService) Cancel(ctx context.Context, req *TransactionCancelRequest, opts ...cnpay.Option) (*TransactionCancelResponse, error) {
	return do[TransactionCancelResponse](ctx, s.client, req, opts)
}

// List returns the transactions of at most 16 days (交易列表, POST /app-data-search/v3/trans-list). It is in no newer document:
// have Yuansfer confirm that the merchant may call it. It moves no money and may be repeated.
//   - Answered: the list.
//   - Unknown: refused, or nothing was heard, or a list that does not have as many items as it says; ask again.
//
//cnpay:op data_trans_list
func (s *TransactionsService) List(ctx context.Context, req *TransactionListRequest, opts ...cnpay.Option) (*TransactionListResponse, error) {
	return do[TransactionListResponse](ctx, s.client, req, opts)
}

// All are the transactions of any period, by as many calls of List as it takes. It ends with the first error: what came before
// it is not the whole.
func (s *TransactionsService) All(ctx context.Context, req *TransactionListRequest, opts ...cnpay.Option) iter.Seq2[Transaction, error] {
	part := copied(req)
	return all(part.Period, func(p Period) ([]Transaction, error) {
		part.Period = p
		res, err := s.List(ctx, &part, opts...)
		if err != nil {
			return nil, err
		}
		return res.Transactions, nil
	})
}

// copied is the value of a request; of nil an empty one.
func copied[T any](request *T) (value T) {
	if request != nil {
		value = *request
	}
	return value
}

// settleRefund queries the refund by Yuansfer's number of it, where an answer has brought one, and else the payment, whose
// refunds have the merchant's number.
func settleRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	payment := orderOf(t)
	refund := &TransactionQueryRequest{Sender: senderOf(t), OrderKey: OrderKey{TransactionNo: t.Fields["refundTransactionNo"]}}
	faults := c.faults(t, payment)
	if t.Fields["refundReference"] == "" {
		faults = append(faults, cnpay.Fault{Field: "refundReference", Problem: "is required"})
	}
	return cnpay.SettleRule{
		Schedule: BackSchedule(),
		Faults:   faults,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			if refund.TransactionNo != "" {
				state, f, err := c.find(ctx, refund, opts)
				if err != nil || !f.Absent {
					if err == nil {
						f.Outcome, f.Cause = state.judgeRefund(t)
					}
					return f, err
				}
			}
			state, f, err := c.find(ctx, payment, opts)
			if err == nil && !f.Absent {
				f.Outcome, f.Unchanged, f.Cause = state.judgeRefunds(t)
			}
			f.Absent = false // of the payment: it says nothing about the refund
			return f, err
		},
	}
}

// judgeRefund reads a refund that was found by its number.
func (s *TransactionState) judgeRefund(t cnpay.Ticket) (cnpay.Outcome, error) {
	switch {
	case s.TransactionType == "payment":
		return cnpay.Unknown, call.Contradiction("the transaction is a payment, not a refund")
	case s.Amount != "" && !sameAmount(s.Amount, t.Fields["refundAmount"]):
		return cnpay.Unknown, call.Contradiction("the refund's amount is %s, not %s", s.Amount, t.Fields["refundAmount"])
	case s.Status == "":
		return cnpay.Unknown, nil
	}
	return judgeRefund(s.Status), nil
}

// judgeRefunds reads a payment as the end of one of its refunds.
func (s *TransactionState) judgeRefunds(t cnpay.Ticket) (outcome cnpay.Outcome, unchanged bool, err error) {
	for _, r := range s.RefundInfo {
		switch {
		case r.RefundReference != t.Fields["refundReference"]:
		case !sameAmount(r.RefundAmount, t.Fields["refundAmount"]):
			return cnpay.Unknown, false, call.Contradiction("the refund's amount is %s, not %s", r.RefundAmount, t.Fields["refundAmount"])
		case r.Currency != "" && r.Currency != t.Fields["currency"]:
			return cnpay.Unknown, false, call.Contradiction("the refund's currency is %s, not %s", r.Currency, t.Fields["currency"])
		default:
			return cnpay.Succeeded, false, nil
		}
	}
	return cnpay.Unknown, true, nil
}

// settleCancel queries the order. Repeating a cancel is harmless: it drives the order to the same end.
func settleCancel(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	q := orderOf(t)
	return cnpay.SettleRule{
		Schedule: BackSchedule(),
		Faults:   c.faults(t, q),
		Harmless: true,
		Query: func(ctx context.Context) (cnpay.Finding, error) {
			state, f, err := c.find(ctx, q, opts)
			if err == nil && !f.Absent {
				f.Outcome, f.Unchanged, f.Cause = state.judgeCancelled()
			}
			return f, err
		},
	}
}

// judgeCancelled reads an order as the end of its cancel: closed with nothing to return, or all returned.
func (s *TransactionState) judgeCancelled() (outcome cnpay.Outcome, unchanged bool, err error) {
	given := make([]string, 0, len(s.RefundInfo))
	for _, r := range s.RefundInfo {
		given = append(given, r.RefundAmount)
	}
	whole := len(given) > 0 && s.Amount != "" && sumIs(s.Amount, given)
	switch {
	case whole && (s.Status == StatusSuccess || s.Status == StatusClosed), s.Status == StatusClosed && len(given) == 0:
		return cnpay.Succeeded, false, nil
	case s.Status == StatusClosed:
		return cnpay.Unknown, false, call.Contradiction("the order is closed, and a part of it was given back")
	}
	return cnpay.Unknown, len(given) == 0, nil
}
