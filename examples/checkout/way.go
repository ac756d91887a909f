package main

import (
	"context"
	"crypto/rand"
	"math/big"
	"net/http"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
)

// provider is one of those that the shop takes payments through.
type provider struct {
	name    string
	client  cnpay.Settler
	notify  http.Handler
	origin  string // where the payer's browser posts forms to: scheme and host; "" for none
	ways    []*way
	amount  func(cnpay.Notification) int64            // that it is about, fen; 0 where it does not say
	number  func(cnpay.Notification) string           // the order's, where its ticket does not name the transaction
	refused func(*cnpay.Settlement) bool              // the payer's try has failed, and there may be others
	no      func(cnpay.Result) string                 // the provider's own number in an answer
	tell    func(context.Context, *transaction) error // sends the notification of a step; of a gateway in this process
}

// way is one way to pay.
type way struct {
	ID       string
	Name     phrase
	Hint     phrase
	kind     kind
	provider *provider
	newNo    func(now time.Time) string

	// start makes the payment at the provider, or what takes the payer there. Options are for calls.
	start func(ctx context.Context, o *order, p *payment, opts ...cnpay.Option) (offer, error)
	// steps are what can be done later: how each is sent. It is made from what is stored, and so is the same each time.
	steps map[kind]func(p *payment, t *transaction) sending
}

// offer is what the payer gets.
type offer struct {
	result cnpay.Result // nil where nothing was sent
	form   *cnpay.Form
	code   string // to be scanned
	no     string // the provider's own number
}

// sending sends a request, once.
type sending func(context.Context, ...cnpay.Option) (cnpay.Result, error)

func sendingOf[Req any, Res cnpay.Result](call func(context.Context, Req, ...cnpay.Option) (Res, error), req Req) sending {
	return func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) { return call(ctx, req, opts...) }
}

// can keeps of the possible steps those that the provider has.
func (w *way) can(p *payment) map[kind]int64 {
	can := p.possible()
	for k := range can {
		if w.steps[k] == nil {
			delete(can, k)
		}
	}
	return can
}

// subject is what the payer sees at the provider.
func (o *order) subject() string {
	if o.Description == "" {
		return "茶馆订单"
	}
	return o.Description
}

// digits are n random decimal digits.
func digits(n int) string {
	var b strings.Builder
	for range n {
		d, _ := rand.Int(rand.Reader, big.NewInt(10)) // never fails
		b.WriteString(d.String())
	}
	return b.String()
}

// number is a new number of 20 digits that begins with the day.
func number(now time.Time) string { return now.In(cnpay.Beijing()).Format("20060102") + digits(12) }
