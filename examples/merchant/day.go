package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

// day is a short one: customers of all providers, who order by the API as the merchant's own tills and web shop do, while
// the providers misbehave.
type day struct {
	base   string
	world  worldClient
	orders int
	out    io.Writer

	mu     *sync.Mutex
	states map[string]int  // how orders ended
	rest   *sync.WaitGroup // those that nobody waits for
}

// customer is what one customer does: to pay or to hold, and what follows.
type customer struct {
	first, then string
	amount      int64
}

func kinds() []customer {
	return []customer{{"pay", "", 1250}, {"pay", "refund", 8800}, {"preauth", "complete", 50000}, {"pay", "revoke", 300}, {"preauth", "cancel", 20000}}
}

// faults are met one after the other. All but Refused are carried out all the same.
func faults() []cnpaytest.Fault {
	return []cnpaytest.Fault{
		cnpaytest.OK, cnpaytest.LostAnswer, cnpaytest.OK, cnpaytest.HTTP502, cnpaytest.OK, cnpaytest.Late(2 * time.Second), cnpaytest.OK,
		cnpaytest.Empty, cnpaytest.Refused, cnpaytest.Reset, cnpaytest.OK, cnpaytest.CutBody, cnpaytest.OK, cnpaytest.Hang,
	}
}

// play plays the day and prints it.
func (d day) play(ctx context.Context) error {
	d.mu, d.states, d.rest = new(sync.Mutex), map[string]int{}, new(sync.WaitGroup)
	d.print("%-8s  %-12s  %-8s  %-8s  %6s  %-26s  %-13s  %-9s  %s\n", "time", "order", "provider", "does", "fen", "goes wrong", "first answer", "outcome", "known after")
	d.rest.Go(func() { d.before(ctx) })
	prefix := strings.ToUpper(strconv.FormatInt(time.Now().Unix(), 36))
	names := []string{"unionpay", "chinaums", "upay", "yuansfer", "umpay"}
	var customers sync.WaitGroup
	for i, name := range names {
		customers.Go(func() { // one customer after the other at each provider, so that each fault meets its own
			for n, done := 0, 0; done < d.orders/len(names) && ctx.Err() == nil; n++ {
				done += d.serve(ctx, name, prefix, i, n)
			}
		})
	}
	customers.Wait()
	if d.orders > 0 && ctx.Err() == nil {
		d.print("-- the customers have gone; what nobody pays runs out in a minute\n")
	}
	d.rest.Wait()
	if ctx.Err() != nil || d.orders == 0 {
		return nil
	}
	return d.report(ctx)
}

// serve is one customer. It returns how many orders that were.
func (d day) serve(ctx context.Context, name, prefix string, i, n int) int {
	c := kinds()[n%len(kinds())]
	first := request{Provider: name, Operation: c.first, Amount: c.amount, Code: d.code(ctx, name, c.first)}
	number := fmt.Sprintf("%s%d%03dA", prefix, i, n)
	if o := d.order(ctx, number, first, faults()[(3*n+i)%len(faults())], n%4 == 0); o.State != "succeeded" || c.then == "" {
		return 1
	}
	then := request{Provider: name, Operation: c.then, Amount: c.amount, Of: number}
	if c.then == "refund" {
		then.Amount = c.amount / 2
	}
	d.order(ctx, number[:len(number)-1]+"B", then, faults()[(3*n+i+5)%len(faults())], false)
	return 2
}

// code is what the customer shows.
func (d day) code(ctx context.Context, provider, operation string) string {
	switch {
	case provider == "unionpay" && operation == "preauth":
		k, _ := d.world.keysOf(ctx)
		return k.UnionPay.Token
	case provider == "chinaums" || provider == "yuansfer" && operation == "pay" || provider == "umpay" && operation == "preauth":
		return "" // the customer scans, or puts a card into the terminal
	}
	return "6281" + fmt.Sprintf("%014d", time.Now().UnixNano()%1e14)
}

// order orders, pays where the customer is shown a code, and waits until the outcome is known.
func (d day) order(ctx context.Context, number string, asked request, fault cnpaytest.Fault, twice bool) *order {
	p := played{Provider: asked.Provider, Operation: asked.Operation, Order: number, Fault: fault, Receiver: d.base + terminalPath}
	_, _ = callJSON(ctx, http.MethodPost, "http://"+d.world.addr+"/misbehave", p, nil)
	began, o := time.Now(), &order{}
	status, err := callJSON(ctx, http.MethodPut, d.base+"/orders/"+number, asked, o)
	first := fmt.Sprintf("%d %s", status, cmp.Or(o.Outcome, o.State))
	if err != nil {
		first = err.Error()
	}
	met := string(fault)
	switch scans := asked.Code == "" && asked.Of == "" && asked.Provider != "umpay"; {
	case scans && o.Show != "":
		_, _ = callJSON(ctx, http.MethodPost, "http://"+d.world.addr+"/pay", p, nil)
	case scans && o.State == stateOpen: // no code to scan: the customer goes away, and the order runs out
		d.rest.Go(func() {
			_, _ = callJSON(ctx, http.MethodPost, "http://"+d.world.addr+"/leave", p, nil)
			d.row(ctx, began, d.until(ctx, number, o), asked, met+", nobody pays", first)
		})
		return &order{}
	}
	if twice {
		for range 2 {
			_, _ = callJSON(ctx, http.MethodPost, "http://"+d.world.addr+"/notify", p, nil)
		}
		met += ", notified twice"
	}
	o = d.until(ctx, number, o)
	d.row(ctx, began, o, asked, met, first)
	return o
}

// until waits until an order's outcome is known.
func (d day) until(ctx context.Context, number string, o *order) *order {
	for o.State == stateOpen && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
			_, _ = callJSON(ctx, http.MethodGet, d.base+"/orders/"+number, nil, o)
		}
	}
	return o
}

// before waits for what an earlier life of the merchant left open.
func (d day) before(ctx context.Context) {
	var open []*order
	_, _ = callJSON(ctx, http.MethodGet, d.base+"/orders?state=open&limit=1000", nil, &open)
	for _, o := range open {
		began := time.Now()
		d.rest.Go(func() {
			d.row(ctx, began, d.until(ctx, o.Number, o), request{Provider: o.Provider, Operation: o.Operation, Amount: o.Amount}, "open before", "-")
		})
	}
}

func (d day) row(ctx context.Context, began time.Time, o *order, asked request, fault, first string) {
	if ctx.Err() != nil {
		return
	}
	d.mu.Lock()
	d.states[o.State]++
	d.mu.Unlock()
	d.print("%-8s  %-12s  %-8s  %-8s  %6d  %-26s  %-13s  %-9s  %.1f s\n", began.Format(time.TimeOnly), o.Number, asked.Provider, asked.Operation,
		asked.Amount, fault, first, o.State, time.Since(began).Seconds())
}

func (d day) print(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprintf(d.out, format, args...)
}

// report is the sum of the day.
func (d day) report(ctx context.Context) error {
	var b books
	if _, err := callJSON(ctx, http.MethodGet, d.base+"/books", nil, &b); err != nil {
		return err
	}
	d.print("\norders: %d succeeded, %d failed, %d not sent, %d open\n", d.states["succeeded"], d.states["failed"], d.states["not_sent"], b.Open)
	d.print("books: %d orders in %d rows, %d fen taken, %d fen held\n\nserving until Ctrl-C\n", b.Orders, b.Rows, b.Taken, b.Held)
	return nil
}
