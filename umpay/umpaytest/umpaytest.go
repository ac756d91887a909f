// Package umpaytest is a POS terminal with its bridge inside the process, for tests of code that uses package umpay.
//
//	terminal := umpaytest.NewServer()
//	defer terminal.Close()
//	client, err := umpay.New(terminal.Config())
//	terminal.AddPreauth("000123", 10000)
//	terminal.Misbehave("plugin_card_pre_auth_rever", umpaytest.LostAnswer)
//
// It checks signatures with code of its own, keeps pre-authorisations as UMPay does, carries out nothing after a
// command's notAfter by its own clock, misbehaves on command, and posts its events to a receiver on request.
package umpaytest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay"
)

// Fault is a way to misbehave; see the constants.
type Fault = testgateway.Fault

// The faults this terminal can play. Its operations are "plugin_card_pre_auth_rever" and "command_get".
const (
	OK           = testgateway.OK
	LostAnswer   = testgateway.LostAnswer
	Hang         = testgateway.Hang
	Reset        = testgateway.Reset
	CutBody      = testgateway.CutBody
	HTTP502      = testgateway.HTTP502
	Empty        = testgateway.Empty
	HTML         = testgateway.HTML
	HugeBody     = testgateway.HugeBody
	Redirect     = testgateway.Redirect
	Refused      = testgateway.Refused
	BadSignature = testgateway.BadSignature
	Unsigned     = testgateway.Unsigned
	OtherAnswer  = testgateway.OtherAnswer
	UnknownCode  = testgateway.UnknownCode // and an undocumented callback

	WrongNonce    Fault = "wrong-nonce"    // a genuine answer to another request
	Stale         Fault = "stale"          // signed six minutes ago
	OtherTerminal Fault = "other-terminal" // signed by another terminal
	Dropped       Fault = "dropped"        // the connection closes before the command is read
	Running       Fault = "running"        // 202 though the plugin has called back by now
	ReBind        Fault = "rebind"         // done, but the answer is onReBind
	CallFail      Fault = "call-fail"      // done, but the answer is onReverFail with CARD_PRE_AUTH_REVER_CALL_FAIL
	ReverUnknown  Fault = "rever-unknown"  // onReverUnknown, until Resolve
)

// Late is a fault of the network: the command is lost to its sender at once and arrives d later. Only
// "plugin_card_pre_auth_rever" can meet it.
func Late(d time.Duration) Fault { return Fault(late + d.String()) }

const late = "late "

// Account is the card number of every pre-authorisation, in clear, as the plugin returns it.
const Account = "6221558812340000"

// Server is the terminal. Like all gateways of this module it has an address, URL, and the methods
//
//	Close()
//	Misbehave(operation string, faults ...Fault)     // the next requests of the operation meet these, one each
//	AlwaysMisbehave(operation string, fault Fault)   // all others meet this one
//	Received(operation string) int                   // how many requests arrived
//
// The operations are named as in errors and logs, [cnpay.Subject].Operation: plugin_card_pre_auth_rever, command_get.
type Server struct {
	*testgateway.Server

	mu       sync.Mutex
	config   umpay.Config
	now      func() time.Time
	preauths map[string]*preauth // by uPayTrace
	commands map[string]*command // by id
	nonces   map[string]bool
	since    time.Time // from which every command is remembered; zero for a day ago
	trace    int64
}

type preauth struct {
	amount   int64
	canceled bool
}

type command struct {
	asked   request       // as it came
	request request       // as the plugin was called
	events  []umpay.Event // none where the command expired
}

type request struct {
	Amount    int64  `json:"amount"`
	UPayTrace string `json:"uPayTrace"`
	OrderID   string `json:"orderId,omitempty"`
}

// NewServer starts a terminal.
func NewServer() *Server {
	s := &Server{preauths: map[string]*preauth{}, commands: map[string]*command{}, nonces: map[string]bool{}, now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/commands", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "plugin_card_pre_auth_rever", s.run) })
	mux.HandleFunc("GET /v1/commands/{id}", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "command_get", s.get) })
	s.Server = testgateway.Start(mux)
	s.config = umpay.Config{Gateway: s.URL, Terminal: "N9000001", Secret: cnpay.Secret(testgateway.RandomHex(32))}
	return s
}

// Config is the configuration of a client for this terminal.
func (s *Server) Config() umpay.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.config
}

// SetSecret changes the terminal's secret, which is random at first.
func (s *Server) SetSecret(secret cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.config.Secret = secret
}

// SetClock changes the terminal's clock, by which it signs and by which commands expire.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// AddPreauth holds an amount, in fen, on a card under a voucher number.
func (s *Server) AddPreauth(uPayTrace string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.preauths[uPayTrace] = &preauth{amount: amount}
}

// Canceled reports whether a pre-authorisation was cancelled.
func (s *Server) Canceled(uPayTrace string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.preauths[uPayTrace]
	return p != nil && p.canceled
}

// Forget loses all commands, as a bridge does that is installed again. What was cancelled stays so.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands, s.since = map[string]*command{}, s.now()
}

// Events are those of a command, in order of Seq and with card data in clear: what the POS app posts up.
func (s *Server) Events(id string) []umpay.Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.commands[id]; c != nil {
		return slices.Clone(c.events)
	}
	return nil
}

// Resolve ends a command that ended with onReverUnknown.
func (s *Server) Resolve(id string, canceled bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.commands[id]
	if c == nil {
		return
	}
	if p := s.preauths[c.request.UPayTrace]; p != nil {
		p.canceled = canceled
	}
	s.finish(id, c, canceled)
}

type object map[string]any

// serve answers one request. The action runs under the lock.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, operation string, act func(r *http.Request, body []byte, fault Fault) (int, any)) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	fault := s.Receive(operation)
	if d, ok := strings.CutPrefix(string(fault), late); ok {
		if delay, err := time.ParseDuration(d); err == nil {
			time.AfterFunc(delay, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				if _, refused := s.authenticate(r, body); refused == "" {
					_, _ = act(r, body, OK)
				}
			})
		}
		fault = Dropped
	}
	if fault == Dropped {
		s.Answer(w, r, LostAnswer, 0, "", nil)
		return
	}
	s.mu.Lock()
	nonce, refused := s.authenticate(r, body)
	status, answer := http.StatusUnauthorized, any(object{"faults": []object{{"field": "Authorization", "problem": refused}}})
	if refused == "" {
		status, answer = act(r, body, fault)
	}
	text, err := json.Marshal(answer)
	if err != nil {
		s.mu.Unlock()
		panic(err) // a mistake of this package
	}
	header := s.header(strconv.Itoa(status), r.URL.EscapedPath(), nonce, text, fault)
	s.mu.Unlock()
	if header != "" && refused == "" {
		w.Header().Set("Authorization", header)
	}
	s.Answer(w, r, fault, status, "application/json", text)
}

func (s *Server) authenticate(r *http.Request, body []byte) (nonce, refused string) {
	parts := regexp.MustCompile(`^CNPAY-HMAC-SHA256 terminal="([^"]+)",timestamp="(\d+)",nonce="([0-9a-f]{32})",signature="([0-9a-f]{64})"$`).
		FindStringSubmatch(r.Header.Get("Authorization"))
	if parts == nil {
		return "", "is missing"
	}
	seconds, _ := strconv.ParseInt(parts[2], 10, 64)
	switch {
	case parts[1] != s.config.Terminal:
		return "", "is of another terminal"
	case parts[4] != s.mac(r.Method, r.URL.EscapedPath(), parts[2], parts[3], body):
		return "", "is wrong"
	case s.now().Sub(time.Unix(seconds, 0)).Abs() > 300*time.Second:
		return "", "is stale"
	case s.nonces[parts[3]]:
		return "", "was used before"
	}
	s.nonces[parts[3]] = true
	return parts[3], ""
}

func (s *Server) mac(subject, path, timestamp, nonce string, body []byte) string {
	digest := sha256.Sum256(body)
	mac := hmac.New(sha256.New, []byte(s.config.Secret.Reveal()))
	fmt.Fprintf(mac, "%s\n%s\n%s\n%s\n%x", subject, path, timestamp, nonce, digest)
	return hex.EncodeToString(mac.Sum(nil))
}

// header is the Authorization of a message, broken as the fault says.
func (s *Server) header(subject, path, nonce string, body []byte, fault Fault) string {
	terminal, at := s.config.Terminal, s.now()
	switch fault {
	case Unsigned, HTTP502, HTML, Redirect:
		return ""
	case WrongNonce:
		nonce = testgateway.RandomHex(16)
	case Stale:
		at = at.Add(-6 * time.Minute)
	case OtherTerminal:
		terminal = "N9000002"
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signature := s.mac(subject, path, timestamp, nonce, body)
	if fault == BadSignature {
		signature = s.mac(subject, path, timestamp, nonce, append(body, ' '))
	}
	return fmt.Sprintf(`CNPAY-HMAC-SHA256 terminal="%s",timestamp="%s",nonce="%s",signature="%s"`, terminal, timestamp, nonce, signature)
}

// run carries out a command, or returns the stored end of one that was run before. A command that comes after its
// notAfter is refused, and so is every later one under its id.
func (s *Server) run(_ *http.Request, body []byte, fault Fault) (int, any) {
	var q struct {
		ID          string   `json:"id"`
		Op          string   `json:"op"`
		Request     *request `json:"request"`
		RequestedAt string   `json:"requestedAt"`
		NotAfter    string   `json:"notAfter"`
	}
	var faults []object
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(&q)
	_, badTime := time.Parse(time.RFC3339, q.RequestedAt)
	notAfter, badLimit := time.Parse(time.RFC3339, q.NotAfter)
	for _, f := range []struct {
		field, problem string
		bad            bool
	}{
		{"body", "is not of the contract", err != nil},
		{"id", "must have 1 to 64 characters", q.ID == "" || len([]rune(q.ID)) > 64},
		{"op", "is unknown", q.Op != "cardPreAuthRever"},
		{"request", "is required", q.Request == nil},
		{"requestedAt", "must be a time", badTime != nil},
		{"notAfter", "must be a time", badLimit != nil},
	} {
		if f.bad {
			faults = append(faults, object{"field": f.field, "problem": f.problem})
		}
	}
	if faults != nil {
		return http.StatusBadRequest, object{"faults": faults}
	}
	c := s.commands[q.ID]
	switch {
	case c == nil:
		c = &command{asked: *q.Request, request: *q.Request}
		s.commands[q.ID] = c
		if !s.now().After(notAfter) {
			s.cancel(q.ID, c, fault)
		}
	case c.asked != *q.Request:
		return http.StatusBadRequest, object{"faults": []object{{"field": "id", "problem": "is another command's"}}}
	}
	return s.report(c, fault)
}

func (s *Server) get(r *http.Request, _ []byte, fault Fault) (int, any) {
	c := s.commands[r.PathValue("id")]
	if c == nil {
		since := s.since
		if since.IsZero() {
			since = s.now().AddDate(0, 0, -1)
		}
		return http.StatusNotFound, object{"faults": []object{{"field": "id", "problem": "is unknown"}}, "since": since.Format(time.RFC3339)}
	}
	return s.report(c, fault)
}

// report is the end of a command, or what a fault makes of it.
func (s *Server) report(c *command, fault Fault) (int, any) {
	if len(c.events) == 0 {
		return http.StatusGone, object{"faults": []object{{"field": "notAfter", "problem": "was past when the command arrived"}}}
	}
	event := c.events[len(c.events)-1]
	switch fault {
	case Running:
		return http.StatusAccepted, object{}
	case OtherAnswer:
		event.ID = "other-" + event.ID
	case UnknownCode:
		event.Callback, event.Result = "onReverPerhaps", marshal(object{"code": 60159999, "message": "?"})
	case ReBind:
		event.Callback, event.Result = "onReBind", marshal(object{"code": 61000002, "message": "插件升级，请重新绑定"})
	case CallFail:
		event.Callback, event.Result = "onReverFail", marshal(object{"code": 60150009, "message": "调用预授权撤销方法失败"})
	}
	return http.StatusOK, event
}

// cancel plays the plugin.
func (s *Server) cancel(id string, c *command, fault Fault) {
	for _, code := range []int64{60020107, 60020103, 60150004} {
		s.append(id, c, "onProgressUpdate", object{"code": code, "message": "处理中"})
	}
	p := s.preauths[c.request.UPayTrace]
	switch {
	case fault == ReverUnknown:
		s.append(id, c, "onReverUnknown", object{"code": 601500010, "message": "预授权撤销状态未知"})
	case len(c.request.OrderID) > 63:
		s.append(id, c, "onReverFail", object{"code": 60150003, "message": "订单号格式有误"})
	case p == nil, p.canceled, p.amount != c.request.Amount, fault == Refused:
		s.finish(id, c, false)
	default:
		p.canceled = true
		s.finish(id, c, true)
	}
}

func (s *Server) finish(id string, c *command, canceled bool) {
	if c.request.OrderID == "" {
		c.request.OrderID = umpay.NewOrderID(s.config.Terminal, s.now())
	}
	if !canceled {
		s.append(id, c, "onReverFail", object{"code": 60150005, "message": "预授权撤销失败", "orderId": c.request.OrderID,
			"stateCode": "0025", "msgToUser": "撤销失败", "msgDesc": "原交易不存在或已撤销"})
		return
	}
	s.trace++
	now := s.now().In(cnpay.Beijing())
	s.append(id, c, "onReverSuccess", object{
		"message": "预授权撤销成功", "code": 60150200,
		"orderId": c.request.OrderID, "amount": strconv.FormatInt(c.request.Amount, 10),
		"cardPayType": "IC", "payType": "IC",
		"tradeNo":  fmt.Sprintf("3805031403%06d", s.trace),
		"platDate": now.Format("20060102"), "platTime": now.Format("150405"),
		"paySeq":        fmt.Sprintf("%012d", 153012000000+s.trace),
		"unionPayMerId": "898110048160001", "unionPayPosId": "00000001", "uMerId": "41509208", "uPosId": "10000001",
		"bankName": "中国银行", "account": Account, "cardExpiryDate": "2912",
		"uPayTrace": fmt.Sprintf("%06d", 900000+s.trace), "batchId": "000001", "authCode": "123456",
	})
}

func (s *Server) append(id string, c *command, callback string, result object) {
	c.events = append(c.events, umpay.Event{
		ID: id, Op: "cardPreAuthRever", Callback: callback,
		Request: marshal(c.request), Result: marshal(result),
		POSSN: s.config.Terminal, TerminalTime: s.now().In(cnpay.Beijing()).Format(time.RFC3339),
		Seq: int64(len(c.events) + 1),
	})
}

func marshal(v any) json.RawMessage {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return text
}

// Post sends an event to a receiver as the app on the terminal does: signed, once. It returns the answer's status,
// and an error where there is no answer, or one that the app could not trust. For duplicates and disorder post the
// Events of a command more than once and in another order.
func (s *Server) Post(ctx context.Context, receiver string, event umpay.Event) (status int, err error) {
	body, err := json.Marshal(event)
	if err != nil {
		return 0, err
	}
	return s.PostBody(ctx, receiver, body)
}

// PostBody posts any bytes instead of an event.
func (s *Server) PostBody(ctx context.Context, receiver string, body []byte) (status int, err error) {
	u, err := url.Parse(receiver)
	if err != nil {
		return 0, err
	}
	if u.Path == "" {
		u.Path = "/"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	nonce := testgateway.RandomHex(16)
	s.mu.Lock()
	req.Header.Set("Authorization", s.header(http.MethodPost, u.EscapedPath(), nonce, body, OK))
	s.mu.Unlock()
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err != nil {
		return res.StatusCode, err
	}
	return res.StatusCode, s.checkAnswer(res, u.EscapedPath(), nonce, body, answer)
}

func (s *Server) checkAnswer(res *http.Response, path, nonce string, posted, answer []byte) error {
	if res.StatusCode != http.StatusOK {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	parts := regexp.MustCompile(`,timestamp="(\d+)",`).FindStringSubmatch(res.Header.Get("Authorization"))
	if parts == nil {
		return errors.New("umpaytest: the answer is not signed")
	}
	signature := s.mac("200", path, parts[1], nonce, answer)
	if res.Header.Get("Authorization") != fmt.Sprintf(`CNPAY-HMAC-SHA256 terminal="%s",timestamp="%s",nonce="%s",signature="%s"`,
		s.config.Terminal, parts[1], nonce, signature) {
		return errors.New("umpaytest: the answer's signature is wrong")
	}
	var sent, got struct {
		ID  string `json:"id"`
		Seq int64  `json:"seq"`
	}
	if json.Unmarshal(posted, &sent) != nil || json.Unmarshal(answer, &got) != nil || got != sent {
		return errors.New("umpaytest: the answer is about another event")
	}
	return nil
}
