package unionpay

import (
	"time"

	"github.com/cnpay-go/cnpay"
)

// BackSchedule is when to query after an operation that was sent from back-end to back-end: six times within 63 seconds,
// at 1, 3, 7, 15, 31 and 63 seconds, as documented. It holds the waiting time before each.
func BackSchedule() cnpay.Schedule {
	return cnpay.Schedule{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second, 16 * time.Second, 32 * time.Second}
}

// PayerSchedule is when to query after something that the payer carries out on a page or in an app: five times, at 5, 10,
// 30, 60 and 120 minutes, as documented. It outlasts most processes: any other process settles from the ticket,
// with a [cnpay.WithSchedule] of one query where it has its own timetable.
func PayerSchedule() cnpay.Schedule {
	return cnpay.Schedule{5 * time.Minute, 5 * time.Minute, 20 * time.Minute, 30 * time.Minute, 60 * time.Minute}
}

// PayoutSchedule is when to query after a payout (代付): first after three minutes, as documented, then at
// growing intervals. What is open after it is in the reconciliation file of the next day.
func PayoutSchedule() cnpay.Schedule {
	return cnpay.Schedule{3 * time.Minute, 3 * time.Minute, 6 * time.Minute, 12 * time.Minute, 24 * time.Minute}
}

// The codes (应答码) that a program may want to compare. What each means for an operation is its outcome.
const (
	CodeSuccess    = "00" // 成功, of an operation on money: accepted (受理)
	CodeDuplicate  = "12" // 重复交易: UnionPay has a transaction of that orderId and txnTime
	CodeNotFound   = "34" // 查无此交易: not found, perhaps not yet
	CodeNoOriginal = "35" // 原交易不存在或状态不正确
	CodeTooOften   = "37" // 已超过最大查询次数或操作过于频繁
	CodeReversed   = "46" // 交易已被成功冲正: the transaction has been reversed
)

// Whether a card is open for payments without UnionPay's page (开通状态, activateStatus).
const (
	CardNotActivated = "0"
	CardActivated    = "1"
)

// judge reads the code of an answer by the operation's own rule.
func (op *Operation) judge(code string) cnpay.Outcome {
	switch {
	case op.Judge != nil:
		return op.Judge(code)
	case op.Query || op.NoMoney:
		return judgeCode(code)
	}
	return judgeAccepted(code)
}

// judgeCode is what a code (应答码) says of the request that it answers, where "00" means done.
// An undocumented code says nothing.
func judgeCode(code string) cnpay.Outcome {
	switch code {
	case CodeSuccess,
		"A6", "A1": // with a defect (有缺陷的成功): takes part in clearing
		return cnpay.Succeeded
	case "02", // not open
		"10", "11", "13", "14", // refused by the checks of the message: format, signature, missing field, batch file
		"30", "31", "32", "33", "35", "36", "38", "39", "40", "41", "43", "44", "45", "46", // of the merchant and the original
		"60", "61", "62", "63", "64", "65", "66", "67", "68", "69", "71", "72", "73", "76", "77", "78", "79",
		"80", "81", "82", "84", "89", // by the issuer
		"90", "91", "92", "93", "94", "95", "96", "98", "99":
		return cnpay.Failed
	}
	// Documented and undecided: 01 (failed, but not for all), 03 and 04 (no certain state), 05 (accepted), 06 (busy),
	// 12 (such a transaction exists), 34 (not found, perhaps not yet), 37 (asked too often), 42 (paid too late),
	// 70 (waits for the payer), 74 and 75 (paid, its bill not written off), 83 (the issuer works on it).
	return cnpay.Unknown
}

// judgeAccepted is the same for operations on money: "00" means that UnionPay has accepted it (受理), no more.
func judgeAccepted(code string) cnpay.Outcome {
	if outcome := judgeCode(code); outcome != cnpay.Succeeded {
		return outcome
	}
	return cnpay.Pending
}

// judgePayout is the same for payouts (代付), which a refusal by the issuer (60) does not end.
func judgePayout(code string) cnpay.Outcome {
	if code == "60" {
		return cnpay.Unknown
	}
	return judgeAccepted(code)
}

// judgeOriginal is what the code of a transaction (原交易应答码), found by a query or in a notification, says of a
// transaction of that type.
func judgeOriginal(txnType, code string) cnpay.Outcome {
	const payout = "12"
	switch code {
	case "01":
		if txnType != payout {
			return cnpay.Failed
		}
		return cnpay.Pending
	case CodeDuplicate, CodeNotFound, "60":
		if txnType == payout {
			return cnpay.Pending
		}
	case "03", "04", "05":
		return cnpay.Pending
	}
	return judgeCode(code)
}

// judgeReversal is the same for a reversal (冲正), of which 46 says that it has been done. 35 says that there is no such
// purchase, which may still be on its way: then nothing has been reversed, and a repeat may find it.
func judgeReversal(code string) cnpay.Outcome {
	switch code {
	case CodeReversed:
		return cnpay.Succeeded
	case CodeNoOriginal:
		return cnpay.Unknown
	}
	return judgeCode(code)
}
