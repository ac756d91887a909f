// Package upaytest is a Upay gateway inside the process, for tests of code that uses package upay.
//
//	gateway := upaytest.NewServer()
//	defer gateway.Close()
//	client, err := upay.New(gateway.Config())
//	sn := gateway.AddOrder("7654321132", 10000)
//	gateway.Misbehave("revoke", upaytest.LostAnswer)
//
// It checks signatures with its own code, keeps orders as Upay does, and misbehaves on command.
package upaytest

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/upay"
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

	// Pending leaves a revoke under way: the order is CANCEL_INPROGRESS until SetStatus says how it ended.
	Pending Fault = "pending"
)

// Late is LostAnswer of a slow gateway: nothing is answered, and the order changes d after its request arrived.
func Late(d time.Duration) Fault { return testgateway.Late(d) }

// Server is the gateway. With all gateways of this module it has in common its address, URL, and the methods
//
//	Close()
//	Misbehave(operation string, faults ...Fault)     // the next requests of the operation meet these, one each
//	AlwaysMisbehave(operation string, fault Fault)   // all others meet this one
//	Received(operation string) int                   // how many requests arrived
//
// An operation has the name that errors and logs give it, [cnpay.Subject].Operation: revoke, query.
type Server struct {
	*testgateway.Server
	config upay.Config

	mu     sync.Mutex
	orders map[string]*order // by sn
	later  testgateway.Later
	last   int
	now    func() time.Time
}

type order struct {
	sn, clientSN, status string
	amount               int64
}

// NewServer starts a gateway with one activated terminal.
func NewServer() *Server {
	s := &Server{orders: map[string]*order{}, now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upay/v2/revoke", s.handle("revoke", s.revoke))
	mux.HandleFunc("POST /upay/v2/query", s.handle("query", s.query))
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
	s.orders[sn] = &order{sn: sn, clientSN: clientSN, status: "PAID", amount: amount}
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
	if o := s.orders[sn]; o != nil {
		o.status = status
	}
}

type object map[string]any

func (s *Server) handle(operation string, act func(*order, Fault) object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(operation)
		answer := s.answer(r, body, fault, act)
		text, err := json.Marshal(answer)
		if err != nil {
			panic(err) // a mistake of this package
		}
		s.Answer(w, r, fault, http.StatusOK, "application/json; charset=utf-8", text)
	}
}

func (s *Server) answer(r *http.Request, body []byte, fault Fault, act func(*order, Fault) object) object {
	s.mu.Lock()
	defer s.mu.Unlock()
	digest := md5.Sum(append(body, s.config.TerminalKey.Reveal()...))
	if r.Header.Get("Authorization") != s.config.TerminalSN+" "+hex.EncodeToString(digest[:]) {
		return object{"result_code": "400", "error_code": "ILLEGAL_SIGN", "error_message": "签名错误"}
	}
	var q struct {
		TerminalSN string `json:"terminal_sn"`
		SN         string `json:"sn"`
		ClientSN   string `json:"client_sn"`
	}
	if json.Unmarshal(body, &q) != nil || q.SN == "" && q.ClientSN == "" {
		return object{"result_code": "400", "error_code": "INVALID_PARAMS", "error_message": "参数错误"}
	}
	if q.TerminalSN != s.config.TerminalSN {
		return object{"result_code": "400", "error_code": "INVALID_TERMINAL", "error_message": "终端错误"}
	}
	s.later.Run(s.now())
	if d, late := fault.Delay(); late {
		s.later.Add(s.now().Add(d), func() { act(s.find(q.SN, q.ClientSN), OK) })
		return nil
	}
	return object{"result_code": "200", "biz_response": act(s.find(q.SN, q.ClientSN), fault)}
}

func (s *Server) find(sn, clientSN string) *order {
	if sn != "" {
		return s.orders[sn]
	}
	for _, o := range s.orders {
		if o.clientSN == clientSN {
			return o
		}
	}
	return nil
}

func (s *Server) revoke(o *order, fault Fault) object {
	code := "CANCEL_SUCCESS"
	switch {
	case o == nil:
		return object{"result_code": "FAIL", "error_code": "UPAY_ORDER_NOT_EXISTS", "error_message": "订单不存在"}
	case fault == Refused:
		return object{"result_code": "FAIL", "error_code": "UPAY_TCP_ORDER_NOT_REFUNDABLE",
			"error_message": "订单" + o.sn + "参与了活动并且无法撤销"}
	case o.status == "CANCELED":
		return object{"result_code": "FAIL", "error_code": "UPAY_CANCEL_ORDER_NOOP", "error_message": "订单已撤销"}
	case o.status == "CREATED":
		o.status, code = "PAY_CANCELED", "CANCEL_ABORT_SUCCESS"
	case o.status != "PAID":
		return object{"result_code": "FAIL", "error_code": "UPAY_CANCEL_INVALID_ORDER_STATE",
			"error_message": "订单" + o.sn + "状态是" + o.status + "，无法撤销", "data": nil}
	case fault == Pending:
		o.status, code = "CANCEL_INPROGRESS", "CANCEL_IN_PROGRESS"
	default:
		o.status = "CANCELED"
	}
	return s.about(o, code, fault)
}

func (s *Server) query(o *order, fault Fault) object {
	if o == nil {
		return object{"result_code": "FAIL", "error_code": "UPAY_ORDER_NOT_EXISTS", "error_message": "订单不存在"}
	}
	return s.about(o, "SUCCESS", fault)
}

func (s *Server) about(o *order, code string, fault Fault) object {
	sn, clientSN := o.sn, o.clientSN
	switch fault {
	case OtherAnswer:
		sn, clientSN = "7892259499999999", "other-"+clientSN
	case UnknownCode:
		code = "CANCEL_PERHAPS"
	}
	status, net, finished := "SUCCESS", "0", strconv.FormatInt(s.now().UnixMilli(), 10)
	switch o.status {
	case "PAID":
		net = strconv.FormatInt(o.amount, 10)
	case "PARTIAL_REFUNDED":
		net = strconv.FormatInt(o.amount-o.amount/2, 10)
	case "CREATED", "CANCEL_INPROGRESS":
		status, net, finished = "IN_PROG", strconv.FormatInt(o.amount, 10), ""
	case "PAY_CANCELED":
		status = "FAIL_CANCELED"
	}
	return object{"result_code": code, "data": object{
		"terminal_sn": s.config.TerminalSN, "sn": sn, "client_sn": clientSN,
		"trade_no": "2013112011001004330000121536", "status": status, "order_status": o.status,
		"payway": "3", "payway_name": "微信", "sub_payway": "1",
		"total_amount": strconv.FormatInt(o.amount, 10), "net_amount": net,
		"subject": "Pizza", "operator": "Peter", "finish_time": finished, "channel_finish_time": finished,
	}}
}
