package umpay

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// Event is one callback of the plugin, as the terminal reports it, with card numbers masked and without expiry dates.
// Its JSON form is the one of BRIDGE.md. It is a [cnpay.Notification].
type Event struct {
	// ID is the command's, or the POS app's own for an operation started at the till.
	ID string `json:"id" spec:"M S1..64"`
	// Op is the plugin's method: cardPay, cardPreAuthRever.
	Op string `json:"op" spec:"M S"`
	// Callback is the plugin's: onReverSuccess, onReverFail, onReverUnknown, onReBind, onProgressUpdate.
	Callback string `json:"callback" spec:"M S"`
	// Request is the object that the plugin was called with.
	Request json.RawMessage `json:"request,omitempty" spec:"O"`
	// Result is the plugin's callback object; [Event.CardPayResult], [Event.PreauthCancelResult] and their like read it.
	Result json.RawMessage `json:"result,omitempty" spec:"C"`
	// POSSN is the terminal's serial number.
	POSSN string `json:"posSN" spec:"M S"`
	// TerminalTime is when it happened by the terminal's clock, RFC 3339.
	TerminalTime string `json:"terminalTime" spec:"M S"`
	// Seq counts the events of one ID from 1. Progress happens before the end, but may arrive after it.
	Seq int64 `json:"seq" spec:"M N"`
}

// Key distinguishes events: terminal, ID and Seq.
func (e *Event) Key() string { return e.POSSN + " " + e.ID + " " + strconv.FormatInt(e.Seq, 10) }

// Operations is the one of the event.
func (e *Event) Operations() []string { return []string{e.CallTicket().Operation} }

// CallOutcome is that of the Verdict; of an event of a query, Answered or Unknown.
func (e *Event) CallOutcome() cnpay.Outcome {
	op, ok := operationOf(e.Op)
	if !ok || !op.Query {
		return e.Verdict().Outcome
	}
	if op.answered(&spec.Table{}, e) == cnpay.Succeeded {
		return cnpay.Answered
	}
	return cnpay.Unknown
}

// CallTicket names the operation that the event is about. Its Account is the terminal, its Order the command's ID, and
// its Fields are what the event says of the request and of the result.
func (e *Event) CallTicket() cnpay.Ticket {
	var fields spec.Table
	t := cnpay.Ticket{Provider: "umpay", Account: e.POSSN, Operation: e.Op, Order: e.ID, Fields: e.learned(&fields)}
	if op, ok := operationOf(e.Op); ok {
		t.Operation, t.NoMoney = op.ID, op.Query || op.NoMoney
	}
	if t.Fields == nil {
		t.Fields = map[string]string{}
	}
	if text, err := e.asked(&fields); err == nil {
		for _, name := range asked() {
			if value := text(name); value != "" {
				t.Fields[name] = value
			}
		}
	}
	return t
}

// Ended reports whether the plugin ended the operation with this event: its callback is a success, a fail or an unknown
// one. It is not the same as a final outcome: after an unknown callback, and after some fail ones, the outcome is
// Unknown, and another event may follow that decides.
func (e *Event) Ended() bool {
	op, _ := operationOf(e.Op)
	switch op.kindOf(e.Callback) {
	case success, fail, unknown:
		return true
	}
	return false
}

// Verdict is the outcome of the operation according to this event alone; that of an event of a query is the outcome of
// what was asked about. One that contradicts itself is Unknown: by its code, or because its result has another order
// number or amount than its request. So is one of a method that this package does not know.
func (e *Event) Verdict() cnpay.Verdict {
	op, _ := operationOf(e.Op)
	return op.verdict(&spec.Table{}, e)
}

// echo is what an event repeats of the request: the fields that asked names.
type echo struct {
	OrderID       string `json:"orderId" spec:"O"`
	Amount        int64  `json:"amount" spec:"O N"`
	RfAmount      int64  `json:"rfAmount" spec:"O N"`
	UPayTrace     string `json:"uPayTrace" spec:"O"`
	QRTrace       string `json:"upayTrace" spec:"O"`
	PayType       string `json:"payType" spec:"O"`
	OrderDate     string `json:"orderDate" spec:"O"`
	OrderDateTime string `json:"orderDateTime" spec:"O"`
	PaySeq        string `json:"paySeq" spec:"O"`
	TradeNo       string `json:"tradeNo" spec:"O"`
	UPayOrderID   string `json:"uPayOrderId" spec:"O"`
	AuthCode      string `json:"authCode" spec:"O"`
	BatchID       string `json:"batchId" spec:"O"`
	Date          string `json:"date" spec:"O"`
	Time          string `json:"time" spec:"O"`
}

// asked reads what the plugin was called with, as far as the event says.
func (e *Event) asked(fields *spec.Table) (func(name string) string, error) {
	request := new(echo)
	err := decodeMember(fields, "request", e.Request, request)
	return func(name string) string { return fields.Text(request, name) }, err
}

// result is what the callback objects of most methods have. The pointers distinguish 0 from absent.
type result struct {
	OrderID   string `json:"orderId" spec:"O"`
	Amount    *int64 `json:"amount" spec:"O N"`
	PayAmount *int64 `json:"payAmount" spec:"O N"`
	UPayTrace string `json:"uPayTrace" spec:"O"`
	PaySeq    string `json:"paySeq" spec:"O"`
	TradeNo   string `json:"tradeNo" spec:"O"`
	PayType   string `json:"payType" spec:"O"`
	OrderDate string `json:"orderDate" spec:"O"`
	PlatDate  string `json:"platDate" spec:"O"`
	PayDate   string `json:"payDate" spec:"O"`
	Date      string `json:"date" spec:"O"`
	Time      string `json:"time" spec:"O"`
	PlatTime  string `json:"platTime" spec:"O"`
	BatchID   string `json:"batchId" spec:"O"`
	AuthCode  string `json:"authCode" spec:"O"`
}

// learned is what only the end of an operation brings, for a ticket: by wire name, with "result." in front. It is nil
// where the event has nothing of it.
func (e *Event) learned(fields *spec.Table) map[string]string {
	const longest = 64 // than any such number
	r := new(result)
	if !e.Ended() || decodeMember(fields, "result", e.Result, r) != nil {
		return nil
	}
	found := map[string]string{}
	for _, name := range []string{"orderId", "uPayTrace", "paySeq", "tradeNo", "payType", "orderDate", "platDate", "payDate",
		"date", "time", "platTime", "batchId", "authCode"} {
		if value := fields.Text(r, name); value != "" && len(value) <= longest {
			found["result."+name] = value
		}
	}
	if len(found) == 0 {
		return nil
	}
	return found
}

// resultOf reads the callback object of an event of one of the methods. It is empty where the event has none.
func resultOf[R any](e *Event, methods ...string) (*R, error) {
	if !slices.Contains(methods, e.Op) {
		return nil, fmt.Errorf("umpay: an event of %q, want one of %s", e.Op, strings.Join(methods, ", "))
	}
	r := new(R)
	if err := decodeMember(&spec.Table{}, "result", e.Result, r); err != nil {
		return nil, fmt.Errorf("umpay: %w", err)
	}
	return r, nil
}

// decodeMember reads an object of an event. A missing one leaves into as it is.
func decodeMember(fields *spec.Table, name string, raw json.RawMessage, into any) error {
	if raw == nil {
		return nil
	}
	if _, err := fields.DecodeJSON(raw, into); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// code is what every callback object has in common. The code is nil where the plugin left it out.
func (e *Event) code(fields *spec.Table) (code *int64, message string, _ error) {
	if e.Result == nil {
		return nil, "", nil
	}
	var common struct {
		Code    *int64 `json:"code" spec:"R N"`
		Message string `json:"message" spec:"R S"`
	}
	_, err := fields.DecodeJSON(e.Result, &common)
	return common.Code, common.Message, err
}

// Decide is the outcome of one operation according to all its events, in any order: the success or fail among them,
// otherwise what the last one says. Two that contradict each other, which a [Receiver] never stores, make it Unknown.
func Decide(events []Event) cnpay.Verdict {
	var verdict cnpay.Verdict
	var last int64
	for i := range events {
		v := events[i].Verdict()
		switch {
		case v.Outcome.Final() && verdict.Outcome.Final() && v.Outcome != verdict.Outcome:
			return cnpay.Verdict{}
		case v.Outcome.Final() && !verdict.Outcome.Final(),
			!verdict.Outcome.Final() && events[i].Seq >= last:
			verdict, last = v, events[i].Seq
		}
	}
	return verdict
}

// wireEvent is an event before its types are checked.
type wireEvent struct {
	ID           string          `json:"id" spec:"M"`
	Op           string          `json:"op" spec:"M"`
	Callback     string          `json:"callback" spec:"M"`
	Request      json.RawMessage `json:"request" spec:"O"`
	Result       json.RawMessage `json:"result" spec:"O"`
	POSSN        string          `json:"posSN" spec:"M"`
	TerminalTime string          `json:"terminalTime" spec:"M"`
	Seq          string          `json:"seq" spec:"M"`
}

// decodeEvent reads an event from JSON that redact returned. Faults are members of another type than in the contract;
// extra are members that are not in it.
func decodeEvent(fields *spec.Table, clean []byte) (e Event, extra map[string]string, faults []cnpay.Fault, err error) {
	var w wireEvent
	if extra, err = fields.DecodeJSON(clean, &w); err != nil {
		return e, nil, nil, err
	}
	e = Event{
		ID: w.ID, Op: w.Op, Callback: w.Callback, Request: w.Request, Result: w.Result, POSSN: w.POSSN, TerminalTime: w.TerminalTime,
	}
	for _, member := range []struct {
		name  string
		value json.RawMessage
	}{{"request", w.Request}, {"result", w.Result}} {
		if member.value != nil && member.value[0] != '{' {
			faults = append(faults, cnpay.Fault{Field: member.name, Problem: "must be an object"})
		}
	}
	if w.Seq != "" {
		if e.Seq, err = strconv.ParseInt(w.Seq, 10, 64); err != nil {
			faults = append(faults, cnpay.Fault{Field: "seq", Problem: "must be a whole number"})
		}
	}
	return e, extra, faults, nil
}

// faults are those for which an event is not stored, beyond those of decodeEvent.
func (e *Event) faults(fields *spec.Table, op Operation, terminal string) []cnpay.Fault {
	faults := fields.Check(e)
	add := func(field, problem string) { faults = append(faults, cnpay.Fault{Field: field, Problem: problem}) }
	switch {
	case e.Op == "":
	case op.Method == "":
		add("op", "is not a method of the plugin that this receiver knows")
	case e.Callback != "" && op.kindOf(e.Callback) == undocumented:
		add("callback", "is not one of this op")
	}
	if e.POSSN != "" && e.POSSN != terminal {
		add("posSN", "must be the terminal that signed")
	}
	if _, err := time.Parse(time.RFC3339, e.TerminalTime); err != nil && e.TerminalTime != "" {
		add("terminalTime", "must be a time of the form RFC 3339")
	}
	if _, _, err := e.code(fields); err != nil {
		add("result", "cannot be read: "+withoutKind(err))
	}
	return faults
}

// withoutKind is the text of a cnpay.ErrMalformed for the sender of what is malformed.
func withoutKind(err error) string {
	_, cause, _ := strings.Cut(err.Error(), cnpay.ErrMalformed.Error()+": ")
	return cause
}
