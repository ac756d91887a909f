package unionpaytest

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/unionpay"
)

// row is what the gateway does about one operation: how its requests are known, and how they are carried out. Path and
// mandatory fields are those of operations.txt.
type row struct {
	kinds   string // txnType/txnSubType
	bizType string // of the operations that no other field distinguishes
	money   bool   // makes a transaction, which is found by a query
	waits   bool   // for the payer
	act     func(s *Server, t *transaction, answer fields) (code, message string)
}

const qr = "000000" // bizType

func rows() map[string]row {
	return map[string]row{
		unionpay.OpOrderQuery:              {kinds: "00/00", act: (*Server).query},
		unionpay.OpPagePurchase:            {kinds: "01/01 01/03", money: true, waits: true, act: (*Server).accept},
		unionpay.OpPageOpenAndPurchase:     {kinds: "01/01 01/03", bizType: "000902", money: true, waits: true, act: (*Server).accept},
		unionpay.OpPaymentApp:              {kinds: "01/01 01/03", money: true, waits: true, act: (*Server).order},
		unionpay.OpPaymentPurchase:         {kinds: "01/01 01/03", money: true, act: (*Server).charge},
		unionpay.OpQRPayByCode:             {kinds: "01/06", money: true, act: (*Server).accept},
		unionpay.OpQRCreate:                {kinds: "01/07", money: true, waits: true, act: (*Server).order},
		unionpay.OpPagePreauth:             {kinds: "02/01 02/02 02/03", money: true, waits: true, act: (*Server).accept},
		unionpay.OpPreauthApp:              {kinds: "02/01", money: true, waits: true, act: (*Server).order},
		unionpay.OpPreauthCreate:           {kinds: "02/01", money: true, act: (*Server).charge},
		unionpay.OpPreauthComplete:         {kinds: "03/00", money: true, act: (*Server).complete},
		unionpay.OpPreauthCancel:           {kinds: "32/00", money: true, act: (*Server).cancelPreauth},
		unionpay.OpPreauthCancelCompletion: {kinds: "33/00", money: true, act: (*Server).cancelCompletion},
		unionpay.OpPaymentVoid:             {kinds: "31/00", money: true, act: (*Server).void},
		unionpay.OpQRVoid:                  {kinds: "31/00", bizType: qr, money: true, act: (*Server).void},
		unionpay.OpPaymentRefund:           {kinds: "04/00", money: true, act: (*Server).refund},
		unionpay.OpQRRefund:                {kinds: "04/00", bizType: qr, money: true, act: (*Server).refund},
		unionpay.OpQRReverse:               {kinds: "99/01", act: (*Server).reverse},
		unionpay.OpPayoutCreate:            {kinds: "12/00", money: true, act: (*Server).accept},
		unionpay.OpMandateCollect:          {kinds: "11/00 11/02", money: true, act: (*Server).charge},
		unionpay.OpFileDownload:            {kinds: "76/01", act: (*Server).file},
		unionpay.OpCertificateEncryption:   {kinds: "95/00", act: (*Server).encryptionCertificate},
		unionpay.OpCardSendSMS:             {kinds: "77/00 77/01 77/02 77/03 77/04", act: (*Server).accept},
		unionpay.OpCardQueryOpen:           {kinds: "78/00 78/01 78/02", act: (*Server).openQuery},
		unionpay.OpPageOpenCard:            {kinds: "79/00", waits: true, act: (*Server).accept},
		unionpay.OpCardOpen:                {kinds: "79/00 79/01 79/02", act: (*Server).open},
		unionpay.OpCardApplyToken:          {kinds: "79/05", act: (*Server).applyToken},
		unionpay.OpCardUpdateToken:         {kinds: "79/03", act: (*Server).updateToken},
		unionpay.OpCardDeleteToken:         {kinds: "74/01", act: (*Server).deleteToken},
		unionpay.OpMandateVerifyName:       {kinds: "72/01 72/02", act: (*Server).bind},
		unionpay.OpPageVerifyName:          {kinds: "72/10", waits: true, act: (*Server).accept},
		unionpay.OpMandateCreate:           {kinds: "72/11", act: (*Server).accept},
		unionpay.OpMandateCancel:           {kinds: "74/04", act: (*Server).accept},
		unionpay.OpMandateUnbind:           {kinds: "74/00", act: (*Server).unbind},
		unionpay.OpMandateQueryBinding:     {kinds: "75/00", act: (*Server).binding},
	}
}

// operation is a row with what the documents say of it.
type operation struct {
	testgateway.Operation
	row
}

// known is the list of the gateway's operations.
func known() []operation {
	rows := rows()
	var all []operation
	for _, op := range testgateway.Operations(operations) {
		if op.Path == "" {
			continue
		}
		r, ok := rows[op.ID]
		if !ok {
			panic("unionpaytest: no row for " + op.ID) // a mistake of this package
		}
		all = append(all, operation{op, r})
	}
	return all
}

// operationOf finds the operation by path, type and sub-type, and where several have the same by bizType.
func (s *Server) operationOf(request fields, path string) (found operation, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	kind := request["txnType"] + "/" + request["txnSubType"]
	for _, op := range s.known {
		if op.Path != path || !slices.Contains(strings.Fields(op.kinds), kind) || op.bizType != "" && op.bizType != request["bizType"] {
			continue
		}
		if !ok || op.bizType != "" {
			found, ok = op, true
		}
	}
	return found, ok
}

// transaction is one entry of UnionPay's books.
type transaction struct {
	request  fields
	queryID  string
	amount   int64
	code     string // how it ends
	waiting  bool   // the payer has not done anything yet
	waits    bool   // it is the payer's to do
	pending  int    // queries until it has ended
	at       time.Time
	original *transaction
	token    *token
}

func (s *Server) keep(t *transaction) {
	s.last++
	t.at = s.clock()
	t.queryID = fmt.Sprintf("%.14s%07d", t.request["txnTime"], s.last) // 21 characters
	s.transactions = append(s.transactions, t)
}

func (s *Server) byOrder(orderID, txnTime string) *transaction {
	return s.find(func(t *transaction) bool {
		return t.request["orderId"] == orderID && (txnTime == "" || t.request["txnTime"] == txnTime)
	})
}

// taken reports whether an order number was used before on its day.
func (s *Server) taken(request fields) bool {
	return s.find(func(t *transaction) bool {
		return t.request["orderId"] == request["orderId"] && fmt.Sprintf("%.8s", t.request["txnTime"]) == fmt.Sprintf("%.8s", request["txnTime"])
	}) != nil
}

func (s *Server) find(match func(*transaction) bool) *transaction {
	if i := slices.IndexFunc(s.transactions, match); i >= 0 {
		return s.transactions[i]
	}
	return nil
}

// against returns the sum of the successful transactions of some types that acted upon t.
func (s *Server) against(t *transaction, txnTypes ...string) (sum int64, found bool) {
	for _, later := range s.transactions {
		if later.original == t && later.code == "00" && slices.Contains(txnTypes, later.request["txnType"]) {
			sum, found = sum+later.amount, true
		}
	}
	return sum, found
}

// answer carries out a request that UnionPay understands.
func (s *Server) answer(raw, request fields, op operation, fault cnpaytest.Fault) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := fields{}
	for name, value := range request {
		switch name {
		case "signature", "certId", "backUrl", "frontUrl", "channelType", "termId", "customerInfo", "encryptCertId", "payTimeout":
		default:
			answer[name] = value
		}
	}
	answer["respCode"], answer["respMsg"] = s.process(raw, request, op, fault, answer)
	switch fault {
	case cnpaytest.UnknownCode:
		answer["respCode"] = "X9"
	case cnpaytest.OtherAnswer:
		answer["orderId"] = "other" + answer["orderId"][:min(len(answer["orderId"]), 35)]
		answer["txnTime"] = "20000101000000"
	}
	s.sign(answer, fault)
	return body(answer)
}

const success = "成功[0000000]"

func (s *Server) process(raw, request fields, op operation, fault cnpaytest.Fault, answer fields) (code, text string) {
	switch {
	case !s.genuine(raw):
		return "11", "验证签名失败[9100004]"
	case request["merId"] != MerID:
		return "31", "商户状态不正确[9100031]"
	case fault == UnsignedRefusal:
		return formatError("")
	}
	for _, name := range op.Mandatory {
		if request[name] == "" {
			return formatError(name)
		}
	}
	if id := request["encryptCertId"]; id != "" && (id != s.keys.encryption.SerialNumber.String() || !s.readable(request["accNo"])) {
		return formatError("accNo")
	}
	t := &transaction{request: request, code: "00", waits: op.waits, waiting: op.waits}
	if op.money {
		if s.taken(request) {
			return "12", "重复交易[5100012]"
		}
		amount, err := strconv.ParseInt(request["txnAmt"], 10, 64)
		if err != nil || amount <= 0 {
			return formatError("txnAmt")
		}
		t.amount = amount
	}
	if fault == cnpaytest.Refused {
		code, text = "38", "银联风险受限[5100038]"
	} else if code, text = op.act(s, t, answer); t.original != nil && t.original.request["bizType"] != request["bizType"] {
		code, text = otherThanOriginal()
	}
	if !op.money {
		return code, text
	}
	t.code, t.pending = code, s.pending
	if code != "00" {
		t.original, t.pending, t.waiting = nil, 0, false
	}
	s.keep(t)
	if code == "00" && !op.waits {
		answer["queryId"] = t.queryID
	}
	return code, text
}

func formatError(name string) (code, text string) {
	return "10", "报文格式错误[" + name + "][6100030]"
}

func noOriginal() (code, text string) { return "35", "原交易不存在或状态不正确[5100035]" }

func otherThanOriginal() (code, text string) { return "36", "与原交易信息不符[5100036]" }

// accept takes a payment for what it says.
func (s *Server) accept(*transaction, fields) (code, text string) { return "00", success }

// order takes an order that the payer will pay.
func (s *Server) order(t *transaction, answer fields) (code, text string) {
	delete(answer, "txnAmt")
	delete(answer, "currencyCode")
	if t.request["txnSubType"] == "07" {
		answer["qrCode"] = fmt.Sprintf("https://qr.95516.com/00010001/%020d", s.last+1)
	} else {
		answer["tn"] = fmt.Sprintf("%021d", s.last+1)
	}
	return "00", success
}

// pay is what the payer does about an order.
func (s *Server) pay(t *transaction, code string) error {
	switch {
	case t == nil || !t.waits || t.paid():
		return errors.New("unionpaytest: no such order waits for its payer")
	case t.late(s.clock()):
		return errors.New("unionpaytest: the order's payTimeout has passed")
	}
	t.waiting, t.code, t.at = false, code, s.clock()
	if code == "00" && t.request["tokenPayData"] != "" {
		t.token = s.newToken(t.request)
	}
	return nil
}

// paid reports whether the payer has done what the order waits for.
func (t *transaction) paid() bool { return t.waits && !t.waiting && t.code == "00" }

// late reports whether the order's payTimeout has passed.
func (t *transaction) late(now time.Time) bool {
	return t.request["payTimeout"] != "" && unionpay.TxnTime(now) > t.request["payTimeout"]
}

// original finds the transaction that t acts upon, by queryId or, for QR codes, by its order.
func (s *Server) original(t *transaction, txnTypes ...string) *transaction {
	found := s.find(func(o *transaction) bool { return o.queryID == t.request["origQryId"] })
	if t.request["origQryId"] == "" {
		found = s.byOrder(t.request["origOrderId"], t.request["origTxnTime"])
	}
	if found == nil || found.code != "00" || found.waiting || found.pending > 0 || !slices.Contains(txnTypes, found.request["txnType"]) {
		return nil
	}
	return found
}

// cancelPreauth: before completion, the full amount, once.
func (s *Server) cancelPreauth(t *transaction, _ fields) (code, text string) {
	original := s.original(t, "02")
	if original == nil {
		return noOriginal()
	}
	if _, done := s.against(original, "32"); done {
		return "45", "原交易已被成功退货或已被成功撤销[5100045]"
	}
	if s.completed(original) {
		return noOriginal()
	}
	if t.amount != original.amount {
		return otherThanOriginal()
	}
	t.original = original
	return "00", success
}

// completed reports whether a completion stands that has not been cancelled.
func (s *Server) completed(preauth *transaction) bool {
	return s.find(func(t *transaction) bool {
		_, cancelled := s.against(t, "33")
		return t.original == preauth && t.request["txnType"] == "03" && t.code == "00" && !cancelled
	}) != nil
}

// complete: once, up to 115 % of what is held.
func (s *Server) complete(t *transaction, _ fields) (code, text string) {
	original := s.original(t, "02")
	if original == nil || s.completed(original) {
		return noOriginal()
	}
	if _, done := s.against(original, "32"); done {
		return "45", "原交易已被成功退货或已被成功撤销[5100045]"
	}
	if t.amount*100 > original.amount*115 {
		return otherThanOriginal()
	}
	t.original = original
	return "00", success
}

// cancelCompletion and void: the full amount on the same clearing day, once, and not after refunds.
func (s *Server) cancelCompletion(t *transaction, _ fields) (code, text string) {
	return s.undo(t, "03", "33")
}

func (s *Server) void(t *transaction, _ fields) (code, text string) { return s.undo(t, "01", "31") }

func (s *Server) undo(t *transaction, originalType, ownType string) (code, text string) {
	original := s.original(t, originalType)
	if original == nil {
		return noOriginal()
	}
	if _, done := s.against(original, ownType, "04"); done {
		return "45", "原交易已被成功退货或已被成功撤销[5100045]"
	}
	if t.amount != original.amount {
		return otherThanOriginal()
	}
	if clearingDay(original.at) != clearingDay(s.clock()) {
		return "39", "交易不在受理时间范围内[5100039]"
	}
	t.original = original
	return "00", success
}

// refund: of purchases and completions, in parts, up to the whole.
func (s *Server) refund(t *transaction, _ fields) (code, text string) {
	original := s.original(t, "01", "03")
	if original == nil {
		return noOriginal()
	}
	if _, done := s.against(original, "31", "33"); done {
		return "45", "原交易已被成功退货或已被成功撤销[5100045]"
	}
	if sum, _ := s.against(original, "04"); sum+t.amount > original.amount {
		return otherThanOriginal()
	}
	t.original = original
	return "00", success
}

// reverse: names the purchase itself, as often as one likes.
func (s *Server) reverse(t *transaction, _ fields) (code, text string) {
	purchase := s.byOrder(t.request["orderId"], t.request["txnTime"])
	if purchase == nil || purchase.request["txnType"] != "01" {
		return noOriginal()
	}
	if purchase.request["bizType"] != t.request["bizType"] {
		return otherThanOriginal()
	}
	if clearingDay(purchase.at) != clearingDay(s.clock()) {
		return "39", "交易不在受理时间范围内[5100039]"
	}
	purchase.code, purchase.pending, purchase.waiting = "46", 0, false
	return "00", success
}

// clearingDay is the day, MMDD, that a moment belongs to: it begins at 23:00 the evening before.
func clearingDay(at time.Time) string { return at.In(cnpay.Beijing()).Add(time.Hour).Format("0102") }

func (s *Server) query(q *transaction, answer fields) (code, text string) {
	t := s.byOrder(q.request["orderId"], q.request["txnTime"])
	if id := q.request["queryId"]; id != "" {
		t = s.find(func(t *transaction) bool { return t.queryID == id })
	}
	if t == nil || t.waiting {
		return "34", "查无此交易[2600000]"
	}
	for _, name := range []string{"txnType", "txnSubType", "orderId", "txnTime"} {
		answer[name] = t.request[name]
	}
	if text := t.request["reqReserved"]; text != "" {
		answer["reqReserved"] = text
	}
	answer["txnAmt"], answer["settleAmt"] = strconv.FormatInt(t.amount, 10), "0"
	answer["origRespCode"], answer["origRespMsg"] = "05", "交易已受理，请稍后查询交易结果[6154037]"
	if t.pending > 0 {
		t.pending--
		return "00", success
	}
	s.cleared(t, answer)
	answer["origRespCode"], answer["origRespMsg"] = t.code, textOf(t.code)
	answer["issuerIdentifyMode"] = "0"
	return "00", success
}

func textOf(code string) string {
	if code == "00" {
		return success
	}
	return "交易失败[51000" + code + "]"
}

// cleared adds what is known of a transaction once it has ended.
func (s *Server) cleared(t *transaction, message fields) {
	at := unionpay.TxnTime(t.at)
	amount := strconv.FormatInt(t.amount, 10)
	known := fields{
		"queryId": t.queryID, "txnAmt": amount, "currencyCode": "156", "settleAmt": amount, "settleCurrencyCode": "156",
		"settleDate": clearingDay(t.at), "traceNo": t.queryID[15:], "traceTime": at[4:14],
	}
	switch t.request["txnType"] {
	case "01", "02":
		known["accNo"], known["payCardType"], known["payType"] = "621626*********0018", "01", "0001"
	}
	if t.original != nil {
		known["origQryId"] = t.original.queryID
	}
	for name, value := range known {
		message[name] = value
	}
}

// notification is what UnionPay says about a transaction.
func (s *Server) notification(t *transaction, fault cnpaytest.Fault) fields {
	message := fields{"version": "5.1.0", "respCode": t.code, "respMsg": "success"}
	for _, name := range []string{
		"encoding", "signMethod", "txnType", "txnSubType", "bizType", "accessType", "merId", "acqInsCode", "orderId", "txnTime",
		"reqReserved", "reserved",
	} {
		if value := t.request[name]; value != "" {
			message[name] = value
		}
	}
	if t.code != "00" {
		message["respMsg"] = textOf(t.code)
	}
	if t.request["txnType"] == "79" {
		message["activateStatus"], message["tokenPayData"], message["accNo"] = "1", t.token.text(), "0018"
	} else {
		s.cleared(t, message)
		message["exchangeRate"] = "0"
	}
	switch fault {
	case cnpaytest.UnknownCode:
		message["respCode"] = "X9"
	case cnpaytest.OtherAnswer:
		message["merId"] = strings.Repeat("9", 15)
	}
	s.sign(message, fault)
	return message
}
