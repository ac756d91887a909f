package spaytest

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

const cashierPath = "/cashier"

// openPage is what the payer's browser finds that follows a link of the merchant's: the order is made, and the cashier
// asks for the money.
func (s *Server) openPage(w http.ResponseWriter, r *http.Request) {
	request, readable := read(r.URL.RawQuery)
	op := operationOf(request["service"])
	jumps := op.ID == spay.OpOrderCreateQRPage && request["auto_pay"] == "TRUE"
	fault := s.Receive(op.ID)
	s.mu.Lock()
	defer s.mu.Unlock()
	var answer fields
	if readable && (op.Method == http.MethodGet || jumps) {
		answer = s.opened(request, op, fault)
	} else {
		answer = refusal("00240402", "商户请求参数数据校验未通过")
	}
	if m, ok := s.ledger.Find(key(request)); ok && answer["ret_code"] == "00060780" { // the same link once more
		answer = s.about(m)
	}
	if answer["trade_no"] == "" {
		view{Refused: answer["ret_code"] + " " + answer["ret_msg"]}.write(w, http.StatusOK)
		return
	}
	http.Redirect(w, r, cashierPath+"?trade_no="+url.QueryEscape(answer["trade_no"]), http.StatusSeeOther)
}

// opened makes the order of a page as every other order is made.
func (s *Server) opened(request fields, op testgateway.Operation, fault cnpaytest.Fault) fields {
	checked := op
	checked.ID = spay.OpOrderAppOrder // whose row makes an order and nothing else
	return s.process(request, true, checked, fault)
}

// cashier shows the order of a link or of a code, as it is now.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.showCashier(w, r.FormValue("trade_no"), http.StatusOK)
}

// cashierDone is what happens when the payer presses one of the page's buttons. UMPay notifies the merchant.
func (s *Server) cashierDone(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
	tradeNo := r.PostFormValue("trade_no")
	s.mu.Lock()
	m, ok := s.byTradeNo(tradeNo)
	s.mu.Unlock()
	if ok && r.PostFormValue("pay") != "" {
		n := m.Note.(note)
		if err := s.Pay(n.request["order_id"]); err == nil && n.request["notify_url"] != "" {
			_ = s.Notify(r.Context(), n.request["order_id"]) // a merchant that cannot be reached finds out by a query
		}
	}
	http.Redirect(w, r, cashierPath+"?trade_no="+url.QueryEscape(tradeNo), http.StatusSeeOther) // a reload repeats nothing
}

func (s *Server) showCashier(w http.ResponseWriter, tradeNo string, status int) {
	m, ok := s.byTradeNo(tradeNo)
	if !ok {
		view{Refused: "00200078 支付订单不存在"}.write(w, http.StatusNotFound)
		return
	}
	n := m.Note.(note)
	view{
		TradeNo: tradeNo, OrderID: n.request["order_id"], Goods: n.request["goods_inf"], Merchant: s.merID,
		Yuan: fmt.Sprintf("%d.%02d", m.Amount/100, m.Amount%100), State: s.state(m), Back: back(n.request["ret_url"]),
	}.write(w, status)
}

// back is where the page leads back to: a web address or nothing.
func back(address string) string {
	if u, err := url.Parse(address); err == nil && (u.Scheme == "http" || u.Scheme == "https") {
		return address
	}
	return ""
}

// view is one state of the page.
type view struct{ TradeNo, OrderID, Goods, Merchant, Yuan, State, Back, Refused string }

func (v view) write(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html; charset=UTF-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = template.Must(template.New("").Parse(cashierPage)).Execute(w, v) // the only error left is the browser's connection
}

const cashierPage = `<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="UTF-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>联动优势测试收银台 / UMPay test cashier</title>
<style>
body{margin:0;font:1rem/1.5 system-ui,"PingFang SC","Microsoft YaHei",sans-serif;background:Canvas;color:CanvasText}
.note{margin:0;padding:.6rem 1rem;text-align:center;font-weight:600;background:#ffd54a;color:#3b2f00}
main{max-width:30rem;margin:1rem auto;padding:0 1rem;overflow-wrap:anywhere}
.amount{font-size:2.25rem;font-weight:700;text-align:center;margin:.5rem 0}
.state{font-size:1.25rem;font-weight:700;text-align:center}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.4rem 1rem}dd{margin:0;text-align:right}
button,.back{display:block;box-sizing:border-box;width:100%;font:inherit;font-weight:600;padding:.8rem;margin:.75rem 0;border:1px solid #0b6680;border-radius:.7rem;background:#0b6680;color:#fff;text-align:center;text-decoration:none;cursor:pointer}
.back{background:none;color:LinkText}
:is(button,.back):focus-visible{outline:3px solid Highlight;outline-offset:2px}
small{color:GrayText}
</style></head><body>
<p class="note">测试页面：不会动用任何真实资金 <span lang="en">This is a test: no money moves</span></p>
<main><h1>联动优势测试收银台 <small lang="en">UMPay test cashier</small></h1>
{{if .Refused}}<p class="state">无法受理该订单 <small lang="en">This order cannot be taken</small></p><p>联动优势应答：{{.Refused}}</p>
{{else}}<p class="amount">{{.Yuan}} 元</p>
{{if eq .State "WAIT_BUYER_PAY"}}{{else if eq .State "TRADE_SUCCESS"}}<p class="state">付款成功 <small lang="en">Paid</small></p>
{{else if eq .State "TRADE_CANCEL"}}<p class="state">订单已撤销 <small lang="en">Cancelled</small></p>
{{else}}<p class="state">订单已关闭或失败 <small lang="en">Closed or failed</small></p>{{end}}
<dl><dt>订单号 <small lang="en">Order</small></dt><dd>{{.OrderID}}</dd>{{with .Goods}}<dt>商品 <small lang="en">Goods</small></dt><dd>{{.}}</dd>{{end}}
<dt>商户号 <small lang="en">Merchant</small></dt><dd>{{.Merchant}}</dd></dl>
{{if eq .State "WAIT_BUYER_PAY"}}<form method="post" action="/cashier"><input type="hidden" name="trade_no" value="{{.TradeNo}}">
<button name="pay" value="1">确认付款 <span lang="en">Pay</span></button></form>{{end}}
{{with .Back}}<a class="back" href="{{.}}">返回商户 <small lang="en">Back to the shop</small></a>{{end}}{{end}}
</main></body></html>
`

// Notification is the query string of the notification that UMPay sends about an order in its state of now. It can be
// kept, and delivered late, twice or out of order: see [Server.Deliver].
func (s *Server) Notification(orderID string) (query string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.find(orderID)
	if !ok || m.Kind != testgateway.Payment {
		return "", fmt.Errorf("spaytest: no order %s", orderID)
	}
	message := s.notification(m)
	values := url.Values{"sign_type": {"RSA"}, "sign": {signed(s.platform, message)}}
	for name, value := range message {
		values.Set(name, value)
	}
	return values.Encode(), nil
}

func (s *Server) notification(m testgateway.Movement) fields {
	n := m.Note.(note)
	message := s.about(m)
	for name, value := range map[string]string{
		"service": "pay_result_notify", "charset": "UTF-8", "mer_id": s.merID, "version": "4.0", "amount": strconv.FormatInt(m.Amount, 10),
		"amt_type": "RMB", "pay_type": "0", "pay_date": spay.MerDate(n.paid), "settle_date": spay.MerDate(n.paid), "error_code": "0000",
		"media_type": "MOBILE", "pay_seq": "WEBANK" + n.tradeNo,
	} {
		message[name] = value
	}
	for _, name := range []string{"mer_priv", "goods_id", "media_id", "gate_id"} {
		if n.request[name] != "" {
			message[name] = n.request[name]
		}
	}
	return message
}

// Notify sends the notification about an order to its notify_url, and checks the answer.
func (s *Server) Notify(ctx context.Context, orderID string) error {
	query, err := s.Notification(orderID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	m, _ := s.find(orderID)
	s.mu.Unlock()
	return s.Deliver(ctx, m.Note.(note).request["notify_url"], query)
}

var tag = regexp.MustCompile(`<META NAME="MobilePayPlatform" CONTENT="([^"]*)"`)

// Deliver sends a notification, and checks that the answer is the signed page that UMPay expects.
func (s *Server) Deliver(ctx context.Context, notifyURL, query string) error {
	if notifyURL == "" {
		return errors.New("spaytest: the order has no notify_url")
	}
	joint := "?"
	if strings.Contains(notifyURL, "?") {
		joint = "&"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, notifyURL+joint+query, http.NoBody)
	if err != nil {
		return fmt.Errorf("spaytest: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return fmt.Errorf("spaytest: %w", err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	found := tag.FindSubmatch(body)
	if err != nil || res.StatusCode != http.StatusOK || found == nil {
		return fmt.Errorf("spaytest: the notification was answered with %d and no META tag", res.StatusCode)
	}
	answer := fields{}
	for part := range strings.SplitSeq(string(found[1]), "&") {
		name, value, _ := strings.Cut(part, "=")
		answer[name] = value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	told, _ := read(query)
	if err := verify(&s.merchant.PublicKey, answer); err != nil {
		return fmt.Errorf("spaytest: the answer to the notification: %w", err)
	}
	if answer["ret_code"] != "0000" || answer["order_id"] != told["order_id"] || answer["mer_date"] != told["mer_date"] {
		return errors.New("spaytest: the answer is not to this notification")
	}
	return nil
}
