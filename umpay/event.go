package umpay

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// Event is one callback of the plugin, as the terminal reports it, with card numbers masked and without expiry dates.
// Its JSON form is the one of BRIDGE.md.
type Event struct {
	// ID is the command's, or the POS app's own for an operation started at the till.
	ID string `json:"id" spec:"M S1..64"`
	// Op is the plugin's method: cardPreAuthRever.
	Op string `json:"op" spec:"M S"`
	// Callback is the plugin's: onReverSuccess, onReverFail, onReverUnknown, onReBind, onProgressUpdate.
	Callback string `json:"callback" spec:"M S"`
	// Request is the object that the plugin was called with.
	Request json.RawMessage `json:"request,omitempty" spec:"O"`
	// Result is the plugin's callback object; see [Event.PreauthCancelResult].
	Result json.RawMessage `json:"result,omitempty" spec:"C"`
	// POSSN is the terminal's serial number.
	POSSN string `json:"posSN" spec:"M S"`
	// TerminalTime is when it happened by the terminal's clock, RFC 3339.
	TerminalTime string `json:"terminalTime" spec:"M S"`
	// Seq counts the events of one ID from 1. Progress happens before the end, but may arrive after it.
	Seq int64 `json:"seq" spec:"M N"`
}

// Ended reports whether the plugin ended the operation with this event: its callback is a success, a fail or an unknown
// one. It is not the same as a final outcome: after an unknown callback, and after some fail ones, the outcome is
// Unknown, and another event may follow that decides.
func (e *Event) Ended() bool {
	switch callbackKindOf(e.Op, e.Callback) {
	case success, fail, unknown:
		return true
	}
	return false
}

// Verdict is the outcome of the operation according to this event alone. One that contradicts itself is Unknown: by its
// code, or because its result has another order number or amount than its request.
func (e *Event) Verdict() cnpay.Verdict {
	var fields spec.Table
	code, message, err := e.code(&fields)
	if err != nil {
		return cnpay.Verdict{}
	}
	v := cnpay.Verdict{Outcome: judge(e.Op, e.Callback, code), Message: message}
	if code != nil {
		v.Code = strconv.FormatInt(*code, 10)
	}
	if v.Outcome != cnpay.Unknown && !e.consistent(&fields) {
		v.Outcome = cnpay.Unknown
	}
	return v
}

// consistent reports whether the result of a cancellation is about the order that the plugin was called with.
func (e *Event) consistent(fields *spec.Table) bool {
	if e.Op != opPreauthCancel {
		return true
	}
	asked, err := e.preauthCancelRequest(fields)
	return err == nil && asked.belongs(fields, e) == nil
}

// PreauthCancelResult returns the plugin's callback object of a cardPreAuthRever event. It is empty where the event has
// none.
func (e *Event) PreauthCancelResult() (*PreauthCancelResult, error) {
	if e.Op != opPreauthCancel {
		return nil, fmt.Errorf("umpay: an event of %q is not about the cancellation of a pre-authorisation", e.Op)
	}
	result, err := e.preauthCancelResult(&spec.Table{})
	if err != nil {
		return nil, fmt.Errorf("umpay: %w", err)
	}
	return result, nil
}

func (e *Event) preauthCancelResult(fields *spec.Table) (*PreauthCancelResult, error) {
	result := new(PreauthCancelResult)
	return result, decodeMember(fields, "result", e.Result, result)
}

// preauthCancelRequest is what the plugin was called with, as far as the event says.
func (e *Event) preauthCancelRequest(fields *spec.Table) (*PreauthCancelRequest, error) {
	request := new(PreauthCancelRequest)
	return request, decodeMember(fields, "request", e.Request, request)
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
		Code    *int64 `json:"code"`
		Message string `json:"message"`
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

// decodeEvent reads an event from JSON that redact returned. Faults are members of another type than in the contract;
// extra are members that are not in it.
func decodeEvent(clean []byte) (e Event, extra map[string]string, faults []cnpay.Fault, _ error) {
	members := map[string]json.RawMessage{}
	if len(clean) == 0 || clean[0] != '{' || json.Unmarshal(clean, &members) != nil {
		return e, nil, nil, fmt.Errorf("%w: not a JSON object", cnpay.ErrMalformed)
	}
	member := func(name, problem string, into func(json.RawMessage) bool) {
		value, ok := members[name]
		delete(members, name)
		if ok && string(value) != "null" && !into(value) {
			faults = append(faults, cnpay.Fault{Field: name, Problem: problem})
		}
	}
	for _, f := range []struct {
		name string
		dst  *string
	}{{"id", &e.ID}, {"op", &e.Op}, {"callback", &e.Callback}, {"posSN", &e.POSSN}, {"terminalTime", &e.TerminalTime}} {
		member(f.name, "must be text", func(v json.RawMessage) bool { return json.Unmarshal(v, f.dst) == nil })
	}
	for _, f := range []struct {
		name string
		dst  *json.RawMessage
	}{{"request", &e.Request}, {"result", &e.Result}} {
		member(f.name, "must be an object", func(v json.RawMessage) bool {
			*f.dst = v
			return v[0] == '{'
		})
	}
	member("seq", "must be a whole number", func(v json.RawMessage) (ok bool) {
		var err error
		e.Seq, err = strconv.ParseInt(plain(v), 10, 64)
		return err == nil
	})
	for name, value := range members {
		if extra == nil {
			extra = map[string]string{}
		}
		extra[name] = string(value)
	}
	return e, extra, faults, nil
}

// faults are those for which an event is not stored, beyond those of decodeEvent.
func (e *Event) faults(fields *spec.Table, terminal string) []cnpay.Fault {
	faults := fields.Check(e)
	add := func(field, problem string) { faults = append(faults, cnpay.Fault{Field: field, Problem: problem}) }
	switch {
	case e.Op == "":
	case callbackKindOf(e.Op, "onReBind") == undocumented:
		add("op", "is not a method of the plugin that this receiver knows")
	case e.Callback != "" && callbackKindOf(e.Op, e.Callback) == undocumented:
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
