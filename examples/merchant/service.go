package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
	"github.com/cnpay-go/cnpay/journal"
)

// service is the HTTP API.
type service struct {
	store     store
	journal   *journal.Journal
	providers map[string]*provider
	log       *slog.Logger
	wait      time.Duration // how long a request waits for its call
	password  string        // the operator's
	calls     sync.WaitGroup
}

// request is what a PUT says. A repeat says the same.
type request struct {
	Provider  string `json:"provider"`
	Operation string `json:"operation"`
	Amount    int64  `json:"amount"` // fen
	Of        string `json:"of"`     // the number of the earlier order that it is about
	Code      string `json:"code"`   // what the payer shows
}

func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("PUT /orders/{number}", s.answer(s.put))
	mux.HandleFunc("GET /orders/{number}", s.answer(s.get))
	mux.HandleFunc("GET /orders", s.answer(s.list))
	mux.HandleFunc("GET /books", s.answer(func(r *http.Request) (int, any, error) {
		b, err := s.store.books(r.Context())
		return http.StatusOK, b, err
	}))
	for _, p := range s.providers {
		for path, inbox := range p.inbox {
			mux.Handle("/notify/"+path, inbox)
		}
	}
	page := http.StripPrefix("/operator", s.journal.Handler(journal.HandlerConfig{Allow: s.operator}))
	mux.HandleFunc("/operator/", func(w http.ResponseWriter, r *http.Request) {
		if _, ok := s.operator(r); !ok {
			w.Header().Set("WWW-Authenticate", `Basic realm="operator"`)
			http.Error(w, "the merchant program printed the password when it began", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
	// Another site's page cannot order, nor operate. Providers' notifications are signed.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.AddInsecureBypassPattern("/notify/")
	return sameOrigin.Handler(mux)
}

// operator is who asks for the operator's page, to be kept with what they close by hand. A merchant has a log-in, which
// knows people by their names.
func (s *service) operator(r *http.Request) (string, bool) {
	name, password, _ := r.BasicAuth()
	return name, subtle.ConstantTimeCompare([]byte(password), []byte(s.password)) == 1
}

// put does an operation, once, however often it is asked for under the same number. 200: this is how it ended. 202: not
// known for good; ask again at Location. 503: nothing was sent, and the same request may be made again.
func (s *service) put(r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, refusal{http.StatusRequestEntityTooLarge, "the body is larger than a request can be", nil}
	}
	o, err := s.do(r.Context(), r.PathValue("number"), body)
	if err != nil {
		return 0, nil, err
	}
	status := http.StatusOK
	switch o.State {
	case journal.Open:
		status = http.StatusAccepted
	case journal.NotSent:
		status = http.StatusServiceUnavailable
	}
	return status, o, s.explain(r.Context(), o)
}

// do looks whether the order is there already, builds the provider's request, stores the order and the journal's entry
// together, and sends. What happens after that, a crash included, is the journal's to find out and to book.
func (s *service) do(ctx context.Context, number string, body []byte) (*order, error) {
	asked, err := s.read(number, body)
	if err != nil {
		return nil, err
	}
	now := step{code: asked.Code, order: &order{
		Number: number, Provider: asked.Provider, Operation: asked.Operation, Amount: asked.Amount, Of: asked.Of,
		At: time.Now().UTC().Truncate(time.Second), digest: digestOf(number, asked),
	}}
	known, err := s.store.order(ctx, number)
	if err != nil {
		return nil, err
	}
	var prepared journal.Entry
	if known != nil {
		now.At = known.At // the same request, for the provider too
		switch {
		case known.digest != now.digest:
			return nil, conflict("an order of this number has another content")
		case known.State == journal.Open:
			if prepared, err = s.journal.Entry(ctx, known.Ticket); err != nil || prepared.State != journal.Ready {
				return known, err // on its way, or being settled
			} // else nobody has sent it: we died in between, or the journal's database was down
		case known.State != journal.NotSent:
			return known, nil
		}
	}
	if now.of, err = s.earlier(ctx, asked); err != nil {
		return nil, err
	}
	ready, err := s.providers[asked.Provider].request(ctx, now)
	if err != nil {
		return nil, err
	}
	now.Ticket = ready.ticket
	if prepared.ID == 0 {
		prepared, err = s.store.prepare(ctx, s.journal, now.order, now.of)
	}
	if errors.Is(err, journal.ErrTaken) { // by the same request, a moment earlier, or under another number
		if known, err = s.store.order(ctx, number); err == nil && (known == nil || known.digest != now.digest) {
			err = conflict("the same is being done, or was done, under another number")
		}
		return known, err
	}
	if err != nil {
		return nil, err
	}
	s.send(ctx, now.order, prepared, ready)
	return s.store.order(context.WithoutCancel(ctx), number)
}

// read checks all that can be checked without the database, and names every fault.
func (s *service) read(number string, body []byte) (asked request, err error) {
	object, err := jsonfile.Parse(body)
	if err != nil {
		return asked, invalid(cnpay.Fault{Field: "body", Problem: strings.ReplaceAll(err.Error(), "the file", "it")})
	}
	faults := object.Fill(&asked)
	want := func(fine bool, field, problem string) {
		if !fine {
			faults = append(faults, cnpay.Fault{Field: field, Problem: problem})
		}
	}
	want(regexp.MustCompile(`^[0-9A-Za-z]{8,16}$`).MatchString(number), "number", "must be 8 to 16 letters and digits")
	want(asked.Amount >= 1 && asked.Amount <= 99_999_999, "amount", "must be in fen, from 1 to 99999999")
	want(s.providers[asked.Provider] != nil, "provider", "must be unionpay, chinaums, upay, yuansfer or umpay")
	switch _, there := effects()[asked.Operation]; {
	case !there:
		want(false, "operation", "must be pay, preauth, complete, cancel, refund or revoke")
	case asked.Operation == "pay" || asked.Operation == "preauth":
		want(asked.Of == "", "of", "is of operations about an earlier order")
	default:
		want(asked.Of != "", "of", "must be the number of the earlier order")
		want(asked.Code == "", "code", "is of pay and preauth")
	}
	if len(faults) > 0 {
		return asked, invalid(faults...)
	}
	return asked, nil
}

// earlier is the order that a request is about, if there is one: it must be of the same provider, and have succeeded.
func (s *service) earlier(ctx context.Context, asked request) (*order, error) {
	of, err := s.store.order(ctx, asked.Of)
	switch {
	case err != nil || asked.Of == "":
		return nil, err
	case of == nil:
		return nil, invalid(cnpay.Fault{Field: "of", Problem: "is the number of no order"})
	case of.Provider != asked.Provider:
		return nil, invalid(cnpay.Fault{Field: "provider", Problem: "must be " + of.Provider + ", that of the earlier order"})
	case of.State != journal.Succeeded:
		return nil, conflict(fmt.Sprintf("%s is %s: only what succeeded can be followed", of.Number, of.State))
	case asked.Operation != "refund" && asked.Amount != of.Amount:
		return nil, invalid(cnpay.Fault{Field: "amount", Problem: fmt.Sprintf("must be the whole, %d", of.Amount)})
	}
	return of, nil
}

// send sends, once: only who claims the prepared entry does. The call goes on where the client has gone, or does not wait
// longer; the journal books how it ends.
func (s *service) send(ctx context.Context, o *order, prepared journal.Entry, ready sending) {
	done := make(chan struct{})
	s.calls.Go(func() {
		defer close(done)
		ctx := journal.Claiming(context.WithoutCancel(ctx), prepared)
		res, err := ready.send(ctx)
		s.log.InfoContext(ctx, "call", "order", o.Number, "provider", o.Provider, "operation", o.Operation, "outcome", cnpay.OutcomeOf(res, err).String(), "error", err)
		if err == nil && ready.show != nil {
			if _, err := s.store.ExecContext(ctx, "UPDATE orders SET shown = $1 WHERE number = $2", ready.show(res), o.Number); err != nil {
				s.log.ErrorContext(ctx, "code not stored", "order", o.Number, "error", err)
			}
		}
	})
	select {
	case <-done:
	case <-ctx.Done():
	case <-time.After(s.wait):
	}
}

// resend sends the request of an open order again, under the same number: the journal asks for it where the documents say
// that it is harmless and ends the doubt. What needs the payer's code cannot be sent again.
func (s *service) resend(ctx context.Context, e journal.Entry, _ *cnpay.Settlement) error {
	open, err := s.store.orders(ctx, "entry = $1 AND state = 'open'", e.ID)
	if err == nil && len(open) == 0 {
		err = fmt.Errorf("entry %d is of no open order", e.ID)
	}
	if err != nil {
		return err
	}
	again := step{order: open[0]}
	if again.of, err = s.store.order(ctx, again.Of); err != nil {
		return err
	}
	ready, err := s.providers[again.Provider].request(ctx, again)
	if err == nil {
		_, err = ready.send(ctx, cnpay.WithSending(e.Generation+1))
	}
	return err
}

// explain adds to an open order what the journal knows of it.
func (s *service) explain(ctx context.Context, o *order) error {
	if o.State != journal.Open {
		return nil
	}
	e, err := s.journal.Entry(ctx, o.Ticket)
	if err == nil {
		o.Outcome, o.Reason, o.Next = e.Outcome.String(), e.Reason, e.Due
	}
	return err
}

func (s *service) get(r *http.Request) (int, any, error) {
	o, err := s.store.order(r.Context(), r.PathValue("number"))
	if err != nil {
		return 0, nil, err
	}
	if o == nil {
		return 0, nil, refusal{http.StatusNotFound, "no such order", nil}
	}
	return http.StatusOK, o, s.explain(r.Context(), o)
}

func (s *service) list(r *http.Request) (int, any, error) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "100"))
	if err != nil || limit < 1 || limit > 1000 {
		return 0, nil, invalid(cnpay.Fault{Field: "limit", Problem: "must be from 1 to 1000"})
	}
	states := []journal.State{"", journal.Open, journal.Succeeded, journal.Failed, journal.NotSent}
	if !slices.Contains(states, journal.State(q.Get("state"))) {
		return 0, nil, invalid(cnpay.Fault{Field: "state", Problem: "must be open, succeeded, failed or not_sent"})
	}
	orders, err := s.store.orders(r.Context(), "number > $1 AND (state = $2 OR $2 = '') ORDER BY number LIMIT $3", q.Get("after"), q.Get("state"), limit)
	return http.StatusOK, orders, err
}

// refusal is an answer that is about no outcome. Nothing was stored or sent.
type refusal struct {
	status int
	Text   string  `json:"error"`
	Faults []fault `json:"faults,omitempty"`
}

type fault struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

func (r refusal) Error() string { return r.Text }

func conflict(text string) error { return refusal{http.StatusConflict, text, nil} }

func invalid(faults ...cnpay.Fault) error {
	r := refusal{status: http.StatusUnprocessableEntity, Text: jsonfile.Error(faults).Error()}
	for _, f := range faults {
		r.Faults = append(r.Faults, fault(f))
	}
	return r
}

// answer makes a handler of what returns a status and a body, or an error. It limits the request's body, and logs.
func (s *service) answer(f func(*http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), rand.Text()
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		status, body, err := f(r)
		var refused refusal
		var faulty *cnpay.InvalidRequestError
		var soon notYet
		switch {
		case err == nil:
		case errors.As(err, &refused):
			status, body = refused.status, refused
		case errors.As(err, &faulty): // the provider's own rules
			status, body = http.StatusUnprocessableEntity, invalid(faulty.Faults...)
		case errors.As(err, &soon):
			status, body = http.StatusServiceUnavailable, refusal{Text: "not now, try the same again: " + soon.Error()}
		default:
			status, body = http.StatusServiceUnavailable, refusal{Text: "something is wrong here; try the same again"}
			if r.Context().Err() == nil { // else the client has gone
				s.log.Error("request failed", "id", id, "error", err)
			}
		}
		s.log.Info("request", "id", id, "method", r.Method, "path", r.URL.Path, "status", status, "took", time.Since(began).Round(time.Millisecond))
		w.Header().Set("X-Request-Id", id)
		switch status {
		case http.StatusAccepted:
			w.Header().Set("Location", r.URL.Path)
			fallthrough
		case http.StatusServiceUnavailable:
			w.Header().Set("Retry-After", "1")
		}
		writeJSON(w, status, body)
	}
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the only error left is the client's connection
}
