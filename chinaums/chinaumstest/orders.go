package chinaumstest

import (
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// ordered is the row of an order that answers with something for the payer's client.
func ordered(forClient string) row {
	return func(s *Server, q object, fault cnpaytest.Fault) object {
		number := q.text("merOrderId")
		if fault == cnpaytest.Refused {
			return s.refusal("NO_MERCHANT", "找不到请求指定的商户")
		}
		switch why := s.open(number, q, false); why {
		case "":
		case string(testgateway.Duplicate):
			return s.duplicate()
		default:
			return s.refusal("BAD_REQUEST", "请求报文有错: "+why)
		}
		m, _ := s.ledger.Find(number)
		a := s.orderOf(q, m)
		a["targetOrderId"] = "2026090122001400000000000001"
		name := forClient
		switch {
		case name == "jsPayRequest" && q.text("tradeType") == "MINI":
			name = "miniPayRequest"
		case name == "jsPayRequest" && q.text("tradeType") == "APP":
			name = "appPayRequest"
		}
		switch name {
		case "jsPayRequest":
			a[name] = object{
				"appId": "wx0000000000000001", "timeStamp": "1788224401", "nonceStr": "179c0ef8115e401ab74b8e153d194aeb",
				"package": "prepay_id=wx01090000000000000000000000000000", "signType": "RSA", "paySign": "ZXhhbXBsZQ==",
			}
		case "miniPayRequest":
			a[name] = object{
				"appid": "wx0000000000000001", "partnerid": "100000001", "prepayid": "wx01090000000000000000000000000000",
				"noncestr": "MquuMZwYnACubCaXSqrTrxKkpINYtRPt", "timestamp": "20260901090001", "package": "Sign=WXPay",
				"sign": "8C4B63127BE65757C41369D21EB211B8",
			}
			a["prepayId"] = "wx01090000000000000000000000000000"
		case "appPayRequest":
			a[name] = object{"qrCode": s.URL + cashierPath + "?order=" + number}
			a["prepayId"] = "wx01090000000000000000000000000000"
		case "redirectUrl":
			a[name] = s.URL + cashierPath + "?order=" + number
		}
		return a
	}
}

// orderOf is what answers say of an order.
func (s *Server) orderOf(q object, m testgateway.Movement) object {
	a := s.head(q)
	a["merName"], a["merOrderId"], a["seqId"], a["settleRefId"] = "测试商户", m.Number, "00449400036N", "00449400036N"
	a["status"], a["totalAmount"], a["targetSys"], a["targetMid"] = statusOf(m), m.Amount, "WXPay", "100000001"
	a["targetStatus"], a["connectSys"] = "SUCCESS|SUCCESS", "UNIONPAY"
	return a
}

func (s *Server) queryOrder(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("merOrderId"))
	if !ok || fault == cnpaytest.Refused || m.Note.(note).billNo != "" {
		return s.noOrder()
	}
	n := m.Note.(note)
	a := s.orderOf(q, m)
	a["instMid"], a["attachedData"] = q["instMid"], n.request.text("attachedData")
	a["secureStatus"], a["completeAmount"] = n.secure, n.completed
	if m.State == testgateway.Done {
		a["buyerId"], a["buyerPayAmount"], a["invoiceAmount"], a["couponAmount"] = "2088000000000001", m.Amount, m.Amount, 0
		a["payTime"], a["settleDate"] = s.at(n), s.at(n)[:len("2006-01-02")]
		if m.Kind == testgateway.Hold {
			a["authIdRespCd"] = authorisation
		}
	}
	return a
}

func (s *Server) closeOrder(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("merOrderId"))
	if !ok {
		return s.noOrder()
	}
	if m.State == testgateway.Done || fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	if m.State == testgateway.Waiting {
		m, _ = s.ledger.Close(m.Number)
	}
	a := s.orderOf(q, m)
	a["instMid"] = q["instMid"]
	if fault == Accepted {
		a["status"] = "WAIT_BUYER_PAY"
	}
	return a
}

func (s *Server) refundOrder(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("merOrderId"))
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
	a := s.orderOf(q, m)
	a["instMid"], a["refundOrderId"], a["refundAmount"] = q["instMid"], refund.Number, refund.Amount
	a["refundStatus"], a["refundInvoiceAmount"], a["refundTargetOrderId"] = refundStatus(refund, fault), refund.Amount, "2026090222001400000000000002"
	return a
}

func (s *Server) queryRefund(q object, fault cnpaytest.Fault) object {
	refund, ok := s.ledger.Find(q.text("merOrderId"))
	if !ok || refund.Kind != testgateway.Refund || fault == cnpaytest.Refused {
		return s.noOrder()
	}
	a := s.orderOf(q, refund)
	a["merOrderId"], a["refundOrderId"], a["refundStatus"] = refund.Original, refund.Number, refundStatus(refund, "")
	a["payTime"], a["settleDate"], a["sendBackAmount"], a["refundInvoiceAmount"] = s.stamp(), s.stamp()[:len("2006-01-02")], refund.Amount, refund.Amount
	return a
}

func (s *Server) confirmSplit(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("merOrderId"))
	if !ok {
		return s.noOrder()
	}
	a := s.head(q)
	a["merOrderId"], a["asynDivisionStatus"], a["asynDivisionMsg"] = m.Number, "success", ""
	if fault == cnpaytest.Refused {
		a["errCode"], a["asynDivisionStatus"], a["asynDivisionMsg"] = "OPERATION_NOT_ALLOWED", "fail", "当前不允许此操作"
	}
	return a
}

// preauthOf is what answers say in the family that has other names for everything.
func (s *Server) preauthOf(q object, m testgateway.Movement, secure string, fault cnpaytest.Fault) object {
	a := object{
		"errCode": "SUCCESS", "respTs": s.stamp(), "mchntNo": q["mchntNo"], "termNo": q["termNo"], "bizType": q["bizType"],
		"msgId": q.text("msgId"), "srcReserve": q.text("srcReserve"), "mchntOrderId": m.Number, "status": statusOf(m),
		"secureStatus": secure, "totalAmt": m.Amount, "platSsn": "00340500356N", "targetSys": "UnionPay", "mchntName": "测试商户",
		"payTs": s.stamp(), "stlDate": s.stamp()[:len("2006-01-02")], "invoiceAmt": "0",
	}
	if fault == Accepted {
		a["status"], a["secureStatus"] = "", ""
	}
	return a
}

// secure sets what a guaranteed or pre-authorised order shows of itself.
func (s *Server) secure(number, state string, completed int64) {
	if m, ok := s.ledger.Find(number); ok {
		n := m.Note.(note)
		n.secure, n.completed = state, completed
		m.Note = n
		s.ledger.Put(m)
	}
}

func (s *Server) completeOrder(q object, fault cnpaytest.Fault) object {
	hold, ok := s.find(q.text("preauthOrderId"))
	if !ok || q.text("authIdRespCode") != authorisation {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	n := hold.Note.(note)
	n.secure, n.notifyID = "", s.newID()
	m, refusal := s.ledger.Complete(q.text("mchntOrderId"), hold.Number, q.number("totalAmt"), 0, n)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	state := "ALL_COMPLETED"
	if m.Amount < hold.Amount {
		state = "PARTLY_COMPLETED"
	}
	s.secure(hold.Number, state, m.Amount)
	return s.preauthOf(q, m, state, fault)
}

func (s *Server) cancelOrder(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("mchntOrderId"))
	if !ok || q.text("authIdRespCode") != authorisation {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	_, refusal := s.ledger.Undo(testgateway.Cancel, "cancel "+m.Number, m.Number, 0, m.Note)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	s.secure(m.Number, "CANCELED", 0)
	m, _ = s.ledger.Find(m.Number)
	return s.preauthOf(q, m, "CANCELED", fault)
}

func (s *Server) cancelOrderCompletion(q object, fault cnpaytest.Fault) object {
	m, ok := s.find(q.text("mchntOrderId"))
	if !ok || q.text("authIdRespCode") != authorisation {
		return s.noOrder()
	}
	if fault == cnpaytest.Refused {
		return s.notAllowed()
	}
	_, refusal := s.ledger.Undo(testgateway.Undo, "undo "+m.Number, m.Number, 0, m.Note)
	if answer := s.refused(refusal); answer != nil {
		return answer
	}
	s.secure(m.Original, "UNCOMPLETED", 0)
	m, _ = s.ledger.Find(m.Number)
	return s.preauthOf(q, m, "", fault)
}

// guaranteed is the order or, by the number of its payment, the bill that a request is about.
func (s *Server) guaranteed(q object) (testgateway.Movement, bool) {
	number := q.text("merOrderId")
	m, ok := s.find(number)
	if !ok && number != "" {
		m, ok = s.find(number[:len(number)-1])
	}
	return m, ok && m.Kind == testgateway.Hold
}

func (s *Server) completeGuarantee(q object, fault cnpaytest.Fault) object {
	m, ok := s.guaranteed(q)
	amount := q.number("completedAmount")
	switch {
	case !ok:
		return s.noOrder()
	case fault == cnpaytest.Refused, amount > m.Amount, m.State != testgateway.Done, m.Taken > 0:
		return s.notAllowed()
	}
	m.Taken = amount
	s.ledger.Put(m)
	state := "ALL_COMPLETED"
	if amount < m.Amount {
		state = "PARTLY_COMPLETED"
	}
	s.secure(m.Number, state, amount)
	return s.guaranteeOf(q, m, state, amount, fault)
}

func (s *Server) cancelGuarantee(q object, fault cnpaytest.Fault) object {
	m, ok := s.guaranteed(q)
	switch {
	case !ok:
		return s.noOrder()
	case m.Note.(note).secure == "CANCELED":
		return s.refusal("HAS_CANCELLED", "该笔担保交易已撤销")
	case fault == cnpaytest.Refused, m.State != testgateway.Done, m.Taken > 0:
		return s.notAllowed()
	}
	m, _ = s.ledger.Reverse(m.Number)
	s.secure(m.Number, "CANCELED", 0)
	return s.guaranteeOf(q, m, "CANCELED", 0, fault)
}

func (s *Server) guaranteeOf(q object, m testgateway.Movement, state string, completed int64, fault cnpaytest.Fault) object {
	a := s.orderOf(q, m)
	a["merOrderId"], a["secureStatus"], a["completedAmount"], a["cardAttr"] = q["merOrderId"], state, completed, "BALANCE"
	if fault == Accepted {
		a["secureStatus"] = ""
	}
	return a
}
