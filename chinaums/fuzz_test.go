package chinaums

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cnpay-go/cnpay"
)

// fixed answers every request with one answer.
type fixed struct {
	status        int
	authorization string
	body          []byte
}

func (f *fixed) RoundTrip(r *http.Request) (*http.Response, error) {
	header := http.Header{}
	if f.authorization != "" {
		header.Set("Authorization", f.authorization)
	}
	return &http.Response{StatusCode: f.status, Header: header, Body: io.NopCloser(bytes.NewReader(f.body)), Request: r, ContentLength: -1}, nil
}

// Nothing that arrives can panic, and a success is accepted only when its bytes are about the completion asked for.
func FuzzAnswer(f *testing.F) {
	const number, bill = "327M22061819820261705544110", "327M2206181982026170554411"
	documents, err := filepath.Glob("testdata/documents/*.json")
	if err != nil || len(documents) == 0 {
		f.Fatal("no documents", err)
	}
	for _, name := range documents {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint16(200), "", text)
	}
	success := []byte(`{"errCode":"SUCCESS","mid":"898201612345678","billNo":"` + bill + `","billPayment":{"merOrderId":"` + number +
		`","status":"TRADE_CLOSED","totalAmount":1},"authedBillPayment":{"merOrderId":"` + number + `","status":"TRADE_CLOSED"}}`)
	genuine, err := exampleClient(f).authorize("20220421150052", nonceB, success)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(uint16(200), "", success)
	f.Add(uint16(200), genuine, success)
	f.Add(uint16(200), "OPEN-BODY-SIG "+exampleAppID, success)
	f.Add(uint16(200), "", []byte(`{"data":`+string(success)+`}`))
	f.Add(uint16(403), "", []byte(`{"errCode":"1000","errInfo":"认证失败"}`))
	f.Add(uint16(502), "", []byte(`<html>`))

	f.Fuzz(func(t *testing.T, status uint16, authorization string, body []byte) {
		if status < 200 || status > 599 {
			return // no final answer has such a status
		}
		answer := &fixed{int(status), authorization, body}
		c := exampleClient(t, cnpay.WithHTTPClient(&http.Client{Transport: answer}), cnpay.WithSchedule(cnpay.Schedule{0}),
			cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
		req := &BillCancelCompletionRequest{
			MID: "898201612345678", TID: "88880001", InstMID: BillsInstMID, BillNo: bill, BillDate: "2022-06-18",
			MerOrderID: number, AuthIDRespCd: "206067",
		}
		res, err := c.Bills.CancelCompletion(t.Context(), req)
		ticket, ticketErr := c.Ticket(req)
		if ticketErr != nil {
			t.Fatal(ticketErr)
		}
		settled, settleErr := c.Settle(t.Context(), ticket)
		outcome := cnpay.OutcomeOf(res, err)
		final := cnpay.OutcomeOf(settled, settleErr)
		if (err == nil) != (outcome == cnpay.Succeeded || outcome == cnpay.Pending) || outcome == cnpay.NotSent {
			t.Fatalf("%v with the error %v", outcome, err)
		}
		if final != cnpay.Succeeded && final != cnpay.Unknown {
			t.Fatalf("settled as %v", final)
		}
		if outcome == cnpay.Unknown && final == cnpay.Unknown {
			return
		}
		if authorization != "" && !verifies(c, authorization, body) {
			t.Fatalf("accepted though its signature is not genuine: %v %v", outcome, final)
		}
		if (outcome == cnpay.Succeeded || final == cnpay.Succeeded) && (status != 200 || !mentions(body, "SUCCESS") || !mentions(body, number) && !mentions(body, bill)) {
			t.Fatalf("accepted under %d: %s", status, body)
		}
	})
}

// verifies is the rule of the signature once more, by way of signing.
func verifies(c *Client, authorization string, body []byte) bool {
	_, rest, _ := strings.Cut(authorization, `Timestamp="`)
	timestamp, _, _ := strings.Cut(rest, `"`)
	_, rest, _ = strings.Cut(authorization, `Nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	want, _ := c.authorize(timestamp, nonce, body)
	_, want, _ = strings.Cut(want, `Signature="`)
	return strings.Contains(authorization, strings.TrimRight(want, `="`))
}

// mentions looks for text among the JSON strings of body, escapes undone.
func mentions(body []byte, text string) bool {
	if bytes.Contains(body, []byte(text)) {
		return true
	}
	d := json.NewDecoder(bytes.NewReader(body))
	for {
		tok, err := d.Token()
		if err != nil {
			return bytes.Contains(body, []byte(`\u`)) // beyond the fault a decoder cannot look
		}
		if s, ok := tok.(string); ok && s == text {
			return true
		}
	}
}

// Nothing that a stranger sends to the notification's address can panic, and nothing that did not come from ChinaUMS is
// accepted.
func FuzzNotification(f *testing.F) {
	f.Add([]byte("mid=1&merOrderId=3194&status=TRADE_SUCCESS&signType=SHA256&sign=00"))
	f.Add([]byte("billNo=3194&billPayment=%7B%7D&sign=C51E0BA3C8A3881DA8DB097786BE814F"))
	f.Add([]byte("\ufeffa=b;c=d&&e&=%zz"))
	f.Add([]byte(captured(f, "order-alipay-2022.txt")))
	c, err := New(Config{AppID: "1", AppKey: "1", CommunicationKeys: map[string][]cnpay.Secret{"": {"a-key-of-nobody"}, "3194": {"another"}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if n, err := c.ParseNotificationBody(body); err == nil || n != nil {
			t.Fatalf("accepted: %q", body)
		}
		if r, err := c.ParseReturnQuery(string(body)); err == nil || r != nil {
			t.Fatalf("accepted: %q", body)
		}
	})
}
