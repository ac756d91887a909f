// Package received reads what a provider posts to the merchant, before anything in it is verified.
package received

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// Body reads the body of a request, of at most that many bytes. Where somebody has parsed its form before, the form is all
// that is left, and is returned instead: the bytes cannot be had again. The error says where nothing is left.
func Body(r *http.Request, most int64) (body []byte, parsed url.Values, err error) {
	if r == nil {
		return nil, nil, fmt.Errorf("%w: no request", cnpay.ErrMalformed)
	}
	closed := r.Body == nil // which no server's request is
	if !closed {
		body, err = io.ReadAll(io.LimitReader(r.Body, most+1))
		closed = errors.Is(err, http.ErrBodyReadAfterClose)
		if err != nil && !closed {
			return nil, nil, fmt.Errorf("%w: %w", cnpay.ErrTransport, err)
		}
	}
	switch {
	case len(body) > 0:
		return body, nil, Limit(len(body), most)
	case len(r.PostForm) > 0:
		return nil, r.PostForm, nil
	case closed || r.ContentLength > 0 || r.PostForm != nil:
		return nil, nil, fmt.Errorf("%w: the body was read before it came here, and not as a form: hand over its bytes", cnpay.ErrMalformed)
	}
	return nil, nil, errEmpty
}

var errEmpty = fmt.Errorf("%w: empty body", cnpay.ErrMalformed)

// Limit is the error of more than most bytes.
func Limit(size int, most int64) error {
	if int64(size) > most {
		return fmt.Errorf("%w: more than %d bytes", cnpay.ErrTooLarge, most)
	}
	return nil
}

// Limits are the most that a notification in a form may have.
type Limits struct {
	Bytes  int64
	Fields int
}

// Form returns the fields of a request's form, as [Limits.Pairs] does.
func (l Limits) Form(r *http.Request) ([]sign.Pair, error) {
	body, parsed, err := Body(r, l.Bytes)
	switch {
	case err != nil:
		return nil, err
	case parsed != nil:
		return l.Parsed(parsed)
	}
	return l.Pairs(body)
}

// Pairs decodes a form in the order in which it came, a plus into a blank. What an editor or a proxy leaves around it, a
// byte order mark, blanks and line ends, is no part of it. Unlike net/url it takes no ";" for anything, and it refuses a
// name that is duplicated or that could hide another field of the signed text.
func (l Limits) Pairs(body []byte) ([]sign.Pair, error) {
	if err := Limit(len(body), l.Bytes); err != nil {
		return nil, err
	}
	text := strings.Trim(string(body), "\ufeff \t\r\n")
	switch {
	case text == "":
		return nil, errEmpty
	case !strings.Contains(text, "=") && strings.Contains(text, "%3"):
		return nil, fmt.Errorf("%w: the text was encoded twice on the way", errNoForm)
	case !strings.Contains(text, "="):
		return nil, errNoForm
	}
	var pairs []sign.Pair
	for part := range strings.SplitSeq(text, "&") {
		if part == "" {
			continue
		}
		rawName, rawValue, _ := strings.Cut(part, "=") // a name alone has an empty value
		name, noName := url.QueryUnescape(rawName)
		value, noValue := url.QueryUnescape(rawValue)
		if noName != nil || noValue != nil {
			return nil, errNoForm
		}
		if pairs = append(pairs, sign.Pair{Name: name, Value: value}); len(pairs) > l.Fields {
			break
		}
	}
	return l.Check(pairs)
}

// Parsed returns the fields of a form that was parsed before, in any order.
func (l Limits) Parsed(form url.Values) ([]sign.Pair, error) {
	var pairs []sign.Pair
	for name, values := range form {
		for _, value := range values {
			pairs = append(pairs, sign.Pair{Name: name, Value: value})
		}
	}
	return l.Check(pairs)
}

var errNoForm = fmt.Errorf("%w: not a form", cnpay.ErrMalformed)

// Check refuses too many fields, a name that is duplicated, and one that could hide another field of the signed text.
func (l Limits) Check(pairs []sign.Pair) ([]sign.Pair, error) {
	if len(pairs) > l.Fields {
		return nil, fmt.Errorf("%w: more than %d fields", cnpay.ErrMalformed, l.Fields)
	}
	seen := make(map[string]bool, len(pairs))
	for _, p := range pairs {
		switch {
		case p.Name == "" || strings.ContainsAny(p.Name, "=&") || !utf8.ValidString(p.Name):
			return nil, errNoForm
		case seen[p.Name]:
			return nil, fmt.Errorf("%w: %.40q is duplicated", cnpay.ErrMalformed, p.Name)
		}
		seen[p.Name] = true
	}
	return pairs, nil
}

// UTF8 refuses values in another character set.
func UTF8(pairs []sign.Pair) error {
	for _, p := range pairs {
		if !utf8.ValidString(p.Value) {
			return fmt.Errorf("%w: %.40q is not UTF-8", cnpay.ErrMalformed, p.Name)
		}
	}
	return nil
}

// Handler is the address to which a provider posts notifications, in the order that loses none: it verifies one, hands it
// over to be stored, and answers that all is well only when that is done. The logger gets every one.
type Handler[N cnpay.Notification] struct {
	Provider string
	Logger   *slog.Logger // may be nil
	Parse    func(*http.Request) (N, error)
	Handle   func(context.Context, N) error
	Answer   func(w http.ResponseWriter, status int) // 200, or what went wrong
	Attrs    func(N) []slog.Attr                     // more for the log; may be nil
}

// ServeHTTP makes it an [http.Handler].
func (h Handler[N]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		h.Answer(w, http.StatusMethodNotAllowed)
		return
	}
	n, err := h.Parse(r)
	if err != nil {
		Log(r.Context(), h.Logger, h.Provider, nil, err)
		h.Answer(w, http.StatusBadRequest)
		return
	}
	var more []slog.Attr
	if h.Attrs != nil {
		more = h.Attrs(n)
	}
	err = h.Handle(r.Context(), n)
	Log(r.Context(), h.Logger, h.Provider, n, err, more...)
	if err != nil {
		h.Answer(w, http.StatusInternalServerError)
		return
	}
	h.Answer(w, http.StatusOK)
}

// Text answers with the word that the provider expects, or with what went wrong.
func Text(word string) func(http.ResponseWriter, int) {
	return func(w http.ResponseWriter, status int) {
		text := word
		switch status {
		case http.StatusMethodNotAllowed:
			text = "only POST"
		case http.StatusBadRequest:
			text = "not a genuine notification"
		case http.StatusInternalServerError:
			text = "not stored"
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text) // a provider that does not hear the answer sends the notification again
	}
}

// Log writes one line about a notification: what it is about, unless it is refused, and why it was not stored.
func Log(ctx context.Context, l *slog.Logger, provider string, n cnpay.Notification, err error, more ...slog.Attr) {
	if l == nil {
		return
	}
	attrs := []slog.Attr{slog.String("provider", provider)}
	if n != nil {
		t := n.CallTicket()
		attrs = append(attrs, slog.String("operation", t.Operation), slog.String("order", t.Order), slog.String("outcome", n.CallOutcome().String()))
	}
	level := slog.LevelInfo
	if attrs = append(attrs, more...); err != nil {
		level, attrs = slog.LevelWarn, append(attrs, slog.String("reason", fmt.Sprintf("%.300s", err))) // what a forger wrote may be long
	}
	l.LogAttrs(ctx, level, "cnpay notification", attrs...)
}
