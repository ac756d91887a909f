package unionpay

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// ErrEarlyRefusal says that UnionPay refused a request before it came to signing (Invalid request., Invalid request
// URI., or a refusal without a signature). It is most likely true and nothing happened; but anybody can say it, so the
// outcome is Unknown until a query has settled it. It comes with the text, for the merchant's developers.
var ErrEarlyRefusal = errors.New("refused before signing, by an answer that cannot be verified")

// response is a pointer to an answer's struct.
type response interface{ base() *Response }

// exchange is one call to UnionPay, in the steps of [call.Protocol].
type exchange struct {
	client   *Client
	op       Operation
	request  any // a copy of the caller's
	answer   response
	sent     []sign.Pair // what is signed and sent, in the client's character set
	encoded  []byte      // the same as a form, with its signature
	received []sign.Pair
}

// text is a field of the request.
func (x *exchange) text(name string) string { return x.client.call.Fields.Text(x.request, name) }

func (x *exchange) Ticket() cnpay.Ticket {
	t := cnpay.Ticket{
		Account: x.text("merId"),
		Order:   cmp.Or(x.text("orderId"), x.text("queryId"), x.text("settleDate")),
		Fields:  x.client.call.Asked(x.request, append(asked(), x.op.Keep...)...),
	}
	if x.op.PaidByPayer {
		t.Until = payEnd(x.text("payTimeout"))
	}
	return t
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.answer }

// Mask hides card data and secrets in an answer, which looks like a form and is not one.
func (x *exchange) Mask(body []byte) ([]byte, bool) {
	if bytes.Equal(body, x.encoded) {
		return nil, false // a form
	}
	text, err := plain(body)
	if err == nil {
		var m arrived
		if m, err = x.client.parse(text, x.echoes()); err == nil {
			return x.client.call.Fields.MaskPairs(m.pairs, x.request, x.answer), true
		}
	}
	return x.client.call.Fields.Mask(groups().ReplaceAll(body, []byte("{***}"))), true
}

// groups finds what may be a group with a token in it.
func groups() *regexp.Regexp { return regexp.MustCompile(`\{[^}]*(\}|$)`) }

// Check fills in what the configuration and the operation know, and puts the fields in the order in which they are
// signed.
func (x *exchange) Check() []cnpay.Fault {
	c, fields := x.client, &x.client.call.Fields
	faults, added := x.envelope()
	product := x.op.BizType
	if r, ok := x.request.(interface{ product() string }); ok {
		product = cmp.Or(r.product(), product)
	}
	fields.Fill(x.request,
		sign.Pair{Name: "txnSubType", Value: x.op.TxnSubType},
		sign.Pair{Name: "merId", Value: c.call.Account},
		sign.Pair{Name: "accessType", Value: c.accessType},
		sign.Pair{Name: "bizType", Value: product},
		sign.Pair{Name: "channelType", Value: x.op.ChannelType},
		sign.Pair{Name: "currencyCode", Value: "156"},
		sign.Pair{Name: "fileType", Value: "00"},
		sign.Pair{Name: "certType", Value: "01"})
	if merID := x.text("merId"); merID != "" && !c.isOwn(merID) {
		faults = append(faults, cnpay.Fault{Field: "merId", Problem: "is not one of the client's merchants"})
	}
	faults = append(faults, fields.Check(x.request)...)
	x.sent = append(fields.Pairs(x.request), added...)
	if added != nil {
		slices.SortFunc(x.sent, byName)
	}
	for i := range x.sent {
		x.sent[i].Value = trimmed(x.sent[i].Value)
	}
	if own := fieldOf(x.sent, "reqReserved"); c.impersonates("reqReserved", own, nil) {
		faults = append(faults, cnpay.Fault{Field: "reqReserved", Problem: "must not hold text that reads as another field, like &respCode="})
	}
	faults = append(faults, needsEncryptCertID(x.sent)...)
	if c.encoding == GBK {
		faults = append(faults, toGBK(x.sent)...)
	}
	return faults
}

// envelope writes what the client alone says, refuses what the caller said instead, and returns the fields for which the
// request has no place.
func (x *exchange) envelope() (faults []cnpay.Fault, added []sign.Pair) {
	c, fields := x.client, &x.client.call.Fields
	own := []sign.Pair{
		{Name: "version", Value: version}, {Name: "encoding", Value: string(c.encoding)}, {Name: "signMethod", Value: string(c.signMethod)},
		{Name: "certId", Value: c.certID}, {Name: "signature"}, {Name: "txnType", Value: x.op.TxnType},
	}
	if _, fixed := x.request.(interface{ oneKind() }); fixed || !fields.Has(x.request, "txnSubType") {
		own = append(own, sign.Pair{Name: "txnSubType", Value: x.op.TxnSubType})
	}
	for _, p := range own {
		said := x.text(p.Name)
		if said != "" && said != p.Value && !(p.Name == "encoding" && strings.EqualFold(said, p.Value)) {
			problem := "must be left empty"
			if p.Value != "" {
				problem += " or be " + p.Value
			}
			faults = append(faults, cnpay.Fault{Field: p.Name, Problem: problem})
			continue
		}
		known, _ := fields.Set(x.request, p.Name, p.Value) // never fails for text
		if !known && p.Value != "" {
			added = append(added, p)
		}
	}
	return faults, added
}

func (x *exchange) Encode() ([]byte, error) {
	pairs, err := x.signed()
	if err != nil {
		return nil, err
	}
	x.encoded = form(pairs)
	return x.encoded, nil
}

// signed is the fields with their signature last.
func (x *exchange) signed() ([]sign.Pair, error) {
	text, err := sign.AppendCanonical(nil, x.sent)
	if err != nil {
		return nil, err
	}
	signature, err := x.client.signer.Sign(text)
	if err != nil {
		return nil, err
	}
	return append(slices.Clip(x.sent), sign.Pair{Name: "signature", Value: signature}), nil
}

// Sign has nothing to do: the signature is a field of the body, and covers no time.
func (x *exchange) Sign(http.Header, []byte) error { return nil }

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	if reply.Status != http.StatusOK {
		return nil, transport.StatusError(reply.Status)
	}
	if x.received, err = x.client.verified(reply.Body, x.echoes()...); err != nil {
		return nil, err
	}
	return x.client.decode(x.received, x.answer)
}

// echoes are the fields that the answer repeats and that could break its grammar.
func (x *exchange) echoes() []sign.Pair {
	own := x.text("reqReserved")
	if r, ok := x.request.(interface{ unsent() string }); ok {
		own = r.unsent()
	}
	return x.client.echoes(x.sent, own)
}

// Learn adds UnionPay's number of the transaction to the ticket, which what is done to it later needs.
func (x *exchange) Learn() map[string]string {
	if x.op.Query || x.op.NoMoney {
		return nil
	}
	return x.client.call.Asked(x.answer, "queryId")
}

func (x *exchange) Judge(int) (cnpay.Verdict, error) {
	r := x.answer.base()
	return cnpay.Verdict{Outcome: x.op.judge(r.RespCode), Code: r.RespCode, Message: r.RespMsg}, nil
}

// Belongs refuses an answer to another request, and one that decides without saying what: a genuine refusal of
// another order could be sent instead of this one's answer. Published refusals name their order.
func (x *exchange) Belongs(outcome cnpay.Outcome) error {
	decided := outcome != cnpay.Unknown
	for _, name := range [...]string{"orderId", "txnTime", "queryId", "merId", "txnType", "txnAmt", "currencyCode", "origQryId", "settleDate"} {
		asked, answered := fieldOf(x.sent, name), fieldOf(x.received, name)
		switch {
		case asked == "" || asked == answered:
		case answered == "":
			if decided && (name == "orderId" || name == "txnTime" || name == "queryId") {
				return fmt.Errorf("%w: %s is missing from %s %s", cnpay.ErrMismatch, name,
					fieldOf(x.received, "respCode"), fieldOf(x.received, "respMsg"))
			}
		case name == "txnType" && x.op.TxnType == "00": // a query is answered with the type that it found
		case name == "txnAmt" && strings.TrimLeft(answered, "0") == strings.TrimLeft(asked, "0"):
		default:
			return fmt.Errorf("%w: %s differs", cnpay.ErrMismatch, name)
		}
	}
	if err := x.consistent(); err != nil {
		return err
	}
	if name := x.op.Requires; name != "" && (outcome == cnpay.Succeeded || outcome == cnpay.Pending) && fieldOf(x.received, name) == "" {
		return fmt.Errorf("%w: a success without %s", cnpay.ErrMalformed, name)
	}
	return nil
}

// consistent refuses the answer to a query that contradicts itself: money that moved has an amount, and what was not
// found has no outcome of its own.
func (x *exchange) consistent() error {
	original, txnType := fieldOf(x.received, "origRespCode"), fieldOf(x.received, "txnType")
	switch {
	case x.op.TxnType != "00" || original == "":
		return nil
	case fieldOf(x.received, "respCode") == CodeNotFound:
		return call.Contradiction("respCode 34 comes with origRespCode %s", original)
	case movesMoney(txnType) && isNothing(fieldOf(x.received, "txnAmt")) && judgeOriginal(txnType, original) == cnpay.Succeeded:
		return call.Contradiction("origRespCode %s comes with a txnAmt of nothing", original)
	}
	return nil
}

// trimmed is a value as it is signed and sent: UnionPay's own program cuts off blanks at the ends, so nobody has seen
// whether its gateway accepts them.
func trimmed(value string) string { return strings.Trim(value, " ") }

// form is the body of a request: what is sent is what was signed.
func form(pairs []sign.Pair) []byte {
	size := 0
	for _, p := range pairs {
		size += len(p.Name) + len(p.Value)*5/4 + 2
	}
	body := make([]byte, 0, size)
	for i, p := range pairs {
		if i > 0 {
			body = append(body, '&')
		}
		body = append(body, p.Name...)
		body = append(body, '=')
		body = append(body, url.QueryEscape(p.Value)...)
	}
	return body
}

// toGBK puts the values into GBK, and names the fields with text that GBK cannot hold.
func toGBK(pairs []sign.Pair) []cnpay.Fault {
	var faults []cnpay.Fault
	for i, p := range pairs {
		text, err := GBK.bytes(p.Value)
		if err != nil {
			faults = append(faults, cnpay.Fault{Field: p.Name, Problem: "has characters that GBK does not have"})
			continue
		}
		pairs[i].Value = string(text)
	}
	return faults
}

// arrived is what came, signed by UnionPay or not: the fields in UTF-8 and, where the message's character set is
// another, as the bytes that came, which are what a signature is over.
type arrived struct {
	pairs []sign.Pair
	raw   []sign.Pair // in the same order; nil when the pairs are what came
}

// verified returns the fields of an answer's body, which its signature proves genuine.
func (c *Client) verified(body []byte, echoes ...sign.Pair) ([]sign.Pair, error) {
	text, err := plain(body)
	if err != nil {
		return nil, err
	}
	m, err := c.parse(text, echoes)
	switch {
	case err != nil:
		return nil, err
	case fieldOf(m.pairs, "signature") == "":
		return nil, unsigned(m.pairs)
	}
	return m.pairs, c.verify(m, echoes...)
}

// parse reads a body in the character set that it names itself, most likely the client's own.
func (c *Client) parse(text string, echoes []sign.Pair) (arrived, error) {
	other := GBK
	if c.encoding == GBK {
		other = UTF8
	}
	var first error
	for _, encoding := range [...]Encoding{c.encoding, other} {
		m, err := split(text, encoding, echoes)
		if err == nil {
			named := fieldOf(m.pairs, "encoding")
			if known, _ := Encoding(named).known(); named == "" || known == encoding {
				return m, nil
			}
		}
		if first == nil {
			first = err
		}
	}
	if first == nil {
		first = fmt.Errorf("%w: neither UTF-8 nor GBK", cnpay.ErrMalformed)
	}
	return arrived{}, first
}

// split reads a body in one character set.
func split(text string, encoding Encoding, echoes []sign.Pair) (arrived, error) {
	if encoding != GBK {
		if _, err := fromCharset(text, encoding); err != nil {
			return arrived{}, err
		}
		pairs, err := parseEchoes(text, echoes, parsePairs)
		return arrived{pairs: pairs}, err
	}
	var known []sign.Pair
	for _, echo := range echoes {
		if value, err := GBK.bytes(echo.Value); err == nil {
			known = append(known, sign.Pair{Name: echo.Name, Value: string(value)})
		}
	}
	raw, err := parseEchoes(text, known, parseGBK)
	if err != nil {
		return arrived{}, err
	}
	return inUTF8(raw, GBK)
}

// inUTF8 is a message whose values came as the bytes of a character set.
func inUTF8(raw []sign.Pair, encoding Encoding) (arrived, error) {
	m := arrived{pairs: raw}
	if encoding == GBK {
		m = arrived{pairs: slices.Clone(raw), raw: raw}
	}
	for i := range m.pairs {
		text, err := fromCharset(m.pairs[i].Value, encoding)
		if err != nil {
			return arrived{}, err
		}
		m.pairs[i].Value = text
	}
	return m, nil
}

// parseGBK is parsePairs of bytes in GBK, where the second byte of a character can be a bracket.
func parseGBK(text string) ([]sign.Pair, error) {
	covered := []byte(text)
	for i := 0; i+1 < len(covered); i++ {
		if covered[i] > 0x80 {
			covered[i], covered[i+1] = 0xff, 0xff
			i++
		}
	}
	pairs, err := parsePairs(string(covered))
	at := 0
	if _, ok := braced(string(covered)); ok {
		at = 1
	}
	for i, p := range pairs {
		at += len(p.Name) + len("=")
		pairs[i].Value = text[at : at+len(p.Value)]
		at += len(p.Value) + len("&")
	}
	return pairs, err
}

const (
	blanks        = " \t\r\n"
	byteOrderMark = "\ufeff"
)

// plain refuses bodies that are no messages. It cuts off nothing that can belong to a value: a last value may end in
// blanks, and a character of GBK in a byte that Unicode takes for one.
func plain(body []byte) (string, error) {
	text := strings.TrimRight(strings.TrimLeft(string(body), blanks+byteOrderMark), "\r\n")
	switch start := strings.TrimRight(text[:min(len(text), 100)], blanks); {
	case text == "":
		return "", fmt.Errorf("%w: empty body", cnpay.ErrMalformed)
	case len(start) < 100 && strings.HasPrefix(start, "Invalid request"): // "Invalid request.", "Invalid request URI."
		return "", fmt.Errorf("%w: %s", ErrEarlyRefusal, start)
	case start[0] == '<':
		return "", fmt.Errorf("%w: an HTML page", cnpay.ErrMalformed)
	default:
		return text, nil
	}
}

// echoes are the fields of a request that would break the grammar of an answer, which repeats them unescaped: a
// backUrl with parameters, a name with an "&". A query is answered with the reqReserved of what it asks for.
func (c *Client) echoes(sent []sign.Pair, reqReserved string) []sign.Pair {
	var found []sign.Pair
	add := func(name, value string) {
		if strings.ContainsAny(value, "&{}[]") {
			found = append(found, sign.Pair{Name: name, Value: value})
		}
	}
	for _, p := range sent {
		value := p.Value
		if c.encoding == GBK { // whose second bytes can look like brackets
			value, _ = fromCharset(value, GBK)
		}
		if p.Name != "reqReserved" {
			add(p.Name, value)
		}
	}
	add("reqReserved", trimmed(reqReserved))
	return found
}

// parseEchoes reads fields of which some are known beforehand, so that these neither break the answer nor bend it to
// the will of whoever wrote them.
func parseEchoes(text string, echoes []sign.Pair, parse func(string) ([]sign.Pair, error)) ([]sign.Pair, error) {
	var known []sign.Pair
	for _, echo := range echoes {
		before, after, found := strings.Cut("&"+text+"&", "&"+echo.Name+"="+echo.Value+"&")
		if found {
			text = strings.Trim(before+"&"+after, "&")
			known = append(known, echo)
		}
	}
	pairs, err := parse(text)
	return append(pairs, known...), err // a name that is now duplicated is refused when the fields are put in order
}

func fromCharset(text string, encoding Encoding) (string, error) {
	if encoding == GBK && !isASCII(text) {
		decoded, err := simplifiedchinese.GBK.NewDecoder().String(text)
		if err != nil || strings.ContainsRune(decoded, utf8.RuneError) {
			return "", fmt.Errorf("%w: not GBK", cnpay.ErrMalformed)
		}
		return decoded, nil
	}
	if !utf8.ValidString(text) {
		return "", fmt.Errorf("%w: not UTF-8", cnpay.ErrMalformed)
	}
	return text, nil
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// mostScratch is the largest buffer that is kept for the next answer; most need three thousand bytes, files more.
const mostScratch = 64 << 10

// verify checks that UnionPay signed exactly these fields with the method that the client is configured for. What
// the message itself says of its method only has to agree. It puts the fields into the order in which they are signed.
//
// The signed text has no escapes, so the same text is that of other fields too: of a reqReserved that ends before an
// "&respCode=" in it, for one. A value that reads as a field is therefore refused, unless it is known beforehand.
func (c *Client) verify(m arrived, known ...sign.Pair) error {
	pairs := m.pairs
	signed, signature := toVerify(pairs)
	// Where the signature stands last, what was put behind the message is in its value.
	signature = strings.TrimRight(signature, blanks+byteOrderMark)
	if signature == "" {
		return fmt.Errorf("%w: no signature", cnpay.ErrSignature)
	}
	if v := fieldOf(signed, "version"); v != "" && v != version {
		return fmt.Errorf("%w: version is not %s", cnpay.ErrSignature, version)
	}
	if v := fieldOf(signed, "signMethod"); v != "" && v != string(c.signMethod) {
		return fmt.Errorf("%w: signMethod is not the client's %s", cnpay.ErrSignature, c.signMethod)
	}
	for _, p := range signed {
		if c.impersonates(p.Name, p.Value, signed) && !slices.Contains(known, p) {
			return fmt.Errorf("%w: the value of %s reads as another field", cnpay.ErrSignature, p.Name)
		}
	}
	if m.raw != nil {
		signed, _ = toVerify(m.raw)
	}
	verifier := c.keyed
	var certificate *x509.Certificate
	if c.trust != nil {
		v, err := c.trust.signing.Verifier(fieldOf(signed, "signPubKeyCert"), c.now())
		if err != nil {
			return fmt.Errorf("%w: signPubKeyCert: %w", cnpay.ErrSignature, c.explained(err, signed, signature, nil))
		}
		verifier, certificate = v, v.Certificate()
	}
	scratch, _ := c.scratch.Get().(*[]byte)
	if scratch == nil {
		scratch = new([]byte)
	}
	text, err := sign.AppendCanonical((*scratch)[:0], signed)
	if err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrMalformed, err)
	}
	if cap(text) <= mostScratch {
		*scratch = text
		defer c.scratch.Put(scratch)
	}
	if err := verifier.Verify(text, signature); err != nil {
		return fmt.Errorf("%w: %w", cnpay.ErrSignature, c.explained(err, signed, signature, verifier))
	}
	if certificate != nil {
		c.messageVerified(certificate)
	}
	return nil
}

// toVerify puts fields into the order in which they are signed, with the signature last, and returns those before it
// and the signature, "" without one.
func toVerify(pairs []sign.Pair) (signed []sign.Pair, signature string) {
	last := len(pairs) - 1
	at := slices.IndexFunc(pairs, func(p sign.Pair) bool { return p.Name == "signature" })
	if at < 0 {
		return nil, ""
	}
	pairs[at], pairs[last] = pairs[last], pairs[at]
	signed = pairs[:last]
	slices.SortFunc(signed, byName)
	return signed, pairs[last].Value
}

func byName(a, b sign.Pair) int { return strings.Compare(a.Name, b.Name) }

// explained adds to the error of a signature what happened to the message on its way, where the fields show it. Without
// a verifier it is the certificate that failed.
func (c *Client) explained(err error, signed []sign.Pair, signature string, verifier sign.Verifier) error {
	certificate := fieldOf(signed, "signPubKeyCert")
	content := strings.NewReplacer("BEGIN CERTIFICATE", "", "END CERTIFICATE", "").Replace(strings.TrimSpace(certificate))
	const (
		twice    = "the text was encoded twice on the way: %w"
		lineEnds = "the line ends in signPubKeyCert were changed on the way: %w"
	)
	switch {
	case strings.Contains(signature+certificate, "%"): // of which Base64 has none
		return fmt.Errorf(twice, err)
	case content != "" && strings.Contains(content, `\`):
		return fmt.Errorf(`its line ends have become \r\n of four letters on the way: %w`, err)
	case content != "" && !strings.Contains(content, "\n"):
		return fmt.Errorf("its line ends were lost on the way: %w", err)
	case strings.Contains(strings.ReplaceAll(content, "\r\n", ""), "\r"):
		return fmt.Errorf(lineEnds, err)
	case strings.Contains(signature, " "):
		return fmt.Errorf("a + in signature has become a blank on the way: %w", err)
	case strings.Contains(content, " "):
		return fmt.Errorf("a + in signPubKeyCert has become a blank on the way: %w", err)
	case verifier == nil:
		return err
	}
	// What was signed is tried: then the cause is certain.
	genuine := func(pairs []sign.Pair) bool {
		text, err := sign.Canonical(pairs)
		return err == nil && verifier.Verify(text, signature) == nil
	}
	changed := func(change func(sign.Pair) string) []sign.Pair {
		pairs := slices.Clone(signed)
		for i, p := range pairs {
			pairs[i].Value = change(p)
		}
		return pairs
	}
	if certificate != "" && genuine(changed(func(p sign.Pair) string {
		if p.Name == "signPubKeyCert" {
			return strings.ReplaceAll(p.Value, "\n", "\r\n")
		}
		return p.Value
	})) {
		return fmt.Errorf(lineEnds, err)
	}
	if genuine(changed(func(p sign.Pair) string {
		if value, err := url.QueryUnescape(p.Value); err == nil {
			return value
		}
		return p.Value
	})) {
		return fmt.Errorf(twice, err)
	}
	var added []string
	rest := slices.DeleteFunc(slices.Clone(signed), func(p sign.Pair) bool {
		unknown := !c.documented(p.Name)
		if unknown {
			added = append(added, p.Name)
		}
		return unknown
	})
	if genuine(rest) {
		return fmt.Errorf("%s, which no document has, was added on the way: %w", strings.Join(added, ", "), err)
	}
	return err
}

// impersonates reports whether the value of a field holds what reads, in the text that is signed, as another field: one
// of the message or one of the documents. A group is left out: its sub-fields stand in braces.
//
// The merchant's own text may hold names that sort before its field's. Split off, they would not be where the order of
// the signed text has them; and no field before it can take in the text between, which begins with "&reqReserved=".
func (c *Client) impersonates(name, value string, message []sign.Pair) bool {
	const own = "reqReserved"
	if _, group := braced(value); group && valueEnd(value) == len(value) && name != own {
		return false
	}
	for {
		_, rest, found := strings.Cut(value, "&")
		if !found {
			return false
		}
		part, _, _ := strings.Cut(rest, "&")
		other, _, found := strings.Cut(part, "=")
		if found && (name != own || other >= own) &&
			(c.documented(other) || slices.ContainsFunc(message, func(p sign.Pair) bool { return p.Name == other })) {
			return true
		}
		value = rest
	}
}

// documented reports whether an answer or a notification can have a field of that name.
func (c *Client) documented(name string) bool {
	if isOurs(name) {
		return false
	}
	for _, message := range [...]any{
		OrderQueryResponse{}, PurchaseNotification{}, OpenNotification{}, OtherNotification{},
	} {
		if c.call.Fields.Has(message, name) {
			return true
		}
	}
	return name == "certId"
}

// unsigned distinguishes an early refusal, which the documents know, from an answer whose signature is lost.
func unsigned(pairs []sign.Pair) error {
	switch code := fieldOf(pairs, "respCode"); code {
	case "01", "02", "03", "10", "11", "32":
		return fmt.Errorf("%w: %w: %s %s", ErrEarlyRefusal, cnpay.ErrSignature, code, fieldOf(pairs, "respMsg"))
	}
	return fmt.Errorf("%w: no signature", cnpay.ErrSignature)
}

// fieldOf is the value of a field, "" without it.
func fieldOf(pairs []sign.Pair, name string) string {
	for i := range pairs {
		if pairs[i].Name == name {
			return pairs[i].Value
		}
	}
	return ""
}

// decode puts verified fields into dst and returns those it has no place for. The error is that of a number that is
// not one, which is then among those.
func (c *Client) decode(pairs []sign.Pair, dst any) (extra map[string]string, err error) {
	for _, p := range pairs {
		var known bool
		var unfit error
		if !isOurs(p.Name) {
			known, unfit = c.call.Fields.Set(dst, p.Name, p.Value)
		}
		if unfit != nil {
			err = unfit
		}
		if !known || unfit != nil {
			if extra == nil {
				extra = map[string]string{}
			}
			extra[p.Name] = p.Value
		}
	}
	return extra, err
}

// isNothing reports whether an amount is there and not positive.
func isNothing(amount string) bool {
	return amount != "" && (strings.Trim(amount, "0") == "" || amount[0] == '-')
}

// movesMoney reports whether the success of a transaction of that type is about money.
func movesMoney(txnType string) bool {
	switch txnType {
	case "01", "02", "03", "04", "11", "12", "31", "32", "33":
		return true
	}
	return false
}
