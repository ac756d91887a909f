// Package upaytest is a Upay gateway inside the process, for tests of code that uses package upay.
//
//	gateway := upaytest.NewServer()
//	defer gateway.Close()
//	client, err := upay.New(gateway.Config())
//	sn := gateway.AddOrder("7654321132", 10000)
//	gateway.Misbehave(upay.OpRevoke, cnpaytest.LostAnswer)
//
// It checks signatures with its own code, keeps orders as Upay does, and misbehaves on command.
package upaytest

import (
	"crypto/md5"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/upay"
)

// Pending leaves a revoke under way: the order is CANCEL_INPROGRESS until SetStatus says how it ended.
const Pending cnpaytest.Fault = "pending"

//go:embed operations.txt
var operations string

// Operations is what Upay's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return cnpaytest.ReadOperations(operations) }

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	config upay.Config
	ledger testgateway.Ledger // by client_sn

	mu   sync.Mutex // one request after the other
	last int
	now  func() time.Time
}

// note is what the gateway keeps of an order besides its money.
type note struct {
	sn     string
	status string // where it is not what the money says
}

// NewServer starts a gateway with one activated terminal.
func NewServer() *Server {
	s := &Server{now: time.Now}
	mux := http.NewServeMux()
	for _, op := range testgateway.Operations(operations) {
		mux.HandleFunc(op.Method+" "+op.Path, s.handle(op, rows()[op.ID]))
	}
	s.Server = testgateway.Start(mux)
	s.config = upay.Config{
		Gateway:     s.URL,
		TerminalSN:  "00101010029201012912",
		TerminalKey: cnpay.Secret(testgateway.RandomHex(16)),
	}
	return s
}

// Config is the configuration of a client for this gateway's terminal.
func (s *Server) Config() upay.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// SetTerminalKey replaces the terminal's key, as a check-in does.
func (s *Server) SetTerminalKey(key cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.TerminalKey = key
}

// AddOrder makes an order that was paid just now, of amount fen, and returns Upay's number for it.
func (s *Server) AddOrder(clientSN string, amount int64) (sn string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	sn = fmt.Sprintf("78922594%08d", s.last)
	s.ledger.Pay(testgateway.Payment, clientSN, amount, note{sn: sn})
	return sn
}

// SetClock replaces time.Now, so that recorded answers are the same each time.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// SetStatus puts an order into another state (订单状态): REFUNDED, CREATED for one that is not paid yet, CANCELED or
// PAID to end a revoke that was Pending.
func (s *Server) SetStatus(sn, status string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.setStatus(sn, status)
}

func (s *Server) setStatus(sn, status string) {
	if m, ok := s.find(object{"sn": sn}); ok {
		m.State = map[string]testgateway.State{
			"CREATED": testgateway.Waiting, "CANCELED": testgateway.Undone, "PAY_CANCELED": testgateway.Closed,
		}[status]
		if m.State == "" {
			m.State = testgateway.Done
		}
		m.Given = map[string]int64{"REFUNDED": m.Amount, "PARTIAL_REFUNDED": m.Amount / 2}[status]
		m.Note = note{sn, status}
		s.ledger.Put(m)
	}
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
	return map[string]row{upay.OpQuery: (*Server).query, upay.OpRevoke: (*Server).revoke}
}

func (s *Server) handle(op testgateway.Operation, act row) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(op.ID)
		s.Serve(w, r, fault, func() testgateway.Answer {
			text, err := json.Marshal(s.answer(r.Header.Get("Authorization"), body, op, act, fault))
			if err != nil {
				panic(err) // a mistake of this package
			}
			return testgateway.Answer{Status: http.StatusOK, ContentType: "application/json; charset=utf-8", Body: text}
		})
	}
}

func (s *Server) answer(authorization string, body []byte, op testgateway.Operation, act row, fault cnpaytest.Fault) object {
	s.mu.Lock()
	defer s.mu.Unlock()
	digest := md5.Sum(append(body, s.config.TerminalKey.Reveal()...))
	if authorization != s.config.TerminalSN+" "+hex.EncodeToString(digest[:]) {
		return refusal("ILLEGAL_SIGN", "签名错误")
	}
	var request object
	if json.Unmarshal(body, &request) != nil || request.text("sn") == "" && request.text("client_sn") == "" {
		return refusal("INVALID_PARAMS", "参数错误")
	}
	for _, name := range op.Mandatory {
		if request.text(name) == "" {
			return refusal("INVALID_PARAMS", "缺少参数 "+name)
		}
	}
	if request.text("terminal_sn") != s.config.TerminalSN {
		return refusal("INVALID_TERMINAL", "终端错误")
	}
	return object{"result_code": "200", "biz_response": act(s, request, fault)}
}

func refusal(code, text string) object {
	return object{"result_code": "400", "error_code": code, "error_message": text}
}

func fail(code, text string) object {
	return object{"result_code": "FAIL", "error_code": code, "error_message": text}
}

// find is the order that a request names. Where both numbers are given, Upay uses sn alone.
func (s *Server) find(request object) (testgateway.Movement, bool) {
	if sn := request.text("sn"); sn != "" {
		for _, m := range s.ledger.All() {
			if m.Note.(note).sn == sn {
				return m, true
			}
		}
		return testgateway.Movement{}, false
	}
	return s.ledger.Find(request.text("client_sn"))
}

// status is the state of an order in Upay's words (订单状态).
func status(m testgateway.Movement) string {
	switch {
	case m.Note.(note).status != "":
		return m.Note.(note).status
	case m.State == testgateway.Waiting:
		return "CREATED"
	case m.State == testgateway.Closed:
		return "PAY_CANCELED"
	case m.State == testgateway.Undone:
		return "CANCELED"
	case m.Given == 0:
		return "PAID"
	case m.Given < m.Amount:
		return "PARTIAL_REFUNDED"
	}
	return "REFUNDED"
}

func (s *Server) revoke(request object, fault cnpaytest.Fault) object {
	m, ok := s.find(request)
	sn, _ := m.Note.(note)
	switch {
	case !ok:
		return fail("UPAY_ORDER_NOT_EXISTS", "订单不存在")
	case fault == cnpaytest.Refused:
		return fail("UPAY_TCP_ORDER_NOT_REFUNDABLE", "订单"+sn.sn+"参与了活动并且无法撤销")
	case status(m) == "CANCELED":
		return fail("UPAY_CANCEL_ORDER_NOOP", "订单已撤销")
	case status(m) == "CREATED":
		s.setStatus(sn.sn, "PAY_CANCELED")
		return s.about(request, "CANCEL_ABORT_SUCCESS", fault)
	case status(m) != "PAID":
		return fail("UPAY_CANCEL_INVALID_ORDER_STATE", "订单"+sn.sn+"状态是"+status(m)+"，无法撤销")
	case fault == Pending:
		s.setStatus(sn.sn, "CANCEL_INPROGRESS")
		return s.about(request, "CANCEL_IN_PROGRESS", fault)
	}
	s.setStatus(sn.sn, "CANCELED")
	return s.about(request, "CANCEL_SUCCESS", fault)
}

func (s *Server) query(request object, fault cnpaytest.Fault) object {
	if _, ok := s.find(request); !ok || fault == cnpaytest.Refused {
		return fail("UPAY_ORDER_NOT_EXISTS", "订单不存在")
	}
	return s.about(request, "SUCCESS", fault)
}

// about is an answer with the order as it is now.
func (s *Server) about(request object, code string, fault cnpaytest.Fault) object {
	m, _ := s.find(request)
	sn, clientSN := m.Note.(note).sn, m.Number
	switch fault {
	case cnpaytest.OtherAnswer:
		sn, clientSN = "7892259499999999", "other-"+clientSN
	case cnpaytest.UnknownCode:
		code = "CANCEL_PERHAPS"
	}
	finished := strconv.FormatInt(s.now().UnixMilli(), 10)
	transaction, net := "SUCCESS", m.Left()
	switch status(m) {
	case "CREATED", "CANCEL_INPROGRESS":
		transaction, net, finished = "IN_PROG", m.Amount, ""
	case "PAY_CANCELED":
		transaction = "FAIL_CANCELED"
	}
	return object{"result_code": code, "data": object{
		"terminal_sn": s.config.TerminalSN, "sn": sn, "client_sn": clientSN,
		"trade_no": "2013112011001004330000121536", "status": transaction, "order_status": status(m),
		"payway": "3", "payway_name": "微信", "sub_payway": "1",
		"total_amount": strconv.FormatInt(m.Amount, 10), "net_amount": strconv.FormatInt(net, 10),
		"subject": "Pizza", "operator": "Peter", "finish_time": finished, "channel_finish_time": finished,
	}}
}
