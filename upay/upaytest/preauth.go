package upaytest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// step is what the gateway keeps of one step of a pre-authorisation besides its money.
type step struct {
	kind         string // request_type
	requestNo    string
	authSN       string
	clientAuthSN string
	sn           string // of completions and refunds
	request      object
}

// AddPreauth makes a pre-authorisation that was held just now, of amount fen, and returns Upay's number for it.
func (s *Server) AddPreauth(clientAuthSN, clientTransNo string, amount int64) (authSN string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold := step{kind: "05", requestNo: s.number(), authSN: s.number(), clientAuthSN: clientAuthSN, request: object{}}
	s.ledger.Pay(testgateway.Hold, clientTransNo, amount, hold)
	return hold.authSN
}

// AddCompletion takes all of a pre-authorisation, and returns Upay's number for the payment.
func (s *Server) AddCompletion(clientAuthSN, clientTransNo string) (sn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hold, _ := s.hold(object{"client_auth_sn": clientAuthSN})
	done := s.next("07", hold, object{})
	done.sn = s.number()
	hold.Taken = hold.Amount
	s.ledger.Put(hold)
	s.ledger.Put(testgateway.Movement{Number: clientTransNo, Kind: testgateway.Completion, State: testgateway.Done, Amount: hold.Amount, Original: hold.Number, Note: done})
	return done.sn
}

// FinishPreauth ends a step that was Pending.
func (s *Server) FinishPreauth(clientTransNo string, succeeded bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.ledger.Find(clientTransNo)
	if !ok || m.State != testgateway.Waiting {
		return
	}
	m.State = testgateway.Closed
	if succeeded {
		m.State = testgateway.Done
	}
	s.ledger.Put(m)
}

// hold is the pre-authorisation that a request names.
func (s *Server) hold(request object) (testgateway.Movement, bool) {
	for _, m := range s.ledger.All() {
		n, ok := m.Note.(step)
		if !ok || m.Kind != testgateway.Hold {
			continue
		}
		if authSN := request.text("auth_sn"); authSN == n.authSN || authSN == "" && request.text("client_auth_sn") == n.clientAuthSN {
			return m, true
		}
	}
	return testgateway.Movement{}, false
}

func (s *Server) next(kind string, hold testgateway.Movement, request object) step {
	n, _ := hold.Note.(step)
	return step{kind: kind, requestNo: s.number(), authSN: n.authSN, clientAuthSN: n.clientAuthSN, sn: n.sn, request: request}
}

func closed(code, text string) object {
	return accepted(object{"result_code": "CLOSED", "error_code": code, "error_message": text})
}

// take adds a step, unless its number is taken or it cannot be.
func (s *Server) take(request object, kind testgateway.Kind, n step, original string, fits bool, fault cnpaytest.Fault) object {
	number, amount := request.text("client_trans_no"), request.amount("amount")
	_, again := s.ledger.Find(number)
	switch {
	case amount == 0:
		return refusal("INVALID_PARAMS", "amount错误")
	case fault == cnpaytest.Refused || !fits || again:
		return closed("INVALID_PARAMS", "参数错误")
	}
	m := testgateway.Movement{Number: number, Kind: kind, State: testgateway.Done, Amount: amount, Original: original, Note: n}
	if fault == Pending {
		m.State = testgateway.Waiting
	}
	s.ledger.Put(m)
	return s.aboutStep(m, fault)
}

func (s *Server) freeze(request object, fault cnpaytest.Fault) object {
	_, again := s.hold(object{"client_auth_sn": request.text("client_auth_sn")})
	n := step{kind: "05", requestNo: s.number(), authSN: s.number(), clientAuthSN: request.text("client_auth_sn"), request: request}
	return s.take(request, testgateway.Hold, n, "", !again, fault)
}

func (s *Server) unfreeze(request object, fault cnpaytest.Fault) object {
	return s.ofHold(request, "16", testgateway.Cancel, fault)
}

func (s *Server) complete(request object, fault cnpaytest.Fault) object {
	return s.ofHold(request, "07", testgateway.Completion, fault)
}

// ofHold releases or takes a part of what is held.
func (s *Server) ofHold(request object, kind string, verb testgateway.Kind, fault cnpaytest.Fault) object {
	hold, ok := s.hold(request)
	amount := request.amount("amount")
	n := s.next(kind, hold, request)
	if verb == testgateway.Completion {
		n.sn = s.number()
	}
	fits := ok && hold.State == testgateway.Done && amount <= hold.Amount-hold.Taken-hold.Given
	before, _ := s.ledger.Find(request.text("client_trans_no"))
	answer := s.take(request, verb, n, hold.Number, fits, fault)
	if after, _ := s.ledger.Find(request.text("client_trans_no")); before.Number == "" && after.Number != "" {
		if verb == testgateway.Completion {
			hold.Taken += amount
		} else {
			hold.Given += amount
		}
		s.ledger.Put(hold)
	}
	return answer
}

func (s *Server) refundPreauth(request object, fault cnpaytest.Fault) object {
	var paid testgateway.Movement
	for _, m := range s.ledger.All() {
		n, ok := m.Note.(step)
		if !ok || m.Kind != testgateway.Completion {
			continue
		}
		if sn := request.text("sn"); sn == n.sn || sn == "" && (request.text("auth_sn") == n.authSN || request.text("auth_sn") == "" && request.text("client_auth_sn") == n.clientAuthSN) {
			paid = m
		}
	}
	amount := request.amount("amount")
	_, again := s.ledger.Find(request.text("client_trans_no"))
	fits := paid.State == testgateway.Done && amount <= paid.Amount-paid.Given
	answer := s.take(request, testgateway.Refund, s.next("18", paid, request), paid.Number, fits, fault)
	if _, done := s.ledger.Find(request.text("client_trans_no")); done && !again {
		paid.Given += amount
		s.ledger.Put(paid)
	}
	return answer
}

func (s *Server) queryPreauth(request object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return fail("INVALID_PARAMS", "参数错误")
	}
	for _, m := range s.ledger.All() {
		n, ok := m.Note.(step)
		if !ok {
			continue
		}
		if no := request.text("request_no"); no == n.requestNo || no == "" && request.text("client_trans_no") == m.Number {
			answer := s.aboutStep(m, fault)
			result := answer["biz_response"].(object)
			data := s.stepData(m)
			data["status"], data["request_type"], data["subject"] = stepStatus(m), n.kind, n.request.text("subject")
			data["request_create_time"], data["request_finish_time"] = data["finish_time"], data["finish_time"]
			if fault == cnpaytest.OtherAnswer {
				data["client_trans_no"], data["request_no"] = "other-"+m.Number, "1"
			}
			result["data"] = data
			if result["result_code"] != "PREAUTH_PERHAPS" {
				result["result_code"] = "SUCCESS"
			}
			return answer
		}
	}
	return fail("INVALID_PARAMS", "预授权操作不存在")
}

func (s *Server) listPreauth(request object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return fail("INVALID_PARAMS", "参数错误")
	}
	trans := []object{}
	all := s.ledger.All()
	slices.SortFunc(all, func(a, b testgateway.Movement) int { return strings.Compare(a.Number, b.Number) })
	for _, m := range all {
		n, ok := m.Note.(step)
		authSN, clientAuthSN := request.text("auth_sn"), request.text("client_auth_sn")
		if !ok || authSN != "" && authSN != n.authSN || authSN == "" && clientAuthSN != "" && clientAuthSN != n.clientAuthSN {
			continue
		}
		data := s.stepData(m)
		data["status"], data["request_type"] = stepStatus(m), n.kind
		if fault == cnpaytest.OtherAnswer {
			data["auth_sn"], data["client_auth_sn"] = "1", "other"
		}
		trans = append(trans, data)
	}
	code := "SUCCESS"
	if fault == cnpaytest.UnknownCode {
		code = "PREAUTH_PERHAPS"
	}
	return accepted(object{"result_code": code, "data": object{"trans": trans}})
}

func stepStatus(m testgateway.Movement) string {
	switch m.State {
	case testgateway.Waiting:
		return "INIT"
	case testgateway.Closed:
		return "CLOSED"
	}
	return "SUCCESS"
}

// aboutStep is an answer with one step.
func (s *Server) aboutStep(m testgateway.Movement, fault cnpaytest.Fault) object {
	code, data := stepStatus(m), s.stepData(m)
	switch fault {
	case cnpaytest.OtherAnswer:
		data["client_trans_no"], data["request_no"] = "other-"+m.Number, "1"
	case cnpaytest.UnknownCode:
		code = "PREAUTH_PERHAPS"
	}
	return accepted(object{"result_code": code, "data": data})
}

func (s *Server) stepData(m testgateway.Movement) object {
	n := m.Note.(step)
	data := object{
		"terminal_sn": s.config.TerminalSN, "auth_sn": n.authSN, "client_auth_sn": n.clientAuthSN, "request_no": n.requestNo,
		"client_trans_no": m.Number, "payway": "1", "amount": strconv.FormatInt(m.Amount, 10),
		"finish_time": strconv.FormatInt(s.now().UnixMilli(), 10), "payer_user_id": "2088000000000001", "payer_logon_id": "134****0000",
		"operator": n.request.text("operator"),
	}
	if n.sn != "" {
		data["sn"] = n.sn
	}
	return data
}
