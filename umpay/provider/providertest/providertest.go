// Package providertest is UMPay's service provider platform inside the process, for tests of code that uses package provider.
//
//	gateway := providertest.NewServer()
//	defer gateway.Close()
//	client, err := provider.New(gateway.Config())
//	gateway.Misbehave(provider.OpOrderPayByCode, cnpaytest.LostAnswer)
//
// It checks signatures with its own code, keeps orders as UMPay does, signs its answers, has a page on which a person pays,
// sends notifications, and misbehaves on command.
package providertest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/provider"
)

// Pending leaves a payment by code with the payer, who types the password (62), and a refund under way (02): Pay, Close,
// SetRefund say how they end.
const Pending cnpaytest.Fault = "pending"

//go:embed operations.txt
var operations string

// Operations is what UMPay's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

const root = " /entry-provider-plat-client/"

// keyBits is the size of UMPay's keys.
const keyBits = 1024

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	config   provider.Config
	merchant *rsa.PublicKey // the service provider's
	ledger   testgateway.Ledger

	mux      *http.ServeMux
	mu       sync.Mutex // one request after the other
	platform *rsa.PrivateKey
	notify   string
	last     int
	now      func() time.Time
}

// note is what the gateway keeps of an order besides its money.
type note struct {
	request       object
	operation     string
	transactionID string
	refund        string // the state of a refund, where it is not 00
}

// NewServer starts a gateway for one service provider with one merchant.
func NewServer() *Server {
	s := &Server{now: time.Now}
	s.ledger.Now = func() time.Time { return s.now() }
	key, platform := newKey(), newKey()
	s.mux = http.NewServeMux()
	for _, op := range testgateway.Operations(operations) {
		if op.Method == "" { // a notification
			continue
		}
		s.mux.HandleFunc(op.Method+root+op.Path, s.handle(op, rows()[op.ID]))
	}
	s.mux.HandleFunc("GET "+cashierPath, s.cashier)
	s.mux.HandleFunc("POST "+cashierPath, s.cashierDone)
	s.Server = testgateway.Start(s.mux)
	s.platform, s.merchant = platform, &key.PublicKey
	s.config = provider.Config{
		Gateway: s.URL, AcqSpID: "Y100000001", AcqMerID: "10000001", Key: key,
		PlatformKeys: []*rsa.PublicKey{&platform.PublicKey},
	}
	return s
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, keyBits)
	if err != nil {
		panic(err) // the machine has no randomness
	}
	return key
}

// Config is the configuration of a client for this gateway.
func (s *Server) Config() provider.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := s.config
	config.PlatformKeys = slices.Clone(config.PlatformKeys)
	return config
}

// ChangePlatformKey makes the gateway sign with another key from now on. Config then has both, the new one first.
func (s *Server) ChangePlatformKey() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.platform = newKey()
	s.config.PlatformKeys = slices.Insert(s.config.PlatformKeys, 0, &s.platform.PublicKey)
}

// SetClock replaces time.Now, so that recorded answers are the same each time.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// State is the state of an order (origRespCode), "" without one.
func (s *Server) State(orderNo string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.ledger.Find(orderNo); ok {
		return state(m)
	}
	return ""
}

// AddOrder makes an order that was paid just now by the payer's code, of amount fen.
func (s *Server) AddOrder(orderNo string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := object{"acqMerId": s.config.AcqMerID, "orderNo": orderNo, "txnAmt": strconv.FormatInt(amount, 10), "orderType": provider.WeChat}
	s.ledger.Pay(testgateway.Payment, orderNo, amount, s.note(provider.OpOrderPayByCode, request))
}

// Pay makes the payer pay an order that waits, without a notification; see Notify.
func (s *Server) Pay(orderNo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refusal := s.ledger.Paid(orderNo)
	return refusal == ""
}

// Expire closes an order that nobody has paid.
func (s *Server) Expire(orderNo string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, refusal := s.ledger.Close(orderNo)
	return refusal == ""
}

// SetRefund puts a refund into another state: "00" given back, "01" failed, "02" under way.
func (s *Server) SetRefund(orderNo, state string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.ledger.Find(orderNo); ok && m.Kind == testgateway.Refund {
		n := m.Note.(note)
		n.refund = state
		m.Note = n
		s.ledger.Put(m)
	}
}

// Handle adds an operation that package provider lacks, for programs that bring their own: its requests are verified, and
// what answer returns is completed and signed. The path is that of the documents: "pay/ledgerAccount".
func (s *Server) Handle(id, path string, answer func(request map[string]any) map[string]any) {
	op := testgateway.Operation{ID: id, Method: http.MethodPost, Path: path}
	s.mux.HandleFunc(op.Method+root+path, s.handle(op, func(s *Server, request object, _ cnpaytest.Fault) object {
		return s.good(answer(request))
	}))
}

type object = map[string]any

// text is a member of a request.
func text(o object, name string) string {
	switch v := o[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

// row is how one operation is carried out: what it does to the books, and what it answers.
type row func(s *Server, request object, fault cnpaytest.Fault) object

func rows() map[string]row {
	return map[string]row{
		provider.OpOrderWalletOrder: (*Server).unifiedOrder, provider.OpOrderPayByCode: (*Server).micropay, provider.OpOrderCreateQR: (*Server).qrPay,
		provider.OpTerminalOrder: (*Server).preorder, provider.OpOrderQuery: (*Server).queryOrder,
		provider.OpOrderCancel: (*Server).cancelOrder, provider.OpOrderClose: (*Server).closeOrder,
		provider.OpOrderRefund: (*Server).refund, provider.OpOrderQueryRefund: (*Server).refundQuery,
		provider.OpTerminalQueryOrder: (*Server).queryPospOrder, provider.OpTerminalReceipt: (*Server).ticketDown,
		provider.OpFileDownload: (*Server).settleFile,
	}
}

// file is the member of an answer that is a file instead.
const file = "(file)"

func (s *Server) handle(op testgateway.Operation, act row) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		request := object{}
		if op.Method == http.MethodGet {
			for name, values := range r.URL.Query() {
				request[name] = values[0]
			}
		} else {
			d := json.NewDecoder(strings.NewReader(string(body)))
			d.UseNumber()
			if d.Decode(&request) != nil {
				request = nil
			}
		}
		fault := s.Receive(op.ID)
		s.Serve(w, r, fault, func() testgateway.Answer {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.sealed(s.answer(request, op, act, fault), fault)
		})
	}
}

// sealed signs an answer, or does not, as the fault has it.
func (s *Server) sealed(answer object, fault cnpaytest.Fault) testgateway.Answer {
	if content, ok := answer[file].(string); ok {
		return testgateway.Answer{Status: http.StatusOK, ContentType: "text/csv; charset=utf-8", Body: []byte(content)}
	}
	if fault == cnpaytest.UnknownCode {
		answer["respCode"] = "77"
	}
	signature := s.sign(values(answer))
	switch fault {
	case cnpaytest.BadSignature:
		signature = s.sign(values(answer) + " ")
	case cnpaytest.ForgedCertificate:
		signature = signWith(newKey(), values(answer))
	}
	if fault != cnpaytest.Unsigned {
		answer["signature"] = signature
	}
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return testgateway.Answer{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: body}
}

func (s *Server) answer(request object, op testgateway.Operation, act row, fault cnpaytest.Fault) object {
	if request == nil {
		return s.refusal("10", "报文格式错误")
	}
	signature := text(request, "signature")
	delete(request, "signature")
	if !s.genuine(named(request), signature) {
		return s.refusal("11", "验证签名失败")
	}
	for _, name := range op.Mandatory {
		if text(request, name) == "" {
			return s.refusal("13", "报文交易要素缺失:"+name)
		}
	}
	merchant := request["acqMerId"]
	switch {
	case request["acqSpId"] != s.config.AcqSpID, merchant != nil && merchant != s.config.AcqMerID:
		return s.refusal("31", "商户或机构状态不正确")
	case fault == cnpaytest.Refused:
		return s.refusal("38", "基于风险控制原因失败")
	}
	return act(s, request, fault)
}

func (s *Server) refusal(code, text string) object {
	return object{"respCode": code, "respMsg": text, "platDate": s.date()}
}

// refused is the answer to what the books do not allow.
func (s *Server) refused(r testgateway.Refusal) object {
	switch r {
	case testgateway.Duplicate:
		return s.refusal("16", "订单号重复")
	case testgateway.NoOrder:
		return s.refusal("35", "原交易不存在或状态不正确")
	case testgateway.WrongAmount, testgateway.TooMuch:
		return s.refusal("36", "与原交易信息不符")
	}
	return s.refusal("35", "原交易不存在或状态不正确")
}

func (s *Server) good(more object) object {
	answer := object{"respCode": "00", "respMsg": "处理成功", "platDate": s.date()}
	maps.Copy(answer, more)
	return answer
}

func (s *Server) date() string { return s.now().In(cnpay.Beijing()).Format("20060102") }

// note assigns UMPay's number to an order.
func (s *Server) note(operation string, request object) note {
	s.last++
	return note{request: request, operation: operation, transactionID: s.now().In(cnpay.Beijing()).Format("200601021504") + fmt.Sprintf("%010d", s.last)}
}

// named is what is signed of a request.
func named(o object) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		value := fmt.Sprint(o[name])
		if inner, ok := o[name].(object); ok {
			value = named(inner)
		}
		parts = append(parts, name+"="+value)
	}
	return strings.Join(parts, "&")
}

// values is what is signed of an answer.
func values(o object) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(o)) {
		value := ""
		switch v := o[name].(type) {
		case nil:
		case object:
			value = values(v)
		case []object:
			list, _ := json.Marshal(v) // never fails for texts
			value = string(list)
		default:
			value = fmt.Sprint(v)
		}
		if value != "" {
			parts = append(parts, value)
		}
	}
	return strings.Join(parts, "|")
}

func (s *Server) genuine(message, signature string) bool {
	raw, err := base64.StdEncoding.DecodeString(signature)
	digest := sha1.Sum([]byte(message))
	return err == nil && rsa.VerifyPKCS1v15(s.merchant, crypto.SHA1, digest[:], raw) == nil
}

func (s *Server) sign(message string) string { return signWith(s.platform, message) }

func signWith(key *rsa.PrivateKey, message string) string {
	digest := sha1.Sum([]byte(message))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA1, digest[:])
	if err != nil {
		panic(err) // a mistake of this package
	}
	return base64.StdEncoding.EncodeToString(signature)
}
