package chinaums

import (
	"context"
	"encoding/json"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
)

// CounterService is for the counter (POS通, B扫C): the merchant scans the payer's code. It has merchant and terminal
// numbers of its own, no source numbers, and no notifications.
type CounterService struct{ client *Client }

// CounterHead is the head of a request at the counter.
type CounterHead struct {
	// MerchantCode is the merchant number (商户号), often not the one of bills and orders.
	MerchantCode string `json:"merchantCode" spec:"M S"`
	// TerminalCode is the terminal number (终端号).
	TerminalCode string `json:"terminalCode" spec:"M S"`
}

// CounterOrder names a payment at the counter.
type CounterOrder struct {
	CounterHead

	// MerchantOrderID is the merchant's number of the payment (商户订单号). It or OriginalOrderID.
	MerchantOrderID string `json:"merchantOrderId" spec:"C[!originalOrderId] S..50"`
	// OriginalOrderID is ChinaUMS's number (银商订单号), which the payment's answer has as OrderID.
	OriginalOrderID string `json:"originalOrderId" spec:"C S..50"`
}

// CounterGoods is one item that is sold at the counter (商品信息).
type CounterGoods struct {
	// GoodsID is the item's number (商品ID).
	GoodsID string `json:"goodsId" spec:"M S..32"`
	// GoodsName is its name (商品名称).
	GoodsName string `json:"goodsName" spec:"M S..256"`
	// Quantity is how many (商品数量), not 0.
	Quantity int64 `json:"quantity" spec:"M N1..10"`
	// Price is the price of one (商品单价), fen.
	Price int64 `json:"price" spec:"M N1..12 zero"`
	// GoodsCategory is what kind of goods it is (商品分类).
	GoodsCategory string `json:"goodsCategory" spec:"O S..24"`
	// Body describes it (商品说明).
	Body string `json:"body" spec:"O S..100"`
	// Discount is the discount (商品折扣), fen.
	Discount int64 `json:"discount" spec:"O N..12"`
}

// CounterPayByCodeRequest takes money from the payer whose code was scanned.
type CounterPayByCodeRequest struct {
	// TransactionAmount is the amount (交易金额), fen.
	TransactionAmount int64 `json:"transactionAmount" spec:"M N1..12"`
	// TransactionCurrencyCode is the currency (交易币种): 156, which empty means.
	TransactionCurrencyCode string `json:"transactionCurrencyCode" spec:"M =156"`
	// MerchantOrderID is the merchant's number of the payment (商户订单号), never used before.
	MerchantOrderID string `json:"merchantOrderId" spec:"M S..50"`
	// MerchantRemark is the merchant's remark (商户备注).
	MerchantRemark string `json:"merchantRemark" spec:"M S..50"`
	// PayMode is how the code was read (支付方式): CODE_SCAN for most.
	PayMode string `json:"payMode" spec:"M CODE_SCAN|FACE_SCAN|E_CASH|SOUNDWAVE|NFC|MANUAL"`
	// PayCode is the payer's code (支付码), which pays once.
	PayCode string `json:"payCode" spec:"M S secret"`
	CounterHead
	// DeviceType is the kind of device (设备类型), 11 for example; 01, 11, 12 and 13 are no physical terminals.
	DeviceType string `json:"deviceType" spec:"C S..2"`
	// Longitude is where it is (经度): sign, three digits, point, five digits.
	Longitude string `json:"longitude" spec:"C S..10"`
	// Latitude is where it is (纬度): sign, two digits, point, six digits.
	Latitude string `json:"latitude" spec:"C S..10"`
	// IP is the device's address (终端设备IP地址), where it is no physical terminal and says no place.
	IP string `json:"ip" spec:"C S..64"`
	// Cust2 are the base stations around it (基站信息), where a physical terminal says no place.
	Cust2 string `json:"cust2" spec:"C S"`
	// SerialNum is the device's serial number (终端序列号).
	SerialNum string `json:"serialNum" spec:"O S"`
	// SystemTraceNum is the terminal's trace number (系统跟踪号); in a sample of version 6.
	SystemTraceNum string `json:"systemTraceNum" spec:"O S..6"`
	// Goods is what is sold (商品信息), 6000 characters in all.
	Goods []CounterGoods `json:"goods" spec:"O"`
	// SrcReserved is the caller's own text (商户冗余信息); here the name ends in d.
	SrcReserved string `json:"srcReserved" spec:"O S..100"`
	// StoreID is the store (门店号).
	StoreID string `json:"storeId" spec:"O S"`
	// LimitCreditCard takes no credit card (是否限制信用卡).
	LimitCreditCard bool `json:"limitCreditCard" spec:"O"`
	// OperatorID did it (操作员编号).
	OperatorID string `json:"operatorId" spec:"O S"`
	// BizIdentifier is a business number, empty for most (业务标识).
	BizIdentifier string `json:"bizIdentifier" spec:"O S"`
	// GoodsTag is a mark for promotions (商品标记).
	GoodsTag string `json:"goodsTag" spec:"O S"`
	// OrderDesc is what the payer sees (订单描述); in a sample of version 4.
	OrderDesc string `json:"orderDesc" spec:"O S"`
	// SubAppID is the merchant's app at WeChat (微信子商户appId).
	SubAppID string `json:"subAppId" spec:"O S"`
	// InstallmentFlag is HBF for Huabei (分期标识); true in a sample of version 6.
	InstallmentFlag string `json:"installmentFlag" spec:"O S"`
	// InstallmentNumber is the number of instalments (分期期数).
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	// RetCommParams are for rebates (返佣字段).
	RetCommParams *CounterRetCommParams `json:"retCommParams" spec:"O"`
	// TransChnl is in a sample of version 6 only.
	TransChnl string `json:"transChnl" spec:"O S"`
}

// CounterRetCommParams are for the industries' rebates (返佣字段).
type CounterRetCommParams struct {
	// FoodOrderType is pre_order for food that is ordered ahead (扫码点餐).
	FoodOrderType string `json:"foodOrderType" spec:"O S"`
	// EduSchoolID is the school.
	EduSchoolID string `json:"eduSchoolId" spec:"O S"`
	// EduScene is what is paid at the school.
	EduScene string `json:"eduScene" spec:"O S"`
	// ParkID is the car park.
	ParkID string `json:"parkId" spec:"O S"`
	// VehicleNo is the car's number.
	VehicleNo string `json:"vehicleNo" spec:"O S"`
}

func (*CounterPayByCodeRequest) operation() Operation {
	return Operation{
		ID: OpCounterPayByCode, Path: "/v6/poslink/transaction/pay", Counter: true, Settle: settlePayByCode,
		Judge: JudgeSuccess(func(req *CounterPayByCodeRequest, res *CounterPayByCodeResponse) (cnpay.Outcome, error) {
			return sameAmount(req.TransactionAmount, res.TransactionAmount)
		}),
	}
}

// sameAmount takes a success for one whose amount, if it says any, is the one that was asked for.
func sameAmount(asked, answered int64) (cnpay.Outcome, error) {
	if answered != 0 && answered != asked {
		return cnpay.Unknown, call.Contradiction("transactionAmount %d, not %d", answered, asked)
	}
	return cnpay.Succeeded, nil
}

// CounterTimes is when a transaction was made and is settled.
type CounterTimes struct {
	// TransactionTime is the time (交易时间), HHmmss.
	TransactionTime string `json:"transactionTime" spec:"M S..6"`
	// TransactionDate is the day (交易日期), MMdd.
	TransactionDate string `json:"transactionDate" spec:"O S..4"`
	// TransactionDateWithYear is the day, yyyyMMdd.
	TransactionDateWithYear string `json:"transactionDateWithYear" spec:"M S..8"`
	// SettlementDate is the day it is settled (结算日期), MMdd.
	SettlementDate string `json:"settlementDate" spec:"O S..4"`
	// SettlementDateWithYear is that day, yyyyMMdd.
	SettlementDateWithYear string `json:"settlementDateWithYear" spec:"M S..8"`
	// RetrievalRefNum is the retrieval reference number (检索参考号).
	RetrievalRefNum string `json:"retrievalRefNum" spec:"M S..12"`
}

// CounterPaid is what answers say of a payment at the counter. Amounts are fen.
type CounterPaid struct {
	// ActualTransactionAmount is the amount after marketing discounts (实际交易金额).
	ActualTransactionAmount int64 `json:"actualTransactionAmount" spec:"O N..12"`
	// Amount is what the payer paid (实付金额).
	Amount int64 `json:"amount" spec:"M N..12"`
	// OrderID is ChinaUMS's number (银商订单号): store it.
	OrderID string `json:"orderId" spec:"M S..50"`
	// MarketingAllianceDiscountInstruction says what the marketing alliance gave (营销联盟优惠说明).
	MarketingAllianceDiscountInstruction string `json:"marketingAllianceDiscountInstruction" spec:"O S..200"`
	// ThirdPartyDiscountInstruction says what the wallet gave (第三方优惠说明). It is read from its misspelled twin too.
	ThirdPartyDiscountInstruction string `json:"thirdPartyDiscountInstruction" spec:"O S..200"`
	// ThirdPartyName is the wallet (第三方名称), in Chinese.
	ThirdPartyName string `json:"thirdPartyName" spec:"O S..60"`
	// ThirdPartyBuyerID is the payer there (第三方买家Id).
	ThirdPartyBuyerID string `json:"thirdPartyBuyerId" spec:"O S"`
	// ThirdPartyBuyerUserName is the payer's name there (第三方买家用户名).
	ThirdPartyBuyerUserName string `json:"thirdPartyBuyerUserName" spec:"O S"`
	// ThirdPartyOrderID is the wallet's number (第三方订单号).
	ThirdPartyOrderID string `json:"thirdPartyOrderId" spec:"O S"`
	// ThirdPartyPayInformation is what it was paid from (第三方支付信息), method:fen with bars between them.
	ThirdPartyPayInformation string `json:"thirdPartyPayInformation" spec:"O S"`
	// TotalDiscountAmount is the discount in all (优惠总金额).
	TotalDiscountAmount int64 `json:"totalDiscountAmount" spec:"O N"`
	// DiscountStatus is 2 when the discounts were found, 1 when not (优惠状态).
	DiscountStatus int64 `json:"discountStatus" spec:"O N"`
	// PromotionList are the discounts (优惠列表).
	PromotionList []Promotion `json:"promotionList" spec:"O"`
	// RawPromotionList is what the channel says of them (原始优惠信息).
	RawPromotionList json.RawMessage `json:"rawPromotionList" spec:"O"`
	// MerchantAllowance is the merchant's part (商户补贴金额).
	MerchantAllowance int64 `json:"merchantAllowance" spec:"O N"`
	// ThirdPartyAllowance is the wallet's part (第三方补贴金额).
	ThirdPartyAllowance int64 `json:"thirdPartyAllowance" spec:"O N"`
	// ThirdPartyPointDiscountAmount was paid with points (积分抵扣金额).
	ThirdPartyPointDiscountAmount int64 `json:"thirdPartyPointDiscountAmount" spec:"O N"`
	// MchntName is the merchant's name (商户名称).
	MchntName string `json:"mchntName" spec:"O S"`
}

// Promotion is one discount (优惠).
type Promotion struct {
	// ChannelName is who gave it (渠道名称): ACP, UMS, ALIPAY or WXPAY.
	ChannelName string `json:"channelName" spec:"M S"`
	// DiscountID is its number (优惠流水号).
	DiscountID string `json:"discountId" spec:"M S..50"`
	// EventNo is the number of the campaign (活动编号).
	EventNo string `json:"eventNo" spec:"O S..50"`
	// EventName is its name (活动名称).
	EventName string `json:"eventName" spec:"O S..64"`
	// DiscountScope is GLOBAL or SINGLE (优惠范围).
	DiscountScope string `json:"discountScope" spec:"O S"`
	// DiscountType is COUPON, DISCOUNT, ALIPAY_FIX_VOUCHER, ALIPAY_DISCOUNT_VOUCHER or ALIPAY_ITEM_VOUCHER (优惠类型).
	DiscountType string `json:"discountType" spec:"O S"`
	// EventDiscountAmount is the discount (优惠金额), fen.
	EventDiscountAmount int64 `json:"eventDiscountAmount" spec:"M N..15"`
	// PlatformDiscountAmount is the platform's part of it.
	PlatformDiscountAmount int64 `json:"platformDiscountAmount" spec:"M N..15"`
	// MerchantDiscountAmount is the merchant's.
	MerchantDiscountAmount int64 `json:"merchantDiscountAmount" spec:"M N..15"`
	// ThirdPartyDiscountAmount is somebody else's.
	ThirdPartyDiscountAmount int64 `json:"thirdPartyDiscountAmount" spec:"M N..15"`
	// ThirdPartyDiscountDetail says whose (第三方优惠明细).
	ThirdPartyDiscountDetail string `json:"thirdPartyDiscountDetail" spec:"O S"`
	// GoodsList are the items that it is for (单品列表).
	GoodsList []PromotionGoods `json:"goodsList" spec:"O"`
}

// PromotionGoods is one item of a discount (单品).
type PromotionGoods struct {
	// GoodsID is the item's number (商品编码).
	GoodsID string `json:"goodsId" spec:"M S..50"`
	// DiscountAmount is its discount (优惠金额), fen.
	DiscountAmount int64 `json:"discountAmount" spec:"M N..15"`
	// GoodsNumber is how many (商品数量).
	GoodsNumber int64 `json:"goodsNumber" spec:"M N..15"`
	// GoodsPrice is the price of one (商品价格), fen.
	GoodsPrice int64 `json:"goodsPrice" spec:"O N"`
	// GoodsRemark is a remark (商品备注).
	GoodsRemark string `json:"goodsRemark" spec:"O S"`
}

// CounterInstalments is how a payment is divided.
type CounterInstalments struct {
	// CardAttr is the kind of card or wallet (卡属性): 01 debit, 03 credit, 91 balance.
	CardAttr string `json:"cardAttr" spec:"O S..2"`
	// InstallmentNumber is the number of instalments (分期期数).
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	// InstallmentSellerPercent is the merchant's part of their cost (商户承担手续费比例), 0 or 100.
	InstallmentSellerPercent int64 `json:"installmentSellerPercent" spec:"O N"`
}

// CounterPayByCodeResponse is the answer to a payment.
type CounterPayByCodeResponse struct {
	Response
	CounterTimes
	CounterPaid
	CounterInstalments

	// TransactionAmount is the amount (交易金额), fen.
	TransactionAmount int64 `json:"transactionAmount" spec:"O N..12"`
	// ThirdPartyDiscountInstrution is what some answers call ThirdPartyDiscountInstruction.
	ThirdPartyDiscountInstrution string `json:"thirdPartyDiscountInstrution" spec:"O S..200"`
	// The rest is in captures only.
	UserID         string `json:"userId" spec:"O S"`
	ChnlType       string `json:"chnlType" spec:"O S"`
	PromotionAmt   string `json:"promotionAmt" spec:"O S"`
	SystemTraceNum string `json:"systemTraceNum" spec:"O S..6"`
	BankCardNo     string `json:"bankCardNo" spec:"O S pan"`
}

func (r *CounterPayByCodeResponse) normalize() error {
	if r.ThirdPartyDiscountInstruction == "" {
		r.ThirdPartyDiscountInstruction = r.ThirdPartyDiscountInstrution
	}
	return nil
}

// CounterReturn is what a void and a refund at the counter say alike.
type CounterReturn struct {
	// SystemTraceNum is the terminal's trace number (系统跟踪号); in a sample of version 6.
	SystemTraceNum string `json:"systemTraceNum" spec:"O S..6"`
	// MerchantRemark is the merchant's remark (商户备注).
	MerchantRemark string `json:"merchantRemark" spec:"O S..50"`
	// LimitCrossDevice lets only the terminal take a payment back that was paid at (是否限制跨终端).
	LimitCrossDevice bool `json:"limitCrossDevice" spec:"O"`
	// BizIdentifier is a business number, empty for most (业务标识).
	BizIdentifier string `json:"bizIdentifier" spec:"O S"`
}

// CounterVoidRequest takes a payment back.
type CounterVoidRequest struct {
	CounterOrder
	CounterReturn
}

func (*CounterVoidRequest) operation() Operation {
	return Operation{ID: OpCounterVoid, Path: "/v6/poslink/transaction/voidpayment", Counter: true, Judge: judgeDone, Settle: settleCounterVoid}
}

// CounterVoidResponse is the answer to a void.
type CounterVoidResponse struct {
	Response
	CounterTimes
	CounterInstalments

	// TransactionAmount is the payment's amount (交易金额), fen.
	TransactionAmount int64 `json:"transactionAmount" spec:"O N"`
	// ActualTransactionAmount is the amount after marketing discounts (实际交易金额), fen.
	ActualTransactionAmount int64 `json:"actualTransactionAmount" spec:"O N..12"`
	// ThirdPartyName is the wallet (第三方名称), in Chinese.
	ThirdPartyName string `json:"thirdPartyName" spec:"O S"`
	// OrderID is ChinaUMS's number (银商订单号); in captures.
	OrderID string `json:"orderId" spec:"O S..50"`
}

func (r *CounterVoidResponse) names(x *exchange) (named bool, differs string) {
	return r.OrderID != "", different([3]string{"orderId", x.text("originalOrderId"), r.OrderID})
}

// CounterRefundRequest gives a payment back, whole or in parts.
type CounterRefundRequest struct {
	CounterOrder
	CounterReturn

	// RefundRequestID is the merchant's number of this refund (退款请求标识): a new one for each, the same for a repeat.
	RefundRequestID string `json:"refundRequestId" spec:"M S..50"`
	// TransactionAmount is how much to give back (退款金额), fen.
	TransactionAmount int64 `json:"transactionAmount" spec:"M N1..12"`
	// TransactionCurrencyCode is the currency (交易币种): 156; in a sample of version 6.
	TransactionCurrencyCode string `json:"transactionCurrencyCode" spec:"O =156"`
	// SrcReserved is the caller's own text (商户冗余信息).
	SrcReserved string `json:"srcReserved" spec:"O S..100"`
	// Goods is what is given back (商品信息).
	Goods []CounterGoods `json:"goods" spec:"O"`
	// StoreID is the store (门店号).
	StoreID string `json:"storeId" spec:"O S"`
	// OperatorID did it (操作员编号).
	OperatorID string `json:"operatorId" spec:"O S"`
	// RefundDesc says why (退款说明).
	RefundDesc string `json:"refundDesc" spec:"O S"`
	// OriTransDate is the day of the payment (原交易日期), yyyyMMdd.
	OriTransDate string `json:"oriTransDate" spec:"O yyyyMMdd"`
	// TransparentFields is JSON in text; in a sample of version 6.
	TransparentFields string `json:"transparentFields" spec:"O S"`
}

func (*CounterRefundRequest) operation() Operation {
	return Operation{
		ID: OpCounterRefund, Path: "/v6/poslink/transaction/refund", Counter: true, Settle: settleCounterRefund,
		Judge: JudgeSuccess(func(req *CounterRefundRequest, res *CounterRefundResponse) (cnpay.Outcome, error) {
			return sameAmount(req.TransactionAmount, res.TransactionAmount)
		}),
	}
}

// CounterRefunded is what answers say of a refund at the counter. The documents call the first three mandatory; captures
// do not have them.
type CounterRefunded struct {
	// TotalRefundPromotionAmt is the discounts' part of the refund (退优惠总金额), fen.
	TotalRefundPromotionAmt int64 `json:"totalRefundPromotionAmt" spec:"O N"`
	// OrderPromotionStatus is 0 without discounts, 1 when they were not found, 2 when they were (订单优惠状态).
	OrderPromotionStatus string `json:"orderPromotionStatus" spec:"O S"`
	// EventList are the discounts that are taken back (退优惠列表).
	EventList []RefundedPromotion `json:"eventList" spec:"O"`
	// OriInfo is what the channel says of them (原始优惠信息).
	OriInfo json.RawMessage `json:"oriInfo" spec:"O"`
	// RefundInvoiceAmount is what the payer really gets back (实退金额), fen; text on the wire.
	RefundInvoiceAmount int64 `json:"refundInvoiceAmount" spec:"O N..12"`
	// RefundPromotionList is three numbers with bars between them; in captures.
	RefundPromotionList string `json:"refundPromotionList" spec:"O S"`
	// ThirdPartyName is the wallet (第三方名称), in Chinese.
	ThirdPartyName string `json:"thirdPartyName" spec:"O S"`
	// RefundOrderID is ChinaUMS's number of the refund; in captures.
	RefundOrderID string `json:"refundOrderId" spec:"O S..50"`
	// RefundTargetOrderID is the channel's; in captures.
	RefundTargetOrderID string `json:"refundTargetOrderId" spec:"O S"`
}

// RefundedPromotion is one discount that is taken back (退优惠).
type RefundedPromotion struct {
	// PromotionProviderCode is who gave it (优惠出资方): ACP, UMS, ALIPAY or WXPAY.
	PromotionProviderCode string `json:"promotionProviderCode" spec:"M S..50"`
	// FlowID is its number (优惠流水号).
	FlowID string `json:"flowId" spec:"M S..50"`
	// EventNo is the number of the campaign (活动编号).
	EventNo string `json:"eventNo" spec:"O S..50"`
	// EventName is its name (活动名称).
	EventName string `json:"eventName" spec:"O S..64"`
	// PromotionRange is GLOBAL or SINGLE (优惠范围).
	PromotionRange string `json:"promotionRange" spec:"O S..32"`
	// PromotionType is DD01, CP01 or CP02 (优惠类型).
	PromotionType string `json:"promotionType" spec:"O S..32"`
	// RefundPromotionAmt is how much is taken back (退优惠金额), fen.
	RefundPromotionAmt int64 `json:"refundPromotionAmt" spec:"O N..15"`
	// PlatPromotionAmt is the platform's part of it.
	PlatPromotionAmt int64 `json:"platPromotionAmt" spec:"O N..15"`
	// MchntPromotionAmt is the merchant's.
	MchntPromotionAmt int64 `json:"mchntPromotionAmt" spec:"O N..15"`
	// ThirdPartyPromotionAmt is somebody else's.
	ThirdPartyPromotionAmt int64 `json:"thirdPartyPromotionAmt" spec:"O N..15"`
	// ThirdPartyPromotionDetail says whose, Base64.
	ThirdPartyPromotionDetail string `json:"thirdPartyPromotionDetail" spec:"O S"`
	// GoodsList are the items that it was for (单品列表).
	GoodsList []RefundedGoods `json:"goodsList" spec:"O"`
}

// RefundedGoods is one item of a discount that is taken back (单品).
type RefundedGoods struct {
	// GoodsID is the item's number (商品编码).
	GoodsID string `json:"goodsId" spec:"M S..50"`
	// PromotionAmt is how much is taken back (退优惠金额), fen.
	PromotionAmt int64 `json:"promotionAmt" spec:"O N..15"`
	// GoodsNum is how many (商品数量).
	GoodsNum int64 `json:"goodsNum" spec:"O N..15"`
	// GoodsPrice is the price of one (商品价格), fen.
	GoodsPrice int64 `json:"goodsPrice" spec:"O N..15"`
	// GoodsRemark is a remark (商品备注).
	GoodsRemark string `json:"goodsRemark" spec:"O S..128"`
}

// CounterRefundResponse is the answer to a refund.
type CounterRefundResponse struct {
	Response
	CounterTimes
	CounterInstalments
	CounterRefunded

	// TransactionAmount is what is given back (退款金额), fen.
	TransactionAmount int64 `json:"transactionAmount" spec:"O N"`
	// The rest is in captures only. OrderID is the payment's.
	SystemTraceNum string `json:"systemTraceNum" spec:"O S..6"`
	ChnlType       string `json:"chnlType" spec:"O S"`
	AcqInstCode    string `json:"acqInstCode" spec:"O S"`
	OrderID        string `json:"orderId" spec:"O S..50"`
}

func (r *CounterRefundResponse) names(x *exchange) (named bool, differs string) {
	return r.OrderID != "", different([3]string{"orderId", x.text("originalOrderId"), r.OrderID})
}

// CounterQueryRequest names the payment to query.
type CounterQueryRequest struct {
	CounterOrder

	// SystemTraceNum is the terminal's trace number (系统跟踪号); in a sample of version 6.
	SystemTraceNum string `json:"systemTraceNum" spec:"O S..6"`
	// OriTransDate is the day of the payment (原交易日期), yyyyMMdd. The text of version 2 says that only today's are seen.
	OriTransDate string `json:"oriTransDate" spec:"O yyyyMMdd"`
}

func (*CounterQueryRequest) operation() Operation {
	return Operation{ID: OpCounterQuery, Path: "/v6/poslink/transaction/query", Counter: true, Query: true, Repeatable: true}
}

// CounterQueryResponse is the answer to a query. The payment's state is QueryResCode.
type CounterQueryResponse struct {
	Response
	CounterPaid

	// OriginalTransactionTime is when it was paid (原交易时间), yyyyMMddHHmmss.
	OriginalTransactionTime string `json:"originalTransactionTime" spec:"O S..14"`
	// OriginalSettlementDate is the day it is settled (原结算日期), yyyyMMdd.
	OriginalSettlementDate string `json:"originalSettlementDate" spec:"O S..8"`
	// QueryResCode is the payment's state (查询结果): 0 paid, 1 timeout, 2 voided, 3 refunded, whole or in part, 4 reversed,
	// 5 failed, FF unclear. Text may follow.
	QueryResCode string `json:"queryResCode" spec:"O S"`
	// QueryResDesc says it in words (查询结果描述).
	QueryResDesc string `json:"queryResDesc" spec:"O S"`
	// OriginalPayCode is the payer's code (原支付码).
	OriginalPayCode string `json:"originalPayCode" spec:"O S secret"`
	// OriginalBatchNo is the batch (原批次号).
	OriginalBatchNo string `json:"originalBatchNo" spec:"O S..6"`
	// OriginalSystemTraceNum is the payment's trace number (原系统跟踪号).
	OriginalSystemTraceNum string `json:"originalSystemTraceNum" spec:"O S..6"`
	// OriginalRetrievalRefNum is the payment's reference (原检索参考号), which the documents spell in the other way. Both are
	// read from either name.
	OriginalRetrievalRefNum string `json:"originalRetrievalRefNum" spec:"O S..12"`
	OrigialRetrievalRefNum  string `json:"origialRetrievalRefNum" spec:"O S..12"`
	// OriginalTransactionAmount is the payment's amount (原交易金额), fen.
	OriginalTransactionAmount int64 `json:"originalTransactionAmount" spec:"O N..12"`
	// MerchantOrderID is the merchant's number (商户订单号).
	MerchantOrderID string `json:"merchantOrderId" spec:"O S..50"`
	// RefundedAmount is what was given back (已退金额), fen. A capture has 0 after a refund: count your own.
	RefundedAmount int64 `json:"refundedAmount" spec:"O N"`
	// The rest is in captures only.
	RefundAmonunt  int64  `json:"refundAmonunt" spec:"O N"`
	OrderStatus    string `json:"orderStatus" spec:"O S"`
	OrderCloseTime string `json:"orderCloseTime" spec:"O S..19"`
	IssInstCode    string `json:"issInstCode" spec:"O S"`
}

func (r *CounterQueryResponse) normalize() error {
	if r.OriginalRetrievalRefNum == "" {
		r.OriginalRetrievalRefNum = r.OrigialRetrievalRefNum
	}
	r.OrigialRetrievalRefNum = r.OriginalRetrievalRefNum
	return nil
}

// names compares ChinaUMS's own number where the query was by it.
func (r *CounterQueryResponse) names(x *exchange) (named bool, differs string) {
	return true, different([3]string{"orderId", x.text("originalOrderId"), r.OrderID})
}

// state is the payment's, without the text that may follow a 5. What follows it as a letter or a digit is another code.
func (r *CounterQueryResponse) state() string {
	code := strings.TrimSpace(r.QueryResCode)
	if text, failed := strings.CutPrefix(code, CounterStateFailed); failed && text != "" {
		if c := text[0]; c >= utf8.RuneSelf || strings.ContainsRune(" :,;-_|(", rune(c)) {
			return CounterStateFailed
		}
	}
	return code
}

// contradiction says what keeps an answer from being about one state of one payment.
func (r *CounterQueryResponse) contradiction() error {
	code, status := r.state(), r.OrderStatus
	held := code == CounterStatePaid || code == CounterStateRefunded
	returned := code == CounterStateVoided || code == CounterStateReversed || code == CounterStateFailed
	switch {
	case r.MerchantOrderID == "" && r.OrderID == "":
		return call.Contradiction("it names no payment")
	case held && r.OriginalTransactionAmount <= 0:
		return call.Contradiction("queryResCode %s, with originalTransactionAmount %d", code, r.OriginalTransactionAmount)
	case held && (status == StatusTradeClosed || status == StatusNewOrder || status == StatusWaitBuyerPay), returned && status == StatusTradeSuccess:
		return call.Contradiction("queryResCode %s contradicts orderStatus %s", code, status)
	}
	return nil
}

// CounterQueryRefundRequest names the refund to query.
type CounterQueryRefundRequest struct {
	CounterOrder

	// RefundRequestID is the refund's number (退款请求标识).
	RefundRequestID string `json:"refundRequestId" spec:"M S..50"`
	// OriTransDate is the day of the payment (原交易日期), yyyyMMdd.
	OriTransDate string `json:"oriTransDate" spec:"O yyyyMMdd"`
	// PayTransDate is the same in a sample of version 6.
	PayTransDate string `json:"payTransDate" spec:"O S..8"`
}

func (*CounterQueryRefundRequest) operation() Operation {
	return Operation{ID: OpCounterQueryRefund, Path: "/v6/poslink/transaction/query-refund", Counter: true, Query: true, Repeatable: true}
}

// CounterQueryRefundResponse is the answer to a refund's query. The refund's state is QueryResCode.
type CounterQueryRefundResponse struct {
	Response
	CounterRefunded

	// TransactionTime is the query's own time (交易时间), HHmmss.
	TransactionTime string `json:"transactionTime" spec:"M S..6"`
	// TransactionDate is its day (交易日期), MMdd.
	TransactionDate string `json:"transactionDate" spec:"M S..4"`
	// SettlementDate is the day it is settled (结算日期), MMdd.
	SettlementDate string `json:"settlementDate" spec:"M S..4"`
	// RetrievalRefNum is its reference (检索参考号).
	RetrievalRefNum string `json:"retrievalRefNum" spec:"M S..12"`
	// QueryResCode is 00 for a refund that was made (查询结果). The document calls any other failed; it may also be that of a
	// refund which has not arrived.
	QueryResCode string `json:"queryResCode" spec:"O S"`
	// QueryResInfo says why (查询结果描述).
	QueryResInfo string `json:"queryResInfo" spec:"O S"`
	// PayCode is the payer's code (支付码).
	PayCode string `json:"payCode" spec:"O S secret"`
	// DealDate is the day of the refund (处理日期), yyyyMMdd.
	DealDate string `json:"dealDate" spec:"O S..8"`
	// DealTime is its time (处理时间).
	DealTime string `json:"dealTime" spec:"O S..6"`
	// OriginalAmount is the refund's amount (原交易金额), fen; text on the wire.
	OriginalAmount int64 `json:"originalAmount" spec:"O N"`
	// DealType is refund (交易类型).
	DealType string `json:"dealType" spec:"O S"`
	// DealSystemTraceNum is its trace number.
	DealSystemTraceNum string `json:"dealSystemTraceNum" spec:"O S..6"`
	// DealRetrievalRefNum is its reference.
	DealRetrievalRefNum string `json:"dealRetrievalRefNum" spec:"O S..12"`
	// BatchNo is its batch (批次号).
	BatchNo string `json:"batchNo" spec:"O S..6"`
	// OriginalTransactionDate is the day of the payment (原交易日期), MMdd in a capture.
	OriginalTransactionDate string `json:"originalTransactionDate" spec:"O S"`
	// OrigialRetrievalRefNum is the payment's reference; the documents spell it so.
	OrigialRetrievalRefNum string `json:"origialRetrievalRefNum" spec:"O S..12"`
	// OriginalSettlementDate is the day the payment is settled, yyyyMMdd.
	OriginalSettlementDate string `json:"originalSettlementDate" spec:"O S..8"`
}

// CounterActivateRequest activates a terminal.
type CounterActivateRequest struct {
	CounterHead

	// SystemTraceNum is the terminal's trace number (系统跟踪号); for guarantees at the counter only.
	SystemTraceNum string `json:"systemTraceNum" spec:"C S..6"`
}

func (*CounterActivateRequest) operation() Operation {
	return Operation{ID: OpCounterActivate, Path: "/v2/poslink/transaction/activeterminal", Counter: true, NoMoney: true}
}

// CounterActivateResponse is the answer to an activation.
type CounterActivateResponse struct{ Response }

// PayByCode takes money from the payer whose code was scanned (支付, POST /v6/poslink/transaction/pay). The payer may have
// to enter a password, so the call waits for a minute.
//
// A repeat is refused with code 94, but never send one: the code pays once, and settling says how the first one ended.
//   - Succeeded: paid.
//   - Failed: refused; nothing was taken. Once it is settled: no money is held, because it failed, or was voided or
//     reversed since.
//   - Unknown, with ER and 94 too: settle it on the same day, because queries of another day may not see it. When that
//     does not decide it either, Void it (GiveUp) and settle again.
//
//cnpay:op pos_pay
func (s *CounterService) PayByCode(ctx context.Context, req *CounterPayByCodeRequest, opts ...cnpay.Option) (*CounterPayByCodeResponse, error) {
	return do[CounterPayByCodeResponse](ctx, s.client, req, opts)
}

// Void takes the whole of a payment back on the day it was made (支付撤销, POST /v6/poslink/transaction/voidpayment). A
// payment is voided once. What the same request does when it is sent again no document says.
//   - Succeeded: voided.
//   - Failed: refused; this request changed nothing.
//   - Unknown: settle it. While the payment shows as paid the request may still be on its way, so settling never says
//     Failed.
//
//cnpay:op pos_voidpayment
func (s *CounterService) Void(ctx context.Context, req *CounterVoidRequest, opts ...cnpay.Option) (*CounterVoidResponse, error) {
	return do[CounterVoidResponse](ctx, s.client, req, opts)
}

// Refund gives a payment back, whole or in parts, for 30 days (交易退款, POST /v6/poslink/transaction/refund). The merchant
// must have been granted it.
//
// A call sends the request once. What the same refund does when it is sent again under the same RefundRequestID no
// document says; under a new one it is a second refund.
//   - Succeeded: the money is on its way back.
//   - Failed: refused; nothing was given back.
//   - Unknown: settle it. Settling never says Failed: no code is documented for a refund that has not arrived.
//
//cnpay:op pos_refund
func (s *CounterService) Refund(ctx context.Context, req *CounterRefundRequest, opts ...cnpay.Option) (*CounterRefundResponse, error) {
	return do[CounterRefundResponse](ctx, s.client, req, opts)
}

// Query reads the state of a payment (交易状态查询, POST /v6/poslink/transaction/query), on the day it was made: whether
// another day's is seen is not certain. It moves no money and may be repeated.
//   - Answered: about this payment; its state is QueryResCode.
//   - Unknown: refused, or no answer; query again. 25 may only mean that the payment has not arrived.
//
//cnpay:op pos_query
func (s *CounterService) Query(ctx context.Context, req *CounterQueryRequest, opts ...cnpay.Option) (*CounterQueryResponse, error) {
	return do[CounterQueryResponse](ctx, s.client, req, opts)
}

// QueryRefund reads the state of a refund (交易退款查询, POST /v6/poslink/transaction/query-refund). It moves no money and may
// be repeated.
//   - Answered: about this refund; its state is QueryResCode.
//   - Unknown: refused, or no answer; query again.
//
//cnpay:op pos_query_refund
func (s *CounterService) QueryRefund(ctx context.Context, req *CounterQueryRefundRequest, opts ...cnpay.Option) (*CounterQueryRefundResponse, error) {
	return do[CounterQueryRefundResponse](ctx, s.client, req, opts)
}

// Activate activates a terminal (激活终端, POST /v2/poslink/transaction/activeterminal). It moves no money, and most
// terminals do not need it.
//   - Succeeded: activated.
//   - Failed: refused.
//   - Unknown: activate it again.
//
//cnpay:op pos_activeterminal
func (s *CounterService) Activate(ctx context.Context, req *CounterActivateRequest, opts ...cnpay.Option) (*CounterActivateResponse, error) {
	return do[CounterActivateResponse](ctx, s.client, req, opts)
}
