package transport

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// dump hands the last attempt to the hook, as text with its card data and secrets masked.
func dump(ctx context.Context, r *exchangeState, body []byte, reply *Reply) {
	x := r.exchange
	mask := x.Mask
	if mask == nil {
		mask = func([]byte) []byte { return []byte("[not shown]") }
	}
	d := cnpay.Dump{Ticket: x.Ticket, Request: x.Method + " " + x.URL + "\n" + headers(x.Header) + "\n" + string(mask(body))}
	if reply != nil {
		d.Answer = fmt.Sprintf("%d %s\n", reply.Status, http.StatusText(reply.Status)) + headers(reply.Header) + "\n" + string(mask(reply.Body))
	}
	r.settings.Dump(context.WithoutCancel(ctx), d)
}

func headers(h http.Header) string {
	var lines []string
	for name, values := range h {
		for _, value := range values {
			lines = append(lines, name+": "+value+"\n")
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, "")
}
