package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

//go:embed pages
var pages embed.FS

// shop is the web server.
type shop struct {
	client     *unionpay.Client
	store      store
	base       string // of its own addresses, "http://127.0.0.1:8080"
	backURL    string // where UnionPay sends notifications
	gateway    string // where the payer's browser goes: scheme and host
	payTimeout time.Duration
	schedule   cnpay.Schedule // of queries, once something is known to have happened
	log        *slog.Logger
	sent       func(orderID string) // after a step was sent; nil but with the gateway in this process

	ctx     context.Context // ends when the shop closes
	running sync.WaitGroup
}

// later runs what takes longer than a request. A merchant with more than one process has a queue for it.
func (s *shop) later(f func(context.Context)) { s.running.Go(func() { f(s.ctx) }) }

// handler is the whole shop.
func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("POST /orders", s.order)
	mux.HandleFunc("GET /orders/{id}", s.show)
	mux.HandleFunc("GET /orders/{id}/pay", s.pay)
	mux.HandleFunc("GET /orders/{id}/version", s.version)
	mux.HandleFunc("POST /orders/{id}/step", s.step)
	mux.HandleFunc("POST /orders/{id}/ask", s.askNow)
	mux.HandleFunc("/return/{id}", s.back)
	mux.Handle("/notify", s.client.NotificationHandler(s.notified))
	mux.HandleFunc("GET /static/{file}", s.static)

	// UnionPay and its page send from elsewhere, and their messages are signed. Nobody else may.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.AddInsecureBypassPattern("/notify")
	sameOrigin.AddInsecureBypassPattern("/return/{id}")
	return s.guard(sameOrigin.Handler(mux))
}

// guard answers under the shop's own address only, which keeps other sites from posing as it by their DNS, and keeps
// everything but notifications from whoever comes through the public address of -back-url.
func (s *shop) guard(next http.Handler) http.Handler {
	own := strings.TrimPrefix(s.base, "http://")
	_, port, _ := net.SplitHostPort(own)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", s.policy("'self'"))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if r.URL.Path != "/notify" && r.Host != own && r.Host != "localhost:"+port {
			http.Error(w, "this shop is at "+s.base, http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy: nothing from elsewhere, and forms to the shop and to UnionPay.
func (s *shop) policy(script string) string {
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; script-src " + script +
		"; form-action 'self' " + s.gateway + "; base-uri 'none'; frame-ancestors 'none'"
}

func (s *shop) front(w http.ResponseWriter, r *http.Request) {
	s.frontPage(w, r, http.StatusOK, orderForm{Kind: string(purchase), Amount: "100.00", Description: "A pot of tea"})
}

func (s *shop) frontPage(w http.ResponseWriter, r *http.Request, status int, form orderForm) {
	orders, err := s.store.All(r.Context())
	if err != nil {
		s.broken(w, err)
		return
	}
	s.page(w, status, "front.html", struct {
		Form   orderForm
		Orders []*order
	}{form, orders})
}

// orderForm is what the payer has filled in.
type orderForm struct {
	Kind, Amount, Description, Note string
	Problem                         string
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	form := orderForm{
		Kind: r.PostFormValue("kind"), Amount: strings.TrimSpace(r.PostFormValue("amount")),
		Description: strings.TrimSpace(r.PostFormValue("description")), Note: strings.TrimSpace(r.PostFormValue("note")),
	}
	amount, err := fen(form.Amount)
	switch {
	case err != nil:
		form.Problem = err.Error()
	case form.Kind != string(purchase) && form.Kind != string(preauth):
		form.Problem = "Choose a purchase or a pre-authorisation."
	case utf8.RuneCountInString(form.Description) > 32:
		form.Problem = "The description has more than 32 characters."
	case utf8.RuneCountInString(form.Note) > 200:
		form.Problem = "The note has more than 200 characters."
	}
	if form.Problem != "" {
		s.frontPage(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	now := time.Now()
	o := &order{
		Payment: transaction{
			Kind: kind(form.Kind), OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(now), Amount: amount,
		},
		Description: form.Description, Note: form.Note, PayBefore: now.Add(s.payTimeout).Truncate(time.Second),
	}
	if _, err := s.form(o); err != nil { // text that UnionPay does not take
		form.Problem = err.Error()
		s.frontPage(w, r, http.StatusUnprocessableEntity, form)
		return
	}
	o.log(false, fmt.Sprintf("Ordered: %s of %s.", o.Payment.Kind, yuan(amount)))
	if err := s.store.Create(r.Context(), o); err != nil {
		s.broken(w, err)
		return
	}
	// Whoever walks away is found out: by queries now and then, the last after the time to pay has passed.
	third := s.payTimeout / 3
	s.later(func(ctx context.Context) {
		s.ask(ctx, o.id(), o.id(), cnpay.Schedule{third, third, third + 2*time.Second, time.Minute})
	})
	http.Redirect(w, r, "/orders/"+o.id()+"/pay", http.StatusSeeOther)
}

// pay sends the browser to UnionPay, once: whoever comes back with the browser's button sees the order.
func (s *shop) pay(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Change(r.Context(), r.PathValue("id"), func(o *order) error {
		if o.Sent {
			return errNothingNew
		}
		o.Sent = true
		o.log(false, "The payer is sent to UnionPay's page.")
		return nil
	})
	if errors.Is(err, errNothingNew) {
		http.Redirect(w, r, "/orders/"+r.PathValue("id"), http.StatusSeeOther)
		return
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	form, err := s.form(o)
	if err != nil {
		s.broken(w, err)
		return
	}
	form.Nonce = rand.Text()
	w.Header().Set("Content-Security-Policy", s.policy("'nonce-"+form.Nonce+"'"))
	form.ServeHTTP(w, r)
}

// back is where UnionPay's page sends the browser. What the browser carries is a notification too, a reduced one; it is
// a reason to ask UnionPay, and no more.
func (s *shop) back(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	if _, err := s.store.Get(r.Context(), id); err != nil {
		s.broken(w, err)
		return
	}
	if r.Method == http.MethodPost {
		n, err := s.client.ParseNotification(r)
		switch {
		case err != nil:
			s.log.Warn("the browser came back with something else than a genuine notification", "order", id, "err", err)
		case n.Common().OrderID == id:
			s.later(func(ctx context.Context) { s.ask(ctx, id, id, s.schedule) })
		}
	}
	http.Redirect(w, r, "/orders/"+id, http.StatusSeeOther)
}

func (s *shop) show(w http.ResponseWriter, r *http.Request) { s.orderPage(w, r, http.StatusOK, "") }

func (s *shop) orderPage(w http.ResponseWriter, r *http.Request, status int, problem string) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, err)
		return
	}
	s.page(w, status, "order.html", newView(o, problem))
}

// version says to the order page's script whether there is something new.
func (s *shop) version(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprint(w, o.Version)
}

// step voids, refunds, completes or cancels: it stores what it is about to do, sends it once, and stores what came of it.
func (s *shop) step(w http.ResponseWriter, r *http.Request) {
	k := kind(r.PostFormValue("kind"))
	now := time.Now()
	t := transaction{Kind: k, OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(now)}
	o, err := s.store.Change(r.Context(), r.PathValue("id"), func(o *order) error {
		most, ok := o.possible()[k]
		if !ok {
			return refusal("That is not possible now. The page below is up to date.")
		}
		t.Amount, t.Original = most, o.Payment.QueryID
		if taking := o.taking(); taking != nil {
			t.Original = taking.QueryID
		}
		if k.partial() {
			amount, err := fen(strings.TrimSpace(r.PostFormValue("amount")))
			if err != nil {
				return refusal(err.Error())
			}
			if amount > most {
				return refusal("At most " + yuan(most) + " is possible.")
			}
			t.Amount = amount
		}
		o.Steps = append(o.Steps, t)
		o.log(false, fmt.Sprintf("Asked for: %s of %s.", k, yuan(t.Amount)))
		return nil
	})
	var refused refusal
	if errors.As(err, &refused) {
		s.orderPage(w, r, http.StatusConflict, refused.Error())
		return
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	// The shop's context, not the request's: a payer who closes the browser does not stop a refund half way.
	s.later(func(ctx context.Context) { s.carryOut(ctx, o.id(), t) })
	http.Redirect(w, r, "/orders/"+o.id(), http.StatusSeeOther)
}

func (s *shop) carryOut(ctx context.Context, id string, t transaction) {
	res, err := s.operation(&t).send(ctx)
	v := cnpay.Verdict{Outcome: cnpay.OutcomeOf(res, err)}
	var e *cnpay.Error
	if errors.As(err, &e) {
		v.Code, v.Message = e.Code, e.Message
	}
	if v.Outcome == cnpay.Unknown && v.Code == "" {
		v.Code = "no answer"
	}
	s.learn(id, t.OrderID, v, "")
	if s.sent != nil {
		s.sent(t.OrderID)
	}
	if !v.Outcome.Final() {
		s.ask(ctx, id, t.OrderID, s.schedule)
	}
}

// askNow asks about everything that is open, when a person wants to know.
func (s *shop) askNow(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, err)
		return
	}
	t := &o.Payment
	if open := o.open(); open != nil {
		t = open
	}
	s.ask(r.Context(), o.id(), t.OrderID, cnpay.Schedule{0})
	http.Redirect(w, r, "/orders/"+o.id(), http.StatusSeeOther)
}

func (s *shop) static(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	switch name := r.PathValue("file"); name {
	case "shop.css", "shop.js":
		http.ServeFileFS(w, r, pages, "pages/"+name)
	default:
		http.NotFound(w, r)
	}
}

func (s *shop) page(w http.ResponseWriter, status int, name string, data any) {
	t, err := template.New("").Funcs(template.FuncMap{"yuan": yuan, "decimal": decimal, "clock": clock, "status": statusOf}).
		ParseFS(pages, "pages/layout.html", "pages/"+name)
	var b strings.Builder
	if err == nil {
		err = t.ExecuteTemplate(&b, "layout.html", data)
	}
	if err != nil {
		s.broken(w, err)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String()))
}

func (s *shop) broken(w http.ResponseWriter, err error) {
	if errors.Is(err, errNoOrder) {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	s.log.Error("request failed", "err", err)
	http.Error(w, "something is wrong here; it is logged", http.StatusInternalServerError)
}

// refusal is what the page shows to the person.
type refusal string

func (r refusal) Error() string { return string(r) }

// fen reads an amount in yuan, without ever touching a floating-point number.
func fen(text string) (int64, error) {
	whole, part, dotted := strings.Cut(text, ".")
	if len(part) == 1 {
		part += "0"
	}
	if !dotted {
		part = "00"
	}
	amount, err := strconv.ParseUint(whole+part, 10, 63)
	switch {
	case err != nil || whole == "" || len(part) != 2:
		return 0, refusal("The amount must be in yuan, such as 12.50.")
	case amount == 0 || len(whole) > 8:
		return 0, refusal("The amount must be between 0.01 and 99999999.99 yuan.")
	}
	return int64(amount), nil
}

func decimal(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func yuan(fen int64) string { return "¥" + decimal(fen) }

func clock(t time.Time) string { return t.In(cnpay.Beijing()).Format("15:04:05") }

// origin is the scheme and host of an address.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
