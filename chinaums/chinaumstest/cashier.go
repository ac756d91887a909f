package chinaumstest

import (
	"context"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// The pages of the cashier: where links and codes lead the payer.
const (
	cashierPath = "/netpay-portal/cashier"
	codePath    = "/bills/qrCode.do"
)

// at is when an order was paid.
func (s *Server) at(n note) string { return n.at.In(cnpay.Beijing()).Format(time.DateTime) }

// view is what the cashier shows.
type view struct {
	Number, Description, Amount string
	English                     bool
	Unknown, Open, Paid, Hold   bool
	Enter                       bool   // the payer enters the amount
	Code                        string // of a code that is paid often
	Back                        string // to the shop
}

// T is a text in the page's language.
func (v view) T(chinese, english string) string {
	if v.English {
		return english
	}
	return chinese
}

// Here is the page's own address, in either language.
func (v view) Here(english bool) string {
	q := url.Values{"order": {v.Number}}
	if v.Code != "" {
		q = url.Values{"code": {v.Code}}
	}
	if english {
		q.Set("lang", "en")
	}
	return cashierPath + "?" + q.Encode()
}

// scan is where a code leads: to its bill, or to a page that makes one.
func (s *Server) scan(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := r.URL.Query().Get("id")
	q := url.Values{"code": {id}}
	if number := s.codes[id].text("billNo"); number != "" {
		q = url.Values{"order": {number}}
	}
	http.Redirect(w, r, cashierPath+"?"+q.Encode(), http.StatusFound)
}

// cashier shows an order to the payer.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	v := s.view(r.URL.Query())
	s.mu.Unlock()
	show(w, v)
}

func (s *Server) view(q url.Values) view {
	v := view{Number: q.Get("order"), English: q.Get("lang") == "en"}
	if code, ok := s.codes[q.Get("code")]; ok && code.text("billNo") == "" && code.text("closed") == "" {
		v.Code, v.Open, v.Description = q.Get("code"), true, code.text("billDesc")
		v.Enter = code.number("totalAmount") == 0
		v.Amount = yuan(code.number("totalAmount"))
		return v
	}
	m, ok := s.find(v.Number)
	if !ok {
		v.Unknown = true
		return v
	}
	n := m.Note.(note)
	v.Amount, v.Hold = yuan(m.Amount), m.Kind == testgateway.Hold
	v.Description = n.request.text("orderDesc") + n.request.text("billDesc")
	v.Open, v.Paid = m.State == testgateway.Waiting, m.State == testgateway.Done
	v.Back = s.back(m)
	return v
}

// back is the shop's address with the signed parameters that a return has; without it the page has no way back.
func (s *Server) back(m testgateway.Movement) string {
	shop := m.Note.(note).request.text("returnUrl")
	u, err := url.Parse(shop)
	if err != nil || shop == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	fields := s.returned(m)
	q := url.Values{}
	for name, value := range fields {
		q.Set(name, value)
	}
	u.RawQuery = q.Encode()
	return u.String()
}

// press is what the payer does with the page: pay, or give up.
func (s *Server) press(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		http.Error(w, "not a form", http.StatusBadRequest)
		return
	}
	v := view{Number: r.PostForm.Get("order"), Code: r.PostForm.Get("code"), English: r.PostForm.Get("lang") == "en"}
	if v.Code != "" {
		amount, _ := strconv.ParseFloat(r.PostForm.Get("amount"), 64)
		number, _, err := s.PayCode(v.Code, int64(amount*100+0.5))
		if err != nil {
			http.Error(w, err.Error(), http.StatusConflict)
			return
		}
		v.Number, v.Code = number, ""
	} else if r.PostForm.Get("do") == "pay" {
		_ = s.Pay(v.Number) // the page shows the state it is in
	}
	s.tell(v.Number)
	http.Redirect(w, r, v.Here(v.English), http.StatusSeeOther)
}

// tell sends the notification of an order that the payer has just paid, where the shop wants one.
func (s *Server) tell(number string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_, _ = s.Notify(ctx, number, cnpaytest.OK) // a shop that did not hear it queries
}

func show(w http.ResponseWriter, v view) {
	page := template.Must(template.New("cashier").Parse(cashierPage))
	var b strings.Builder
	if err := page.Execute(&b, v); err != nil {
		panic(err) // a mistake of this package
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if v.Unknown {
		w.WriteHeader(http.StatusNotFound)
	}
	_, _ = w.Write([]byte(b.String()))
}

// yuan shows an amount of fen as people write it.
func yuan(fen int64) string {
	s := strconv.FormatInt(fen, 10)
	s = strings.Repeat("0", max(3-len(s), 0)) + s
	return s[:len(s)-2] + "." + s[len(s)-2:]
}

const cashierPage = `<!DOCTYPE html>
<html lang="{{.T "zh-CN" "en"}}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.T "收银台（测试）" "Cashier (test)"}}</title>
<style>
body{margin:0;font:16px/1.6 system-ui,sans-serif;background:#f4f5f7;color:#1c2733}
main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:12px}
.test{background:#fff4d6;padding:.5rem 1rem;text-align:center;font-size:.9rem}
.amount{font-size:2.2rem;margin:.5rem 0}
button{width:100%;padding:.8rem;margin-top:.6rem;font:inherit;border:1px solid #c4001f;border-radius:8px;background:#c4001f;color:#fff}
button.plain{background:#fff;color:#c4001f}
input{width:100%;box-sizing:border-box;padding:.6rem;font:inherit}
a{color:#0b5cad}
nav{text-align:right}
</style></head>
<body>
<p class="test">{{.T "这是测试用的收银台，不会扣款。" "This is a cashier for tests. No money moves."}}</p>
<main>
<nav>{{if .English}}<a href="{{.Here false}}">中文</a>{{else}}<a href="{{.Here true}}">English</a>{{end}}</nav>
{{if .Unknown}}<h1>{{.T "找不到订单" "No such order"}}</h1>
{{else}}
<h1>{{.T "银联商务" "ChinaUMS"}}</h1>
{{with .Description}}<p>{{.}}</p>{{end}}
{{if not .Enter}}<p class="amount">¥{{.Amount}}</p>{{end}}
{{with .Number}}<p>{{$.T "订单号" "Order"}} {{.}}</p>{{end}}
{{if .Open}}
<form method="post" action="/netpay-portal/cashier">
<input type="hidden" name="order" value="{{.Number}}"><input type="hidden" name="code" value="{{.Code}}">
{{if .English}}<input type="hidden" name="lang" value="en">{{end}}
{{if .Enter}}<label>{{.T "金额（元）" "Amount (yuan)"}} <input name="amount" inputmode="decimal" pattern="[0-9]+([.][0-9]{1,2})?" required></label>{{end}}
<button name="do" value="pay">{{if .Hold}}{{.T "确认授权" "Authorise"}}{{else}}{{.T "确认支付" "Pay"}}{{end}}</button>
</form>
{{else if .Paid}}<p role="status">{{.T "支付成功" "Paid"}}</p>
{{else}}<p role="status">{{.T "订单已关闭" "The order is closed"}}</p>{{end}}
{{with .Back}}<p><a href="{{.}}">{{$.T "返回商户" "Back to the shop"}}</a></p>{{end}}
{{end}}
</main>
</body>
</html>
`
