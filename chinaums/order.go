package chinaums

import (
	"context"
	"encoding/json"

	"github.com/cnpay-go/cnpay"
)

// OrdersService acts on orders (订单) that pages, wallets and apps pay, whatever they were made with.
type OrdersService struct{ client *Client }

// Order is what every order says (下单), whatever it is paid with. Its fields are the same in all documents.
type Order struct {
	Head

	// MerOrderID is the merchant's number of the order (商户订单号): 6 to 32 characters, of which the first four are the
	// source number (来源编号). See [NewOrderID].
	MerOrderID string `json:"merOrderId" spec:"M S6..32"`
	// TotalAmount is the amount (支付总金额), fen, at most 100000000.
	TotalAmount int64 `json:"totalAmount" spec:"M N1..9"`
	// Goods is what is sold (商品信息).
	Goods []Goods `json:"goods" spec:"O"`
	Split
	// AsynDivisionFlag is true to split later, by [OrdersService.ConfirmSplit] (异步分账标记); in newer samples, not of
	// WeChat's pages and the bank page.
	AsynDivisionFlag string `json:"asynDivisionFlag" spec:"O S"`
	// AttachedData is the merchant's own text (商户附加数据), returned by queries and notifications.
	AttachedData string `json:"attachedData" spec:"O S..255"`
	// OrderDesc is what the payer sees (订单描述); WeChat takes 128 bytes.
	OrderDesc string `json:"orderDesc" spec:"O S..255"`
	// GoodsTag is a mark for promotions (商品标记).
	GoodsTag string `json:"goodsTag" spec:"O S..32"`
	// OriginalAmount is the amount before the shop's own discount (订单原始金额), fen.
	OriginalAmount int64 `json:"originalAmount" spec:"O N1..9"`
	// ExpireTime is when the order can no longer be paid (订单过期时间), UTC+8, 2006-01-02 15:04:05. Without it the platform
	// says 30 minutes after the order was made.
	ExpireTime string `json:"expireTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// NotifyURL is where the result is sent (支付结果通知地址); see [Client.ParseNotification].
	NotifyURL string `json:"notifyUrl" spec:"O S..255"`
	// ReturnURL is where the payer is taken after it (网页跳转地址); see [Client.ParseReturn].
	ReturnURL string `json:"returnUrl" spec:"O S..255"`
	// SystemID is the system that the order comes from (系统ID).
	SystemID string `json:"systemId" spec:"O S..32"`
	// LimitCreditCard is "true" to take no credit card (是否需要限制信用卡支付).
	LimitCreditCard string `json:"limitCreditCard" spec:"O true|false"`
	// SecureTransaction is "true" for a guarantee (担保交易标识): the money is held until [EscrowService.Complete], and goes
	// back to the payer after 30 days.
	SecureTransaction string `json:"secureTransaction" spec:"O true|false"`
	// InstallmentNumber is the number of instalments (分期数); of Alipay's Huabei 3, 6 or 12.
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	RealName
	// RetCommParams are for rebates (返佣字段).
	RetCommParams *RetCommParams `json:"retCommParams" spec:"O"`
}

func (o *Order) ordered() *Order { return o }

// Product is what an order says of what is sold, besides Goods.
type Product struct {
	// ProductID is the product (商品ID).
	ProductID string `json:"productId" spec:"O S"`
	// GoodsTradeNo stands instead of Goods (商品交易单号).
	GoodsTradeNo string `json:"goodsTradeNo" spec:"O S"`
	// ShowURL is the page of the order (订单展示页面).
	ShowURL string `json:"showUrl" spec:"O S..255"`
}

// OrderResponse is what every answer to an order says.
type OrderResponse struct {
	Response

	// MerName is the merchant's name (商户名称).
	MerName string `json:"merName" spec:"O S"`
	// MerOrderID is the order number (商户订单号), echoed.
	MerOrderID string `json:"merOrderId" spec:"O S"`
	// SeqID is the platform's number (平台流水号).
	SeqID string `json:"seqId" spec:"O S"`
	// SettleRefID is the number in the clearing (清分ID), mostly SeqID.
	SettleRefID string `json:"settleRefId" spec:"O S"`
	// Status is the order's state (交易状态): NEW_ORDER, UNKNOWN, WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_REFUND or
	// TRADE_CLOSED.
	Status string `json:"status" spec:"O S"`
	// TotalAmount is the order's amount (支付总金额), fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	Channel
}

func (r *OrderResponse) ordered() *OrderResponse { return r }

// Channel is the wallet or bank behind the platform.
type Channel struct {
	// TargetOrderID is its number of the order (目标平台单号). Alipay's tradeNO, which the payer's client needs, is this.
	TargetOrderID string `json:"targetOrderId" spec:"O S"`
	// TargetSys is what it is (目标系统), "WXPay" or "Alipay 2.0" for example.
	TargetSys string `json:"targetSys" spec:"O S"`
	// TargetStatus is the state there (目标平台状态), "SUCCESS|SUCCESS" or "10000" for example.
	TargetStatus string `json:"targetStatus" spec:"O S"`
	// TargetMID is the merchant's number there (支付渠道商户号).
	TargetMID string `json:"targetMid" spec:"O S"`
	// ConnectSys is the system it was routed through, "UNIONPAY" for example; samples only.
	ConnectSys string `json:"connectSys" spec:"O S"`
}

// AppOrder is what every order of an app says.
type AppOrder struct {
	Order

	// InstMID is the business type (业务类型): AppInstMID.
	InstMID string `json:"instMid" spec:"M =APPDEFAULT"`
	// SubAppID is the merchant's app at WeChat (微信子商户appId). The table has it for every wallet, the samples for
	// WeChat.
	SubAppID string `json:"subAppId" spec:"C S..32"`
	// TradeType is APP for WeChat (交易类型).
	TradeType string `json:"tradeType" spec:"C S"`
	Product
	// MerchantUserID is the payer at the merchant (商户用户号); mandatory for 全民付.
	MerchantUserID string `json:"merchantUserId" spec:"C S..32"`
	// EnablePayChnl is what Alipay may take: balance, moneyFund, pcredit, pcreditpayInstallment, creditCard or
	// debitCardExpress.
	EnablePayChnl string `json:"enablePayChnl" spec:"O S"`
	// SupportBank is in a sample of 2022; its meaning is not published.
	SupportBank string `json:"supportBank" spec:"O S"`
	// InvokeType is in a sample of 2022; its meaning is not published.
	InvokeType string `json:"invokeType" spec:"O S"`
	// ThirdPartyInstalSubsFlag is in a sample of 2022: whether somebody else pays for the instalments.
	ThirdPartyInstalSubsFlag string `json:"thirdPartyInstalSubsFlag" spec:"O S"`
}

// AppOrderResponse is the answer with what the app hands to the wallet.
type AppOrderResponse struct {
	OrderResponse

	// AppPayRequest is for the wallet's SDK (APP支付用的请求报文): pass it on as it is.
	AppPayRequest json.RawMessage `json:"appPayRequest" spec:"C"`
	// JSPayRequest is for a page; rare.
	JSPayRequest json.RawMessage `json:"jsPayRequest" spec:"O"`
	// PrepayID is the wallet's number of the order that waits (预支付ID).
	PrepayID string `json:"prepayId" spec:"O S"`
	// QRCode is a URL that opens the wallet (二维码); Alipay's is inside AppPayRequest.
	QRCode string `json:"qrCode" spec:"O S"`
	// YxlmAmount is the discount of the marketing alliance (营销联盟优惠金额), fen.
	YxlmAmount int64 `json:"yxlmAmount" spec:"O N"`
}

// OrderQueryRequest names the order to query.
type OrderQueryRequest struct {
	OrderHead

	// MerOrderID is the order number (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"C[!targetOrderId] S6..64"`
	// TargetOrderID is the channel's number of the order (目标平台单号); APP and mini program documents only.
	TargetOrderID string `json:"targetOrderId" spec:"C S..64"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{ID: OpOrderQuery, Path: "/v1/netpay/query", Query: true, Repeatable: true}
}

// OrderQueryResponse is the answer to a query. The order's states are its fields.
type OrderQueryResponse struct {
	OrderResponse

	// InstMID is the business type (业务类型), echoed. The documents' own samples have a wrong one.
	InstMID string `json:"instMid" spec:"O S..32"`
	// AttachedData is the order's (商户附加数据).
	AttachedData string `json:"attachedData" spec:"O S..255"`
	// RefID is the retrieval reference number (检索参考号) of UnionPay.
	RefID string `json:"refId" spec:"O S"`
	Payer
	PaidAmounts
	// PayTime is when it was paid (支付时间), UTC+8, 2006-01-02 15:04:05; absent until then.
	PayTime string `json:"payTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// SettleDate is when it is settled (结算日期), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O yyyy-MM-dd"`
	// ActivityIDs are WeChat's promotions (微信活动ID).
	ActivityIDs string `json:"activityIds" spec:"O S"`
	// SecureStatus is the state of a guarantee or a pre-authorisation (担保状态): UNCOMPLETED, PARTLY_COMPLETED,
	// ALL_COMPLETED or CANCELED.
	SecureStatus string `json:"secureStatus" spec:"O S"`
	// CompleteAmount is the completed part of it (担保完成金额), fen.
	CompleteAmount int64 `json:"completeAmount" spec:"O N"`
	// AuthIDRespCd is the authorisation code (授权标识应答码) of a pre-authorisation: its completion and cancellation need
	// it.
	AuthIDRespCd string `json:"authIdRespCd" spec:"C S..64"`
	// BillPayment is the payment of a bill; nil for other orders.
	BillPayment *Payment `json:"billPayment" spec:"O"`
}

func (r *OrderQueryResponse) paid() paid {
	return paid{r.Status, r.PayTime, r.TotalAmount, r.BuyerPayAmount}
}

// names compares the channel's number where the query was by it alone.
func (r *OrderQueryResponse) names(x *exchange) (named bool, differs string) {
	if asked := x.text("merOrderId"); asked != "" {
		return r.MerOrderID == asked, ""
	}
	asked := x.text("targetOrderId")
	return r.TargetOrderID == asked, different([3]string{"targetOrderId", asked, r.TargetOrderID})
}

// Buyer is the payer of an order, as the channel has it.
type Buyer struct {
	// BuyerID is the payer at the channel (买家ID).
	BuyerID string `json:"buyerId" spec:"O S"`
	// SubBuyerID is the payer in the merchant's own app (卖家子ID), WeChat's sub_openid for example.
	SubBuyerID string `json:"subBuyerId" spec:"O S"`
	// BuyerUsername is the payer's name at the channel (买家用户名).
	BuyerUsername string `json:"buyerUsername" spec:"O S"`
}

// Payer is who paid an order.
type Payer struct {
	Buyer

	// BankCardNo is the card (支付银行卡号), masked by the platform.
	BankCardNo string `json:"bankCardNo" spec:"O S pan"`
	// BankInfo is the bank (银行信息).
	BankInfo string `json:"bankInfo" spec:"O S"`
	// BillFunds is what it was paid from (资金渠道), method:fen with bars between them; words in one sample.
	BillFunds string `json:"billFunds" spec:"O S"`
	// BillFundsDesc is the same in words (资金渠道说明).
	BillFundsDesc string `json:"billFundsDesc" spec:"O S"`
}

// PaidAmounts are the amounts of an order that was paid, fen.
type PaidAmounts struct {
	// BuyerPayAmount is what the payer paid (实付金额).
	BuyerPayAmount int64 `json:"buyerPayAmount" spec:"O N"`
	// CouponAmount is the discount (折扣金额).
	CouponAmount int64 `json:"couponAmount" spec:"O N"`
	// InvoiceAmount is what an invoice may be made out for (开票金额).
	InvoiceAmount int64 `json:"invoiceAmount" spec:"O N"`
	// ReceiptAmount is the amount received (实收金额).
	ReceiptAmount int64 `json:"receiptAmount" spec:"O N"`
	// YxlmAmount is the discount of the marketing alliance (营销联盟优惠金额); text in some documents.
	YxlmAmount int64 `json:"yxlmAmount" spec:"O N"`
}

// OrderCloseRequest names the order to close.
type OrderCloseRequest struct {
	OrderHead

	// MerOrderID is the number of the order that nobody has paid (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
}

func (*OrderCloseRequest) operation() Operation {
	return Operation{ID: OpOrderClose, Path: "/v1/netpay/close", Judge: JudgeSuccess(judgeClose[OrderCloseRequest]), Settle: settleClose}
}

// OrderCloseResponse is the answer to closing.
type OrderCloseResponse struct {
	OrderResponse

	// InstMID is the business type (业务类型), echoed; samples only.
	InstMID string `json:"instMid" spec:"O S..32"`
	// SettleDate is when it is settled (结算日期), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O yyyy-MM-dd"`
}

// Query reads the state of an order (订单交易查询, POST /v1/netpay/query). It moves no money and may be repeated.
//   - Answered: about this order; read its states, any of which is possible.
//   - Unknown: refused, or no answer; query again. NO_ORDER right after an order was made may only mean that it is not yet
//     visible.
//
//cnpay:op netpay_query
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// Close ends an order that nobody has paid (订单关闭, POST /v1/netpay/close), so that nobody can any more. It moves no
// money; closing twice is harmless.
//   - Succeeded: closed.
//   - Failed: refused. Once it is settled: the payer was faster, and the order is paid.
//   - Pending: accepted, and not closed yet; settle it.
//   - Unknown: settle it, or close again.
//
//cnpay:op netpay_close
func (s *OrdersService) Close(ctx context.Context, req *OrderCloseRequest, opts ...cnpay.Option) (*OrderCloseResponse, error) {
	return do[OrderCloseResponse](ctx, s.client, req, opts)
}
