package chinaums

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// operation is one line of the provider's list.
type operation struct {
	id         string // as in the catalog
	path       string
	repeatable bool // the documents say that a repeat is harmless
}

// message is a request that Res answers.
type message[Res any] interface {
	complete(now time.Time)                     // fills in what the caller may leave to the client
	order() string                              // the number that the caller has for it
	answered(*Res) (named bool, differs string) // whether the answer names the order, and the echo that is not ours
}

// response is a pointer to an answer's struct.
type response interface {
	base() *Response
	judge(byCode cnpay.Outcome) (_ cnpay.Outcome, state string) // the state is what changes the outcome by errCode
}

// call carries out one operation. The caller's request is copied, checked, and signed as the bytes that are sent.
func call[Res, Req any, M interface {
	*Req
	message[Res]
}, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op operation, req *Req, opts []cnpay.Option) (*Res, error) {
	settings := c.settings.With(opts...)
	m := M(new(Req))
	if req != nil {
		*m = *req
	}
	m.complete(c.now(&settings))
	var res R
	err := c.transport.Do(ctx, settings, &transport.Exchange{
		Subject: cnpay.Subject{Provider: "chinaums", Operation: op.id, Order: m.order()},
		Method:  http.MethodPost,
		URL:     c.gateway + op.path,
		Header: http.Header{
			"Content-Type": {"application/json; charset=utf-8"},
			"Accept":       {"application/json"},
		},
		Repeatable: op.repeatable,
		Prepare: func() ([]byte, error) {
			if faults := c.fields.Check(m); faults != nil {
				return nil, &cnpay.InvalidRequestError{Faults: faults}
			}
			return json.Marshal(m)
		},
		Authorize: func(h http.Header, body []byte) error {
			authorization, err := c.authorize(c.now(&settings).Format("20060102150405"), nonce(&settings), body)
			h["Authorization"] = []string{authorization}
			return err
		},
		Read: func(reply *transport.Reply) (cnpay.Verdict, error) {
			if err := c.verify(reply); err != nil {
				return cnpay.Verdict{}, err
			}
			decoded := R(new(Res))
			err := c.decode(reply, decoded)
			if err != nil && reply.Status != http.StatusOK {
				return cnpay.Verdict{}, transport.StatusError(reply.Status)
			}
			if err != nil {
				return cnpay.Verdict{}, err
			}
			verdict, cause := judge(decoded, reply.Status)
			if err := belongs[Res](m, decoded, verdict.Outcome); err != nil {
				return cnpay.Verdict{}, err
			}
			decoded.base().Outcome = verdict.Outcome
			res = decoded
			return verdict, cause
		},
	})
	return res, err
}

func (c *Client) now(s *cnpay.Settings) time.Time {
	if s.Clock != nil {
		return s.Clock().In(c.zone)
	}
	return time.Now().In(c.zone)
}

func nonce(s *cnpay.Settings) string {
	if s.Nonce != nil {
		return s.Nonce()
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

const scheme = "OPEN-BODY-SIG"

// authorize is the value of the Authorization header (平台认证方式) for one attempt.
func (c *Client) authorize(timestamp, nonce string, body []byte) (string, error) {
	signature, err := c.key.Sign(c.text(timestamp, nonce, body))
	return scheme + ` AppId="` + c.appID + `",Timestamp="` + timestamp + `",Nonce="` + nonce +
		`",Signature="` + signature + `"`, err
}

// text is what is signed: AppId, Timestamp, Nonce and the hexadecimal SHA-256 of the body, without separators.
func (c *Client) text(timestamp, nonce string, body []byte) []byte {
	digest := sha256.Sum256(body)
	text := make([]byte, 0, len(c.appID)+len(timestamp)+len(nonce)+2*len(digest))
	text = append(append(append(text, c.appID...), timestamp...), nonce...)
	return hex.AppendEncode(text, digest[:])
}

// verify checks the Authorization header of an answer by the rule of requests (应答验签). No public capture has one,
// so an answer without it is accepted.
func (c *Client) verify(reply *transport.Reply) error {
	values := reply.Header["Authorization"]
	if len(values) == 0 {
		return nil
	}
	parameters, ok := strings.CutPrefix(values[0], scheme+" ")
	if !ok || len(values) > 1 {
		return fmt.Errorf("%w: Authorization of the answer is not %s", cnpay.ErrSignature, scheme)
	}
	p := map[string]string{}
	for part := range strings.SplitSeq(parameters, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if _, twice := p[name]; twice || len(value) < 2 || value[0] != '"' || value[len(value)-1] != '"' {
			return fmt.Errorf("%w: Authorization of the answer cannot be read", cnpay.ErrSignature)
		}
		p[name] = value[1 : len(value)-1]
	}
	if p["AppId"] != c.appID {
		return fmt.Errorf("%w: signed for another application", cnpay.ErrSignature)
	}
	if err := c.key.Verify(c.text(p["Timestamp"], p["Nonce"], reply.Body), p["Signature"]); err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	return nil
}

// decode reads an answer. Clients that wrap their requests in a member data get their answers wrapped too, and
// then nothing else comes with it. The platform's documents spell the time of the answer in three ways.
func (c *Client) decode(reply *transport.Reply, res response) error {
	extra, err := c.fields.DecodeJSON(reply.Body, res)
	if wrapped := extra["data"]; err == nil && len(extra) == 1 && strings.HasPrefix(wrapped, "{") && reflect.ValueOf(res).Elem().IsZero() {
		extra, err = c.fields.DecodeJSON([]byte(wrapped), res)
	}
	if err != nil {
		return err
	}
	base := res.base()
	for _, name := range [...]string{"responseTimeStamp", "requestTimestamp"} {
		var text string
		if base.ResponseTimestamp == "" && json.Unmarshal([]byte(extra[name]), &text) == nil {
			base.ResponseTimestamp = text
		}
	}
	base.Answer = cnpay.Answer{HTTPStatus: reply.Status, Raw: reply.Body, Extra: extra}
	return nil
}

// belongs refuses an answer about another order, and a success that does not say which order it is about.
func belongs[Res any](m message[Res], res *Res, outcome cnpay.Outcome) error {
	named, differs := m.answered(res)
	switch {
	case differs != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, differs)
	case !named && (outcome == cnpay.Succeeded || outcome == cnpay.Pending):
		return fmt.Errorf("%w: it names no order", cnpay.ErrMismatch)
	}
	return nil
}

// echo is a field of a request that its answer repeats.
type echo struct{ name, sent, received string }

// different is the name of the first field that came back with another value. Refusals leave fields out.
func different(echoes ...echo) string {
	for _, e := range echoes {
		if e.received != "" && e.received != e.sent {
			return e.name
		}
	}
	return ""
}
