package umpay

import (
	"time"

	"github.com/cnpay-go/cnpay"
)

// CancelSchedule is when SettleCancel queries: at once and after two seconds, because most answers are lost when the
// cancellation is already done or never arrived, then every five seconds for 190 s: a person may take three minutes to
// swipe the card and type the PIN.
func CancelSchedule() cnpay.Schedule {
	return append(cnpay.Schedule{0, 2 * time.Second}, cnpay.Every(5*time.Second, 38)...)
}

// opPreauthCancel is the plugin's method for a cancellation (预授权撤销).
const opPreauthCancel = "cardPreAuthRever"

// callbackKind is what a callback of the plugin means.
type callbackKind int

const (
	undocumented callbackKind = iota
	success
	fail
	unknown
	rebind
	progress
)

// callbackKindOf is the table of the plugin's methods that move money or query it, with their callbacks. The spellings
// are the plugin's own.
func callbackKindOf(op, callback string) callbackKind {
	var reportsProgress bool
	names := callbacks{"onPaySuccess", "onPayFail", "onPayUnknown"}
	switch op {
	case "cardPay", "preCardPay", "creditPreauthDone":
		reportsProgress = true
	case "scanPay", "scanPayStateQuery", "preauthDone":
	case "cardPreAuth":
		names, reportsProgress = callbacks{"onAuthSuccess", "onAuthFail", "onAuthUnKnown"}, true
	case opPreauthCancel, "cardPreAuthDoneRever":
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
		return undocumented
	}
	switch {
	case callback == "":
		return undocumented
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
	return undocumented
}

type callbacks struct{ success, fail, unknown string }

// judge returns what a callback means for the money. The callback decides, and the code (nil where the plugin left it
// out) only refines it: the plugin has more failure codes than its documents list. A code that contradicts the callback
// makes the outcome Unknown.
func judge(op, callback string, code *int64) cnpay.Outcome {
	c := codeNeutral
	if code != nil {
		c = classify(op, *code)
	}
	switch callbackKindOf(op, callback) {
	case success:
		if c == codeNeutral || c == codeDone {
			return cnpay.Succeeded
		}
	case fail:
		if c == codeNeutral || c == codeFailed {
			return cnpay.Failed
		}
	}
	return cnpay.Unknown
}

// class is what a code means by itself.
type class int

const (
	codeNeutral class = iota // nothing: the callback decides
	codeDone
	codeFailed
	codeUnknown
)

// classify is the table of codes (返回码): all those of a cancellation, and of the other methods those that make a fail
// callback uncertain.
func classify(op string, code int64) class {
	switch code {
	case -2: // the terminal holds an automatic reversal (冲正) and sends it before its next trade
		return codeUnknown
	case 61000002: // DISCONNECTED: the plugin was upgraded while it ran
		return codeUnknown
	case 61000001, 61000003: // NOT_INSTALLED, NO_PERMISSIONS
		return codeFailed
	// *_CALL_FAIL: the call from the app to the plugin broke, and the plugin may be running.
	case 60010011, 60020032, 60030015, 60040033, 60050033, 60060044, 60130020, 60140032, 60150009, 60160032,
		60180009, 60190006:
		return codeUnknown
	// A timeout, an unreadable answer, or a failed reversal of the terminal's own.
	case 60010005, 60010006, 60010010, 60010013, 60010101, 60010102, 60010103, 60020043, 60020205, 60020206, 60020207,
		60030020, 60030021, 60030022, 60030023, 60030024, 60030025, 60030043, 60040005, 60040006, 60040007, 60040008,
		60040030, 60040102, 60050024, 60050026, 60130018, 60130030, 60130031, 60140043, 60140207, 60160043, 60160207,
		60180005, 60180011, 60190004, 60190005, 60190007, 60190009, 60190010, 60190011, 60190012:
		return codeUnknown
	}
	if op != opPreauthCancel {
		return codeNeutral
	}
	switch code {
	case 60150200: // CARD_PRE_AUTH_REVERS_SUCCESS
		return codeDone
	case 60150001, // JSON_ERROR
		60150002, // CARD_PRE_REVER_AMOUNT_NULL
		60150003, // CARD_PRE_AUTH_ORDERFORMAT_ERROR
		60150005, // CARD_PRE_AUTH_REVERS_FAIL
		60150006, // NET_ERROR
		60150007, // REVERS_INFO_IS_NULL
		60150011, // APP_OCCUPY
		60150013: // AUTH_REVER_AMOUNT_FORMAT
		return codeFailed
	case 60150012, // CARD_AUTHREVER_PARSE_JSONERROR
		601500010, 60150010: // CARD_PRE_AUTH_REVER_UNKNOWN, whose constant has a digit too many
		return codeUnknown
	}
	return codeNeutral // progress codes too: they are not an outcome
}

// commandVerdict is what the answer to a query says of the operation. A missing command may still be on its way, however
// often the bridge says that it is missing.
func commandVerdict(r *CommandResponse) cnpay.Verdict {
	switch r.State {
	case CommandFinished:
		return r.Event.Verdict()
	case CommandExpired:
		return cnpay.Verdict{Outcome: cnpay.Failed, Code: "410", Message: readFaults(r.Raw)}
	case CommandRunning:
		return cnpay.Verdict{Outcome: cnpay.Pending, Code: "202"}
	case CommandMissing:
		return cnpay.Verdict{Code: "404", Message: readFaults(r.Raw)}
	}
	return cnpay.Verdict{}
}
