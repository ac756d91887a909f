// Package yuansfertest is a Yuansfer gateway inside the process, for tests of code that uses package yuansfer.
//
//	gateway := yuansfertest.NewServer()
//	defer gateway.Close()
//	client, err := yuansfer.New(gateway.Config())
//	autoDebitNo := gateway.AddAgreement("testAuth2021010801", "gcash")
//	gateway.Misbehave("auto_debit_revoke", yuansfertest.LostAnswer)
//
// It checks signatures with its own code, keeps agreements as Yuansfer does, and misbehaves on command.
package yuansfertest

import (
	"bytes"
	"crypto/md5"
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
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// Fault is a way to misbehave; see the constants.
type Fault = testgateway.Fault

// The faults this gateway can play.
const (
	OK          = testgateway.OK
	LostAnswer  = testgateway.LostAnswer
	Hang        = testgateway.Hang
	Reset       = testgateway.Reset
	CutBody     = testgateway.CutBody
	HTTP502     = testgateway.HTTP502
	Empty       = testgateway.Empty
	HTML        = testgateway.HTML
	HugeBody    = testgateway.HugeBody
	Redirect    = testgateway.Redirect
	Refused     = testgateway.Refused
	OtherAnswer = testgateway.OtherAnswer
	UnknownCode = testgateway.UnknownCode

	NoResult      Fault = "no-result"      // a success that does not say what it is about
	SystemError   Fault = "system-error"   // processed, then the code 000000
	SupplierError Fault = "supplier-error" // processed, then the code 000080
)

// Late is LostAnswer of a slow gateway: nothing is answered, and the agreement changes d after its request arrived.
func Late(d time.Duration) Fault { return testgateway.Late(d) }

// Server is the gateway. With all gateways of this module it has in common its address, URL, and the methods
//
//	Close()
//	Misbehave(operation string, faults ...Fault)     // the next requests of the operation meet these, one each
//	AlwaysMisbehave(operation string, fault Fault)   // all others meet this one
//	Received(operation string) int                   // how many requests arrived
//
// An operation has the name that errors and logs give it, [cnpay.Subject].Operation: auto_debit_revoke.
type Server struct {
	*testgateway.Server

	mu         sync.Mutex
	config     yuansfer.Config
	agreements map[string]*agreement // by autoDebitNo
	later      testgateway.Later
	repeats    string
}

type agreement struct {
	autoDebitNo, autoReference, vendor string
	revoked                            bool
}

// NewServer starts a gateway with one merchant and one store.
func NewServer() *Server {
	s := &Server{agreements: map[string]*agreement{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /auto-debit/v3/revoke", s.handle("auto_debit_revoke", s.revoke))
	s.Server = testgateway.Start(mux)
	s.config = yuansfer.Config{
		Gateway:    s.URL,
		MerchantNo: "200043",
		StoreNo:    "300014",
		Token:      cnpay.Secret(testgateway.RandomHex(16)),
	}
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

// AddAgreement makes an agreement that its customer has signed, and returns Yuansfer's number for it.
func (s *Server) AddAgreement(autoReference, vendor string) (autoDebitNo string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	autoDebitNo = fmt.Sprintf("2982225628563%05d", len(s.agreements)+1)
	s.agreements[autoDebitNo] = &agreement{autoDebitNo: autoDebitNo, autoReference: autoReference, vendor: vendor}
	return autoDebitNo
}

// Revoked reports whether an agreement is revoked, whatever was answered.
func (s *Server) Revoked(autoDebitNo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later.Run(time.Now())
	a := s.agreements[autoDebitNo]
	return a != nil && a.revoked
}

// RefuseRepeats makes the gateway refuse the revoke of a revoked agreement with a code, 000040 for example. No
// document says how Yuansfer answers it; without this call it is answered as the first was.
func (s *Server) RefuseRepeats(code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.repeats = code
}

type object map[string]any

func (s *Server) handle(operation string, act func(map[string]string, Fault) (int, []byte)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(operation)
		status, text := s.answer(body, fault, act)
		s.Answer(w, r, fault, status, "application/json;charset=UTF-8", text)
	}
}

func (s *Server) answer(body []byte, fault Fault, act func(map[string]string, Fault) (int, []byte)) (int, []byte) {
	q, err := parameters(body)
	if err != nil {
		return refusal("000000", "data error : "+err.Error())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if q["verifySign"] != s.verifySign(q) {
		return refusal("000000", "data error : verifySign")
	}
	for _, name := range []string{"merchantNo", "storeNo"} {
		if q[name] == "" {
			return refusal("000020", "Parameter null : "+name)
		}
	}
	if q["merchantNo"] != s.config.MerchantNo || q["storeNo"] != s.config.StoreNo || q["merGroupNo"] != s.config.MerGroupNo {
		return refusal("000021", "Parameter has no related information")
	}
	s.later.Run(time.Now())
	if d, late := fault.Delay(); late {
		s.later.Add(time.Now().Add(d), func() { act(q, OK) })
		return http.StatusOK, nil
	}
	return act(q, fault)
}

// parameters reads a request: one flat object, every value a text that is not empty, no name twice. The documents
// are silent about anything else, so a client has no reason to send it.
func parameters(body []byte) (map[string]string, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("not an object")
	}
	q := map[string]string{}
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

func (s *Server) verifySign(q map[string]string) string {
	digest := md5.New()
	for _, name := range slices.Sorted(maps.Keys(q)) {
		if name != "verifySign" {
			fmt.Fprintf(digest, "%s=%s&", name, q[name])
		}
	}
	fmt.Fprintf(digest, "%x", md5.Sum([]byte(strings.TrimSpace(s.config.Token.Reveal()))))
	return hex.EncodeToString(digest.Sum(nil))
}

func (s *Server) revoke(q map[string]string, fault Fault) (int, []byte) {
	a := s.agreements[q["autoDebitNo"]]
	switch {
	case q["autoDebitNo"] == "":
		return refusal("000020", "Parameter null : autoDebitNo")
	case a == nil:
		return refusal("000021", "Parameter has no related information")
	case fault == Refused:
		return refusal("000030", "access denied")
	case a.revoked && s.repeats != "":
		return refusal(s.repeats, "Transaction status error")
	}
	a.revoked = true
	result := object{"autoDebitNo": a.autoDebitNo, "autoReference": a.autoReference, "vendor": strings.ToUpper(a.vendor)}
	answer := object{"result": result, "ret_code": "000100", "ret_msg": "revoke success"}
	switch fault {
	case OtherAnswer:
		result["autoDebitNo"], result["autoReference"] = "298222562899999999", "other-"+a.autoReference
	case NoResult:
		delete(answer, "result")
	case UnknownCode:
		answer["ret_code"], answer["ret_msg"] = "000099", "revoke perhaps"
	case SystemError:
		return refusal("000000", "system error")
	case SupplierError:
		return refusal("000080", "supplier system error")
	}
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return http.StatusOK, text
}

// refusal has the form of the documents' example, which is not quite JSON.
func refusal(code, message string) (int, []byte) {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return http.StatusBadRequest, fmt.Appendf(nil, "{\n   \"ret_code\": \"%s\",\n   \"retMsg\": %s,\n}", code, text)
}
