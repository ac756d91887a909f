package umpaytest

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay"
)

//go:embed operations.txt
var operations string

// Operations is what UMPay's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

//go:embed results.txt
var results string

// mandatory are the names that a request must have, without the command's own number.
func mandatory(id string) []string {
	for _, op := range testgateway.Operations(operations) {
		if op.ID == id {
			return op.Mandatory[1:]
		}
	}
	return nil
}

// documented are the members of an operation's callback object.
func documented(id string) []string {
	for line := range strings.Lines(results) {
		if words := strings.Fields(line); words[0] == id {
			return words[1:]
		}
	}
	return nil
}

// row is how the plugin plays one method: its callbacks, its codes, and what it does to the books. The action of a query
// returns its callback and its code; that of any other an empty callback, and a refusal where it changed nothing.
type row struct {
	id                     string
	success, fail, unknown string
	done, failed           int64
	unsure, callFail       int64
	progress               int64
	act                    func(s *Server, q object, voucher string) (testgateway.Movement, testgateway.Refusal)
	query                  func(s *Server, q object) (m testgateway.Movement, callback string, code int64)
}

// rows are the methods of the plugin.
func rows() map[string]row {
	return map[string]row{
		"cardPay": {umpay.OpCardPay, "onPaySuccess", "onPayFail", "onPayUnknown", 60020200, 60020004, 60020207, 60020032, 60020105, (*Server).pay, nil},
		"scanPay": {umpay.OpScanPayByCode, "onPaySuccess", "onPayFail", "onPayUnknown", 60010200, 60010007, 60010103, 60010011, 0, (*Server).pay, nil},
		"scanPayInitiative": {umpay.OpScanCreateQR, "onGetQRCodeSuccess", "onGetQRCodeFail", "onGetQRCodeFail", 60010200, 60010008, 60010005, 60010011, 0,
			func(s *Server, q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
				return s.ledger.Open(testgateway.Payment, voucher, q.number("amount"), s.note(voucher, q))
			}, nil},
		"bankRevoke": {umpay.OpCardVoid, "onRefundSuccess", "onRefundFail", "onRefundUnknown", 60050200, 60050008, 60050024, 60050033, 60050105, (*Server).void, nil},
		"scanRevoke": {umpay.OpScanVoid, "onRefundSuccess", "onRefundFail", "onRefundUnknown", 60050200, 60050008, 60050024, 60050033, 0, (*Server).void, nil},
		"bankRefund": {umpay.OpCardRefund, "onRefundSuccess", "onRefundFail", "onRefundUnknown", 60050200, 60050008, 60050024, 60050033, 60050106, (*Server).refund, nil},
		"scanRefund": {umpay.OpScanRefund, "onRefundSuccess", "onRefundFail", "onRefundUnknown", 60050200, 60050008, 60050024, 60050033, 0, (*Server).refund, nil},
		"cardPreAuth": {umpay.OpPreauthCreate, "onAuthSuccess", "onAuthFail", "onAuthUnKnown", 60130200, 60130029, 60130018, 60130020, 60130009,
			func(s *Server, q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
				if s.ordered(q) {
					return testgateway.Movement{}, testgateway.Duplicate
				}
				return s.ledger.Pay(testgateway.Hold, voucher, q.number("amount"), s.note(voucher, q))
			}, nil},
		"cardPreAuthRever": {umpay.OpPreauthCancel, "onReverSuccess", "onReverFail", "onReverUnknown", 60150200, 60150005, 601500010, 60150009, 60150004,
			func(s *Server, q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
				return s.ledger.Undo(testgateway.Cancel, voucher, q.text("uPayTrace"), q.number("amount"), s.note(voucher, q))
			}, nil},
		"creditPreauthDone": {umpay.OpPreauthCompleteWithCard, "onPaySuccess", "onPayFail", "onPayUnknown", 60140200, 60140004, 60140207, 60140032, 60140105, (*Server).complete, nil},
		"preauthDone":       {umpay.OpPreauthComplete, "onPaySuccess", "onPayFail", "onPayUnknown", 60160200, 60160004, 60160207, 60160032, 0, (*Server).complete, nil},
		"cardPreAuthDoneRever": {umpay.OpPreauthCancelCompletion, "onReverSuccess", "onReverFail", "onReverUnknown", 60180200, 60180004, 60180005, 60180009, 60180003,
			func(s *Server, q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
				if m, _ := s.ledger.Find(q.text("uPayTrace")); noteOf(m).Cardless {
					return m, testgateway.WrongState
				}
				return s.ledger.Undo(testgateway.Undo, voucher, q.text("uPayTrace"), q.number("amount"), s.note(voucher, q))
			}, nil},
		"cardQuery":         {umpay.OpCardQuery, "onPaySuccess", "onPayFail", "onQueryError", 60040200, 60040003, 60040007, 60040033, 0, nil, (*Server).queryCard},
		"scanQuery":         {umpay.OpScanQuery, "onPaySuccess", "onPayFail", "onQueryError", 60010200, 60030009, 60030020, 60030015, 0, nil, (*Server).queryScan},
		"scanPayStateQuery": {umpay.OpScanQueryQR, "onPaySuccess", "onPayFail", "onPayUnknown", 60010200, 60030009, 60010005, 60010011, 0, nil, (*Server).queryQR},
		"scanRefundQuery":   {umpay.OpScanQueryRefund, "onRefundSuccess", "onRefundFail", "onRefundUnknown", 60190200, 60190003, 60190005, 60190006, 0, nil, (*Server).queryRefund},
		"getOrderList": {umpay.OpOrderList, "onSuccess", "onFail", "onError", 60200200, 60200008, 60200006, 60200007, 0, nil,
			func(*Server, object) (testgateway.Movement, string, int64) {
				return testgateway.Movement{}, "onSuccess", 60200200
			}},
	}
}

// note is what the books have of a transaction besides its money.
type note struct {
	OrderID, PayType          string
	PaySeq, AuthCode, TradeNo string
	Cardless                  bool // a completion without the card
	At                        time.Time
}

func noteOf(m testgateway.Movement) note {
	n, _ := m.Note.(note)
	return n
}

// note numbers a transaction by its voucher.
func (s *Server) note(voucher string, q object) note {
	n, err := strconv.ParseInt(voucher, 10, 64)
	if err != nil { // a voucher of letters, which only a test has
		n = int64(len(voucher))
	}
	payType := q.text("payType")
	if payType == "" {
		payType = "IC"
	}
	return note{
		OrderID: q.text("orderId"), PayType: payType, At: s.now().In(cnpay.Beijing()),
		PaySeq: fmt.Sprintf("%012d", 153012000000+n), AuthCode: fmt.Sprintf("%06d", (123456+n)%1_000_000),
		TradeNo: fmt.Sprintf("3805031403%06d", n%1_000_000),
	}
}

// ordered reports whether an order number was used before.
func (s *Server) ordered(q object) bool {
	return slices.ContainsFunc(s.ledger.All(), func(m testgateway.Movement) bool {
		return q.text("orderId") != "" && noteOf(m).OrderID == q.text("orderId")
	})
}

func (s *Server) pay(q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
	if s.ordered(q) {
		return testgateway.Movement{}, testgateway.Duplicate
	}
	n := s.note(voucher, q)
	if q["mediaNo"] != nil {
		n.PayType = wallet(q.text("mediaNo"))
	}
	return s.ledger.Pay(testgateway.Payment, voucher, q.number("amount"), n)
}

// wallet is whose a payment code is.
func wallet(code string) string {
	switch {
	case strings.HasPrefix(code, "1"):
		return umpay.WeChat
	case strings.HasPrefix(code, "2"):
		return umpay.Alipay
	}
	return umpay.UnionPay
}

func (s *Server) void(q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
	m, _ := s.ledger.Find(q.text("uPayTrace"))
	if n := noteOf(m); n.PayType != "" && (n.PayType != q.text("payType") || n.At.YearDay() != s.now().In(cnpay.Beijing()).YearDay()) {
		return m, testgateway.WrongState // another way of paying, or another day
	}
	return s.ledger.Undo(testgateway.Void, voucher, q.text("uPayTrace"), q.number("amount"), s.note(voucher, q))
}

func (s *Server) refund(q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
	original := q.text("uPayTrace")
	if original == "" {
		for _, m := range s.ledger.All() {
			if n := noteOf(m); n.PaySeq == q.text("paySeq") && n.At.Format("0102") == q.text("orderDate") {
				original = m.Number
			}
		}
	}
	amount := q.number("amount")
	if q["rfAmount"] != nil {
		amount = q.number("rfAmount")
	}
	return s.ledger.Refund(voucher, original, amount, s.note(voucher, q))
}

func (s *Server) complete(q object, voucher string) (testgateway.Movement, testgateway.Refusal) {
	n := s.note(voucher, q)
	_, withAccount := q["account"]
	n.Cardless = withAccount
	for _, m := range s.ledger.All() {
		hold := noteOf(m)
		if m.Kind == testgateway.Hold && hold.AuthCode == q.text("authCode") && strings.HasSuffix(hold.At.Format("20060102"), q.text("orderDate")) {
			return s.ledger.Complete(voucher, m.Number, q.number("amount"), 115, n)
		}
	}
	return testgateway.Movement{}, testgateway.NoOrder
}

func (s *Server) queryCard(q object) (testgateway.Movement, string, int64) {
	m, ok := s.ledger.Find(q.text("uPayTrace"))
	if !ok || m.Kind != testgateway.Payment {
		return m, "onQueryError", 60040006
	}
	return m, "onPaySuccess", 60040200
}

func (s *Server) queryScan(q object) (testgateway.Movement, string, int64) {
	m, ok := s.ledger.Find(q.text("paySeq"))
	switch {
	case !ok || m.Kind != testgateway.Payment:
		return m, "onQueryError", 60030022
	case m.State == testgateway.Waiting:
		return m, "onPaying", 60030023
	}
	return m, "onPaySuccess", 60010200
}

func (s *Server) queryQR(q object) (testgateway.Movement, string, int64) {
	m, ok := s.ledger.Find(q.text("upayTrace"))
	switch {
	case !ok || m.State == testgateway.Waiting:
		return m, "onPayUnknown", 60010005
	case m.State == testgateway.Closed:
		return m, "onPayFail", 60010007
	}
	return m, "onPaySuccess", 60010200
}

// queryRefund finds a refund by its own voucher, and a void by the sale's too.
func (s *Server) queryRefund(q object) (testgateway.Movement, string, int64) {
	for _, m := range s.ledger.All() {
		own := m.Number == q.text("uPayTrace") && (m.Kind == testgateway.Refund || m.Kind == testgateway.Void)
		if own || m.Kind == testgateway.Void && m.Original == q.text("uPayTrace") {
			return m, "onRefundSuccess", 60190200
		}
	}
	return testgateway.Movement{}, "onRefundError", 60190012
}

// play has the plugin carry out a command and call back.
func (s *Server) play(id string, c *command, r row, fault cnpaytest.Fault) {
	if act := s.handled[c.op]; act != nil {
		callback, result := act(marshal(c.request))
		s.append(id, c, callback, result)
		return
	}
	if len(c.events) == 0 && r.progress != 0 {
		for _, code := range []int64{60020107, 60020103, r.progress} {
			s.append(id, c, "onProgressUpdate", object{"code": code, "message": "处理中"})
		}
	}
	if c.op == "preauthDone" && c.request["account"] == nil {
		c.request["account"] = Account // the app has kept it
	}
	switch {
	case fault == Undecided:
		s.append(id, c, r.unknown, object{"code": r.unsure, "message": "状态未知"})
	case fault == cnpaytest.Refused || len(c.request.text("orderId")) > 63:
		s.append(id, c, r.fail, s.failure(c, r))
	case r.query != nil:
		m, callback, code := r.query(s, c.request)
		s.append(id, c, callback, s.result(c, r, m, code))
	default:
		s.move(id, c, r, fault)
	}
}

func (s *Server) move(id string, c *command, r row, fault cnpaytest.Fault) {
	if c.request.text("orderId") == "" && slices.Contains(documented(r.id), "orderId") {
		c.request["orderId"] = umpay.NewOrderID(s.config.Terminal, s.now())
	}
	s.last++
	m, refusal := r.act(s, c.request, fmt.Sprintf("%06d", 900000+s.last))
	switch {
	case refusal != "":
		s.append(id, c, r.fail, s.failure(c, r))
	case fault == Unclear:
		s.append(id, c, r.unknown, s.result(c, r, m, r.unsure))
	default:
		s.append(id, c, r.success, s.result(c, r, m, r.done))
	}
}

func (s *Server) failure(c *command, r row) object {
	failure := object{"code": r.failed, "message": "操作失败", "stateCode": "0025", "msgToUser": "操作失败", "msgDesc": "原交易不存在或已撤销"}
	if order := c.request.text("orderId"); order != "" {
		failure["orderId"] = order
	}
	return failure
}

// result is the callback object about a transaction, with the members that the documents have for the method.
func (s *Server) result(c *command, r row, m testgateway.Movement, code int64) object {
	n, now := noteOf(m), s.now().In(cnpay.Beijing())
	amount := strconv.FormatInt(m.Amount, 10)
	all := object{
		"message": "处理完成", "code": code,
		"orderId": n.OrderID, "amount": amount, "payAmount": amount,
		"cardPayType": "IC", "payType": n.PayType, "tradeNo": n.TradeNo, "uPayOrderId": n.TradeNo,
		"orderDate": now.Format("20060102"), "platDate": now.Format("20060102"), "payDate": now.Format("20060102"),
		"platTime": now.Format("150405"), "date": now.Format("0102"), "time": now.Format("150405"),
		"uPospDate": now.Format("20060102"), "uPospTime": now.Format("150405"), "modDate": now.Format("20060102"), "modTime": now.Format("150405"),
		"paySeq":        n.PaySeq,
		"unionPayMerId": "898110048160001", "unionPayPosId": "00000001", "uMerId": "41509208", "uPosId": "10000001",
		"bankName": "中国银行", "account": Account, "cardExpiryDate": "2912",
		"uPayTrace": m.Number, "batchId": "000001", "authCode": n.AuthCode,
		"freeAmt": "0", "cardType": "00", "payAction": "2", "transCommand": "10", "cardMedia": "2", "tradeMerAbbr": "示例商户", "freeMessage": "免密免签",
		"qrcodeUrl": "weixin://wxpay/bizpayurl?pr=" + m.Number,
	}
	found := object{}
	for _, name := range documented(r.id) {
		if value, ok := all[name]; ok && value != "" {
			found[name] = value
		}
	}
	if r.id == umpay.OpOrderList {
		found["totalPage"], found["curPage"], found["transList"] = s.page(c.request)
	}
	return found
}

// page lists the orders of a day, in the order of their vouchers.
func (s *Server) page(q object) (pages, page int64, list []object) {
	var rows []object
	for _, m := range s.ledger.All() {
		n := noteOf(m)
		state := map[testgateway.State]string{
			testgateway.Waiting: umpay.OrderPaying, testgateway.Done: umpay.OrderDone, testgateway.Undone: umpay.OrderVoided, testgateway.Closed: umpay.OrderFailed,
		}[m.State]
		order := q.text("orderId")
		if m.Kind != testgateway.Payment || n.At.Format("20060102") != q.text("orderDate") || state != q.text("orderState") ||
			order != "" && order != n.OrderID {
			continue
		}
		all := object{
			"tradeno": n.TradeNo, "proxyId": "1", "submerid": "41509208", "orderid": n.OrderID, "orderdate": n.At.Format("20060102"),
			"goodsid": "1", "goodsinfo": "示例商品", "amount": strconv.FormatInt(m.Amount, 10), "refundamt": strconv.FormatInt(m.Given, 10),
			"intime": n.At.Format("2006-01-02 15:04:05"), "modtime": n.At.Format("2006-01-02 15:04:05"), "paytype": "BK",
			"platTime": n.At.Format("150405"), "platDate": n.At.Format("20060102"), "posSN": s.config.Terminal, "subPayType": n.PayType,
			"paySeq": n.PaySeq, "unionPayMerId": "898110048160001", "unionPayPosId": "00000001", "uMerId": "41509208", "uPosId": "10000001",
			"bankName": "中国银行", "account": Account, "cardExpiryDate": "2912", "uPayTrace": m.Number, "batchId": "000001",
			"authCode": n.AuthCode, "isFree": "0", "freeMessage": "", "orderstate": json.Number(state),
		}
		row := object{}
		for _, name := range documented("transList") {
			row[name] = all[name]
		}
		rows = append(rows, row)
	}
	slices.SortFunc(rows, func(a, b object) int { return strings.Compare(a.text("uPayTrace"), b.text("uPayTrace")) })
	page, size := q.number("pageIndex"), max(q.number("pageSize"), 1)
	pages = (int64(len(rows)) + size - 1) / size
	from := min(max(page-1, 0)*size, int64(len(rows)))
	return pages, page, rows[from:min(from+size, int64(len(rows)))]
}
