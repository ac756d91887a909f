package yuansfertest

import (
	"html/template"
	"net/http"
	"net/url"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// view is one state of a page on which a payer pays or signs.
type view struct {
	Here    string // the page's own address
	English bool
	Signing bool   // of an agreement
	What    string // number
	Amount  string
	Open    bool   // there is something to do
	Done    bool   // paid, signed
	Failed  bool   // not, and no more
	Missing bool   // there is no such order
	Back    string // to the merchant
}

// Say is a text in the page's language.
func (v view) Say(chinese, english string) string {
	if v.English {
		return english
	}
	return chinese
}

const page = `<!DOCTYPE html>
<html lang="{{.Say "zh" "en"}}">
<head><meta charset="UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Say "Yuansfer 收银台（测试）" "Yuansfer cashier (test)"}}</title>
<style>
body{font:1rem/1.5 system-ui,sans-serif;max-width:26rem;margin:2rem auto;padding:0 1rem}
button{font:inherit;padding:.6rem 1rem;margin:.3rem .3rem .3rem 0;min-height:2.75rem}
.amount{font-size:1.8rem}
</style></head>
<body>
<p><a href="{{.Here}}{{if not .English}}?lang=en{{end}}">{{.Say "English" "中文"}}</a></p>
<h1>{{if .Signing}}{{.Say "授权自动扣款" "Agreement for debits"}}{{else}}{{.Say "收银台" "Cashier"}}{{end}}</h1>
{{if .Missing}}<p role="status">{{.Say "没有这笔订单" "There is no such order"}}</p>
{{else}}<p>{{.Say "单号" "Number"}} {{.What}}</p>
{{if .Amount}}<p class="amount">{{.Amount}}</p>{{end}}
{{if .Done}}<p role="status">{{if .Signing}}{{.Say "已授权" "Signed"}}{{else}}{{.Say "已支付" "Paid"}}{{end}}</p>
{{else if .Failed}}<p role="status">{{.Say "已关闭或支付失败" "Closed or failed"}}</p>{{end}}
{{if .Open}}<form method="post" action="{{.Here}}{{if .English}}?lang=en{{end}}">
<button name="do" value="yes">{{if .Signing}}{{.Say "同意" "Agree"}}{{else}}{{.Say "支付" "Pay"}}{{end}}</button>
{{if not .Signing}}<button name="do" value="no">{{.Say "拒绝支付" "Refuse"}}</button>{{end}}
</form>{{end}}
{{if .Back}}<p><a href="{{.Back}}">{{.Say "返回商户" "Back to the shop"}}</a></p>{{end}}{{end}}
</body></html>
`

// show writes the page. Reload and the browser's Back find the state of that moment.
func show(w http.ResponseWriter, status int, v view) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = template.Must(template.New("page").Parse(page)).Execute(w, v) // the only error left is the browser's connection
}

// macros puts the values into the merchant's address (同步回调), and lets no other kind of link through.
func macros(address string, values map[string]string) string {
	for name, value := range values {
		address = strings.ReplaceAll(address, "{"+name+"}", url.QueryEscape(value))
	}
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return ""
	}
	return address
}

func (s *Server) payment(transactionNo string) (testgateway.Movement, bool) {
	m, ok := s.find(fields{"transactionNo": transactionNo})
	return m, ok && m.Kind == testgateway.Payment && !strings.HasPrefix(m.Number, payouts)
}

func (s *Server) cashierView(r *http.Request) (view, int) {
	no := r.PathValue("no")
	v := view{Here: "/cashier/" + no, English: r.URL.Query().Get("lang") == "en"}
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.payment(no)
	if !ok {
		v.Missing = true
		return v, http.StatusNotFound
	}
	o, state := orderOf(m), status(m)
	v.What, v.Amount = m.Number, decimal(m.Amount)+" "+o.request["currency"]
	v.Done = state == yuansfer.StatusSuccess
	v.Failed = state == yuansfer.StatusFailed || state == yuansfer.StatusClosed
	v.Open = !v.Done && !v.Failed
	v.Back = macros(o.request["callbackUrl"], map[string]string{
		"transactionNo": o.transactionNo, "status": state, "amount": decimal(m.Amount), "reference": m.Number,
		"time": s.stamp(), "note": o.request["note"],
	})
	return v, http.StatusOK
}

func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	v, status := s.cashierView(r)
	show(w, status, v)
}

// cashierDone is what happens when the payer presses a button: Yuansfer notifies the merchant, and the page shows the end.
func (s *Server) cashierDone(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	v, code := s.cashierView(r)
	if code != http.StatusOK || r.ParseForm() != nil || !v.Open {
		http.Redirect(w, r, r.URL.String(), http.StatusSeeOther)
		return
	}
	if r.PostForm.Get("do") == "yes" {
		_ = s.Pay(v.What) // what else happened to it meanwhile is shown
	} else {
		s.SetStatus(v.What, yuansfer.StatusFailed)
	}
	_, _ = s.Notify(r.Context(), v.What, cnpaytest.OK) // a merchant that cannot be reached finds out by a query
	http.Redirect(w, r, r.URL.String(), http.StatusSeeOther)
}

func (s *Server) signingView(r *http.Request) (view, int) {
	no := r.PathValue("no")
	v := view{Here: "/sign/" + no, English: r.URL.Query().Get("lang") == "en", Signing: true}
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.agreements[no]
	if a == nil {
		v.Missing = true
		return v, http.StatusNotFound
	}
	v.What, v.Done, v.Failed, v.Open = a.autoReference, a.signed, a.revoked, !a.signed && !a.revoked
	v.Back = macros(a.request["autoRedirectUrl"], nil)
	return v, http.StatusOK
}

// signing is the wallet's page, on which a customer signs an agreement.
func (s *Server) signing(w http.ResponseWriter, r *http.Request) {
	v, status := s.signingView(r)
	show(w, status, v)
}

func (s *Server) signingDone(w http.ResponseWriter, r *http.Request) {
	if v, status := s.signingView(r); status == http.StatusOK && v.Open {
		no := r.PathValue("no")
		_ = s.SignAgreement(no)
		_, _ = s.NotifyAgreement(r.Context(), no, cnpaytest.OK)
	}
	http.Redirect(w, r, r.URL.String(), http.StatusSeeOther)
}
