package chinaums

import (
	"context"
	"encoding/json"

	"github.com/cnpay-go/cnpay"
)

// QuickPassService makes orders that the payer pays with UnionPay's wallet (云闪付).
type QuickPassService struct{ client *Client }

// QuickPassOrderRequest is an order that the payer pays inside the wallet.
type QuickPassOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): WalletInstMID.
	InstMID string `json:"instMid" spec:"M =YUEDANDEFAULT"`
	// TradeType is JSAPI (交易类型).
	TradeType string `json:"tradeType" spec:"M =JSAPI"`
	// UserID is the payer at UnionPay (云闪付用户标识); UserID or Code.
	UserID string `json:"userId" spec:"C[!code] S"`
	// Code is what the wallet gave for the payer, once (临时授权码); UserID or Code.
	Code string `json:"code" spec:"C S secret"`
	// ClientIP is the payer's address.
	ClientIP string `json:"clientIp" spec:"O S"`
}

func (*QuickPassOrderRequest) operation() Operation {
	return Operation{ID: OpQuickPassOrder, Path: "/v1/netpay/acp/js-pay", Judge: judgeOrdered, Settle: settleOrder}
}

// QuickPassOrderResponse is the answer with the page that the payer is taken to.
type QuickPassOrderResponse struct {
	OrderResponse

	// RedirectURL is UnionPay's page (跳转地址).
	RedirectURL string `json:"redirectUrl" spec:"C S"`
}

// QuickPassAppOrderRequest is an order of an app that the payer pays in the wallet.
type QuickPassAppOrderRequest struct{ AppOrder }

func (*QuickPassAppOrderRequest) operation() Operation {
	return Operation{ID: OpQuickPassAppOrder, Path: "/v1/netpay/uac/app-order", Judge: judgeOrdered, Settle: settleOrder}
}

// QuickPassAppOrderResponse is the answer with what the app hands to the wallet.
type QuickPassAppOrderResponse struct{ AppOrderResponse }

// QuickPassMiniProgramOrderRequest is an order of a mini program that the payer pays in the wallet.
type QuickPassMiniProgramOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): MiniProgramInstMID.
	InstMID string `json:"instMid" spec:"M =MINIDEFAULT"`
	// TradeType is MINI (交易类型).
	TradeType string `json:"tradeType" spec:"O S"`
	// UserID is the payer at UnionPay (云闪付用户标识).
	UserID string `json:"userId" spec:"O S"`
}

func (*QuickPassMiniProgramOrderRequest) operation() Operation {
	return Operation{ID: OpQuickPassMiniProgramOrder, Path: "/v1/netpay/uac/mini-order", Judge: judgeOrdered, Settle: settleOrder}
}

// QuickPassMiniProgramOrderResponse is the answer with what the mini program hands to the wallet.
type QuickPassMiniProgramOrderResponse struct {
	OrderResponse

	// MiniPayRequest is for a mini program (小程序支付用的请求报文).
	MiniPayRequest json.RawMessage `json:"miniPayRequest" spec:"O"`
	// RedirectURL is UnionPay's page (跳转地址).
	RedirectURL string `json:"redirectUrl" spec:"O S"`
}

// Order makes an order (云闪付后台下单, POST /v1/netpay/acp/js-pay). No money moves until the payer pays.
//   - Pending: the order is there; take the payer to RedirectURL. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op acp_js_pay
func (s *QuickPassService) Order(ctx context.Context, req *QuickPassOrderRequest, opts ...cnpay.Option) (*QuickPassOrderResponse, error) {
	return do[QuickPassOrderResponse](ctx, s.client, req, opts)
}

// AppOrder makes an order of an app (云闪付APP下单, POST /v1/netpay/uac/app-order). No money moves until the payer pays.
//   - Pending: the order is there; the app hands AppPayRequest to the wallet. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op uac_app_order
func (s *QuickPassService) AppOrder(ctx context.Context, req *QuickPassAppOrderRequest, opts ...cnpay.Option) (*QuickPassAppOrderResponse, error) {
	return do[QuickPassAppOrderResponse](ctx, s.client, req, opts)
}

// MiniProgramOrder makes an order of a mini program (云闪付小程序下单, POST /v1/netpay/uac/mini-order). No money moves until
// the payer pays.
//   - Pending: the order is there; MiniPayRequest leads the payer to it. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op uac_mini_order
func (s *QuickPassService) MiniProgramOrder(ctx context.Context, req *QuickPassMiniProgramOrderRequest, opts ...cnpay.Option) (*QuickPassMiniProgramOrderResponse, error) {
	return do[QuickPassMiniProgramOrderResponse](ctx, s.client, req, opts)
}
