// Package chinaumstest is a ChinaUMS gateway inside the process, for tests of code that uses package chinaums.
//
//	gateway := chinaumstest.NewServer()
//	defer gateway.Close()
//	client, err := chinaums.New(gateway.Config())
//	req := gateway.AddCompletion("327M22061819820261705544110", 10000)
//	gateway.Misbehave(chinaums.OpBillCancelCompletion, cnpaytest.LostAnswer)
//	res, err := client.Bills.CancelCompletion(ctx, req)
//
// It checks signatures with its own code, keeps orders as ChinaUMS is documented to, has a cashier that a person can
// click, sends notifications, and misbehaves on command. What the documents leave open it does in one way only: see
// SetStatus for the others.
package chinaumstest

import (
	_ "embed"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// The faults that only this gateway plays. BadSignature is that of an answer that has one (see SignAnswers), and of a
// notification.
const (
	// Accepted: the answer says SUCCESS and does not yet have a state.
	Accepted cnpaytest.Fault = "accepted"
	// Denied: the gateway refuses the caller (认证失败) before it looks at the order.
	Denied cnpaytest.Fault = "denied"
)

// The merchant and terminal of every bill and order here, and those of the counter.
const (
	MID                 = "898201612345678"
	TID                 = "88880001"
	CounterMerchantCode = "123456789900081"
	CounterTerminalCode = "00810001"
)

//go:embed operations.txt
var operations string

// Operations is what ChinaUMS's documents say of each operation that the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	mux           *http.ServeMux
	config        chinaums.Config
	authorization *regexp.Regexp
	notifier      *http.Client
	ledger        testgateway.Ledger

	mu    sync.Mutex // one request after the other
	signs bool
	last  int
	now   func() time.Time
	codes map[string]object // what each code says, by qrCodeId
}

// note is what the gateway keeps of an order besides its money.
type note struct {
	request   object
	billNo    string // of a bill and what was done to it
	billDate  string
	code      string // qrCodeId of a bill
	page      bool   // the order is paid on a page or by a code
	notifyID  string
	expires   time.Time
	status    string // where it is not what the money says
	bill      string // the bill's status, likewise
	secure    string // secureStatus of a guarantee or pre-authorisation
	completed int64
	at        time.Time // when it was paid
}

// authorisation is the code (授权标识应答码) of every pre-authorisation here.
const authorisation = "206067"

// NewServer starts a gateway with one application.
func NewServer() *Server {
	s := &Server{
		mux: http.NewServeMux(), now: time.Now, codes: map[string]object{}, notifier: &http.Client{Timeout: 10 * time.Second},
		authorization: regexp.MustCompile(
			`^OPEN-BODY-SIG AppId="([^"]*)",Timestamp="(\d{14})",Nonce="([^"]{1,128})",Signature="([^"]*)"$`),
	}
	s.ledger.Now = s.clock
	mux := s.mux
	for _, op := range testgateway.Operations(operations) {
		switch op.Method {
		case http.MethodPost:
			mux.HandleFunc("POST "+op.Path, s.handle(op, rows()[op.ID]))
		case http.MethodGet:
			mux.HandleFunc("GET "+op.Path, s.link(op))
		}
	}
	for id, path := range foreign() {
		op := testgateway.Operation{ID: id, Path: path, Mandatory: []string{"requestTimestamp", "mid", "tid", "instMid", "merOrderId", "totalAmount"}}
		mux.HandleFunc("POST "+path, s.handle(op, ordered("appPayRequest")))
	}
	mux.HandleFunc("GET "+cashierPath, s.cashier)
	mux.HandleFunc("POST "+cashierPath, s.press)
	mux.HandleFunc("GET "+codePath, s.scan)
	s.Server = testgateway.Start(mux)
	s.config = chinaums.Config{
		Gateway: s.URL,
		AppID:   testgateway.RandomHex(16),
		AppKey:  cnpay.Secret(testgateway.RandomHex(16)),
		CommunicationKeys: map[string][]cnpay.Secret{
			"": {cnpay.Secret(testgateway.RandomHex(24))},
		},
	}
	return s
}

// Handle adds an operation that the gateway lacks, for programs that bring their own: its requests are verified, and what
// answer returns is completed as the answers of netpay begin. The path is that of the documents: "/v1/netpay/qmf/order".
func (s *Server) Handle(id, path string, answer func(request map[string]any) map[string]any) {
	own := func(s *Server, q object, _ cnpaytest.Fault) object {
		whole := s.head(q)
		maps.Copy(whole, answer(q))
		return whole
	}
	s.mux.HandleFunc("POST "+path, s.handle(testgateway.Operation{ID: id, Path: path}, own))
}

// Config is the configuration of a client for this gateway's application.
func (s *Server) Config() chinaums.Config { return s.config }

// SetClock replaces time.Now, so that recorded answers are the same each time and orders expire when a test wants it.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// clock is the time by the gateway's clock; the mutex is held.
func (s *Server) clock() time.Time { return s.now() }

func (s *Server) stamp() string { return s.now().In(cnpay.Beijing()).Format(time.DateTime) }

// SignAnswers makes the gateway put a signature on its answers. No public capture of the real one has it.
func (s *Server) SignAnswers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signs = true
}

// AddBill makes a bill of amount fen that was paid just now, and returns its date.
func (s *Server) AddBill(billNo string, amount int64) (billDate string) {
	return s.addBill(testgateway.Payment, billNo, amount)
}

// AddBillPreauth makes a bill of amount fen whose money is held since just now, and returns its date. Its authorisation
// code is "206067".
func (s *Server) AddBillPreauth(billNo string, amount int64) (billDate string) {
	return s.addBill(testgateway.Hold, billNo, amount)
}

func (s *Server) addBill(kind testgateway.Kind, billNo string, amount int64) (billDate string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	billDate = s.now().In(cnpay.Beijing()).Format(time.DateOnly)
	s.ledger.Pay(kind, billNo, amount, note{
		request: object{"mid": MID, "tid": TID}, billNo: billNo, billDate: billDate, code: s.newCode(), notifyID: s.newID(), at: s.now(),
	})
	return billDate
}

// AddOrder makes an order of amount fen that was paid just now.
func (s *Server) AddOrder(merOrderID string, amount int64) {
	s.addOrder(testgateway.Payment, merOrderID, amount, "")
}

// AddPreauth makes an order of amount fen whose money is held since just now. Its authorisation code is "206067".
func (s *Server) AddPreauth(merOrderID string, amount int64) {
	s.addOrder(testgateway.Hold, merOrderID, amount, "UNCOMPLETED")
}

// AddGuarantee makes an order of amount fen that was paid just now under a guarantee (担保交易).
func (s *Server) AddGuarantee(merOrderID string, amount int64) {
	s.addOrder(testgateway.Hold, merOrderID, amount, "UNCOMPLETED")
}

func (s *Server) addOrder(kind testgateway.Kind, merOrderID string, amount int64, secure string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Pay(kind, merOrderID, amount, note{
		request: object{"mid": MID, "tid": TID, "instMid": chinaums.WalletInstMID}, secure: secure, notifyID: s.newID(), at: s.now(),
	})
}

// AddPreauthCompletion makes a completion of amount fen under the number merOrderID, of a pre-authorisation of its own.
func (s *Server) AddPreauthCompletion(merOrderID string, amount int64) {
	s.AddPreauth("hold "+merOrderID, amount)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Complete(merOrderID, "hold "+merOrderID, amount, 0, note{
		request: object{"mid": MID, "tid": TID, "instMid": chinaums.WalletInstMID}, notifyID: s.newID(), at: s.now(),
	})
}

// AddCounterPayment makes a payment of amount fen at the counter, and returns ChinaUMS's number of it.
func (s *Server) AddCounterPayment(merchantOrderID string, amount int64) (orderID string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.payAtCounter(merchantOrderID, amount, object{})
}

// AddCompletion makes a bill whose pre-authorisation was completed with amount fen under the number merOrderID, and
// returns the request that cancels the completion.
func (s *Server) AddCompletion(merOrderID string, amount int64) *chinaums.BillCancelCompletionRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	n := note{
		request: object{"mid": MID, "tid": TID}, billDate: "2022-06-18", billNo: fmt.Sprintf("327M2206181982026170%07d", s.last),
		notifyID: s.newID(), at: s.now(),
	}
	n.code = n.billNo[4:]
	s.ledger.Pay(testgateway.Hold, n.billNo, amount, n)
	s.ledger.Complete(merOrderID, n.billNo, amount, 0, n)
	return &chinaums.BillCancelCompletionRequest{
		MID: MID, TID: TID, InstMID: chinaums.BillsInstMID,
		BillNo: n.billNo, BillDate: n.billDate, MerOrderID: merOrderID, AuthIDRespCd: authorisation,
	}
}

// SetStatus puts an order, a refund or a completion into another state (交易状态) than its money says, and a bill, by its
// own number or a completion's, into another (账单状态): TRADE_REFUND and REFUND for example. Empty ones are what the money
// says. A cancellation leaves TRADE_CLOSED and PAID: the pre-authorisation's own payment is not touched.
func (s *Server) SetStatus(number, status, billStatus string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m, ok := s.ledger.Find(number); ok {
		n := m.Note.(note)
		n.status, n.bill = status, billStatus
		m.Note = n
		s.ledger.Put(m)
	}
}

// Pay does what the payer does with an order or a bill that waits. It says what is in the way, if anything is.
func (s *Server) Pay(number string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.paid(number)
}

func (s *Server) paid(number string) error {
	m, ok := s.find(number)
	if !ok {
		return fmt.Errorf("chinaumstest: there is no order %s", number)
	}
	if _, refusal := s.ledger.Paid(number); refusal != "" {
		return fmt.Errorf("chinaumstest: order %s: %s", number, refusal)
	}
	m, _ = s.ledger.Find(number)
	n := m.Note.(note)
	n.at = s.now()
	if m.Kind == testgateway.Hold {
		n.secure = "UNCOMPLETED"
	}
	m.Note = n
	s.ledger.Put(m)
	return nil
}

// PayCode does what a payer does with a code that is paid often: the platform makes a bill of its own for each payment.
// An amount of 0 is the code's.
func (s *Server) PayCode(qrCodeID string, amount int64) (billNo, billDate string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	code, ok := s.codes[qrCodeID]
	if !ok || code.text("billNo") != "" || code.text("closed") != "" {
		return "", "", fmt.Errorf("chinaumstest: no code %s is paid often", qrCodeID)
	}
	if amount == 0 {
		amount = code.number("totalAmount")
	}
	s.last++
	billNo = fmt.Sprintf("%.20s%08d", qrCodeID, s.last) // 31 characters at most
	billDate = s.now().In(cnpay.Beijing()).Format(time.DateOnly)
	s.ledger.Pay(testgateway.Payment, billNo, amount, note{
		request: code, billNo: billNo, billDate: billDate, code: qrCodeID, notifyID: s.newID(), at: s.now(),
	})
	return billNo, billDate, nil
}

// find is an order by its number. One that has expired unpaid is closed first.
func (s *Server) find(number string) (testgateway.Movement, bool) {
	m, ok := s.ledger.Find(number)
	if ok && m.State == testgateway.Waiting && !m.Note.(note).expires.IsZero() && s.now().After(m.Note.(note).expires) {
		m, _ = s.ledger.Close(number)
	}
	return m, ok
}

func (s *Server) newCode() string {
	s.last++
	return fmt.Sprintf("10172609010900%012d", s.last)
}

func (s *Server) newID() string {
	s.last++
	return fmt.Sprintf("00000000-0000-4000-8000-%012d", s.last)
}

// statusOf is the state of a movement in the platform's words (交易状态).
func statusOf(m testgateway.Movement) string {
	switch {
	case m.Note.(note).status != "":
		return m.Note.(note).status
	case m.State == testgateway.Waiting:
		return "WAIT_BUYER_PAY"
	case m.State != testgateway.Done:
		return "TRADE_CLOSED"
	case m.Given > 0:
		return "TRADE_REFUND"
	}
	return "TRADE_SUCCESS"
}

// billStatusOf is the state of a bill (账单状态).
func billStatusOf(m testgateway.Movement) string {
	switch {
	case m.Note.(note).bill != "":
		return m.Note.(note).bill
	case m.State == testgateway.Waiting:
		return "UNPAID"
	case m.State != testgateway.Done:
		return "CLOSED"
	case m.Given > 0:
		return "REFUND"
	}
	return "PAID"
}
