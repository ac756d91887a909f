package upaytest

import (
	"crypto/md5"
	"encoding/hex"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// cashier is Upay's page, on which the payer pays what a link asks for (WAP 收银台).
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	fault := s.Receive(upay.OpPageCashier)
	query := r.URL.Query()
	request := object{}
	for name, values := range query {
		request[name] = values[0]
		if len(values) > 1 {
			s.page(w, r, fault, http.StatusBadRequest, pageView{Refused: "参数重复 " + name})
			return
		}
	}
	s.mu.Lock()
	refused := s.checkLink(request)
	m, known := s.find(object{"client_sn": request.text("client_sn")})
	if refused == "" && !known {
		request["sub_payway"] = upay.SubPaywayWAP
		if answer := s.open(request, false); answer != nil {
			refused = "参数错误"
		}
		m, _ = s.find(object{"client_sn": request.text("client_sn")})
	}
	s.mu.Unlock()
	if refused != "" {
		s.page(w, r, fault, http.StatusBadRequest, pageView{Refused: refused})
		return
	}
	s.page(w, r, fault, http.StatusOK, s.view(m.Note.(note).sn, r))
}

// checkLink says why a link is refused.
func (s *Server) checkLink(request object) string {
	if request.text("sign") != s.signLink(request) {
		return "签名错误"
	}
	for _, name := range []string{"terminal_sn", "client_sn", "total_amount", "subject", "operator", "return_url"} {
		if request.text(name) == "" {
			return "缺少参数 " + name
		}
	}
	if request.text("terminal_sn") != s.config.TerminalSN {
		return "终端错误"
	}
	return ""
}

// signLink is the signature of a link or of what the browser brings back.
func (s *Server) signLink(request object) string {
	var pairs []string
	for name := range request {
		if name != "sign" && name != "sign_type" && request.text(name) != "" {
			pairs = append(pairs, name+"="+request.text(name))
		}
	}
	slices.Sort(pairs)
	digest := md5.Sum([]byte(strings.Join(pairs, "&") + "&key=" + s.config.TerminalKey.Reveal()))
	return strings.ToUpper(hex.EncodeToString(digest[:]))
}

// payPage is where the QR codes lead to, and where a browser that loads the page again finds the state of that moment.
func (s *Server) payPage(w http.ResponseWriter, r *http.Request) {
	s.page(w, r, cnpaytest.OK, http.StatusOK, s.view(r.PathValue("sn"), r))
}

// paid is what happens when the payer presses a button: the merchant is notified, and the page offers the way back.
func (s *Server) paid(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	if err := r.ParseForm(); err != nil {
		return
	}
	s.mu.Lock()
	m, ok := s.find(object{"sn": r.PathValue("sn")})
	s.mu.Unlock()
	if ok {
		if r.PostForm.Get("refuse") != "" {
			s.Expire(m.Number)
		} else {
			s.Pay(m.Number)
		}
		_, _ = s.Notify(r.Context(), m.Number, cnpaytest.OK) // a merchant that cannot be reached finds out by a query
	}
	to := "/pay/" + r.PathValue("sn")
	if r.PostForm.Get("lang") == "en" {
		to += "?lang=en"
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// pageView is one state of the page.
type pageView struct {
	English bool
	Refused string
	SN      string
	Subject string
	Yuan    string
	Status  string
	Back    string // where the browser goes afterwards; empty for orders that were scanned
}

func (v pageView) Open() bool { return v.Status == "CREATED" }
func (v pageView) Paid() bool {
	return slices.Contains([]string{"PAID", "REFUNDED", "PARTIAL_REFUNDED", "REFUND_INPROGRESS"}, v.Status)
}

func (s *Server) view(sn string, r *http.Request) pageView {
	s.mu.Lock()
	defer s.mu.Unlock()
	english := r.URL.Query().Get("lang") == "en"
	m, ok := s.find(object{"sn": sn})
	if !ok {
		return pageView{Refused: "订单不存在", English: english}
	}
	n := m.Note.(note)
	v := pageView{
		English: english, SN: sn, Subject: n.request.text("subject"), Status: status(m),
		Yuan: strconv.FormatInt(m.Amount/100, 10) + "." + strconv.FormatInt(100+m.Amount%100, 10)[1:],
	}
	if back := n.request.text("return_url"); back != "" {
		v.Back = s.back(back, m.Number, v)
	}
	return v
}

// back is the merchant's ReturnURL with what the browser brings along.
func (s *Server) back(returnURL, clientSN string, v pageView) string {
	u, err := url.Parse(returnURL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	m, _ := s.find(object{"client_sn": clientSN})
	brought := object{"is_success": "T", "status": "FAIL"}
	if v.Paid() {
		brought["status"] = "SUCCESS"
	}
	order := s.order(m)
	for _, name := range []string{"terminal_sn", "sn", "trade_no", "client_sn", "total_amount", "subject", "operator", "reflect"} {
		if text, _ := order[name].(string); text != "" {
			brought[name] = text
		}
	}
	brought["sign"] = s.signLink(brought)
	query := u.Query()
	for name := range brought {
		query.Set(name, brought.text(name))
	}
	u.RawQuery = query.Encode()
	return u.String()
}

func (s *Server) page(w http.ResponseWriter, r *http.Request, fault cnpaytest.Fault, status int, v pageView) {
	var b strings.Builder
	if err := page().Execute(&b, v); err != nil {
		panic(err) // a mistake of this package
	}
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	s.Answer(w, r, fault, status, "text/html; charset=utf-8", []byte(b.String()))
}

func page() *template.Template {
	return template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="{{if .English}}en{{else}}zh-CN{{end}}"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{if .English}}Test cashier{{else}}测试收银台{{end}}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f1ea;color:#222}
main{max-width:26rem;margin:2rem auto;padding:1.5rem;background:#fff;border-radius:.75rem}
.test{background:#fff3cd;padding:.5rem .75rem;border-radius:.5rem}
.amount{font-size:2.25rem;margin:.5rem 0}
button,a.back{display:block;width:100%;box-sizing:border-box;padding:.75rem;margin:.5rem 0;font:inherit;text-align:center;border:1px solid #b58900;border-radius:.5rem;background:#fff;color:#222;text-decoration:none}
button.pay{background:#b58900;color:#fff}
</style></head><body><main>
<p class="test">{{if .English}}This is a test. No money moves.{{else}}这是测试页面，不会产生真实扣款。{{end}}</p>
{{if .Refused}}<h1>{{if .English}}Not accepted{{else}}无法支付{{end}}</h1><p>{{.Refused}}</p>
{{else}}<h1>{{if .English}}Test cashier{{else}}测试收银台{{end}}</h1>
<p>{{.Subject}}</p><p class="amount">￥{{.Yuan}}</p>
{{if .Open}}<form method="post" action="/pay/{{.SN}}">{{if .English}}<input type="hidden" name="lang" value="en">{{end}}
<button class="pay" name="pay" value="1">{{if .English}}Pay{{else}}确认支付{{end}}</button>
<button name="refuse" value="1">{{if .English}}Do not pay{{else}}取消支付{{end}}</button></form>
{{else if .Paid}}<p role="status">{{if .English}}Paid.{{else}}支付成功{{end}}</p>
{{else}}<p role="status">{{if .English}}Not paid, and closed.{{else}}订单未支付，已关闭{{end}}</p>{{end}}
{{if and .Back (not .Open)}}<a class="back" href="{{.Back}}">{{if .English}}Back to the shop{{else}}返回商户{{end}}</a>{{end}}
<p><a href="/pay/{{.SN}}{{if not .English}}?lang=en{{end}}">{{if .English}}中文{{else}}English{{end}}</a></p>{{end}}
</main></body></html>
`))
}
