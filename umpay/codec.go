package umpay

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

const (
	commandsPath = "/v1/commands"
	commandPath  = commandsPath + "/{id}"
	// commandTimeout is a little more than the 180 s within which a bridge must answer.
	commandTimeout = 185 * time.Second
	// askingTimeout limits a query of the plugin, which waits for no person, and bridgeTimeout one of the bridge itself.
	askingTimeout = 60 * time.Second
	bridgeTimeout = 15 * time.Second
	// milliseconds is RFC 3339 with them.
	milliseconds = "2006-01-02T15:04:05.000Z07:00"
)

// Response is what the answers to all commands have in common. Its Raw is without card data, as all of it is.
type Response struct {
	cnpay.Answer
	// Event is what the terminal reported. Where the bridge sent no event, only its ID is filled in.
	Event Event `json:"event" spec:"R"`
}

func (r *Response) base() *Response { return r }

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// command is what the bridge carries out.
type command struct {
	ID          string          `json:"id" spec:"M S"`
	Op          string          `json:"op" spec:"M S"`
	Request     json.RawMessage `json:"request" spec:"M"`
	RequestedAt string          `json:"requestedAt" spec:"M S"`
	NotAfter    string          `json:"notAfter" spec:"M S"`
}

// asked are the wire names of a request that settling and comparing need, besides its number, which is the ticket's order.
// Card numbers and payment codes are not among them.
func asked() []string {
	return []string{"orderId", "amount", "rfAmount", "uPayTrace", "upayTrace", "payType", "orderDate", "orderDateTime",
		"paySeq", "tradeNo", "uPayOrderId", "authCode", "batchId", "date", "time"}
}

// exchange is one call to the bridge, in the steps of [call.Protocol].
type exchange struct {
	client   *Client
	op       Operation
	request  any // a copy of the caller's
	answer   response
	settings cnpay.Settings

	began, until time.Time
	nonce        string // of the last attempt, the one that is answered
}

// line is what the steps have to know of the operation. One call never sends a command that moves money twice, although
// the contract makes a repeat harmless: a query has the same answer with nothing at stake, even where a bridge has lost
// its memory, and does not hold the line for three minutes.
func (x *exchange) line() call.Operation {
	line := call.Operation{
		ID: x.op.ID, Method: http.MethodPost, Path: commandsPath, Query: x.op.Query, NoMoney: x.op.NoMoney,
		Repeatable: x.op.Query, Timeout: cmp.Or(x.op.Timeout, commandTimeout),
	}
	if x.op.Method == "" {
		line.Method, line.Path = http.MethodGet, strings.Replace(commandPath, "{id}", url.PathEscape(x.text("id")), 1)
	}
	return line
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

func (x *exchange) Ticket() cnpay.Ticket {
	return cnpay.Ticket{Order: x.text("id"), Fields: x.client.call.Asked(x.request, asked()...)}
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

// Check gives a query, whose number nobody needs, a random one. The plugin has 32-bit numbers.
func (x *exchange) Check() []cnpay.Fault {
	fields := &x.client.call.Fields
	if (x.op.Query || x.op.NoMoney) && x.op.Method != "" {
		fields.Fill(x.request, sign.Pair{Name: "id", Value: NewCommandID()})
	}
	faults := fields.Check(x.request)
	add := func(field, problem string) { faults = append(faults, cnpay.Fault{Field: field, Problem: problem}) }
	if !fields.Has(x.request, "id") {
		add("id", "is required")
	}
	if id := x.text("id"); id == "." || id == ".." { // in a path they mean this directory and the one above
		add("id", "must not be . or ..")
	}
	for _, name := range []string{"amount", "rfAmount"} {
		if n, err := strconv.ParseInt(x.text(name), 10, 64); err == nil && n > math.MaxInt32 {
			add(name, "must be at most 2147483647")
		}
	}
	return faults
}

// Limit is the call's, which the command carries: [call.Limited].
func (x *exchange) Limit(began, until time.Time) { x.began, x.until = began, until }

func (x *exchange) Encode() ([]byte, error) {
	if x.op.Method == "" {
		return nil, nil
	}
	fields := &x.client.call.Fields
	object := spec.Copy(x.request) // what the plugin is called with: all but the command's own number
	if _, err := fields.Set(object, "id", ""); err != nil {
		return nil, err
	}
	request, err := fields.EncodeJSON(object)
	if err != nil {
		return nil, err
	}
	return fields.EncodeJSON(&command{
		ID: x.text("id"), Op: x.op.Method, Request: request,
		RequestedAt: x.began.In(cnpay.Beijing()).Format(time.RFC3339),
		NotAfter:    x.until.In(cnpay.Beijing()).Format(milliseconds), // cut off, so never later
	})
}

func (x *exchange) Sign(h http.Header, body []byte) (err error) {
	if x.nonce, err = newNonce(x.settings.Nonce); err != nil {
		return err
	}
	line := x.line()
	signed, err := authorization{terminal: x.client.call.Account, nonce: x.nonce}.
		sign(x.client.signer, line.Method, line.Path, x.settings.Now(), body)
	h["Authorization"] = []string{signed}
	return err
}

// Decode takes the card data out of a verified answer before anything else is read from it.
func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if err := x.verify(reply); err != nil {
		return nil, notTheBridge(reply, err)
	}
	clean, err := redact(reply.Body)
	reply.Body = clean
	answer := x.answer.base()
	if reply.Status != http.StatusOK {
		answer.Event.ID = x.text("id")
		answer.Raw = clean
	} else {
		if err != nil {
			return nil, err
		}
		if extra, err = x.decodeEvent(clean, &answer.Event); err != nil {
			return nil, err
		}
	}
	if query, ok := x.answer.(*CommandQueryResponse); ok {
		query.read(reply.Status)
	}
	return extra, nil
}

// verify checks that an answer is the bridge's, and to this request.
func (x *exchange) verify(reply *transport.Reply) error {
	a, err := parseAuthorization(reply.Header)
	if err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	if a.terminal != x.client.call.Account {
		return fmt.Errorf("%w: signed by another terminal", cnpay.ErrSignature)
	}
	if err := a.verify(x.client.verifier, strconv.Itoa(reply.Status), x.line().Path, reply.Body); err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	switch {
	case a.nonce != x.nonce:
		return fmt.Errorf("%w: the nonce is another request's", cnpay.ErrMismatch)
	case !a.fresh(x.settings.Now()):
		return fmt.Errorf("%w: the timestamp is more than %v off", cnpay.ErrSignature, window)
	}
	return nil
}

// notTheBridge adds to the error of an unverified answer what is known of its origin: mostly something in front of
// the bridge has answered.
func notTheBridge(reply *transport.Reply, err error) error {
	switch {
	case reply.Status == http.StatusUnauthorized:
		return fmt.Errorf("another terminal or secret than the bridge's, or clocks more than %v apart: %w", window, err)
	case bytes.HasPrefix(trimmed(reply.Body), []byte("<")):
		return fmt.Errorf("an HTML page: %w", err)
	}
	return err
}

// decodeEvent reads the event of a 200 and the plugin's callback object in it. Its members that are in no document are
// the answer's extra.
func (x *exchange) decodeEvent(clean []byte, event *Event) (extra map[string]string, err error) {
	e, extra, faults, err := decodeEvent(&x.client.call.Fields, clean)
	switch {
	case err != nil:
		return nil, err
	case faults != nil:
		return nil, fmt.Errorf("%w: %s %s", cnpay.ErrMalformed, faults[0].Field, faults[0].Problem)
	case e.ID != x.text("id"):
		return nil, fmt.Errorf("%w: id differs", cnpay.ErrMismatch)
	case e.POSSN != x.client.call.Account:
		return nil, fmt.Errorf("%w: posSN differs", cnpay.ErrMismatch)
	case x.op.Method != "" && e.Op != x.op.Method:
		return nil, fmt.Errorf("%w: op differs", cnpay.ErrMismatch)
	}
	*event = e
	if x.op.Method == "" || e.Result == nil {
		return extra, nil
	}
	more, err := x.client.call.Fields.DecodeJSON(append(append([]byte(`{"result":`), e.Result...), '}'), x.answer)
	for name, value := range more {
		if extra == nil {
			extra = map[string]string{}
		}
		extra[name] = value
	}
	return extra, err
}

// Judge reads the status, and of a 200 the event.
func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	answer := x.answer.base()
	if query, ok := x.answer.(*CommandQueryResponse); ok {
		return query.judge(httpStatus), nil
	}
	v := cnpay.Verdict{Code: strconv.Itoa(httpStatus), Message: readRefusal(answer.Raw).String()}
	switch httpStatus {
	case http.StatusOK:
		v = x.op.verdict(&x.client.call.Fields, &answer.Event)
		if x.op.Query {
			v.Outcome = x.op.answered(&x.client.call.Fields, &answer.Event)
		}
	case http.StatusAccepted:
		v.Outcome = cnpay.Pending
	case http.StatusBadRequest, http.StatusGone:
		v.Outcome = cnpay.Failed
	}
	return v, nil
}

// Belongs refuses an event about another order, amount or voucher. The bridge has echoed the id, so a field that it left
// out is not missed.
func (x *exchange) Belongs(cnpay.Outcome) error {
	if x.op.Method == "" {
		return nil
	}
	return x.op.belongs(&x.client.call.Fields, x.text, &x.answer.base().Event)
}

// Learn keeps what only an event brings, for the queries that may follow.
func (x *exchange) Learn() map[string]string {
	return x.answer.base().Event.learned(&x.client.call.Fields)
}

// refusal is the body of an answer that is not an event: the faults by wire name, and of a command that the bridge does
// not know the time from which it remembers all.
type refusal struct {
	Faults []wireFault `json:"faults" spec:"M"`
	Since  string      `json:"since,omitempty" spec:"O S"`
}

type wireFault struct {
	Field   string `json:"field" spec:"M S"`
	Problem string `json:"problem" spec:"M S"`
}

// readRefusal is empty where the answer is not one.
func readRefusal(clean []byte) (r refusal) {
	if _, err := new(spec.Table).DecodeJSON(clean, &r); err != nil {
		return refusal{}
	}
	return r
}

// String is the faults on one line.
func (r refusal) String() string {
	texts := make([]string, len(r.Faults))
	for i, f := range r.Faults {
		texts[i] = f.Field + " " + f.Problem
	}
	return strings.Join(texts, "; ")
}
