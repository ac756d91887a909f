// Package chinaumstest is a ChinaUMS gateway inside the process, for tests of code that uses package chinaums.
//
//	gateway := chinaumstest.NewServer()
//	defer gateway.Close()
//	client, err := chinaums.New(gateway.Config())
//	req := gateway.AddCompletion("327M22061819820261705544110", 10000)
//	gateway.Misbehave("bills_preauthed_cancel", chinaumstest.LostAnswer)
//	res, err := client.Bills.CancelCompletion(ctx, req)
//
// It checks signatures with its own code, keeps completions as ChinaUMS is documented to, and misbehaves on
// command. What the documents leave open it does in one way only: see SetStatus for the others.
package chinaumstest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// Fault is a way to misbehave; see the constants.
type Fault = testgateway.Fault

// The faults this gateway can play.
const (
	OK           = testgateway.OK
	LostAnswer   = testgateway.LostAnswer
	Hang         = testgateway.Hang
	Reset        = testgateway.Reset
	CutBody      = testgateway.CutBody
	HTTP502      = testgateway.HTTP502
	Empty        = testgateway.Empty
	HTML         = testgateway.HTML
	HugeBody     = testgateway.HugeBody
	Redirect     = testgateway.Redirect
	Refused      = testgateway.Refused
	BadSignature = testgateway.BadSignature // of an answer that has one; see SignAnswers
	OtherAnswer  = testgateway.OtherAnswer
	UnknownCode  = testgateway.UnknownCode

	// Accepted: the answer says SUCCESS and does not yet have a state.
	Accepted Fault = "accepted"
	// Denied: the gateway refuses the caller (认证失败) before it looks at the order.
	Denied Fault = "denied"
)

// The merchant and terminal of every bill here.
const (
	MID = "898201612345678"
	TID = "88880001"
)

// Late is LostAnswer of a slow gateway: nothing is answered, and the completion changes d after its request arrived.
func Late(d time.Duration) Fault { return testgateway.Late(d) }

// Server is the gateway. With all gateways of this module it has in common its address, URL, and the methods
//
//	Close()
//	Misbehave(operation string, faults ...Fault)     // the next requests of the operation meet these, one each
//	AlwaysMisbehave(operation string, fault Fault)   // all others meet this one
//	Received(operation string) int                   // how many requests arrived
//
// An operation has the name that errors and logs give it, [cnpay.Subject].Operation: bills_preauthed_cancel, bills_query.
type Server struct {
	*testgateway.Server
	config        chinaums.Config
	authorization *regexp.Regexp

	mu          sync.Mutex
	completions map[string]*completion // by merOrderId
	later       testgateway.Later
	signs       bool
}

type completion struct {
	merOrderID, billNo, billDate, authIDRespCd string
	status, billStatus                         string
	amount                                     int64
}

// NewServer starts a gateway with one application.
func NewServer() *Server {
	s := &Server{
		completions: map[string]*completion{},
		authorization: regexp.MustCompile(
			`^OPEN-BODY-SIG AppId="([^"]*)",Timestamp="(\d{14})",Nonce="([^"]{1,128})",Signature="([^"]*)"$`),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/netpay/bills/preauthed-cancel", s.handle("bills_preauthed_cancel", s.cancelCompletion))
	mux.HandleFunc("POST /v1/netpay/bills/query", s.handle("bills_query", s.query))
	s.Server = testgateway.Start(mux)
	s.config = chinaums.Config{
		Gateway: s.URL,
		AppID:   testgateway.RandomHex(16),
		AppKey:  cnpay.Secret(testgateway.RandomHex(16)),
	}
	return s
}

// Config is the configuration of a client for this gateway's application.
func (s *Server) Config() chinaums.Config { return s.config }

// SignAnswers makes the gateway put a signature on its answers. No public capture of the real one has it.
func (s *Server) SignAnswers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.signs = true
}

// AddCompletion makes a bill whose pre-authorisation was completed with amount fen under the number merOrderID, and
// returns the request that cancels the completion.
func (s *Server) AddCompletion(merOrderID string, amount int64) *chinaums.BillCancelCompletionRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &completion{
		merOrderID: merOrderID, authIDRespCd: "206067", billDate: "2022-06-18",
		billNo: fmt.Sprintf("327M2206181982026170%07d", len(s.completions)+1),
		status: "TRADE_SUCCESS", billStatus: "PAID", amount: amount,
	}
	s.completions[merOrderID] = c
	return &chinaums.BillCancelCompletionRequest{
		MID: MID, TID: TID, InstMID: chinaums.BillsInstMID,
		BillNo: c.billNo, BillDate: c.billDate, MerOrderID: merOrderID, AuthIDRespCd: c.authIDRespCd,
	}
}

// SetStatus puts a completion (交易状态) and its bill (账单状态) into other states, TRADE_REFUND and REFUND for
// example. A cancellation leaves TRADE_CLOSED and PAID: the pre-authorisation's own payment is not touched.
func (s *Server) SetStatus(merOrderID, status, billStatus string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.completions[merOrderID]; c != nil {
		c.status, c.billStatus = status, billStatus
	}
}

type object map[string]any

// request has the fields of both operations.
type request struct {
	RequestTimestamp string `json:"requestTimestamp"`
	MID              string `json:"mid"`
	TID              string `json:"tid"`
	InstMID          string `json:"instMid"`
	BillNo           string `json:"billNo"`
	BillDate         string `json:"billDate"`
	MerOrderID       string `json:"merOrderId"`
	AuthIDRespCd     string `json:"authIdRespCd"`
	AuthedOrderID    string `json:"authedOrderId"`
	MsgID            string `json:"msgId"`
	SrcReserve       string `json:"srcReserve"`
}

func (s *Server) handle(operation string, act func(*request, Fault) object) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		if err != nil {
			return
		}
		fault := s.Receive(operation)
		text, err := json.Marshal(s.answer(r, body, fault, act))
		if err != nil {
			panic(err) // a mistake of this package
		}
		s.mu.Lock()
		signs := s.signs
		s.mu.Unlock()
		if signs || fault == BadSignature {
			const timestamp, nonce = "20220421150052", "be46cd581c9f46ecbd71b9858311ea12"
			signature := s.sign(timestamp, nonce, text)
			if fault == BadSignature {
				signature = s.sign(timestamp, nonce, text[1:])
			}
			w.Header().Set("Authorization", fmt.Sprintf(`OPEN-BODY-SIG AppId="%s",Timestamp="%s",Nonce="%s",Signature="%s"`,
				s.config.AppID, timestamp, nonce, signature))
		}
		s.Answer(w, r, fault, http.StatusOK, "application/json;charset=utf-8", text)
	}
}

func (s *Server) answer(r *http.Request, body []byte, fault Fault, act func(*request, Fault) object) object {
	if !s.authentic(r, body) || fault == Denied {
		return object{"errCode": "1000", "errInfo": "认证失败"}
	}
	var q request
	if json.Unmarshal(body, &q) != nil {
		return object{"errCode": "9001", "errInfo": "参数校验失败"}
	}
	_, notTime := time.Parse(time.DateTime, q.RequestTimestamp)
	_, notDate := time.Parse(time.DateOnly, q.BillDate)
	switch {
	case notTime != nil, notDate != nil, q.BillNo == "", q.TID == "", q.InstMID != chinaums.BillsInstMID:
		return refusal("BAD_REQUEST", "请求报文有错")
	case q.MID != MID:
		return refusal("NO_MERCHANT", "找不到请求指定的商户")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.later.Run(time.Now())
	if d, late := fault.Delay(); late {
		s.later.Add(time.Now().Add(d), func() { act(&q, OK) })
		return nil
	}
	answer := act(&q, fault)
	if fault == UnknownCode {
		answer["errCode"] = "PERHAPS"
	}
	return answer
}

func (s *Server) authentic(r *http.Request, body []byte) bool {
	p := s.authorization.FindStringSubmatch(r.Header.Get("Authorization"))
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

func refusal(code, text string) object {
	return object{"errCode": code, "errMsg": text, "responseTimestamp": now()}
}

func (s *Server) cancelCompletion(q *request, fault Fault) object {
	c := s.completions[q.MerOrderID]
	switch {
	case c == nil, c.billNo != q.BillNo, c.billDate != q.BillDate, c.authIDRespCd != q.AuthIDRespCd:
		return refusal("NO_ORDER", "找不到请求的原始订单")
	case fault == Refused, c.status != "TRADE_SUCCESS":
		return refusal("OPERATION_NOT_ALLOWED", "当前不允许此操作")
	}
	c.status = "TRADE_CLOSED"
	payment := c.payment(fault)
	if fault == Accepted {
		payment["status"] = ""
	}
	answer := s.about(c, q, fault)
	answer["billPayment"] = payment
	return answer
}

func (s *Server) query(q *request, fault Fault) object {
	var c *completion
	for _, known := range s.completions {
		if known.billDate == q.BillDate && (known.billNo == q.BillNo || known.billNo+"0" == q.BillNo) {
			c = known
		}
	}
	if c == nil || fault == Refused {
		return refusal("NO_ORDER", "找不到请求的原始订单")
	}
	answer := s.about(c, q, fault)
	answer["createTime"], answer["totalAmount"], answer["merName"] = c.billDate+" 09:44:21", c.amount, "测试商户"
	answer["billPayment"] = object{
		"merOrderId": c.billNo + "0", "billBizType": "bills", "totalAmount": c.amount, "status": "TRADE_SUCCESS",
		"payTime": c.billDate + " 09:50:33", "targetSys": "UnionPay",
	}
	if q.AuthedOrderID == c.merOrderID {
		answer["authedBillPayment"] = c.payment(fault)
	}
	return answer
}

func (s *Server) about(c *completion, q *request, fault Fault) object {
	billNo := c.billNo
	if fault == OtherAnswer {
		billNo = "327M999999999999999999999999"
	}
	return object{
		"errCode": "SUCCESS", "errMsg": "", "responseTimestamp": now(), "mid": q.MID, "tid": q.TID, "instMid": q.InstMID,
		"msgId": q.MsgID, "srcReserve": q.SrcReserve, "billNo": billNo, "billDate": c.billDate,
		"billQRCode": "https://qr-test2.chinaums.com/bills/qrCode.do?id=327M" + c.billNo[4:],
		"billStatus": c.billStatus, "cardAttr": "DEBIT_CARD",
	}
}

func (c *completion) payment(fault Fault) object {
	merOrderID := c.merOrderID
	if fault == OtherAnswer {
		merOrderID = "327M9999999999999999999999990"
	}
	return object{
		"merOrderId": merOrderID, "billBizType": "bills", "paySeqId": "00315100000N",
		"totalAmount": c.amount, "buyerPayAmount": c.amount, "invoiceAmount": c.amount, "discountAmount": 0,
		"payDetail": "银行卡支付", "payTime": c.billDate + " 10:12:41", "settleDate": c.billDate,
		"status": c.status, "targetOrderId": "4200000061201802132292046794", "targetSys": "UnionPay",
	}
}

func now() string { return time.Now().In(cnpay.Beijing()).Format(time.DateTime) }
