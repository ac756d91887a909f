package world

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

// Day is a short one: customers of all providers, who order by the API as the merchant's own tills and web shop do, while
// the providers misbehave.
type Day struct {
	API    string // the merchant's address
	World  Client
	Orders int // about how many
	Out    io.Writer

	mu     sync.Mutex
	states map[string]int // how orders ended
	rest   sync.WaitGroup // those that nobody waits for
}

// request and order are the API's.
type request struct {
	Provider  string `json:"provider"`
	Operation string `json:"operation"`
	Amount    int64  `json:"amount"`
	Of        string `json:"of,omitempty"`
	Code      string `json:"code,omitempty"`
}

type order struct {
	Number, Provider, Operation, State, Outcome, Show string
	Amount                                            int64
}

// customer pays or holds an amount, and then wants something else, of all of it or of a part.
type customer struct {
	first, then  string
	amount, part int64
}

func customers() []customer {
	return []customer{
		{"pay", "", 1250, 0}, {"pay", "refund", 8800, 4400}, {"preauth", "complete", 50000, 50000},
		{"pay", "revoke", 300, 300}, {"preauth", "cancel", 20000, 20000},
	}
}

// faults are met one after the other. All but Refused are carried out all the same.
func faults() []cnpaytest.Fault {
	return []cnpaytest.Fault{
		cnpaytest.OK, cnpaytest.LostAnswer, cnpaytest.OK, cnpaytest.HTTP502, cnpaytest.OK, cnpaytest.Late(2 * time.Second), cnpaytest.OK,
		cnpaytest.Empty, cnpaytest.Refused, cnpaytest.Reset, cnpaytest.OK, cnpaytest.CutBody, cnpaytest.OK, cnpaytest.Hang,
	}
}

// Play plays the day and prints it, and what an earlier life of the merchant had left open.
func (d *Day) Play(ctx context.Context) error {
	var before []order
	_, _ = Call(ctx, http.MethodGet, d.API+"/orders?state=open&limit=1000", nil, &before)
	if d.Orders == 0 && len(before) == 0 {
		return nil
	}
	d.states = map[string]int{}
	d.print("%-8s  %-12s  %-8s  %-8s  %6s  %-27s  %-13s  %-9s  %s\n", "time", "order", "provider", "does", "fen", "goes wrong", "first answer", "outcome", "known after")
	for _, o := range before {
		d.rest.Go(func() {
			d.end(ctx, o.Number, o, request{Provider: o.Provider, Operation: o.Operation, Amount: o.Amount}, time.Now(), "open before", "-")
		})
	}
	prefix := strings.ToUpper(strconv.FormatInt(time.Now().Unix(), 36))
	names := []string{"unionpay", "chinaums", "upay", "yuansfer", "umpay"}
	var busy sync.WaitGroup
	for i, name := range names {
		busy.Go(func() { // one customer after the other at each provider, so that each fault meets its own
			for n, done := 0, 0; done < d.Orders/len(names) && ctx.Err() == nil; n++ {
				done += d.serve(ctx, name, fmt.Sprintf("%s%d%03d", prefix, i, n), n, 3*n+i)
			}
		})
	}
	busy.Wait()
	if d.Orders == 0 || ctx.Err() != nil {
		d.rest.Wait()
		return nil
	}
	d.print("-- the customers have gone; what nobody pays runs out in a minute\n")
	d.rest.Wait()
	var books struct{ Rows, Orders, Taken, Held, Open int64 }
	if _, err := Call(ctx, http.MethodGet, d.API+"/books", nil, &books); err != nil {
		return err
	}
	d.print("\norders: %d succeeded, %d failed, %d not sent, %d open\n", d.states["succeeded"], d.states["failed"], d.states["not_sent"], books.Open)
	d.print("books: %d orders in %d rows, %d fen taken, %d fen held\n\nserving until Ctrl-C\n", books.Orders, books.Rows, books.Taken, books.Held)
	return nil
}

// serve is the nth customer of a provider. It returns how many orders that were.
func (d *Day) serve(ctx context.Context, provider, number string, n, fault int) int {
	c := customers()[n%len(customers())]
	first := request{Provider: provider, Operation: c.first, Amount: c.amount, Code: d.code(ctx, provider, c.first)}
	if d.order(ctx, number+"A", first, faults()[fault%len(faults())], n%4 == 0) != "succeeded" || c.then == "" {
		return 1
	}
	then := request{Provider: provider, Operation: c.then, Amount: c.part, Of: number + "A"}
	d.order(ctx, number+"B", then, faults()[(fault+5)%len(faults())], false)
	return 2
}

// code is what the customer shows.
func (d *Day) code(ctx context.Context, provider, operation string) string {
	switch provider + " " + operation {
	case "unionpay preauth":
		k, _ := d.World.Keys(ctx)
		return k.UnionPay.Token
	case "chinaums pay", "chinaums preauth", "yuansfer pay", "umpay preauth":
		return "" // the customer scans, or puts a card into the terminal
	}
	return fmt.Sprintf("6281%014d", time.Now().UnixNano()%1e14)
}

// order orders, pays where the customer is shown a code, and waits until the outcome is known.
func (d *Day) order(ctx context.Context, number string, asked request, fault cnpaytest.Fault, twice bool) (state string) {
	p := Played{Provider: asked.Provider, Operation: asked.Operation, Order: number, Fault: fault, Receiver: d.API + "/notify/umpay/terminal"}
	_ = d.World.Tell(ctx, "misbehave", p, nil)
	began, met, o := time.Now(), string(fault), order{}
	status, err := Call(ctx, http.MethodPut, d.API+"/orders/"+number, asked, &o)
	first := fmt.Sprintf("%d %s", status, cmp.Or(o.Outcome, o.State))
	if err != nil {
		first = err.Error()
	}
	switch scans := asked.Code == "" && asked.Of == "" && asked.Provider != "umpay"; {
	case scans && o.Show != "":
		_ = d.World.Tell(ctx, "pay", p, nil)
	case scans && o.State == "open": // no code to scan: the customer goes away, and the order runs out
		_ = d.World.Tell(ctx, "leave", p, nil)
		d.rest.Go(func() { d.end(ctx, number, o, asked, began, met+", nobody pays", first) })
		return "open"
	}
	if twice {
		for range 2 {
			_ = d.World.Tell(ctx, "notify", p, nil)
		}
		met += ", notified twice"
	}
	return d.end(ctx, number, o, asked, began, met, first)
}

// end waits until an order's outcome is known, and prints it.
func (d *Day) end(ctx context.Context, number string, o order, asked request, began time.Time, met, first string) (state string) {
	for o.State == "open" && ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-time.After(100 * time.Millisecond):
			_, _ = Call(ctx, http.MethodGet, d.API+"/orders/"+number, nil, &o)
		}
	}
	if ctx.Err() == nil {
		d.print("%-8s  %-12s  %-8s  %-8s  %6d  %-27s  %-13s  %-9s  %.1f s\n", began.Format(time.TimeOnly), number, asked.Provider, asked.Operation,
			asked.Amount, met, first, o.State, time.Since(began).Seconds())
		d.mu.Lock()
		d.states[o.State]++
		d.mu.Unlock()
	}
	return o.State
}

func (d *Day) print(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, _ = fmt.Fprintf(d.Out, format, args...)
}
