package chinaumstest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

type object map[string]any

// text is a member of a request, whatever it is spelled as.
func (o object) text(name string) string {
	switch v := o[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case nil:
		return ""
	default:
		return "present"
	}
}

func (o object) number(name string) int64 {
	n, _ := strconv.ParseInt(o.text(name), 10, 64)
	return n
}

func read(body []byte) (object, bool) {
	var o object
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return o, d.Decode(&o) == nil && !d.More()
}

// row is how one operation is carried out: what it does to the books, and what it answers.
type row func(s *Server, q object, fault cnpaytest.Fault) object

func (s *Server) handle(op testgateway.Operation, act row) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(op.ID)
		_, late := fault.Delay()
		s.Serve(w, r, fault, func() testgateway.Answer {
			s.mu.Lock()
			defer s.mu.Unlock()
			text := marshal(s.answer(r.Header.Get("Authorization"), body, op, act, fault))
			if (s.signs || fault == cnpaytest.BadSignature) && !late {
				w.Header().Set("Authorization", s.signature(text, fault))
			}
			return testgateway.Answer{Status: http.StatusOK, ContentType: "application/json;charset=utf-8", Body: text}
		})
	}
}

func marshal(o object) []byte {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // a mistake of this package
	}
	return text
}

// signature is the Authorization header of an answer.
func (s *Server) signature(text []byte, fault cnpaytest.Fault) string {
	const timestamp, nonce = "20220421150052", "be46cd581c9f46ecbd71b9858311ea12"
	signed := text
	if fault == cnpaytest.BadSignature {
		signed = text[1:]
	}
	return fmt.Sprintf(`OPEN-BODY-SIG AppId="%s",Timestamp="%s",Nonce="%s",Signature="%s"`,
		s.config.AppID, timestamp, nonce, s.sign(timestamp, nonce, signed))
}

func (s *Server) answer(authorization string, body []byte, op testgateway.Operation, act row, fault cnpaytest.Fault) object {
	if !s.authentic(authorization, body) || fault == Denied {
		return denied()
	}
	q, ok := read(body)
	if !ok {
		return object{"errCode": "9001", "errInfo": "参数校验失败"}
	}
	counter := strings.Contains(op.Path, "/poslink/")
	if code, text := fit(q, op); code != "" {
		if counter {
			return object{"errCode": "30", "errInfo": text}
		}
		return s.refusal(code, text)
	}
	answer := act(s, q, fault)
	switch {
	case fault == cnpaytest.UnknownCode:
		answer["errCode"] = "PERHAPS"
	case fault == cnpaytest.OtherAnswer:
		another(answer)
	}
	return answer
}

func denied() object { return object{"errCode": "1000", "errInfo": "认证失败"} }

func (s *Server) refusal(code, text string) object {
	return object{"errCode": code, "errMsg": text, "responseTimestamp": s.stamp()}
}

// another makes an answer one about another order.
func another(answer object) {
	for _, name := range [...]string{
		"billNo", "merOrderId", "refundOrderId", "authedOrderId", "mchntOrderId", "merchantOrderId", "orderId", "qrCodeId", "billQRCode",
	} {
		if _, ok := answer[name]; ok {
			answer[name] = "327M999999999999999999999999"
		}
	}
	if _, ok := answer["transactionAmount"]; ok {
		answer["transactionAmount"] = 999_999_999
	}
	for _, inner := range answer {
		if o, ok := inner.(object); ok {
			another(o)
		}
	}
}

// fit says what is wrong with a request before its order is looked at.
func fit(q object, op testgateway.Operation) (code, text string) {
	for _, name := range op.Mandatory {
		if _, ok := q[name]; !ok || q[name] == "" {
			return "BAD_REQUEST", "请求报文有错: " + name
		}
	}
	for _, name := range [...]string{"requestTimestamp", "reqTs", "expireTime"} {
		if _, err := time.Parse(time.DateTime, q.text(name)); err != nil && q.text(name) != "" {
			return "BAD_REQUEST", "请求报文有错: " + name
		}
	}
	if _, err := time.Parse(time.DateOnly, q.text("billDate")); err != nil && q.text("billDate") != "" {
		return "BAD_REQUEST", "请求报文有错: billDate"
	}
	if allowed, ok := instMIDs()[op.ID]; ok && !strings.Contains(allowed, q.text("instMid")) {
		return "BAD_REQUEST", "请求报文有错: instMid"
	}
	mid, own := q.text("mid")+q.text("mchntNo"), MID
	if strings.Contains(op.Path, "/poslink/") {
		mid, own = q.text("merchantCode"), CounterMerchantCode
	}
	if mid != own {
		return "NO_MERCHANT", "找不到请求指定的商户"
	}
	return "", ""
}

// instMIDs are the business types of the operations that have their own.
func instMIDs() map[string]string {
	const bills, wallet, h5, app, mini, bank = chinaums.BillsInstMID, chinaums.WalletInstMID, chinaums.H5InstMID,
		chinaums.AppInstMID, chinaums.MiniProgramInstMID, chinaums.BankInstMID
	return map[string]string{
		"bills_get_qrcode": bills, "bills_update_qrcode": bills, "bills_close_qrcode": bills, "bills_query": bills,
		"bills_refund": bills, "bills_preauthed": bills, "bills_preauth_cancel": bills, "bills_preauthed_cancel": bills,
		"webpay_pay": wallet, "trade_h5_pay": h5, "wxpay_h5_pay": h5, "wxpay_h5_to_minipay": h5, "uac_order": h5, "upg_order": bank,
		"wx_unified_order": wallet + " " + mini + " " + app, "trade_create": wallet + " " + mini, "acp_js_pay": wallet,
		"wx_app_pre_order": app, "trade_precreate": app, "uac_app_order": app, "trade_app_pre_order": app,
		"wx_mini_pre_order": mini, "uac_mini_order": mini, "upg_app_pre_order": bank,
	}
}

func (s *Server) authentic(authorization string, body []byte) bool {
	p := s.authorization.FindStringSubmatch(authorization)
	if p == nil || p[1] != s.config.AppID {
		return false
	}
	_, err := time.Parse("20060102150405", p[2])
	return err == nil && hmac.Equal([]byte(p[4]), []byte(s.sign(p[2], p[3], body)))
}

func (s *Server) sign(timestamp, nonce string, body []byte) string {
	mac := hmac.New(sha256.New, []byte(s.config.AppKey.Reveal()))
	fmt.Fprintf(mac, "%s%s%s%x", s.config.AppID, timestamp, nonce, sha256.Sum256(body))
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// link is where the payer's browser arrives with a signed order (OPEN-FORM-PARAM). It goes on to the cashier; a refusal
// is JSON under HTTP 412. As the platform's, it does not take %20 for a blank.
func (s *Server) link(op testgateway.Operation) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fault := s.Receive(op.ID)
		s.mu.Lock()
		defer s.mu.Unlock()
		refuse := func(answer object) {
			w.Header().Set("Content-Type", "application/json;charset=utf-8")
			w.WriteHeader(http.StatusPreconditionFailed)
			_, _ = w.Write(marshal(answer))
		}
		p, err := url.ParseQuery(r.URL.RawQuery)
		content := []byte(p.Get("content"))
		_, noTime := time.Parse("20060102150405", p.Get("timestamp"))
		switch {
		case err != nil || strings.Contains(r.URL.RawQuery, "%20") || noTime != nil:
			refuse(object{"errCode": "1000", "errInfo": "Timestamp解析失败"})
			return
		case p.Get("authorization") != "OPEN-FORM-PARAM", p.Get("appId") != s.config.AppID, p.Get("nonce") == "", fault == Denied,
			!hmac.Equal([]byte(p.Get("signature")), []byte(s.sign(p.Get("timestamp"), p.Get("nonce"), content))):
			refuse(denied())
			return
		}
		q, ok := read(content)
		if !ok {
			refuse(object{"errCode": "9001", "errInfo": "参数校验失败"})
			return
		}
		if code, text := fit(q, op); code != "" || fault == cnpaytest.Refused {
			refuse(object{"errCode": "9001", "errInfo": strings.TrimSpace(code + " " + text)})
			return
		}
		number := q.text("merOrderId")
		if m, ok := s.find(number); ok { // the payer has opened the link again
			if !m.Note.(note).page || m.Amount != q.number("totalAmount") {
				refuse(object{"errCode": "9001", "errInfo": "DUP_ORDER 订单号重复"})
				return
			}
		} else if kind := s.open(number, q, true); kind != "" {
			refuse(object{"errCode": "9001", "errInfo": kind})
			return
		}
		http.Redirect(w, r, cashierPath+"?order="+url.QueryEscape(number), http.StatusFound)
	}
}

// open makes an order that somebody pays, and says why it cannot.
func (s *Server) open(number string, q object, page bool) (refusal string) {
	kind := testgateway.Payment
	if q.text("secureTransaction") == "true" || q.text("preauthTransaction") == "true" || q.text("preauthFlag") == "true" {
		kind = testgateway.Hold
	}
	n := note{request: q, page: page, notifyID: s.newID(), expires: s.now().Add(30 * time.Minute)}
	if end, err := time.ParseInLocation(time.DateTime, q.text("expireTime"), cnpay.Beijing()); err == nil {
		n.expires = end
	}
	if q.number("totalAmount") <= 0 {
		return "totalAmount"
	}
	if q.text("billNo") == number && number != "" {
		n.billNo, n.billDate, n.code = number, q.text("billDate"), q.text("qrCodeId")
		if n.code == "" {
			n.code = s.newCode()
		}
		n.page = true
	}
	_, refused := s.ledger.Open(kind, number, q.number("totalAmount"), n)
	return string(refused)
}
