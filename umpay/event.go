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

// Event is one callback of the plugin, as the terminal reports it. Card numbers in it are masked and expiry dates
// left out. Its JSON form is the one of BRIDGE.md.
type Event struct {
	// ID is the command's, or one that the POS app made for an operation started at the till.
	ID string `json:"id" spec:"M S1..64"`
	// Op is the plugin's method: cardPreAuthRever.
	Op string `json:"op" spec:"M S"`
	// Callback is the plugin's: onReverSuccess, onReverFail, onReverUnknown, onReBind, onProgressUpdate.
	Callback string `json:"callback" spec:"M S"`
	// Request is the object that the plugin was called with.
	Request json.RawMessage `json:"request,omitempty" spec:"O"`
	// Result is the plugin's callback object; see [Event.Reversal].
	Result json.RawMessage `json:"result,omitempty" spec:"C"`
	// POSSN is the terminal's serial number.
	POSSN string `json:"posSN" spec:"M S"`
	// TerminalTime is when it happened by the terminal's clock, RFC 3339.
	TerminalTime string `json:"terminalTime" spec:"M S"`
	// Seq counts the events of one ID from 1. Progress comes before the end, though it may arrive after it.
	Seq int64 `json:"seq" spec:"M N"`
}

// Final reports whether the operation ended with this event: its callback is a success, a fail or an unknown one.
// The last of these may still be followed by one of the others.
func (e *Event) Final() bool {
	switch kindOf(e.Op, e.Callback) {
	case success, fail, unknown:
		return true
	}
	return false
}

// Verdict is what the event says of the operation.
func (e *Event) Verdict() cnpay.Verdict {
	code, message, err := e.code(&spec.Table{})
	if err != nil {
		return cnpay.Verdict{}
	}
	v := cnpay.Verdict{Outcome: judge(e.Op, e.Callback, code), Message: message}
	if code != nil {
		v.Code = strconv.FormatInt(*code, 10)
	}
	return v
}

// Reversal returns the plugin's callback object of a cardPreAuthRever event. It is empty where the event has none.
func (e *Event) Reversal() (*ReverseResult, error) { return e.reversal(&spec.Table{}) }

func (e *Event) reversal(fields *spec.Table) (*ReverseResult, error) {
	if e.Op != opReverse {
		return nil, fmt.Errorf("umpay: an event of %q is no reversal", e.Op)
	}
	result := new(ReverseResult)
	if e.Result == nil {
		return result, nil
	}
	if _, err := fields.DecodeJSON(e.Result, result); err != nil {
		return nil, fmt.Errorf("umpay: result: %w", err)
	}
	return result, nil
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

// Decide is what all the events of one operation say of it, in whatever order they came: the success or fail among
// them, else what the last says. Two that contradict each other, which a [Receiver] never lets into the store,
// decide nothing.
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

// decodeEvent reads an event from JSON that withoutCardData returned. Faults are members of another type than the
// contract says; extra are members that it does not know.
func decodeEvent(clean []byte) (e Event, extra map[string]string, faults []cnpay.Fault, _ error) {
	members := map[string]json.RawMessage{}
	if len(clean) == 0 || clean[0] != '{' || json.Unmarshal(clean, &members) != nil {
		return e, nil, nil, fmt.Errorf("%w: not a JSON object", cnpay.ErrMalformed)
	}
	take := func(name, problem string, into func(json.RawMessage) bool) {
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
		take(f.name, "must be text", func(v json.RawMessage) bool { return json.Unmarshal(v, f.dst) == nil })
	}
	for _, f := range []struct {
		name string
		dst  *json.RawMessage
	}{{"request", &e.Request}, {"result", &e.Result}} {
		take(f.name, "must be an object", func(v json.RawMessage) bool {
			*f.dst = v
			return v[0] == '{'
		})
	}
	take("seq", "must be a whole number", func(v json.RawMessage) (ok bool) {
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

// faults are what keeps an event from being stored, beyond those of decodeEvent.
func (e *Event) faults(fields *spec.Table, terminal string) []cnpay.Fault {
	faults := fields.Check(e)
	add := func(field, problem string) { faults = append(faults, cnpay.Fault{Field: field, Problem: problem}) }
	switch {
	case e.Op == "":
	case kindOf(e.Op, "onReBind") == unlisted:
		add("op", "is not a method of the plugin that this receiver knows")
	case e.Callback != "" && kindOf(e.Op, e.Callback) == unlisted:
		add("callback", "is not one of this op")
	}
	if e.POSSN != "" && e.POSSN != terminal {
		add("posSN", "must be the terminal that signed")
	}
	if _, err := time.Parse(time.RFC3339, e.TerminalTime); err != nil && e.TerminalTime != "" {
		add("terminalTime", "must be a time of the form RFC 3339")
	}
	var err error
	if e.Op == opReverse {
		_, err = e.reversal(fields)
	} else {
		_, _, err = e.code(fields)
	}
	if err != nil {
		add("result", "cannot be read: "+withoutKind(err))
	}
	return faults
}

// withoutKind is the text of a cnpay.ErrMalformed for the one who sent what is malformed.
func withoutKind(err error) string {
	_, cause, _ := strings.Cut(err.Error(), cnpay.ErrMalformed.Error()+": ")
	return cause
}
