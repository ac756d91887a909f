package unionpay

import (
	"cmp"
	"context"

	"github.com/cnpay-go/cnpay"
)

// CardsService opens cards for payments without UnionPay's page (无跳转支付), and keeps their tokens.
type CardsService struct{ client *Client }

// CardSendSMSRequest asks UnionPay to send the card holder a code by SMS.
type CardSendSMSRequest struct {
	header
	Sender
	Institution
	Platform
	Channel
	CardKind

	// TxnSubType is the kind (交易子类): what the code is for: 02 purchase, which empty means, 00 opening, 01 real-name
	// check, 03 collection, 04 pre-authorisation.
	TxnSubType string `json:"txnSubType" spec:"M 02|00|01|03|04"`
	// BizType is the product (产品类型), that of the operation that the code is for. Empty means 000902 to open a card and
	// to pay or pre-authorise with a token, 000301 to do so with a card number, 000501 for a collection. For a real-name
	// check no default is right: 000401, 000501 or 000801, as the check itself will have.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number (商户订单号) of the transaction that the code is for.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time (订单发送时间) of the transaction that the code is for.
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token (标记化支付信息域), a [Group]: {trId=..&tokenType=01} to ask for one, {token=..&trId=..} to use
	// it.
	TokenPayData string `json:"tokenPayData" spec:"C GROUP secret"`
	// CurrencyCode is its currency (交易币种), 156 for CNY.
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TxnAmt is the amount that the message shows (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息), with the phone number; see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"M ANS secret"`
	// AccNo is the number of the card that the code is for (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"C ANS1..1024 pan"`
	// ReqReserved is the merchant's own text about this message (请求方保留域), which the answer repeats.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CardSendSMSRequest) operation() Operation {
	return Operation{
		ID: OpCardSendSMS, Path: backTrans, TxnType: "77", TxnSubType: "02", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// product is that of the operation that the code is for, "" where several have it.
func (r *CardSendSMSRequest) product() string {
	switch r.TxnSubType {
	case "00":
		return "000902"
	case "01":
		return ""
	case "03":
		return "000501"
	}
	return cmp.Or(byCard(r.AccNo, r.TokenPayData), "000902")
}

// CardSendSMSResponse is the answer to a message.
type CardSendSMSResponse struct {
	Response

	// CurrencyCode is the currency of the amount (交易币种).
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// TxnAmt is the amount that the message shows (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
}

// SendSMS sends the card holder a code (发送短信验证码, txnType 77, POST /gateway/api/backTransReq.do), which the transaction
// with the same orderId and txnTime then carries in its customerInfo. No money moves. Another message needs another
// orderId, and UnionPay limits their number.
//   - Succeeded: sent.
//   - Failed: not sent.
//   - Unknown: perhaps sent; ask the card holder.
//
//cnpay:op sms
func (s *CardsService) SendSMS(ctx context.Context, req *CardSendSMSRequest, opts ...cnpay.Option) (*CardSendSMSResponse, error) {
	return do[CardSendSMSResponse](ctx, s.client, req, opts)
}

// CardQueryOpenRequest asks whether a card is opened.
type CardQueryOpenRequest struct {
	header
	Sender
	Institution
	TokenProduct
	CardKind

	// TxnSubType is the kind (交易子类): by what the card is found: 02 the orderId of the opening, which empty means and
	// tokens need, 00 AccNo, 01 the phone number in CustomerInfo.
	TxnSubType string `json:"txnSubType" spec:"M 02|00|01"`
	// OrderID is the order number of the opening that is asked for (商户订单号), or with TxnSubType 00 and 01 a new one.
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this query (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// AccNo is the card number (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"C[txnSubType=00] ANS1..1024 pan"`
	// CustomerInfo has the phone number (银行卡验证信息及身份信息); see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"C[txnSubType=01] ANS secret"`
	// ReqReserved is the merchant's own text about this query (请求方保留域), which the answer repeats.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CardQueryOpenRequest) operation() Operation {
	return Operation{
		ID: OpCardQueryOpen, Path: backTrans, TxnType: "78", TxnSubType: "02", BizType: "000902", ChannelType: "07",
		Query: true, Repeatable: true, Judge: judgeCode,
	}
}

// CardQueryOpenResponse says whether a card is open.
type CardQueryOpenResponse struct {
	Response
	OpenedCard

	// CheckFlag are flags of what was verified (验证标识).
	CheckFlag string `json:"checkFlag" spec:"C ANS"`
}

// QueryOpen asks whether a card is open for payments without UnionPay's page (开通查询, txnType 78, POST
// /gateway/api/backTransReq.do), and for its token. It changes nothing and may be repeated.
//   - Answered: see ActivateStatus and TokenPayData.
//   - Unknown: refused, no such card, or nothing was heard; query again.
//
//cnpay:op open_query
func (s *CardsService) QueryOpen(ctx context.Context, req *CardQueryOpenRequest, opts ...cnpay.Option) (*CardQueryOpenResponse, error) {
	return do[CardQueryOpenResponse](ctx, s.client, req, opts)
}

// CardOpenRequest opens a card that the merchant has the data of.
type CardOpenRequest struct {
	header
	Sender
	Institution
	Platform
	TokenProduct
	CardKind

	// TxnSubType is the kind (交易子类): 00, which empty means, 01 or 02.
	TxnSubType string `json:"txnSubType" spec:"M 00|01|02"`
	// OrderID is the order number of this opening (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this opening (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData asks for a token (标记化支付信息域), a [Group] {trId=..&tokenType=01}.
	TokenPayData string `json:"tokenPayData" spec:"C GROUP secret"`
	// BackURL is where the notification of this opening goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text about this opening (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
	// AccNo is the number of the card to open (账号), plain or encrypted; see [Card].
	AccNo string `json:"accNo" spec:"M ANS1..1024 pan"`
	// CustomerInfo proves the card holder (银行卡验证信息及身份信息), for a credit card with phone number, cvn2, expiry and the code
	// by SMS; see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"M ANS secret"`
}

func (*CardOpenRequest) operation() Operation {
	return Operation{
		ID: OpCardOpen, Path: backTrans, TxnType: "79", TxnSubType: "00", BizType: "000902", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// CardOpenResponse is the answer to an opening, with the token.
type CardOpenResponse struct {
	Response
	OpenedCard
}

// Open opens a card for payments without UnionPay's page (后台开通, txnType 79, POST /gateway/api/backTransReq.do). No
// money moves.
//   - Succeeded: open; TokenPayData has the token.
//   - Failed: refused.
//   - Unknown: query with QueryOpen, by the same orderId.
//
//cnpay:op back_open
func (s *CardsService) Open(ctx context.Context, req *CardOpenRequest, opts ...cnpay.Option) (*CardOpenResponse, error) {
	return do[CardOpenResponse](ctx, s.client, req, opts)
}

// CardApplyTokenRequest fetches the token of a card that was opened with a purchase.
type CardApplyTokenRequest struct {
	envelope
	Sender
	Institution
	Platform
	TokenProduct

	// OrderID is the order number of the purchase that opened the card (商户订单号).
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this application (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData asks for the token (标记化支付信息域), a [Group] {trId=..&tokenType=01}.
	TokenPayData string `json:"tokenPayData" spec:"M GROUP secret"`
	// BackURL is where the notification of this application goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text about this application (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CardApplyTokenRequest) operation() Operation {
	return Operation{
		ID: OpCardApplyToken, Path: backTrans, TxnType: "79", TxnSubType: "05", BizType: "000902", ChannelType: "07",
		NoMoney: true, Repeatable: true, Judge: judgeCode,
	}
}

// CardApplyTokenResponse is the answer to an application, with the token.
type CardApplyTokenResponse struct {
	Response
	OpenedCard
}

// ApplyToken fetches the token of a card that was opened by [PagesService.OpenAndPurchase] (订单号申请Token, txnType 79/05,
// POST /gateway/api/backTransReq.do). No money moves, and it may be repeated.
//   - Succeeded: TokenPayData has the token.
//   - Failed: refused; there is none.
//   - Unknown: send it again.
//
//cnpay:op apply_token
func (s *CardsService) ApplyToken(ctx context.Context, req *CardApplyTokenRequest, opts ...cnpay.Option) (*CardApplyTokenResponse, error) {
	return do[CardApplyTokenResponse](ctx, s.client, req, opts)
}

// CardUpdateTokenRequest changes what is known of the card behind a token.
type CardUpdateTokenRequest struct {
	envelope
	Sender
	Institution
	Platform
	TokenProduct
	Risk
	Encryption

	// OrderID is the order number of this update (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this update (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token to change (标记化支付信息域), a [Group] {token=..&trId=..}.
	TokenPayData string `json:"tokenPayData" spec:"M GROUP secret"`
	// CustomerInfo is the new data of the card (银行卡验证信息及身份信息), a phone number for example; see [CustomerInfo].
	CustomerInfo string `json:"customerInfo" spec:"M ANS secret"`
	// BackURL is where the notification of this update goes (后台通知地址), or [NoNotification].
	BackURL string `json:"backUrl" spec:"C ANS1..256"`
	// ReqReserved is the merchant's own text about this update (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CardUpdateTokenRequest) operation() Operation {
	return Operation{
		ID: OpCardUpdateToken, Path: backTrans, TxnType: "79", TxnSubType: "03", BizType: "000902", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// CardUpdateTokenResponse is the answer to an update.
type CardUpdateTokenResponse struct {
	Response
	OpenedCard

	// RiskRateInfo is of the risk control (风控信息域), a [Group].
	RiskRateInfo string `json:"riskRateInfo" spec:"C ANS"`
}

// UpdateToken changes the data of the card behind a token (更新标记, txnType 79/03, POST /gateway/api/backTransReq.do). No
// money moves.
//   - Succeeded: changed.
//   - Failed: refused; it is as it was.
//   - Unknown: query with QueryOpen.
//
//cnpay:op token_update
func (s *CardsService) UpdateToken(ctx context.Context, req *CardUpdateTokenRequest, opts ...cnpay.Option) (*CardUpdateTokenResponse, error) {
	return do[CardUpdateTokenResponse](ctx, s.client, req, opts)
}

// CardDeleteTokenRequest deletes a token.
type CardDeleteTokenRequest struct {
	envelope
	Sender
	Institution
	Platform
	TokenProduct

	// OrderID is the order number of this deletion (商户订单号). See [NewOrderID].
	OrderID string `json:"orderId" spec:"M AN8..40"`
	// TxnTime is the order time of this deletion (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// TokenPayData is the token to delete (标记化支付信息域), a [Group] {token=..&trId=..}.
	TokenPayData string `json:"tokenPayData" spec:"M GROUP secret"`
	// ReqReserved is the merchant's own text about this deletion (请求方保留域), which answers and notifications repeat.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*CardDeleteTokenRequest) operation() Operation {
	return Operation{
		ID: OpCardDeleteToken, Path: backTrans, TxnType: "74", TxnSubType: "01", BizType: "000902", ChannelType: "07",
		NoMoney: true, Judge: judgeCode,
	}
}

// CardDeleteTokenResponse is the answer to a deletion.
type CardDeleteTokenResponse struct{ Response }

// DeleteToken deletes a token (解除标记, txnType 74/01, POST /gateway/api/backTransReq.do). No money moves. It may be
// repeated under a new orderId; a token that is gone already is refused as such.
//   - Succeeded: gone.
//   - Failed: refused.
//   - Unknown: send it again under a new orderId.
//
//cnpay:op token_delete
func (s *CardsService) DeleteToken(ctx context.Context, req *CardDeleteTokenRequest, opts ...cnpay.Option) (*CardDeleteTokenResponse, error) {
	return do[CardDeleteTokenResponse](ctx, s.client, req, opts)
}
