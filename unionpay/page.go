package unionpay

import "github.com/cnpay-go/cnpay"

// PagesService makes the forms with which a payer's browser goes to UnionPay (前台交易). It sends nothing.
type PagesService struct{ client *Client }

// PagePurchaseRequest is a purchase on UnionPay's page, for a computer or, with ChannelType 08, a phone.
type PagePurchaseRequest struct {
	header
	Sender
	Acquirer
	Platform
	Details
	Device
	Instalments
	Split
	Control
	Card

	// BizType is the product (产品类型): 000201 for persons, 000202 for companies. Empty means 000201.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the page (渠道类型): 07 for a computer (网关支付), 08 for a phone (手机网页支付). Empty means 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// OrderID is the order number of this purchase on the page (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this purchase on the page (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this purchase on the page goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this purchase on the page (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// FrontURL is where the payer's browser comes back to after this purchase on the page, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"M ANS1..256"`
	// AccountPayChannel is the channel of prepaid cards (预付卡通道).
	AccountPayChannel string `json:"accountPayChannel" spec:"O ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout" spec:"O N"`
	// DefaultPayType is the way of paying that the page shows first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType" spec:"O N4"`
	// ReqReserved is the merchant's own text about this purchase on the page (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// FrontFailURL is FrontURL for payments that failed (失败交易前台跳转地址).
	FrontFailURL string `json:"frontFailUrl" spec:"O ANS"`
	// SupPayType are the ways of paying that are offered (支持支付方式).
	SupPayType string `json:"supPayType" spec:"O ANS"`
	// PayTimeout is until when the payer may pay on the page (支付超时时间); see Orders that the payer pays in the package
	// comment.
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId" spec:"O ANS1..8"`
}

func (*PagePurchaseRequest) operation() Operation {
	return Operation{
		ID: OpPagePurchase, Path: frontTrans, TxnType: "01", TxnSubType: "01", BizType: "000201", ChannelType: "07",
		PaidByPayer: true, Settle: SettlePaidByPayer,
	}
}

// Purchase makes the form of a purchase on UnionPay's page (网关支付、手机网页支付 消费, txnType 01, frontTransReq.do). With
// TxnSubType 03 it is in instalments.
//
// It sends nothing: the payer's browser takes the form to UnionPay. See Orders that the payer pays in the package
// comment. Its ticket is in the form.
//   - Pending: what the browser brings to FrontURL, at most. Deliver on the notification to BackURL, or on Settle.
//   - Once it is settled, by default on [PayerSchedule]: Succeeded, it is paid; Failed, PayTimeout has passed and it
//     is not paid.
//
//cnpay:op front_consume wap_consume
func (s *PagesService) Purchase(req *PagePurchaseRequest) (*cnpay.Form, error) {
	return s.client.form(req)
}

// PageOpenAndPurchaseRequest is a first purchase that opens the card for later ones.
type PageOpenAndPurchaseRequest struct {
	header
	Sender
	Acquirer
	Platform
	Terminal
	Details
	Device
	Instalments
	Card

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of this opening with purchase (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this opening with purchase (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this opening with purchase goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this opening with purchase (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// TokenPayData asks for a token (标记化支付信息域), a [Group] {trId=..&tokenType=01}.
	TokenPayData string `json:"tokenPayData" spec:"M GROUP secret"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout" spec:"O N"`
	// FrontURL is where the payer's browser comes back to after this opening with purchase, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"M ANS1..256"`
	// ReqReserved is the merchant's own text about this opening with purchase (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*PageOpenAndPurchaseRequest) operation() Operation {
	return Operation{
		ID: OpPageOpenAndPurchase, Path: frontTrans, TxnType: "01", TxnSubType: "01", BizType: "000902", ChannelType: "07",
		PaidByPayer: true, Settle: SettlePaidByPayer,
	}
}

// OpenAndPurchase makes the form of a page on which the payer opens a card and pays (无跳转支付 开通并支付, txnType 01,
// frontTransReq.do). [CardsService.ApplyToken] fetches the token afterwards, by the same orderId.
//
// It sends nothing: the payer's browser takes the form to UnionPay. See Orders that the payer pays in the package
// comment. Its ticket is in the form.
//   - Pending: what the browser brings to FrontURL, at most. Deliver on the notification to BackURL, or on Settle.
//   - Once it is settled, by default on [PayerSchedule]: Succeeded, it is paid. It is never Failed, because the
//     request has no PayTimeout.
//
//cnpay:op open_and_consume
func (s *PagesService) OpenAndPurchase(req *PageOpenAndPurchaseRequest) (*cnpay.Form, error) {
	return s.client.form(req)
}

// PagePreauthRequest is a pre-authorisation on UnionPay's page.
type PagePreauthRequest struct {
	header
	Sender
	Institution
	Platform
	Details
	Device
	Split
	Card

	// TxnSubType is the kind (交易子类): 01, which empty means, 02 or 03.
	TxnSubType string `json:"txnSubType" spec:"M 01|02|03"`
	// BizType is the product (产品类型). Empty means 000201, the page.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the page (渠道类型): 07 for a computer, 08 for a phone. Empty means 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// OrderID is the order number of this pre-authorisation on the page (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this pre-authorisation on the page (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// BackURL is where the notification of this pre-authorisation on the page goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// TxnAmt is the amount of this pre-authorisation on the page (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"M N1..12"`
	// FrontURL is where the payer's browser comes back to after this pre-authorisation on the page, with a POST
	// (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"M ANS1..256"`
	// AccountPayChannel is the channel of prepaid cards (预付卡通道).
	AccountPayChannel string `json:"accountPayChannel" spec:"O ANS"`
	// Reserved is the reserved field (保留域), a [Group] such as {cardNumberLock=1}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// OrderTimeout is within how many milliseconds the form must arrive (订单接收超时时间).
	OrderTimeout string `json:"orderTimeout" spec:"O N"`
	// DefaultPayType is the way of paying that the page shows first (默认支付方式), 0001 for example.
	DefaultPayType string `json:"defaultPayType" spec:"O N4"`
	// ReqReserved is the merchant's own text about this pre-authorisation on the page (请求方保留域), which answers and
	// notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// FrontFailURL is FrontURL for pre-authorisations that failed (失败交易前台跳转地址).
	FrontFailURL string `json:"frontFailUrl" spec:"O ANS"`
	// SupPayType are the ways of paying that are offered (支持支付方式).
	SupPayType string `json:"supPayType" spec:"O ANS"`
	// PayTimeout is until when the payer may agree on the page (支付超时时间); see Orders that the payer pays in the package
	// comment.
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
	// TermID is the terminal number (终端号).
	TermID string `json:"termId" spec:"O ANS1..8"`
}

func (*PagePreauthRequest) operation() Operation {
	return Operation{
		ID: OpPagePreauth, Path: frontTrans, TxnType: "02", TxnSubType: "01", BizType: "000201", ChannelType: "07",
		PaidByPayer: true, Settle: SettlePaidByPayer,
	}
}

// Preauth makes the form of a pre-authorisation on UnionPay's page (网关支付 预授权, txnType 02, frontTransReq.do).
//
// It sends nothing: the payer's browser takes the form to UnionPay. See Orders that the payer pays in the package
// comment. Its ticket is in the form.
//   - Pending: what the browser brings to FrontURL, at most. Deliver on the notification to BackURL, or on Settle.
//   - Once it is settled, by default on [PayerSchedule]: Succeeded, the amount is held; Failed, PayTimeout has passed
//     and nothing is held.
//
//cnpay:op front_preauth
func (s *PagesService) Preauth(req *PagePreauthRequest) (*cnpay.Form, error) {
	return s.client.form(req)
}

// PageOpenCardRequest opens a card on UnionPay's page.
type PageOpenCardRequest struct {
	envelope
	Sender
	Institution
	Platform
	Risk
	Control
	Card

	// BizType is the product (产品类型). Empty means 000902.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// OrderID is the order number of this opening on the page (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this opening on the page (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData asks for a token (标记化支付信息域), a [Group] {trId=..&tokenType=01}.
	TokenPayData string `json:"tokenPayData" spec:"C GROUP secret"`
	// BackURL is where the notification of this opening on the page goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
	// FrontURL is where the payer's browser comes back to after this opening on the page, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"M ANS1..256"`
	// BillQueryInfo are elements of a bill (账单要素), JSON.
	BillQueryInfo string `json:"billQueryInfo" spec:"O ANS"`
	// Reserved is the reserved field (保留域), a [Group]: {customPage=true} for the page that is part of the merchant's.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text about this opening on the page (请求方保留域), which answers and notifications
	// repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// PayTimeout is until when the card may be opened (支付超时时间).
	PayTimeout string `json:"payTimeout" spec:"O YYYYMMDDhhmmss"`
}

func (*PageOpenCardRequest) operation() Operation {
	return Operation{
		ID: OpPageOpenCard, Path: frontTrans, TxnType: "79", TxnSubType: "00", BizType: "000902", ChannelType: "07",
		NoMoney: true,
	}
}

// OpenCard makes the form of the page on which a card holder opens a card for payments without the page (前台开通, txnType
// 79, frontTransReq.do). It sends nothing, and no money moves. A notification with the token comes when the card is
// open; [CardsService.QueryOpen] finds it by the same orderId. The browser may come back with a GET and no data when it
// failed.
//
//cnpay:op front_open
func (s *PagesService) OpenCard(req *PageOpenCardRequest) (*cnpay.Form, error) {
	return s.client.form(req)
}

// PageVerifyNameRequest has a card holder prove on UnionPay's page that a card is theirs.
type PageVerifyNameRequest struct {
	envelope
	Sender
	Acquirer
	Platform
	Risk
	Card

	// BizType is the product (产品类型). Empty means 000501.
	BizType string `json:"bizType" spec:"M N6"`
	// ChannelType is the channel (渠道类型): 05 voice, 07 internet, 08 mobile, 16 set-top box. Empty means 07.
	ChannelType string `json:"channelType" spec:"M N2"`
	// OrderID is the order number of this verification on the page (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this verification on the page (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// ReqReserved is the merchant's own text about this verification on the page (请求方保留域), which answers and
	// notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// Reserved is the reserved field (保留域), a [Group] that says what is checked: {checkFlag=11100}.
	Reserved string `json:"reserved" spec:"M ANS1..2048"`
	// FrontURL is where the payer's browser comes back to after this verification on the page, with a POST (前台通知地址).
	FrontURL string `json:"frontUrl" spec:"M ANS1..256"`
	// BackURL is where the notification of this verification on the page goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"M ANS1..256"`
}

func (*PageVerifyNameRequest) operation() Operation {
	return Operation{
		ID: OpPageVerifyName, Path: frontTrans, TxnType: "72", TxnSubType: "10", BizType: "000501", ChannelType: "07",
		NoMoney: true,
	}
}

// VerifyName makes the form of the page on which a card holder proves that a card is theirs (前台实名认证, txnType 72/10,
// frontTransReq.do). It sends nothing, and no money moves. A notification comes when they succeeded.
//
//cnpay:op realname_auth_front
func (s *PagesService) VerifyName(req *PageVerifyNameRequest) (*cnpay.Form, error) {
	return s.client.form(req)
}
