package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// reporter writes each result at once: in the test environment a step can take a minute.
type reporter struct {
	w    io.Writer
	json bool
	all  []result
}

// The widths are those of the longest operation and of the order numbers.
const columns = "%-17s  %-32s  %-9s  %-4s  %s\n"

func (r *reporter) line(res result) error {
	r.all = append(r.all, res)
	if r.json {
		e := json.NewEncoder(r.w)
		e.SetEscapeHTML(false)
		return e.Encode(res)
	}
	var b strings.Builder
	if len(r.all) == 1 {
		fmt.Fprintf(&b, columns, "OPERATION", "ORDER", "OUTCOME", "CODE", "WHAT HAPPENED")
	}
	fmt.Fprintf(&b, columns, res.Operation, res.Order, res.Outcome, res.Code, happened(res))
	for _, more := range []string{res.Error, next(res)} {
		if more != "" {
			b.WriteString("    " + more + "\n")
		}
	}
	_, err := io.WriteString(r.w, b.String())
	return err
}

// happened says it in words.
func happened(r result) string {
	what := map[cnpay.Outcome]string{
		cnpay.Succeeded: r.done,
		cnpay.Pending:   "accepted, not finished",
		cnpay.Failed:    "refused, nothing was changed",
		cnpay.NotSent:   "nothing left this machine",
		cnpay.Unknown:   "nobody can say yet whether it was done",
	}[r.Outcome]
	switch {
	case r.Skipped:
		return "not begun"
	case r.invalid:
		return "the request is not valid and was not sent"
	case r.Outcome == cnpay.NotSent && r.Sent > 0:
		what = "it left this machine but never arrived"
	}
	if r.QueryID != "" {
		what += ", queryId " + r.QueryID
	}
	return what
}

// next is what the merchant should do now, where anything is left to do.
func next(r result) string {
	switch {
	case r.Skipped:
		return "" // the line above says what stands in its way
	case r.invalid:
		return "next: correct the flags and run again"
	case r.asks && r.Outcome != cnpay.Succeeded:
		return "next: read the code, or run again; no money was moved"
	case r.Outcome == cnpay.Unknown:
		return "next: query this order again later; do not repeat it under a new number"
	case r.Outcome == cnpay.Pending:
		return "next: wait for the notification, or query this order again"
	case r.Outcome == cnpay.NotSent:
		return "next: check the network and the gateway's address, then run again"
	case r.Outcome != cnpay.Failed:
		return ""
	}
	switch r.Operation {
	case "complete":
		return "next: read the code; the money is still held, to be completed or cancelled, or freed by the bank in time"
	case "cancel":
		return "next: read the code; the money is still held"
	case "cancel completion":
		return "next: read the code; on a later clearing day refund instead"
	}
	return "next: read the code; everything is as it was before"
}
