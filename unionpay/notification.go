package unionpay

import "github.com/cnpay-go/cnpay"

// Clearing is what the notifications of money that moved have in addition.
type Clearing struct {
	// CurrencyCode is the currency (交易币种), 156 for CNY.
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	// TxnAmt is the amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"R N1..12"`
	// QueryID is UnionPay's number of the transaction (查询流水号).
	QueryID string `json:"queryId" spec:"M AN20..21"`
	// TraceNo is UnionPay's trace number (系统跟踪号).
	TraceNo string `json:"traceNo" spec:"M N6"`
	// TraceTime is when UnionPay passed it on (交易传输时间), without its year.
	TraceTime string `json:"traceTime" spec:"M MMDDhhmmss"`
	// SettleDate is the day of clearing (清算日期), without its year.
	SettleDate string `json:"settleDate" spec:"M MMDD"`
	// SettleCurrencyCode is the currency of clearing (清算币种).
	SettleCurrencyCode string `json:"settleCurrencyCode" spec:"M AN3"`
	// SettleAmt is the amount to be cleared (清算金额), fen.
	SettleAmt int64 `json:"settleAmt" spec:"M N1..12"`
	// ExchangeRate is the rate of clearing (清算汇率), where the currencies differ; the test environment sends 0 always.
	ExchangeRate string `json:"exchangeRate" spec:"C N8"`
	// ExchangeDate is the day of the rate (兑换日期).
	ExchangeDate string `json:"exchangeDate" spec:"C MMDD"`
}

// Money makes every struct that embeds a Clearing a [MoneyNotification].
func (c *Clearing) Money() *Clearing { return c }

// A MoneyNotification is a [Notification] about money: all but *[OpenNotification] and its like. Compare its Money with
// what was ordered.
type MoneyNotification interface {
	Notification
	Money() *Clearing
}

// CardUsed is what the notifications of payments say of the card.
type CardUsed struct {
	ShownCard

	// PayType is the way of paying (支付方式).
	PayType string `json:"payType" spec:"C N4"`
	// PayCardNo is the card, masked (支付卡标识).
	PayCardNo string `json:"payCardNo" spec:"C ANS1..19 pan"`
	// PayCardIssueName is its issuer (支付卡名称).
	PayCardIssueName string `json:"payCardIssueName" spec:"C ANS1..64"`
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// AccInsCode is the institution (接入机构代码); of QR codes.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// AccSplitData is how the amount is split (分账域), JSON in Base64.
	AccSplitData string `json:"accSplitData" spec:"C ANS1..512"`
}

// Original is the transaction that an operation acted upon.
type Original struct {
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"R AN20..21"`
}

// Returned is what the notifications of money that was returned say of the payment.
type Returned struct {
	Original
	ShownAccount

	// IssInsCode is the issuing bank (发卡机构代码).
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// AccInsCode is the institution (接入机构代码); of QR codes.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号); of QR codes.
	OrigOrderID string `json:"origOrderId" spec:"C AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间); of QR codes.
	OrigTxnTime string `json:"origTxnTime" spec:"C YYYYMMDDhhmmss"`
}

// PurchaseNotification says that a purchase (消费, txnType 01) was paid; one that was sent from the back-end also when it
// failed.
type PurchaseNotification struct {
	NotificationHead
	Clearing
	CardUsed

	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// QRNo is the number of the payer's code (C2B码).
	QRNo string `json:"qrNo" spec:"C N1..20 secret"`
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PurchaseNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, "") }

// PreauthNotification says that a pre-authorisation (预授权, txnType 02) was made.
type PreauthNotification struct {
	NotificationHead
	Clearing
	CardUsed

	// CardTransData is the data of a card that was present (有卡交易信息域), a [Group].
	CardTransData string `json:"cardTransData" spec:"C ANS secret"`
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PreauthNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, "") }

// PreauthCompleteNotification says how a completion (预授权完成, txnType 03) ended, well or not.
type PreauthCompleteNotification struct {
	NotificationHead
	Clearing
	Original
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PreauthCompleteNotification) CallTicket() cnpay.Ticket {
	return n.ticketWith(&n.Clearing, n.OrigQryID)
}

// PreauthCancelNotification says how the cancellation of a pre-authorisation (预授权撤销, txnType 32) ended, well or not.
type PreauthCancelNotification struct {
	NotificationHead
	Clearing
	Original
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PreauthCancelNotification) CallTicket() cnpay.Ticket {
	return n.ticketWith(&n.Clearing, n.OrigQryID)
}

// PreauthCompleteCancelNotification says how the cancellation of a completion (预授权完成撤销, txnType 33) ended, well or not.
type PreauthCompleteCancelNotification struct {
	NotificationHead
	Clearing
	Original
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PreauthCompleteCancelNotification) CallTicket() cnpay.Ticket {
	return n.ticketWith(&n.Clearing, n.OrigQryID)
}

// VoidNotification says how a void (消费撤销, txnType 31) ended, well or not.
type VoidNotification struct {
	NotificationHead
	Clearing
	Returned
}

// CallTicket is that of the head, with what the order is compared by.
func (n *VoidNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, n.OrigQryID) }

// RefundNotification says how a refund (退货, txnType 04) ended, well or not.
type RefundNotification struct {
	NotificationHead
	Clearing
	Returned
}

// CallTicket is that of the head, with what the order is compared by.
func (n *RefundNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, n.OrigQryID) }

// OpenNotification says that a card was opened (开通, txnType 79). No money moved.
type OpenNotification struct {
	NotificationHead
	OpenedCard

	// RiskRateInfo is of the risk control (风控信息域), a [Group].
	RiskRateInfo string `json:"riskRateInfo" spec:"C ANS"`
}

// PayoutNotification says how a payout (代付, txnType 12) ended, well or not.
type PayoutNotification struct {
	NotificationHead
	Clearing
	CardUsed
}

// CallTicket is that of the head, with what the order is compared by.
func (n *PayoutNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, "") }

// CollectionNotification says how a collection (代收, txnType 11) ended, well or not.
type CollectionNotification struct {
	NotificationHead
	Clearing
	CardUsed
}

// CallTicket is that of the head, with what the order is compared by.
func (n *CollectionNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, "") }

// OtherNotification is a verified notification of a type that has no struct of its own. It has every field that any
// notification is documented to have; the rest is in Extra.
//
//cnpay:notification back_notification front_notification
type OtherNotification struct {
	NotificationHead
	Clearing
	CardUsed

	// CustomerInfo is about the card holder (银行卡验证信息及身份信息); see [ParseCustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C ANS secret"`
	// QRNo is the number of the payer's code (C2B码).
	QRNo string `json:"qrNo" spec:"C N1..20 secret"`
	// CardTransData is the data of a card that was present (有卡交易信息域), a [Group].
	CardTransData string `json:"cardTransData" spec:"C ANS secret"`
	// OrigQryID is the queryId of the original transaction (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN20..21"`
	// OrigOrderID is the order number of the original transaction (原交易商户订单号); of QR codes.
	OrigOrderID string `json:"origOrderId" spec:"C AN8..40"`
	// OrigTxnTime is the order time of the original transaction (原交易商户发送交易时间); of QR codes.
	OrigTxnTime string `json:"origTxnTime" spec:"C YYYYMMDDhhmmss"`
	// ActivateStatus says whether the card is opened (开通状态): [CardActivated] or [CardNotActivated].
	ActivateStatus string `json:"activateStatus" spec:"C N"`
	// TokenPayData is the token (标记化支付信息域), a [Group] with token, trId, tokenType, tokenBegin, tokenEnd, tokenLevel.
	TokenPayData string `json:"tokenPayData" spec:"C ANS secret"`
	// RiskRateInfo is of the risk control (风控信息域), a [Group].
	RiskRateInfo string `json:"riskRateInfo" spec:"C ANS"`
	// TemporaryPayInfo is about small temporary payments (小额临时支付信息域).
	TemporaryPayInfo string `json:"temporaryPayInfo" spec:"C ANS"`
}

// CallTicket is that of the head, with what the order is compared by.
func (n *OtherNotification) CallTicket() cnpay.Ticket { return n.ticketWith(&n.Clearing, n.OrigQryID) }

func newNotification(txnType string) Notification {
	switch txnType {
	case "01":
		return &PurchaseNotification{}
	case "02":
		return &PreauthNotification{}
	case "03":
		return &PreauthCompleteNotification{}
	case "04":
		return &RefundNotification{}
	case "11":
		return &CollectionNotification{}
	case "12":
		return &PayoutNotification{}
	case "31":
		return &VoidNotification{}
	case "32":
		return &PreauthCancelNotification{}
	case "33":
		return &PreauthCompleteCancelNotification{}
	case "79":
		return &OpenNotification{}
	}
	return &OtherNotification{}
}
