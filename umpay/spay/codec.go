package spay

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// exchange is one call to UMPay, in the steps of [call.Protocol].
type exchange struct {
	client  *Client
	op      Operation
	request any // a copy of the caller's
	answer  response
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

// Ticket keeps what the queries need. An order that is paid later can be paid until it expires.
func (x *exchange) Ticket() cnpay.Ticket {
	t := cnpay.Ticket{
		Order: cmp.Or(x.text("refund_no"), x.text("order_id"), x.text("trade_no"), x.text("settle_date"), x.text("settle_type")),
		Fields: x.client.call.Asked(x.request, "order_id", "mer_date", "trade_no", "amount", "refund_no", "refund_amount",
			"org_amount"),
	}
	if x.op.PaidLater {
		t.Until = x.client.call.Settings.Now().UTC().Round(0).Add(x.expiry())
	}
	return t
}

// expiry is how long an order can be paid.
func (x *exchange) expiry() time.Duration {
	const day, longest = 1440, 365 * 1440 // minutes
	minutes, err := strconv.ParseInt(x.text("expire_time"), 10, 64)
	if err != nil {
		minutes = day
	}
	return time.Duration(min(max(minutes, 1), longest)) * time.Minute
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

// encrypted are the fields that go over the wire encrypted, in every message that has them.
var encryptedNames = [...]string{
	"card_id", "valid_date", "cvv2", "pass_wd", "identity_code", "card_holder", "recv_account", "recv_user_name",
	"identity_holder", "identityCode", "cardHolder", "mer_cust_name", "account_name", "bank_account", "endDate",
	"license_num", "document_no",
}

func encrypted(name string) bool { return slices.Contains(encryptedNames[:], name) }

// Check completes the request, and refuses what the text to sign cannot hold.
func (x *exchange) Check() []cnpay.Fault {
	fields := &x.client.call.Fields
	fields.Fill(x.request, sign.Pair{Name: "amt_type", Value: "RMB"})
	if own, ok := x.request.(interface{ head() *envelope }); ok {
		*own.head() = envelope{
			Service: x.op.service(), Charset: "UTF-8", MerID: x.client.call.Account, ResFormat: "HTML", Version: x.op.version(),
		}
	}
	faults := fields.Check(x.request)
	for _, p := range fields.Pairs(x.request) {
		text, err := gbk(p.Value)
		most := x.client.platform.Size() - 11 // the padding of PKCS #1
		switch {
		case err != nil:
			faults = append(faults, cnpay.Fault{Field: p.Name, Problem: err.Error()})
		case encrypted(p.Name) && len(text) > most:
			faults = append(faults, cnpay.Fault{Field: p.Name, Problem: fmt.Sprintf("must be at most %d bytes in GBK; it is given in plain text", most)})
		}
	}
	if ruled, ok := x.request.(interface{ faults() []cnpay.Fault }); ok {
		faults = append(faults, ruled.faults()...)
	}
	return faults
}

// Encode makes the form that is sent: trimmed as UMPay's program does it, without empty values, encrypted, signed.
func (x *exchange) Encode() ([]byte, error) {
	pairs, err := x.signed()
	return form(pairs), err
}

func (x *exchange) signed() ([]sign.Pair, error) {
	all := x.client.call.Fields.Pairs(x.request)
	if _, ours := x.request.(interface{ head() *envelope }); !ours { // of the program's own, for Do
		all = x.envelop(all)
	}
	for i := range all {
		all[i].Value = trim(all[i].Value)
		if !encrypted(all[i].Name) {
			continue
		}
		var err error
		if all[i].Value, err = x.client.encrypt(all[i].Value); err != nil {
			return nil, fmt.Errorf("%s: %w", all[i].Name, err)
		}
	}
	all = slices.DeleteFunc(all, func(p sign.Pair) bool { return p.Value == "" })
	signature, err := x.client.signature(all)
	if err != nil {
		return nil, err
	}
	return append(all, sign.Pair{Name: "sign", Value: signature}, sign.Pair{Name: "sign_type", Value: "RSA"}), nil
}

// envelop adds what every request says to one that does not say it.
func (x *exchange) envelop(all []sign.Pair) []sign.Pair {
	for _, p := range [...]sign.Pair{
		{Name: "service", Value: x.op.service()}, {Name: "charset", Value: "UTF-8"}, {Name: "mer_id", Value: x.client.call.Account},
		{Name: "res_format", Value: "HTML"}, {Name: "version", Value: x.op.version()},
	} {
		all = slices.DeleteFunc(all, func(q sign.Pair) bool { return q.Name == p.Name })
		all = append(all, p)
	}
	return all
}

func trim(s string) string {
	return strings.TrimFunc(s, func(r rune) bool { return r <= ' ' })
}

// form is pairs as a form or a link sends them.
func form(pairs []sign.Pair) []byte {
	var b bytes.Buffer
	for i, p := range pairs {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(p.Name + "=" + strings.ReplaceAll(url.QueryEscape(p.Value), "+", "%20"))
	}
	return b.Bytes()
}

// encrypt is RSA with UMPay's key over the bytes of the text in GBK (敏感信息加密).
func (c *Client) encrypt(text string) (string, error) {
	plain, err := gbk(text)
	if err != nil {
		return "", err
	}
	//lint:ignore SA1019 the protocol demands PKCS #1 v1.5
	cipher, err := rsa.EncryptPKCS1v15(rand.Reader, c.platform, plain)
	if err != nil {
		return "", errors.New("cannot be encrypted") // without the cause: nothing of the text may be in an error
	}
	return base64.StdEncoding.EncodeToString(cipher), nil
}

// Mask shows a message without card data and telephone numbers, and of a settlement file the first line alone.
func (x *exchange) Mask(body []byte) (masked []byte, ok bool) {
	fields := &x.client.call.Fields
	if bytes.HasPrefix(body, []byte(settleStart)) {
		head, rest, _ := bytes.Cut(body, []byte("\n"))
		return fmt.Appendf(bytes.Clone(head), "\n(%d bytes)", len(rest)), true
	}
	if text, err := content(string(body)); err == nil {
		masked := fields.Mask([]byte(text), x.request, x.answer)
		return bytes.Replace(body, []byte(text), masked, 1), true
	}
	return nil, false
}

// Sign does nothing: the signature is in the body.
func (x *exchange) Sign(http.Header, []byte) error { return nil }

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if f, ok := x.answer.(*FileDownloadResponse); ok && f.take(reply.Body) {
		return nil, nil
	}
	all, err := message(reply.Body)
	if err != nil {
		return nil, err
	}
	if all, err = x.client.verify(all); err != nil {
		return nil, err
	}
	return x.client.set(x.answer, all)
}

// set puts verified pairs into a struct. It returns those that the struct does not have.
func (c *Client) set(dst any, verified []sign.Pair) (extra map[string]string, err error) {
	for _, p := range verified {
		known, err := c.call.Fields.Set(dst, p.Name, p.Value)
		if err != nil {
			return nil, err
		}
		if !known {
			if extra == nil {
				extra = map[string]string{}
			}
			extra[p.Name] = p.Value
		}
	}
	return extra, nil
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	if f, ok := x.answer.(*FileDownloadResponse); ok && f.Body != nil {
		return f.judgeFile(x.client.call.Account, x.text("settle_date"), x.text("settle_type"))
	}
	v, cause := x.op.judge(x.answer, httpStatus)
	if r, ok := x.answer.(interface{ refunded() *Refunded }); ok && v.Outcome == cnpay.Succeeded && !x.op.Query {
		if cause = amountContradiction(x.text("refund_amount"), x.text("org_amount"), r.refunded().RefundAmt); cause != nil {
			v.Outcome = cnpay.Unknown
		}
	}
	return v, cause
}

// Belongs refuses an answer of another protocol, to another merchant or about another order, and a success that does not
// say which order it is about.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	fields := &x.client.call.Fields
	if f, ok := x.answer.(*FileDownloadResponse); ok && f.Body != nil { // judged with its merchant and day
		return nil
	}
	r := x.answer.base()
	switch {
	case r.Version != x.op.version():
		return fmt.Errorf("%w: version is %q, not %s", cnpay.ErrMismatch, r.Version, x.op.version())
	case r.MerID != x.client.call.Account:
		return fmt.Errorf("%w: mer_id differs", cnpay.ErrMismatch)
	}
	names := []string{"order_id", "mer_date", "amount", "refund_no"}
	if x.op.Query || x.op.ID == OpQuickPayConfirm || x.text("order_id") == "" { // a completion has a number of its own at UMPay
		names = append(names, "trade_no")
	}
	if name := fields.Differs(x.request, x.answer, names...); name != "" {
		return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
	}
	if outcome != cnpay.Succeeded || x.op.NoMoney {
		return nil
	}
	if x.text("refund_no") != "" && fields.Has(x.answer, "refund_no") && fields.Text(x.answer, "refund_no") == "" {
		return fmt.Errorf("%w: refund_no is missing: it may be another refund of the order", cnpay.ErrMismatch)
	}
	for _, name := range []string{"refund_no", "order_id", "trade_no"} {
		if x.text(name) != "" && fields.Text(x.answer, name) != "" {
			return nil
		}
	}
	return fmt.Errorf("%w: the answer names no order", cnpay.ErrMismatch)
}
