// Package umpaytest is a POS terminal with its bridge inside the process, for tests of code that uses package umpay.
//
//	terminal := umpaytest.NewServer()
//	defer terminal.Close()
//	client, err := umpay.New(terminal.Config())
//	terminal.AddPreauth("000123", 10000)
//	terminal.Misbehave(umpay.OpPreauthCancel, cnpaytest.LostAnswer)
//
// It checks signatures with code of its own, keeps the books of the terminal's merchant as UMPay does, carries out nothing
// after a command's notAfter by its own clock, misbehaves on command, and posts its events to a receiver on request.
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
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay"
)

// The faults that this terminal plays besides those of package cnpaytest.
const (
	WrongNonce    cnpaytest.Fault = "wrong-nonce"    // a genuine answer to another request
	Stale         cnpaytest.Fault = "stale"          // signed six minutes ago
	OtherTerminal cnpaytest.Fault = "other-terminal" // signed by another terminal
	Dropped       cnpaytest.Fault = "dropped"        // the connection closes before the command is read
	Running       cnpaytest.Fault = "running"        // 202 though the plugin has called back by now
	ReBind        cnpaytest.Fault = "rebind"         // done, but the answer is onReBind
	CallFail      cnpaytest.Fault = "call-fail"      // done, but the answer is the fail callback with the method's *_CALL_FAIL code
	Unclear       cnpaytest.Fault = "unclear"        // done, but the plugin calls back that it does not know, with the voucher's numbers
	Undecided     cnpaytest.Fault = "undecided"      // the plugin calls back that it does not know, and nothing else, until Resolve
)

// Account is the card number of every card, in clear, as the plugin returns it.
const Account = "6221558812340000"

// Server is the terminal. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server
	ledger testgateway.Ledger // by voucher number

	mu       sync.Mutex // one request after the other
	config   umpay.Config
	accepted []cnpay.Secret // besides its own
	now      func() time.Time
	commands map[string]*command // by id
	handled  map[string]func(request json.RawMessage) (callback string, result any)
	nonces   map[string]bool
	since    time.Time // from which every command is remembered; zero for a day ago
	last     int64     // voucher
	file     string    // of its memory; "" where it has none
}

type command struct {
	op      string
	asked   object        // as it came
	request object        // as the plugin was called
	events  []umpay.Event // none where the command expired
}

// NewServer starts a terminal.
func NewServer() *Server {
	s := &Server{commands: map[string]*command{}, nonces: map[string]bool{}, now: time.Now}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+path, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.run) })
	mux.HandleFunc("GET "+path+"/{id}", func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, s.get) })
	s.Server = testgateway.Start(mux)
	s.config = umpay.Config{Gateway: s.URL, Terminal: "N9000001", Secret: cnpay.Secret(testgateway.RandomHex(32))}
	return s
}

const path = "/v1/commands"

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

// AcceptSecret makes the terminal accept requests under one more secret, the one that will take the place of its own. It
// still signs with its own until [Server.SetSecret].
func (s *Server) AcceptSecret(secret cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, secret)
}

// SetClock changes the terminal's clock, by which it signs and by which commands expire.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = now
}

// Handle plays a method of the plugin that this package does not know, or another way than it does.
func (s *Server) Handle(method string, act func(request json.RawMessage) (callback string, result any)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handled == nil {
		s.handled = map[string]func(json.RawMessage) (string, any){}
	}
	s.handled[method] = act
}

// AddSale sells by card (payType IC and its like) or by QR code (WX, AL, YL) under a voucher number, in fen.
func (s *Server) AddSale(uPayTrace, payType string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Pay(testgateway.Payment, uPayTrace, amount, s.note(uPayTrace, object{"payType": payType}))
}

// AddPreauth holds an amount, in fen, on a card under a voucher number.
func (s *Server) AddPreauth(uPayTrace string, amount int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Pay(testgateway.Hold, uPayTrace, amount, s.note(uPayTrace, nil))
}

// PayQR has the customer pay a code, by the voucher number that came with it.
func (s *Server) PayQR(uPayTrace string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ledger.Paid(uPayTrace)
}

// Canceled reports whether a pre-authorisation was cancelled, or a sale or a completion undone.
func (s *Server) Canceled(uPayTrace string) bool {
	m, _ := s.ledger.Find(uPayTrace)
	return m.State == testgateway.Undone
}

// Left is what the merchant has of a sale or of a completion.
func (s *Server) Left(uPayTrace string) int64 {
	m, _ := s.ledger.Find(uPayTrace)
	return m.Left()
}

// Numbers are the reference number (paySeq), the authorisation code and UMPay's number (tradeNo) of a transaction.
func (s *Server) Numbers(uPayTrace string) (paySeq, authCode, tradeNo string) {
	m, _ := s.ledger.Find(uPayTrace)
	n, _ := m.Note.(note)
	return n.PaySeq, n.AuthCode, n.TradeNo
}

// Forget loses all commands, as a bridge does that is installed again. What was carried out stays so.
func (s *Server) Forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands, s.since = map[string]*command{}, s.now()
	_ = s.save() // the next command tries again
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

// Resolve ends a command that is Undecided: it is carried out now, or refused.
func (s *Server) Resolve(id string, done bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.commands[id]; c != nil {
		fault := cnpaytest.Refused
		if done {
			fault = cnpaytest.OK
		}
		s.play(id, c, rows()[c.op], fault)
		_ = s.save() // the next command tries again
	}
}

// serve answers one request. The action runs under the lock.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, act func(r *http.Request, body []byte, fault cnpaytest.Fault) (int, any)) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	fault := s.Receive(operation(r, body))
	if fault == Dropped {
		s.Answer(w, r, cnpaytest.LostAnswer, 0, "", nil)
		return
	}
	_, late := fault.Delay()
	s.Serve(w, r, fault, func() testgateway.Answer {
		s.mu.Lock()
		defer s.mu.Unlock()
		nonce, refused := s.authenticate(r, body)
		status, answer := http.StatusUnauthorized, any(object{"faults": []object{{"field": "Authorization", "problem": refused}}})
		if refused == "" {
			status, answer = act(r, body, fault)
			if err := s.save(); err != nil { // whether it was carried out only a query says
				status, answer = http.StatusInternalServerError, object{"faults": []object{{"field": "memory", "problem": err.Error()}}}
			}
		}
		text := marshal(answer)
		if header := s.header(strconv.Itoa(status), r.URL.EscapedPath(), nonce, text, fault); header != "" && refused == "" && !late {
			w.Header().Set("Authorization", header)
		}
		return testgateway.Answer{Status: status, ContentType: "application/json", Body: text}
	})
}

// operation is the name by which a request is counted, and by which it can misbehave.
func operation(r *http.Request, body []byte) string {
	if r.Method == http.MethodGet {
		return umpay.OpCommandQuery
	}
	var q struct {
		Op string `json:"op"`
	}
	_ = json.Unmarshal(body, &q) // what cannot be read is refused later
	if row, ok := rows()[q.Op]; ok {
		return row.id
	}
	return q.Op
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
	case !slices.ContainsFunc(append(s.accepted, s.config.Secret), func(secret cnpay.Secret) bool {
		return parts[4] == mac(secret, r.Method, r.URL.EscapedPath(), parts[2], parts[3], body)
	}):
		return "", "is wrong"
	case s.now().Sub(time.Unix(seconds, 0)).Abs() > 300*time.Second:
		return "", "is stale"
	case s.nonces[parts[3]]:
		return "", "was used before"
	}
	s.nonces[parts[3]] = true
	return parts[3], ""
}

func mac(secret cnpay.Secret, subject, path, timestamp, nonce string, body []byte) string {
	digest := sha256.Sum256(body)
	digester := hmac.New(sha256.New, []byte(secret.Reveal()))
	fmt.Fprintf(digester, "%s\n%s\n%s\n%s\n%x", subject, path, timestamp, nonce, digest)
	return hex.EncodeToString(digester.Sum(nil))
}

// header is the Authorization of a message, broken as the fault says.
func (s *Server) header(subject, path, nonce string, body []byte, fault cnpaytest.Fault) string {
	terminal, at := s.config.Terminal, s.now()
	switch fault {
	case cnpaytest.Unsigned, cnpaytest.HTTP502, cnpaytest.HTML, cnpaytest.Redirect:
		return ""
	case WrongNonce:
		nonce = testgateway.RandomHex(16)
	case Stale:
		at = at.Add(-6 * time.Minute)
	case OtherTerminal:
		terminal = "N9000002"
	}
	timestamp := strconv.FormatInt(at.Unix(), 10)
	signature := mac(s.config.Secret, subject, path, timestamp, nonce, body)
	if fault == cnpaytest.BadSignature {
		signature = mac(s.config.Secret, subject, path, timestamp, nonce, append(body, ' '))
	}
	return fmt.Sprintf(`CNPAY-HMAC-SHA256 terminal="%s",timestamp="%s",nonce="%s",signature="%s"`, terminal, timestamp, nonce, signature)
}

// run carries out a command, or returns the stored end of one that was run before. A command that comes after its
// notAfter is refused, and so is every later one under its id.
func (s *Server) run(_ *http.Request, body []byte, fault cnpaytest.Fault) (int, any) {
	var q struct {
		ID          string `json:"id"`
		Op          string `json:"op"`
		Request     object `json:"request"`
		RequestedAt string `json:"requestedAt"`
		NotAfter    string `json:"notAfter"`
	}
	var faults []object
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	d.UseNumber()
	err := d.Decode(&q)
	_, badTime := time.Parse(time.RFC3339, q.RequestedAt)
	notAfter, badLimit := time.Parse(time.RFC3339, q.NotAfter)
	row, known := rows()[q.Op]
	for _, f := range []struct {
		field, problem string
		bad            bool
	}{
		{"body", "is not of the contract", err != nil},
		{"id", "must have 1 to 64 characters", q.ID == "" || len([]rune(q.ID)) > 64},
		{"op", "is unknown", !known && s.handled[q.Op] == nil},
		{"request", "is required", q.Request == nil},
		{"requestedAt", "must be a time", badTime != nil},
		{"notAfter", "must be a time", badLimit != nil},
	} {
		if f.bad {
			faults = append(faults, object{"field": f.field, "problem": f.problem})
		}
	}
	if faults == nil && s.handled[q.Op] == nil {
		for _, name := range mandatory(row.id) {
			if q.Request.text(name) == "" {
				faults = append(faults, object{"field": "request." + name, "problem": "is required"})
			}
		}
	}
	if faults != nil {
		return http.StatusBadRequest, object{"faults": faults}
	}
	c := s.commands[q.ID]
	switch {
	case c == nil:
		c = &command{op: q.Op, asked: q.Request, request: object{}}
		for name, value := range q.Request {
			c.request[name] = value
		}
		s.commands[q.ID] = c
		if !s.now().After(notAfter) {
			s.play(q.ID, c, row, fault)
		}
	case c.op != q.Op || !reflect.DeepEqual(c.asked, q.Request):
		return http.StatusBadRequest, object{"faults": []object{{"field": "id", "problem": "is another command's"}}}
	}
	return s.report(c, fault)
}

func (s *Server) get(r *http.Request, _ []byte, fault cnpaytest.Fault) (int, any) {
	c := s.commands[r.PathValue("id")]
	if c == nil || fault == cnpaytest.Refused {
		since := s.since
		if since.IsZero() {
			since = s.now().AddDate(0, 0, -1)
		}
		return http.StatusNotFound, object{"faults": []object{{"field": "id", "problem": "is unknown"}}, "since": since.Format(time.RFC3339)}
	}
	return s.report(c, fault)
}

// report is the end of a command, or what a fault makes of it.
func (s *Server) report(c *command, fault cnpaytest.Fault) (int, any) {
	if len(c.events) == 0 {
		return http.StatusGone, object{"faults": []object{{"field": "notAfter", "problem": "was past when the command arrived"}}}
	}
	event := c.events[len(c.events)-1]
	row := rows()[c.op]
	switch fault {
	case Running:
		return http.StatusAccepted, object{}
	case cnpaytest.OtherAnswer:
		event.ID = "other-" + event.ID
	case cnpaytest.UnknownCode:
		event.Callback, event.Result = "onPerhaps", marshal(object{"code": 60159999, "message": "?"})
	case ReBind:
		event.Callback, event.Result = "onReBind", marshal(object{"code": 61000002, "message": "插件升级，请重新绑定"})
	case CallFail:
		event.Callback, event.Result = row.fail, marshal(object{"code": row.callFail, "message": "调用方法失败"})
	}
	return http.StatusOK, event
}

func (s *Server) append(id string, c *command, callback string, result any) {
	c.events = append(c.events, umpay.Event{
		ID: id, Op: c.op, Callback: callback,
		Request: marshal(c.request), Result: marshal(result),
		POSSN: s.config.Terminal, TerminalTime: s.now().In(cnpay.Beijing()).Format(time.RFC3339),
		Seq: int64(len(c.events) + 1),
	})
}

type object map[string]any

// text is a member of a request: numbers come as json.Number.
func (o object) text(name string) string {
	if o[name] == nil {
		return ""
	}
	return fmt.Sprint(o[name])
}

func (o object) number(name string) int64 {
	n, _ := strconv.ParseInt(o.text(name), 10, 64)
	return n
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
	req.Header.Set("Authorization", s.header(http.MethodPost, u.EscapedPath(), nonce, body, cnpaytest.OK))
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
	signature := mac(s.config.Secret, "200", path, parts[1], nonce, answer)
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
