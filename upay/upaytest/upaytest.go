// Package upaytest is a Upay gateway inside the process, for tests of code that uses package upay.
//
//	gateway := upaytest.NewServer()
//	defer gateway.Close()
//	client, err := upay.New(gateway.Config())
//	sn := gateway.AddOrder("7654321132", 10000)
//	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
//
// It checks signatures with its own code, keeps orders as Upay does, sends notifications, has a cashier's page that a
// person can use, and misbehaves on command.
package upaytest

import (
	"crypto/md5"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/upay"
)

// Pending leaves an operation under way: a payment that the payer has not confirmed (see Pay), a revoke or a cancel (see
// SetStatus), a refund (see FinishRefund), a step of a pre-authorisation (see FinishPreauth).
const Pending cnpaytest.Fault = "pending"

//go:embed operations.txt
var operations string

// Operations is what Upay's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	mux    *http.ServeMux
	ledger testgateway.Ledger // orders by client_sn, refunds by client_tsn, steps of pre-authorisations by client_trans_no

	mu       sync.Mutex // one request after the other
	config   upay.Config
	previous cnpay.Secret // the key before the last check-in, which still checks in
	key      *rsa.PrivateKey
	last     int
	now      func() time.Time
}

// NewServer starts a gateway with one activated terminal.
func NewServer() *Server {
	mux := http.NewServeMux()
	s := &Server{mux: mux, now: time.Now}
	routes := map[string][]testgateway.Operation{}
	for _, op := range append(testgateway.Operations(operations), depositFreeze()) {
		if op.Method == http.MethodPost {
			routes[op.Method+" "+op.Path] = append(routes[op.Method+" "+op.Path], op)
		}
	}
	for pattern, ops := range routes {
		mux.HandleFunc(pattern, s.handle(ops, rows()))
	}
	mux.HandleFunc("GET /gateway", s.cashier)
	mux.HandleFunc("GET /pay/{sn}", s.payPage)
	mux.HandleFunc("POST /pay/{sn}", s.paid)
	s.Server = testgateway.Start(mux)
	s.config = upay.Config{
		Gateway: s.URL, Cashier: s.URL, PreauthGateway: s.URL,
		TerminalSN:  "00101010029201012912",
		TerminalKey: cnpay.Secret(testgateway.RandomHex(16)),
	}
	return s
}

// Config is the configuration of a client for this gateway's terminal.
func (s *Server) Config() upay.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	public, err := x509.MarshalPKIXPublicKey(&s.notificationKey().PublicKey)
	if err != nil {
		panic(err) // a mistake of this package
	}
	s.config.NotificationKeys = []string{string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))}
	return s.config
}

func (s *Server) notificationKey() *rsa.PrivateKey {
	if s.key == nil {
		key, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err) // the system has no random numbers
		}
		s.key = key
	}
	return s.key
}

// SetNotificationKey replaces the key that signs notifications, which is otherwise a new one for each server.
func (s *Server) SetNotificationKey(key *rsa.PrivateKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// SetTerminalKey replaces the terminal's key, as a check-in elsewhere does.
func (s *Server) SetTerminalKey(key cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.previous, s.config.TerminalKey = s.config.TerminalKey, key
}

// SetClock replaces time.Now, so that recorded answers are the same each time.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// number is the next of the gateway's own numbers.
func (s *Server) number() string {
	s.last++
	return fmt.Sprintf("78922594%08d", s.last)
}

type object map[string]any

// text is a member of a request.
func (o object) text(name string) string {
	s, _ := o[name].(string)
	return s
}

// row is how one operation is carried out: what it does to the books, and what it answers.
type row func(s *Server, request object, fault cnpaytest.Fault) object

func rows() map[string]row {
	return map[string]row{
		upay.OpOrderPayByCode: (*Server).pay, upay.OpOrderCreateQR: (*Server).precreate,
		upay.OpOrderQuery: (*Server).query, upay.OpOrderQueryRefund: (*Server).query,
		upay.OpOrderRefund: (*Server).refund, upay.OpOrderRevoke: (*Server).revoke, upay.OpOrderCancel: (*Server).revoke,
		upay.OpPreauthCreate: (*Server).freeze, upay.OpPreauthCancel: (*Server).unfreeze, upay.OpPreauthComplete: (*Server).complete,
		upay.OpPreauthRefund: (*Server).refundPreauth, upay.OpPreauthQuery: (*Server).queryPreauth, upay.OpPreauthList: (*Server).listPreauth,
		upay.OpTerminalCheckIn: (*Server).checkIn, depositFreeze().ID: (*Server).freezeDeposit,
	}
}

// Handle adds an operation that the gateway lacks, for programs that bring their own: its requests are verified, and what
// answer returns is the answer's biz_response. The path is that of the documents: "/upay/v2/deposit/freeze".
func (s *Server) Handle(id, path string, answer func(request map[string]any) map[string]any) {
	own := func(_ *Server, request object, _ cnpaytest.Fault) object { return accepted(answer(request)) }
	s.mux.HandleFunc("POST "+path, s.handle([]testgateway.Operation{{ID: id}}, map[string]row{id: own}))
}

// handle serves the operations of one path: of two queries the one with a refund's number is the refund's.
func (s *Server) handle(ops []testgateway.Operation, all map[string]row) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		var request object
		isObject := json.Unmarshal(body, &request) == nil
		op := ops[0]
		if len(ops) > 1 && request.text("refund_request_no") != "" {
			op = ops[1]
		}
		fault := s.Receive(op.ID)
		s.Serve(w, r, fault, func() testgateway.Answer {
			s.mu.Lock()
			defer s.mu.Unlock()
			answer, fine := s.check(r.Header.Get("Authorization"), body, request, op)
			switch {
			case fine && isObject:
				answer = all[op.ID](s, request, fault)
			case fine:
				answer = refusal("INVALID_PARAMS", "参数错误")
			}
			text, err := json.Marshal(answer)
			if err != nil {
				panic(err) // a mistake of this package
			}
			return testgateway.Answer{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: text}
		})
	}
}

// check refuses what the gateway refuses before it looks at its books.
func (s *Server) check(authorization string, body []byte, request object, op testgateway.Operation) (refused object, fine bool) {
	signed := func(key cnpay.Secret) bool {
		digest := md5.Sum(append(body[:len(body):len(body)], key.Reveal()...))
		return key != "" && authorization == s.config.TerminalSN+" "+hex.EncodeToString(digest[:])
	}
	if !signed(s.config.TerminalKey) && !(op.ID == upay.OpTerminalCheckIn && signed(s.previous)) {
		return refusal("ILLEGAL_SIGN", "签名错误"), false
	}
	for _, name := range op.Mandatory {
		if request.text(name) == "" {
			return refusal("INVALID_PARAMS", "缺少参数 "+name), false
		}
	}
	for _, either := range [][]string{{"sn", "client_sn"}, {"auth_sn", "client_auth_sn", "sn"}, {"request_no", "client_trans_no"}} {
		if needsOneOf(op.ID)[either[0]] && !request.hasOneOf(either) {
			return refusal("INVALID_PARAMS", "参数错误"), false
		}
	}
	if request.text("terminal_sn") != s.config.TerminalSN {
		return refusal("INVALID_TERMINAL", "终端错误"), false
	}
	return nil, true
}

// needsOneOf says of which numbers a request must have one, by the first of them.
func needsOneOf(id string) map[string]bool {
	switch id {
	case upay.OpOrderQuery, upay.OpOrderQueryRefund, upay.OpOrderRefund, upay.OpOrderRevoke, upay.OpOrderCancel:
		return map[string]bool{"sn": true}
	case upay.OpPreauthCancel, upay.OpPreauthComplete, upay.OpPreauthRefund:
		return map[string]bool{"auth_sn": true}
	case upay.OpPreauthQuery:
		return map[string]bool{"request_no": true}
	}
	return nil
}

func (o object) hasOneOf(names []string) bool {
	for _, name := range names {
		if o.text(name) != "" {
			return true
		}
	}
	return false
}

func accepted(result object) object { return object{"result_code": "200", "biz_response": result} }

func refusal(code, text string) object {
	return object{"result_code": "400", "error_code": code, "error_message": text}
}

func fail(code, text string) object {
	return accepted(object{"result_code": "FAIL", "error_code": code, "error_message": text})
}

// checkIn replaces the terminal's key. The one before it still checks in, so that a lost answer can be made good.
func (s *Server) checkIn(_ object, fault cnpaytest.Fault) object {
	if fault == cnpaytest.Refused {
		return refusal("INVALID_PARAMS", "设备指纹不匹配")
	}
	s.previous, s.config.TerminalKey = s.config.TerminalKey, cnpay.Secret(testgateway.RandomHex(16))
	result := object{
		"terminal_sn": s.config.TerminalSN, "terminal_key": s.config.TerminalKey.Reveal(),
		"merchant_sn": "", "merchant_name": "", "store_sn": "", "store_name": "",
	}
	switch fault {
	case cnpaytest.OtherAnswer:
		result["terminal_sn"] = "00101010029201019999"
	case cnpaytest.UnknownCode:
		result["result_code"] = "TERMINAL_CHECKIN_PERHAPS"
	}
	return accepted(result)
}
