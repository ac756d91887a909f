package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/cnpay-go/cnpay"
)

func report(w io.Writer, results []result, o options) error {
	if o.json {
		return reportJSON(w, results)
	}
	return reportTable(w, results)
}

func reportJSON(w io.Writer, results []result) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	for _, r := range results {
		if err := e.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

func reportTable(w io.Writer, results []result) error {
	var lines strings.Builder
	t := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "PROVIDER\tORDER\tOUTCOME\tWHAT HAPPENED")
	for _, r := range results {
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", r.Provider, r.Order, r.Outcome, happened(r))
	}
	_ = t.Flush()
	table := strings.SplitAfter(lines.String(), "\n")
	if _, err := io.WriteString(w, table[0]); err != nil {
		return err
	}
	for i, r := range results {
		line := table[i+1]
		for _, more := range []string{r.Error, next(r)} {
			if more != "" {
				line += "    " + more + "\n"
			}
		}
		if _, err := io.WriteString(w, line); err != nil {
			return err
		}
	}
	return nil
}

// happened says it in words.
func happened(r result) string {
	what := map[cnpay.Outcome]string{
		cnpay.Succeeded: "revoked",
		cnpay.Pending:   "accepted, not finished",
		cnpay.Failed:    "refused, nothing was changed",
		cnpay.NotSent:   "nothing left this machine",
		cnpay.Unknown:   "nobody can say yet whether it is revoked",
	}[r.Outcome]
	if r.Outcome == cnpay.NotSent && r.Sent > 0 {
		what = "it left this machine but never arrived"
	}
	if r.invalid {
		what = "the request is not valid and was not sent"
	}
	switch {
	case r.Settled && r.repeats:
		what += fmt.Sprintf(", as the answer to a repeat says: it was sent %d times", r.Sent)
	case r.Settled:
		what += ", as the provider said when asked"
	}
	if r.Code != "" {
		what += " (" + r.Code + ")"
	}
	return what
}

// next is what the merchant should do now, where anything is left to do.
func next(r result) string {
	switch {
	case r.invalid:
		return "next: correct the request and run again"
	case r.repeats && (r.Outcome == cnpay.Unknown || r.Outcome == cnpay.Pending):
		return "next: run the same again, which is harmless; do not count on the agreement until then"
	case r.Outcome == cnpay.Unknown:
		return "next: query this order again later; do not revoke it under a new number, do not refund it instead"
	case r.Outcome == cnpay.Pending:
		return "next: wait for the notification, or query this order again"
	case r.Outcome == cnpay.NotSent:
		return "next: check the network and the gateway's address, then run the same again"
	case r.Outcome == cnpay.Failed:
		return "next: read the code; the order is as it was before"
	}
	return ""
}
