package umpay

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
)

const (
	commandsPath = "/v1/commands"
	// commandTimeout is a little more than the 180 s within which a bridge must answer.
	commandTimeout = 185 * time.Second
	// milliseconds is RFC 3339 with them.
	milliseconds = "2006-01-02T15:04:05.000Z07:00"
)

// operation is one method of the plugin that the bridge can be asked to call.
type operation struct {
	id string // as in the catalog
	op string // as the plugin spells it
}

// message is a request.
type message interface {
	conditions() []cnpay.Fault
	reference() (id, order string)
	object() any                       // what the plugin is called with
	belongs(*spec.Table, *Event) error // whether a finished event is about this request
}

// response is a pointer to an answer's struct.
type response interface {
	parts() (answer *cnpay.Answer, event *Event, result any)
}

// command is what the bridge carries out.
type command struct {
	ID          string `json:"id"`
	Op          string `json:"op"`
	Request     any    `json:"request"`
	RequestedAt string `json:"requestedAt"`
	NotAfter    string `json:"notAfter"`
}

// call has the terminal carry out one operation and waits for its end. The caller's request is copied, checked,
// and signed as the bytes that are sent.
//
// One call never sends a command twice, although the contract makes a repeat harmless: a query has the same answer
// with nothing at stake, even where a bridge has lost its memory, and does not hold the line for three minutes.
func call[Res, Req any, M interface {
	*Req
	message
}, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op operation, req *Req, opts []cnpay.Option) (*Res, error) {
	m := M(new(Req))
	if req != nil {
		*m = *req
	}
	id, order := m.reference()
	var res R
	err := c.exchange(ctx, opts, exchange{
		subject: cnpay.Subject{Provider: "umpay", Operation: op.id, Order: cmp.Or(order, id)},
		method:  http.MethodPost,
		path:    commandsPath,
		timeout: commandTimeout,
		prepare: func(now, notAfter time.Time) ([]byte, error) {
			if faults := append(c.fields.Check(m), m.conditions()...); faults != nil {
				return nil, &cnpay.InvalidRequestError{Faults: faults}
			}
			return json.Marshal(command{
				ID: id, Op: op.op, Request: m.object(),
				RequestedAt: now.In(cnpay.Beijing()).Format(time.RFC3339),
				NotAfter:    notAfter.In(cnpay.Beijing()).Format(milliseconds),
			})
		},
		read: func(reply *transport.Reply) (cnpay.Verdict, error) {
			decoded := R(new(Res))
			answer, event, result := decoded.parts()
			verdict, err := c.read(reply, id, answer, event)
			if err != nil {
				return cnpay.Verdict{}, err
			}
			switch reply.Status {
			case http.StatusOK:
				if event.Op != op.op {
					return cnpay.Verdict{}, fmt.Errorf("%w: op differs", cnpay.ErrMismatch)
				}
				if err := c.decodeResult(event, answer, result); err != nil {
					return cnpay.Verdict{}, err
				}
				verdict = event.Verdict()
				if err := m.belongs(&c.fields, event); err != nil {
					return cnpay.Verdict{}, err
				}
			case http.StatusAccepted:
				verdict.Outcome = cnpay.Pending
			case http.StatusBadRequest, http.StatusGone:
				verdict.Outcome = cnpay.Failed
			}
			answer.Outcome = verdict.Outcome
			res = decoded
			return verdict, nil
		},
	})
	return res, err
}

// exchange is one request to the bridge.
type exchange struct {
	subject    cnpay.Subject
	method     string
	path       string // as in the request line, and so in the signed text
	repeatable bool
	timeout    time.Duration
	prepare    func(now, notAfter time.Time) ([]byte, error)
	read       func(*transport.Reply) (cnpay.Verdict, error) // of an answer that is verifiably the bridge's to this request
}

func (c *Client) exchange(ctx context.Context, opts []cnpay.Option, x exchange) error {
	settings := c.settings.With(opts...)
	now := settings.Clock
	if now == nil {
		now = time.Now
	}
	header := http.Header{"Accept": {"application/json"}}
	if x.method == http.MethodPost {
		header["Content-Type"] = []string{"application/json"}
	}
	var nonce string // of the last attempt, the one that is answered
	return c.transport.Do(ctx, settings, &transport.Exchange{
		Subject:    x.subject,
		Method:     x.method,
		URL:        c.gateway + x.path,
		Header:     header,
		Repeatable: x.repeatable,
		Timeout:    x.timeout,
		Prepare: func() ([]byte, error) {
			at := now()
			return x.prepare(at, at.Add(limit(ctx, settings, x.timeout)))
		},
		Authorize: func(h http.Header, body []byte) (err error) {
			if nonce, err = newNonce(settings.Nonce); err != nil {
				return err
			}
			signed, err := authorization{terminal: c.terminal, nonce: nonce}.sign(c.mac, x.method, x.path, now(), body)
			h["Authorization"] = []string{signed}
			return err
		},
		Read: func(reply *transport.Reply) (cnpay.Verdict, error) {
			if err := c.verify(reply, x.path, nonce, now()); err != nil {
				return cnpay.Verdict{}, notTheBridge(reply, err)
			}
			return x.read(reply)
		},
	})
}

// limit is how long a call may take that begins now.
func limit(ctx context.Context, settings cnpay.Settings, timeout time.Duration) time.Duration {
	d := cmp.Or(settings.Timeout, timeout)
	if deadline, ok := ctx.Deadline(); ok {
		d = min(d, time.Until(deadline))
	}
	return d
}

// notTheBridge adds to the error of an unverified answer what is known of its origin: mostly something in front of
// the bridge has answered, and the status is all that it says.
func notTheBridge(reply *transport.Reply, err error) error {
	switch {
	case reply.Status == http.StatusProxyAuthRequired:
		err = fmt.Errorf("a proxy wants credentials: %w", err)
	case reply.Status == http.StatusUnauthorized:
		err = fmt.Errorf("another terminal or secret than the bridge's, or clocks more than %v apart: %w", window, err)
	case bytes.HasPrefix(trimmed(reply.Body), []byte("<")):
		err = fmt.Errorf("an HTML page: %w", err)
	}
	if reply.Status == http.StatusOK {
		return err
	}
	return fmt.Errorf("%w: %d: %w", cnpay.ErrHTTPStatus, reply.Status, err)
}

// verify checks that an answer is the bridge's, and to the request with this nonce.
func (c *Client) verify(reply *transport.Reply, path, nonce string, now time.Time) error {
	a, err := parseAuthorization(reply.Header)
	if err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	if a.terminal != c.terminal {
		return fmt.Errorf("%w: signed by another terminal", cnpay.ErrSignature)
	}
	if err := a.verify(c.mac, strconv.Itoa(reply.Status), path, reply.Body); err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	switch {
	case a.nonce != nonce:
		return fmt.Errorf("%w: the nonce is another request's", cnpay.ErrMismatch)
	case !a.fresh(now):
		return fmt.Errorf("%w: the timestamp is more than %v off", cnpay.ErrSignature, window)
	}
	return nil
}

// read fills in what is known of every verified answer, and the event of a 200. The verdict on any other is the status,
// and still Unknown.
func (c *Client) read(reply *transport.Reply, id string, answer *cnpay.Answer, event *Event) (cnpay.Verdict, error) {
	clean, err := redact(reply.Body)
	if reply.Status != http.StatusOK {
		event.ID = id
		*answer = cnpay.Answer{HTTPStatus: reply.Status, Raw: clean}
		return cnpay.Verdict{Code: strconv.Itoa(reply.Status), Message: readFaults(clean)}, nil
	}
	if err != nil {
		return cnpay.Verdict{}, err
	}
	e, extra, faults, err := decodeEvent(clean)
	switch {
	case err != nil:
		return cnpay.Verdict{}, err
	case faults != nil:
		return cnpay.Verdict{}, fmt.Errorf("%w: %s %s", cnpay.ErrMalformed, faults[0].Field, faults[0].Problem)
	case e.ID != id:
		return cnpay.Verdict{}, fmt.Errorf("%w: id differs", cnpay.ErrMismatch)
	case e.POSSN != c.terminal:
		return cnpay.Verdict{}, fmt.Errorf("%w: posSN differs", cnpay.ErrMismatch)
	}
	*event = e
	*answer = cnpay.Answer{HTTPStatus: reply.Status, Raw: clean, Extra: extra}
	return cnpay.Verdict{}, nil
}

// decodeResult reads the plugin's callback object; its undocumented members join the answer's.
func (c *Client) decodeResult(event *Event, answer *cnpay.Answer, result any) error {
	if event.Result == nil {
		return nil
	}
	extra, err := c.fields.DecodeJSON(event.Result, result)
	for name, value := range extra {
		if answer.Extra == nil {
			answer.Extra = map[string]string{}
		}
		answer.Extra["result."+name] = value
	}
	return err
}

// refusal is the body of an answer that is not an event: the faults by wire name.
type refusal struct {
	Faults []wireFault `json:"faults"`
}

type wireFault struct {
	Field   string `json:"field"`
	Problem string `json:"problem"`
}

func readFaults(clean []byte) string {
	var r refusal
	if json.Unmarshal(clean, &r) != nil {
		return ""
	}
	var b strings.Builder
	for _, f := range r.Faults {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(f.Field + " " + f.Problem)
	}
	return b.String()
}
