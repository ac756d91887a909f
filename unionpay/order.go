package unionpay

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// NewOrderID returns an order number (商户订单号) that no other call returns: the time in Beijing and 18 random
// hexadecimal digits, 32 characters in all, because reconciliation files keep no more of it.
func NewOrderID() string {
	random := make([]byte, 9)
	_, _ = rand.Read(random) // never fails
	return TxnTime(time.Now()) + hex.EncodeToString(random)
}

// TxnTime returns t as an order time (订单发送时间), YYYYMMDDhhmmss in Beijing. UnionPay refuses operations whose order
// time is not about now. Queries and Settle methods need the same order time again, so it is to be stored with the
// order number before the operation is sent.
func TxnTime(t time.Time) string { return t.In(cnpay.Beijing()).Format("20060102150405") }

// OrdersService asks for transactions of any kind.
type OrdersService struct{ client *Client }

// QueryRequest names the transaction to ask for: by the orderId and the txnTime that it was sent with or, for QR codes,
// by QueryID.
type QueryRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000, which finds all.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// OrderID is the order number of the transaction asked for (商户订单号).
	OrderID string `json:"orderId,omitempty" spec:"C AN8..40"`
	// TxnTime is its order time (订单发送时间).
	TxnTime string `json:"txnTime,omitempty" spec:"C YYYYMMDDhhmmss"`
	// QueryID is UnionPay's number of the transaction (查询流水号), in the place of OrderID and TxnTime.
	QueryID string `json:"queryId,omitempty" spec:"C AN20..21"`
	// AcqInsCode is the acquiring institution (收单机构代码); for AccessAcquirer.
	AcqInsCode string `json:"acqInsCode,omitempty" spec:"C AN8..11"`
	// AccInsCode is the institution (接入机构代码), as the QR pages call it, which name it in the place of acqInsCode.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// CtrlRule are control bits (控制规则); for QR codes. With a 1 in the fifth place answers lack their certificate and
	// cannot be believed.
	CtrlRule string `json:"ctrlRule,omitempty" spec:"O ANS"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved,omitempty" spec:"O ANS1..2048"`

	// ReqReserved is the merchant's own text (请求方保留域) that the transaction was sent with. It is not sent again; the
	// answer repeats it, and can only be read with it where it holds an "&" or a bracket.
	ReqReserved string `json:"-"`
}

func (r *QueryRequest) parts() parts {
	order := r.OrderID
	if order == "" {
		order = r.QueryID
	}
	return parts{
		merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType, order: order, reqReserved: r.ReqReserved,
	}
}

func (r *QueryRequest) conditions() []cnpay.Fault {
	faults := forAcquirer(r.AccessType, needed{"acqInsCode", r.AcqInsCode + r.AccInsCode})
	if r.QueryID == "" {
		faults = append(faults, lacking("without queryId", []needed{{"orderId", r.OrderID}, {"txnTime", r.TxnTime}})...)
	}
	return faults
}

// QueryResponse is the answer to a query. Its own outcome says whether the query was answered; what became of the
// transaction is its [QueryResponse.Verdict]. TxnType is that of the transaction found, "00" where none was.
type QueryResponse struct {
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
	AccNo string `json:"accNo" spec:"C AN1..1024"`
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

// Verdict is what the answer says of the transaction that was asked for, as opposed to the query itself.
// It is Unknown unless the query succeeded.
//
// A transaction that the payer carries out on a page or in an app may be reported as failed or not found while there
// is still time to pay it (payTimeout).
func (r *QueryResponse) Verdict() cnpay.Verdict { return r.verdict(r.TxnType) }

func (r *QueryResponse) verdict(txnType string) cnpay.Verdict {
	if r.Outcome != cnpay.Succeeded {
		return cnpay.Verdict{Code: r.RespCode, Message: r.RespMsg}
	}
	return cnpay.Verdict{Outcome: judgeOriginal(txnType, r.OrigRespCode), Code: r.OrigRespCode, Message: r.OrigRespMsg}
}

// Query asks what became of a transaction (交易状态查询, txnType 00). It moves no money and may be repeated.
//   - Succeeded: the transaction was found; see the response's Verdict.
//   - Unknown with code 34: it was not found. An operation that was just sent may still be on its way.
//
//cnpay:op query qr_query
func (s *OrdersService) Query(ctx context.Context, req *QueryRequest, opts ...cnpay.Option) (*QueryResponse, error) {
	return call[QueryResponse](ctx, s.client, queryOp(), req, opts)
}

func queryOp() operation {
	return operation{
		id: "query", path: queryTrans, txnType: "00", txnSubTypes: "00", bizType: "000000",
		repeatable: true, judge: judgeCode,
	}
}

// settle asks on the operation's schedule until it is known what became of a request.
func settle[Req any, M interface {
	*Req
	message
}](ctx context.Context, c *Client, op operation, req *Req, opts []cnpay.Option) (*cnpay.Settlement[*QueryResponse], error) {
	m := M(new(Req))
	if req != nil {
		*m = *req
	}
	p := m.parts()
	c.complete(m, p, op) // its faults kept the operation from being sent, and are no concern of the query
	sent := c.fields.Pairs(m)
	ask := QueryRequest{
		AccessType: *p.accessType, MerID: *p.merID, OrderID: fieldOf(sent, "orderId"), TxnTime: fieldOf(sent, "txnTime"),
		AcqInsCode: fieldOf(sent, "acqInsCode"), AccInsCode: fieldOf(sent, "accInsCode"), ReqReserved: p.reqReserved,
	}
	subject := cnpay.Subject{Provider: "unionpay", Operation: op.id, Order: p.order}
	first := ask // what nobody can ask for is not worth waiting for
	if _, err := c.checked(&first, c.complete(&first, first.parts(), queryOp())); err != nil {
		return &cnpay.Settlement[*QueryResponse]{}, &cnpay.Error{Subject: subject, Err: err}
	}
	schedule := c.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = op.schedule()
	}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*QueryResponse, cnpay.Verdict, error) {
		over := op.payer && c.over(fieldOf(sent, "payTimeout"))
		res, err := c.Orders.Query(ctx, &ask, opts...)
		switch {
		case res != nil && res.RespCode == "34" && over:
			return res, cnpay.Verdict{Outcome: cnpay.Failed, Code: res.RespCode, Message: res.RespMsg}, nil
		case res != nil && res.RespCode == "34":
			return res, cnpay.Verdict{Code: res.RespCode, Message: res.RespMsg}, nil // not found, or not yet
		case err != nil:
			return nil, cnpay.Verdict{}, err
		}
		if err := res.about(sent, op); err != nil {
			return nil, cnpay.Verdict{}, err
		}
		verdict := res.verdict(op.txnType)
		if op.payer && verdict.Outcome == cnpay.Failed && !over {
			verdict.Outcome = cnpay.Unknown // the payer may try again
		}
		return res, verdict, nil
	})
}

// over reports whether a time of the form of payTimeout has passed in Beijing. It is false for one that is missing.
func (c *Client) over(payTimeout string) bool {
	end, err := time.ParseInLocation("20060102150405", payTimeout, cnpay.Beijing())
	return err == nil && c.now().After(end)
}

// about refuses the answer about a transaction that is not the one that was sent, though it has the same name.
func (r *QueryResponse) about(sent []sign.Pair, op operation) error {
	amount, currency, origQryID := fieldOf(sent, "txnAmt"), fieldOf(sent, "currencyCode"), fieldOf(sent, "origQryId")
	switch {
	case r.TxnType != "" && r.TxnType != op.txnType && r.TxnType != "00":
		return fmt.Errorf("%w: txnType differs", cnpay.ErrMismatch)
	case r.TxnAmt != 0 && amount != "" && strconv.FormatInt(r.TxnAmt, 10) != amount:
		return fmt.Errorf("%w: txnAmt differs", cnpay.ErrMismatch)
	case r.CurrencyCode != "" && currency != "" && r.CurrencyCode != currency:
		return fmt.Errorf("%w: currencyCode differs", cnpay.ErrMismatch)
	case r.OrigQryID != "" && origQryID != "" && r.OrigQryID != origQryID:
		return fmt.Errorf("%w: origQryId differs", cnpay.ErrMismatch)
	}
	return nil
}
