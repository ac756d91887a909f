// Package yuansfertest is a Yuansfer gateway inside the process, for tests of code that uses package yuansfer.
//
//	gateway := yuansfertest.NewServer()
//	defer gateway.Close()
//	client, err := yuansfer.New(gateway.Config())
//	autoDebitNo := gateway.AddAgreement("testAuth2021010801", "gcash")
//	gateway.Misbehave(yuansfer.OpAutoDebitRevoke, cnpaytest.LostAnswer)
//
// It checks signatures with its own code, keeps agreements and orders as Yuansfer does, has the pages on which a payer pays
// and signs, sends notifications, and misbehaves on command.
package yuansfertest

import (
	"bytes"
	"crypto/md5"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// The faults of Yuansfer's own.
const (
	Pending       cnpaytest.Fault = "pending"        // accepted, and open until Pay or SetStatus ends it
	NoResult      cnpaytest.Fault = "no-result"      // a success that does not say what it is about
	SystemError   cnpaytest.Fault = "system-error"   // processed, then the code 000000
	SupplierError cnpaytest.Fault = "supplier-error" // processed, then the code 000080
)

//go:embed operations.txt
var operations string

// Operations is what Yuansfer's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	mux    *http.ServeMux
	ledger testgateway.Ledger // by the merchant's number, with a prefix for all but payments

	mu         sync.Mutex // one request after the other
	config     yuansfer.Config
	agreements map[string]*agreement // by autoDebitNo
	schedules  map[string]string     // scheduleNo -> paymentCount or CANCELLED
	details    map[string]*detail    // by outAuthDetailNo
	last       int
	repeats    string
	now        func() time.Time
}

// NewServer starts a gateway with one merchant and one store.
func NewServer() *Server {
	mux := http.NewServeMux()
	s := &Server{mux: mux, agreements: map[string]*agreement{}, schedules: map[string]string{}, details: map[string]*detail{}, now: time.Now}
	for _, op := range Operations() {
		if op.Path != "" {
			mux.HandleFunc(op.Method+" "+op.Path, s.handle(op, rows()[op.ID]))
		}
	}
	older := cnpaytest.Operation{ID: "instore_pay", Mandatory: []string{"merchantNo", "storeNo", "paymentBarcode", "vendor"}}
	mux.HandleFunc("POST /app-instore/v3/pay", s.handle(older, (*Server).payByCode)) // package yuansfer leaves it to Do
	mux.HandleFunc("GET /cashier/{no}", s.cashier)
	mux.HandleFunc("POST /cashier/{no}", s.cashierDone)
	mux.HandleFunc("GET /sign/{no}", s.signing)
	mux.HandleFunc("POST /sign/{no}", s.signingDone)
	s.Server = testgateway.Start(mux)
	s.config = yuansfer.Config{
		Gateway:    s.URL,
		MerchantNo: "200043",
		StoreNo:    "300014",
		Token:      cnpay.Secret(testgateway.RandomHex(16)),
	}
	s.ledger.Now = func() time.Time { return s.now() }
	return s
}

// Config is the configuration of a client for this gateway's merchant.
func (s *Server) Config() yuansfer.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// SetToken replaces the merchant's token, as the portal does; requests signed with the old one are refused.
func (s *Server) SetToken(token cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Token = token
}

// SetPartner makes the gateway that of a partner (服务商), whose number each request must have.
func (s *Server) SetPartner(merGroupNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.MerGroupNo = merGroupNo
}

// SetClock replaces time.Now, so that recorded answers are the same each time.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// RefuseRepeats makes the gateway refuse the revoke of a revoked agreement with a code, 000040 for example. No
// document says how Yuansfer answers it; without this call it is answered as the first was.
func (s *Server) RefuseRepeats(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repeats = code
}

// Handle adds an operation that the gateway lacks, for programs that bring their own: its requests are verified, and what
// answer returns is the answer's result. The path is that of the documents: "/app-instore/v3/pay".
func (s *Server) Handle(id, path string, answer func(request map[string]string) map[string]any) {
	own := func(_ *Server, q fields, _ cnpaytest.Fault) (object, string) { return answer(q), "" }
	s.mux.HandleFunc("POST "+path, s.handle(cnpaytest.Operation{ID: id}, own))
}

type (
	object map[string]any
	fields map[string]string
)

// row is how one operation is carried out: what it does to the books, and what it answers. A refusal is a code.
type row func(s *Server, q fields, fault cnpaytest.Fault) (result object, refusal string)

func (s *Server) handle(op cnpaytest.Operation, act row) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(op.ID)
		s.Serve(w, r, fault, func() testgateway.Answer {
			status, text := s.answer(body, fault, op, act)
			return testgateway.Answer{Status: status, ContentType: "application/json;charset=UTF-8", Body: text}
		})
	}
}

func (s *Server) answer(body []byte, fault cnpaytest.Fault, op cnpaytest.Operation, act row) (int, []byte) {
	q, err := parameters(body)
	if err != nil {
		return refused("000000", "data error : "+err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q["verifySign"] != s.verifySign(q) {
		return refused("000000", "data error : verifySign")
	}
	for _, name := range op.Mandatory {
		if q[name] == "" {
			return refused("000020", "Parameter null : "+name)
		}
	}
	switch {
	case q["merchantNo"] != s.config.MerchantNo || q["storeNo"] != s.config.StoreNo || q["merGroupNo"] != s.config.MerGroupNo:
		return refused("000021", "Parameter has no related information")
	case q["transactionNo"] != "" && q["reference"] != "":
		return refused("000022", "Parameters do not match")
	case fault == cnpaytest.Refused:
		return refused("000030", "access denied")
	}
	result, refusal := act(s, q, fault)
	if refusal != "" {
		return refused(refusal, texts()[refusal])
	}
	return s.envelope(op.ID, result, fault)
}

// envelope puts the result of an accepted request into an answer, or what a fault makes of it.
func (s *Server) envelope(id string, result object, fault cnpaytest.Fault) (int, []byte) {
	verb := id[strings.LastIndexByte(id, '_')+1:]
	answer := object{"ret_code": "000100", "ret_msg": verb + " success"}
	switch _, list := result["size"]; {
	case id == yuansfer.OpOrderV4Pay: // an envelope of its own
		answer = object{"status": 200, "resultBody": result}
	case list || result["balance"] != nil:
		maps.Copy(answer, result)
	case result != nil:
		answer["result"] = result
	}
	switch fault {
	case cnpaytest.OtherAnswer:
		for name := range result {
			if slices.Contains([]string{"reference", "transactionNo", "autoDebitNo", "autoReference", "outAuthDetailNo", "invoiceId"}, name) {
				result[name] = "299999999999999999"
			}
		}
	case NoResult:
		delete(answer, "result")
		delete(answer, "resultBody")
	case cnpaytest.UnknownCode:
		answer["ret_code"], answer["ret_msg"] = "000099", verb+" perhaps"
	case SystemError:
		return refused("000000", "system error")
	case SupplierError:
		return refused("000080", "supplier system error")
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return http.StatusOK, text
}

// parameters reads a request: one flat object, every value a text that is not empty, no name twice. The documents
// are silent about anything else, so a client has no reason to send it.
func parameters(body []byte) (fields, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	q := fields{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, errors.New("not JSON")
		}
		key, _ := name.(string)
		value, err := d.Token()
		text, ok := value.(string)
		_, twice := q[key]
		if err != nil || !ok || text == "" || twice {
			return nil, errors.New(key)
		}
		q[key] = text
	}
	if _, err := d.Token(); err != nil || d.InputOffset() != int64(len(body)) {
		return nil, errors.New("not JSON")
	}
	return q, nil
}

func (s *Server) verifySign(q fields) string {
	digest := md5.New()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if name != "verifySign" {
			fmt.Fprintf(digest, "%s=%s&", name, q[name])
		}
	}
	fmt.Fprintf(digest, "%x", md5.Sum([]byte(strings.TrimSpace(s.config.Token.Reveal()))))
	return hex.EncodeToString(digest.Sum(nil))
}

// texts are the messages of refusals.
func texts() map[string]string {
	return map[string]string{
		"000020": "Parameter null", "000021": "Parameter has no related information", "000022": "Parameters do not match",
		"000023": "Parameter value error", "000040": "Transaction status error",
	}
}

// refused is an answer in the form of the documents' example, which is not quite JSON.
func refused(code, message string) (int, []byte) {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return http.StatusBadRequest, fmt.Appendf(nil, "{\n   \"ret_code\": \"%s\",\n   \"retMsg\": %s,\n}", code, text)
}

// refusalOf is the code of a ledger's refusal.
func refusalOf(r testgateway.Refusal) string {
	switch r {
	case "":
		return ""
	case testgateway.NoOrder:
		return "000021"
	case testgateway.WrongState:
		return "000040"
	}
	return "000023" // a number that is taken, too much
}

// number is one of Yuansfer's own.
func (s *Server) number() string {
	s.last++
	return fmt.Sprintf("2975536363%08d", s.last)
}

// cents reads decimal text, text writes it. Every amount here has two decimals.
func cents(amount string) (int64, bool) {
	whole, fraction, _ := strings.Cut(amount, ".")
	fraction = (fraction + "00")[:max(2, len(fraction))]
	var n int64
	if len(fraction) > 2 || len(whole) > 12 {
		return 0, false
	}
	for _, c := range whole + fraction {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, n > 0
}

func decimal(cents int64) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }
