package unionpaytest

import (
	"html/template"
	"io"
	"net/http"
	"strings"

	"golang.org/x/text/encoding/simplifiedchinese"
)

const cashierPath = "/cashier"

// cashier is UnionPay's page, on which the payer pays what a form asks for, or opens a card.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	raw, request, ok := read(body)
	op, known := operationOf(request, frontTrans)
	fault := s.Receive(op.id)
	if !ok || !known {
		s.page(w, r, fault, http.StatusOK, "Invalid request.", nil)
		return
	}
	s.mu.Lock()
	code, text := s.process(raw, request, op, fault, fields{})
	if code == "00" && !op.money { // an opening, which is no money and yet to be found
		s.keep(&transaction{request: request, code: "00", waits: true, waiting: true})
	}
	s.mu.Unlock()
	if code != "00" {
		s.page(w, r, fault, http.StatusOK, text, nil)
		return
	}
	s.page(w, r, fault, http.StatusOK, "", request)
}

// cashierDone is what happens when the payer presses one of the page's buttons: UnionPay notifies the merchant, and
// sends the browser back.
func (s *Server) cashierDone(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		return
	}
	orderID, code := r.PostForm.Get("orderId"), "00"
	if r.PostForm.Get("refuse") != "" {
		code = "64"
	}
	if err := s.Pay(orderID, code); err != nil {
		s.page(w, r, OK, http.StatusConflict, err.Error(), nil)
		return
	}
	s.mu.Lock()
	t := s.byOrder(orderID, "")
	request := t.request
	s.mu.Unlock()
	if code != "00" { // front transactions notify success only
		s.page(w, r, OK, http.StatusOK, "余额不足，请换卡重试", request)
		return
	}
	_, _ = s.Notify(r.Context(), orderID, OK) // a merchant that cannot be reached finds out by a query
	s.mu.Lock()
	message := s.frontNotification(t)
	s.mu.Unlock()
	write(w, http.StatusOK, request["encoding"], backPage, struct {
		Encoding, FrontURL string
		Fields             fields
	}{request["encoding"], request["frontUrl"], message})
}

// frontNotification is the reduced notification that the browser carries, as text: the page is in its character set.
func (s *Server) frontNotification(t *transaction) fields {
	message := s.notification(t, OK)
	for _, name := range []string{"traceNo", "traceTime", "settleDate", "settleAmt", "settleCurrencyCode", "exchangeRate"} {
		delete(message, name)
	}
	decode := func() {
		if strings.EqualFold(message["encoding"], "GBK") {
			for name, value := range message {
				if text, err := simplifiedchinese.GBK.NewDecoder().String(value); err == nil {
					message[name] = text
				}
			}
		}
	}
	decode()
	delete(message, "signPubKeyCert")
	s.seal(message, OK)
	decode()
	return message
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, fault Fault, status int, problem string, request fields) {
	var b strings.Builder
	encoding := request["encoding"]
	if encoding == "" {
		encoding = "UTF-8"
	}
	render(&b, encoding, cashierPage, struct {
		Encoding, Problem, Path string
		Request                 fields
	}{encoding, problem, cashierPath, request})
	s.Answer(w, r, fault, status, "text/html; charset="+encoding, []byte(b.String()))
}

func write(w http.ResponseWriter, status int, encoding, page string, data any) {
	w.Header().Set("Content-Type", "text/html; charset="+encoding)
	w.WriteHeader(status)
	render(w, encoding, page, data)
}

func render(w io.Writer, encoding, page string, data any) {
	var b strings.Builder
	parsed := template.Must(template.New("page").Funcs(template.FuncMap{"yuan": yuan}).Parse(page))
	if err := parsed.Execute(&b, data); err != nil {
		panic(err) // a mistake of this package
	}
	text := b.String()
	if strings.EqualFold(encoding, "GBK") {
		if encoded, err := simplifiedchinese.GBK.NewEncoder().String(text); err == nil {
			text = encoded
		}
	}
	_, _ = io.WriteString(w, text)
}

// yuan shows an amount of fen as people write it.
func yuan(fen string) string {
	fen = strings.Repeat("0", max(3-len(fen), 0)) + fen
	return fen[:len(fen)-2] + "." + fen[len(fen)-2:]
}

const cashierPage = `<!DOCTYPE html>
<html lang="zh"><head><meta charset="{{.Encoding}}"><meta name="viewport" content="width=device-width"><title>银联收银台</title>
<style>body{font:16px/1.6 sans-serif;max-width:28rem;margin:4rem auto;padding:0 1rem;color:#222}h1{font-size:1.3rem}
dl{display:grid;grid-template-columns:auto 1fr;gap:.2rem 1rem}dt{color:#777}dd{margin:0;overflow-wrap:anywhere}
button{font:inherit;padding:.5rem 1.5rem;border:1px solid #c33;border-radius:.3rem;background:#c33;color:#fff;margin-right:.5rem}
button[name=refuse]{background:#fff;color:#c33}.problem{color:#c33}</style></head>
<body><h1>银联收银台（测试）</h1>
{{with .Problem}}<p class="problem">{{.}}</p>{{end}}
{{with .Request}}<dl><dt>订单号</dt><dd>{{.orderId}}</dd>{{with .txnAmt}}<dt>金额</dt><dd>{{yuan .}} 元</dd>{{end}}
{{with .orderDesc}}<dt>订单描述</dt><dd>{{.}}</dd>{{end}}</dl>
<form method="post" action="{{$.Path}}"><input type="hidden" name="orderId" value="{{.orderId}}">
<button name="pay" value="1">确认付款</button><button name="refuse" value="1">余额不足</button></form>{{end}}
</body></html>
`

const backPage = `<!DOCTYPE html>
<html lang="zh"><head><meta charset="{{.Encoding}}"><title>付款成功</title></head>
<body><form id="back" method="post" action="{{.FrontURL}}" accept-charset="{{.Encoding}}">
{{range $name, $value := .Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<p>付款成功。</p><button>返回商户</button></form>
<script>document.getElementById("back").submit()</script></body></html>
`
