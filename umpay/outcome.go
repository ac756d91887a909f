package umpay

import (
	"time"

	"github.com/cnpay-go/cnpay"
)

// ReverseSchedule is when to ask after a reversal: at once and after two seconds, because most answers are lost when
// the reversal is already done or never arrived, then every five seconds until the three minutes are over that a
// person may take to swipe the card and type the PIN.
func ReverseSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0, 2 * time.Second}, cnpay.Every(5*time.Second, 38)...)
}

// opReverse is the plugin's method for a reversal.
const opReverse = "cardPreAuthRever"

// kind is what a callback of the plugin means.
type kind int

const (
	unlisted kind = iota
	success
	fail
	unknown
	rebind
	progress
)

// kindOf is the table of the plugin's methods that move money or tell what became of it, with their callbacks.
// The spellings are the plugin's own.
func kindOf(op, callback string) kind {
	var reportsProgress bool
	names := callbacks{"onPaySuccess", "onPayFail", "onPayUnknown"}
	switch op {
	case "cardPay", "preCardPay", "creditPreauthDone":
		reportsProgress = true
	case "scanPay", "scanPayStateQuery", "preauthDone":
	case "cardPreAuth":
		names, reportsProgress = callbacks{"onAuthSuccess", "onAuthFail", "onAuthUnKnown"}, true
	case opReverse, "cardPreAuthDoneRever":
		names, reportsProgress = callbacks{"onReverSuccess", "onReverFail", "onReverUnknown"}, true
	case "bankRevoke", "bankRefund":
		names, reportsProgress = callbacks{"onRefundSuccess", "onRefundFail", "onRefundUnknown"}, true
	case "scanRevoke", "scanRefund":
		names = callbacks{"onRefundSuccess", "onRefundFail", "onRefundUnknown"}
	case "scanRefundQuery":
		names = callbacks{"onRefundSuccess", "onRefundFail", "onRefundUnknown"}
		if callback == "onRefundError" {
			return unknown
		}
	case "cardQuery", "scanQuery":
		names = callbacks{"onPaySuccess", "onPayFail", "onQueryError"}
		if op == "scanQuery" && callback == "onPaying" {
			return progress
		}
	default:
		return unlisted
	}
	switch {
	case callback == "":
		return unlisted
	case callback == names.success:
		return success
	case callback == names.fail:
		return fail
	case callback == names.unknown:
		return unknown
	case callback == "onReBind":
		return rebind
	case callback == "onProgressUpdate" && reportsProgress:
		return progress
	}
	return unlisted
}

type callbacks struct{ success, fail, unknown string }

// judge says what a callback means for the money. The callback decides, and the code (nil where the plugin gave
// none) only refines it: the plugin has more failure codes than its documents list. A code that contradicts the
// callback leaves nothing decided.
func judge(op, callback string, code *int64) cnpay.Outcome {
	c := follows
	if code != nil {
		c = classify(op, *code)
	}
	switch kindOf(op, callback) {
	case success:
		if c == follows || c == saysDone {
			return cnpay.Succeeded
		}
	case fail:
		if c == follows || c == saysFailed {
			return cnpay.Failed
		}
	}
	return cnpay.Unknown
}

// class is what a code says by itself.
type class int

const (
	follows class = iota // nothing: the callback decides
	saysDone
	saysFailed
	saysUnknown
)

// classify is the table of codes (返回码). Those of a reversal are here in full; for the other methods those that
// take the certainty from a fail callback.
func classify(op string, code int64) class {
	switch code {
	case -2: // the terminal holds an automatic reversal (冲正) that it sends before its next trade
		return saysUnknown
	case 61000002: // DISCONNECTED: the plugin was upgraded while it ran
		return saysUnknown
	case 61000001, 61000003: // NOT_INSTALLED, NO_PERMISSIONS
		return saysFailed
	// *_CALL_FAIL: the call from the app to the plugin broke, and the plugin may be running.
	case 60010011, 60020032, 60030015, 60040033, 60050033, 60060044, 60130020, 60140032, 60150009, 60160032,
		60180009, 60190006:
		return saysUnknown
	// A timeout, an answer that cannot be read, or a reversal of the terminal's own that went wrong.
	case 60010005, 60010006, 60010010, 60010013, 60010101, 60010102, 60010103, 60020043, 60020205, 60020206, 60020207,
		60030020, 60030021, 60030022, 60030023, 60030024, 60030025, 60030043, 60040005, 60040006, 60040007, 60040008,
		60040030, 60040102, 60050024, 60050026, 60130018, 60130030, 60130031, 60140043, 60140207, 60160043, 60160207,
		60180005, 60180011, 60190004, 60190005, 60190007, 60190009, 60190010, 60190011, 60190012:
		return saysUnknown
	}
	if op != opReverse {
		return follows
	}
	switch code {
	case 60150200: // CARD_PRE_AUTH_REVERS_SUCCESS
		return saysDone
	case 60150001, // JSON_ERROR
		60150002, // CARD_PRE_REVER_AMOUNT_NULL
		60150003, // CARD_PRE_AUTH_ORDERFORMAT_ERROR
		60150005, // CARD_PRE_AUTH_REVERS_FAIL
		60150006, // NET_ERROR
		60150007, // REVERS_INFO_IS_NULL
		60150011, // APP_OCCUPY
		60150013: // AUTH_REVER_AMOUNT_FORMAT
		return saysFailed
	case 60150012, // CARD_AUTHREVER_PARSE_JSONERROR
		601500010, 60150010: // CARD_PRE_AUTH_REVER_UNKNOWN, whose constant has a digit too many
		return saysUnknown
	}
	return follows // progress codes too: they are no outcome
}

// reversal follows the answers to the queries after a reversal.
type reversal struct {
	arrived bool // the bridge has known the command
	missing int  // answers in a row that it does not
}

// verdict is what an answer says of the reversal. A command that is not there may still be on its way, so only the
// second such answer in a row counts; and one that was there once has been forgotten, which says nothing.
func (v *reversal) verdict(r *CommandResponse) cnpay.Verdict {
	switch r.State {
	case CommandFinished:
		v.arrived, v.missing = true, 0
		return r.Event.Verdict()
	case CommandRunning:
		v.arrived, v.missing = true, 0
		return cnpay.Verdict{Outcome: cnpay.Pending, Code: "202"}
	case CommandMissing:
		if v.missing++; v.missing > 1 && !v.arrived {
			return cnpay.Verdict{Outcome: cnpay.NotSent, Code: "404"}
		}
		return cnpay.Verdict{Code: "404"}
	}
	return cnpay.Verdict{}
}
