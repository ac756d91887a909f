package unionpay

import (
	"bytes"
	"fmt"
	"html/template"
	"io"
	"net/http"

	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// A Form is a signed order that the payer's browser takes to UnionPay (前台交易).
//
//	form, err := client.Payments.Front(req)
//	form.ServeHTTP(w, r)
//
// The page that it writes submits itself, and has a button for browsers that run no script. Everything in it is
// escaped, whoever wrote the order's description. A page with a Content-Security-Policy needs form-action with
// UnionPay's host, and for the script its nonce in Nonce.
type Form struct {
	Action   string      // where the form goes
	Encoding Encoding    // of the page and the form
	Fields   []sign.Pair // with the signature, in UTF-8
	Nonce    string      // of the page's script, if the merchant's Content-Security-Policy has one
}

// render makes the form of an operation.
func render[Req any, M interface {
	*Req
	message
}](c *Client, op operation, req *Req) (*Form, error) {
	m := M(new(Req))
	if req != nil {
		*m = *req
	}
	p := m.parts()
	pairs, err := c.signed(m, c.complete(m, p, op))
	if err != nil {
		return nil, &cnpay.Error{Subject: cnpay.Subject{Provider: "unionpay", Operation: op.id, Order: p.order}, Outcome: cnpay.Failed, Err: err}
	}
	if c.encoding == GBK {
		for i := range pairs {
			if pairs[i].Value, err = fromCharset(pairs[i].Value, GBK); err != nil {
				return nil, err
			}
		}
	}
	return &Form{Action: c.gateway + op.path, Encoding: c.encoding, Fields: pairs}, nil
}

// ContentType is the media type of the page.
func (f *Form) ContentType() string { return "text/html; charset=" + string(orElse(f.Encoding, UTF8)) }

// WriteHTML writes the page in the form's character set.
func (f *Form) WriteHTML(w io.Writer) error {
	page, err := template.New("form").Parse(formPage)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := page.Execute(&b, f); err != nil {
		return fmt.Errorf("unionpay: form: %w", err)
	}
	text := b.Bytes()
	if f.Encoding == GBK {
		if text, err = simplifiedchinese.GBK.NewEncoder().Bytes(text); err != nil {
			return fmt.Errorf("unionpay: form: %w", err)
		}
	}
	_, err = w.Write(text)
	return err
}

// ServeHTTP answers with the page.
func (f *Form) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", f.ContentType())
	w.Header().Set("Cache-Control", "no-store")
	_ = f.WriteHTML(w) // the only error left is the browser's connection
}

const formPage = `<!DOCTYPE html>
<html lang="zh">
<head><meta charset="{{.Encoding}}"><title>银联支付</title></head>
<body>
<form id="pay_form" name="pay_form" action="{{.Action}}" method="post" accept-charset="{{.Encoding}}">
{{range .Fields}}<input type="hidden" name="{{.Name}}" value="{{.Value}}">
{{end}}<noscript><button type="submit">前往银联支付</button></noscript>
</form>
<script{{with .Nonce}} nonce="{{.}}"{{end}}>document.getElementById("pay_form").submit()</script>
</body>
</html>
`
