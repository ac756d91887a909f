package umpay

// Command numbers a query, which nobody has to find again.
type Command struct {
	// ID is the command's. Empty means a random one.
	ID string `json:"id" spec:"M S1..64"`
}

// Status is what every callback of the plugin says.
type Status struct {
	// Message is a human-readable message (响应信息) in Chinese; never branch on it.
	Message string `json:"message" spec:"R S"`
	// Code is the result or progress code (返回码). Zero may also mean that there was none.
	Code int64 `json:"code" spec:"R N"`
}

// Explanation is what UMPay's back-end says of a failure.
type Explanation struct {
	// StateCode is the code of UMPay's back-end (后台返回的状态码).
	StateCode string `json:"stateCode" spec:"O S"`
	// MsgToUser is what to show the customer (错误用户提示).
	MsgToUser string `json:"msgToUser" spec:"O S"`
	// MsgDesc explains it to the staff (解释口径).
	MsgDesc string `json:"msgDesc" spec:"O S"`
}

// Acceptor says who took a card, as the slip shows it.
type Acceptor struct {
	// UnionPayMerID is the merchant's number at UnionPay (商户编号).
	UnionPayMerID string `json:"unionPayMerId" spec:"O S"`
	// UnionPayPosID is the terminal's number at UnionPay (终端编号).
	UnionPayPosID string `json:"unionPayPosId" spec:"O S"`
	// UMerID is the merchant's number at UMPay (U付商户号).
	UMerID string `json:"uMerId" spec:"O S"`
	// UPosID is the terminal's number at UMPay (U付终端号).
	UPosID string `json:"uPosId" spec:"O S"`
}

// Voucher is what identifies a transaction on the slip: store it with the order, the later operations need it.
type Voucher struct {
	// PaySeq is the retrieval reference number (参考号, RRN), which belongs on the slip; a refund needs it.
	PaySeq string `json:"paySeq" spec:"O S"`
	// BankName is the issuing bank's (发卡行).
	BankName string `json:"bankName" spec:"O S"`
	// Account is the first six and last four digits of the card number. Some pages have it masked (脱敏卡号), others in clear
	// (明文卡号), and two do not say; here it is masked always.
	Account string `json:"account" spec:"O S pan"`
	// UPayTrace is the voucher number (凭证号) of this transaction, six digits: the key of a void, of a query and of what
	// undoes a pre-authorisation or a completion.
	UPayTrace string `json:"uPayTrace" spec:"O S"`
	// BatchID is the batch number (批次号).
	BatchID string `json:"batchId" spec:"O S"`
}

// Platform is the time at UMPay.
type Platform struct {
	// PlatDate is UMPay's date (平台日期): MMdd, of the query of a refund yyyyMMdd.
	PlatDate string `json:"platDate" spec:"O S"`
	// PlatTime is UMPay's time (平台时间), HHmmss.
	PlatTime string `json:"platTime" spec:"O S"`
}

// Transaction is what the callback objects of all card operations have in common. Any field may be empty; all are where
// the plugin gave up, or where the terminal could not read its answer.
type Transaction struct {
	// OrderID is the merchant's order number (商户订单号), the plugin's own where the request had none.
	OrderID string `json:"orderId" spec:"O S"`
	// Amount is in fen (金额, 单位：分).
	Amount int64 `json:"amount" spec:"O N"`
	// PlatTime is UMPay's time (平台时间), HHmmss.
	PlatTime string `json:"platTime" spec:"O S"`

	Acceptor
	Voucher
}

// Authorization is what the issuer and UMPay say of a card that was read.
type Authorization struct {
	// CardPayType is how it was read (银行卡类型): CT magnetic stripe (磁条卡), IC chip (IC卡), YS phone (云闪付, Apple Pay), YSIC
	// contactless card (银行卡闪付). The page of a sale has swipe and ic for the first two.
	CardPayType string `json:"cardPayType" spec:"O S"`
	// PayType is the same, older and coarser: CT, IC, YS (闪付卡, 云闪付, Apple Pay); on the page of a sale swipe, ic, nfc.
	PayType string `json:"payType" spec:"O S"`
	// TradeNo is UMPay's number of the transaction (平台处理流水).
	TradeNo string `json:"tradeNo" spec:"O S"`
	// AuthCode is the issuer's authorisation code (授权码), which the completion of a pre-authorisation needs.
	AuthCode string `json:"authCode" spec:"O S"`
}

// Clearing says when the merchant gets the money.
type Clearing struct {
	// IsD0 is the switch of clearing on the same day (是否D0清算): 1 means no. 0, the default, is yes.
	IsD0 int64 `json:"isD0" spec:"O 0|1"`
}
