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
	token     string        // the operator's password
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
	mux.HandleFunc("GET /books", s.answer(func(_ http.ResponseWriter, r *http.Request) (int, any, error) {
		b, err := s.store.books(r.Context())
		return http.StatusOK, b, err
	}))
	for name, p := range s.providers {
		mux.Handle("/notify/"+name, p.notify)
		mux.Handle("/notify/"+name+"/", p.notify)
	}
	mux.Handle("/operator/", s.operator(http.StripPrefix("/operator", s.journal.Handler(journal.HandlerConfig{Allow: who}))))
	// Another site's page cannot order, nor operate. Providers' notifications are signed.
	sameOrigin := http.NewCrossOriginProtection()
	sameOrigin.AddInsecureBypassPattern("/notify/")
	return s.logged(sameOrigin.Handler(mux))
}

// operator asks for the operator's password. A merchant has a log-in, which knows people by their names.
func (s *service) operator(page http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, password, _ := r.BasicAuth(); subtle.ConstantTimeCompare([]byte(password), []byte(s.token)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="operator"`)
			http.Error(w, "the merchant program printed the password when it began", http.StatusUnauthorized)
			return
		}
		page.ServeHTTP(w, r)
	})
}

// who is kept with what an operator closes by hand.
func who(r *http.Request) (string, bool) {
	name, _, ok := r.BasicAuth()
	return name, ok
}

// put does an operation, once, however often it is asked for under the same number. 200: this is how it ended. 202: not
// known for good; ask again at Location. 503: nothing was sent, and the same request may be made again.
func (s *service) put(w http.ResponseWriter, r *http.Request) (int, any, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return 0, nil, refusal{http.StatusRequestEntityTooLarge, "the body is larger than a request can be", nil}
	}
	o, err := s.do(r.Context(), r.PathValue("number"), body)
	if err != nil {
		return 0, nil, err
	}
	switch o.State {
	case stateOpen:
		w.Header().Set("Location", "/orders/"+o.Number)
		w.Header().Set("Retry-After", "1")
		return http.StatusAccepted, o, s.explain(r.Context(), o)
	case string(journal.NotSent):
		return http.StatusServiceUnavailable, o, nil
	}
	return http.StatusOK, o, nil
}

// do looks whether the order is there already, builds the provider's request, stores the order and the journal's entry
// together, and sends. What happens after that, a crash included, is the journal's to find out and to book.
func (s *service) do(ctx context.Context, number string, body []byte) (*order, error) {
	asked, build, err := s.read(number, body)
	if err != nil {
		return nil, err
	}
	now := step{code: asked.Code, order: &order{
		Number: number, Provider: asked.Provider, Operation: asked.Operation, Amount: asked.Amount, Of: asked.Of,
		At: time.Now().UTC().Truncate(time.Second), digest: digestOf(number, asked),
	}}
	known, err := s.store.order(ctx, number)
	var prepared journal.Entry
	switch {
	case err != nil:
		return nil, err
	case known == nil:
	case known.digest != now.digest:
		return nil, conflict("an order of this number has another content")
	case known.State == stateOpen:
		if prepared, err = s.journal.Entry(ctx, known.Ticket); err != nil || prepared.State != journal.Ready {
			return known, err // on its way, or being settled
		} // else nobody has sent it: we died in between, or the journal's database was down
		now.At = known.At
	case known.State == string(journal.NotSent):
		now.At = known.At // the same request, for the provider too
	default:
		return known, nil
	}
	if now.of, err = s.earlier(ctx, asked); err != nil {
		return nil, err
	}
	ready, err := build[does{asked.Operation, now.of.operation()}](ctx, now)
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
func (s *service) read(number string, body []byte) (asked request, can map[does]build, err error) {
	object, err := jsonfile.Parse(body)
	if err != nil {
		return asked, nil, invalid(cnpay.Fault{Field: "body", Problem: strings.ReplaceAll(err.Error(), "the file", "it")})
	}
	faults := object.Fill(&asked)
	want := func(fine bool, field, problem string) {
		if !fine {
			faults = append(faults, cnpay.Fault{Field: field, Problem: problem})
		}
	}
	want(numbers.MatchString(number), "number", "must be 8 to 16 letters and digits")
	want(asked.Amount >= 1 && asked.Amount <= 99_999_999, "amount", "must be in fen, from 1 to 99999999")
	p := s.providers[asked.Provider]
	want(p != nil, "provider", "must be unionpay, chinaums, upay, yuansfer or umpay")
	begins := asked.Operation == "pay" || asked.Operation == "preauth"
	switch asked.Operation {
	case "pay", "preauth", "complete", "cancel", "refund", "revoke":
		want(!begins || asked.Of == "", "of", "is of operations about an earlier order")
		want(begins || asked.Of != "", "of", "must be the number of the earlier order")
		want(begins || asked.Code == "", "code", "is of pay and preauth")
	default:
		want(false, "operation", "must be pay, preauth, complete, cancel, refund or revoke")
	}
	if len(faults) > 0 {
		return asked, nil, invalid(faults...)
	}
	return asked, p.can, nil
}

var numbers = regexp.MustCompile(`^[0-9A-Za-z]{8,16}$`)

// earlier is the order that a request is about: there, of the same provider, succeeded, and one that this can be done to.
func (s *service) earlier(ctx context.Context, asked request) (*order, error) {
	var of *order
	if asked.Of != "" {
		var err error
		of, err = s.store.order(ctx, asked.Of)
		switch {
		case err != nil:
			return nil, err
		case of == nil:
			return nil, invalid(cnpay.Fault{Field: "of", Problem: "is the number of no order"})
		case of.Provider != asked.Provider:
			return nil, invalid(cnpay.Fault{Field: "provider", Problem: "must be " + of.Provider + ", that of the earlier order"})
		case of.State != string(journal.Succeeded):
			return nil, conflict(of.Number + " is " + of.State + ": only what succeeded can be followed")
		case asked.Operation != "refund" && asked.Amount != of.Amount:
			return nil, invalid(cnpay.Fault{Field: "amount", Problem: fmt.Sprintf("must be the whole, %d", of.Amount)})
		}
	}
	if s.providers[asked.Provider].can[does{asked.Operation, of.operation()}] == nil {
		return nil, invalid(cnpay.Fault{Field: "operation", Problem: strings.TrimSuffix(fmt.Sprintf("%s has no %s of a %s", asked.Provider, asked.Operation, of.operation()), " of a ")})
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
	o, err := s.store.orderOf(ctx, e)
	if err != nil {
		return err
	}
	again := step{order: o}
	if again.of, err = s.store.order(ctx, o.Of); err != nil {
		return err
	}
	ready, err := s.providers[o.Provider].can[does{o.Operation, again.of.operation()}](ctx, again)
	if err == nil {
		_, err = ready.send(ctx, cnpay.WithSending(e.Generation+1))
	}
	return err
}

// explain adds to an open order what the journal knows of it.
func (s *service) explain(ctx context.Context, o *order) error {
	e, err := s.journal.Entry(ctx, o.Ticket)
	if err == nil {
		o.Outcome, o.Reason, o.Next = e.Outcome.String(), e.Reason, e.Due
	}
	return err
}

func (s *service) get(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	o, err := s.store.order(r.Context(), r.PathValue("number"))
	switch {
	case err != nil:
		return 0, nil, err
	case o == nil:
		return 0, nil, refusal{http.StatusNotFound, "no such order", nil}
	case o.State == stateOpen:
		return http.StatusOK, o, s.explain(r.Context(), o)
	}
	return http.StatusOK, o, nil
}

func (s *service) list(_ http.ResponseWriter, r *http.Request) (int, any, error) {
	q := r.URL.Query()
	limit, err := strconv.Atoi(cmp.Or(q.Get("limit"), "100"))
	if err != nil || limit < 1 || limit > 1000 {
		return 0, nil, invalid(cnpay.Fault{Field: "limit", Problem: "must be from 1 to 1000"})
	}
	orders, err := s.store.list(r.Context(), q.Get("after"), q.Get("state"), limit)
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

// answer makes a handler of what returns a status and a body, or an error.
func (s *service) answer(f func(http.ResponseWriter, *http.Request) (int, any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		status, body, err := f(w, r)
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
			w.Header().Set("Retry-After", "1")
			status, body = http.StatusServiceUnavailable, refusal{Text: "not now, try the same again: " + soon.Error()}
		default:
			status, body = http.StatusServiceUnavailable, refusal{Text: "something is wrong here; try the same again"}
			s.log.Error("request failed", "id", w.Header().Get("X-Request-Id"), "error", err)
		}
		writeJSON(w, status, body)
	}
}

// logged limits the body, gives the request its id, and logs how it ended.
func (s *service) logged(next http.Handler) http.Handler {
	ids := regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began, id := time.Now(), r.Header.Get("X-Request-Id")
		if !ids.MatchString(id) {
			id = rand.Text()
		}
		w.Header().Set("X-Request-Id", id)
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		seen := &statusWriter{w, http.StatusOK}
		next.ServeHTTP(seen, r)
		s.log.Info("request", "id", id, "method", r.Method, "path", r.URL.Path, "status", seen.status, "took", time.Since(began).Round(time.Millisecond))
	})
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func writeJSON(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the only error left is the client's connection
}
