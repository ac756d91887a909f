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
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// largestEvent caps the body of a posted event.
const largestEvent = 256 << 10

// Secrets has the secrets of the merchant's terminals.
type Secrets interface {
	// Secret returns the secret shared with a terminal, and an empty one for a terminal that is not the merchant's.
	// After an error the terminal sends its event again later.
	Secret(ctx context.Context, terminal string) (cnpay.Secret, error)
}

// Terminals is a fixed list of secrets by serial number.
type Terminals map[string]cnpay.Secret

// Secret returns the terminal's secret, or an empty one.
func (t Terminals) Secret(_ context.Context, terminal string) (cnpay.Secret, error) {
	return t[terminal], nil
}

// ReceiverConfig says which terminals may post events, and where the events are stored.
type ReceiverConfig struct {
	Secrets Secrets
	// Previous has the secrets that those in Secrets replace. A terminal that still signs with its old one is trusted, and
	// is answered with it. It may be nil.
	Previous Secrets
	// Store stores each event before it is acknowledged. Where it is nil, a [MemoryStore] does: not for production,
	// because a restart loses what the terminals have forgotten.
	Store Store
}

// Receiver is an http.Handler for the events that terminals post. An event is answered with 200 only when it is
// stored, or was stored before; after any other answer the POS app sends it again. A stored success or fail is never
// overwritten: an event that contradicts it, or another event under the same Seq, is answered with 409. A Receiver
// stores the events of one operation one after the other; where several Receivers share a store, each operation must
// go to one of them.
//
// An operation is not over with its first event, nor with an unknown one: handle it by its ID when [Decide] returns
// a final outcome, never by an event that was seen before.
//
// The signature covers the path that the POS app posts to and the body's bytes, so no proxy may rewrite the path, and
// middleware that reads the body must put an unread copy back. Bodies are read up to 256 KiB. Time limits are the
// http.Server's.
type Receiver struct {
	operations []any     // the program's own
	secrets    []Secrets // the new ones first
	store      Store
	now        func() time.Time
	logger     *slog.Logger
	nonces     nonceMemory
	fields     spec.Table
	locks      [64]chan struct{} // by operation: nothing else of it is stored between the look and the store
}

// NewReceiver checks the configuration. Of the options it uses cnpay.WithClock, cnpay.WithLogger and [WithOperations]:
// events of the program's own operations are stored too, and their Verdict is Unknown.
func NewReceiver(config ReceiverConfig, opts ...cnpay.Option) (*Receiver, error) {
	settings := cnpay.Settings{}.With(opts...)
	if config.Secrets == nil {
		return nil, transport.ConfigError("umpay", errors.New("secrets: missing"))
	}
	r := &Receiver{
		operations: settings.Operations, secrets: []Secrets{config.Secrets}, store: config.Store, now: settings.Now, logger: settings.Logger,
	}
	if config.Previous != nil {
		r.secrets = append(r.secrets, config.Previous)
	}
	for i := range r.locks {
		r.locks[i] = make(chan struct{}, 1)
	}
	if r.store == nil {
		r.store = NewMemoryStore(0)
	}
	return r, nil
}

// ServeHTTP stores one event and answers it.
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if req.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		r.answer(w, req, nil, refused(http.StatusMethodNotAllowed, "method", "must be POST"))
		return
	}
	from, answer := r.authenticate(w, req)
	if answer == nil {
		answer = r.receive(req.Context(), from)
	}
	r.answer(w, req, from, answer)
}

// ParseEvent verifies a post that was stored as it came, for a replay or an audit: the path of its request line, its
// Authorization header and its body. It stores nothing. The age of the post and the use of its nonce are not checked,
// because a stored one is old and used: what handles the event must be idempotent in POSSN, ID and Seq.
//
// The error is a cnpay.ErrSignature, a cnpay.ErrMalformed, a cnpay.ErrInvalidRequest with every fault of the event, or
// the one of Secrets.
func (r *Receiver) ParseEvent(ctx context.Context, path string, header http.Header, body []byte) (*Event, error) {
	a, err := parseAuthorization(header)
	if err != nil {
		return nil, fmt.Errorf("umpay: %w: %w", cnpay.ErrSignature, err)
	}
	keys, err := r.keys(ctx, a.terminal)
	if err != nil {
		return nil, fmt.Errorf("umpay: %w", err)
	}
	if _, err := a.signedBy(keys, http.MethodPost, path, body); err != nil {
		return nil, fmt.Errorf("umpay: %w: %w", cnpay.ErrSignature, err)
	}
	event, err := r.decode(a.terminal, body)
	if err != nil {
		return nil, fmt.Errorf("umpay: %w", err)
	}
	return event, nil
}

// sender is a terminal whose signature is verified.
type sender struct {
	authorization
	mac  *sign.Keyed
	path string
	body []byte
}

// reply is the answer to a post.
type reply struct {
	status int
	body   any
	reason string // for the log
	event  Event  // without faults, otherwise empty
}

func refused(status int, field, problem string) *reply {
	return &reply{status: status, reason: field + " " + problem, body: refusal{Faults: []wireFault{{field, problem}}}}
}

// unauthenticated says nothing to a stranger: whether it is the terminal, the secret or the clock is for the log.
func unauthenticated(reason string) *reply {
	answer := refused(http.StatusUnauthorized, "Authorization", "is missing, wrong, stale or used before")
	answer.reason = reason
	return answer
}

// keys are those of a terminal. The error is a cnpay.ErrSignature where the terminal is unknown.
func (r *Receiver) keys(ctx context.Context, terminal string) ([]*sign.Keyed, error) {
	var keys []*sign.Keyed
	for _, secrets := range r.secrets {
		secret, err := secrets.Secret(ctx, terminal)
		if err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
		text, err := credential.Optional("secret of terminal "+terminal, secret.Reveal())
		if err != nil {
			return nil, fmt.Errorf("secrets: %w", err)
		}
		if key, err := sign.NewHMACSHA256Hex(text); err == nil { // an empty one is none
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: unknown terminal", cnpay.ErrSignature)
	}
	return keys, nil
}

// signedBy returns the one of the keys that a post is signed with.
func (a *authorization) signedBy(keys []*sign.Keyed, method, path string, body []byte) (key *sign.Keyed, err error) {
	for _, key = range keys {
		if err = a.verify(key, method, path, body); err == nil {
			return key, nil
		}
	}
	return nil, err
}

// authenticate returns the sender as soon as it is verified, and the answer where the post is refused.
func (r *Receiver) authenticate(w http.ResponseWriter, req *http.Request) (*sender, *reply) {
	a, err := parseAuthorization(req.Header)
	if err != nil {
		return nil, unauthenticated(err.Error())
	}
	now := r.now()
	if !a.fresh(now) {
		return nil, unauthenticated("the timestamp is too far from this clock")
	}
	keys, err := r.keys(req.Context(), a.terminal)
	switch {
	case errors.Is(err, cnpay.ErrSignature):
		return nil, unauthenticated("unknown terminal")
	case err != nil:
		return nil, unavailable(err)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, largestEvent))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, refused(http.StatusRequestEntityTooLarge, "body", "is larger than any event")
	case errors.Is(err, http.ErrBodyReadAfterClose), err == nil && len(body) == 0 && req.ContentLength > 0:
		return nil, unavailable(errors.New("the body was read before it came here: middleware must put an unread copy back"))
	case err != nil:
		return nil, unavailable(errors.New("the body is cut off"))
	}
	from := &sender{authorization: a, path: signedPath(req), body: body}
	if from.mac, err = a.signedBy(keys, req.Method, from.path, body); err != nil {
		if len(body) == 0 {
			return nil, unauthenticated("wrong signature for an empty body: none was sent, or middleware has read it")
		}
		return nil, unauthenticated("wrong signature")
	}
	switch r.nonces.use(a.terminal, a.nonce, now) {
	case nonceUsed:
		return from, unauthenticated("the nonce was used before")
	case nonceTooMany:
		return from, unavailable(errors.New("the terminal posts more than can be remembered"))
	}
	return from, nil
}

// signedPath is the path of the request line, which http.ServeMux and http.StripPrefix leave as it was.
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

func unavailable(err error) *reply {
	answer := refused(http.StatusServiceUnavailable, "event", "cannot be stored now")
	answer.reason = err.Error()
	return answer
}

// receive stores the event of a verified sender.
func (r *Receiver) receive(ctx context.Context, from *sender) *reply {
	event, err := r.decode(from.terminal, from.body)
	var invalid *cnpay.InvalidRequestError
	switch {
	case errors.As(err, &invalid):
		var list refusal
		for _, f := range invalid.Faults {
			list.Faults = append(list.Faults, wireFault{f.Field, clip(f.Problem)})
		}
		return &reply{status: http.StatusBadRequest, body: list, reason: err.Error()}
	case err != nil:
		return refused(http.StatusBadRequest, "body", "cannot be read: "+withoutKind(err))
	}
	answer := r.storeEvent(ctx, *event)
	answer.event = *event
	return answer
}

// decode reads the event of a verified post.
func (r *Receiver) decode(terminal string, body []byte) (*Event, error) {
	clean, err := redact(body)
	if err != nil {
		return nil, err
	}
	event, _, faults, err := decodeEvent(&r.fields, clean)
	if err != nil {
		return nil, err
	}
	if faults = merge(faults, event.faults(&r.fields, r.operationOf(event.Op), terminal)); faults != nil {
		return nil, &cnpay.InvalidRequestError{Faults: faults}
	}
	return &event, nil
}

// operationOf is the operation of a method, the program's own ones included.
func (r *Receiver) operationOf(method string) Operation {
	op, known := operationOf(method)
	if !known && method != "" {
		own := func(op Operation) bool { return op.Method == method }
		op, _ = call.Lookup(cnpay.Settings{Operations: r.operations}, own, func() []Request { return nil }, Request.operation)
	}
	return op
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

func (r *Receiver) storeEvent(ctx context.Context, event Event) *reply {
	hash := fnv.New32a()
	_, _ = hash.Write([]byte(event.POSSN + " " + event.ID))
	lock := r.locks[hash.Sum32()%uint32(len(r.locks))]
	select {
	case lock <- struct{}{}:
		defer func() { <-lock }()
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

func acknowledged(event Event, reason string) *reply {
	return &reply{status: http.StatusOK, reason: reason, body: struct {
		ID  string `json:"id"`
		Seq int64  `json:"seq"`
	}{event.ID, event.Seq}}
}

// answer writes the answer to a post. Only a verified sender gets a signature: a stranger could use one elsewhere.
func (r *Receiver) answer(w http.ResponseWriter, req *http.Request, from *sender, answer *reply) {
	r.log(req.Context(), from, answer)
	body, err := json.Marshal(answer.body)
	if err == nil && from != nil {
		var signed string
		signed, err = authorization{terminal: from.terminal, nonce: from.nonce}.
			sign(from.mac, strconv.Itoa(answer.status), from.path, r.now(), body)
		w.Header().Set("Authorization", signed)
	}
	if err != nil { // never happens: the bodies are plain text and the key is there
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(answer.status)
	_, _ = w.Write(body)
}

func (r *Receiver) log(ctx context.Context, from *sender, answer *reply) {
	if r.logger == nil {
		return
	}
	level, terminal := slog.LevelInfo, ""
	if answer.status != http.StatusOK {
		level = slog.LevelWarn
	}
	if from != nil {
		terminal = from.terminal
	}
	event := &answer.event
	verdict := event.Verdict()
	r.logger.LogAttrs(ctx, level, "cnpay event",
		slog.String("provider", "umpay"), slog.String("terminal", terminal), slog.String("id", event.ID),
		slog.String("operation", event.Op), slog.String("callback", event.Callback), slog.Int64("seq", event.Seq),
		slog.String("outcome", verdict.Outcome.String()), slog.String("code", verdict.Code),
		slog.Int("status", answer.status), slog.String("reason", clip(answer.reason)))
}

// clip keeps the text of a terminal from flooding a log or an answer.
func clip(s string) string {
	const most = 300
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}
