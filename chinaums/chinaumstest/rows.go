package chinaumstest

import (
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

func rows() map[string]row {
	return map[string]row{
		chinaums.OpBillCreateQR: (*Server).createQR, chinaums.OpBillUpdate: (*Server).updateQR, chinaums.OpBillClose: (*Server).closeQR,
		chinaums.OpBillQueryCode: (*Server).queryCode, chinaums.OpBillQuery: (*Server).queryBill, chinaums.OpBillRefund: (*Server).refundBill,
		chinaums.OpBillComplete: (*Server).completeBill, chinaums.OpBillCancelPreauth: (*Server).cancelBill,
		chinaums.OpBillCancelCompletion: (*Server).cancelBillCompletion,

		chinaums.OpWeChatOrder: ordered("jsPayRequest"), chinaums.OpWeChatAppOrder: ordered("appPayRequest"),
		chinaums.OpWeChatMiniProgramOrder: ordered("miniPayRequest"), chinaums.OpAlipayOrder: ordered("targetOrderId"),
		chinaums.OpAlipayAppOrder: ordered("appPayRequest"), chinaums.OpAlipayMiniProgramOrder: ordered("appPayRequest"),
		chinaums.OpQuickPassOrder: ordered("redirectUrl"), chinaums.OpQuickPassAppOrder: ordered("appPayRequest"),
		chinaums.OpQuickPassMiniProgramOrder: ordered("miniPayRequest"), chinaums.OpBankAppOrder: ordered("appPayRequest"),

		chinaums.OpOrderQuery: (*Server).queryOrder, chinaums.OpWeChatQueryAppOrder: (*Server).queryOrder,
		chinaums.OpAlipayQueryMiniProgramOrder: (*Server).queryOrder,
		chinaums.OpOrderClose:                  (*Server).closeOrder, chinaums.OpWeChatCloseAppOrder: (*Server).closeOrder,
		chinaums.OpAlipayCloseMiniProgramOrder: (*Server).closeOrder,
		chinaums.OpOrderRefund:                 (*Server).refundOrder, chinaums.OpOrderQueryRefund: (*Server).queryRefund,
		chinaums.OpOrderConfirmSplit: (*Server).confirmSplit,
		chinaums.OpPreauthComplete:   (*Server).completeOrder, chinaums.OpPreauthCancel: (*Server).cancelOrder,
		chinaums.OpPreauthCancelCompletion: (*Server).cancelOrderCompletion,
		chinaums.OpEscrowComplete:          (*Server).completeGuarantee, chinaums.OpEscrowCancel: (*Server).cancelGuarantee,

		chinaums.OpCounterPayByCode: (*Server).counterPay, chinaums.OpCounterVoid: (*Server).counterVoid,
		chinaums.OpCounterRefund: (*Server).counterRefund, chinaums.OpCounterQuery: (*Server).counterQuery,
		chinaums.OpCounterQueryRefund: (*Server).counterQueryRefund, chinaums.OpCounterActivate: (*Server).counterActivate,
	}
}

// foreign are orders that package chinaums lacks: a program adds them by Do.
func foreign() map[string]string {
	return map[string]string{"qmf_order": "/v1/netpay/qmf/order", "applepay_order": "/v1/netpay/applepay/order"}
}

// head is what every answer of netpay begins with.
func (s *Server) head(q object) object {
	return object{
		"errCode": "SUCCESS", "errMsg": "", "responseTimestamp": s.stamp(), "mid": q["mid"], "tid": q["tid"],
		"msgId": q.text("msgId"), "srcReserve": q.text("srcReserve"),
	}
}

func (s *Server) noOrder() object { return s.refusal("NO_ORDER", "找不到请求的原始订单") }

func (s *Server) notAllowed() object {
	return s.refusal("OPERATION_NOT_ALLOWED", "当前不允许此操作")
}

func (s *Server) duplicate() object { return s.refusal("DUP_ORDER", "订单号重复") }

// refused is the answer to what the books do not allow; nil for what they do.
func (s *Server) refused(refusal testgateway.Refusal) object {
	switch refusal {
	case "":
		return nil
	case testgateway.Duplicate:
		return s.duplicate()
	case testgateway.NoOrder:
		return s.noOrder()
	}
	return s.notAllowed()
}

// bill is the bill that a request names, by its number or that of its payment.
func (s *Server) bill(q object) (testgateway.Movement, bool) {
	number := q.text("billNo")
	m, ok := s.find(number)
	if !ok && number != "" {
		m, ok = s.find(number[:len(number)-1])
	}
	n, _ := m.Note.(note)
	return m, ok && n.billNo == m.Number && n.billDate == q.text("billDate")
}

// about is the head of an answer about a bill.
func (s *Server) about(q object, m testgateway.Movement) object {
	n := m.Note.(note)
	a := s.head(q)
	a["instMid"], a["billNo"], a["billDate"] = q["instMid"], n.billNo, n.billDate
	a["billQRCode"], a["billStatus"], a["cardAttr"] = s.codeURL(n.code), billStatusOf(m), "DEBIT_CARD"
	return a
}

func (s *Server) codeURL(code string) string { return s.URL + codePath + "?id=" + code }

// payment is a movement as answers have it. Of a bill it is the bill's number and one digit more.
func payment(m testgateway.Movement) object {
	number := m.Number
	if m.Note.(note).billNo == number {
		number += "0"
	}
	day := m.Note.(note).billDate
	return object{
		"merOrderId": number, "billBizType": "bills", "paySeqId": "00315100000N",
		"totalAmount": m.Amount, "buyerPayAmount": m.Amount, "invoiceAmount": m.Amount, "discountAmount": 0,
		"payDetail": "银行卡支付", "payTime": day + " 10:12:41", "settleDate": day,
		"status": statusOf(m), "targetOrderId": "4200000061201802132292046794", "targetSys": "UnionPay",
	}
}

func (s *Server) createQR(q object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return s.refusal("NO_MERCHANT", "找不到请求指定的商户")
	}
	number, code := q.text("billNo"), q.text("qrCodeId")
	if number != "" {
		if s.open(number, q, true) != "" {
			return s.refusal("DUP_ORDER", "账单号重复")
		}
		m, _ := s.ledger.Find(number)
		code = m.Note.(note).code
	} else if code == "" {
		code = s.newCode()
	}
	s.codes[code] = q
	a := s.head(q)
	a["instMid"], a["billNo"], a["billDate"] = q["instMid"], number, q.text("billDate")
	a["qrCodeId"], a["billQRCode"], a["systemId"] = code, s.codeURL(code), q.text("systemId")
	return a
}

func (s *Server) updateQR(q object, fault cnpaytest.Fault) object {
	code := q.text("qrCodeId")
	old, ok := s.codes[code]
	if !ok || fault == cnpaytest.Refused {
		return s.noOrder()
	}
	if number := q.text("billNo"); number != "" && number != old.text("billNo") {
		if s.open(number, q, true) != "" {
			return s.refusal("DUP_ORDER", "账单号重复")
		}
		s.ledger.Close(old.text("billNo"))
	}
	s.codes[code] = q
	a := s.head(q)
	a["instMid"], a["billNo"], a["billDate"] = q["instMid"], q.text("billNo"), q.text("billDate")
	a["qrCodeId"], a["billQRCode"] = code, s.codeURL(code)
	return a
}

func (s *Server) closeQR(q object, fault cnpaytest.Fault) object {
	code, ok := s.codes[q.text("qrCodeId")]
	if !ok {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	number := code.text("billNo")
	if m, ok := s.find(number); ok {
		switch {
		case m.State == testgateway.Done && q.text("attachRefund") != "true":
			return s.notAllowed()
		case m.State == testgateway.Done:
			s.ledger.Reverse(number)
		default:
			s.ledger.Close(number) // one that is closed stays so
		}
	} else {
		code["closed"] = true
	}
	a := s.head(q)
	a["instMid"], a["qrCodeId"], a["billDate"] = q["instMid"], q["qrCodeId"], code.text("billDate")
	return a
}

func (s *Server) queryCode(q object, fault cnpaytest.Fault) object {
	code, ok := s.codes[q.text("qrCodeId")]
	if !ok || fault == cnpaytest.Refused {
		return s.noOrder()
	}
	a := s.head(q)
	for _, name := range [...]string{"instMid", "billNo", "billDate", "billDesc", "totalAmount", "goods", "memberId", "counterNo", "expireTime", "notifyUrl", "returnUrl"} {
		if v, ok := code[name]; ok {
			a[name] = v
		}
	}
	a["merName"], a["qrCodeUrl"], a["qrCodeId"] = "测试商户", s.codeURL(q.text("qrCodeId")), q["qrCodeId"]
	return a
}

func (s *Server) queryBill(q object, fault cnpaytest.Fault) object {
	m, ok := s.bill(q)
	if !ok || fault == cnpaytest.Refused {
		return s.noOrder()
	}
	a := s.about(q, m)
	a["createTime"], a["totalAmount"], a["merName"] = q.text("billDate")+" 09:44:21", m.Amount, "测试商户"
	if m.State == testgateway.Done || m.State == testgateway.Undone {
		a["billPayment"] = payment(m)
	}
	n := m.Note.(note)
	a["secureStatus"], a["completeAmount"] = n.secure, n.completed
	if refund, ok := s.ledger.Find(q.text("refundOrderId")); ok && refund.Kind == testgateway.Refund && refund.Original == m.Number {
		a["refundBillPayment"] = payment(refund)
	}
	if completion, ok := s.ledger.Find(q.text("authedOrderId")); ok && completion.Original == m.Number {
		a["authedBillPayment"] = payment(completion)
		if own := completion.Note.(note).bill; own != "" { // SetStatus by the completion's number
			a["billStatus"] = own
		}
	}
	return a
}

// refund gives money back, or answers with the refund that there is already under the number.
func (s *Server) refund(q object, original string) (testgateway.Movement, object) {
	number, amount := q.text("refundOrderId"), q.number("refundAmount")
	if old, ok := s.ledger.Find(number); ok {
		if old.Kind == testgateway.Refund && old.Original == original && old.Amount == amount {
			return old, nil
		}
		return old, s.duplicate()
	}
	n, _ := s.ledger.Find(original)
	own, _ := n.Note.(note)
	own.request, own.notifyID, own.billNo, own.status, own.bill = q, s.newID(), "", "", ""
	m, refusal := s.ledger.Refund(number, original, amount, own)
	return m, s.refused(refusal)
}

// refundStatus is the state of a refund (退款状态).
func refundStatus(m testgateway.Movement, fault cnpaytest.Fault) string {
	switch {
	case fault == Accepted || statusOf(m) == "WAIT_BUYER_PAY":
		return "PROCESSING"
	case statusOf(m) == "TRADE_CLOSED":
		return "FAIL"
	case statusOf(m) == "UNKNOWN":
		return "UNKNOWN"
	}
	return "SUCCESS"
}

func (s *Server) refundBill(q object, fault cnpaytest.Fault) object {
	m, ok := s.bill(q)
	if !ok {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	refund, refusal := s.refund(q, m.Number)
	if refusal != nil {
		return refusal
	}
	m, _ = s.ledger.Find(m.Number)
	a := s.about(q, m)
	a["merOrderId"], a["refundOrderId"], a["refundAmount"] = m.Number+"0", refund.Number, refund.Amount
	a["refundStatus"], a["refundPayTime"], a["refundTargetOrderId"] = refundStatus(refund, fault), s.stamp(), "2026090222001400000000000002"
	a["refundInvoiceAmount"] = refund.Amount
	return a
}

func (s *Server) completeBill(q object, fault cnpaytest.Fault) object {
	m, ok := s.bill(q)
	if !ok || q.text("authIdRespCd") != authorisation {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	n := m.Note.(note)
	n.status, n.bill = "", ""
	completion, refusal := s.ledger.Complete(q.text("authedOrderId"), m.Number, q.number("totalAmount"), 0, n)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	a := s.about(q, m)
	a["authedOrderId"], a["authIdRespCd"] = completion.Number, authorisation
	p := payment(completion)
	if fault == Accepted {
		p["status"] = ""
	}
	a["authedBillPayment"] = p
	return a
}

func (s *Server) cancelBill(q object, fault cnpaytest.Fault) object {
	m, ok := s.bill(q)
	number := q.text("merOrderId") + q.text("cancelOrderId")
	if !ok || q.text("authIdRespCd") != authorisation || number != m.Number+"0" {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	_, refusal := s.ledger.Undo(testgateway.Cancel, "cancel "+number, m.Number, 0, m.Note)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	m, _ = s.ledger.Find(m.Number)
	a := s.about(q, m)
	p := payment(m)
	if fault == Accepted {
		p["status"] = ""
	}
	if q.text("cancelOrderId") != "" { // as the PDF of 2020 has it
		a["cancelOrderId"], a["cancelBillPayment"] = number, p
		return a
	}
	a["billPayment"] = p
	return a
}

func (s *Server) cancelBillCompletion(q object, fault cnpaytest.Fault) object {
	bill, ok := s.bill(q)
	m, found := s.ledger.Find(q.text("merOrderId"))
	if !ok || !found || m.Original != bill.Number || q.text("authIdRespCd") != authorisation {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused || statusOf(m) != "TRADE_SUCCESS" {
		return s.notAllowed()
	}
	_, refusal := s.ledger.Undo(testgateway.Undo, "undo "+m.Number, m.Number, 0, m.Note)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	m, _ = s.ledger.Find(m.Number)
	a := s.about(q, bill)
	p := payment(m)
	if fault == Accepted {
		p["status"] = ""
	}
	a["billPayment"] = p
	return a
}
