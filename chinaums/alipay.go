package chinaums

import (
	"context"
	"encoding/json"

	"github.com/cnpay-go/cnpay"
)

// AlipayService makes orders that the payer pays inside Alipay (支付宝).
type AlipayService struct{ client *Client }

// AlipayOrderRequest is an order that the payer pays inside Alipay.
type AlipayOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): WalletInstMID for JSAPI, MiniProgramInstMID for MINI.
	InstMID string `json:"instMid" spec:"M YUEDANDEFAULT|MINIDEFAULT"`
	// TradeType is where it is paid (交易类型).
	TradeType string `json:"tradeType" spec:"M JSAPI|MINI"`
	// UserID is the payer at Alipay (支付宝用户标识).
	UserID string `json:"userId" spec:"M S"`
	// ClientIP is the payer's address.
	ClientIP string `json:"clientIp" spec:"O S"`
	Product
}

func (*AlipayOrderRequest) operation() Operation {
	return Operation{ID: OpAlipayOrder, Path: "/v1/netpay/trade/create", Judge: judgeOrdered, Settle: settleOrder}
}

// AlipayOrderResponse is the answer. The payer's client needs TargetOrderID, which is Alipay's tradeNO.
type AlipayOrderResponse struct {
	OrderResponse

	// JSPayRequest is for a page (JSAPI支付用的请求报文).
	JSPayRequest json.RawMessage `json:"jsPayRequest" spec:"O"`
	// MiniPayRequest is for a mini program (小程序支付用的请求报文).
	MiniPayRequest json.RawMessage `json:"miniPayRequest" spec:"O"`
}

// AlipayAppOrderRequest is an order of an app that the payer pays in Alipay.
type AlipayAppOrderRequest struct{ AppOrder }

func (*AlipayAppOrderRequest) operation() Operation {
	return Operation{ID: OpAlipayAppOrder, Path: "/v1/netpay/trade/precreate", Judge: judgeOrdered, Settle: settleOrder}
}

// AlipayAppOrderResponse is the answer with what the app hands to Alipay.
type AlipayAppOrderResponse struct {
	AppOrderResponse

	// AppPay is AppPayRequest, for programs that need a part of it; nil where the answer has none that can be read so.
	AppPay *AlipayAppPay `json:"-"`
}

// AlipayAppPay is what an app hands to Alipay, as the official sample has it.
type AlipayAppPay struct {
	QRCode string `json:"qrCode"` // a URL that opens the wallet
}

func (r *AlipayAppOrderResponse) normalize() error {
	var pay AlipayAppPay
	if len(r.AppPayRequest) > 0 && json.Unmarshal(r.AppPayRequest, &pay) == nil && pay.QRCode != "" {
		r.AppPay = &pay
	}
	return nil
}

// AlipayMiniProgramOrderRequest is an order of an app that the payer pays in ChinaUMS's mini program inside Alipay.
type AlipayMiniProgramOrderRequest struct{ AppOrder }

func (*AlipayMiniProgramOrderRequest) operation() Operation {
	return Operation{ID: OpAlipayMiniProgramOrder, Path: "/v1/netpay/trade/app-pre-order", Judge: judgeOrdered, Settle: settleOrder}
}

// AlipayMiniProgramOrderResponse is the answer with what leads into the mini program.
type AlipayMiniProgramOrderResponse struct{ AppOrderResponse }

// AlipayQueryMiniProgramOrderRequest names the order to query.
type AlipayQueryMiniProgramOrderRequest struct{ OrderQueryRequest }

func (*AlipayQueryMiniProgramOrderRequest) operation() Operation {
	return Operation{ID: OpAlipayQueryMiniProgramOrder, Path: "/v1/netpay/trade/app-pre-query", Query: true, Repeatable: true}
}

// AlipayQueryMiniProgramOrderResponse is the answer to the query of a mini program's order.
type AlipayQueryMiniProgramOrderResponse struct{ OrderQueryResponse }

// AlipayCloseMiniProgramOrderRequest names the order to close.
type AlipayCloseMiniProgramOrderRequest struct{ OrderCloseRequest }

func (*AlipayCloseMiniProgramOrderRequest) operation() Operation {
	return Operation{
		ID: OpAlipayCloseMiniProgramOrder, Path: "/v1/netpay/trade/app-pre-close", Settle: settleAlipayClose,
		Judge: JudgeSuccess(func(req *AlipayCloseMiniProgramOrderRequest, res *AlipayCloseMiniProgramOrderResponse) (cnpay.Outcome, error) {
			return judgeClose(req, &res.OrderCloseResponse)
		}),
	}
}

// AlipayCloseMiniProgramOrderResponse is the answer to closing a mini program's order.
type AlipayCloseMiniProgramOrderResponse struct{ OrderCloseResponse }

// Order makes an order (支付宝后台下单, POST /v1/netpay/trade/create). No money moves until the payer pays.
//   - Pending: the order is there; hand on TargetOrderID. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op trade_create
func (s *AlipayService) Order(ctx context.Context, req *AlipayOrderRequest, opts ...cnpay.Option) (*AlipayOrderResponse, error) {
	return do[AlipayOrderResponse](ctx, s.client, req, opts)
}

// AppOrder makes an order of an app (支付宝APP下单, POST /v1/netpay/trade/precreate). No money moves until the payer pays.
//   - Pending: the order is there; the app opens AppPay.QRCode. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op trade_precreate
func (s *AlipayService) AppOrder(ctx context.Context, req *AlipayAppOrderRequest, opts ...cnpay.Option) (*AlipayAppOrderResponse, error) {
	return do[AlipayAppOrderResponse](ctx, s.client, req, opts)
}

// MiniProgramOrder makes an order of an app that is paid in a mini program (支付宝跳转小程序下单, POST
// /v1/netpay/trade/app-pre-order). No money moves until the payer pays.
//   - Pending: the order is there; AppPayRequest leads the payer to it. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op trade_app_pre_order
func (s *AlipayService) MiniProgramOrder(ctx context.Context, req *AlipayMiniProgramOrderRequest, opts ...cnpay.Option) (*AlipayMiniProgramOrderResponse, error) {
	return do[AlipayMiniProgramOrderResponse](ctx, s.client, req, opts)
}

// QueryMiniProgramOrder reads the state of a mini program's order (支付宝跳转小程序订单查询, POST
// /v1/netpay/trade/app-pre-query), as [OrdersService.Query] does of any.
//
//cnpay:op trade_app_pre_query
func (s *AlipayService) QueryMiniProgramOrder(ctx context.Context, req *AlipayQueryMiniProgramOrderRequest, opts ...cnpay.Option) (*AlipayQueryMiniProgramOrderResponse, error) {
	return do[AlipayQueryMiniProgramOrderResponse](ctx, s.client, req, opts)
}

// CloseMiniProgramOrder ends a mini program's order that nobody has paid (支付宝跳转小程序订单关闭, POST
// /v1/netpay/trade/app-pre-close). Its outcomes are those of [OrdersService.Close].
//
//cnpay:op trade_app_pre_close
func (s *AlipayService) CloseMiniProgramOrder(ctx context.Context, req *AlipayCloseMiniProgramOrderRequest, opts ...cnpay.Option) (*AlipayCloseMiniProgramOrderResponse, error) {
	return do[AlipayCloseMiniProgramOrderResponse](ctx, s.client, req, opts)
}
