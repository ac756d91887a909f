package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// BankService makes orders that the payer pays through the bank gateway (网关支付, 网银).
type BankService struct{ client *Client }

// BankTransfer says how a bank order is paid. All of it is in samples only.
type BankTransfer struct {
	// BizType is the kind of business.
	BizType string `json:"bizType" spec:"O S"`
	// ChnlNo is the bank (银行渠道号).
	ChnlNo string `json:"chnlNo" spec:"O S"`
	// ChnlType is where the payer is, PC for example.
	ChnlType string `json:"chnlType" spec:"O S"`
}

// BankAppOrderRequest is an order of an app that the payer pays at a bank.
type BankAppOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): BankInstMID.
	InstMID string `json:"instMid" spec:"M =WGDEFAULT"`
	// TransType is who pays; in a sample only.
	TransType string `json:"transType" spec:"O S"`
	BankTransfer
}

func (*BankAppOrderRequest) operation() Operation {
	return Operation{ID: OpBankAppOrder, Path: "/v1/netpay/upg/app-pre-order", Judge: judgeOrdered, Settle: settleOrder}
}

// BankAppOrderResponse is the answer with what the app hands on.
type BankAppOrderResponse struct{ AppOrderResponse }

// AppOrder makes an order of an app (网关支付APP预下单, POST /v1/netpay/upg/app-pre-order). No money moves until the payer
// pays.
//   - Pending: the order is there; the app hands AppPayRequest on. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op upg_app_pre_order
func (s *BankService) AppOrder(ctx context.Context, req *BankAppOrderRequest, opts ...cnpay.Option) (*BankAppOrderResponse, error) {
	return do[BankAppOrderResponse](ctx, s.client, req, opts)
}
