package umpay

import (
	"cmp"
	"context"
	"strconv"

	"github.com/cnpay-go/cnpay"
)

// ScansService sells by QR code (扫码付): WeChat, Alipay and UnionPay, the customer's code or one of the terminal's.
type ScansService struct{ client *Client }

const (
	scanPay           = "scanPay"
	scanPayInitiative = "scanPayInitiative"
	scanPayStateQuery = "scanPayStateQuery"
	scanQuery         = "scanQuery"
	scanRevoke        = "scanRevoke"
	scanRefund        = "scanRefund"
	scanRefundQuery   = "scanRefundQuery"
)

// The wallets (支付类型) of sales by QR code.
const (
	WeChat   = "WX"
	Alipay   = "AL"
	UnionPay = "YL"
)

// scanCodes are those of sales by QR code and of their queries (UMScanCode).
func scanCodes() Codes {
	return Codes{
		Done:   []int64{60010200},
		Failed: []int64{60010001, 60010002, 60010003, 60010004, 60010007, 60010008, 60010012, 60010015},
	}
}

// scanQueryCodes are the same as a query reads them: all but one of the failures are the query's own.
func scanQueryCodes() Codes {
	return Codes{
		Done:    []int64{60010200},
		Failed:  []int64{60010007},
		Refused: []int64{60010001, 60010002, 60010003, 60010004, 60010008, 60010012, 60010015, 60030009, 60030014},
	}
}

// Payer is what the callback objects of sales by QR code say of how it was paid.
type Payer struct {
	// OrderID is the merchant's order number (商户订单号).
	OrderID string `json:"orderId" spec:"O S"`
	// PayType is the wallet (支付类型): WeChat, Alipay or UnionPay.
	PayType string `json:"payType" spec:"O S"`
	// UPayTrace is the voucher number (凭证号) of the sale: the key of its query, void and refund.
	UPayTrace string `json:"uPayTrace" spec:"O S"`
}

// ScanPayByCodeRequest is a sale by the customer's code. All but ID is the plugin's.
type ScanPayByCodeRequest struct {
	Clearing

	// ID is this sale's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// MediaNo is the customer's payment code that was scanned (二维码编号).
	MediaNo string `json:"mediaNo" spec:"M S secret"`
	// GoodsInfo is the name of the goods (商品名称).
	GoodsInfo string `json:"goodsInfo" spec:"M S..6"`
	// GoodsDescribe describes the goods (商品描述).
	GoodsDescribe string `json:"goodsDescribe" spec:"M S..42"`
	// OrderID is the merchant's order number (商户订单号), a new one for each attempt, shorter than 64 characters; see
	// [NewOrderID].
	OrderID string `json:"orderId" spec:"M S..63"`
	// UPayTrace is a voucher number (凭证号) of the merchant's own, six digits.
	UPayTrace string `json:"uPayTrace" spec:"O N6"`
	// Reserve is reserved (保留字段).
	Reserve string `json:"reserve" spec:"O S"`
}

func (*ScanPayByCodeRequest) operation() Operation {
	return Operation{
		ID: OpScanPayByCode, Method: scanPay, Codes: scanCodes(), Settle: settleScanPay,
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onPayUnknown"}},
	}
}

// ScanPayResult is the plugin's callback object of a sale by the customer's code.
type ScanPayResult struct {
	Status
	Payer
	Explanation

	// PayDate is the date of the payment (支付日期), yyyyMMdd on the page.
	PayDate string `json:"payDate" spec:"O S"`
	// PayAmount is what was really paid, fen: less than the amount where there is a discount.
	PayAmount int64 `json:"payAmount" spec:"O N"`
	// PlatTime is UMPay's time (平台时间), HHmmss.
	PlatTime string `json:"platTime" spec:"O S"`
	// CardType is 00 for a debit card and 01 for a credit card.
	CardType string `json:"cardType" spec:"O S"`
}

// ScanPayResult returns the plugin's callback object of a scanPay event.
func (e *Event) ScanPayResult() (*ScanPayResult, error) { return resultOf[ScanPayResult](e, scanPay) }

// ScanPayByCodeResponse is the answer to a sale by the customer's code.
type ScanPayByCodeResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanPayResult `json:"result" spec:"R"`
}

// PayByCode has the terminal sell by the customer's code (扫码付(被扫), the plugin's scanPay). A repeat under the same ID is
// harmless; see the package comment.
//   - Succeeded: paid.
//   - Failed: not paid.
//   - Unknown: settle it. The bridge is queried first, then the plugin (scanQuery with the voucher number and the wallet
//     that the event brought, or the order list where it brought none), then Config.Evidence. Once it is settled, Pending:
//     the customer is still paying.
//
//cnpay:op plugin_scan_pay
func (s *ScansService) PayByCode(ctx context.Context, req *ScanPayByCodeRequest, opts ...cnpay.Option) (*ScanPayByCodeResponse, error) {
	return do[ScanPayByCodeResponse](ctx, s.client, req, opts)
}

// settleScanPay asks for the sale by its voucher number.
func settleScanPay(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.settle(t, opts, func(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error) {
		query := &ScanQueryRequest{
			PayType: t.Fields["result.payType"], PaySeq: cmp.Or(t.Fields["result.uPayTrace"], t.Fields["uPayTrace"]),
			OrderDate: monthDay(t.Began, t.Fields["result.payDate"]), OrderID: t.Fields["orderId"], Amount: number(t.Fields["amount"]),
		}
		if query.PayType == "" || query.PaySeq == "" {
			return c.listed(ctx, t, opts)
		}
		res, err := c.Scans.Query(ctx, query, opts...)
		if err != nil {
			return cnpay.Verdict{}, err
		}
		return c.stated(&res.Event, t, "")
	})
}

// number is a number of a ticket; 0 where it has none.
func number(text string) int64 {
	n, _ := strconv.ParseInt(text, 10, 64)
	return n
}

// ScanCreateQRRequest is an order that the customer pays by scanning a code of the terminal's. All but ID is the plugin's.
type ScanCreateQRRequest struct {
	Clearing

	// ID is this order's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// Tips says on the cashier page what for (消费用途). Empty means 消费.
	Tips string `json:"tips" spec:"O S"`
	// PayType is the wallet (支付类型): WeChat, Alipay or UnionPay.
	PayType string `json:"payType" spec:"M WX|AL|YL"`
	// OrderID is the merchant's order number (商户订单号), shorter than 64 characters. Where it is empty the plugin makes one;
	// a new code needs a new one.
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*ScanCreateQRRequest) operation() Operation {
	return Operation{
		ID: OpScanCreateQR, Method: scanPayInitiative, Codes: scanCodes(), PaidLater: true, Settle: settleScanCreateQR,
		Callbacks: Callbacks{Success: "onGetQRCodeSuccess", Fail: "onGetQRCodeFail"},
	}
}

// ScanCreateQRResult is the plugin's callback object with the code.
type ScanCreateQRResult struct {
	Status
	Payer
	Explanation

	// QrcodeURL is the text of the QR code (二维码链接) that the customer scans.
	QrcodeURL string `json:"qrcodeUrl" spec:"O S"`
	// Date is UMPay's date (平台日期), MMdd on the page.
	Date string `json:"date" spec:"O S"`
	// Time is UMPay's time (平台时间), HHmmss.
	Time string `json:"time" spec:"O S"`
	// Amount is the order's amount (订单金额) in fen.
	Amount int64 `json:"amount" spec:"O N"`
}

// ScanCreateQRResult returns the plugin's callback object of a scanPayInitiative event.
func (e *Event) ScanCreateQRResult() (*ScanCreateQRResult, error) {
	return resultOf[ScanCreateQRResult](e, scanPayInitiative)
}

// ScanCreateQRResponse is the answer with the code.
type ScanCreateQRResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanCreateQRResult `json:"result" spec:"R"`
}

// CreateQR has the terminal get a code that the customer scans and pays (扫码付(主扫), the plugin's scanPayInitiative). No
// money moves until the customer pays. A repeat under the same ID is harmless; see the package comment.
//   - Pending: the code is there; show it. Once it is settled: not paid so far. The documents have nothing that closes it.
//   - Succeeded, once it is settled: paid.
//   - Failed: there is no code. Once it is settled: the payment failed (code 60010007).
//   - Unknown: settle it. The bridge is queried first, then the plugin (scanPayStateQuery with what came with the code),
//     then Config.Evidence.
//
//cnpay:op plugin_scan_pay_initiative
func (s *ScansService) CreateQR(ctx context.Context, req *ScanCreateQRRequest, opts ...cnpay.Option) (*ScanCreateQRResponse, error) {
	return do[ScanCreateQRResponse](ctx, s.client, req, opts)
}

// settleScanCreateQR asks once for the payment of a code; the next query of the schedule asks again.
func settleScanCreateQR(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.settle(t, opts, func(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error) {
		if t.Fields["result.uPayTrace"] == "" {
			return cnpay.Verdict{}, nil // there is no code as far as anybody knows
		}
		res, err := c.Scans.QueryQR(ctx, &ScanQueryQRRequest{
			Amount: number(t.Fields["amount"]), UPayTrace: t.Fields["result.uPayTrace"], PayType: t.Fields["payType"],
			Date: monthDay(t.Began, t.Fields["result.date"]), Time: t.Fields["result.time"],
			OrderID: cmp.Or(t.Fields["orderId"], t.Fields["result.orderId"]), RepeatCount: 1, Interval: 1,
		}, opts...)
		if err != nil {
			return cnpay.Verdict{}, err
		}
		return c.stated(&res.Event, t, "")
	})
}

// ScanQueryQRRequest names a code of the terminal's by what came with it. All but ID is the plugin's.
type ScanQueryQRRequest struct {
	Command

	// Amount is the order's amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// UPayTrace is the voucher number (凭证号) that came with the code. The wire name has a small p.
	UPayTrace string `json:"upayTrace" spec:"M S..6"`
	// PayType is the order's wallet (支付类型).
	PayType string `json:"payType" spec:"M WX|AL|YL"`
	// Date is UMPay's date that came with the code, MMdd.
	Date string `json:"date" spec:"M MMdd"`
	// Time is UMPay's time that came with the code, HHmmss.
	Time string `json:"time" spec:"M HHmmss"`
	// RepeatCount is how often the plugin asks (轮询次数). 0 means 5.
	RepeatCount int64 `json:"repeatCount" spec:"O N"`
	// Interval is how many seconds apart (轮询间隔). 0 means 8.
	Interval int64 `json:"interval" spec:"O N"`
	// OrderID is the order number of the code (订单号).
	OrderID string `json:"orderId" spec:"M S..63"`
}

func (*ScanQueryQRRequest) operation() Operation {
	return Operation{
		ID: OpScanQueryQR, Method: scanPayStateQuery, Query: true, Codes: scanQueryCodes(),
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onPayUnknown"}},
	}
}

// ScanQueryQRResult is the order as UMPay has it.
type ScanQueryQRResult struct {
	Status
	Payer
	Explanation

	// Date is UMPay's date (平台日期), MMdd on the page.
	Date string `json:"date" spec:"O S"`
	// Time is UMPay's time (平台时间), HHmmss.
	Time string `json:"time" spec:"O S"`
	// PayAmount is what was really paid, fen: less than the amount where there is a discount.
	PayAmount int64 `json:"payAmount" spec:"O N"`
	// UPayOrderID is UMPay's order number (U付订单号), which a refund may need.
	UPayOrderID string `json:"uPayOrderId" spec:"O S"`
}

// ScanQueryQRResult returns the plugin's callback object of a scanPayStateQuery event.
func (e *Event) ScanQueryQRResult() (*ScanQueryQRResult, error) {
	return resultOf[ScanQueryQRResult](e, scanPayStateQuery)
}

// ScanQueryQRResponse is the answer to a query of a code. What it says of the payment is the Verdict of its Event.
type ScanQueryQRResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanQueryQRResult `json:"result" spec:"R"`
}

// QueryQR has the terminal ask UMPay whether a code of its own is paid (主扫支付状态查询, the plugin's scanPayStateQuery). The
// plugin asks RepeatCount times before it answers. It moves no money and may be repeated.
//   - Answered: Event.Verdict is Succeeded (paid) or Failed (the payment failed, code 60010007).
//   - Unknown: not paid so far, as far as UMPay knows (onPayUnknown), or nothing was heard; query again.
//
//cnpay:op plugin_scan_pay_state_query
func (s *ScansService) QueryQR(ctx context.Context, req *ScanQueryQRRequest, opts ...cnpay.Option) (*ScanQueryQRResponse, error) {
	return do[ScanQueryQRResponse](ctx, s.client, req, opts)
}

// ScanQueryRequest names a sale by the customer's code. All but ID is the plugin's.
type ScanQueryRequest struct {
	Command

	// Amount is the sale's amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// PayType is the sale's wallet (支付类型), as its callback has it.
	PayType string `json:"payType" spec:"M WX|AL|YL"`
	// PaySeq is the sale's voucher number (凭证号), the uPayTrace of its callback.
	PaySeq string `json:"paySeq" spec:"M S..6"`
	// OrderDate is the sale's date (交易日期), MMdd.
	OrderDate string `json:"orderDate" spec:"M MMdd"`
	// OrderID is the sale's order number (商户订单号).
	OrderID string `json:"orderId" spec:"O S..63"`
}

func (*ScanQueryRequest) operation() Operation {
	return Operation{
		ID: OpScanQuery, Method: scanQuery, Query: true, Timeout: askingTimeout, Codes: scanQueryCodes(),
		Callbacks: Callbacks{Success: "onPaySuccess", Fail: "onPayFail", Unknown: []string{"onQueryError"}, Paying: "onPaying"},
	}
}

// ScanQueryResult is the sale as UMPay has it.
type ScanQueryResult struct {
	Status
	Platform
	Payer
	Explanation

	// UPayOrderID is UMPay's order number (U付订单号), which a refund may need.
	UPayOrderID string `json:"uPayOrderId" spec:"O S"`
	// PayAmount is what was really paid, fen: less than the amount where there is a discount.
	PayAmount int64 `json:"payAmount" spec:"O N"`
	// CardType is 00 for a debit card and 01 for a credit card, where a card is behind the wallet.
	CardType string `json:"cardType" spec:"O S"`
}

// ScanQueryResult returns the plugin's callback object of a scanQuery event.
func (e *Event) ScanQueryResult() (*ScanQueryResult, error) {
	return resultOf[ScanQueryResult](e, scanQuery)
}

// ScanQueryResponse is the answer to a query of a sale. What it says of the sale is the Verdict of its Event.
type ScanQueryResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanQueryResult `json:"result" spec:"R"`
}

// Query has the terminal ask UMPay for a sale by the customer's code (扫码付查询, the plugin's scanQuery). It moves no money
// and may be repeated.
//   - Answered: Event.Verdict is Succeeded (paid), Pending (onPaying: the customer is paying) or Failed (not paid, code
//     60010007).
//   - Unknown: UMPay does not know (onQueryError, or another code of onPayFail), or nothing was heard; query again.
//
//cnpay:op plugin_scan_query
func (s *ScansService) Query(ctx context.Context, req *ScanQueryRequest, opts ...cnpay.Option) (*ScanQueryResponse, error) {
	return do[ScanQueryResponse](ctx, s.client, req, opts)
}

// ScanVoidRequest names the sale to void. All but ID is the plugin's.
type ScanVoidRequest struct {
	// ID is this void's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the sale's whole amount (金额) in fen.
	Amount int64 `json:"amount" spec:"M N"`
	// BatchID is the sale's batch number (批次号). The terminal that made the sale knows it.
	BatchID string `json:"batchId" spec:"O S"`
	// UPayTrace is the voucher number of the sale (凭证号).
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderDateTime is the sale's date and time (原交易时间), MMddHHmmss. The terminal that made the sale knows it.
	OrderDateTime string `json:"orderDateTime" spec:"O MMddHHmmss"`
	// PayType is the sale's wallet (支付类型). The plugin's constant ZFB is Alipay.
	PayType string `json:"payType" spec:"M WX|AL|YL"`
}

func (*ScanVoidRequest) operation() Operation {
	return Operation{
		ID: OpScanVoid, Method: scanRevoke, Codes: refundCodes(), Settle: settleScanRefund,
		Callbacks: Callbacks{Success: "onRefundSuccess", Fail: "onRefundFail", Unknown: []string{"onRefundUnknown"}},
	}
}

// ScanVoidResult is the plugin's callback object of a void.
type ScanVoidResult struct {
	Status
	Platform
	Explanation

	// OrderID is the merchant's order number (商户订单号).
	OrderID string `json:"orderId" spec:"O S"`
	// TradeNo is an order number (订单号) on this page, and UMPay's number of the transaction (平台处理流水) on others.
	TradeNo string `json:"tradeNo" spec:"O S"`
}

// ScanVoidResult returns the plugin's callback object of a scanRevoke event.
func (e *Event) ScanVoidResult() (*ScanVoidResult, error) {
	return resultOf[ScanVoidResult](e, scanRevoke)
}

// ScanVoidResponse is the answer to a void.
type ScanVoidResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanVoidResult `json:"result" spec:"R"`
}

// Void has the terminal void a sale by QR code of the same day (扫码付撤销, the plugin's scanRevoke): the whole amount goes
// back. A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: voided.
//   - Failed: the sale stands.
//   - Unknown: settle it. The bridge is queried first, then the plugin (scanRefundQuery, where the event brought UMPay's
//     number of the transaction), then Config.Evidence.
//
//cnpay:op plugin_scan_revoke
func (s *ScansService) Void(ctx context.Context, req *ScanVoidRequest, opts ...cnpay.Option) (*ScanVoidResponse, error) {
	return do[ScanVoidResponse](ctx, s.client, req, opts)
}

// settleScanRefund asks for a void or a refund by its own numbers. A void, which there is once of a sale and of all of it,
// can be asked for by the sale's voucher; a refund by that could be another one of the same sale.
func settleScanRefund(c *Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
	return c.settle(t, opts, func(ctx context.Context, t cnpay.Ticket) (cnpay.Verdict, error) {
		voucher := t.Fields["result.uPayTrace"]
		if t.Operation == OpScanVoid {
			voucher = cmp.Or(voucher, t.Fields["uPayTrace"])
		}
		if voucher == "" || t.Fields["result.tradeNo"] == "" {
			return cnpay.Verdict{}, nil
		}
		res, err := c.Scans.QueryRefund(ctx, &ScanQueryRefundRequest{
			UPayTrace: voucher, Amount: number(t.Fields["amount"]), PayType: t.Fields["payType"], TradeNo: t.Fields["result.tradeNo"],
			OrderDate: monthDay(t.Began, t.Fields["orderDate"], t.Fields["result.platDate"]),
		}, opts...)
		if err != nil {
			return cnpay.Verdict{}, err
		}
		return c.stated(&res.Event, t, cmp.Or(t.Fields["rfAmount"], t.Fields["amount"]))
	})
}

// ScanRefundRequest names the sale to refund. All but ID is the plugin's.
type ScanRefundRequest struct {
	// ID is this refund's command; see [NewCommandID].
	ID string `json:"id" spec:"M S1..64"`
	// Amount is the sale's amount (原交易金额) in fen; what to refund is RfAmount.
	Amount int64 `json:"amount" spec:"M N"`
	// PayType is the sale's wallet (支付类型).
	PayType string `json:"payType" spec:"M WX|AL|YL"`
	// RfAmount is the amount to refund (退款金额) in fen. Empty means all of it.
	RfAmount int64 `json:"rfAmount,string" spec:"C N"`
	// UPayOrderID is UMPay's order number of the sale (U付订单号).
	UPayOrderID string `json:"uPayOrderId" spec:"C S"`
	// OrderDateTime is the sale's date and time (原交易时间), MMddHHmmss.
	OrderDateTime string `json:"orderDateTime" spec:"C MMddHHmmss"`
	// UPayTrace is the voucher number of the sale (凭证号). The page has it in its sample and its text, not in its table.
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// OrderDate is the sale's date, MMdd. The page has it in its sample, not in its table.
	OrderDate string `json:"orderDate" spec:"M MMdd"`
}

func (*ScanRefundRequest) operation() Operation {
	return Operation{
		ID: OpScanRefund, Method: scanRefund, Codes: refundCodes(), Settle: settleScanRefund,
		Callbacks: Callbacks{Success: "onRefundSuccess", Fail: "onRefundFail", Unknown: []string{"onRefundUnknown"}},
	}
}

// ScanRefundResult is the plugin's callback object of a refund.
type ScanRefundResult struct {
	Status
	Transaction
	Explanation

	// TradeNo is UMPay's number of the refund (平台处理流水), which its query needs.
	TradeNo string `json:"tradeNo" spec:"O S"`
	// PlatDate is UMPay's date (平台日期) of the refund, MMdd.
	PlatDate string `json:"platDate" spec:"O S"`
	// UPospDate is the date of UMPay's host of the terminals.
	UPospDate string `json:"uPospDate" spec:"O S"`
	// UPospTime is the time there.
	UPospTime string `json:"uPospTime" spec:"O S"`
	// CardExpiryDate (卡有效期) is always empty, because it is dropped on arrival.
	CardExpiryDate string `json:"cardExpiryDate" spec:"O S secret"`
}

// ScanRefundResult returns the plugin's callback object of a scanRefund event.
func (e *Event) ScanRefundResult() (*ScanRefundResult, error) {
	return resultOf[ScanRefundResult](e, scanRefund)
}

// ScanRefundResponse is the answer to a refund.
type ScanRefundResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanRefundResult `json:"result" spec:"R"`
}

// Refund has the terminal refund a sale by QR code of an earlier day, whole or in part (扫码付退款, the plugin's
// scanRefund). A repeat under the same ID is harmless; see the package comment.
//   - Succeeded: refunded.
//   - Failed: the sale is as it was.
//   - Unknown: settle it. The bridge is queried first, then the plugin (scanRefundQuery, where the event brought the
//     refund's own numbers), then Config.Evidence. Never refund again under another ID before that: it would be paid twice.
//
//cnpay:op plugin_scan_refund
func (s *ScansService) Refund(ctx context.Context, req *ScanRefundRequest, opts ...cnpay.Option) (*ScanRefundResponse, error) {
	return do[ScanRefundResponse](ctx, s.client, req, opts)
}

// ScanQueryRefundRequest names a refund. All but ID is the plugin's.
type ScanQueryRefundRequest struct {
	Command

	// UPayTrace is the refund's voucher number (凭证号).
	UPayTrace string `json:"uPayTrace" spec:"M S..6"`
	// Amount is the sale's amount (原交易金额) in fen, and here a text on the wire.
	Amount int64 `json:"amount,string" spec:"M N"`
	// OrderDate is the order's date (订单日期), MMdd.
	OrderDate string `json:"orderDate" spec:"M MMdd"`
	// PayType is the wallet (支付类型) of the sale.
	PayType string `json:"payType" spec:"M WX|AL|YL"`
	// TradeNo is UMPay's number of the refund (平台处理流水).
	TradeNo string `json:"tradeNo" spec:"M S"`
}

func (*ScanQueryRefundRequest) operation() Operation {
	return Operation{
		ID: OpScanQueryRefund, Method: scanRefundQuery, Query: true, Timeout: askingTimeout,
		Callbacks: Callbacks{Success: "onRefundSuccess", Fail: "onRefundFail", Unknown: []string{"onRefundUnknown", "onRefundError"}},
		Codes: Codes{
			Done:    []int64{60190200},
			Failed:  []int64{60190001},
			Refused: []int64{60190002, 60190003, 60190008},
		},
	}
}

// ScanQueryRefundResult is the refund as UMPay has it.
type ScanQueryRefundResult struct {
	Status
	Platform
	Explanation

	// OrderID is the merchant's order number (商户订单号).
	OrderID string `json:"orderId" spec:"O S"`
	// Amount is the amount of the refund (退款金额) in fen.
	Amount int64 `json:"amount" spec:"O N"`
	// TradeNo is UMPay's number of the refund (平台处理流水).
	TradeNo string `json:"tradeNo" spec:"O S"`
	// ModDate is the date of the refund's last change.
	ModDate string `json:"modDate" spec:"O S"`
	// ModTime is the time of the refund's last change.
	ModTime string `json:"modTime" spec:"O S"`
}

// ScanQueryRefundResult returns the plugin's callback object of a scanRefundQuery event.
func (e *Event) ScanQueryRefundResult() (*ScanQueryRefundResult, error) {
	return resultOf[ScanQueryRefundResult](e, scanRefundQuery)
}

// ScanQueryRefundResponse is the answer to a query of a refund. What it says of the refund is the Verdict of its Event.
type ScanQueryRefundResponse struct {
	Response
	// Result is the callback object in the event.
	Result ScanQueryRefundResult `json:"result" spec:"R"`
}

// QueryRefund has the terminal ask UMPay for a void or a refund of a sale by QR code (扫码付退款状态查询, the plugin's
// scanRefundQuery). It moves no money and may be repeated.
//   - Answered: Event.Verdict is Succeeded (refunded) or Failed (not refunded, code 60190001).
//   - Unknown: UMPay does not know (onRefundError, onRefundUnknown, or another code of onRefundFail), or nothing was heard;
//     query again.
//
//cnpay:op plugin_scan_refund_query
func (s *ScansService) QueryRefund(ctx context.Context, req *ScanQueryRefundRequest, opts ...cnpay.Option) (*ScanQueryRefundResponse, error) {
	return do[ScanQueryRefundResponse](ctx, s.client, req, opts)
}
