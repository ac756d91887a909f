// Package spaytest is UMPay's online gateway (U付) inside the process, for tests of code that uses package umpay/spay.
//
//	gateway := spaytest.NewServer()
//	defer gateway.Close()
//	client, err := spay.New(gateway.Config())
//	gateway.Misbehave(spay.OpOrderRefund, cnpaytest.LostAnswer)
//
// It checks signatures with its own code, keeps orders as UMPay does, has a cashier page that a person can click, sends
// notifications, and misbehaves on command.
package spaytest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	_ "embed"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

// The faults that are UMPay's own.
const (
	Pending       cnpaytest.Fault = "pending"        // the payer still has to confirm; a refund is under way
	OldVersion    cnpaytest.Fault = "old-version"    // a genuine answer of version 1.0
	OtherMerchant cnpaytest.Fault = "other-merchant" // a genuine answer to another merchant
	Twice         cnpaytest.Fault = "twice"          // the page has two META tags
)

//go:embed operations.txt
var operations string

// Operations is what UMPay's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

const path = "/spay/pay/payservice.do"

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	merID    string
	merchant *rsa.PrivateKey
	platform *rsa.PrivateKey
	ledger   testgateway.Ledger // orders by mer_date/order_id, refunds by refund_no

	mu   sync.Mutex // one request after the other
	last int
	now  func() time.Time
	own  map[string]row // by service
}

// note is what the gateway keeps of an order besides its money.
type note struct {
	request fields
	tradeNo string
	state   string // where it is not what the money says
	paid    time.Time
	code    string // that a text message had
}

// fields are a message.
type fields map[string]string

// NewServer starts a gateway with one merchant.
func NewServer() *Server {
	s := &Server{merID: "60000100", now: time.Now, merchant: newKey(), platform: newKey()}
	s.ledger.Now = func() time.Time { return s.now() }
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, s.serve)
	mux.HandleFunc("GET "+path, s.openPage)
	mux.HandleFunc("GET "+cashierPath, s.cashier)
	mux.HandleFunc("POST "+cashierPath, s.cashierDone)
	s.Server = testgateway.Start(mux)
	return s
}

func newKey() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 1024) // as UMPay's are
	if err != nil {
		panic(err) // the machine has no randomness
	}
	return key
}

// Config is the configuration of a client for this gateway's merchant.
func (s *Server) Config() spay.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return spay.Config{Gateway: s.URL, MerID: s.merID, Key: s.merchant, PlatformKeys: []*rsa.PublicKey{&s.platform.PublicKey}}
}

// SetClock replaces time.Now, so that a day passes, or recorded answers are the same each time.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Reset forgets all orders. The keys stay.
func (s *Server) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger, s.last = testgateway.Ledger{Now: func() time.Time { return s.now() }}, 0
}

// ChangePlatformKey makes UMPay sign with a new key, as it does when its certificate is replaced. Clients of an earlier
// Config do not know it.
func (s *Server) ChangePlatformKey() {
	key := newKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.platform = key
}

// Handle adds an operation that the gateway lacks, for tests of what a program carries out by spay.Do. It gets the fields
// of each request, whose signature is good and whose card data is decrypted, and returns those of the answer, which is
// signed. An answer without ret_code is 0000.
func (s *Server) Handle(service string, carryOut func(request map[string]string) (answer map[string]string)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.own == nil {
		s.own = map[string]row{}
	}
	s.own[service] = func(_ *Server, request fields, _ cnpaytest.Fault) fields {
		answer := fields{}
		maps.Copy(answer, carryOut(request))
		return answer
	}
}

// AddOrder makes an order of today that was paid just now, of amount fen, and returns UMPay's number for it.
func (s *Server) AddOrder(orderID string, amount int64) (tradeNo string) {
	return s.add(testgateway.Payment, orderID, amount)
}

// AddHold makes a pre-authorisation of today, and returns UMPay's number for it.
func (s *Server) AddHold(orderID string, amount int64) (tradeNo string) {
	return s.add(testgateway.Hold, orderID, amount)
}

func (s *Server) add(kind testgateway.Kind, orderID string, amount int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := fields{"order_id": orderID, "mer_date": s.today(), "amount": strconv.FormatInt(amount, 10)}
	n := note{request: request, tradeNo: s.tradeNo(), paid: s.now()}
	s.ledger.Pay(kind, key(request), amount, n)
	return n.tradeNo
}

// Pay is what the payer does: the order, which waits for it, is paid.
func (s *Server) Pay(orderID string) error { return s.finish(orderID, "") }

// SetState puts an order or a refund into another state: TRADE_FAIL, TRADE_CLOSE, REFUND_SUCCESS for example.
func (s *Server) SetState(number, state string) error { return s.finish(number, state) }

func (s *Server) finish(number, state string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.find(number)
	if !ok {
		return fmt.Errorf("spaytest: no order %s", number)
	}
	n := m.Note.(note)
	if state == "" {
		if m.State != testgateway.Waiting || s.state(m) != spay.WaitBuyerPay {
			return fmt.Errorf("spaytest: order %s is %s", number, s.state(m))
		}
		m.State, n.paid = testgateway.Done, s.now()
	}
	n.state = state
	m.Note = n
	s.ledger.Put(m)
	return nil
}

// find finds a movement by the merchant's number, of any day.
func (s *Server) find(number string) (testgateway.Movement, bool) {
	if m, ok := s.ledger.Find(number); ok { // a refund
		return m, true
	}
	for _, m := range s.ledger.All() {
		if n, ok := m.Note.(note); ok && n.request["order_id"] == number && m.Number == key(n.request) {
			return m, true
		}
	}
	return testgateway.Movement{}, false
}

func (s *Server) byTradeNo(tradeNo string) (testgateway.Movement, bool) {
	for _, m := range s.ledger.All() {
		if n, ok := m.Note.(note); ok && tradeNo != "" && n.tradeNo == tradeNo {
			return m, true
		}
	}
	return testgateway.Movement{}, false
}

// key is an order's number in the ledger.
func key(request fields) string { return request["mer_date"] + "/" + request["order_id"] }

func (s *Server) today() string { return spay.MerDate(s.now()) }

func (s *Server) tradeNo() string {
	s.last++
	return fmt.Sprintf("36%s%08d", s.now().In(cnpay.Beijing()).Format("060102"), s.last)
}

// serve answers a request of the merchant's program.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	request, readable := read(string(body))
	op := operationOf(request["service"])
	fault := s.Receive(op.ID)
	s.Serve(w, r, fault, func() testgateway.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		answer := s.process(request, readable && op.Method != http.MethodGet, op, fault)
		if file, ok := answer["(file)"]; ok {
			text, _ := simplifiedchinese.GBK.NewEncoder().String(file) // of this package
			return testgateway.Answer{Status: http.StatusOK, ContentType: "text/plain; charset=GBK", Body: []byte(text)}
		}
		return testgateway.Answer{Status: http.StatusOK, ContentType: "text/html; charset=UTF-8", Body: s.page(answer, fault)}
	})
}

// operationOf finds an operation by its service. Services that nobody knows have their own name as the ID.
func operationOf(service string) testgateway.Operation {
	for _, op := range testgateway.Operations(operations) {
		if op.ID == "spay_"+service && op.Path != "" {
			return op
		}
	}
	return testgateway.Operation{ID: "spay_" + service}
}

// read reads a form. A name that is duplicated is refused.
func read(body string) (fields, bool) {
	values, err := url.ParseQuery(body)
	request := fields{}
	for name, all := range values {
		if len(all) != 1 {
			return request, false
		}
		request[name] = all[0]
	}
	return request, err == nil
}

func refusal(code, text string) fields { return fields{"ret_code": code, "ret_msg": text} }

// process checks a request and carries it out.
func (s *Server) process(request fields, readable bool, op testgateway.Operation, fault cnpaytest.Fault) fields {
	switch {
	case !readable:
		return refusal("00240402", "商户请求参数数据校验未通过")
	case request["mer_id"] != s.merID:
		return refusal("00060711", "商户未注册")
	case request["sign_type"] != "RSA" || verify(&s.merchant.PublicKey, request) != nil:
		return refusal("00060710", "签名验签失败")
	case request["version"] != "4.0" || request["charset"] != "UTF-8":
		return refusal("00240402", "商户请求参数数据校验未通过")
	}
	for _, name := range op.Mandatory {
		if request[name] == "" {
			return refusal("00240402", "缺少参数 "+name)
		}
	}
	for name, value := range request {
		if value == "" || value != strings.TrimSpace(value) {
			return refusal("00240402", "参数格式错误 "+name)
		}
	}
	for _, name := range []string{"amount", "refund_amount", "org_amount"} {
		if n, err := strconv.ParseInt(request[name], 10, 64); request[name] != "" && (err != nil || n <= 0) {
			return refusal("00240402", "参数格式错误 "+name)
		}
	}
	if name := s.undecipherable(request); name != "" {
		return refusal("00240402", "解密失败 "+name)
	}
	act := rows()[op.ID]
	if act == nil {
		act = s.own[request["service"]]
	}
	switch {
	case act == nil:
		return refusal("00200076", "未开通产品关系")
	case fault == cnpaytest.Refused:
		return refusal("00240402", "商户请求参数数据校验未通过")
	}
	answer := act(s, request, fault)
	if answer["ret_code"] == "" {
		answer["ret_code"], answer["ret_msg"] = "0000", "操作成功"
	}
	return answer
}

// undecipherable is the name of an encrypted field that cannot be decrypted; "" if all can.
func (s *Server) undecipherable(request fields) string {
	digits := map[string]bool{"card_id": true, "valid_date": true, "cvv2": true}
	for _, name := range []string{"card_id", "valid_date", "cvv2", "card_holder", "identity_code", "recv_account", "recv_user_name"} {
		if request[name] == "" {
			continue
		}
		raw, err := base64.StdEncoding.DecodeString(request[name])
		if err != nil {
			return name
		}
		//lint:ignore SA1019 UMPay's fields are encrypted with this padding and no other.
		plain, err := rsa.DecryptPKCS1v15(nil, s.platform, raw)
		if err != nil || len(plain) == 0 || digits[name] && strings.Trim(string(plain), "0123456789") != "" {
			return name
		}
		text, err := simplifiedchinese.GBK.NewDecoder().String(string(plain))
		if err != nil {
			return name
		}
		request[name] = text
	}
	return ""
}

// page is an answer in its META tag.
func (s *Server) page(answer fields, fault cnpaytest.Fault) []byte {
	answer["mer_id"], answer["version"] = s.merID, "4.0"
	signer := s.platform
	switch fault {
	case cnpaytest.UnknownCode:
		answer["ret_code"], answer["ret_msg"] = "00999999", "未知"
	case cnpaytest.OtherAnswer:
		for _, name := range []string{"order_id", "trade_no", "refund_no"} {
			if answer[name] != "" {
				answer[name] = "9" + answer[name][1:]
			}
		}
	case OldVersion:
		answer["version"] = "1.0"
	case OtherMerchant:
		answer["mer_id"] = "60000101"
	case cnpaytest.ForgedCertificate:
		signer = newKey()
	}
	signature := signed(signer, answer)
	switch fault {
	case cnpaytest.BadSignature:
		answer["ret_msg"] += "！"
	case cnpaytest.Unsigned:
		signature = ""
	}
	text := join(answer)
	if signature != "" {
		text += "&sign_type=RSA&sign=" + signature
	}
	tag := `<META NAME="MobilePayPlatform" CONTENT="` + text + `">`
	if fault == Twice {
		tag += tag
	}
	return []byte("<!DOCTYPE HTML PUBLIC \"-//W3C//DTD HTML 4.01 Transitional//EN\">\n<html><head>" + tag + "</head><body></body></html>\n")
}

// join is name=value of all fields but the signature's, in the order of their names.
func join(message fields) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(message)) {
		if name != "sign" && name != "sign_type" {
			parts = append(parts, name+"="+message[name])
		}
	}
	return strings.Join(parts, "&")
}

func digest(message fields) ([]byte, error) {
	text, err := simplifiedchinese.GBK.NewEncoder().String(join(message))
	sum := sha1.Sum([]byte(text))
	return sum[:], err
}

func signed(key *rsa.PrivateKey, message fields) string {
	sum, err := digest(message)
	if err == nil {
		var signature []byte
		if signature, err = rsa.SignPKCS1v15(nil, key, crypto.SHA1, sum); err == nil {
			return base64.StdEncoding.EncodeToString(signature)
		}
	}
	panic(err) // a mistake of this package
}

func verify(key *rsa.PublicKey, message fields) error {
	signature, err := base64.StdEncoding.DecodeString(message["sign"])
	if err != nil {
		return err
	}
	sum, err := digest(message)
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(key, crypto.SHA1, sum, signature)
}
