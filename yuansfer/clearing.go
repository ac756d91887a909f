package yuansfer

import (
	"context"
	"encoding/json"
	"iter"

	"github.com/cnpay-go/cnpay"
)

// ClearingsService lists what Yuansfer has paid out to the merchant (结算).
type ClearingsService struct{ client *Client }

// WithdrawalsService lists what the merchant has withdrawn (提现).
type WithdrawalsService struct{ client *Client }

// ClearingListRequest says of which days clearings are listed.
type ClearingListRequest struct {
	Clerk
	Period
}

func (*ClearingListRequest) operation() Operation {
	return Operation{ID: OpClearingList, Path: "/app-data-search/v3/settle-list", Query: true, Repeatable: true, Limit: listLimit}
}

// WithdrawalListRequest says of which days withdrawals are listed.
type WithdrawalListRequest struct {
	Clerk
	Period
}

func (*WithdrawalListRequest) operation() Operation {
	return Operation{ID: OpWithdrawalList, Path: "/app-data-search/v3/withdrawal-list", Query: true, Repeatable: true, Limit: listLimit}
}

// ClearingListResponse is the answer with clearings.
type ClearingListResponse struct {
	Response

	// Settlements are the clearings (结算列表), as they came: no document describes them.
	Settlements []json.RawMessage `json:"settlements" spec:"O"`
	// Size is how many there are.
	Size int64 `json:"size" spec:"O N"`
}

func (r *ClearingListResponse) contradiction() error { return incomplete(r.Size, len(r.Settlements)) }

// WithdrawalListResponse is the answer with withdrawals.
type WithdrawalListResponse struct {
	Response

	// Withdrawals are the withdrawals (提现列表), as they came: no document describes them.
	Withdrawals []json.RawMessage `json:"withdrawals" spec:"O"`
	// Size is how many there are.
	Size int64 `json:"size" spec:"O N"`
}

func (r *WithdrawalListResponse) contradiction() error { return incomplete(r.Size, len(r.Withdrawals)) }

// List returns the clearings of at most 16 days (结算列表, POST /app-data-search/v3/settle-list). It is in no newer document:
// have Yuansfer confirm that the merchant may call it. It moves no money and may be repeated.
//   - Answered: the list.
//   - Unknown: refused, or nothing was heard, or a list that does not have as many items as it says; ask again.
//
//cnpay:op data_settle_list
func (s *ClearingsService) List(ctx context.Context, req *ClearingListRequest, opts ...cnpay.Option) (*ClearingListResponse, error) {
	return do[ClearingListResponse](ctx, s.client, req, opts)
}

// All are the clearings of any period, by as many calls of List as it takes. It ends with the first error: what came before it
// is not the whole.
func (s *ClearingsService) All(ctx context.Context, req *ClearingListRequest, opts ...cnpay.Option) iter.Seq2[json.RawMessage, error] {
	part := copied(req)
	return all(part.Period, func(p Period) ([]json.RawMessage, error) {
		part.Period = p
		res, err := s.List(ctx, &part, opts...)
		if err != nil {
			return nil, err
		}
		return res.Settlements, nil
	})
}

// List returns the withdrawals of at most 16 days (提现列表, POST /app-data-search/v3/withdrawal-list). It is in no newer
// document: have Yuansfer confirm that the merchant may call it. It moves no money and may be repeated.
//   - Answered: the list.
//   - Unknown: refused, or nothing was heard, or a list that does not have as many items as it says; ask again.
//
//cnpay:op data_withdrawal_list
func (s *WithdrawalsService) List(ctx context.Context, req *WithdrawalListRequest, opts ...cnpay.Option) (*WithdrawalListResponse, error) {
	return do[WithdrawalListResponse](ctx, s.client, req, opts)
}

// All are the withdrawals of any period, by as many calls of List as it takes. It ends with the first error: what came before
// it is not the whole.
func (s *WithdrawalsService) All(ctx context.Context, req *WithdrawalListRequest, opts ...cnpay.Option) iter.Seq2[json.RawMessage, error] {
	part := copied(req)
	return all(part.Period, func(p Period) ([]json.RawMessage, error) {
		part.Period = p
		res, err := s.List(ctx, &part, opts...)
		if err != nil {
			return nil, err
		}
		return res.Withdrawals, nil
	})
}
