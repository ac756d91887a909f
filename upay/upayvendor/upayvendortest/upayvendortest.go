// Package upayvendortest is Upay's gateway for vendors inside the process, for tests of code that uses package upayvendor.
//
//	gateway := upayvendortest.NewServer()
//	defer gateway.Close()
//	client, err := upayvendor.New(gateway.Config())
//	gateway.AddCode("12345678", 1)
//
// It checks signatures with its own code, keeps activation codes as Upay does, and misbehaves on command. See package
// upay/upaytest for payments.
package upayvendortest

import (
	"crypto/md5"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/upay/upayvendor"
)

//go:embed operations.txt
var operations string

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	mux    *http.ServeMux
	config upayvendor.Config

	mu      sync.Mutex // one request after the other
	codes   map[string]int
	devices map[string]bool
	last    int
}

// NewServer starts a gateway with one vendor.
func NewServer() *Server {
	mux := http.NewServeMux()
	s := &Server{mux: mux, codes: map[string]int{}, devices: map[string]bool{}}
	for _, op := range testgateway.Operations(operations) {
		mux.HandleFunc(op.Method+" "+op.Path, s.handle(op.ID, op.Mandatory, s.activate))
	}
	s.Server = testgateway.Start(mux)
	s.config = upayvendor.Config{
		Gateway: s.URL, API: s.URL, VendorSN: "91800129", VendorKey: cnpay.Secret(testgateway.RandomHex(16)),
	}
	return s
}

// Config is the configuration of a client for this gateway's vendor.
func (s *Server) Config() upayvendor.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// SetVendorKey replaces the vendor's key, which is otherwise a new one for each server.
func (s *Server) SetVendorKey(key cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.VendorKey = key
}

// AddCode makes an activation code for so many terminals.
func (s *Server) AddCode(code string, uses int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = uses
}

// Uses is how often a code can still be used.
func (s *Server) Uses(code string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.codes[code]
}

// Handle adds an operation that the gateway lacks, for programs that bring their own: its requests are verified, and what
// answer returns is the answer's biz_response. The path is that of the documents: "/v2/store/get".
func (s *Server) Handle(id, path string, answer func(request map[string]string) map[string]any) {
	s.mux.HandleFunc("POST "+path, s.handle(id, nil, func(request map[string]string, _ cnpaytest.Fault) object {
		return object{"result_code": "200", "biz_response": answer(request)}
	}))
}

type object map[string]any

func (s *Server) handle(id string, mandatory []string, act func(map[string]string, cnpaytest.Fault) object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(id)
		s.Serve(w, r, fault, func() testgateway.Answer {
			s.mu.Lock()
			defer s.mu.Unlock()
			text, err := json.Marshal(s.answer(r.Header.Get("Authorization"), body, mandatory, act, fault))
			if err != nil {
				panic(err) // a mistake of this package
			}
			return testgateway.Answer{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: text}
		})
	}
}

func (s *Server) answer(authorization string, body []byte, mandatory []string, act func(map[string]string, cnpaytest.Fault) object, fault cnpaytest.Fault) object {
	digest := md5.Sum(append(body[:len(body):len(body)], s.config.VendorKey.Reveal()...))
	if authorization != s.config.VendorSN+" "+hex.EncodeToString(digest[:]) {
		return refusal("ILLEGAL_SIGN", "操作失败，请咨询客服[EJ26]", "EJ26")
	}
	var request map[string]string
	if json.Unmarshal(body, &request) != nil {
		return refusal("INVALID_PARAMS", "参数错误", "")
	}
	for _, name := range mandatory {
		if request[name] == "" {
			return refusal("INVALID_PARAMS", "缺少参数 "+name, "")
		}
	}
	return act(request, fault)
}

func refusal(code, text, standard string) object {
	o := object{"result_code": "400", "error_code": code, "error_message": text}
	if standard != "" {
		o["error_code_standard"] = standard
	}
	return o
}

func (s *Server) activate(request map[string]string, fault cnpaytest.Fault) object {
	if s.codes[request["code"]] < 1 || s.devices[request["device_id"]] || fault == cnpaytest.Refused {
		return refusal("ACTIVATE_FAIL", "激活失败[EJ08]", "EJ08")
	}
	s.codes[request["code"]]--
	s.devices[request["device_id"]] = true
	s.last++
	result := object{
		"terminal_sn": fmt.Sprintf("1001010292%08d", s.last), "terminal_key": testgateway.RandomHex(16),
		"merchant_sn": "1680000000000001", "merchant_name": "测试商户", "store_sn": "1580000000000001", "store_name": "测试门店",
	}
	if fault == cnpaytest.UnknownCode {
		result["result_code"] = "ACTIVATE_PERHAPS"
	}
	return object{"result_code": "200", "biz_response": result}
}
