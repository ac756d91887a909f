package chinaums

import (
	"cmp"
	"encoding/json"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// Notification is a verified message of ChinaUMS about an order. Its concrete type is *[BillNotification] or
// *[OrderNotification].
//
// A genuine notification is not yet the right one: find the order by its number, compare merchant and amount with what
// was ordered, and query once before goods are handed over. Notifications come repeatedly and out of order, a refund's
// before its payment's too.
type Notification interface {
	cnpay.Notification
	// Common is what all notifications have.
	Common() *Notice
}

// Notice is what every notification has.
type Notice struct {
	// Outcome is that of what the notification is about, by the state in it.
	Outcome cnpay.Outcome `json:"outcome"`
	// Ticket names what the notification is about, as far as it says: of an order not the operation that made it, of a
	// refund of a bill not its number.
	Ticket cnpay.Ticket `json:"ticket"`
	// Extra are the fields that no document names, by wire name, and those whose value cannot be read. One random field is
	// in each notification.
	Extra map[string]string `json:"extra,omitempty"`

	// NotifyID is the notification's number (通知ID), the same each time it is sent again.
	NotifyID string `json:"notifyId" spec:"M S..36"`
	// SignType is MD5 or SHA256 (签名算法); without it the signature's length says which.
	SignType string `json:"signType" spec:"O S"`
	// Sign is the signature (签名), verified by now.
	Sign string `json:"sign" spec:"M S..64"`
	// MID is the merchant number (商户号).
	MID string `json:"mid" spec:"O S..32"`
	// TID is the terminal number (终端号).
	TID string `json:"tid" spec:"O S..32"`
	// InstMID is the business type (业务类型).
	InstMID string `json:"instMid" spec:"O S..32"`
	// TotalAmount is the amount of the order or bill, before discounts, fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// MerName is the merchant's name (商户名称).
	MerName string `json:"merName" spec:"O S"`
	// CreateTime is when the order or bill was made (创建时间).
	CreateTime string `json:"createTime" spec:"O S..19"`
	// SeqID is the platform's number (平台流水号).
	SeqID string `json:"seqId" spec:"O S"`
	// ReceiptAmount is the amount received (实收金额), fen.
	ReceiptAmount int64 `json:"receiptAmount" spec:"O N"`
	// BankInfo is the bank (银行信息), OTHERS for example.
	BankInfo string `json:"bankInfo" spec:"O S"`
	// BankCardNo is the card (支付银行卡号), masked by the platform.
	BankCardNo string `json:"bankCardNo" spec:"O S pan"`
	// CouponMerchantContribute is the merchant's part of the discount (商户出资优惠金额), fen.
	CouponMerchantContribute int64 `json:"couponMerchantContribute" spec:"O N"`
	// CouponOtherContribute is others' part of it (其他出资优惠金额), fen.
	CouponOtherContribute int64 `json:"couponOtherContribute" spec:"O N"`
	// ActivityIDs are WeChat's promotions (微信活动ID).
	ActivityIDs string `json:"activityIds" spec:"O S"`
	// SecureStatus is the state of a guarantee or a pre-authorisation (担保状态): UNCOMPLETED, PARTLY_COMPLETED,
	// ALL_COMPLETED or CANCELED.
	SecureStatus string `json:"secureStatus" spec:"O S"`
	// CompleteAmount is the completed part of it (担保完成金额), fen.
	CompleteAmount int64 `json:"completeAmount" spec:"O N"`
	// AuthIDRespCd is the authorisation code (授权标识应答码) of a pre-authorisation: store it, because its completion and
	// cancellation need it.
	AuthIDRespCd string `json:"authIdRespCd" spec:"C S..64"`
	// RefundAmount is how much a refund gave back (退款金额), fen.
	RefundAmount int64 `json:"refundAmount" spec:"C N"`
	// RefundDesc says why (退货说明).
	RefundDesc string `json:"refundDesc" spec:"O S"`
	// MchntUUID is the merchant's number inside the platform.
	MchntUUID string `json:"mchntUuid" spec:"O S..32"`
	// SubInst is the branch.
	SubInst string `json:"subInst" spec:"O S"`
}

// Common makes every struct that embeds a Notice a [Notification].
func (n *Notice) Common() *Notice { return n }

// CallOutcome is the outcome of what the notification is about.
func (n *Notice) CallOutcome() cnpay.Outcome { return n.Outcome }

// CallTicket names what the notification is about.
func (n *Notice) CallTicket() cnpay.Ticket { return n.Ticket }

// key distinguishes what two notifications say.
func (n *Notice) key(number, state string) string {
	return strings.Join([]string{n.MID, number, state, n.SecureStatus, n.NotifyID}, " ")
}

// BillNotification is about a bill (账单支付/退款结果通知): that it was paid, that money was given back, or that a guarantee
// was completed.
//
//cnpay:notification bills_notify
type BillNotification struct {
	Notice

	// BillNo is the bill number (账单号); of a code without one the platform's own: store it with BillDate.
	BillNo string `json:"billNo" spec:"O S..31"`
	// BillDate is the date of the bill (账单日期), 2006-01-02.
	BillDate string `json:"billDate" spec:"O S..10"`
	// BillStatus is the state of the bill (账单状态): PAID, UNPAID, REFUND, CLOSED or UNKNOWN.
	BillStatus string `json:"billStatus" spec:"M S"`
	// BillDesc is the bill's description (账单描述).
	BillDesc string `json:"billDesc" spec:"O S"`
	// BillQRCode is the code that the payer scanned (账单二维码), a URL.
	BillQRCode string `json:"billQRCode" spec:"O S"`
	// QRCodeID is the code's number (二维码ID); captures of 2023.
	QRCodeID string `json:"qrCodeId" spec:"O S..32"`
	// QRCodeType is BILLPAY for a bill that is paid once and ANYPAY for a code that is paid often; captures of 2023.
	QRCodeType string `json:"qrCodeType" spec:"O S"`
	// MemberID is the member (会员号) that the bill was made for.
	MemberID string `json:"memberId" spec:"O S..32"`
	// CounterNo is the table, counter or room (桌号、柜台号、房间号).
	CounterNo string `json:"counterNo" spec:"O S..32"`
	// Memo is the payer's remark (付款附言).
	Memo string `json:"memo" spec:"O S"`
	// BillPayment is the payment (账单支付信息), which comes as JSON in text; nil where there is none.
	BillPayment *Payment `json:"billPayment" spec:"C"`
	// CardAttr is the kind of card or wallet (借贷记标识): DEBIT_CARD, CREDIT_CARD or BALANCE.
	CardAttr string `json:"cardAttr" spec:"O S"`
	// ExtraBuyerInfo says more of the payer, as JSON.
	ExtraBuyerInfo json.RawMessage `json:"extraBuyerInfo,omitempty" spec:"O"`
	// SrcReserve is the request's own text (请求系统预留字段).
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
}

// Key distinguishes notifications: two with the same key say the same, however often they come.
func (n *BillNotification) Key() string { return n.key(n.BillNo+" "+n.BillDate, n.BillStatus) }

// Operations is the one that made the bill, or gave money back.
func (n *BillNotification) Operations() []string {
	if n.RefundAmount != 0 {
		return []string{OpBillRefund}
	}
	return []string{OpBillCreateQR}
}

// about judges the notification. It does not say which refund it is about: ask for each that is open.
func (n *BillNotification) about() (outcome cnpay.Outcome, order string) {
	if n.RefundAmount != 0 {
		return cnpay.Unknown, ""
	}
	payment := Payment{}
	if n.BillPayment != nil {
		payment = *n.BillPayment
	} else if _, unread := n.Extra["billPayment"]; unread {
		return cnpay.Unknown, n.BillNo
	}
	outcome, _ = judgeBill(n.BillStatus, n.TotalAmount, &payment)
	return outcome, n.BillNo
}

// OrderNotification is about an order (支付/退款结果通知): that it was paid, that money was given back, or that a guarantee was
// completed.
//
//cnpay:notification netpay_notify
type OrderNotification struct {
	Notice

	// AttachedData is the order's (商户附加数据).
	AttachedData string `json:"attachedData" spec:"O S..255"`
	// BillFunds is what it was paid from (资金渠道); words in one sample.
	BillFunds string `json:"billFunds" spec:"O S"`
	// BillFundsDesc is the same in words (资金渠道说明).
	BillFundsDesc string `json:"billFundsDesc" spec:"O S"`
	Buyer
	// CouponAmount is the discount (折扣金额), fen.
	CouponAmount int64 `json:"couponAmount" spec:"O N"`
	// BuyerPayAmount is what the payer paid (实付金额), fen.
	BuyerPayAmount int64 `json:"buyerPayAmount" spec:"O N"`
	// InvoiceAmount is what an invoice may be made out for (开票金额), fen.
	InvoiceAmount int64 `json:"invoiceAmount" spec:"O N"`
	// YxlmAmount is the discount of the marketing alliance (营销联盟优惠金额), fen.
	YxlmAmount int64 `json:"yxlmAmount" spec:"O N"`
	// MerOrderID is the order number (商户订单号).
	MerOrderID string `json:"merOrderId" spec:"M S..32"`
	// PayTime is when it was paid (支付时间), UTC+8, 2006-01-02 15:04:05.
	PayTime string `json:"payTime" spec:"M S..19"`
	// SettleDate is when it is settled (结算日期), 2006-01-02.
	SettleDate string `json:"settleDate" spec:"O S..10"`
	// RefID is the retrieval reference number (检索参考号) of UnionPay.
	RefID string `json:"refId" spec:"O S"`
	// Status is the state (交易状态): TRADE_SUCCESS, or TRADE_REFUND of a refund.
	Status string `json:"status" spec:"M S"`
	// TargetOrderID is the channel's number (目标平台单号).
	TargetOrderID string `json:"targetOrderId" spec:"O S"`
	// TargetSys is the wallet it was paid with (目标系统), "Alipay 2.0" for example.
	TargetSys string `json:"targetSys" spec:"M S"`
	// ConnectSys is the system that it was routed through, UNIONPAY for example: not the wallet.
	ConnectSys string `json:"connectSys" spec:"O S"`
	// RefundOrderID is the refund's number (退款订单号).
	RefundOrderID string `json:"refundOrderId" spec:"C S..32"`
	// RefundTargetOrderID is the channel's number of it (目标系统退货订单号).
	RefundTargetOrderID string `json:"refundTargetOrderId" spec:"O S"`
	// RefundPayTime is when it was given back (退款时间).
	RefundPayTime string `json:"refundPayTime" spec:"O S..19"`
	// RefundSettleDate is when that is settled (退款结算日期).
	RefundSettleDate string `json:"refundSettleDate" spec:"O S..10"`
	// RefundExtOrderID is another number of the refund (退款外部订单号).
	RefundExtOrderID string `json:"refundExtOrderId" spec:"O S"`
	// ExtOrderID is another number of the order (外部订单号).
	ExtOrderID string `json:"extOrderId" spec:"O S"`
	// OrderDesc is the order's description (订单描述).
	OrderDesc string `json:"orderDesc" spec:"O S..255"`
	// GoodsTradeNo is the order's (商品交易单号).
	GoodsTradeNo string `json:"goodsTradeNo" spec:"O S"`
}

// Key distinguishes notifications: two with the same key say the same, however often they come.
func (n *OrderNotification) Key() string {
	return n.key(strings.TrimSpace(n.MerOrderID+" "+n.RefundOrderID), n.Status)
}

func (n *OrderNotification) ofRefund() bool { return n.RefundOrderID != "" || n.RefundAmount != 0 }

// Operations are those that make an order which somebody pays; of a refund the one that gave money back.
func (n *OrderNotification) Operations() []string {
	if n.ofRefund() {
		return []string{OpOrderRefund}
	}
	return []string{
		OpPageWallet, OpPageAlipay, OpPageWeChat, OpPageWeChatMiniProgram, OpPageQuickPass, OpPageBank,
		OpWeChatOrder, OpWeChatAppOrder, OpWeChatMiniProgramOrder, OpAlipayOrder, OpAlipayAppOrder, OpAlipayMiniProgramOrder,
		OpQuickPassOrder, OpQuickPassAppOrder, OpQuickPassMiniProgramOrder, OpBankAppOrder,
	}
}

func (n *OrderNotification) about() (outcome cnpay.Outcome, order string) {
	if n.ofRefund() {
		if n.Status == StatusTradeRefund && n.RefundAmount > 0 && n.RefundOrderID != "" {
			return cnpay.Succeeded, n.RefundOrderID
		}
		return cnpay.Unknown, n.RefundOrderID
	}
	outcome, _ = paid{n.Status, n.PayTime, n.TotalAmount, n.BuyerPayAmount}.judge()
	return outcome, n.MerOrderID
}

// Return is what the payer's browser brings back to ReturnURL (结果页面返回). It is for display: the payer may keep it, bring
// it twice or never, so query before anything is done with it. It has the fields of a bill or of an order.
//
//cnpay:notification return_url
type Return struct {
	Extra map[string]string `json:"extra,omitempty"` // fields that no document names, by wire name

	// Sign is the signature (签名), verified by now.
	Sign string `json:"sign" spec:"M S..64"`
	// SignType is MD5 or SHA256 (签名算法).
	SignType string `json:"signType" spec:"O S"`
	// MID is the merchant number (商户号).
	MID string `json:"mid" spec:"O S"`
	// TID is the terminal number (终端号).
	TID string `json:"tid" spec:"O S"`
	// InstMID is the business type (业务类型).
	InstMID string `json:"instMid" spec:"O S"`
	// TotalAmount is the amount of the order or bill, before discounts, fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`

	// A bill's own fields.

	BillNo      string   `json:"billNo" spec:"O S..31"`     // 账单号
	BillDate    string   `json:"billDate" spec:"O S..10"`   // 账单日期
	BillQRCode  string   `json:"billQRCode" spec:"O S"`     // 账单二维码
	CreateTime  string   `json:"createTime" spec:"O S..19"` // 账单创建时间
	BillStatus  string   `json:"billStatus" spec:"O S"`     // 账单状态: PAID, UNPAID, REFUND, CLOSED, UNKNOWN
	BillDesc    string   `json:"billDesc" spec:"O S"`       // 账单描述
	MemberID    string   `json:"memberId" spec:"O S..32"`   // 会员号
	CounterNo   string   `json:"counterNo" spec:"O S..32"`  // 桌号、柜台号、房间号
	MerName     string   `json:"merName" spec:"O S"`        // 商户名称
	Memo        string   `json:"memo" spec:"O S"`           // 付款附言
	BillPayment *Payment `json:"billPayment" spec:"O"`      // 账单支付信息, JSON in text

	// An order's own fields. Amounts are fen.

	MerOrderID     string `json:"merOrderId" spec:"O S..32"`    // 商户订单号
	AttachedData   string `json:"attachedData" spec:"O S..255"` // 商户附加数据
	Status         string `json:"status" spec:"O S"`            // 交易状态
	SeqID          string `json:"seqId" spec:"O S"`             // 平台流水号
	RefID          string `json:"refId" spec:"O S"`             // 检索参考号
	TargetOrderID  string `json:"targetOrderId" spec:"O S"`     // 目标平台单号
	TargetSys      string `json:"targetSys" spec:"O S"`         // 目标系统
	BuyerID        string `json:"buyerId" spec:"O S"`           // 买家ID
	SubBuyerID     string `json:"subBuyerId" spec:"O S"`        // 卖家子ID
	BuyerUsername  string `json:"buyerUsername" spec:"O S"`     // 买家用户名
	BankCardNo     string `json:"bankCardNo" spec:"O S pan"`    // 支付银行卡号
	BillFunds      string `json:"billFunds" spec:"O S"`         // 资金渠道
	BillFundsDesc  string `json:"billFundsDesc" spec:"O S"`     // 资金渠道说明
	PayTime        string `json:"payTime" spec:"O S..19"`       // 支付时间
	SettleDate     string `json:"settleDate" spec:"O S..10"`    // 结算日期
	BuyerPayAmount int64  `json:"buyerPayAmount" spec:"O N"`    // 实付金额
	CouponAmount   int64  `json:"couponAmount" spec:"O N"`      // 折扣金额
	InvoiceAmount  int64  `json:"invoiceAmount" spec:"O N"`     // 开票金额
	ReceiptAmount  int64  `json:"receiptAmount" spec:"O N"`     // 实收金额
	YxlmAmount     int64  `json:"yxlmAmount" spec:"O N"`        // 营销联盟优惠金额
	RefundAmount   int64  `json:"refundAmount" spec:"O N"`      // 退款金额
	RefundDesc     string `json:"refundDesc" spec:"O S"`        // 退货说明
	AuthIDRespCd   string `json:"authIdRespCd" spec:"C S..64"`  // 授权标识应答码 of a pre-authorisation
	Reserved       string `json:"reserved" spec:"O S"`          // UnionPay's discounts of campaigns (H5 document)
	DctDetail      string `json:"dctDetail" spec:"O S"`         // UnionPay's discounts of goods (H5 document)
}

// Number is that of the bill or the order.
func (r *Return) Number() string { return cmp.Or(r.MerOrderID, r.BillNo) }
