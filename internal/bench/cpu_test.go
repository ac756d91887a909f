package bench_test

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/bench"
	"github.com/cnpay-go/cnpay/upay"
)

// atOnce is a transport that answers without a network, so that what is measured is the CPU of the call itself.
type atOnce string

func (a atOnce) RoundTrip(r *http.Request) (*http.Response, error) {
	trace := httptrace.ContextClientTrace(r.Context())
	if trace.GetConn != nil {
		trace.GetConn("gateway:443")
	}
	trace.GotConn(httptrace.GotConnInfo{})
	_, err := io.Copy(io.Discard, r.Body)
	return &http.Response{
		StatusCode: http.StatusOK, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		ContentLength: int64(len(a)), Body: io.NopCloser(bytes.NewReader([]byte(a))),
	}, err
}

// byHand is what a careful client of one's own does: a deadline, a trace that says whether the request left, and
// encoding/json both ways on the same structs.
func byHand(c *http.Client, url string, request, answer any, sign func(http.Header, []byte)) error {
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	left := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left = true }})
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	sign(req.Header, body)
	res, err := c.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || !left {
		return err
	}
	return json.Unmarshal(text, answer)
}

func cpu(b *testing.B, floor, ours func() error) {
	require.NoError(b, floor())
	require.NoError(b, ours())
	must := func(f func() error) func() {
		return func() {
			if err := f(); err != nil {
				panic(err)
			}
		}
	}
	bench.Ratio(b, 1, must(floor), must(ours))
}

// The answers' amounts travel as text, which encoding/json does not read into numbers.
type upayOrder struct {
	upay.Order
	TotalAmount string `json:"total_amount"`
	NetAmount   string `json:"net_amount"`
}

func BenchmarkUpayCPU(b *testing.B) {
	const sn, key = "00101010029201012912", "68d499beda5f72116592f5c527465656"
	const answer = `{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"terminal_sn":"` + sn + `",` +
		`"sn":"7892259488292938","client_sn":"18348290098298292838","trade_no":"2013112011001004330000121536","status":"SUCCESS",` +
		`"order_status":"CANCELED","payway":"3","payway_name":"微信","sub_payway":"1","payer_uid":"2801003920293239230239",` +
		`"total_amount":"10000","net_amount":"0","subject":"Pizza","finish_time":"1449646835244","channel_finish_time":"1449646835244","operator":"Peter"}}}`
	c := &http.Client{Transport: atOnce(answer)}
	client, err := upay.New(upay.Config{TerminalSN: sn, TerminalKey: key}, cnpay.WithHTTPClient(c))
	require.NoError(b, err)
	cpu(b, func() error {
		var a struct {
			ResultCode string `json:"result_code"`
			Result     struct {
				ResultCode string    `json:"result_code"`
				Data       upayOrder `json:"data"`
			} `json:"biz_response"`
		}
		return byHand(c, upay.Production+"/upay/v2/revoke", struct {
			TerminalSN string `json:"terminal_sn"`
			ClientSN   string `json:"client_sn"`
		}{sn, "18348290098298292838"}, &a, func(h http.Header, body []byte) {
			digest := md5.Sum(append(body, key...))
			h.Set("Authorization", sn+" "+hex.EncodeToString(digest[:]))
		})
	}, func() error {
		_, err := client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "18348290098298292838"})
		return err
	})
}
