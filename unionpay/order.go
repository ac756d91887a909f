package unionpay

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/cnpay-go/cnpay"
)

// NewOrderID returns an order number (商户订单号) that no other call returns: the time in Beijing and 18 random
// hexadecimal digits, 32 characters in all, because reconciliation files keep no more of it. An order number has letters
// and digits only, and is unique for the merchant and day.
func NewOrderID() string {
	random := make([]byte, 9)
	_, _ = rand.Read(random) // never fails
	return TxnTime(time.Now()) + hex.EncodeToString(random)
}

// TxnTime returns t as an order time (订单发送时间), YYYYMMDDhhmmss in Beijing. UnionPay refuses operations whose order
// time is not about now. Queries need the same order time again: store it with the order number, or the ticket, before
// the operation is sent.
func TxnTime(t time.Time) string { return t.In(cnpay.Beijing()).Format("20060102150405") }

// OrdersService finds transactions of any kind.
type OrdersService struct{ client *Client }

// OrderQueryRequest names the transaction to ask for: by the orderId and the txnTime that it was sent with or, for QR
// codes, by QueryID.
type OrderQueryRequest struct {
	envelope
	Sender

	// BizType is the product (产品类型). Empty means 000000, which finds all.
	BizType string `json:"bizType" spec:"M N6"`
	// OrderID is the order number of the transaction asked for (商户订单号).
	OrderID string `json:"orderId" spec:"C[!queryId] AN8..40"`
	// TxnTime is its order time (订单发送时间).
	TxnTime string `json:"txnTime" spec:"C[!queryId] YYYYMMDDhhmmss"`
	// QueryID is UnionPay's number of the transaction (查询流水号), instead of OrderID and TxnTime.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode" spec:"C[accessType=1,!accInsCode] AN8..11"`
	// AccInsCode is the institution as the QR pages call it (接入机构代码), instead of AcqInsCode.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// CtrlRule are control bits (控制规则); for QR codes. With a 1 in the fifth place answers lack their certificate and
	// cannot be verified.
	CtrlRule string `json:"ctrlRule" spec:"O ANS"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// ReqReserved is the merchant's own text (请求方保留域) that the transaction was sent with. It is not sent again; the
	// answer repeats it, and can only be read with it where it holds an "&" or a bracket.
	ReqReserved string `json:"-"`
}

func (*OrderQueryRequest) operation() Operation {
	return Operation{
		ID: OpOrderQuery, Path: queryTrans, TxnType: "00", TxnSubType: "00", BizType: "000000",
		Query: true, Repeatable: true, Judge: judgeCode,
	}
}

// unsent is the merchant's own text that the answer repeats, though the query does not carry it.
func (r *OrderQueryRequest) unsent() string { return r.ReqReserved }

// OrderQueryResponse is the answer to a query. Its own outcome says whether the query was answered; the outcome of the
// transaction is its [OrderQueryResponse.Verdict]. TxnType is that of the transaction found, "00" where none was.
type OrderQueryResponse struct {
	Response

	// OrigRespCode is the code of the transaction asked for (原交易应答码), while RespCode is the query's own.
	OrigRespCode string `json:"origRespCode" spec:"C AN2"`
	// OrigRespMsg is its text (原交易应答信息).
	OrigRespMsg string `json:"origRespMsg" spec:"C ANS1..256"`
	// QueryID is UnionPay's number of the transaction (查询流水号), by which later operations name it as origQryId.
	QueryID string `json:"queryId" spec:"C AN20..21"`
	// OrigQryID is the number of the transaction that the one asked for acted upon (原交易查询流水号).
	OrigQryID string `json:"origQryId" spec:"C AN21"`
	// TxnAmt is its amount (交易金额), fen.
	TxnAmt int64 `json:"txnAmt" spec:"C N1..12"`
	// CurrencyCode is its currency (交易币种), 156 for CNY.
	CurrencyCode string `json:"currencyCode" spec:"C AN3"`
	// SettleAmt is the amount to be cleared (清算金额), fen; 0 as long as the transaction is pending.
	SettleAmt int64 `json:"settleAmt" spec:"C N1..12"`
	// SettleCurrencyCode is the currency of clearing (清算币种).
	SettleCurrencyCode string `json:"settleCurrencyCode" spec:"C AN3"`
	// SettleDate is the day of clearing (清算日期), without its year.
	SettleDate string `json:"settleDate" spec:"C MMDD"`
	// TraceNo is UnionPay's trace number (系统跟踪号).
	TraceNo string `json:"traceNo" spec:"C N6"`
	// TraceTime is when UnionPay passed it on (交易传输时间), without its year.
	TraceTime string `json:"traceTime" spec:"C MMDDhhmmss"`
	// ExchangeRate is the rate of clearing (清算汇率), where the currencies differ.
	ExchangeRate string `json:"exchangeRate" spec:"C N8"`
	// ExchangeDate is the day of the rate (兑换日期).
	ExchangeDate string `json:"exchangeDate" spec:"C MMDD"`
	// PayType is the way of paying (支付方式).
	PayType string `json:"payType" spec:"C N4"`
	// PayCardNo is the card, masked (支付卡标识).
	PayCardNo string `json:"payCardNo" spec:"C ANS1..19"`
	// PayCardType is its kind (支付卡类型): 01 debit, 02 credit, 03 semi-credit, 05 prepaid.
	PayCardType string `json:"payCardType" spec:"C N2"`
	// PayCardIssueName is its issuer (支付卡名称).
	PayCardIssueName string `json:"payCardIssueName" spec:"C ANS1..64"`
	// AccNo is the card (账号): masked, or encrypted for the merchant's key.
	AccNo string `json:"accNo" spec:"C AN1..1024 pan"`
	// IssInsCode is the issuing bank (发卡机构代码); of QR codes.
	IssInsCode string `json:"issInsCode" spec:"C AN"`
	// AccInsCode is the institution (接入机构代码); of QR codes.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// OrigOrderID is the order number of the transaction that the one asked for acted upon (原交易商户订单号).
	OrigOrderID string `json:"origOrderId" spec:"C AN8..40"`
	// OrigTxnTime is its order time (原交易商户发送交易时间).
	OrigTxnTime string `json:"origTxnTime" spec:"C YYYYMMDDhhmmss"`
	// BindID is the mark of a bound card (绑定标识号).
	BindID string `json:"bindId" spec:"C ANS1..128"`
	// CardTransData is the data of a card that was present (有卡交易信息域), {k=v&k=v}.
	CardTransData string `json:"cardTransData" spec:"C ANS"`
	// IssuerIdentifyMode says how the issuer was found (发卡机构识别模式).
	IssuerIdentifyMode string `json:"issuerIdentifyMode" spec:"C N"`
}

// Query asks for the state of a transaction (交易状态查询, txnType 00). It moves no money and may be repeated.
//   - Answered: the transaction was found; see the response's Verdict.
//   - Unknown, with code 34: it was not found. An operation that was just sent may still be on its way.
//   - Unknown otherwise: refused, or nothing was heard; query again.
//
//cnpay:op query qr_query
func (s *OrdersService) Query(ctx context.Context, req *OrderQueryRequest, opts ...cnpay.Option) (*OrderQueryResponse, error) {
	return do[OrderQueryResponse](ctx, s.client, req, opts)
}

// Verdict is what the answer says of the transaction that was asked for, as opposed to the query itself.
// It is Unknown unless the query was answered.
//
// A transaction that the payer carries out on a page or in an app may be reported as failed or not found while there
// is still time to pay it (payTimeout).
func (r *OrderQueryResponse) Verdict() cnpay.Verdict { return r.verdict(r.TxnType) }

func (r *OrderQueryResponse) verdict(txnType string) cnpay.Verdict {
	if r.Outcome != cnpay.Answered {
		return cnpay.Verdict{Code: r.RespCode, Message: r.RespMsg}
	}
	return cnpay.Verdict{Outcome: judgeOriginal(txnType, r.OrigRespCode), Code: r.OrigRespCode, Message: r.OrigRespMsg}
}
