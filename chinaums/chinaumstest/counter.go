package chinaumstest

import (
	"fmt"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// The counter's numbers are another merchant's: they have a prefix in the books.
const atCounter = "counter "

func counterRefusal(code, text string) object { return object{"errCode": code, "errInfo": text} }

// payAtCounter makes a payment and returns ChinaUMS's number of it.
func (s *Server) payAtCounter(number string, amount int64, q object) (orderID string) {
	s.last++
	orderID = fmt.Sprintf("20260901090001%012d", s.last)
	s.ledger.Pay(testgateway.Payment, atCounter+number, amount, note{request: q, code: orderID, at: s.now()})
	return orderID
}

// counterOrder is the payment that a request names, by either number.
func (s *Server) counterOrder(q object) (testgateway.Movement, bool) {
	if number := q.text("merchantOrderId"); number != "" {
		return s.ledger.Find(atCounter + number)
	}
	for _, m := range s.ledger.All() {
		if n, ok := m.Note.(note); ok && m.Kind == testgateway.Payment && strings.HasPrefix(m.Number, atCounter) && n.code == q.text("originalOrderId") {
			return m, true
		}
	}
	return testgateway.Movement{}, false
}

// counterHead is what every answer about money at the counter begins with.
func (s *Server) counterHead() object {
	now := s.stamp() // 2006-01-02 15:04:05
	day := strings.ReplaceAll(now[:10], "-", "")
	return object{
		"errCode": "00", "errInfo": "成功", "transactionTime": strings.ReplaceAll(now[11:], ":", ""), "transactionDate": day[4:],
		"transactionDateWithYear": day, "settlementDate": day[4:], "settlementDateWithYear": day, "retrievalRefNum": "00000000001N",
	}
}

func (s *Server) counterPay(q object, fault cnpaytest.Fault) object {
	number, amount := q.text("merchantOrderId"), q.number("transactionAmount")
	switch _, taken := s.ledger.Find(atCounter + number); {
	case fault == cnpaytest.Refused:
		return counterRefusal("61", "超出金额限制")
	case taken:
		return counterRefusal("94", "重复交易")
	case amount <= 0:
		return counterRefusal("13", "无效金额")
	case q.text("transactionCurrencyCode") != "156":
		return counterRefusal("30", "报文格式错误")
	}
	orderID := s.payAtCounter(number, amount, q)
	if fault == Accepted {
		return counterRefusal("ER", "用户支付中，请查询")
	}
	a := s.counterHead()
	a["transactionAmount"], a["actualTransactionAmount"], a["amount"], a["orderId"] = amount, amount, amount, orderID
	a["thirdPartyName"], a["thirdPartyBuyerId"], a["cardAttr"], a["chnlType"] = "微信", "oExampleExampleExampleExampl", "03", "WXPay"
	a["thirdPartyDiscountInstrution"], a["promotionAmt"], a["systemTraceNum"] = "", "0", "000001"
	return a
}

func (s *Server) counterVoid(q object, fault cnpaytest.Fault) object {
	m, ok := s.counterOrder(q)
	switch {
	case !ok:
		return counterRefusal("25", "查找原交易失败")
	case fault == cnpaytest.Refused, m.State != testgateway.Done, m.Given > 0:
		return counterRefusal("57", "不允许此交易")
	}
	m, _ = s.ledger.Reverse(m.Number)
	a := s.counterHead()
	a["transactionAmount"], a["actualTransactionAmount"], a["orderId"] = m.Amount, m.Amount, m.Note.(note).code
	a["thirdPartyName"], a["cardAttr"] = "微信", "03"
	return a
}

func (s *Server) counterRefund(q object, fault cnpaytest.Fault) object {
	m, ok := s.counterOrder(q)
	if !ok {
		return counterRefusal("25", "查找原交易失败")
	}
	if fault == cnpaytest.Refused {
		return counterRefusal("57", "不允许此交易")
	}
	number, amount := atCounter+q.text("refundRequestId"), q.number("transactionAmount")
	refund, known := s.ledger.Find(number)
	if !known {
		var refusal testgateway.Refusal
		refund, refusal = s.ledger.Refund(number, m.Number, amount, note{request: q, code: m.Note.(note).code})
		if refusal != "" {
			return counterRefusal("57", "不允许此交易")
		}
	} else if refund.Original != m.Number || refund.Amount != amount {
		return counterRefusal("94", "重复交易")
	}
	a := s.counterHead()
	a["transactionAmount"], a["refundInvoiceAmount"], a["orderId"] = amount, fmt.Sprint(amount), m.Note.(note).code
	a["refundOrderId"], a["refundTargetOrderId"], a["refundPromotionList"] = "20260902091502000000000002", "50000000002026090200000000001", "0|0|0"
	a["systemTraceNum"], a["chnlType"], a["acqInstCode"], a["cardAttr"] = "000002", "WXPay", "UNIONPAY", "03"
	return a
}

// counterQuery is as version 2 and the captures have it: only today's payments, and 0 for what was refunded.
func (s *Server) counterQuery(q object, fault cnpaytest.Fault) object {
	m, ok := s.counterOrder(q)
	day := func() string { return strings.ReplaceAll(s.at(m.Note.(note))[:10], "-", "") }
	today := strings.ReplaceAll(s.stamp()[:10], "-", "")
	if !ok || fault == cnpaytest.Refused || day() != today {
		return counterRefusal("25", "查找原交易失败")
	}
	state, status := "0", "TRADE_SUCCESS"
	switch {
	case m.Note.(note).status != "":
		state = m.Note.(note).status
	case m.State == testgateway.Undone:
		state, status = "2", "TRADE_CLOSED"
	case m.Given > 0:
		state, status = "3", "TRADE_REFUND"
	}
	return object{
		"errCode": "00", "errInfo": "查询成功", "queryResCode": state, "queryResDesc": "成功", "originalTransactionAmount": m.Amount,
		"merchantOrderId": strings.TrimPrefix(m.Number, atCounter), "orderId": m.Note.(note).code, "amount": m.Amount,
		"origialRetrievalRefNum": "00000000001N", "refundedAmount": 0, "refundAmonunt": 0, "orderStatus": status,
	}
}

func (s *Server) counterQueryRefund(q object, fault cnpaytest.Fault) object {
	m, ok := s.counterOrder(q)
	refund, known := s.ledger.Find(atCounter + q.text("refundRequestId"))
	if !ok || !known || refund.Original != m.Number || fault == cnpaytest.Refused {
		return counterRefusal("25", "查找原交易失败")
	}
	a := s.counterHead()
	a["queryResCode"], a["queryResInfo"], a["dealType"], a["originalAmount"] = "00", "成功", "refund", fmt.Sprint(refund.Amount)
	a["refundInvoiceAmount"], a["refundOrderId"] = fmt.Sprint(refund.Amount), "20260902091502000000000002"
	return a
}

func (s *Server) counterActivate(_ object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return counterRefusal("97", "终端未登记")
	}
	return object{"errCode": "00", "errInfo": "成功"}
}
