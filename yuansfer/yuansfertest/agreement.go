package yuansfertest

import (
	"fmt"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/yuansfer"
)

type agreement struct {
	autoDebitNo, autoReference, vendor string
	request                            fields
	signed                             bool // by the customer
	codeUsed                           bool // AUTHORIZATION_CODE
	granted                            bool // the wallet may be debited
	revoked                            bool
}

// AddAgreement makes an agreement that its customer has signed and that can be used, and returns Yuansfer's number for it.
func (s *Server) AddAgreement(autoReference, vendor string) (autoDebitNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.newAgreement(fields{"autoReference": autoReference, "vendor": vendor})
	a.signed, a.granted = true, true
	return a.autoDebitNo
}

func (s *Server) newAgreement(q fields) *agreement {
	a := &agreement{
		autoDebitNo:   fmt.Sprintf("2982225628563%05d", len(s.agreements)+1),
		autoReference: q["autoReference"], vendor: q["vendor"], request: q,
	}
	s.agreements[a.autoDebitNo] = a
	return a
}

// SignAgreement signs an agreement of Consult, as its customer does. It sends no notification; see NotifyAgreement.
func (s *Server) SignAgreement(autoDebitNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agreements[autoDebitNo]
	if a == nil || a.revoked {
		return fmt.Errorf("no agreement %s that could be signed", autoDebitNo)
	}
	a.signed = true
	return nil
}

// Revoked reports whether an agreement is revoked, whatever was answered.
func (s *Server) Revoked(autoDebitNo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agreements[autoDebitNo]
	return a != nil && a.revoked
}

func (a *agreement) about() object {
	return object{"autoDebitNo": a.autoDebitNo, "autoReference": a.autoReference, "vendor": strings.ToUpper(a.vendor)}
}

func (s *Server) consult(q fields, _ cnpaytest.Fault) (object, string) {
	for _, a := range s.agreements {
		if a.autoReference == q["autoReference"] {
			return nil, "000023"
		}
	}
	a := s.newAgreement(q)
	return with(a.about(), object{"authUrl": s.URL + "/sign/" + a.autoDebitNo}), ""
}

func (s *Server) applyToken(q fields, _ cnpaytest.Fault) (object, string) {
	a := s.agreements[q["autoDebitNo"]]
	first := q["grantType"] == "AUTHORIZATION_CODE"
	switch {
	case a == nil:
		return nil, "000021"
	case a.revoked || !a.signed || first && a.codeUsed || !first && !a.granted:
		return nil, "000040"
	}
	a.granted, a.codeUsed = true, a.codeUsed || first
	expiry := func(months int) string {
		return s.now().In(cnpay.Beijing()).AddDate(0, months, 0).Format(time.RFC3339)
	}
	return with(a.about(), object{"accessTokenExpiryTime": expiry(6), "refreshTokenExpiryTime": expiry(12)}), ""
}

func (s *Server) debit(q fields, fault cnpaytest.Fault) (object, string) {
	a := s.agreements[q["autoDebitNo"]]
	switch {
	case a == nil:
		return nil, "000021"
	case !a.granted || a.revoked:
		return nil, "000040"
	}
	if _, refusal := s.open(q); refusal != "" {
		return nil, refusal
	}
	refusal := s.pay(q["reference"], fault)
	m := s.order(q["reference"])
	return with(about(m), object{"autoDebitNo": a.autoDebitNo, "status": status(m)}), refusal
}

func (s *Server) revoke(q fields, _ cnpaytest.Fault) (object, string) {
	a := s.agreements[q["autoDebitNo"]]
	switch {
	case a == nil:
		return nil, "000021"
	case a.revoked && s.repeats != "":
		return nil, s.repeats
	}
	a.revoked = true
	return a.about(), ""
}

// detail is one operation of a pre-authorisation.
type detail struct {
	hold    string // outAuthInfoNo
	no      string // Yuansfer's number of it
	request fields
	amount  int64
	status  string
}

// hold is the pre-authorisation that a request names.
func (s *Server) hold(q fields) (testgateway.Movement, bool) {
	if q["authInfoNo"] != "" {
		for _, m := range s.ledger.All() {
			if m.Kind == testgateway.Hold && orderOf(m).transactionNo == q["authInfoNo"] {
				return m, true
			}
		}
		return testgateway.Movement{}, false
	}
	return s.ledger.Find(holds + q["outAuthInfoNo"])
}

// keep keeps one operation of a pre-authorisation.
func (s *Server) keep(q fields, hold string, amount int64, status string) (*detail, string) {
	if s.details[q["outAuthDetailNo"]] != nil {
		return nil, "000023"
	}
	d := &detail{hold: hold, no: s.number(), request: q, amount: amount, status: status}
	s.details[q["outAuthDetailNo"]] = d
	return d, ""
}

func (s *Server) aboutDetail(d *detail) object {
	m := s.order(holds + d.hold)
	return object{
		"authInfoNo": orderOf(m).transactionNo, "outAuthInfoNo": d.hold, "authDetailNo": d.no,
		"outAuthDetailNo": d.request["outAuthDetailNo"], "amount": decimal(d.amount), "currency": d.request["currency"],
		"settleCurrency": d.request["settleCurrency"], "status": d.status,
	}
}

func (s *Server) newHold(q fields, state testgateway.State, status string) (object, string) {
	n, ok := cents(q["amount"])
	if !ok {
		return nil, "000023"
	}
	number := holds + q["outAuthInfoNo"]
	if _, taken := s.ledger.Find(number); taken || s.details[q["outAuthDetailNo"]] != nil {
		return nil, "000023"
	}
	o := &order{transactionNo: s.number(), request: q}
	s.ledger.Put(testgateway.Movement{Number: number, Kind: testgateway.Hold, State: state, Amount: n, Note: o})
	d, _ := s.keep(q, q["outAuthInfoNo"], n, status)
	return s.aboutDetail(d), ""
}

func (s *Server) createVoucher(q fields, _ cnpaytest.Fault) (object, string) {
	return s.newHold(q, testgateway.Waiting, yuansfer.StatusInit)
}

func (s *Server) freeze(q fields, fault cnpaytest.Fault) (object, string) {
	if fault == Pending {
		return s.newHold(q, testgateway.Waiting, yuansfer.StatusPending)
	}
	return s.newHold(q, testgateway.Done, yuansfer.StatusSuccess)
}

// Freeze lets the money of a voucher, or of a hold that is Pending, be held, as its customer does.
func (s *Server) Freeze(outAuthInfoNo string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, refusal := s.ledger.Paid(holds + outAuthInfoNo); refusal != "" {
		return fmt.Errorf("%s", refusal)
	}
	for _, d := range s.details {
		if d.hold == outAuthInfoNo {
			d.status = yuansfer.StatusSuccess
		}
	}
	return nil
}

// Held is what is still held of a pre-authorisation, whatever was answered.
func (s *Server) Held(outAuthInfoNo string) string {
	m, _ := s.ledger.Find(holds + outAuthInfoNo)
	return decimal(m.Left() - m.Taken)
}

// take takes a part of a hold, to be paid or to be released.
func (s *Server) take(q fields, name string, fault cnpaytest.Fault) (*detail, testgateway.Movement, string) {
	m, ok := s.hold(q)
	n, isAmount := cents(q[name])
	switch {
	case !ok:
		return nil, m, "000021"
	case m.State != testgateway.Done:
		return nil, m, "000040"
	case !isAmount || n > m.Left()-m.Taken:
		return nil, m, "000023"
	}
	state := yuansfer.StatusSuccess
	if fault == Pending {
		state = yuansfer.StatusPending
	}
	d, refusal := s.keep(q, strings.TrimPrefix(m.Number, holds), n, state)
	return d, m, refusal
}

func (s *Server) unfreeze(q fields, fault cnpaytest.Fault) (object, string) {
	d, m, refusal := s.take(q, "unfreezeAmount", fault)
	if refusal != "" {
		return nil, refusal
	}
	m.Given += d.amount
	s.ledger.Put(m)
	return s.aboutDetail(d), ""
}

func (s *Server) capture(q fields, fault cnpaytest.Fault) (object, string) {
	if _, taken := s.ledger.Find(q["reference"]); taken {
		return nil, "000023"
	}
	d, m, refusal := s.take(q, "amount", fault)
	if refusal != "" {
		return nil, refusal
	}
	o, refusal := s.open(q)
	if refusal == "" {
		refusal = s.pay(q["reference"], fault)
	}
	m.Taken += d.amount
	s.ledger.Put(m)
	return with(s.aboutDetail(d), object{"reference": q["reference"], "transactionNo": o.transactionNo}), refusal
}

func (s *Server) queryDetail(q fields, _ cnpaytest.Fault) (object, string) {
	for _, d := range s.details {
		if d.request["outAuthDetailNo"] == q["outAuthDetailNo"] || d.no == q["authDetailNo"] {
			return s.aboutDetail(d), ""
		}
	}
	return nil, "000021"
}
