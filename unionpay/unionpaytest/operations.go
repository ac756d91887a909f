package unionpaytest

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay/unionpay"
)

// operation is what the gateway knows of one transaction type.
type operation struct {
	id       string
	path     string
	required []string
	act      func(s *Server, t *transaction, answer fields) (code, message string)
}

const backTrans, queryTrans = "/gateway/api/backTransReq.do", "/gateway/api/queryTrans.do"

func operationOf(txnType, txnSubType string) (operation, bool) {
	money := []string{"orderId", "txnTime", "txnAmt", "origQryId", "backUrl", "channelType"}
	switch txnType {
	case "00":
		return operation{id: "query", path: queryTrans, required: []string{"orderId", "txnTime"}}, true
	case "32":
		return operation{id: "preauth_cancel", path: backTrans, required: money, act: (*Server).cancelPreauth}, true
	}
	return operation{id: "unknown"}, false
}

// transaction is one entry of UnionPay's books.
type transaction struct {
	orderID, txnTime, txnType, txnSubType, queryID, origQryID string
	bizType, accessType, merID, acqInsCode, encoding          string
	signMethod, backURL, reqReserved, reserved                string
	amount                                                    int64
	code                                                      string // how it ends
	pending                                                   int    // queries until then
	original                                                  *transaction
}

func (s *Server) keep(t *transaction) {
	s.last++
	t.queryID = fmt.Sprintf("%s%07d", t.txnTime, s.last) // 21 characters
	s.transactions = append(s.transactions, t)
}

func (s *Server) byOrder(orderID, txnTime string) *transaction {
	for _, t := range s.transactions {
		if t.orderID == orderID && (txnTime == "" || t.txnTime == txnTime) {
			return t
		}
	}
	return nil
}

func (s *Server) byQueryID(queryID string) *transaction {
	for _, t := range s.transactions {
		if t.queryID == queryID {
			return t
		}
	}
	return nil
}

// against returns the sum of the successful transactions of some types that acted upon t.
func (s *Server) against(t *transaction, txnTypes ...string) (sum int64, found bool) {
	for _, later := range s.transactions {
		if later.original == t && later.code == "00" && slices.Contains(txnTypes, later.txnType) {
			sum, found = sum+later.amount, true
		}
	}
	return sum, found
}

// answer carries out a request that UnionPay understands.
func (s *Server) answer(raw, request fields, op operation, fault Fault) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := fields{}
	for name, value := range request {
		switch name {
		case "signature", "certId", "backUrl", "frontUrl", "channelType", "termId":
		default:
			answer[name] = value
		}
	}
	code, text := s.process(raw, request, op, fault, answer)
	answer["respCode"], answer["respMsg"] = code, text
	if fault == UnknownCode {
		answer["respCode"] = "X9"
	}
	if fault == OtherAnswer {
		answer["orderId"] = "other" + strings.TrimPrefix(answer["orderId"], "other")
		answer["orderId"] = answer["orderId"][:min(len(answer["orderId"]), 40)]
	}
	s.seal(answer, fault)
	return body(answer)
}

func (s *Server) process(raw, request fields, op operation, fault Fault, answer fields) (code, text string) {
	switch {
	case !s.genuine(raw):
		return "11", "验证签名失败[9100004]"
	case request["merId"] != MerID:
		return "31", "商户状态不正确[9100031]"
	case fault == UnsignedRefusal:
		return "10", "报文格式错误[6100030]"
	}
	for _, name := range append([]string{"encoding", "bizType", "accessType"}, op.required...) {
		if request[name] == "" {
			return "10", "报文格式错误[" + name + "][6100030]"
		}
	}
	if op.id == "query" {
		return s.query(request, answer)
	}
	if s.byOrder(request["orderId"], request["txnTime"]) != nil {
		return "12", "重复交易[5100012]"
	}
	amount, err := strconv.ParseInt(request["txnAmt"], 10, 64)
	if err != nil {
		return "10", "报文格式错误[txnAmt][6100030]"
	}
	t := &transaction{
		orderID: request["orderId"], txnTime: request["txnTime"], txnType: request["txnType"], txnSubType: request["txnSubType"],
		origQryID: request["origQryId"], bizType: request["bizType"], accessType: request["accessType"], merID: request["merId"],
		acqInsCode: request["acqInsCode"], encoding: request["encoding"], signMethod: request["signMethod"],
		backURL: request["backUrl"], reqReserved: request["reqReserved"], reserved: request["reserved"], amount: amount,
	}
	code, text = op.act(s, t, answer)
	if fault == Refused {
		code, text = "38", "银联风险受限[5100038]"
	}
	t.code, t.pending = code, s.pending
	if code != "00" {
		t.original, t.pending = nil, 0
	}
	s.keep(t)
	if code == "00" {
		answer["queryId"] = t.queryID
	}
	return code, text
}

const success = "成功[0000000]"

func (s *Server) cancelPreauth(t *transaction, _ fields) (code, text string) {
	original := s.byQueryID(t.origQryID)
	if original == nil || original.txnType != "02" || original.code != "00" {
		return "35", "原交易不存在或状态不正确[5100035]"
	}
	if _, done := s.against(original, "32"); done {
		return "45", "原交易已被成功退货或已被成功撤销[5100045]"
	}
	if _, done := s.against(original, "03"); done {
		return "35", "原交易不存在或状态不正确[5100035]"
	}
	if t.amount != original.amount {
		return "36", "与原交易信息不符[5100036]"
	}
	t.original = original
	return "00", success
}

func (s *Server) query(request, answer fields) (code, text string) {
	t := s.byOrder(request["orderId"], request["txnTime"])
	if t == nil {
		return "34", "查无此交易[2600000]"
	}
	answer["txnType"], answer["txnSubType"] = t.txnType, t.txnSubType
	answer["txnAmt"], answer["settleAmt"] = strconv.FormatInt(t.amount, 10), "0"
	if t.reqReserved != "" {
		answer["reqReserved"] = t.reqReserved
	}
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
	now := unionpay.TxnTime(s.clock())
	amount := strconv.FormatInt(t.amount, 10)
	known := fields{
		"queryId": t.queryID, "txnAmt": amount, "currencyCode": "156", "settleAmt": amount, "settleCurrencyCode": "156",
		"settleDate": now[4:8], "traceNo": t.queryID[15:], "traceTime": now[4:14],
	}
	if t.origQryID != "" {
		known["origQryId"] = t.origQryID
	}
	for name, value := range known {
		message[name] = value
	}
}

// notification is the form that UnionPay posts about a transaction.
func (s *Server) notification(t *transaction, fault Fault) []byte {
	message := fields{
		"version": "5.1.0", "encoding": t.encoding, "signMethod": t.signMethod, "txnType": t.txnType, "txnSubType": t.txnSubType,
		"bizType": t.bizType, "accessType": t.accessType, "merId": t.merID, "orderId": t.orderID, "txnTime": t.txnTime,
		"exchangeRate": "0", "respCode": t.code, "respMsg": "success",
	}
	if t.code != "00" {
		message["respMsg"] = textOf(t.code)
	}
	for name, value := range map[string]string{"acqInsCode": t.acqInsCode, "reqReserved": t.reqReserved, "reserved": t.reserved} {
		if value != "" {
			message[name] = value
		}
	}
	s.cleared(t, message)
	switch fault {
	case UnknownCode:
		message["respCode"] = "X9"
	case OtherAnswer:
		message["merId"] = "777290058110097"
	}
	s.seal(message, fault)
	form := url.Values{}
	for name, value := range message {
		form.Set(name, value)
	}
	return []byte(form.Encode())
}
