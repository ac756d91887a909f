package spaytest

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

// row is how one operation is carried out: what it does to the books, and what it answers.
type row func(s *Server, request fields, fault cnpaytest.Fault) fields

func rows() map[string]row {
	return map[string]row{
		spay.OpOrderCreateQR:         (*Server).createQR,
		spay.OpOrderCreateQRPage:     (*Server).createQR,
		spay.OpOrderPayByCode:        (*Server).payByCode,
		spay.OpOrderMiniProgramOrder: (*Server).miniProgramOrder,
		spay.OpOrderAppOrder:         (*Server).order,
		spay.OpOrderQuery:            (*Server).query,
		spay.OpOrderQueryHistory:     (*Server).queryHistory,
		spay.OpOrderCancel:           (*Server).cancel,
		spay.OpOrderRefund:           (*Server).refund,
		spay.OpOrderQueryRefund:      (*Server).queryRefund,
		spay.OpQuickPayApply:         (*Server).apply,
		spay.OpQuickPaySendSMS:       (*Server).sendSMS,
		spay.OpQuickPayConfirm:       (*Server).confirm,
		spay.OpPreauthCreate:         (*Server).hold,
		spay.OpPreauthComplete:       (*Server).complete,
		spay.OpPreauthCancel:         (*Server).cancelHold,
		spay.OpPreauthQuery:          (*Server).queryHold,
		spay.OpPreauthRefund:         (*Server).refundHold,
		spay.OpFileDownload:          (*Server).download,
	}
}

// code is what UMPay answers where the books refuse.
func code(r testgateway.Refusal) fields {
	switch r {
	case testgateway.Duplicate:
		return refusal("00060780", "订单已支付成功,无须再次支付")
	case testgateway.NoOrder:
		return refusal("00060760", "支付不存在")
	case testgateway.WrongAmount:
		return refusal("00200092", "撤销金额与支付金额不一致")
	case testgateway.TooMuch:
		return refusal("00060774", "累计退款金额大于支付金额")
	}
	return refusal("00200091", "不允许撤销")
}

// state is the state of an order in UMPay's words.
func (s *Server) state(m testgateway.Movement) string {
	n, _ := m.Note.(note)
	switch {
	case n.state != "":
		return n.state
	case m.State == testgateway.Waiting:
		minutes, err := strconv.ParseInt(n.request["expire_time"], 10, 64)
		if err != nil {
			minutes = 1440
		}
		if s.now().After(m.At.Add(time.Duration(minutes) * time.Minute)) {
			return spay.TradeClose
		}
		return spay.WaitBuyerPay
	case m.State == testgateway.Undone:
		return spay.TradeCancel
	case m.State == testgateway.Closed:
		return spay.TradeClose
	}
	return spay.TradeSuccess
}

// about is an answer that names the order.
func (s *Server) about(m testgateway.Movement) fields {
	n := m.Note.(note)
	return fields{
		"order_id": n.request["order_id"], "mer_date": n.request["mer_date"], "trade_no": n.tradeNo, "trade_state": s.state(m),
	}
}

// open makes an order that somebody pays later. The same order again is the same order.
func (s *Server) open(request fields) (testgateway.Movement, fields) {
	if request["mer_date"] != s.today() {
		return testgateway.Movement{}, refusal("00240402", "mer_date字段校验未通过")
	}
	amount, _ := strconv.ParseInt(request["amount"], 10, 64)
	n := note{request: request, tradeNo: s.tradeNo()}
	m, refused := s.ledger.Open(testgateway.Payment, key(request), amount, n)
	if refused == "" {
		return m, nil
	}
	m, _ = s.ledger.Find(key(request))
	if m.State != testgateway.Waiting || m.Amount != amount {
		return m, code(refused)
	}
	return m, nil
}

func (s *Server) order(request fields, _ cnpaytest.Fault) fields {
	m, refused := s.open(request)
	if refused != nil {
		return refused
	}
	return s.about(m)
}

func (s *Server) createQR(request fields, fault cnpaytest.Fault) fields {
	answer := s.order(request, fault)
	if answer["trade_no"] != "" {
		answer["bank_payurl"] = base64.StdEncoding.EncodeToString([]byte(s.URL + cashierPath + "?trade_no=" + answer["trade_no"]))
	}
	return answer
}

func (s *Server) miniProgramOrder(request fields, fault cnpaytest.Fault) fields {
	answer := s.order(request, fault)
	if answer["trade_no"] == "" {
		return answer
	}
	return fields{
		"time_stamp": strconv.FormatInt(s.now().Unix(), 10), "nonce_str": "abc", "package": "prepay_id=wx" + answer["trade_no"],
		"weixin_sign_type": "RSA", "pay_sign": "ZXhhbXBsZQ==", "trade_no": answer["trade_no"],
	}
}

func (s *Server) apply(request fields, fault cnpaytest.Fault) fields {
	answer := s.order(request, fault)
	if answer["trade_no"] != "" {
		answer["payElements"] = ",card_id,identity_type,card_holder,identity_code"
	}
	return answer
}

// take makes an order that is paid, or held, at once.
func (s *Server) take(kind testgateway.Kind, request fields, fault cnpaytest.Fault) fields {
	if request["mer_date"] != s.today() {
		return refusal("00240402", "mer_date字段校验未通过")
	}
	amount, _ := strconv.ParseInt(request["amount"], 10, 64)
	n := note{request: request, tradeNo: s.tradeNo(), paid: s.now()}
	act := s.ledger.Pay
	if fault == Pending {
		act = s.ledger.Open
	}
	m, refused := act(kind, key(request), amount, n)
	if refused != "" {
		return code(refused)
	}
	return s.about(m)
}

func (s *Server) payByCode(request fields, fault cnpaytest.Fault) fields {
	return s.take(testgateway.Payment, request, fault)
}

func (s *Server) hold(request fields, fault cnpaytest.Fault) fields {
	return s.take(testgateway.Hold, request, fault)
}

func (s *Server) query(request fields, _ cnpaytest.Fault) fields {
	return s.show(request, request["mer_date"] == s.today())
}

func (s *Server) queryHistory(request fields, _ cnpaytest.Fault) fields {
	return s.show(request, request["mer_date"] < s.today())
}

// show answers a query, which sees the order or does not.
func (s *Server) show(request fields, seen bool) fields {
	m, ok := s.ledger.Find(key(request))
	if request["order_id"] == "" {
		m, ok = s.byTradeNo(request["trade_no"])
	}
	if !seen || !ok || m.Kind != testgateway.Payment {
		return refusal("00200081", "查询交易记录不存在")
	}
	n := m.Note.(note)
	answer := s.about(m)
	for name, value := range map[string]string{
		"amount": strconv.FormatInt(m.Amount, 10), "amt_type": "RMB", "media_id": n.request["media_id"],
		"media_type": cmp.Or(n.request["media_type"], "MOBILE"), "pay_date": "", "pay_type": n.request["pay_type"], "pay_seq": "",
		"product_id": "P15Y0025", "settle_date": "", "refund_amt": strconv.FormatInt(m.Given, 10), "orig_retcode": "", "orig_retmsg": "",
	} {
		answer[name] = value
	}
	for _, name := range []string{"mer_priv", "goods_id"} {
		if n.request[name] != "" {
			answer[name] = n.request[name]
		}
	}
	if m.State == testgateway.Done {
		day := spay.MerDate(n.paid)
		answer["pay_date"], answer["settle_date"], answer["pay_seq"] = day, day, "WEBANK"+n.tradeNo
	}
	return answer
}

// cancel cancels an order of today, paid or not. Cancelled is cancelled.
func (s *Server) cancel(request fields, _ cnpaytest.Fault) fields {
	m, ok := s.ledger.Find(key(request))
	switch {
	case !ok || m.Kind != testgateway.Payment:
		return code(testgateway.NoOrder)
	case request["mer_date"] != s.today() || m.Given > 0:
		return code(testgateway.WrongState)
	case request["amount"] != strconv.FormatInt(m.Amount, 10):
		return code(testgateway.WrongAmount)
	}
	switch s.state(m) {
	case spay.TradeSuccess, spay.WaitBuyerPay, spay.TradeCancel:
		m.State = testgateway.Undone
		s.ledger.Put(m)
	default:
		return code(testgateway.WrongState)
	}
	answer := s.about(m)
	answer["amount"] = request["amount"]
	return answer
}

func (s *Server) refund(request fields, fault cnpaytest.Fault) fields {
	m, ok := s.ledger.Find(key(request))
	switch {
	case !ok || m.Kind != testgateway.Payment || s.state(m) != spay.TradeSuccess:
		return code(testgateway.NoOrder)
	case request["org_amount"] != strconv.FormatInt(m.Amount, 10):
		return refusal("00060768", "退款金额与支付金额不一致")
	}
	refusedBy := s.giveBack(request, m.Number, fault)
	if refusedBy != nil {
		return refusedBy
	}
	answer := s.queryRefund(request, fault)
	answer["amount"], answer["trade_no"] = strconv.FormatInt(m.Amount, 10), m.Note.(note).tradeNo
	return answer
}

// giveBack is a refund in the books. The same refund again is the same refund.
func (s *Server) giveBack(request fields, original string, fault cnpaytest.Fault) fields {
	amount, _ := strconv.ParseInt(cmp.Or(request["refund_amount"], request["org_amount"]), 10, 64)
	n := note{request: request, state: spay.RefundSuccess}
	if fault == Pending {
		n.state = spay.RefundProcess
	}
	_, refused := s.ledger.Refund(request["refund_no"], original, amount, n)
	if refused == testgateway.Duplicate {
		if m, _ := s.ledger.Find(request["refund_no"]); m.Original != original || m.Amount != amount {
			return refusal("00060766", "不允许退款")
		}
		return nil
	}
	if refused != "" {
		return code(refused)
	}
	return nil
}

func (s *Server) queryRefund(request fields, _ cnpaytest.Fault) fields {
	m, ok := s.ledger.Find(request["refund_no"])
	if !ok || m.Kind != testgateway.Refund {
		return refusal("00060778", "退款记录不存在")
	}
	n := m.Note.(note)
	return fields{
		"refund_no": m.Number, "order_id": n.request["order_id"], "mer_date": n.request["mer_date"],
		"refund_amt": strconv.FormatInt(m.Amount, 10), "refund_state": n.state,
	}
}

// SMSCode is the code that every text message has.
const SMSCode = "123456"

func (s *Server) sendSMS(request fields, _ cnpaytest.Fault) fields {
	m, ok := s.byTradeNo(request["trade_no"])
	if !ok || s.state(m) != spay.WaitBuyerPay {
		return refusal("00200078", "支付订单不存在")
	}
	n := m.Note.(note)
	n.code = SMSCode
	m.Note = n
	s.ledger.Put(m)
	return fields{}
}

func (s *Server) confirm(request fields, fault cnpaytest.Fault) fields {
	m, ok := s.byTradeNo(request["trade_no"])
	n, _ := m.Note.(note)
	switch {
	case !ok:
		return refusal("00200078", "支付订单不存在")
	case s.state(m) == spay.TradeSuccess:
		return code(testgateway.Duplicate)
	case s.state(m) != spay.WaitBuyerPay:
		return refusal("00200080", "订单已关闭")
	case n.code == "" || n.code != request["verify_code"]:
		return refusal("00200083", "验证码输入不正确")
	}
	if fault != Pending {
		m.State, n.paid = testgateway.Done, s.now()
		m.Note = n
		s.ledger.Put(m)
	}
	answer := s.about(m)
	answer["amount"], answer["amt_type"] = strconv.FormatInt(m.Amount, 10), "RMB"
	if m.State == testgateway.Done {
		answer["pay_date"], answer["settle_date"] = s.today(), s.today()
	}
	return answer
}

// held is the hold that a request names.
func (s *Server) held(request fields) (testgateway.Movement, bool) {
	m, ok := s.ledger.Find(key(request))
	if !ok || m.Kind != testgateway.Hold || request["trade_no"] != "" && request["trade_no"] != m.Note.(note).tradeNo {
		return m, false
	}
	return m, true
}

func (s *Server) complete(request fields, fault cnpaytest.Fault) fields {
	m, ok := s.held(request)
	if !ok {
		return code(testgateway.NoOrder)
	}
	amount, _ := strconv.ParseInt(request["amount"], 10, 64)
	if _, refused := s.ledger.Complete("completion of "+m.Number, m.Number, amount, 0, nil); refused != "" {
		return code(refused)
	}
	answer := s.about(m)
	if fault == Pending {
		answer["trade_state"] = spay.WaitBuyerPay
	}
	return answer
}

func (s *Server) cancelHold(request fields, fault cnpaytest.Fault) fields {
	m, ok := s.held(request)
	if !ok {
		return code(testgateway.NoOrder)
	}
	if fault == Pending {
		answer := s.about(m)
		delete(answer, "trade_state")
		return answer
	}
	if _, refused := s.ledger.Undo(testgateway.Cancel, "cancel of "+m.Number, m.Number, 0, nil); refused != "" {
		return code(refused)
	}
	m, _ = s.ledger.Find(m.Number)
	return s.about(m)
}

func (s *Server) queryHold(request fields, _ cnpaytest.Fault) fields {
	m, ok := s.held(request)
	if !ok {
		return refusal("00200081", "查询交易记录不存在")
	}
	return s.about(m)
}

func (s *Server) refundHold(request fields, fault cnpaytest.Fault) fields {
	m, ok := s.held(request)
	if !ok {
		return code(testgateway.NoOrder)
	}
	if refused := s.giveBack(request, "completion of "+m.Number, fault); refused != nil {
		return refused
	}
	return s.about(m)
}

// download is the settlement file of a day: not ready before nine o'clock of the next one.
func (s *Server) download(request fields, fault cnpaytest.Fault) fields {
	date := request["settle_date"]
	head := []string{"TRADEDETAIL-START", s.merID, date, "4.0", "0000", "成功"}
	day, err := time.ParseInLocation("20060102", date, cnpay.Beijing())
	switch {
	case fault == cnpaytest.UnknownCode:
		head[4] = "0999"
	case fault == OtherMerchant:
		head[1] = "60000101"
	case fault == cnpaytest.OtherAnswer:
		head[2] = "20200101"
	}
	if err != nil || s.now().Before(day.AddDate(0, 0, 1).Add(9*time.Hour)) {
		head[3], head[4], head[5] = "3.0", "0001", "对帐文件暂时不存在"
		return fields{"(file)": strings.Join(head, ",") + "\r\nTRADEDETAIL-END," + s.merID + "," + date + ",-1,-1\r\n"}
	}
	var lines []string
	var total int64
	movements := s.ledger.All()
	slices.SortFunc(movements, func(a, b testgateway.Movement) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Number, b.Number))
	})
	for _, m := range movements {
		if line := s.line(m, date); line != "" {
			lines = append(lines, line)
			total += m.Amount
		}
	}
	end := fmt.Sprintf("TRADEDETAIL-END,%s,%s,%d,%d", head[1], head[2], len(lines), total)
	all := append(append([]string{strings.Join(head, ",")}, lines...), end)
	return fields{"(file)": strings.Join(all, "\r\n") + "\r\n"}
}

// line is a movement as the file of the day has it, "" if it has not.
func (s *Server) line(m testgateway.Movement, date string) string {
	n, ok := m.Note.(note)
	at, kind, refundNo := n.paid, "01", ""
	order := n.request
	switch m.Kind {
	case testgateway.Refund:
		if n.state != spay.RefundSuccess {
			return ""
		}
		at, kind, refundNo = m.At, "20", m.Number
		if original, _ := s.ledger.Find(m.Original); original.Note != nil {
			order = original.Note.(note).request
		}
	case testgateway.Payment:
		ok = ok && m.State == testgateway.Done
	default:
		ok = false
	}
	if !ok || spay.MerDate(at) != date {
		return ""
	}
	return strings.Join([]string{
		s.merID, order["goods_id"], order["media_id"], order["order_id"], order["mer_date"], spay.MerDate(at), strconv.FormatInt(m.Amount, 10),
		"01", cmp.Or(order["gate_id"], "WEBANK"), date, kind, "1", "1", "P15Y0025", refundNo, at.In(cnpay.Beijing()).Format("150405"),
	}, ",")
}
