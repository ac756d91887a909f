package upaytest

import (
	"strconv"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/upay"
)

// note is what the gateway keeps of an order besides its money.
type note struct {
	sn      string
	status  string // where it is not what the money says
	refund  string // the number of the last refund
	request object // what made the order
}

// AddOrder makes an order that was paid just now, of amount fen, and returns Upay's number for it.
func (s *Server) AddOrder(clientSN string, amount int64) (sn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := note{sn: s.number(), request: object{}}
	s.ledger.Pay(testgateway.Payment, clientSN, amount, n)
	return n.sn
}

// SetStatus puts an order into another state (订单状态): [upay.OrderStatusRefunded], [upay.OrderStatusCreated] for one that is
// not paid yet, [upay.OrderStatusPayError], or [upay.OrderStatusCanceled] or [upay.OrderStatusPaid] to end a revoke that was
// Pending.
func (s *Server) SetStatus(sn, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setStatus(sn, status)
}

func (s *Server) setStatus(sn, status string) {
	m, ok := s.find(object{"sn": sn})
	if !ok {
		return
	}
	m.State = map[string]testgateway.State{
		"CREATED": testgateway.Waiting, "CANCELED": testgateway.Undone, "PAY_CANCELED": testgateway.Closed, "PAY_ERROR": testgateway.Waiting,
	}[status]
	if m.State == "" {
		m.State = testgateway.Done
	}
	m.Given = map[string]int64{"REFUNDED": m.Amount, "PARTIAL_REFUNDED": m.Amount / 2}[status]
	s.note(m, func(n *note) { n.status = status })
}

func (s *Server) note(m testgateway.Movement, change func(*note)) {
	n := m.Note.(note)
	change(&n)
	m.Note = n
	s.ledger.Put(m)
}

// Pay is what the payer does: the order of that number is paid. It reports whether there was one to pay.
func (s *Server) Pay(clientSN string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refusal := s.ledger.Paid(clientSN)
	return refusal == ""
}

// Expire ends an order that nobody has paid (PAY_CANCELED).
func (s *Server) Expire(clientSN string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refusal := s.ledger.Close(clientSN)
	return refusal == ""
}

// FinishRefund ends a refund that was Pending.
func (s *Server) FinishRefund(clientSN, refundRequestNo string, succeeded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.ledger.Find(clientSN + "-" + refundRequestNo)
	order, _ := s.ledger.Find(clientSN)
	if !ok || m.State != testgateway.Waiting {
		return
	}
	m.State = testgateway.Closed
	if succeeded {
		m.State = testgateway.Done
		order.Given += m.Amount
	}
	s.ledger.Put(m)
	s.note(order, func(n *note) { n.status = "" })
}

// find is the order that a request names. Where both numbers are given, Upay uses sn alone.
func (s *Server) find(request object) (testgateway.Movement, bool) {
	if sn := request.text("sn"); sn != "" {
		for _, m := range s.ledger.All() {
			if n, ok := m.Note.(note); ok && n.sn == sn && m.Kind == testgateway.Payment {
				return m, true
			}
		}
		return testgateway.Movement{}, false
	}
	m, ok := s.ledger.Find(request.text("client_sn"))
	return m, ok && m.Kind == testgateway.Payment
}

// status is the state of an order in Upay's words (订单状态).
func status(m testgateway.Movement) string {
	n := m.Note.(note)
	switch {
	case n.status != "" && !(n.status == "CREATED" && m.State != testgateway.Waiting):
		return n.status
	case m.State == testgateway.Waiting:
		return "CREATED"
	case m.State == testgateway.Closed:
		return "PAY_CANCELED"
	case m.State == testgateway.Undone:
		return "CANCELED"
	case m.Given == 0:
		return "PAID"
	case m.Given < m.Amount:
		return "PARTIAL_REFUNDED"
	}
	return "REFUNDED"
}

// amount is a number that travels as text.
func (o object) amount(name string) int64 {
	n, err := strconv.ParseInt(o.text(name), 10, 64)
	if err != nil || n <= 0 {
		return 0
	}
	return n
}

// open adds an order, paid or to be paid.
func (s *Server) open(request object, paid bool) (answer object) {
	amount := request.amount("total_amount")
	if amount == 0 {
		return refusal("INVALID_PARAMS", "total_amount错误")
	}
	n := note{sn: s.number(), request: request}
	var why testgateway.Refusal
	if paid {
		_, why = s.ledger.Pay(testgateway.Payment, request.text("client_sn"), amount, n)
	} else {
		_, why = s.ledger.Open(testgateway.Payment, request.text("client_sn"), amount, n)
	}
	if why != "" {
		return fail("CLIENT_SN_CONFLICT", "商户订单号重复")
	}
	return nil
}

func (s *Server) pay(request object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return accepted(object{"result_code": "PAY_FAIL", "error_code": "EXPIRED_BARCODE", "error_message": "过期的支付条码"})
	}
	request["sub_payway"] = upay.SubPaywayBarCode
	if refused := s.open(request, fault != Pending); refused != nil {
		return refused
	}
	if fault == Pending {
		return s.about(request, "PAY_IN_PROGRESS", fault)
	}
	return s.about(request, "PAY_SUCCESS", fault)
}

// depositFreeze is no part of package upay: it is there for tests of upay.Do. Its request is what one program sends
// (shouqianba/ShouYin); no document has its answer and its states, so those of this gateway are its own.
func depositFreeze() testgateway.Operation {
	return testgateway.Operation{
		ID: "deposit_freeze", Method: "POST", Path: "/upay/v2/deposit/freeze",
		Mandatory: []string{"terminal_sn", "client_sn", "total_amount", "dynamic_id", "subject", "operator"},
	}
}

func (s *Server) freezeDeposit(request object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return fail("INVALID_BARCODE", "支付条码无效")
	}
	if refused := s.open(request, true); refused != nil {
		return refused
	}
	m, _ := s.find(request)
	s.note(m, func(n *note) { n.status = "DEPOSIT_FREEZED" })
	return s.about(request, "DEPOSIT_FREEZE_SUCCESS", fault)
}

func (s *Server) precreate(request object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return accepted(object{"result_code": "PRECREATE_FAIL", "error_code": "UNEXPECTED_PROVIDER_ERROR", "error_message": "不认识的支付通道"})
	}
	if request.text("sub_payway") == "" {
		request["sub_payway"] = upay.SubPaywayQR
	}
	if refused := s.open(request, false); refused != nil {
		return refused
	}
	answer := s.about(request, "PRECREATE_SUCCESS", fault)
	m, _ := s.find(request)
	data := answer["biz_response"].(object)["data"].(object)
	if request.text("sub_payway") == upay.SubPaywayQR {
		data["qr_code"] = s.URL + "/pay/" + m.Note.(note).sn
	} else {
		data["wap_pay_request"] = `{"package":"prepay_id=wx` + m.Note.(note).sn + `"}`
	}
	return answer
}

// revoke is of revokes and cancels: what they do is the same.
func (s *Server) revoke(request object, fault cnpaytest.Fault) object {
	m, ok := s.find(request)
	n, _ := m.Note.(note)
	switch {
	case !ok:
		return fail("UPAY_ORDER_NOT_EXISTS", "订单不存在")
	case fault == cnpaytest.Refused:
		return fail("UPAY_TCP_ORDER_NOT_REFUNDABLE", "订单"+n.sn+"参与了活动并且无法撤销")
	case status(m) == "CANCELED", status(m) == "PAY_CANCELED":
		return fail("UPAY_CANCEL_ORDER_NOOP", "订单已撤销")
	case status(m) == "CREATED", status(m) == "PAY_ERROR":
		s.setStatus(n.sn, "PAY_CANCELED")
		return s.about(request, "CANCEL_ABORT_SUCCESS", fault)
	case status(m) != "PAID":
		return fail("UPAY_CANCEL_INVALID_ORDER_STATE", "订单"+n.sn+"状态是"+status(m)+"，无法撤销")
	case fault == Pending:
		s.setStatus(n.sn, "CANCEL_INPROGRESS")
		return s.about(request, "CANCEL_IN_PROGRESS", fault)
	}
	s.setStatus(n.sn, "CANCELED")
	return s.about(request, "CANCEL_SUCCESS", fault)
}

func (s *Server) refund(request object, fault cnpaytest.Fault) object {
	order, ok := s.find(request)
	number, amount := request.text("refund_request_no"), request.amount("refund_amount")
	tsn := order.Number + "-" + number
	before, again := s.ledger.Find(tsn)
	switch {
	case amount == 0 || len(number) > 31:
		return refusal("INVALID_PARAMS", "refund_request_no退款序列号必填,不可超过31字符")
	case !ok:
		return fail("UPAY_ORDER_NOT_EXISTS", "订单不存在")
	case fault == cnpaytest.Refused:
		return fail("UPAY_REFUND_INVALID_ORDER_STATE", "订单状态不允许退款")
	case again && before.Amount != amount:
		return fail("REFUND_REQUEST_CONFLICT", "退款序列号重复")
	case again && before.State == testgateway.Waiting:
		return s.aboutRefund(request, "REFUND_IN_PROGRESS", fault)
	case again:
		return fail("UPAY_REFUND_ORDER_NOOP", "退款已完成")
	case status(order) != "PAID" && status(order) != "PARTIAL_REFUNDED":
		return fail("UPAY_REFUND_INVALID_ORDER_STATE", "订单状态是"+status(order))
	case amount > order.Left():
		return fail("REFUNDABLE_AMOUNT_NOT_ENOUGH", "可退金额不足")
	case fault == Pending:
		s.ledger.Put(testgateway.Movement{Number: tsn, Kind: testgateway.Refund, State: testgateway.Waiting, Amount: amount, Original: order.Number})
		s.note(order, func(n *note) { n.status, n.refund = "REFUND_INPROGRESS", number })
		return s.aboutRefund(request, "REFUND_IN_PROGRESS", fault)
	}
	s.ledger.Refund(tsn, order.Number, amount, nil)
	order, _ = s.find(request)
	s.note(order, func(n *note) { n.status, n.refund = "", number })
	return s.aboutRefund(request, "REFUND_SUCCESS", fault)
}

func (s *Server) query(request object, fault cnpaytest.Fault) object {
	if _, ok := s.find(request); !ok || fault == cnpaytest.Refused {
		return fail("UPAY_ORDER_NOT_EXISTS", "订单不存在")
	}
	if request.text("refund_request_no") != "" {
		return s.aboutRefund(request, "SUCCESS", fault)
	}
	return s.about(request, "SUCCESS", fault)
}

// about is an answer with the order as it is now.
func (s *Server) about(request object, code string, fault cnpaytest.Fault) object {
	m, _ := s.find(request)
	data := s.order(m)
	switch fault {
	case cnpaytest.OtherAnswer:
		data["sn"], data["client_sn"] = "7892259499999999", "other-"+m.Number
		data["client_tsn"] = data["client_sn"]
	case cnpaytest.UnknownCode:
		code = "CANCEL_PERHAPS"
	}
	return accepted(object{"result_code": code, "data": data})
}

// aboutRefund is an answer with the order, whose transaction is one of its refunds if there is such a refund.
func (s *Server) aboutRefund(request object, code string, fault cnpaytest.Fault) object {
	answer := s.about(request, code, fault)
	m, _ := s.find(request)
	data := answer["biz_response"].(object)["data"].(object)
	if refund, ok := s.ledger.Find(m.Number + "-" + request.text("refund_request_no")); ok {
		data["client_tsn"] = data["client_sn"].(string) + "-" + request.text("refund_request_no")
		data["status"] = map[testgateway.State]string{testgateway.Waiting: "IN_PROG", testgateway.Closed: "FAIL_CANCELED"}[refund.State]
		if data["status"] == "" {
			data["status"] = "SUCCESS"
		}
	}
	return answer
}

// order is an order as answers and notifications have it.
func (s *Server) order(m testgateway.Movement) object {
	n := m.Note.(note)
	finished := strconv.FormatInt(s.now().UnixMilli(), 10)
	transaction, net, tsn := "SUCCESS", m.Left(), m.Number
	if n.refund != "" {
		tsn += "-" + n.refund
	}
	switch status(m) {
	case "CREATED", "CANCEL_INPROGRESS":
		transaction, net, finished = "IN_PROG", m.Amount, ""
	case "REFUND_INPROGRESS":
		transaction = "IN_PROG"
	case "PAY_CANCELED":
		transaction = "FAIL_CANCELED"
	case "PAY_ERROR":
		transaction, net = "ERROR_RECOVERY", m.Amount
	}
	or := func(name, otherwise string) string {
		if text := n.request.text(name); text != "" {
			return text
		}
		return otherwise
	}
	data := object{
		"terminal_sn": s.config.TerminalSN, "sn": n.sn, "client_sn": m.Number, "client_tsn": tsn,
		"trade_no": "2013112011001004330000121536", "status": transaction, "order_status": status(m),
		"payway": or("payway", "3"), "payway_name": "微信", "sub_payway": or("sub_payway", "1"),
		"total_amount": strconv.FormatInt(m.Amount, 10), "net_amount": strconv.FormatInt(net, 10),
		"subject": or("subject", "Pizza"), "operator": or("operator", "Peter"), "finish_time": finished, "channel_finish_time": finished,
	}
	if reflect := n.request.text("reflect"); reflect != "" {
		data["reflect"] = reflect
	}
	return data
}
