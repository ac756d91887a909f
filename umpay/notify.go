package umpay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// largestEvent caps the body of a posted event.
const largestEvent = 256 << 10

// Secrets knows the merchant's terminals.
type Secrets interface {
	// Secret returns the secret shared with a terminal, and an empty one for a terminal that is not the merchant's.
	// An error has the terminal send its event again later.
	Secret(ctx context.Context, terminal string) (cnpay.Secret, error)
}

// Terminals is a fixed list of secrets by serial number.
type Terminals map[string]cnpay.Secret

// Secret returns the terminal's secret, or an empty one.
func (t Terminals) Secret(_ context.Context, terminal string) (cnpay.Secret, error) {
	return t[terminal], nil
}

// ReceiverConfig says whose events are taken, and where they go.
type ReceiverConfig struct {
	Secrets Secrets
	// Store gets each event before it is acknowledged. Where it is nil a [MemoryStore] takes its place, from which
	// a restart loses what the terminals were told is safe: not for production.
	Store Store
}

// Receiver is an http.Handler for the events that terminals post. An event is answered with 200 only when it is
// stored, or was stored before; the POS app sends anything else again. A stored success or fail is never
// overwritten: an event that contradicts it, or another event under the same Seq, is answered with 409. A Receiver takes
// the events of one operation one after the other; of several that share a store, each operation belongs to one.
//
// The path that the POS app posts to is signed, so no proxy on the way may rewrite it. Bodies are read up to 256 KiB.
// Limits of time are the http.Server's.
type Receiver struct {
	secrets Secrets
	store   Store
	now     func() time.Time
	logger  *slog.Logger
	nonces  nonceMemory
	fields  spec.Table
	turns   [64]chan struct{} // by operation: between looking and storing nothing else is stored of it
}

// NewReceiver checks the configuration. Of the options it heeds cnpay.WithClock and cnpay.WithLogger.
func NewReceiver(config ReceiverConfig, opts ...cnpay.Option) (*Receiver, error) {
	settings := cnpay.Settings{}.With(opts...)
	if config.Secrets == nil {
		return nil, transport.ConfigError("umpay", errors.New("secrets: missing"))
	}
	r := &Receiver{secrets: config.Secrets, store: config.Store, now: settings.Clock, logger: settings.Logger}
	for i := range r.turns {
		r.turns[i] = make(chan struct{}, 1)
	}
	if r.store == nil {
		r.store = NewMemoryStore(0)
	}
	if r.now == nil {
		r.now = time.Now
	}
	return r, nil
}

// ServeHTTP takes in one event.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		r.answer(w, req, nil, refused(http.StatusMethodNotAllowed, "method", "must be POST"))
		return
	}
	c, end := r.authenticate(w, req)
	if end == nil {
		end = r.take(req.Context(), c)
	}
	r.answer(w, req, c, end)
}

// caller is a terminal that has proved to be itself.
type caller struct {
	authorization
	mac  *sign.Keyed
	path string
	body []byte
}

// ending is how a post ends.
type ending struct {
	status int
	body   any
	reason string // for the log
	event  Event  // without faults, else empty
}

func refused(status int, field, problem string) *ending {
	return &ending{status: status, reason: field + " " + problem, body: refusal{[]wireFault{{field, problem}}}}
}

// unauthenticated tells a stranger nothing: whether it is the terminal, the secret or the clock is for the log.
func unauthenticated(reason string) *ending {
	o := refused(http.StatusUnauthorized, "Authorization", "is missing, wrong, stale or used before")
	o.reason = reason
	return o
}

// authenticate returns the caller as soon as it is known to be genuine, and what to answer where it is refused.
func (r *Receiver) authenticate(w http.ResponseWriter, req *http.Request) (*caller, *ending) {
	a, err := parseAuthorization(req.Header)
	if err != nil {
		return nil, unauthenticated(err.Error())
	}
	now := r.now()
	if !a.fresh(now) {
		return nil, unauthenticated("the timestamp is too far from this clock")
	}
	secret, err := r.secrets.Secret(req.Context(), a.terminal)
	if err != nil {
		return nil, unavailable(fmt.Errorf("secrets: %w", err))
	}
	key, err := credential.Optional("secret of terminal "+a.terminal, secret.Reveal())
	if err != nil {
		return nil, unavailable(fmt.Errorf("secrets: %w", err))
	}
	mac, err := sign.NewHMACSHA256Hex(key)
	if err != nil {
		return nil, unauthenticated("unknown terminal")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, largestEvent))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refused(http.StatusRequestEntityTooLarge, "body", "is larger than any event")
	case err != nil:
		return nil, refused(http.StatusBadRequest, "body", "is cut off")
	}
	c := &caller{authorization: a, mac: mac, path: signedPath(req), body: body}
	if err := a.verify(mac, req.Method, c.path, body); err != nil {
		return nil, unauthenticated("wrong signature")
	}
	switch r.nonces.use(a.terminal, a.nonce, now) {
	case nonceUsed:
		return c, unauthenticated("the nonce was used before")
	case nonceTooMany:
		return c, unavailable(errors.New("the terminal posts more than can be remembered"))
	}
	return c, nil
}

// signedPath is the path as the request line had it, which a http.ServeMux or http.StripPrefix on the way leaves.
func signedPath(req *http.Request) string {
	u, err := url.ParseRequestURI(req.RequestURI)
	if err != nil {
		u = req.URL
	}
	if path := u.EscapedPath(); path != "" {
		return path
	}
	return "/"
}

func unavailable(err error) *ending {
	o := refused(http.StatusServiceUnavailable, "event", "cannot be stored now")
	o.reason = err.Error()
	return o
}

func unreadable(err error) *ending {
	return refused(http.StatusBadRequest, "body", "cannot be read: "+withoutKind(err))
}

// take stores the event that a genuine caller posted.
func (r *Receiver) take(ctx context.Context, c *caller) *ending {
	clean, err := withoutCardData(c.body)
	if err != nil {
		return unreadable(err)
	}
	event, _, faults, err := decodeEvent(clean)
	if err != nil {
		return unreadable(err)
	}
	if faults = merge(faults, event.faults(&r.fields, c.terminal)); faults != nil {
		var list refusal
		for _, f := range faults {
			list.Faults = append(list.Faults, wireFault{f.Field, clip(f.Problem)})
		}
		reason := (&cnpay.InvalidRequestError{Faults: faults}).Error()
		return &ending{status: http.StatusBadRequest, body: list, reason: reason}
	}
	o := r.keep(ctx, event)
	o.event = event
	return o
}

// merge adds more faults of fields that have none yet.
func merge(faults, more []cnpay.Fault) []cnpay.Fault {
	known := map[string]bool{}
	for _, f := range faults {
		known[f.Field] = true
	}
	for _, f := range more {
		if !known[f.Field] {
			faults = append(faults, f)
		}
	}
	return faults
}

func (r *Receiver) keep(ctx context.Context, event Event) *ending {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(event.POSSN + " " + event.ID))
	turn := r.turns[hash.Sum32()%uint32(len(r.turns))]
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return unavailable(context.Cause(ctx))
	}
	stored, err := r.store.Events(ctx, event.POSSN, event.ID)
	if err != nil {
		return unavailable(fmt.Errorf("store: %w", err))
	}
	verdict := event.Verdict()
	for i := range stored {
		s := &stored[i]
		sv := s.Verdict()
		switch {
		case s.Seq == event.Seq && s.Op == event.Op && s.Callback == event.Callback && sv.Code == verdict.Code:
			return acknowledged(event, "stored before")
		case s.Seq == event.Seq:
			return refused(http.StatusConflict, "seq", "is that of another event, which is stored")
		case s.Op != event.Op:
			return refused(http.StatusConflict, "op", "is not that of the stored events")
		case sv.Outcome.Final() && verdict.Outcome.Final() && sv.Outcome != verdict.Outcome:
			return refused(http.StatusConflict, "callback", "contradicts the stored one, which stays")
		}
	}
	if err := r.store.Save(ctx, event); err != nil {
		return unavailable(fmt.Errorf("store: %w", err))
	}
	return acknowledged(event, "stored")
}

func acknowledged(event Event, reason string) *ending {
	return &ending{status: http.StatusOK, reason: reason, body: struct {
		ID  string `json:"id"`
		Seq int64  `json:"seq"`
	}{event.ID, event.Seq}}
}

// answer writes the end of a post. Only a genuine caller gets a signature: a stranger could use one elsewhere.
func (r *Receiver) answer(w http.ResponseWriter, req *http.Request, c *caller, o *ending) {
	r.log(req.Context(), c, o)
	body, err := json.Marshal(o.body)
	if err == nil && c != nil {
		var sealed string
		sealed, err = seal(c.mac, c.terminal, strconv.Itoa(o.status), c.path, c.nonce, r.now(), body)
		w.Header().Set("Authorization", sealed)
	}
	if err != nil { // never happens: the bodies are plain text and the key is there
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(o.status)
	_, _ = w.Write(body)
}

func (r *Receiver) log(ctx context.Context, c *caller, o *ending) {
	if r.logger == nil {
		return
	}
	level, terminal := slog.LevelInfo, ""
	if o.status != http.StatusOK {
		level = slog.LevelWarn
	}
	if c != nil {
		terminal = c.terminal
	}
	verdict := o.event.Verdict()
	r.logger.LogAttrs(ctx, level, "cnpay event",
		slog.String("provider", "umpay"), slog.String("terminal", terminal), slog.String("id", o.event.ID),
		slog.String("operation", o.event.Op), slog.String("callback", o.event.Callback), slog.Int64("seq", o.event.Seq),
		slog.String("outcome", verdict.Outcome.String()), slog.String("code", verdict.Code),
		slog.Int("status", o.status), slog.String("reason", clip(o.reason)))
}

// clip keeps what a terminal sent from flooding a log or an answer.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
