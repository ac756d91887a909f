package cnpay

import (
	"cmp"
	"html"
	"io"
	"net/http"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Form is a signed order that the payer's browser takes to the provider: a link where the provider has one, else a form
// that submits itself. Making one sends nothing and moves no money; the payer does. Its Ticket is what a journal keeps,
// and what settles the order.
//
//	form, err := client.Pages.Purchase(req)
//	form.ServeHTTP(w, r)
type Form struct {
	Ticket Ticket

	// Link is where the browser goes, for a redirect or a QR code. It is empty where only a form leads there.
	Link string

	Action   string      // where the form goes, with POST
	Fields   []FormField // with the signature
	Encoding string      // of the page and of what the form sends: "UTF-8", which empty means, or "GBK"
	Nonce    string      // of the page's script, if the merchant's Content-Security-Policy has one
}

// FormField is one field of a [Form], in UTF-8.
type FormField struct{ Name, Value string }

// ContentType is the media type of the page.
func (f *Form) ContentType() string { return "text/html; charset=" + f.encoding() }

func (f *Form) encoding() string { return cmp.Or(f.Encoding, "UTF-8") }

// WriteHTML writes a page that takes the browser on, and has a button for browsers that run no script. Everything in it
// is escaped, whoever wrote the order's description; it is ASCII, so it is the same in every character set. A page with a
// Content-Security-Policy needs form-action with the provider's host, and for the script its nonce in Nonce.
func (f *Form) WriteHTML(w io.Writer) error {
	var b strings.Builder
	b.WriteString("<!DOCTYPE html>\n<html lang=\"zh\">\n<head><meta charset=\"" + ascii(f.encoding()) + "\"><title>" + ascii("支付") + "</title></head>\n<body>\n")
	leave := `document.getElementById("pay_form").submit()`
	if f.Link != "" {
		leave = `location.replace(document.links[0].href)`
		b.WriteString(`<a href="` + ascii(f.Link) + `">` + ascii("前往支付") + "</a>\n")
	} else {
		b.WriteString(`<form id="pay_form" name="pay_form" action="` + ascii(f.Action) + `" method="post" accept-charset="` + ascii(f.encoding()) + "\">\n")
		for _, field := range f.Fields {
			b.WriteString(`<input type="hidden" name="` + ascii(field.Name) + `" value="` + ascii(field.Value) + "\">\n")
		}
		b.WriteString(`<noscript><button type="submit">` + ascii("前往支付") + "</button></noscript>\n</form>\n")
	}
	b.WriteString("<script")
	if f.Nonce != "" {
		b.WriteString(` nonce="` + ascii(f.Nonce) + `"`)
	}
	b.WriteString(">" + leave + "</script>")
	b.WriteString("\n</body>\n</html>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// ServeHTTP takes the payer's browser to the provider: by a redirect, or with the page.
func (f *Form) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if f.Link != "" {
		http.Redirect(w, r, f.Link, http.StatusSeeOther)
		return
	}
	w.Header().Set("Content-Type", f.ContentType())
	_ = f.WriteHTML(w) // the only error left is the browser's connection
}

// ascii is text for an HTML page of any character set: escaped, and all beyond ASCII as references.
func ascii(s string) string {
	var b strings.Builder
	for _, r := range html.EscapeString(s) {
		switch {
		case r == '\r' || r == '\n' || r == '\t': // an attribute's line ends would be changed on the way
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		default:
			b.WriteString("&#" + strconv.Itoa(int(r)) + ";")
		}
	}
	return b.String()
}
