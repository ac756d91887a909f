package unionpaytest

import (
	"cmp"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

const cashierPath = "/cashier"

// cashier is UnionPay's page, on which the payer pays what a form asks for, or opens a card.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	raw, request, ok := read(body)
	op, known := s.operationOf(request, r.URL.Path)
	fault := s.Receive(cmp.Or(op.ID, "unknown"))
	if !ok || !known {
		s.page(w, r, fault, http.StatusOK, cashierView{Refused: "Invalid request."})
		return
	}
	s.mu.Lock()
	code, text := s.process(raw, request, op, fault, fields{})
	view := viewOf(request)
	switch t := s.byOrder(request["orderId"], request["txnTime"]); {
	case code == "00" && !op.money: // an opening, which is no money and yet to be found
		s.keep(&transaction{request: request, code: "00", waits: true, waiting: true})
	case code == "12" && t != nil && t.paid():
		view = s.state(t)
	case code == "11" || code == "31": // not known to be this merchant's: nothing in it is shown, no link followed
		view = cashierView{Refused: code + " " + text}
	case code != "00":
		view.Refused = code + " " + text
	}
	s.mu.Unlock()
	s.page(w, r, fault, http.StatusOK, view)
}

// cashierDone is what happens when the payer presses one of the page's buttons: UnionPay notifies the merchant, and
// the page takes the browser back.
func (s *Server) cashierDone(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return
	}
	orderID, code := r.PostForm.Get("orderId"), "00"
	if r.PostForm.Get("refuse") != "" {
		code = "64"
	}
	err := s.Pay(orderID, code)
	if err == nil && code == "00" { // front transactions notify success only
		_, _ = s.Notify(r.Context(), orderID, cnpaytest.OK) // a merchant that cannot be reached finds out by a query
	}
	s.mu.Lock()
	view := s.state(s.byOrder(orderID, ""))
	s.mu.Unlock()
	status := http.StatusOK
	if err != nil {
		status = http.StatusConflict
	} else {
		view.Again, view.Failed = false, code != "00"
	}
	view.English = r.PostForm.Get("lang") == "en"
	s.page(w, r, cnpaytest.OK, status, view)
}

// cashierAgain is what a browser sees that comes back to the page, or loads it again.
func (s *Server) cashierAgain(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	view := s.state(s.byOrder(r.FormValue("orderId"), r.FormValue("txnTime")))
	s.mu.Unlock()
	view.English = r.FormValue("lang") == "en"
	s.page(w, r, cnpaytest.OK, http.StatusOK, view)
}

// state is what the page shows of an order that was made before.
func (s *Server) state(t *transaction) cashierView {
	if t == nil || !t.waits || t.request["frontUrl"] == "" {
		return cashierView{Refused: "34 查无此交易"}
	}
	view := viewOf(t.request)
	switch {
	case t.paid():
		view.Paid, view.Again, view.Fields = true, true, s.frontNotification(t)
	case t.late(s.clock()):
		view.Late = true
	}
	return view
}

// cashierView is one state of the page. Where none of the states is set, the order can be paid.
type cashierView struct {
	Request fields // of the order; nil where it is not known whose it is
	Kind    string // txnType: what the payer is asked for
	English bool
	Refused string // the order is not taken; what UnionPay says
	Failed  bool   // the last attempt to pay; there may be another
	Late    bool   // the order's payTimeout has passed
	Paid    bool
	Again   bool   // the order was paid before
	Fields  fields // the notification that the browser takes to frontUrl
}

func viewOf(request fields) cashierView {
	return cashierView{Request: request, Kind: request["txnType"]}
}

// Open reports whether the page has buttons.
func (v cashierView) Open() bool { return v.Request != nil && v.Refused == "" && !v.Late && !v.Paid }

func (v cashierView) Encoding() string { return cmp.Or(v.Request["encoding"], "UTF-8") }

func (v cashierView) Path() string { return cashierPath }

// Here is where a browser that goes back, or loads the page again, finds the state of that moment.
func (v cashierView) Here() string {
	query := url.Values{"orderId": {v.Request["orderId"]}, "txnTime": {v.Request["txnTime"]}}
	if v.English {
		query.Set("lang", "en")
	}
	return cashierPath + "?" + query.Encode()
}

// frontNotification is the reduced notification that the browser carries, as text: the page is in its character set.
func (s *Server) frontNotification(t *transaction) fields {
	message := s.notification(t, cnpaytest.OK)
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
	s.sign(message, cnpaytest.OK)
	decode()
	return message
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, fault cnpaytest.Fault, status int, view cashierView) {
	page := template.Must(template.New("page").Funcs(template.FuncMap{"yuan": yuan, "say": say}).Parse(cashierPage))
	var b strings.Builder
	if err := page.Execute(&b, view); err != nil {
		panic(err) // a mistake of this package
	}
	text := b.String()
	if strings.EqualFold(view.Encoding(), "GBK") {
		if encoded, err := encoding.HTMLEscapeUnsupported(simplifiedchinese.GBK.NewEncoder()).String(text); err == nil {
			text = encoded
		}
	}
	w.Header().Set("Cache-Control", "no-store") // a browser that goes back asks again
	s.Answer(w, r, fault, status, "text/html; charset="+view.Encoding(), []byte(text))
}

// say is a text in both languages, of which the page shows one.
func say(chinese, english string) template.HTML {
	escape := template.HTMLEscapeString
	return template.HTML(`<span lang="zh-CN">` + escape(chinese) + `</span><span lang="en">` + escape(english) + `</span>`)
}

// yuan shows an amount of fen as people write it.
func yuan(fen string) string {
	fen = strings.Repeat("0", max(3-len(fen), 0)) + fen
	return fen[:len(fen)-2] + "." + fen[len(fen)-2:]
}
