package chinaums

import (
	"context"
	"encoding/json"

	"github.com/cnpay-go/cnpay"
)

// WeChatService makes orders that the payer pays inside WeChat (微信).
type WeChatService struct{ client *Client }

// WeChatOrderRequest is an order that the payer pays inside WeChat.
type WeChatOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): WalletInstMID for JSAPI, MiniProgramInstMID for MINI, AppInstMID for APP.
	InstMID string `json:"instMid" spec:"M YUEDANDEFAULT|MINIDEFAULT|APPDEFAULT"`
	// TradeType is where it is paid (交易类型).
	TradeType string `json:"tradeType" spec:"M JSAPI|MINI|APP"`
	// SubAppID is the merchant's app at WeChat (微信子商户appId).
	SubAppID string `json:"subAppId" spec:"C[tradeType=MINI] S..32"`
	// SubOpenID is the payer at WeChat (用户子标识), under SubAppID.
	SubOpenID string `json:"subOpenId" spec:"C[tradeType=JSAPI|MINI] S"`
	// ClientIP is the payer's address.
	ClientIP string `json:"clientIp" spec:"O S"`
	Product
	// PreauthTransaction is "true" for a pre-authorisation; newer samples only.
	PreauthTransaction string `json:"preauthTransaction" spec:"O true|false"`
	// FeeRatio is in newer samples only; its meaning is not published.
	FeeRatio string `json:"feeRatio" spec:"O S"`
	// CostSubsidy is in newer samples only; its meaning is not published.
	CostSubsidy string `json:"costSubsidy" spec:"O S"`
}

func (*WeChatOrderRequest) operation() Operation {
	return Operation{ID: OpWeChatOrder, Path: "/v1/netpay/wx/unified-order", Judge: judgeOrdered, Settle: settleOrder}
}

// WeChatOrderResponse is the answer with what the page, the mini program or the app hands to WeChat.
type WeChatOrderResponse struct {
	OrderResponse

	// JSPayRequest is for a page (JSAPI支付用的请求报文): pass it on as it is.
	JSPayRequest json.RawMessage `json:"jsPayRequest" spec:"C"`
	// MiniPayRequest is for a mini program (小程序支付用的请求报文): pass it on as it is.
	MiniPayRequest json.RawMessage `json:"miniPayRequest" spec:"C"`
	// AppPayRequest is for the wallet's SDK (APP支付用的请求报文): pass it on as it is.
	AppPayRequest json.RawMessage `json:"appPayRequest" spec:"C"`
	// PrepayID is WeChat's number of the order that waits (预支付ID).
	PrepayID string `json:"prepayId" spec:"O S..64"`
	// QRCode is in a sample only.
	QRCode string `json:"qrCode" spec:"O S"`

	// JSPay is JSPayRequest, and MiniPay is MiniPayRequest, for programs that need a part of it; nil where the answer
	// has none that can be read so.
	JSPay   *WeChatJSPay   `json:"-"`
	MiniPay *WeChatMiniPay `json:"-"`
}

// WeChatJSPay is what a page hands to WeChat, as the official sample of 2019 has it.
type WeChatJSPay struct {
	AppID     string `json:"appId"`
	TimeStamp string `json:"timeStamp"` // Unix seconds
	NonceStr  string `json:"nonceStr"`
	Package   string `json:"package"` // prepay_id=...
	SignType  string `json:"signType"`
	PaySign   string `json:"paySign"` // WeChat's, Base64
}

// WeChatMiniPay is what a mini program hands to WeChat, as the official sample of 2017 has it. How the names are spelled
// differs from one age and channel to the next.
type WeChatMiniPay struct {
	AppID     string `json:"appid"`
	PartnerID string `json:"partnerid"`
	PrepayID  string `json:"prepayid"`
	NonceStr  string `json:"noncestr"`
	Timestamp string `json:"timestamp"`
	Package   string `json:"package"`
	Sign      string `json:"sign"`
}

func (r *WeChatOrderResponse) normalize() error {
	var js WeChatJSPay
	if len(r.JSPayRequest) > 0 && json.Unmarshal(r.JSPayRequest, &js) == nil && js != (WeChatJSPay{}) {
		r.JSPay = &js
	}
	var mini WeChatMiniPay
	if len(r.MiniPayRequest) > 0 && json.Unmarshal(r.MiniPayRequest, &mini) == nil && mini != (WeChatMiniPay{}) {
		r.MiniPay = &mini
	}
	return nil
}

// WeChatAppOrderRequest is an order of an app that the payer pays in WeChat.
type WeChatAppOrderRequest struct{ AppOrder }

func (*WeChatAppOrderRequest) operation() Operation {
	return Operation{ID: OpWeChatAppOrder, Path: "/v1/netpay/wx/app-pre-order", Judge: judgeOrdered, Settle: settleOrder}
}

// WeChatAppOrderResponse is the answer with what the app hands to WeChat.
type WeChatAppOrderResponse struct{ AppOrderResponse }

// WeChatMiniProgramOrderRequest is an order that a page or an app has paid in ChinaUMS's mini program.
type WeChatMiniProgramOrderRequest struct {
	Order

	// InstMID is the business type (业务类型): MiniProgramInstMID.
	InstMID string `json:"instMid" spec:"M =MINIDEFAULT"`
	// TradeType is MINI (交易类型).
	TradeType string `json:"tradeType" spec:"O S"`
	// SubAppID is the merchant's app at WeChat (微信子商户appId).
	SubAppID string `json:"subAppId" spec:"O S..32"`
	// SubOpenID is the payer at WeChat (用户子标识).
	SubOpenID string `json:"subOpenId" spec:"O S"`
	// ProductID is the product (商品ID).
	ProductID string `json:"productId" spec:"O S"`
	// PlaceOrderScene is in a sample only; its meaning is not published.
	PlaceOrderScene string `json:"placeOrderScene" spec:"O S"`
}

func (*WeChatMiniProgramOrderRequest) operation() Operation {
	return Operation{ID: OpWeChatMiniProgramOrder, Path: "/v1/netpay/wx/mini-pre-order", Judge: judgeOrdered, Settle: settleOrder}
}

// WeChatMiniProgramOrderResponse is the answer with what leads into the mini program.
type WeChatMiniProgramOrderResponse struct {
	OrderResponse

	// MiniPayRequest is for a mini program (小程序支付用的请求报文): pass it on as it is.
	MiniPayRequest json.RawMessage `json:"miniPayRequest" spec:"C"`
	// PrepayID is WeChat's number of the order that waits (预支付ID).
	PrepayID string `json:"prepayId" spec:"O S..64"`
}

// WeChatQueryAppOrderRequest names the app's order to query.
type WeChatQueryAppOrderRequest struct{ OrderQueryRequest }

func (*WeChatQueryAppOrderRequest) operation() Operation {
	return Operation{ID: OpWeChatQueryAppOrder, Path: "/v1/netpay/wx/app-pre-query", Query: true, Repeatable: true}
}

// WeChatQueryAppOrderResponse is the answer to the query of an app's order.
type WeChatQueryAppOrderResponse struct{ OrderQueryResponse }

// WeChatCloseAppOrderRequest names the app's order to close.
type WeChatCloseAppOrderRequest struct{ OrderCloseRequest }

func (*WeChatCloseAppOrderRequest) operation() Operation {
	return Operation{
		ID: OpWeChatCloseAppOrder, Path: "/v1/netpay/wx/app-pre-close", Settle: settleWeChatClose,
		Judge: JudgeSuccess(func(req *WeChatCloseAppOrderRequest, res *WeChatCloseAppOrderResponse) (cnpay.Outcome, error) {
			return judgeClose(req, &res.OrderCloseResponse)
		}),
	}
}

// WeChatCloseAppOrderResponse is the answer to closing an app's order.
type WeChatCloseAppOrderResponse struct{ OrderCloseResponse }

// Order makes an order (微信后台下单, POST /v1/netpay/wx/unified-order). No money moves until the payer pays.
//   - Pending: the order is there; hand on what TradeType asks for. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op wx_unified_order
func (s *WeChatService) Order(ctx context.Context, req *WeChatOrderRequest, opts ...cnpay.Option) (*WeChatOrderResponse, error) {
	return do[WeChatOrderResponse](ctx, s.client, req, opts)
}

// AppOrder makes an order of an app (微信APP下单, POST /v1/netpay/wx/app-pre-order). No money moves until the payer pays.
//   - Pending: the order is there; the app hands AppPayRequest to WeChat. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op wx_app_pre_order
func (s *WeChatService) AppOrder(ctx context.Context, req *WeChatAppOrderRequest, opts ...cnpay.Option) (*WeChatAppOrderResponse, error) {
	return do[WeChatAppOrderResponse](ctx, s.client, req, opts)
}

// MiniProgramOrder makes an order that is paid in ChinaUMS's mini program (微信小程序预下单, POST
// /v1/netpay/wx/mini-pre-order). No money moves until the payer pays.
//   - Pending: the order is there; MiniPayRequest leads the payer to it. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it. The same order number may be sent again: DUP_ORDER says that the first had arrived.
//
//cnpay:op wx_mini_pre_order
func (s *WeChatService) MiniProgramOrder(ctx context.Context, req *WeChatMiniProgramOrderRequest, opts ...cnpay.Option) (*WeChatMiniProgramOrderResponse, error) {
	return do[WeChatMiniProgramOrderResponse](ctx, s.client, req, opts)
}

// QueryAppOrder reads the state of an app's order (微信APP订单查询, POST /v1/netpay/wx/app-pre-query), as
// [OrdersService.Query] does of any.
//
//cnpay:op wx_app_pre_query
func (s *WeChatService) QueryAppOrder(ctx context.Context, req *WeChatQueryAppOrderRequest, opts ...cnpay.Option) (*WeChatQueryAppOrderResponse, error) {
	return do[WeChatQueryAppOrderResponse](ctx, s.client, req, opts)
}

// CloseAppOrder ends an app's order that nobody has paid (微信APP订单关闭, POST /v1/netpay/wx/app-pre-close). Its outcomes are
// those of [OrdersService.Close].
//
//cnpay:op wx_app_pre_close
func (s *WeChatService) CloseAppOrder(ctx context.Context, req *WeChatCloseAppOrderRequest, opts ...cnpay.Option) (*WeChatCloseAppOrderResponse, error) {
	return do[WeChatCloseAppOrderResponse](ctx, s.client, req, opts)
}
