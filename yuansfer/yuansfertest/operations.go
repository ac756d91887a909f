package yuansfertest

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/yuansfer"
)

func rows() map[string]row {
	return map[string]row{
		yuansfer.OpAutoDebitConsult: (*Server).consult, yuansfer.OpAutoDebitApplyToken: (*Server).applyToken,
		yuansfer.OpAutoDebitPay: (*Server).debit, yuansfer.OpAutoDebitRevoke: (*Server).revoke,
		yuansfer.OpPageCashier: (*Server).checkout, yuansfer.OpCardPay: (*Server).charge,
		yuansfer.OpCardUpdateRecurring: (*Server).updateRecurring, yuansfer.OpAppOrder: (*Server).appOrder,
		yuansfer.OpInStoreAdd: (*Server).add, yuansfer.OpInStorePayByCode: (*Server).payByCode, yuansfer.OpInStoreCreateQR: (*Server).createQR,
		yuansfer.OpTransactionQuery: (*Server).query, yuansfer.OpTransactionRefund: (*Server).refund, yuansfer.OpTransactionCancel: (*Server).cancel,
		yuansfer.OpTransactionList: (*Server).listTransactions, yuansfer.OpClearingList: (*Server).listClearings,
		yuansfer.OpWithdrawalList:       (*Server).listWithdrawals,
		yuansfer.OpPreauthCreateVoucher: (*Server).createVoucher, yuansfer.OpPreauthCreate: (*Server).freeze,
		yuansfer.OpPreauthCancel: (*Server).unfreeze, yuansfer.OpPreauthComplete: (*Server).capture,
		yuansfer.OpPreauthQuery: (*Server).queryDetail,
		yuansfer.OpPayoutCreate: (*Server).payout, yuansfer.OpPayoutQuery: (*Server).queryPayout,
		yuansfer.OpPayoutBalance: (*Server).balance,
		yuansfer.OpOrderV4Pay:    (*Server).payV4, yuansfer.OpOrderV4Finish: (*Server).finishV4,
	}
}

// order is what the gateway keeps of a payment, a refund or a payout besides its money.
type order struct {
	transactionNo string
	request       fields
	status        string // where it is not what the money says
	v4            bool
}

// The prefixes of numbers in the ledger that are not payments'.
const (
	refunds = "refund "
	payouts = "payout "
	holds   = "hold "
)

func orderOf(m testgateway.Movement) *order { return m.Note.(*order) }

// status is the state of a movement in Yuansfer's words (交易状态).
func status(m testgateway.Movement) string {
	switch {
	case orderOf(m).status != "":
		return orderOf(m).status
	case m.State == testgateway.Waiting:
		return yuansfer.StatusInit
	case m.State == testgateway.Done:
		return yuansfer.StatusSuccess
	}
	return yuansfer.StatusClosed
}

// find is the movement that a request names, by its own number or by Yuansfer's.
func (s *Server) find(q fields) (testgateway.Movement, bool) {
	if no := q["transactionNo"]; no != "" {
		for _, m := range s.ledger.All() {
			if o, ok := m.Note.(*order); ok && o.transactionNo == no {
				return m, true
			}
		}
		return testgateway.Movement{}, false
	}
	m, ok := s.ledger.Find(q["reference"])
	return m, ok && !strings.Contains(m.Number, " ")
}

// open adds an order that somebody pays later.
func (s *Server) open(q fields) (*order, string) {
	n, ok := cents(q["amount"])
	if !ok {
		return nil, "000023"
	}
	o := &order{transactionNo: s.number(), request: q}
	_, refusal := s.ledger.Open(testgateway.Payment, q["reference"], n, o)
	return o, refusalOf(refusal)
}

// pay ends the waiting of an order, or leaves it pending.
func (s *Server) pay(number string, fault cnpaytest.Fault) string {
	m, ok := s.ledger.Find(number)
	switch {
	case !ok:
		return "000021"
	case fault == Pending && m.State == testgateway.Waiting:
		orderOf(m).status = yuansfer.StatusPending
		return ""
	case orderOf(m).status != "" && orderOf(m).status != yuansfer.StatusPending:
		return "000040"
	}
	_, refusal := s.ledger.Paid(number)
	if refusal == "" {
		orderOf(m).status = ""
	}
	return refusalOf(refusal)
}

// about is what every answer says of an order.
func about(m testgateway.Movement) object {
	o := orderOf(m)
	return object{
		"amount": decimal(m.Amount), "currency": o.request["currency"], "settleCurrency": o.request["settleCurrency"],
		"reference": o.request["reference"], "transactionNo": o.transactionNo,
	}
}

func with(o, more object) object {
	maps.Copy(o, more)
	return o
}

func (s *Server) order(number string) testgateway.Movement {
	m, _ := s.ledger.Find(number)
	return m
}

func (s *Server) checkout(q fields, _ cnpaytest.Fault) (object, string) {
	o, refusal := s.open(q)
	if refusal != "" {
		return nil, refusal
	}
	more := object{"cashierUrl": s.URL + "/cashier/" + o.transactionNo}
	if q["terminal"] == "YIP" || q["terminal"] == "APP" {
		more = object{"authorization": "sandbox_" + o.transactionNo}
	}
	return with(about(s.order(q["reference"])), more), ""
}

func (s *Server) createQR(q fields, _ cnpaytest.Fault) (object, string) {
	o, refusal := s.open(q)
	if refusal != "" {
		return nil, refusal
	}
	minutes, _ := strconv.Atoi(cmp.Or(q["timeout"], "120"))
	more := object{"deepLink": s.URL + "/cashier/" + o.transactionNo, "timeout": minutes}
	if q["needQrcode"] != "false" {
		more["qrcodeUrl"] = s.URL + "/cashier/" + o.transactionNo + "?qr"
	}
	return with(about(s.order(q["reference"])), more), ""
}

func (s *Server) appOrder(q fields, _ cnpaytest.Fault) (object, string) {
	o, refusal := s.open(q)
	if refusal != "" {
		return nil, refusal
	}
	switch q["vendor"] + " " + q["terminal"] {
	case "wechatpay MINIPROGRAM":
		return object{
			"timeStamp": "1602563859", "nonceStr": "abc", "package": "prepay_id=wx" + o.transactionNo,
			"signType": "HMAC-SHA256", "paySign": "0A1B2C",
		}, ""
	case "wechatpay APP":
		return object{
			"appid": "wx0", "noncestr": "abc", "package": "Sign=WXPay", "partnerid": "1", "prepayid": "wx" + o.transactionNo,
			"sign": "0A1B2C", "timestamp": "1602563859",
		}, ""
	case "cashapppay APP":
		return object{
			"clientId": "CASH", "scopeId": "BRAND", "merchantNo": q["merchantNo"], "creditType": "cit", "amount": q["amount"],
			"transactionNo": o.transactionNo,
		}, ""
	}
	return object{"payInfo": "app_id=1&out_trade_no=" + o.transactionNo}, ""
}

func (s *Server) add(q fields, _ cnpaytest.Fault) (object, string) {
	if _, refusal := s.open(q); refusal != "" {
		return nil, refusal
	}
	return s.transaction(s.order(q["reference"])), ""
}

// transaction is a movement as in-store answers and lists have it (交易对象).
func (s *Server) transaction(m testgateway.Movement) object {
	o := about(m)
	at := m.At.In(cnpay.Beijing()).Format("2006-01-02 15:04:05")
	paid := any(at)
	if m.State != testgateway.Done {
		paid = nil
	}
	original := any(nil)
	if p, ok := s.ledger.Find(m.Original); ok {
		original = orderOf(p).transactionNo
	}
	return with(o, object{
		"merchantNo": s.config.MerchantNo, "storeNo": s.config.StoreNo, "storeAdminNo": nil, "originalTransactionNo": original,
		"transactionType": string(m.Kind), "transactionStatus": status(m), "refundAmount": decimal(m.Given), "voidAmount": "0.00",
		"createTime": at, "paymentTime": paid,
	})
}

func (s *Server) payByCode(q fields, fault cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	if !ok {
		return nil, "000021"
	}
	refusal := s.pay(m.Number, fault)
	return s.transaction(s.order(m.Number)), refusal
}

func (s *Server) charge(q fields, fault cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	if !ok {
		return nil, "000021"
	}
	refusal := s.pay(m.Number, fault)
	m = s.order(m.Number)
	return with(about(m), object{
		"status": status(m), "supUserid": "411111******1111", "vendorId": "a902q221",
		"paymentTime": s.now().UTC().Format("2006-01-02T15:04:05Z"),
	}), refusal
}

func (s *Server) query(q fields, _ cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	if !ok {
		return nil, "000021"
	}
	state := with(about(m), object{"status": status(m), "transactionType": string(m.Kind)})
	var given []object
	for _, r := range s.movements() {
		if r.Kind == testgateway.Refund && r.Original == m.Number {
			o := orderOf(r)
			given = append(given, object{
				"refundTransactionId": o.transactionNo, "refundReference": o.request["refundReference"],
				"refundAmount": decimal(r.Amount), "currency": o.request["currency"], "settleCurrency": o.request["settleCurrency"],
			})
		}
	}
	if given != nil {
		state["refundInfo"] = given
	}
	return state, ""
}

// movements are all, in the order in which they came.
func (s *Server) movements() []testgateway.Movement {
	all := slices.DeleteFunc(s.ledger.All(), func(m testgateway.Movement) bool { return m.Note == nil })
	slices.SortFunc(all, func(a, b testgateway.Movement) int {
		return strings.Compare(orderOf(a).transactionNo, orderOf(b).transactionNo)
	})
	return all
}

func (s *Server) giveBack(number string, m testgateway.Movement, amount int64, request fields, fault cnpaytest.Fault) (*order, string) {
	request = maps.Clone(request)
	request["reference"], request["currency"] = orderOf(m).request["reference"], orderOf(m).request["currency"]
	o := &order{transactionNo: s.number(), request: request}
	if fault == Pending {
		o.status = yuansfer.StatusPending
	}
	_, refusal := s.ledger.Refund(refunds+number, m.Number, amount, o)
	return o, refusalOf(refusal)
}

func (s *Server) refund(q fields, fault cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	n, isAmount := cents(q["refundAmount"])
	switch {
	case !ok:
		return nil, "000021"
	case !isAmount || q["currency"] != orderOf(m).request["currency"]:
		return nil, "000023"
	}
	o, refusal := s.giveBack(q["refundReference"], m, n, q, fault)
	return with(about(m), object{
		"refundAmount": decimal(n), "refundReference": q["refundReference"], "refundTransactionNo": o.transactionNo,
		"status": cmp.Or(o.status, yuansfer.StatusSuccess),
	}), refusal
}

// cancel closes an order that is not paid, and returns all that is left of one that is.
func (s *Server) cancel(q fields, fault cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	refusal := ""
	switch {
	case !ok:
		return nil, "000021"
	case m.State == testgateway.Waiting:
		_, r := s.ledger.Close(m.Number)
		orderOf(m).status = ""
		refusal = refusalOf(r)
	case m.Left() > 0:
		_, refusal = s.giveBack("of "+m.Number, m, m.Left(), q, fault)
	default:
		refusal = "000040"
	}
	state := with(about(m), object{"status": yuansfer.StatusClosed, "amount": json.Number(decimal(m.Amount))})
	return state, refusal
}

func (s *Server) listTransactions(q fields, _ cnpaytest.Fault) (object, string) {
	items := []object{}
	for _, m := range s.movements() {
		day := m.At.In(cnpay.Beijing()).Format("20060102")
		if m.Kind != testgateway.Hold && !strings.HasPrefix(m.Number, payouts) && day >= q["startDate"] && day <= q["endDate"] {
			items = append(items, s.transaction(m))
		}
	}
	return object{"transactions": items, "size": len(items)}, ""
}

// listClearings has a line for each day. No document says what Yuansfer puts there.
func (s *Server) listClearings(q fields, _ cnpaytest.Fault) (object, string) {
	sums := map[string]int64{}
	for _, m := range s.movements() {
		day := m.At.In(cnpay.Beijing()).Format("20060102")
		if m.Kind == testgateway.Payment && m.State == testgateway.Done && !strings.HasPrefix(m.Number, payouts) &&
			day >= q["startDate"] && day <= q["endDate"] {
			sums[day] += m.Amount - m.Given
		}
	}
	items := []object{}
	for _, day := range slices.Sorted(maps.Keys(sums)) {
		items = append(items, object{"settleDate": day, "settleAmount": decimal(sums[day])})
	}
	return object{"settlements": items, "size": len(items)}, ""
}

func (s *Server) listWithdrawals(fields, cnpaytest.Fault) (object, string) {
	return object{"withdrawals": []object{}, "size": 0}, ""
}

func (s *Server) payout(q fields, _ cnpaytest.Fault) (object, string) {
	n, ok := cents(q["amount"])
	if !ok {
		return nil, "000023"
	}
	_, refusal := s.ledger.Pay(testgateway.Payment, payouts+q["invoiceId"], n, &order{transactionNo: s.number(), request: q})
	return with(s.aboutPayout(q["invoiceId"]), object{"status": yuansfer.StatusPending}), refusalOf(refusal)
}

func (s *Server) aboutPayout(invoiceID string) object {
	m := s.order(payouts + invoiceID)
	o := orderOf(m)
	return object{
		"amount": decimal(m.Amount), "currency": o.request["currency"], "invoiceId": invoiceID, "transactionNo": o.transactionNo,
		"receiver": o.request["receiver"], "customerNo": o.request["customerNo"], "accountToken": o.request["accountToken"],
		"createdTime": m.At.UTC().Format("2006-01-02T15:04:05Z"), "status": status(m),
	}
}

func (s *Server) queryPayout(q fields, _ cnpaytest.Fault) (object, string) {
	if _, ok := s.ledger.Find(payouts + q["invoiceId"]); !ok {
		return nil, "000021"
	}
	return s.aboutPayout(q["invoiceId"]), ""
}

func (s *Server) balance(q fields, _ cnpaytest.Fault) (object, string) {
	return object{"balance": []object{{"amount": json.Number("499000.00"), "currency": q["currency"]}}}, ""
}

// payV4 charges a card at once, or leaves the payer to confirm it.
func (s *Server) payV4(q fields, fault cnpaytest.Fault) (object, string) {
	o, refusal := s.open(q)
	if refusal != "" {
		return nil, refusal
	}
	o.v4 = true
	refusal = s.pay(q["reference"], fault)
	m := s.order(q["reference"])
	result := object{
		"transactionNo": o.transactionNo, "status": status(m), "amount": decimal(m.Amount), "customerNo": q["customerNo"],
		"paymentTime": s.now().UTC().Format("2006-01-02T15:04:05Z"),
	}
	if fault == Pending {
		result["authenticationUrl"] = s.URL + "/cashier/" + o.transactionNo
	}
	return result, refusal
}

func (s *Server) finishV4(q fields, fault cnpaytest.Fault) (object, string) {
	m, ok := s.find(q)
	if !ok {
		return nil, "000021"
	}
	refusal := s.pay(m.Number, fault)
	return object{"vaultId": "pp_" + orderOf(m).transactionNo, "transactionNo": orderOf(m).transactionNo, "status": status(s.order(m.Number))}, refusal
}

// AddPayment makes an order that was paid just now, and returns Yuansfer's number for it.
func (s *Server) AddPayment(reference, amount, currency string) (transactionNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := fields{"reference": reference, "amount": amount, "currency": currency, "settleCurrency": "USD"}
	o, refusal := s.open(q)
	if refusal == "" {
		refusal = s.pay(reference, cnpaytest.OK)
	}
	if refusal != "" {
		panic(fmt.Sprintf("yuansfertest: AddPayment: %s %s", refusal, texts()[refusal]))
	}
	return o.transactionNo
}

// AddSchedule makes a schedule of card charges, and returns Yuansfer's number for it.
func (s *Server) AddSchedule(paymentCount int) (scheduleNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	scheduleNo = s.number()
	s.schedules[scheduleNo] = strconv.Itoa(paymentCount)
	return scheduleNo
}

// Schedule is how often a schedule still charges ("0" without end), or CANCELLED.
func (s *Server) Schedule(scheduleNo string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.schedules[scheduleNo]
}

func (s *Server) updateRecurring(q fields, _ cnpaytest.Fault) (object, string) {
	now := s.schedules[q["scheduleNo"]]
	switch {
	case now == "":
		return nil, "000021"
	case q["status"] == "CANCELLED":
		now = "CANCELLED"
	case now == "CANCELLED":
		return nil, "000040"
	default:
		now = q["paymentCount"]
	}
	s.schedules[q["scheduleNo"]] = now
	return nil, ""
}

// Pay pays an order that waits, as its payer does. It sends no notification; see Notify.
func (s *Server) Pay(reference string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if code := s.pay(reference, cnpaytest.OK); code != "" {
		return fmt.Errorf("%s %s", code, texts()[code])
	}
	return nil
}

// SetStatus puts an order into a state: failed, closed, pending, dealing, or success for what its money says.
func (s *Server) SetStatus(reference, status string) { s.setStatus(reference, status) }

// SetRefundStatus does the same with a refund, by its refundReference.
func (s *Server) SetRefundStatus(refundReference, status string) {
	s.setStatus(refunds+refundReference, status)
}

// SetPayoutStatus does the same with a payout, by its invoiceId.
func (s *Server) SetPayoutStatus(invoiceID, status string) { s.setStatus(payouts+invoiceID, status) }

func (s *Server) setStatus(number, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.ledger.Find(number); ok {
		orderOf(m).status = strings.TrimPrefix(status, yuansfer.StatusSuccess)
	}
}

// Refunded is how much of a payment was given back, whatever was answered.
func (s *Server) Refunded(reference string) string {
	m, _ := s.ledger.Find(reference)
	return decimal(m.Given)
}

// Paid reports whether an order is paid, whatever was answered.
func (s *Server) Paid(reference string) bool {
	m, ok := s.ledger.Find(reference)
	return ok && m.State == testgateway.Done
}
