package providertest

import (
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"encoding/json"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/umpay/provider"
)

const cashierPath = "/cashier"

// CashierURL is the page on which a person is the payer of an order: what the code of [provider.OrdersService.CreateQR]
// says, and where orders for WeChat, Alipay and terminals are paid in this gateway too.
func (s *Server) CashierURL(orderNo string) string {
	return s.URL + cashierPath + "?orderNo=" + url.QueryEscape(orderNo)
}

// cashier shows an order to its payer.
func (s *Server) cashier(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	m, ok := s.ledger.Find(r.URL.Query().Get("orderNo"))
	s.mu.Unlock()
	view := cashierView{Found: ok && m.Kind == testgateway.Payment}
	status := http.StatusNotFound
	if view.Found {
		status = http.StatusOK
		n := m.Note.(note)
		view.OrderNo, view.Goods = m.Number, text(n.request, "goodsInfo")
		view.Amount = fmt.Sprintf("%d.%02d", m.Amount/100, m.Amount%100)
		view.Waiting, view.State = m.State == testgateway.Waiting, stateText(state(m))
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = template.Must(template.New("page").Parse(cashierPage)).Execute(w, view)
}

// cashierDone is what happens when the payer presses a button: the order is paid and the merchant hears of it, or nothing
// happens.
func (s *Server) cashierDone(w http.ResponseWriter, r *http.Request) {
	number := r.PostFormValue("orderNo")
	if r.PostFormValue("action") == "pay" && s.Pay(number) {
		_ = s.Notify(r.Context(), number, provider.NotifySale) // a merchant who does not answer hears of it no more
	}
	http.Redirect(w, r, cashierPath+"?orderNo="+url.QueryEscape(number), http.StatusSeeOther)
}

type cashierView struct {
	Found, Waiting                bool
	OrderNo, Amount, Goods, State string
}

const cashierPage = `<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>联动优势测试收银台 / UMPay test cashier</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;max-width:28rem;margin:2rem auto;padding:0 1rem}
b{font-size:2rem}button{font:inherit;padding:.6rem 1.4rem;margin:.5rem .5rem 0 0}</style></head><body>
<h1>联动优势测试收银台<br><small>UMPay test cashier: no real money</small></h1>
{{if not .Found}}<p>没有此订单 / There is no such order.</p>{{else}}
<p>{{.Goods}}<br><b>¥ {{.Amount}}</b><br>订单号 / order {{.OrderNo}}<br>状态 / state: {{.State}}</p>
{{if .Waiting}}<form method="post" action="/cashier"><input type="hidden" name="orderNo" value="{{.OrderNo}}">
<button name="action" value="pay">支付 / Pay</button><button name="action" value="leave">不支付 / Do not pay</button></form>{{end}}
{{end}}</body></html>
`

// SetNotifyURL sends notifications to an address of the test's, which has a port, instead of the order's backUrl, in which
// UMPay allows none.
func (s *Server) SetNotifyURL(address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = address
}

// Notification is the body of a notification about an order: the number of a payment, or for NotifyRefund that of a refund
// or of a payment that was refunded at a terminal.
func (s *Server) Notification(number, notifyType string) string {
	body, _ := s.notification(number, notifyType)
	return body
}

func (s *Server) notification(number, notifyType string) (body, address string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.ledger.Find(number)
	if !ok {
		return "", ""
	}
	n := m.Note.(note)
	fields := object{
		"acqSpId": s.config.AcqSpID, "acqMerId": s.config.AcqMerID, "orderNo": number, "txnAmt": strconv.FormatInt(m.Amount, 10),
		"currencyCode": "CNY", "transIndex": index(m), "payTime": m.At.In(cnpay.Beijing()).Format("20060102150405"),
		"notifyType": notifyType, "orderType": text(n.request, "orderType"), "merPriv": text(n.request, "merPriv"),
		"transactionId": n.transactionID, "payerInfo": "", "cardType": "02",
	}
	if m.Kind == testgateway.Refund {
		fields["orderNo"], fields["refundOrderNo"] = m.Original, number
	}
	form := url.Values{"sign": {s.sign(values(fields))}}
	for name := range fields {
		form.Set(name, text(fields, name))
	}
	address = s.notify
	if address == "" {
		address = text(n.request, "backUrl")
	}
	return form.Encode(), address
}

// Notify sends a notification, as often as it is called and in any order: twice, late, the refund's before the payment's.
// The error is that of a merchant who did not answer 00.
func (s *Server) Notify(ctx context.Context, number, notifyType string) error {
	body, address := s.notification(number, notifyType)
	if body == "" || address == "" {
		return errors.New("providertest: no such order, or nobody to notify")
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	var answer struct{ RespCode, RespMsg string }
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err != nil {
		return err
	}
	if json.Unmarshal(text, &answer) != nil || answer.RespCode != "00" {
		return fmt.Errorf("providertest: the merchant answered %d %.100q", res.StatusCode, text)
	}
	return nil
}
