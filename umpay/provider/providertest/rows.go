package providertest

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/provider"
)

// state is the state of an order in UMPay's words (origRespCode).
func state(m testgateway.Movement) string {
	switch {
	case m.State == testgateway.Waiting:
		return provider.StateUndecided
	case m.State == testgateway.Closed:
		return provider.StateClosed
	case m.State == testgateway.Undone:
		return provider.StateVoided
	case m.Given > 0:
		return provider.StateRefunded
	}
	return provider.StatePaid
}

func stateText(code string) string {
	return map[string]string{
		provider.StatePaid: "支付成功", provider.StateRefunded: "转入退款", provider.StateUndecided: "支付中",
		provider.StateClosed: "已关闭", provider.StateVoided: "已撤销",
	}[code]
}

// numberOf is the amount of a request.
func numberOf(request object, name string) int64 {
	n, _ := strconv.ParseInt(text(request, name), 10, 64)
	return n
}

// about is what the answers to orders say of one.
func (s *Server) about(m testgateway.Movement, fault cnpaytest.Fault) object {
	order := object{
		"orderNo": m.Number, "transactionId": m.Note.(note).transactionID, "txnAmt": strconv.FormatInt(m.Amount, 10),
		"stlDate": s.date(),
	}
	if fault == cnpaytest.OtherAnswer {
		order["orderNo"], order["transactionId"], order["txnAmt"] = "OTHER"+m.Number, "2020031815420000024575", strconv.FormatInt(m.Amount+1, 10)
	}
	return order
}

// open makes an order that somebody pays later.
func (s *Server) open(operation string, request object, fault cnpaytest.Fault, more object) object {
	amount := numberOf(request, "txnAmt")
	if amount <= 0 {
		return s.refusal("08", "无效金额")
	}
	m, refusal := s.ledger.Open(testgateway.Payment, text(request, "orderNo"), amount, s.note(operation, request))
	if refusal != "" {
		return s.refused(refusal)
	}
	answer := s.good(s.about(m, fault))
	for name, value := range more {
		answer[name] = value
	}
	return answer
}

func (s *Server) unifiedOrder(request object, fault cnpaytest.Fault) object {
	answer := s.open(provider.OpOrderWalletOrder, request, fault, object{
		"openId": text(request, "userId"), "appId": cmp.Or(text(request, "appId"), "wx0000000000000001"),
		"prepayId": "prepay_id=wx" + text(request, "orderNo"), "hostLsNo": "0100151212",
		"timestamp": strconv.FormatInt(s.now().Unix(), 10), "nonceStr": "abc", "signType": "MD5", "paySign": "0A1B2C",
	})
	delete(answer, "txnAmt")
	return answer
}

func (s *Server) qrPay(request object, fault cnpaytest.Fault) object {
	return s.open(provider.OpOrderCreateQR, request, fault, object{"qrCode": s.CashierURL(text(request, "orderNo"))})
}

func (s *Server) preorder(request object, fault cnpaytest.Fault) object {
	return s.open(provider.OpTerminalOrder, request, fault, nil)
}

func (s *Server) micropay(request object, fault cnpaytest.Fault) object {
	if fault == Pending {
		answer := s.open(provider.OpOrderPayByCode, request, fault, nil)
		if answer["respCode"] == "00" {
			answer["respCode"], answer["respMsg"] = "62", "用户密码输入中"
		}
		return answer
	}
	amount := numberOf(request, "txnAmt")
	if amount <= 0 {
		return s.refusal("08", "无效金额")
	}
	m, refusal := s.ledger.Pay(testgateway.Payment, text(request, "orderNo"), amount, s.note(provider.OpOrderPayByCode, request))
	if refusal != "" {
		return s.refused(refusal)
	}
	answer := s.good(s.about(m, fault))
	answer["paySeq"], answer["depBankSeq"] = "9010900000000001", "4200000000202609010000000001"
	return answer
}

func (s *Server) queryOrder(request object, fault cnpaytest.Fault) object {
	m, ok := s.ledger.Find(text(request, "orderNo"))
	if !ok || m.Kind != testgateway.Payment {
		return s.refusal("17", "交易不存在")
	}
	answer := s.good(s.about(m, fault))
	delete(answer, "orderNo")
	answer["txnAmt"] = m.Amount // a number, as in the documents' sample
	if fault == cnpaytest.OtherAnswer {
		answer["txnAmt"] = m.Amount + 1
	}
	answer["origRespCode"], answer["origRespDescMsg"] = state(m), stateText(state(m))
	answer["merPriv"] = text(m.Note.(note).request, "merPriv")
	if m.State == testgateway.Done {
		answer["payTime"] = m.At.In(cnpay.Beijing()).Format("0102150405")
		answer["paySeq"], answer["depBankSeq"], answer["isClosed"] = "9010900000000001", "4200000000202609010000000001", ""
	}
	return answer
}

func (s *Server) cancelOrder(request object, fault cnpaytest.Fault) object {
	number := text(request, "orderNo")
	m, ok := s.ledger.Find(number)
	if !ok || m.Kind != testgateway.Payment {
		return s.refusal("17", "交易不存在")
	}
	kind := m.Note.(note)
	switch {
	case kind.operation != provider.OpOrderPayByCode, text(kind.request, "orderType") == provider.UnionPay:
		return s.refusal("32", "无此交易权限")
	case m.State == testgateway.Undone:
		return s.refusal("14", "交易已撤销")
	case m.Given > 0:
		return s.refusal("03", "交易已退款")
	case m.At.In(cnpay.Beijing()).Format("20060102") != s.date():
		return s.refusal("39", "交易不在受理时间范围内")
	case m.State == testgateway.Closed:
		return s.refusal("35", "原交易不存在或状态不正确")
	}
	m.State = testgateway.Undone // paid, or the payer was still typing
	s.ledger.Put(m)
	return s.good(object{"transactionId": kind.transactionID})
}

func (s *Server) closeOrder(request object, _ cnpaytest.Fault) object {
	m, ok := s.ledger.Find(text(request, "orderNo"))
	switch {
	case !ok || m.Kind != testgateway.Payment:
		return s.refusal("17", "交易不存在")
	case m.State == testgateway.Done:
		return s.refusal("05", "交易已被支付")
	case m.State == testgateway.Undone:
		return s.refusal("14", "交易已撤销")
	case m.State == testgateway.Waiting:
		_, _ = s.ledger.Close(m.Number)
	}
	return s.good(nil)
}

func (s *Server) refund(request object, fault cnpaytest.Fault) object {
	original, ok := s.ledger.Find(text(request, "origOrderNo"))
	if ok && original.Amount != numberOf(request, "origTxnAmt") {
		return s.refused(testgateway.WrongAmount)
	}
	n := s.note(provider.OpOrderRefund, request)
	if fault == Pending {
		n.refund = "02"
	}
	amount := numberOf(request, "txnAmt")
	if amount <= 0 {
		return s.refusal("08", "无效金额")
	}
	if _, refusal := s.ledger.Refund(text(request, "orderNo"), original.Number, amount, n); refusal != "" {
		return s.refused(refusal)
	}
	return s.good(object{"transactionId": n.transactionID})
}

func (s *Server) refundQuery(request object, fault cnpaytest.Fault) object {
	m, ok := s.ledger.Find(text(request, "orderNo"))
	if !ok || m.Kind != testgateway.Refund {
		return s.refusal("17", "交易不存在")
	}
	answer := s.good(s.about(m, fault))
	answer["origRespCode"] = cmp.Or(m.Note.(note).refund, "00")
	return answer
}

// trades are the merchant's payments, voids and refunds, in the order of their time and number.
func (s *Server) trades() []testgateway.Movement {
	all := s.ledger.All()
	slices.SortFunc(all, func(a, b testgateway.Movement) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Number, b.Number))
	})
	return all
}

// index is the trade's index (transIndex) that notifications bring.
func index(m testgateway.Movement) string { return m.Note.(note).transactionID }

func (s *Server) queryPospOrder(request object, fault cnpaytest.Fault) object {
	list := []object{}
	for _, m := range s.trades() {
		at := m.At.In(cnpay.Beijing()).Format("20060102150405")
		end := cmp.Or(text(request, "endTime"), "99999999999999")
		var kinds []string
		switch {
		case at < text(request, "startTime"), at > end:
		case m.Kind == testgateway.Refund:
			kinds = []string{provider.TradeRefund}
		case m.State == testgateway.Done:
			kinds = []string{provider.TradeSale}
		case m.State == testgateway.Undone:
			kinds = []string{provider.TradeSale, provider.TradeVoid}
		}
		for _, kind := range kinds {
			list = append(list, s.trade(m, kind, at))
		}
	}
	if fault == cnpaytest.OtherAnswer {
		list = append(list, object{"acqMerId": "99999999"})
	}
	return s.good(object{"orderList": list})
}

// trade is one line of the list of trades.
func (s *Server) trade(m testgateway.Movement, kind, at string) object {
	return object{
		"hostLsNo": "0100151212", "tranType": kind, "payMode": "0", "settleCycle": "T1", "acqMerId": s.config.AcqMerID,
		"merchantName": "示例商户", "terminalId": "10000001", "respCode": "00", "errinfo": "", "tranRrn": reference(m),
		"cupsMerId": "104000000000001", "cupsMerIdName": "", "cupsTid": "10400001", "localSysDate": at[:8], "localSysTime": at[8:],
		"cardNo": "622848******0000", "tranAmt": strconv.FormatInt(m.Amount, 10),
	}
}

// reference is the channel's reference number (参考号) of a trade.
func reference(m testgateway.Movement) string { return index(m)[10:] }

func (s *Server) ticketDown(request object, fault cnpaytest.Fault) object {
	for _, m := range s.trades() {
		at := m.At.In(cnpay.Beijing()).Format("20060102150405")
		if index(m) != text(request, "transIndex") || at != text(request, "payTime") {
			continue
		}
		kind := map[testgateway.Kind]string{testgateway.Payment: "消费（SALE）", testgateway.Refund: "退货（REFUND）"}[m.Kind]
		answer := s.good(object{
			"ticketImgName": "t.jpg", "ticketImgData": "aW1n", "ticketSignImgName": "", "ticketSignImgData": "",
			"binBankName": "平安银行", "binBankId": "B041", "tradeType": kind, "cardType": "01", "cardNo": "622848******0000",
			"batchCode": "000001", "certificateNo": "000123", "refCode": reference(m), "localSysDate": at[:8], "localSysTime": at[8:],
			"intTermCode": "10400001", "innerReferno": "000000009741", "merchantName": "示例商户",
			"amount": fmt.Sprintf("%d.%02d", m.Amount/100, m.Amount%100), "agentId": s.config.AcqSpID, "acqMerId": s.config.AcqMerID,
		})
		if fault == cnpaytest.OtherAnswer {
			answer["agentId"] = "Y999999999"
		}
		return answer
	}
	return s.refusal("17", "交易不存在")
}

// settleFile has the trades of a day, which are there on the next.
func (s *Server) settleFile(request object, fault cnpaytest.Fault) object {
	day, err := time.ParseInLocation("20060102", text(request, "stlDate"), cnpay.Beijing())
	if fault == cnpaytest.UnknownCode {
		return s.refusal("77", "")
	}
	if err != nil || s.now().Before(day.AddDate(0, 0, 1).Add(8*time.Hour)) {
		return s.refusal("17", "文件不存在")
	}
	var b strings.Builder
	for _, m := range s.trades() {
		at := m.At.In(cnpay.Beijing())
		if m.State != testgateway.Done || at.Format("20060102") != text(request, "stlDate") {
			continue
		}
		state, paid, given, settled := provider.RowPaid, m.Amount, int64(0), m.Amount
		if m.Kind == testgateway.Refund {
			state, paid, given, settled = provider.RowRefunded, 0, m.Amount, -m.Amount
		}
		n := m.Note.(note)
		fmt.Fprintf(&b, "%s,%s,%s,,,,示例商户,%s,02,%s,%d,%d,%s,2,0,0.38,D1,%d,0,0,%s,4200000000202609010000000001,1,,,,,%s\r\n",
			m.Number, at.Format("20060102150405"), s.config.AcqMerID, n.transactionID, state, paid, given, text(n.request, "orderType"),
			settled, n.transactionID, reference(m))
	}
	if b.Len() == 0 {
		return s.refusal("17", "文件不存在")
	}
	return object{file: b.String()}
}
