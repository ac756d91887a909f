package spay

import (
	"context"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// OrdersService makes orders and acts on them (订单).
type OrdersService struct{ client *Client }

// OrderCreateQRRequest is an order that the payer pays by scanning a code.
type OrderCreateQRRequest struct {
	envelope
	Order

	// ScanCodeType is whose code it is (扫码类型); QQ and UNION are not in UMPay's own programs.
	ScanCodeType string `json:"scancode_type" spec:"M WECHAT|ALIPAY|QQ|UNION"`
	// MerFlag is KMER for a merchant that is filed at WeChat or Alipay; of third parties' programs only.
	MerFlag string `json:"mer_flag" spec:"O S..32"`
	// ConsumerID is the payer's number at the merchant; of third parties' programs only.
	ConsumerID string `json:"consumer_id" spec:"O S..64"`
}

func (*OrderCreateQRRequest) operation() Operation {
	return Operation{ID: OpOrderCreateQR, PaidLater: true, Judge: judgePayment, Settle: settleOrder}
}

// OrderCreateQRResponse is the answer with the code's content.
type OrderCreateQRResponse struct {
	Response
	Trade

	// BankPayURL is what the code holds, in Base64. See [OrderCreateQRResponse.QR].
	BankPayURL string `json:"bank_payurl" spec:"C S"`
}

// QR is the content of the code (二维码).
func (r *OrderCreateQRResponse) QR() (string, error) { return qr(r.BankPayURL) }

// qr takes the content out of its Base64. Third parties' programs are the witness of that, so a link is taken as it is.
func qr(text string) (string, error) {
	if text == "" {
		return "", fmt.Errorf("%w: bank_payurl is missing", cnpay.ErrMalformed)
	}
	if strings.Contains(text, "://") {
		return text, nil
	}
	content, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", fmt.Errorf("%w: bank_payurl is not Base64", cnpay.ErrMalformed)
	}
	return string(content), nil
}

// CreateQR makes an order and the code that the payer scans (主扫下单, active_scancode_order). No money moves until somebody
// pays.
//
// The same order may be sent again under the same OrderID, and no other.
//   - Pending: the order is there; show the code. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no order. Once it is settled: closed, expired, failed or cancelled, and not paid.
//   - NotSent: nothing left this machine or, once it is settled, the order never arrived.
//   - Unknown: settle it, by default on [OrderSchedule].
//
//cnpay:op spay_active_scancode_order
func (s *OrdersService) CreateQR(ctx context.Context, req *OrderCreateQRRequest, opts ...cnpay.Option) (*OrderCreateQRResponse, error) {
	return do[OrderCreateQRResponse](ctx, s.client, req, opts)
}

// OrderCreateQRPageRequest is an order that the payer pays by scanning a code or, in a telephone's browser, in the wallet
// that it jumps to.
type OrderCreateQRPageRequest struct {
	envelope
	Order

	// ScanCodeType is whose code it is (扫码类型).
	ScanCodeType string `json:"scancode_type" spec:"M WECHAT|ALIPAY|QQ|UNION"`
	// AutoPay is TRUE where the payer's browser sends the order, which then jumps to the wallet: see [PagesService.QR].
	AutoPay string `json:"auto_pay" spec:"O TRUE|FALSE"`
}

func (*OrderCreateQRPageRequest) operation() Operation {
	return Operation{ID: OpOrderCreateQRPage, PaidLater: true, Judge: judgePayment, Settle: settleOrder}
}

// OrderCreateQRPageResponse is the answer with the code's content.
type OrderCreateQRPageResponse struct {
	Response
	Trade

	// BankPayURL is what the code holds, in Base64. See [OrderCreateQRPageResponse.QR].
	BankPayURL string `json:"bank_payurl" spec:"C S"`
}

// QR is the content of the code (二维码).
func (r *OrderCreateQRPageResponse) QR() (string, error) { return qr(r.BankPayURL) }

// CreateQRPage is [OrdersService.CreateQR] in its newer form (主扫下单(新), active_scancode_order_new), with the same
// outcomes.
//
//cnpay:op spay_active_scancode_order_new
func (s *OrdersService) CreateQRPage(ctx context.Context, req *OrderCreateQRPageRequest, opts ...cnpay.Option) (*OrderCreateQRPageResponse, error) {
	return do[OrderCreateQRPageResponse](ctx, s.client, req, opts)
}

// OrderPayByCodeRequest pays with the code that the payer shows.
type OrderPayByCodeRequest struct {
	envelope
	Order

	// ScanCodeType is whose code it is (扫码类型).
	ScanCodeType string `json:"scancode_type" spec:"M WECHAT|ALIPAY|QQ|UNION"`
	// AuthCode is the code that the payer shows (授权码). It is good for one payment and for a minute.
	AuthCode string `json:"auth_code" spec:"M S..32 secret"`
	// UseDesc is what is paid for (用途描述).
	UseDesc string `json:"use_desc" spec:"M S..32"`
}

func (*OrderPayByCodeRequest) operation() Operation {
	return Operation{ID: OpOrderPayByCode, Judge: judgePayment, Settle: settlePayByCode}
}

// OrderPayByCodeResponse is the answer to a payment.
type OrderPayByCodeResponse struct {
	Response
	Trade
}

// PayByCode takes money from the wallet whose code the payer shows (被扫支付, passive_scancode_pay).
//
// A repeat is not harmless. An order that is still open when [TillSchedule] is over is given up by [OrdersService.Cancel],
// which also returns what was paid in the meantime; then it is settled once more.
//   - Succeeded: paid.
//   - Pending: the payer still has to confirm. Settle it.
//   - Failed: refused, or the payment failed. Once it is settled: failed, closed or cancelled.
//   - NotSent: nothing left this machine or, once it is settled, the order never arrived.
//   - Unknown: settle it, by default on [TillSchedule].
//
//cnpay:op spay_passive_scancode_pay
func (s *OrdersService) PayByCode(ctx context.Context, req *OrderPayByCodeRequest, opts ...cnpay.Option) (*OrderPayByCodeResponse, error) {
	return do[OrderPayByCodeResponse](ctx, s.client, req, opts)
}

// OrderMiniProgramOrderRequest is an order that the payer pays in a mini program.
type OrderMiniProgramOrderRequest struct {
	envelope
	Order

	// OpenID is the payer in the mini program (用户openid).
	OpenID string `json:"open_id" spec:"M S..128"`
	// AppID is the mini program (小程序appid).
	AppID string `json:"app_id" spec:"M S..64"`
	// ScanCodeType is the wallet (扫码类型), WECHAT.
	ScanCodeType string `json:"scancode_type" spec:"M WECHAT|ALIPAY|QQ|UNION"`
}

func (*OrderMiniProgramOrderRequest) operation() Operation {
	return Operation{ID: OpOrderMiniProgramOrder, PaidLater: true, Judge: judgePayment, Settle: settleOrder}
}

// OrderMiniProgramOrderResponse is the answer with what the mini program hands to wx.requestPayment.
type OrderMiniProgramOrderResponse struct {
	Response
	Trade

	// TimeStamp is WeChat's timeStamp.
	TimeStamp string `json:"time_stamp" spec:"C S"`
	// NonceStr is WeChat's nonceStr.
	NonceStr string `json:"nonce_str" spec:"C S"`
	// Package is WeChat's package, "prepay_id=...".
	Package string `json:"package" spec:"C S"`
	// WeixinSignType is WeChat's signType.
	WeixinSignType string `json:"weixin_sign_type" spec:"C S"`
	// PaySign is WeChat's paySign.
	PaySign string `json:"pay_sign" spec:"C S"`
}

// MiniProgramOrder makes an order that the payer pays in a mini program (小程序支付, wechatminiprogram_order), with the
// outcomes of [OrdersService.CreateQR].
//
//cnpay:op spay_wechatminiprogram_order
func (s *OrdersService) MiniProgramOrder(ctx context.Context, req *OrderMiniProgramOrderRequest, opts ...cnpay.Option) (*OrderMiniProgramOrderResponse, error) {
	return do[OrderMiniProgramOrderResponse](ctx, s.client, req, opts)
}

// OrderAppOrderRequest is an order that the payer pays in the merchant's app.
type OrderAppOrderRequest struct {
	envelope
	Order
	Medium
	Split

	// PayType is what it is paid with (支付方式), DEBITCARD or CREDITCARD for example.
	PayType string `json:"pay_type" spec:"O S..16"`
	// GateID is the bank (发卡银行编号), ICBC for example.
	GateID string `json:"gate_id" spec:"O S..16"`
}

func (*OrderAppOrderRequest) operation() Operation {
	return Operation{ID: OpOrderAppOrder, PaidLater: true, Judge: judgePayment, Settle: settleOrder}
}

// OrderAppOrderResponse is the answer with the order's number at UMPay.
type OrderAppOrderResponse struct {
	Response
	Trade
}

// AppOrder makes an order that the payer pays in the merchant's app, through UMPay's program there (APP下单, pay_req), with
// the outcomes of [OrdersService.CreateQR]. The app also needs [OrdersService.AppSign].
//
//cnpay:op spay_pay_req
func (s *OrdersService) AppOrder(ctx context.Context, req *OrderAppOrderRequest, opts ...cnpay.Option) (*OrderAppOrderResponse, error) {
	return do[OrderAppOrderResponse](ctx, s.client, req, opts)
}

// AppSign is the signature that UMPay's program in the merchant's app asks for beside the order's trade number
// (APP签名): RSA over merchant, order, amount and day, in upper-case hexadecimal. It sends nothing.
func (s *OrdersService) AppSign(orderID string, amount int64, merDate string) (string, error) {
	text, err := gbk(s.client.call.Account + orderID + strconv.FormatInt(amount, 10) + merDate)
	if err != nil {
		return "", fmt.Errorf("umpay/spay: %w: %w", cnpay.ErrInvalidRequest, err)
	}
	signature, err := s.client.signer.Sign(text)
	if err != nil {
		return "", err
	}
	raw, err := base64.StdEncoding.DecodeString(signature)
	return strings.ToUpper(hex.EncodeToString(raw)), err
}

// OrderQueryRequest names an order of today.
type OrderQueryRequest struct {
	envelope
	Medium

	// MerDate is the day of the order (商户订单日期), which must be today: see [OrdersService.QueryHistory].
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// OrderID is the order number (商户订单号).
	OrderID string `json:"order_id" spec:"C[!trade_no] ORDER"`
	// TradeNo is UMPay's number of the order (U付交易号). UMPay's programs for Node and PHP insist on OrderID.
	TradeNo string `json:"trade_no" spec:"C N..16"`
	// Amount is the amount of the order (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"O N1..13"`
	// GoodsID is the number of what is sold (商品号).
	GoodsID string `json:"goods_id" spec:"O AN..8"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{ID: OpOrderQuery, Query: true, Repeatable: true, Judge: judgeQuery}
}

// OrderState is an order as UMPay sees it.
type OrderState struct {
	Trade

	// Amount is the amount of the order (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"R N1..13"`
	// AmtType is the currency (付款币种), RMB.
	AmtType string `json:"amt_type" spec:"R S..8"`
	// MediaID is how the payer is reached (媒介标识).
	MediaID string `json:"media_id" spec:"C S..32 secret"`
	// MediaType is what MediaID is (媒介类型).
	MediaType string `json:"media_type" spec:"C S..16"`
	// PayDate is the day of the payment (支付日期).
	PayDate string `json:"pay_date" spec:"C S..8"`
	// PayType is what it was paid with (支付方式).
	PayType string `json:"pay_type" spec:"C S..16"`
	// PaySeq is the bank's number of the payment (银行流水号).
	PaySeq string `json:"pay_seq" spec:"C S"`
	// ProductID is the product (产品号).
	ProductID string `json:"product_id" spec:"C S"`
	// SettleDate is the day in whose settlement file it is (对账日期).
	SettleDate string `json:"settle_date" spec:"C S..8"`
	// RefundAmt is how much of it was given back so far (已退费金额), fen.
	RefundAmt int64 `json:"refund_amt,string" spec:"C N"`
	// OrigRetCode is why the payment failed (原交易返回码).
	OrigRetCode string `json:"orig_retcode" spec:"C S"`
	// OrigRetMsg is the same in words (原交易返回信息).
	OrigRetMsg string `json:"orig_retmsg" spec:"C S"`
	// MerPriv is the merchant's own text (商户私有域).
	MerPriv string `json:"mer_priv" spec:"C S..128"`
	// GoodsID is the number of what is sold (商品号).
	GoodsID string `json:"goods_id" spec:"C S..8"`
}

// OrderQueryResponse is the answer to a query. Its outcome says whether the query was answered; the state of the order is
// TradeState.
type OrderQueryResponse struct {
	Response
	OrderState
}

// Query reads the state of an order of today (订单查询, query_order). It moves no money and may be repeated.
//   - Answered: about this order, in any state; it is TradeState, [TradeSuccess] for example.
//   - Unknown: UMPay has no such order now, or refused the query, or nothing was heard; query again. An order that is still
//     on its way may change that: it is no proof that one failed.
//
//cnpay:op spay_query_order
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// OrderQueryHistoryRequest names an order of the last twelve months.
type OrderQueryHistoryRequest struct {
	envelope

	// MerDate is the day of the order (商户订单日期).
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// OrderID is the order number (商户订单号).
	OrderID string `json:"order_id" spec:"C[!trade_no] ORDER"`
	// TradeNo is UMPay's number of the order (U付交易号).
	TradeNo string `json:"trade_no" spec:"C N..16"`
	// OrderType is 1 or 2, of which no document says the meaning: probably payment and refund.
	OrderType string `json:"order_type" spec:"O 1|2"`
}

func (*OrderQueryHistoryRequest) operation() Operation {
	return Operation{ID: OpOrderQueryHistory, Query: true, Repeatable: true, Judge: judgeQuery}
}

// OrderQueryHistoryResponse is the answer to a query of the history, as [OrderQueryResponse] is.
type OrderQueryHistoryResponse struct {
	Response
	OrderState
}

// QueryHistory reads the state of an order of an earlier day (历史订单查询, mer_order_info_query), with the outcomes of
// [OrdersService.Query].
//
//cnpay:op spay_mer_order_info_query
func (s *OrdersService) QueryHistory(ctx context.Context, req *OrderQueryHistoryRequest, opts ...cnpay.Option) (*OrderQueryHistoryResponse, error) {
	return do[OrderQueryHistoryResponse](ctx, s.client, req, opts)
}

// OrderCancelRequest names the order to cancel, which has no number of its own for it.
type OrderCancelRequest struct {
	envelope

	// OrderID is the number of the order to cancel (商户订单号).
	OrderID string `json:"order_id" spec:"M ORDER"`
	// MerDate is the day of that order (商户订单日期): today.
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// Amount is the whole amount of that order (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"M N1..13"`
}

func (*OrderCancelRequest) operation() Operation {
	return Operation{ID: OpOrderCancel, Judge: judgeCancel, Settle: settleCancel}
}

// OrderCancelResponse is the answer to a cancellation.
type OrderCancelResponse struct {
	Response
	Trade

	// Amount is the amount that was cancelled (付款金额), fen.
	Amount int64 `json:"amount,string" spec:"C N1..13"`
}

// Cancel cancels an order of today whole, and returns what was paid for it (撤销, mer_cancel).
//
// The same cancellation may be sent again. Its outcome is its own: when it is Failed, an earlier one that was Unknown may
// have been carried out. Only settling has the outcome of both.
//   - Succeeded: cancelled.
//   - Pending: UMPay has it, and did not say the order's state. Settle it.
//   - Failed: refused; the order is as it was.
//   - NotSent: nothing left this machine.
//   - Unknown: settle it, by default on [AtOnceSchedule]. With code TRADE_SUCCESS the cancellation may still be on its way,
//     however often a query says so; the same Cancel sent again ends the doubt. Never refund instead: the payer could be
//     paid twice.
//
//cnpay:op spay_mer_cancel
func (s *OrdersService) Cancel(ctx context.Context, req *OrderCancelRequest, opts ...cnpay.Option) (*OrderCancelResponse, error) {
	return do[OrderCancelResponse](ctx, s.client, req, opts)
}

// OrderRefundRequest refunds an order, whole or in part.
type OrderRefundRequest struct {
	envelope

	// RefundNo is the number of this refund (商户退款流水号), up to 16 characters: a new one for each, the same for a repeat.
	RefundNo string `json:"refund_no" spec:"M REFUND"`
	// OrderID is the number of the order (商户订单号).
	OrderID string `json:"order_id" spec:"M ORDER"`
	// MerDate is the day of the order (商户订单日期).
	MerDate string `json:"mer_date" spec:"M YYYYMMDD"`
	// RefundAmount is how much to refund (退费金额), fen. Empty means all.
	RefundAmount int64 `json:"refund_amount,string" spec:"O N1..13"`
	// OrgAmount is the whole amount of the order (原订单金额), fen.
	OrgAmount int64 `json:"org_amount,string" spec:"M N1..13"`
	// NotifyURL is where UMPay sends the result (后台通知地址).
	NotifyURL string `json:"notify_url" spec:"O S..128"`
	// SubMerID is the merchant of a split order that refunds (子商户号).
	SubMerID string `json:"sub_mer_id" spec:"O S..8"`
	// SubOrderID is that merchant's order (子订单号).
	SubOrderID string `json:"sub_order_id" spec:"O S..32"`
}

func (*OrderRefundRequest) operation() Operation {
	return Operation{ID: OpOrderRefund, Judge: judgeRefund, Settle: settleRefund}
}

// faults refuses what is more than the order.
func (r *OrderRefundRequest) faults() []cnpay.Fault { return refundFaults(r.RefundAmount, r.OrgAmount) }

func refundFaults(part, whole int64) []cnpay.Fault {
	if part > whole && whole > 0 {
		return []cnpay.Fault{{Field: "refund_amount", Problem: "must be at most org_amount"}}
	}
	return nil
}

// OrderRefundResponse is the answer to a refund.
type OrderRefundResponse struct {
	Response
	Trade
	Refunded

	// Amount is the amount of the order (付款金额), fen. Third parties' programs are the witness.
	Amount int64 `json:"amount,string" spec:"C N1..13"`
}

// Refund returns money of a paid order to the payer (退费, mer_refund).
//
// A repeat under the same RefundNo is harmless. Never use a new one while the outcome of the old one is unknown.
//   - Succeeded: refunded.
//   - Pending: accepted; a notification or Settle says the end, which may take days.
//   - Failed: refused, or the refund failed or was rejected; nothing was given back under this number.
//   - NotSent: nothing left this machine or, once it is settled, the refund never arrived.
//   - Unknown: settle it, by default on [RefundSchedule].
//
//cnpay:op spay_mer_refund
func (s *OrdersService) Refund(ctx context.Context, req *OrderRefundRequest, opts ...cnpay.Option) (*OrderRefundResponse, error) {
	return do[OrderRefundResponse](ctx, s.client, req, opts)
}

// OrderQueryRefundRequest names a refund.
type OrderQueryRefundRequest struct {
	envelope

	// RefundNo is the number of the refund (商户退款流水号).
	RefundNo string `json:"refund_no" spec:"M REFUND"`
}

func (*OrderQueryRefundRequest) operation() Operation {
	return Operation{ID: OpOrderQueryRefund, Query: true, Repeatable: true, Judge: judgeQuery}
}

// OrderQueryRefundResponse is the answer to a query of a refund; its state is RefundState.
type OrderQueryRefundResponse struct {
	Response
	Refunded

	// OrderID is the number of the order (商户订单号).
	OrderID string `json:"order_id" spec:"C S..32"`
	// MerDate is the day of the order (商户订单日期).
	MerDate string `json:"mer_date" spec:"C S..8"`
}

// QueryRefund reads the state of a refund (退费查询, mer_refund_query). It moves no money and may be repeated. Its outcomes
// are those of [OrdersService.Query].
//
//cnpay:op spay_mer_refund_query
func (s *OrdersService) QueryRefund(ctx context.Context, req *OrderQueryRefundRequest, opts ...cnpay.Option) (*OrderQueryRefundResponse, error) {
	return do[OrderQueryRefundResponse](ctx, s.client, req, opts)
}
