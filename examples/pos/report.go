package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/money"
)

// phrase is what a person reads of a kind of receipt.
type phrase struct {
	name, title string
	done        string // when it has succeeded; %d is the receipt that it acts upon
}

func phrases() map[kind]phrase {
	return map[kind]phrase{
		sale:       {"sale", "SALE 消费", "paid"},
		refund:     {"refund", "REFUND 退货", "given back of receipt %d"},
		void:       {"void", "VOID 消费撤销", "sale %d is void, all is given back"},
		hold:       {"hold", "PRE-AUTHORISATION 预授权", "held on the card, not taken"},
		completion: {"completion", "COMPLETION 预授权完成", "taken of hold %d"},
		release:    {"release", "CANCELLATION 预授权撤销", "hold %d is released"},
		undo:       {"reversal", "COMPLETION CANCELLED 预授权完成撤销", "completion %d is undone, its money is held again"},
	}
}

// ended is an outcome as the end of a sentence.
func ended(r *receipt) string {
	return map[cnpay.Outcome]string{
		cnpay.Failed: "failed", cnpay.NotSent: "not arrived at the terminal", cnpay.Succeeded: "succeeded",
	}[r.Outcome]
}

// reporter writes what happened, at once.
type reporter struct {
	w      io.Writer
	headed bool
	seen   []result
}

const columns = "%3v  %-8s  %-10s  %10s  %-9s  %-7s  %s\n"

func (p *reporter) print(text string) error {
	if text == "" {
		return nil
	}
	_, err := io.WriteString(p.w, text)
	return err
}

func (p *reporter) row(t *till, end result) error {
	p.seen = append(p.seen, end)
	return p.print(p.head() + line(t, end))
}

// head is the table's, the first time.
func (p *reporter) head() string {
	if p.headed {
		return ""
	}
	p.headed = true
	return fmt.Sprintf(columns, "NO", "TIME", "OPERATION", "YUAN", "OUTCOME", "VOUCHER", "WHAT HAPPENED")
}

func line(t *till, end result) string {
	var b strings.Builder
	no := any(end.No)
	if end.unstored {
		no = "-"
	}
	at := end.At.In(cnpay.Beijing()).Format("15:04:05")
	fmt.Fprintf(&b, columns, no, at, phrases()[end.Kind].name, money.Decimal(end.Amount), end.Outcome, end.number("uPayTrace"), happened(end))
	for _, more := range []string{cause(end), end.warning, next(t, end)} {
		if more != "" {
			b.WriteString("       " + more + "\n")
		}
	}
	return b.String()
}

// happened says it in words.
func happened(end result) string {
	what := map[cnpay.Outcome]string{
		cnpay.Pending: "the terminal is still at it",
		cnpay.Failed:  "refused, nothing was changed",
		cnpay.NotSent: "nothing was sent",
		cnpay.Unknown: "nobody can say yet whether it was done",
	}[end.Outcome]
	switch {
	case end.invalid:
		return "the request is not valid and was not sent"
	case end.Outcome == cnpay.NotSent && end.settled:
		what = "it never arrived at the terminal"
	case end.Outcome == cnpay.Succeeded:
		if what = phrases()[end.Kind].done; end.Of != 0 {
			what = fmt.Sprintf(what, end.Of)
		}
	}
	if end.settled {
		what += ", as the terminal said when asked"
	}
	if end.Code != "" && end.Outcome != cnpay.Succeeded {
		what += " (" + end.Code + ")"
	}
	return what
}

func cause(end result) string {
	if end.err == nil || end.Outcome == cnpay.Failed && !end.invalid {
		return "" // the code says it
	}
	return oneLine(end.err)
}

// next is what to do now, where anything is left to do.
func next(t *till, end result) string {
	no := end.No
	switch {
	case end.invalid:
		return "next: do it at the terminal itself"
	case end.unstored:
		return "next: see to that, then type the same again"
	case end.Outcome == cnpay.NotSent:
		return fmt.Sprintf("next: check the terminal and its network, then: again %d", no)
	case end.Outcome == cnpay.Unknown && end.SendAgain:
		return fmt.Sprintf("next: settle %d; or again %d, which the terminal carries out once at most. Nothing new for this money", no, no)
	case end.Outcome == cnpay.Unknown:
		return fmt.Sprintf("next: settle %d later. If it stays open, look at the terminal's own list of orders. Nothing new for this money", no)
	case end.Outcome == cnpay.Pending:
		return fmt.Sprintf("next: settle %d", no)
	case end.Outcome == cnpay.Failed:
		return "next: read the code; a new try is a new operation"
	}
	left := t.left(end.receipt)
	switch {
	case end.Kind == hold && t.standing(no) == nil && len(t.of(no, release)) == 0:
		return fmt.Sprintf("next: complete %d %s, or cancel %d", no, money.Decimal(end.Amount), no)
	case (end.Kind == sale || end.Kind == completion) && left == end.Amount:
		return fmt.Sprintf("next: give the slip (print %d); to take it back: cancel %d, or refund %d AMOUNT", no, no, no)
	case end.Kind == undo: // then its hold stands again
		return next(t, result{receipt: t.root(end.receipt)})
	}
	return ""
}

// slip is what is printed for the customer: the same today and after a restart.
func slip(t *till, r *receipt) string {
	var b strings.Builder
	rule := strings.Repeat("-", 44) + "\n"
	b.WriteString(rule + phrases()[r.Kind].title + "\n")
	for _, row := range [][2]string{
		{"receipt", fmt.Sprint(r.No)},
		{"of receipt", map[bool]string{true: fmt.Sprint(r.Of)}[r.Of != 0]},
		{"amount", money.Decimal(r.Amount) + " yuan"},
		{"outcome", r.Outcome.String()},
		{"", happened(result{receipt: r})},
		{"time", r.At.In(cnpay.Beijing()).Format("2006-01-02 15:04:05")},
		{"terminal", t.terminal},
		{"order", r.OrderID},
		{"voucher", r.number("uPayTrace")},
		{"reference", r.number("paySeq")},
		{"auth code", r.number("authCode")},
		{"command", r.ID},
	} {
		if row[1] != "" {
			fmt.Fprintf(&b, "%-11s %s\n", row[0], row[1])
		}
	}
	b.WriteString(rule)
	return b.String()
}
