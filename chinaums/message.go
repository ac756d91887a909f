package chinaums

import "github.com/cnpay-go/cnpay"

// The business types (业务类型, instMid). Query, refund, close and everything else that follows an order repeat the
// order's own.
const (
	BillsInstMID       = "QRPAYDEFAULT"  // bills (C扫B)
	WalletInstMID      = "YUEDANDEFAULT" // a page inside a wallet (公众号/服务窗), JSAPI
	H5InstMID          = "H5DEFAULT"     // a page in a browser
	AppInstMID         = "APPDEFAULT"
	MiniProgramInstMID = "MINIDEFAULT"
	BankInstMID        = "WGDEFAULT" // the bank gateway (网关支付)
)

// Head is the head of a request.
type Head struct {
	// RequestTimestamp is when the request is made (报文请求时间), UTC+8, 2006-01-02 15:04:05. Empty means now: the
	// client then fills it in from its clock.
	RequestTimestamp string `json:"requestTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MID is the merchant number (商户号). The PDFs up to 2021 say exactly 15.
	MID string `json:"mid" spec:"M S..32"`
	// TID is the terminal number (终端号). The PDFs say exactly 8.
	TID string `json:"tid" spec:"M S..32"`
	// MsgID is the caller's number for the message (消息ID), echoed in the answer.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed in the answer.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
}

// BillHead is the head of a request about a bill.
type BillHead struct {
	Head

	// InstMID is the business type (业务类型): BillsInstMID.
	InstMID string `json:"instMid" spec:"M =QRPAYDEFAULT"`
}

// OrderHead is the head of a request that follows an order.
type OrderHead struct {
	Head

	// InstMID is the business type (业务类型), the same as the order's: with another one the order is not found.
	InstMID string `json:"instMid" spec:"M S..32"`
}

// Response is the head of every answer. Refusals of the gateway before the platform have ErrCode and ErrInfo only.
type Response struct {
	cnpay.Answer

	// ErrCode is the request's result (错误代码): SUCCESS, or a code of the platform (平台错误码) or of the gateway
	// before it; of the counter's operations 00 and its like.
	ErrCode string `json:"errCode" spec:"M S..64"`
	// ErrMsg is a human-readable message in Chinese (错误说明).
	ErrMsg string `json:"errMsg" spec:"O S..255"`
	// ErrInfo is the same where the gateway itself answers, and at the counter.
	ErrInfo string `json:"errInfo" spec:"O S"`
	// MsgID is the request's, echoed.
	MsgID string `json:"msgId" spec:"O S..64"`
	// ResponseTimestamp is when the answer was made (报文响应时间), UTC+8, 2006-01-02 15:04:05. The documents spell its
	// name in three ways; it is read from each.
	ResponseTimestamp string `json:"responseTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// SrcReserve is the request's, echoed.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
	// MID is the merchant number (商户号), echoed.
	MID string `json:"mid" spec:"M S"`
	// TID is the terminal number (终端号), echoed.
	TID string `json:"tid" spec:"M S"`
}

func (r *Response) base() *Response { return r }

// BillResponse is the head of an answer about a bill.
type BillResponse struct {
	Response

	// InstMID is the business type (业务类型), echoed.
	InstMID string `json:"instMid" spec:"O S..32"`
	// BillNo is the bill number (账单号), echoed.
	BillNo string `json:"billNo" spec:"O S..32"`
	// BillDate is the date of the bill (账单日期), echoed.
	BillDate string `json:"billDate" spec:"O yyyy-MM-dd"`
	// BillQRCode is the code that the payer scans (账单二维码), a URL.
	BillQRCode string `json:"billQRCode" spec:"O S"`
}

// BillState is the state of a bill, as the answers about its money have it.
type BillState struct {
	// BillStatus is the state of the bill (账单状态): PAID, UNPAID, REFUND, CLOSED or UNKNOWN.
	BillStatus string `json:"billStatus" spec:"O S"`
	// CardAttr is the kind of card or wallet (借贷记标识): DEBIT_CARD, CREDIT_CARD or BALANCE.
	CardAttr string `json:"cardAttr" spec:"O S"`
}

// Payment is one movement of a bill's money as ChinaUMS has it on record. Amounts are fen.
type Payment struct {
	// MerOrderID is the order number of this movement (商户订单号): of a payment it is the bill number and one digit
	// more.
	MerOrderID string `json:"merOrderId" spec:"O S..32"`
	// BillBizType is the business type of the bill (账单业务类型), "bills" in captures.
	BillBizType string `json:"billBizType" spec:"O S"`
	// PaySeqID is the transaction's reference (交易参考号).
	PaySeqID string `json:"paySeqId" spec:"O S"`
	// TotalAmount is the amount of the movement (账单流水总金额), after the channel's own discounts.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// BuyerPayAmount is what the payer paid (实付金额).
	BuyerPayAmount int64 `json:"buyerPayAmount" spec:"O N"`
	// InvoiceAmount is what an invoice may be made out for (开票金额).
	InvoiceAmount int64 `json:"invoiceAmount" spec:"O N"`
	// DiscountAmount is the discount (折扣金额).
	DiscountAmount int64 `json:"discountAmount" spec:"O N"`
	// BuyerID is the payer at the channel (买家ID).
	BuyerID string `json:"buyerId" spec:"O S"`
	// BuyerUsername is the payer's name at the channel (买家用户名).
	BuyerUsername string `json:"buyerUsername" spec:"O S"`
	// PayDetail is how it was paid, in words (支付详情).
	PayDetail string `json:"payDetail" spec:"O S"`
	// PayTime is when (支付时间), UTC+8, 2006-01-02 15:04:05.
	PayTime string `json:"payTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// SettleDate is when it is settled (结算时间), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O yyyy-MM-dd"`
	// Status is its state (交易状态): NEW_ORDER, UNKNOWN, WAIT_BUYER_PAY, TRADE_SUCCESS, TRADE_REFUND or TRADE_CLOSED.
	Status string `json:"status" spec:"O S"`
	// TargetOrderID is the order number at the channel (目标平台单号).
	TargetOrderID string `json:"targetOrderId" spec:"O S"`
	// TargetSys is the channel (目标系统), "UnionPay" or "Alipay 2.0" for example.
	TargetSys string `json:"targetSys" spec:"O S"`
	// ActivityIDs are WeChat's promotions (微信活动ID).
	ActivityIDs string `json:"activityIds" spec:"O S"`

	// The rest is on other pages or in captures only.

	// BuyerCashPayAmt is the part paid in money; captures of 2023.
	BuyerCashPayAmt int64 `json:"buyerCashPayAmt" spec:"O N"`
	// CouponAmount is the wallet's discount; the query's example.
	CouponAmount int64 `json:"couponAmount" spec:"O N"`
	// ReceiptAmount is the amount received; notifications.
	ReceiptAmount int64 `json:"receiptAmount" spec:"O N"`
	// ConnectSys is the system it was routed through, "UNIONPAY" for example; captures of 2023.
	ConnectSys string `json:"connectSys" spec:"O S"`
}

// Split says how the money of an order is split between merchants when it is settled (分账).
type Split struct {
	// DivisionFlag asks for it (分账标记). Then SubOrders or Goods say how, and a guarantee (SecureTransaction) is
	// excluded.
	DivisionFlag bool `json:"divisionFlag" spec:"O"`
	// PlatformAmount is the platform merchant's own share (平台商户分账金额), fen; 0 is a share. The APP and mini
	// program documents begin at 1.
	PlatformAmount int64 `json:"platformAmount" spec:"C[divisionFlag=true] N1..9 zero"`
	// SubOrders are the shares of the others (子订单信息), at most 20. They are used as they are and win over Goods; their
	// sum and PlatformAmount is the total.
	SubOrders []SubOrder `json:"subOrders" spec:"C"`
}

// SubOrder is a sub-merchant's share of an order (子订单).
type SubOrder struct {
	// MID is the sub-merchant (子商户号).
	MID string `json:"mid" spec:"M S..32"`
	// MerOrderID is the merchant's number of the share (商户子订单号).
	MerOrderID string `json:"merOrderId" spec:"O S6..32"`
	// TotalAmount is the share (子商户分账金额), fen; 0 is a share.
	TotalAmount int64 `json:"totalAmount" spec:"M N1..9 zero"`
	// GoodsActlNum is in the sample of the bank page only; its meaning is not published.
	GoodsActlNum string `json:"goodsActlNum" spec:"O S"`
	// Goods is in the sample of the bank page only: what the sub-merchant sells.
	Goods []Goods `json:"goods" spec:"O"`
}

// SubRefund is a sub-merchant's share of a refund.
type SubRefund struct {
	// MID is the sub-merchant (子商户号).
	MID string `json:"mid" spec:"M S..32"`
	// MerOrderID is the merchant's number of the share that is returned (商户子订单号).
	MerOrderID string `json:"merOrderId" spec:"O S..32"`
	// RefundOrderID is the merchant's number of this part of the refund (子退款订单号).
	RefundOrderID string `json:"refundOrderId" spec:"O S..32"`
	// TotalAmount is how much is taken back (退款金额), fen; less than the share.
	TotalAmount int64 `json:"totalAmount" spec:"M N1..9 zero"`
}

// Goods is one item of an order (商品信息).
type Goods struct {
	// GoodsID is the item's number (商品ID).
	GoodsID string `json:"goodsId" spec:"O S..64"`
	// GoodsName is its name (商品名称).
	GoodsName string `json:"goodsName" spec:"O S..256"`
	// Quantity is how many (商品数量).
	Quantity string `json:"quantity" spec:"O S"`
	// Price is the price of one (商品单价), fen; sent as text.
	Price int64 `json:"price,string" spec:"O N"`
	// GoodsCategory is what kind of goods it is (商品分类).
	GoodsCategory string `json:"goodsCategory" spec:"O S..64"`
	// Body describes it (商品说明).
	Body string `json:"body" spec:"O S..1024"`
	// Unit is what is counted (商品单位); APP and mini program documents only.
	Unit string `json:"unit" spec:"O S"`
	// Discount is the discount (商品折扣); APP and mini program documents only.
	Discount int64 `json:"discount" spec:"O N"`
	// SubMerchantID is the merchant that gets the money for it (子商户号); at most 20 items have one.
	SubMerchantID string `json:"subMerchantId" spec:"C[subOrderAmount] S..32"`
	// MerOrderID is the merchant's number of the share (商户子订单号).
	MerOrderID string `json:"merOrderId" spec:"O S6..32"`
	// SubOrderAmount is how much (子商户商品总额), fen; 0 is an amount. The sum over all goods is the total.
	SubOrderAmount int64 `json:"subOrderAmount" spec:"C[subMerchantId] N1..9 zero"`
}

// RealName lets only the payer of this name pay (实名认证). Name, Mobile and CertNo are Base64 of UTF-8: an encoding,
// not an encryption.
type RealName struct {
	// Name is the payer's name (实名认证姓名), Base64.
	Name string `json:"name" spec:"O S..32 secret"`
	// Mobile is the payer's mobile number (实名认证手机号), Base64.
	Mobile string `json:"mobile" spec:"O S..20 secret"`
	// CertType is the kind of document (实名认证证件类型): IDENTITY_CARD, PASSPORT, OFFICER_CARD, SOLDIER_CARD, HOKOU.
	// WeChat knows IDENTITY_CARD only; the H5 document of 2022 adds HM_EXIT, TW_EXIT, POLICE_CERTIFICATE and OTHER.
	CertType string `json:"certType" spec:"O S"`
	// CertNo is the document's number (实名认证证件号), Base64.
	CertNo string `json:"certNo" spec:"O S..32 secret"`
	// FixBuyer is T to insist upon it (是否需要实名认证).
	FixBuyer string `json:"fixBuyer" spec:"O S..32"`
}

// RetCommParams are for the industries' rebates of Alipay (返佣字段). All but FoodOrderType are in samples of 2022 only.
type RetCommParams struct {
	// FoodOrderType is pre_order for food that is ordered ahead (扫码点餐).
	FoodOrderType string `json:"foodOrderType" spec:"C S"`
	// BrandID is the brand.
	BrandID string `json:"brandId" spec:"O S"`
	// StoreID is the store.
	StoreID string `json:"storeId" spec:"O S"`
	// TableNo is the table.
	TableNo string `json:"tableNo" spec:"O S"`
	// ParkID is the car park.
	ParkID string `json:"parkId" spec:"O S"`
	// VehicleNo is the car's number.
	VehicleNo string `json:"vehicleNo" spec:"O S"`
}
