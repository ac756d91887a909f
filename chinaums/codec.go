package chinaums

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// exchange is one call to ChinaUMS, in the steps of [call.Protocol].
type exchange struct {
	client   *Client
	op       Operation
	request  any // a copy of the caller's
	answer   response
	settings cnpay.Settings
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

const howManyNumbers = 12

// numbers returns the names by which ChinaUMS knows orders. The first that a request holds is the operation's own.
func numbers() [howManyNumbers]string {
	return [...]string{
		"authedOrderId", "refundOrderId", "refundRequestId", "mchntOrderId", "merOrderId", "cancelOrderId",
		"merchantOrderId", "billNo", "qrCodeId", "originalOrderId", "targetOrderId", "systemTraceNum",
	}
}

// kept returns the names that a ticket keeps of a request: its numbers, who asks, and about what.
func kept() [howManyNumbers + 19]string {
	names := [...]string{
		howManyNumbers: "mid", "tid", "instMid", "billDate", "mchntNo", "termNo", "bizType", "preauthOrderId", "merchantCode", "terminalCode",
		"totalAmount", "refundAmount", "completedAmount", "totalAmt", "transactionAmount", "expireTime", "attachRefund",
		"billStatus", "oriTransDate",
	}
	own := numbers()
	copy(names[:], own[:])
	return names
}

// echoes returns the names of what an answer repeats of its request, if it has it at all.
func echoes() [14]string {
	return [...]string{
		"mid", "tid", "msgId", "billNo", "billDate", "merOrderId", "refundOrderId", "authedOrderId", "cancelOrderId",
		"qrCodeId", "mchntNo", "termNo", "mchntOrderId", "merchantOrderId",
	}
}

func (x *exchange) Ticket() cnpay.Ticket {
	names := kept()
	t := cnpay.Ticket{Fields: x.client.call.Asked(x.request, names[:]...)}
	for _, name := range numbers() {
		if t.Order = t.Fields[name]; t.Order != "" {
			break
		}
	}
	if end, err := time.ParseInLocation(time.DateTime, t.Fields["expireTime"], cnpay.Beijing()); err == nil {
		t.Until = end.UTC()
	}
	return t
}

// Learn adds to the ticket what shows that ChinaUMS has the order: its number of it, or the code that it made. From then
// on its absence no longer means that the request never arrived.
func (x *exchange) Learn() map[string]string {
	if x.op.Query || judgeCode(x.answer.base().ErrCode) != cnpay.Succeeded {
		return nil
	}
	return x.client.call.Asked(x.answer, "seqId", "billQRCode")
}

// arrived reports whether an answer has shown that ChinaUMS has the ticket's order.
func arrived(t cnpay.Ticket) bool { return t.Fields["seqId"] != "" || t.Fields["billQRCode"] != "" }

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

// checker is a request with a rule that its tags cannot say.
type checker interface{ check() []cnpay.Fault }

func (x *exchange) Check() []cnpay.Fault {
	fields := &x.client.call.Fields
	now := x.now().Format(time.DateTime)
	fields.Fill(x.request, sign.Pair{Name: "requestTimestamp", Value: now}, sign.Pair{Name: "reqTs", Value: now},
		sign.Pair{Name: "transactionCurrencyCode", Value: "156"}) // the only one
	faults := fields.Check(x.request)
	if c, ok := x.request.(checker); ok {
		faults = append(faults, c.check()...)
	}
	return faults
}

func (x *exchange) Encode() ([]byte, error) { return x.client.call.Fields.EncodeJSON(x.request) }

func (x *exchange) Sign(h http.Header, body []byte) error {
	authorization, err := x.client.authorize(x.now().Format(compact), x.nonce(), body)
	h["Authorization"] = []string{authorization}
	return err
}

// compact is the form of the time that is signed.
const compact = "20060102150405"

func (x *exchange) now() time.Time { return x.settings.Now().In(x.client.zone) }

func (x *exchange) nonce() string {
	if x.settings.Nonce != nil {
		return x.settings.Nonce()
	}
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

const scheme = "OPEN-BODY-SIG"

// authorize is the value of the Authorization header (平台认证方式) for one attempt.
func (c *Client) authorize(timestamp, nonce string, body []byte) (string, error) {
	signature, err := c.key.Sign(c.text(timestamp, nonce, body))
	return scheme + ` AppId="` + c.call.Account + `",Timestamp="` + timestamp + `",Nonce="` + nonce +
		`",Signature="` + signature + `"`, err
}

// text is what is signed: AppId, Timestamp, Nonce and the hexadecimal SHA-256 of the body, without separators.
func (c *Client) text(timestamp, nonce string, body []byte) []byte {
	digest := sha256.Sum256(body)
	text := make([]byte, 0, len(c.call.Account)+len(timestamp)+len(nonce)+2*len(digest))
	text = append(append(append(text, c.call.Account...), timestamp...), nonce...)
	return hex.AppendEncode(text, digest[:])
}

// normalizer is an answer that the documents write in more than one way.
type normalizer interface{ normalize() error }

// Decode verifies and reads an answer. Clients that wrap their requests in a member data get their answers wrapped too,
// and then nothing else comes with it. The platform's documents spell the time of the answer in three ways.
func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if err := x.client.verify(reply); err != nil {
		return nil, err
	}
	fields := &x.client.call.Fields
	extra, err = fields.DecodeJSON(reply.Body, x.answer)
	if wrapped := extra["data"]; err == nil && len(extra) == 1 && strings.HasPrefix(wrapped, "{") && reflect.ValueOf(x.answer).Elem().IsZero() {
		extra, err = fields.DecodeJSON([]byte(wrapped), x.answer)
	}
	if err != nil {
		return nil, err
	}
	base := x.answer.base()
	for _, name := range [...]string{"responseTimeStamp", "requestTimestamp"} {
		var text string
		if base.ResponseTimestamp == "" && json.Unmarshal([]byte(extra[name]), &text) == nil {
			base.ResponseTimestamp = text
		}
	}
	if n, ok := x.answer.(normalizer); ok {
		return extra, n.normalize()
	}
	return extra, nil
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
	if p["AppId"] != c.call.Account {
		return fmt.Errorf("%w: signed for another application", cnpay.ErrSignature)
	}
	if err := c.key.Verify(c.text(p["Timestamp"], p["Nonce"], reply.Body), p["Signature"]); err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, err)
	}
	return nil
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	return judge(x, httpStatus)
}

// namer is an answer that names its order elsewhere than by the name that its request has for it.
type namer interface {
	// names reports whether the answer is about the request, and which of its fields is about another one.
	names(x *exchange) (named bool, differs string)
}

// Belongs refuses an answer about another order, and a success that does not say which order it is about.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	named, differs := x.echoed()
	if n, ok := x.answer.(namer); ok && differs == "" {
		named, differs = n.names(x)
	}
	switch {
	case differs != "":
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, differs)
	case !named && !x.op.Counter && x.ofOrder() && (outcome == cnpay.Succeeded || outcome == cnpay.Pending):
		return fmt.Errorf("%w: it names no order", cnpay.ErrMismatch)
	}
	return nil
}

// ofOrder reports whether the request is about an order: what moves money is, and a program's own query or setting need not be.
func (x *exchange) ofOrder() bool {
	own := numbers()
	return !x.op.Query && !x.op.NoMoney || slices.ContainsFunc(own[:], func(name string) bool { return x.client.call.Fields.Has(x.request, name) })
}

// elsewhere is an answer some of whose echoes are compared by its own names.
type elsewhere interface{ notEchoes() []string }

// echoed compares what the answer repeats of the request. Refusals leave fields out; what nobody sent must not come back.
func (x *exchange) echoed() (named bool, differs string) {
	var skipped []string
	if e, ok := x.answer.(elsewhere); ok {
		skipped = e.notEchoes()
	}
	fields := &x.client.call.Fields
	own := numbers()
	for _, name := range echoes() {
		if slices.Contains(skipped, name) || !fields.Has(x.request, name) {
			continue
		}
		switch asked, answered := x.text(name), fields.Text(x.answer, name); {
		case answered == "":
		case answered != asked && (asked != "" || name == "msgId"):
			return false, name
		default:
			named = named || slices.Contains(own[:], name)
		}
	}
	return named, ""
}

// different is the name of the first pair of which both hold something and not the same.
func different(pairs ...[3]string) string {
	for _, p := range pairs {
		if p[1] != "" && p[2] != "" && p[1] != p[2] {
			return p[0]
		}
	}
	return ""
}

// errorText is what an answer says of itself.
func (r *Response) errorText() string { return cmp.Or(r.ErrMsg, r.ErrInfo) }
