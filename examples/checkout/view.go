package main

import (
	"fmt"
	"strconv"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/money"
)

// phrase is a text in the languages of the shop.
type phrase struct{ Zh, En string }

func (p phrase) with(more string) phrase { return phrase{p.Zh + more, p.En + more} }

// Phrase is the kind's name.
func (k kind) Phrase() phrase {
	return map[kind]phrase{
		purchase: {"付款", "Payment"}, hold: {"预授权", "Pre-authorisation"}, refund: {"退款", "Refund"}, void: {"撤销", "Reversal"},
		closing: {"关闭未付款", "Closing of the payment"}, complete: {"预授权完成", "Completion"},
		cancel: {"预授权撤销", "Release"}, cancelCompletion: {"预授权完成撤销", "Reversal of the completion"},
	}[k]
}

// status is how an order or a payment is shown.
type status struct {
	Label phrase
	Style string // good, wait, bad, off
	Text  phrase
}

// statusOf is how an order is shown, to payer and clerk.
func (s *shop) statusOf(o *order) status {
	if t := o.working(); t != nil && o.paid() {
		return status{phrase{"处理中", "Working"}, "wait", phrase{t.Kind.Phrase().Zh + "正在处理，本页会自动更新。", t.Kind.Phrase().En + " under way. This page follows by itself."}}
	}
	if !o.paid() {
		return s.unpaid(o)
	}
	held, taken, refunded := o.money()
	preauth := o.latest().Kind == hold
	switch {
	case o.wrong() && o.Cancelled:
		return status{phrase{"已取消，待退款", "Cancelled, to be refunded"}, "bad", phrase{"订单取消后仍收到付款，店员会退回。", "It was paid although it is cancelled. The money will be given back."}}
	case o.wrong():
		return status{phrase{"重复付款", "Paid twice"}, "bad", phrase{"收到了多笔付款，多付的部分会由店员退回。", "More than one payment came. What is too much will be given back."}}
	case held > 0:
		return status{phrase{"已冻结", "Held"}, "good", phrase{yuan(held) + " 已冻结，尚未扣款。", yuan(held) + " is held on the card and not taken."}}
	case taken > 0 && refunded == taken:
		return status{phrase{"已退款", "Refunded"}, "off", phrase{"款项已全部退回。", "Everything was given back."}}
	case refunded > 0:
		return status{phrase{"部分退款", "Partly refunded"}, "good", phrase{"已退 " + yuan(refunded) + "，剩余 " + yuan(taken-refunded) + "。", yuan(taken-refunded) + " of " + yuan(taken) + " is left."}}
	case taken > 0 && preauth:
		return status{phrase{"已扣款", "Taken"}, "good", phrase{"已扣款 " + yuan(taken) + "，其余金额已解冻。", yuan(taken) + " was taken; the rest is free again."}}
	case taken > 0 && o.Shipped:
		return status{phrase{"已付款", "Paid"}, "good", phrase{"付款已确认，商品已发出。", "The payment is confirmed, and the goods are on their way."}}
	case taken > 0:
		return status{phrase{"已付款", "Paid"}, "good", phrase{"付款已确认。", "The payment is confirmed."}}
	case preauth:
		return status{phrase{"已解冻", "Released"}, "off", phrase{"金额已解冻，没有扣款。", "The money is free again. None was taken."}}
	}
	return status{phrase{"已撤销", "Reversed"}, "off", phrase{"付款已撤销，款项原路退回。", "The payment was reversed; the money goes back."}}
}

// unpaid is how an order is shown of which no payment has succeeded.
func (s *shop) unpaid(o *order) status {
	p := o.latest()
	switch {
	case o.Cancelled:
		return status{phrase{"已取消", "Cancelled"}, "off", phrase{"订单已取消，请勿再付款。", "The order is cancelled. Please do not pay it."}}
	case p.Notified && !p.Outcome.Final():
		return status{phrase{"确认中", "Confirming"}, "wait", phrase{"正在向支付机构确认付款，请勿重复付款。", "The payment is being confirmed. Please do not pay again."}}
	case p.Outcome.Final():
		return status{phrase{"未付款", "Not paid"}, "bad", phrase{"这次付款没有成功，没有扣款。", "This payment did not succeed. No money was taken."}}
	case p.Refused:
		return status{phrase{"付款未成功", "Not accepted"}, "bad", phrase{"银行没有通过这次付款，没有扣款。可以换卡重试，或换一种方式。", "The bank did not accept the payment. No money was taken. Try another card, or another way."}}
	case time.Now().After(p.Before):
		return status{phrase{"已超时", "Too late"}, "off", phrase{"付款时间已过。", "The time to pay is over."}}
	case !p.ready():
		return status{phrase{"未能发起付款", "No payment"}, "bad", phrase{"没有取到付款信息，请重新付款。", "The payment could not be started. Please try again."}}
	case p.Scan != "":
		return status{phrase{"待扫码", "To be scanned"}, "wait", phrase{"请在 " + clock(p.Before) + " 前扫码付款，本页会自动更新。", "Scan the code and pay until " + clock(p.Before) + " (Beijing). This page follows by itself."}}
	}
	return status{phrase{"待付款", "Waiting"}, "wait", phrase{"请在 " + clock(p.Before) + " 前付款，本页会自动更新。", "Please pay until " + clock(p.Before) + " (Beijing). This page follows by itself."}}
}

// ready reports whether the payer got something to pay with.
func (p *payment) ready() bool { return p.Form != nil || p.Scan != "" }

// stateOf is how one transaction is shown to the clerk.
func stateOf(t *transaction) status {
	switch t.Outcome {
	case cnpay.Succeeded:
		return status{Label: phrase{"成功", "Succeeded"}, Style: "good"}
	case cnpay.Pending:
		return status{Label: phrase{"处理中", "Pending"}, Style: "wait"}
	case cnpay.Failed:
		if t.Kind == purchase || t.Kind == hold {
			return status{Label: phrase{"未付款", "Not paid"}, Style: "off"}
		}
		return status{Label: phrase{"失败", "Failed"}, Style: "bad"}
	case cnpay.NotSent:
		return status{Label: phrase{"未发送", "Not sent"}, Style: "off"}
	}
	return status{Label: phrase{"未知", "Unknown"}, Style: "wait"}
}

// action is a button, with a field where a part is possible.
type action struct {
	Kind        kind
	ID          string // of the button
	Title, Hint phrase
	Most        int64
	Partial     bool
}

// actions are the buttons of a payment.
func (w *way) actions(p *payment) []action {
	var all []action
	possible := w.can(p)
	for _, a := range []action{
		{Kind: complete, Title: phrase{"扣款", "Take the money"}, Hint: phrase{"预授权完成：一次，可少于冻结金额", "Once, the whole or a part"}},
		{Kind: cancel, Title: phrase{"解冻", "Release it"}, Hint: phrase{"预授权撤销：放弃全部冻结金额", "Gives up the whole"}},
		{Kind: refund, Title: phrase{"退款", "Refund"}, Hint: phrase{"可全额，也可分次", "The whole or in parts"}},
		{Kind: void, Title: phrase{"撤销付款", "Reverse"}, Hint: phrase{"全额，限当日", "The whole, on the same day"}},
		{Kind: cancelCompletion, Title: phrase{"撤销扣款", "Undo the taking"}, Hint: phrase{"预授权完成撤销：全额，限当日", "The whole, on the same day"}},
		{Kind: closing, Title: phrase{"关闭这笔付款", "Close this payment"}, Hint: phrase{"尚未付款；关闭后无法再付", "Nobody has paid it; then nobody can"}},
	} {
		if most, ok := possible[a.Kind]; ok {
			a.Most, a.Partial, a.ID = most, a.Kind.partial(), "do-"+p.Number+"-"+string(a.Kind)
			all = append(all, a)
		}
	}
	return all
}

// problems are what a person at a page is told, by the name that a redirect carries.
func problem(name, most string) phrase {
	n, _ := strconv.ParseInt(most, 10, 64)
	return map[string]phrase{
		"amount":      {"金额请以元填写，例如 12.50，最多 " + yuan(mostOfAll) + "。", "The amount must be in yuan, such as 12.50, and at most " + yuan(mostOfAll) + "."},
		"way":         {"请选择付款方式。", "Choose a way to pay."},
		"description": {"商品名称最多 32 个字，不能有控制字符。", "The description has at most 32 characters, and no control characters."},
		"impossible":  {"现在不能这样做，本页已是最新状态。", "That is not possible now. This page is up to date."},
		"stale":       {"这一步已经提交过了，本页已是最新状态。", "That was asked for already. This page is up to date."},
		"most":        {"最多 " + yuan(n) + "。", "At most " + yuan(n) + " is possible."},
		"paid":        {"订单已付款或已取消，不能再付。", "The order is paid or cancelled, and cannot be paid again."},
	}[name]
}

// yuan is an amount as people read it, with separators.
func yuan(fen int64) string {
	whole := strconv.FormatInt(fen/100, 10)
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	return fmt.Sprintf("¥%s.%02d", whole, fen%100)
}

const mostOfAll = 100_000_000 // fen: what ChinaUMS takes at most

// fen reads an amount in yuan.
func fen(text string) (int64, error) { return money.Parse(text, mostOfAll) }

func clock(t time.Time) string { return t.In(cnpay.Beijing()).Format("15:04:05") }

func moment(t time.Time) string { return t.In(cnpay.Beijing()).Format("01-02 15:04") }
