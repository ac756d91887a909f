package main

import (
	"context"
	"crypto/rand"
	"embed"
	"errors"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/money"
)

//go:embed pages
var pages embed.FS

// shop is the web server.
type shop struct {
	store      store
	base       string // of its own addresses, "http://127.0.0.1:8080"
	notifyURL  string // where providers send notifications, each to its own name below it
	demo       bool   // the providers are played by gateways in this process
	payTimeout time.Duration
	schedule   cnpay.Schedule // of queries about a step that is open
	log        *slog.Logger
	providers  map[string]*provider
	offered    []*way // in the order of the page
	ways       map[string]*way

	ctx     context.Context // ends when the shop closes
	running sync.WaitGroup
	mu      sync.Mutex
	asked   map[string]time.Time // when an order was last asked about by itself
}

// offer adds a provider's ways to pay.
func (s *shop) offer(p *provider) {
	if s.providers == nil {
		s.providers, s.ways, s.asked = map[string]*provider{}, map[string]*way{}, map[string]time.Time{}
	}
	s.providers[p.name] = p
	s.offered = append(s.offered, p.ways...)
	for _, w := range p.ways {
		s.ways[w.ID] = w
	}
}

// later runs what takes longer than a request. A merchant with more than one process has a queue for it.
func (s *shop) later(f func(context.Context)) { s.running.Go(func() { f(s.ctx) }) }

// handler is the whole shop: the payer's pages, and below /clerk the clerk's.
func (s *shop) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", s.front)
	mux.HandleFunc("POST /orders", s.order)
	mux.HandleFunc("GET /orders/{id}", s.show)
	mux.HandleFunc("POST /orders/{id}/pay", s.payAgain)
	mux.HandleFunc("GET /orders/{id}/go/{number}", s.leave)
	mux.HandleFunc("POST /orders/{id}/ask", s.askForPayer)
	mux.HandleFunc("GET /orders/{id}/version", s.version)
	mux.HandleFunc("/return/{id}", s.back)
	mux.HandleFunc("GET /clerk", s.list)
	mux.HandleFunc("GET /clerk/version", s.listVersion)
	mux.HandleFunc("GET /clerk/orders/{id}", s.showClerk)
	mux.HandleFunc("POST /clerk/orders/{id}/step", s.step)
	mux.HandleFunc("POST /clerk/orders/{id}/cancel", s.cancel)
	mux.HandleFunc("POST /clerk/orders/{id}/ask", s.askForClerk)
	mux.HandleFunc("GET /static/{file}", s.static)
	mux.HandleFunc("/", s.missing)
	for name, p := range s.providers {
		mux.Handle("/notify/"+name, p.notify)
	}

	// Providers and their pages send from elsewhere, and their messages are signed. Nobody else may.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.AddInsecureBypassPattern("/notify/{name...}")
	sameOrigin.AddInsecureBypassPattern("/return/{id}")
	return s.guard(sameOrigin.Handler(s.language(mux)))
}

// guard answers under the shop's own address only, which keeps other sites from posing as it by their DNS, and keeps
// everything but notifications from whoever comes through the public address of -notify-url.
func (s *shop) guard(next http.Handler) http.Handler {
	own := strings.TrimPrefix(s.base, "http://")
	_, port, _ := net.SplitHostPort(own)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", s.policy("'self'"))
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		if !strings.HasPrefix(r.URL.Path, "/notify/") && r.Host != own && r.Host != "localhost:"+port {
			http.Error(w, "this shop is at "+s.base, http.StatusMisdirectedRequest)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		next.ServeHTTP(w, r)
	})
}

// policy is the Content-Security-Policy: nothing from elsewhere, and forms to the shop and to the providers whose page is
// reached by a form.
func (s *shop) policy(script string) string {
	forms := "'self'"
	for _, p := range s.providers {
		if p.origin != "" {
			forms += " " + p.origin
		}
	}
	return "default-src 'none'; style-src 'self'; img-src 'self' data:; connect-src 'self'; script-src " + script +
		"; form-action " + forms + "; base-uri 'none'; frame-ancestors 'none'"
}

// language keeps the language that ?lang= asks for, and goes on to the page itself.
func (s *shop) language(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if lang := q.Get("lang"); r.Method == http.MethodGet && (lang == "zh" || lang == "en") {
			http.SetCookie(w, &http.Cookie{Name: "lang", Value: lang, Path: "/", MaxAge: 365 * 24 * 3600, HttpOnly: true, SameSite: http.SameSiteLaxMode})
			q.Del("lang")
			http.Redirect(w, r, (&url.URL{Path: r.URL.Path, RawQuery: q.Encode()}).String(), http.StatusSeeOther)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// page is what every page has.
type page struct {
	English bool
	Clerk   bool
	Demo    bool
	Other   string // this page in the other language
	Problem phrase
}

func (s *shop) newPage(r *http.Request, clerk bool) page {
	p := page{Clerk: clerk, Demo: s.demo, Problem: problem(r.FormValue("problem"), r.FormValue("most"))}
	if c, err := r.Cookie("lang"); err == nil {
		p.English = c.Value == "en"
	}
	other := r.URL.Query()
	other.Set("lang", map[bool]string{false: "en", true: "zh"}[p.English])
	p.Other = r.URL.Path + "?" + other.Encode()
	return p
}

// T is a text in the page's language.
func (p page) T(zh, en string) string {
	if p.English {
		return en
	}
	return zh
}

// Say is a phrase in it.
func (p page) Say(text phrase) string { return p.T(text.Zh, text.En) }

// row is an order in a list.
type row struct {
	*order
	Status status
	Way    phrase
}

func (s *shop) rows(orders []*order) []row {
	rows := make([]row, 0, len(orders))
	for _, o := range orders {
		rows = append(rows, row{o, s.statusOf(o), s.way(o.latest()).Name})
	}
	return rows
}

const cookieOrders = "orders"

// own are the orders that this browser has made, the newest first: whoever comes back from a cashier finds them.
func (s *shop) own(r *http.Request) (orders []*order) {
	c, err := r.Cookie(cookieOrders)
	if err != nil {
		return nil
	}
	for _, id := range slices.Backward(strings.Split(c.Value, ".")) {
		if o, err := s.store.Get(r.Context(), id); err == nil && len(orders) < 5 {
			orders = append(orders, o)
		}
	}
	return orders
}

func (s *shop) front(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	amount, description := "100.00", map[bool]string{false: "一壶龙井", true: "A pot of tea"}[s.newPage(r, false).English]
	if q.Has("problem") {
		amount, description = q.Get("amount"), q.Get("description")
	}
	s.page(w, r, http.StatusOK, "front.html", struct {
		page
		Token, Amount, Description, Chosen string
		Ways                               []*way
		Own                                []row
	}{s.newPage(r, false), rand.Text(), amount, description, q.Get("way"), s.offered, s.rows(s.own(r))})
}

func (s *shop) order(w http.ResponseWriter, r *http.Request) {
	text, description := strings.TrimSpace(r.PostFormValue("amount")), strings.TrimSpace(r.PostFormValue("description"))
	chosen := s.ways[r.PostFormValue("way")]
	amount, err := fen(text)
	wrong := ""
	switch {
	case chosen == nil:
		wrong = "way"
	case err != nil:
		wrong = "amount"
	case utf8.RuneCountInString(description) > 32 || strings.ContainsFunc(description, unicode.IsControl) || !utf8.ValidString(description):
		wrong = "description"
	}
	if wrong != "" {
		q := url.Values{"problem": {wrong}, "amount": {text}, "description": {description}, "way": {r.PostFormValue("way")}}
		http.Redirect(w, r, "/?"+q.Encode(), http.StatusSeeOther)
		return
	}
	now := time.Now()
	o := &order{ID: number(now), Token: r.PostFormValue("token"), At: now, Amount: amount, Description: description}
	o.log(event{Text: phrase{"已下单：" + yuan(amount), "Ordered: " + yuan(amount)}})
	s.newPayment(o, chosen, now)
	o, err = s.store.Create(r.Context(), o)
	if errors.Is(err, errNothingNew) { // the same page, sent twice
		http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	orders := o.ID
	if c, err := r.Cookie(cookieOrders); err == nil && len(c.Value) < 200 {
		orders = c.Value + "." + o.ID
	}
	http.SetCookie(w, &http.Cookie{Name: cookieOrders, Value: orders, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	s.goOn(w, r, o)
}

// newPayment adds a payment to an order, under a number of its own.
func (s *shop) newPayment(o *order, chosen *way, now time.Time) {
	o.Payments = append(o.Payments, payment{
		transaction: transaction{Kind: chosen.kind, Number: chosen.newNo(now), At: now, Amount: o.Amount},
		Way:         chosen.ID, Before: now.Add(s.payTimeout).Truncate(time.Second),
	})
	o.log(event{Text: phrase{"付款方式：" + chosen.Name.Zh, "To be paid with " + chosen.Name.En}})
}

// goOn begins the payment that was stored last, and takes the payer to it.
func (s *shop) goOn(w http.ResponseWriter, r *http.Request, o *order) {
	number := o.latest().Number
	s.begin(r.Context(), o, number)
	o, err := s.store.Get(r.Context(), o.ID)
	if err != nil {
		s.broken(w, r, err)
		return
	}
	to := "/orders/" + o.ID
	if p, _ := o.find(number); p.Form != nil {
		to += "/go/" + number
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// payAgain makes a new payment of an order. The old one is left to end; the clerk can close it where the provider lets one.
func (s *shop) payAgain(w http.ResponseWriter, r *http.Request) {
	id, chosen := r.PathValue("id"), s.ways[r.PostFormValue("way")]
	o, err := s.store.Change(r.Context(), id, func(o *order) error {
		switch {
		case chosen == nil:
			return refusal{"way", 0}
		case !o.payable():
			return refusal{"paid", 0}
		case r.PostFormValue("after") != strconv.Itoa(len(o.Payments)):
			return refusal{"stale", 0}
		}
		s.newPayment(o, chosen, time.Now())
		return nil
	})
	if err != nil {
		s.refuse(w, r, "/orders/"+id, err)
		return
	}
	s.goOn(w, r, o)
}

// leave takes the browser to the provider, once: whoever comes back with the browser's button sees the order.
func (s *shop) leave(w http.ResponseWriter, r *http.Request) {
	id, number := r.PathValue("id"), r.PathValue("number")
	o, err := s.store.Change(r.Context(), id, func(o *order) error {
		p, _ := o.find(number)
		if p == nil || p.Number != number {
			return errNoOrder
		}
		if p.Sent || p.Form == nil || !o.payable() {
			return errNothingNew
		}
		p.Sent = true
		return nil
	})
	if errors.Is(err, errNothingNew) {
		http.Redirect(w, r, "/orders/"+id, http.StatusSeeOther)
		return
	}
	if err != nil {
		s.broken(w, r, err)
		return
	}
	p, _ := o.find(number)
	form := *p.Form
	form.Nonce = rand.Text()
	w.Header().Set("Content-Security-Policy", s.policy("'nonce-"+form.Nonce+"'"))
	w.Header().Set("Content-Type", form.ContentType())
	w.Header().Set("Cache-Control", "no-store")
	_ = form.WriteHTML(w) // the only error left is the browser's connection
}

// back is where providers' pages send the browser. Whatever it brings along is a reason to ask, and no more.
func (s *shop) back(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.askSoon(o, time.Second)
	http.Redirect(w, r, "/orders/"+o.ID, http.StatusSeeOther)
}

// orderView is the payer's page of an order.
type orderView struct {
	page
	*order
	Status  status
	Open    bool
	QR      template.HTML
	Scan    string // what the code says, for a person without a second device; of a gateway in this process
	Go      string // to the provider's page, before the payer was there
	Payable bool
	Ways    []*way
	Chosen  string // id of the way that was chosen last
	After   int
	Doubt   bool // the payment before may still be on its way
}

func (s *shop) show(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	p := o.latest()
	v := orderView{page: s.newPage(r, false), order: o, Status: s.statusOf(o), Open: len(o.open()) > 0, Ways: s.offered, Chosen: p.Way, After: len(o.Payments)}
	v.Payable = o.payable()
	waits := v.Payable && !p.Outcome.Final() && time.Now().Before(p.Before)
	v.Doubt = waits && !p.Refused && (p.Sent || p.Scan != "")
	if waits && p.Scan != "" {
		if v.QR, err = drawQR(p.Scan, v.T("付款二维码", "QR code of the payment")); err != nil {
			s.log.Warn("code not drawn", "order", o.ID, "err", err)
		}
		if s.demo {
			v.Scan = p.Scan
		}
	}
	if waits && p.Form != nil && !p.Sent {
		v.Go = "/orders/" + o.ID + "/go/" + p.Number
	}
	s.page(w, r, http.StatusOK, "order.html", v)
}

// version tells an order page's script whether there is something new. While somebody looks, the shop asks for news.
func (s *shop) version(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	s.askSoon(o, 4*time.Second)
	s.text(w, strconv.Itoa(o.Version))
}

func (s *shop) text(w http.ResponseWriter, text string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte(text))
}

func (s *shop) askForPayer(w http.ResponseWriter, r *http.Request) { s.askFor(w, r, "/orders/") }
func (s *shop) askForClerk(w http.ResponseWriter, r *http.Request) { s.askFor(w, r, "/clerk/orders/") }

func (s *shop) askFor(w http.ResponseWriter, r *http.Request, page string) {
	if err := s.askNow(r.Context(), r.PathValue("id")); err != nil {
		s.broken(w, r, err)
		return
	}
	http.Redirect(w, r, page+r.PathValue("id"), http.StatusSeeOther)
}

func (s *shop) list(w http.ResponseWriter, r *http.Request) {
	orders, err := s.store.All(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.page(w, r, http.StatusOK, "list.html", struct {
		page
		Rows    []row
		Version string
	}{s.newPage(r, true), s.rows(orders), versions(orders)})
}

func (s *shop) listVersion(w http.ResponseWriter, r *http.Request) {
	orders, err := s.store.All(r.Context())
	if err != nil {
		s.broken(w, r, err)
		return
	}
	s.text(w, versions(orders))
}

func versions(orders []*order) string {
	sum := 0
	for _, o := range orders {
		sum += o.Version
	}
	return strconv.Itoa(len(orders)) + "." + strconv.Itoa(sum)
}

// clerkView is the clerk's page of an order.
type clerkView struct {
	page
	*order
	Status     status
	Open       bool
	Lines      []clerkLine
	Cancelable bool
}

// clerkLine is a payment on it.
type clerkLine struct {
	*payment
	WayName phrase
	Actions []action
	After   int
}

func (s *shop) showClerk(w http.ResponseWriter, r *http.Request) {
	o, err := s.store.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		s.broken(w, r, err)
		return
	}
	v := clerkView{page: s.newPage(r, true), order: o, Status: s.statusOf(o), Open: len(o.open()) > 0, Cancelable: o.payable()}
	for i := range o.Payments {
		p := &o.Payments[i]
		v.Lines = append(v.Lines, clerkLine{p, s.way(p).Name, s.way(p).actions(p), len(p.Steps)})
	}
	slices.Reverse(v.Lines)
	s.page(w, r, http.StatusOK, "clerk.html", v)
}

// step does something about a payment: it stores what it is about to do, sends it once, and stores how it ends.
func (s *shop) step(w http.ResponseWriter, r *http.Request) {
	id, k, now := r.PathValue("id"), kind(r.PostFormValue("kind")), time.Now()
	var next string // the number of the transaction that is sent
	_, err := s.store.Change(r.Context(), id, func(o *order) error {
		p, t := o.find(r.PostFormValue("number"))
		switch {
		case p == nil:
			return refusal{"impossible", 0}
		case k == "again": // the same request under the same number
			if !t.SendAgain {
				return refusal{"impossible", 0}
			}
			t.SendAgain, t.Sending, next = false, t.Sending+1, t.Number
			o.log(event{Clerk: true, Text: phrase{"再次发送同一请求：" + t.Kind.Phrase().Zh, "The same request once more: " + t.Kind.Phrase().En}})
			return nil
		case t != &p.transaction:
			return refusal{"impossible", 0}
		case r.PostFormValue("after") != strconv.Itoa(len(p.Steps)):
			return refusal{"stale", 0}
		}
		amount, ok := s.way(p).can(p)[k]
		if !ok {
			return refusal{"impossible", 0}
		}
		if k.partial() {
			wanted, err := fen(strings.TrimSpace(r.PostFormValue("amount")))
			switch {
			case err != nil:
				return refusal{"amount", 0}
			case wanted > amount:
				return refusal{"most", amount}
			}
			amount = wanted
		}
		next = s.addStep(o, p, k, amount, now)
		return nil
	})
	if err != nil {
		s.refuse(w, r, "/clerk/orders/"+id, err)
		return
	}
	// The shop's context, not the request's: a clerk who closes the browser does not stop a refund half way.
	s.later(func(ctx context.Context) { s.carryOut(ctx, id, next) })
	http.Redirect(w, r, "/clerk/orders/"+id, http.StatusSeeOther)
}

func (s *shop) addStep(o *order, p *payment, k kind, amount int64, now time.Time) string {
	t := transaction{Kind: k, Number: s.way(p).newNo(now), At: now, Amount: amount}
	p.Steps = append(p.Steps, t)
	name := k.Phrase().with(" " + yuan(amount))
	o.log(event{Clerk: k != refund, Text: phrase{"已提交：" + name.Zh, "Asked for: " + name.En}})
	return t.Number
}

// cancel ends an order that nobody has paid: no new payment begins, and those that are open are closed where the provider
// has an operation for it. What is paid at the last moment all the same, a person gives back.
func (s *shop) cancel(w http.ResponseWriter, r *http.Request) {
	id, now := r.PathValue("id"), time.Now()
	var numbers []string
	_, err := s.store.Change(r.Context(), id, func(o *order) error {
		if !o.payable() {
			return refusal{"impossible", 0}
		}
		o.Cancelled = true
		o.log(event{Text: phrase{"订单已取消。", "The order is cancelled."}})
		for i := range o.Payments {
			p := &o.Payments[i]
			if amount, ok := s.way(p).can(p)[closing]; ok {
				numbers = append(numbers, s.addStep(o, p, closing, amount, now))
			}
		}
		return nil
	})
	if err != nil {
		s.refuse(w, r, "/clerk/orders/"+id, err)
		return
	}
	for _, number := range numbers {
		s.later(func(ctx context.Context) { s.carryOut(ctx, id, number) })
	}
	http.Redirect(w, r, "/clerk/orders/"+id, http.StatusSeeOther)
}

// refusal is why something is not done, for the person at the page: the name of a problem, and an amount.
type refusal struct {
	name string
	most int64
}

func (r refusal) Error() string { return r.name }

// refuse says so on the page itself, to which it redirects as everything does that was posted.
func (s *shop) refuse(w http.ResponseWriter, r *http.Request, page string, err error) {
	var no refusal
	if !errors.As(err, &no) {
		s.broken(w, r, err)
		return
	}
	q := url.Values{"problem": {no.name}}
	if no.most != 0 {
		q.Set("most", strconv.FormatInt(no.most, 10))
	}
	http.Redirect(w, r, page+"?"+q.Encode(), http.StatusSeeOther)
}

func (s *shop) static(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	switch name := r.PathValue("file"); name {
	case "shop.css", "shop.js":
		http.ServeFileFS(w, r, pages, "pages/"+name)
	default:
		s.missing(w, r)
	}
}

func (s *shop) page(w http.ResponseWriter, r *http.Request, status int, name string, data any) {
	t, err := template.New("").Funcs(template.FuncMap{
		"yuan": yuan, "decimal": money.Decimal, "clock": clock, "moment": moment, "state": stateOf,
	}).ParseFS(pages, "pages/layout.html", "pages/"+name)
	var b strings.Builder
	if err == nil {
		err = t.ExecuteTemplate(&b, "layout.html", data)
	}
	if err != nil {
		s.log.Error("page failed", "path", r.URL.Path, "err", err)
		http.Error(w, "something is wrong here; it is logged", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(b.String()))
}

// missing is the page of an address that leads nowhere, with a way on.
func (s *shop) missing(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, http.StatusNotFound, "missing.html", s.newPage(r, strings.HasPrefix(r.URL.Path, "/clerk")))
}

func (s *shop) broken(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, errNoOrder) {
		s.missing(w, r)
		return
	}
	s.log.Error("request failed", "path", r.URL.Path, "err", err)
	http.Error(w, "something is wrong here; it is logged", http.StatusInternalServerError)
}
