package umpay

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
)

// CommandSchedule is when to query for a command: at once and after two seconds, because most answers are lost when the
// operation is already done or never arrived, then every five seconds for 190 s: a person may take three minutes to
// swipe the card and type the PIN. The last query, five minutes later, is for a command that the bridge does not know by
// then: it can no longer be on its way.
func CommandSchedule() cnpay.Schedule {
	return append(append(cnpay.Schedule{0, 2 * time.Second}, cnpay.Every(5*time.Second, 38)...), window)
}

// callbackKind is what a callback of the plugin means.
type callbackKind int

const (
	undocumented callbackKind = iota
	success
	fail
	unknown
	paying // of a query: not paid yet
	rebind
	progress
)

func (op *Operation) kindOf(callback string) callbackKind {
	switch {
	case op.Method == "" || callback == "":
		return undocumented
	case callback == op.Callbacks.Success:
		return success
	case callback == op.Callbacks.Fail:
		return fail
	case slices.Contains(op.Callbacks.Unknown, callback):
		return unknown
	case callback == op.Callbacks.Paying:
		return paying
	case callback == "onReBind":
		return rebind
	case callback == "onProgressUpdate" && op.Callbacks.Progress:
		return progress
	}
	return undocumented
}

// outcome returns what a callback means for the money. The callback decides, and the code (nil where the plugin left it
// out) only refines it: the plugin has more failure codes than its documents list. A code that contradicts the callback
// makes the outcome Unknown.
//
// The fail callback of a query is different, because it also reports that the query itself was refused: only a code that
// the documents have for a failed payment or refund says so.
func (op *Operation) outcome(callback string, code *int64) cnpay.Outcome {
	c := codeNeutral
	if code != nil {
		c = op.Codes.classOf(*code)
	}
	switch op.kindOf(callback) {
	case success:
		switch {
		case c != codeNeutral && c != codeDone:
			return cnpay.Unknown
		case op.PaidLater:
			return cnpay.Pending
		}
		return cnpay.Succeeded
	case fail:
		if c == codeFailed || c == codeNeutral && !op.Query {
			return cnpay.Failed
		}
	case paying:
		return cnpay.Pending
	}
	return cnpay.Unknown
}

// answered says whether a query was answered, as its Judge does: Failed is that the query itself was refused.
func (op *Operation) answered(fields *spec.Table, e *Event) cnpay.Outcome {
	code, _, err := e.code(fields)
	if err != nil {
		return cnpay.Unknown
	}
	if op.outcome(e.Callback, code) != cnpay.Unknown {
		return cnpay.Succeeded
	}
	if op.kindOf(e.Callback) == fail && code != nil && op.Codes.classOf(*code) == codeRefused {
		return cnpay.Failed
	}
	return cnpay.Unknown
}

// class is what a code means by itself.
type class int

const (
	codeNeutral class = iota // nothing: the callback decides
	codeDone
	codeFailed
	codeRefused
	codeUnknown
)

// classOf looks first for what is uncertain in every method, then in the method's own table.
func (c *Codes) classOf(code int64) class {
	switch {
	case uncertain(code):
		return codeUnknown
	case slices.Contains(c.Done, code):
		return codeDone
	case slices.Contains(c.Failed, code):
		return codeFailed
	case slices.Contains(c.Refused, code):
		return codeRefused
	case code == 61000001, code == 61000003: // NOT_INSTALLED, NO_PERMISSIONS
		if c.Refused != nil {
			return codeRefused
		}
		return codeFailed
	}
	return codeNeutral // progress codes too: they are not an outcome
}

// uncertain reports whether a code takes the certainty from the callback of any method.
func uncertain(code int64) bool {
	switch code {
	case -2, // the terminal holds an automatic reversal (冲正) and sends it before its next trade
		61000002, // DISCONNECTED: the plugin was upgraded while it ran
		// *_CALL_FAIL: the call from the app to the plugin broke, and the plugin may be running.
		60010011, 60020032, 60030015, 60040033, 60050033, 60060044, 60130020, 60140032, 60150009, 60160032, 60180009, 60190006,
		// A timeout, an unreadable answer, or a failed reversal of the terminal's own.
		60010005, 60010006, 60010010, 60010013, 60010101, 60010102, 60010103, 60020043, 60020205, 60020206, 60020207,
		60030020, 60030021, 60030022, 60030023, 60030024, 60030025, 60030043, 60040005, 60040006, 60040007, 60040008,
		60040030, 60040102, 60050024, 60050026, 60130018, 60130030, 60130031, 60140043, 60140207, 60150012, 60160043, 60160207,
		60180005, 60180011, 60190004, 60190005, 60190007, 60190009, 60190010, 60190011, 60190012, 60200005, 60200006,
		601500010, 60150010: // CARD_PRE_AUTH_REVER_UNKNOWN, whose constant has a digit too many
		return true
	}
	return false
}

// verdict is what an event says of its operation, or of what its query asked about.
func (op *Operation) verdict(fields *spec.Table, e *Event) cnpay.Verdict {
	code, message, err := e.code(fields)
	if err != nil {
		return cnpay.Verdict{}
	}
	v := cnpay.Verdict{Outcome: op.outcome(e.Callback, code), Message: message}
	if code != nil {
		v.Code = strconv.FormatInt(*code, 10)
	}
	if v.Outcome == cnpay.Unknown {
		return v
	}
	own, err := e.asked(fields)
	if err != nil || op.belongs(fields, own, e) != nil {
		v.Outcome = cnpay.Unknown
	}
	return v
}

// belongs refuses an event about another order, amount or voucher than the request has, which own reads. What either side leaves out is not
// compared.
func (op *Operation) belongs(fields *spec.Table, own func(name string) string, e *Event) error {
	repeated, err := e.asked(fields)
	if err != nil {
		return err
	}
	done := new(result)
	if err := decodeMember(fields, "result", e.Result, done); err != nil {
		return err
	}
	differs := func(field string) error { return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, field) }
	for _, name := range asked() {
		if ours, theirs := own(name), repeated(name); ours != "" && theirs != "" && ours != theirs {
			return differs("request." + name)
		}
	}
	if ours := own("orderId"); ours != "" && done.OrderID != "" && ours != done.OrderID {
		return differs("result.orderId")
	}
	paid := op.kindOf(e.Callback) == success
	if n := done.PayAmount; n != nil { // what the payer has paid: less, where there is a discount
		most, err := strconv.ParseInt(own("amount"), 10, 64)
		if err == nil && *n > most || paid && *n < 0 {
			return differs("result.payAmount")
		}
	}
	if op.Query { // its result is about another transaction, with an amount of its own
		voucher := cmp.Or(own("uPayTrace"), own("upayTrace"), own("paySeq")) // of a query by code paySeq is one
		if voucher != "" && done.UPayTrace != "" && voucher != done.UPayTrace {
			return differs("result.uPayTrace")
		}
		return nil
	}
	if n := done.Amount; n != nil {
		ours := cmp.Or(own("rfAmount"), own("amount")) // a refund's own amount is rfAmount
		if *n != 0 && ours != "" && ours != strconv.FormatInt(*n, 10) || paid && *n <= 0 {
			return differs("result.amount")
		}
	}
	return nil
}
