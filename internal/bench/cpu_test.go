package bench_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptrace"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/internal/bench"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/yuansfer"
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

// The amounts of Upay's answers travel as text, which encoding/json does not read into numbers.
type upayOrder struct {
	upay.Order
	TotalAmount string `json:"total_amount"`
	NetAmount   string `json:"net_amount"`
}

func BenchmarkUpayCPU(b *testing.B) {
	const sn, key = "00101010029201012912", "68d499beda5f72116592f5c527465656"
	const answer = `{"result_code":"200","error_code":"","error_message":"","biz_response":{"result_code":"CANCEL_SUCCESS","error_code":"","error_message":"","data":{"terminal_sn":"` + sn + `",` +
		`"sn":"7892259488292938","client_sn":"18348290098298292838","trade_no":"2013112011001004330000121536","status":"SUCCESS",` +
		`"order_status":"CANCELED","payway":"3","payway_name":"微信","sub_payway":"1","payer_uid":"2801003920293239230239","payer_login":"134****3920",` +
		`"total_amount":"10000","net_amount":"0","subject":"Pizza","finish_time":"1449646835244","channel_finish_time":"1449646835244","operator":"Peter",` +
		`"payment_list":[{"type":"BANKCARD_DEBIT","amount_total":"1"}]}}}`
	c := &http.Client{Transport: atOnce(answer)}
	client, err := upay.New(upay.Config{TerminalSN: sn, TerminalKey: key}, cnpay.WithHTTPClient(c))
	require.NoError(b, err)
	cpu(b, func() error {
		var a struct {
			ResultCode   string `json:"result_code"`
			ErrorCode    string `json:"error_code"`
			ErrorMessage string `json:"error_message"`
			Result       struct {
				ResultCode   string `json:"result_code"`
				ErrorCode    string `json:"error_code"`
				ErrorMessage string `json:"error_message"`
				upayOrder
				Data *struct {
					upayOrder
					PaymentList []map[string]string `json:"payment_list"`
				} `json:"data"`
			} `json:"biz_response"`
		}
		return byHand(c, upay.Production+"/upay/v2/revoke", &upay.OrderRevokeRequest{ClientSN: "18348290098298292838"}, &a, func(h http.Header, body []byte) {
			digest := md5.Sum(append(body, key...))
			h.Set("Authorization", sn+" "+hex.EncodeToString(digest[:]))
		})
	}, func() error {
		_, err := client.Orders.Revoke(context.Background(), &upay.OrderRevokeRequest{ClientSN: "18348290098298292838"})
		return err
	})
}

func BenchmarkYuansferCPU(b *testing.B) {
	const token = "5cbfb079f15b150122261c8537086d77a"
	const answer = `{"ret_code":"000100","ret_msg":"success","result":{"autoDebitNo":"6033500000000001","autoReference":"contract-1","vendor":"gcash"}}`
	c := &http.Client{Transport: atOnce(answer)}
	client, err := yuansfer.New(yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: token}, cnpay.WithHTTPClient(c))
	require.NoError(b, err)
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "6033500000000001"}
	cpu(b, func() error {
		var a yuansfer.AutoDebitRevokeResponse
		text := "autoDebitNo=6033500000000001&merchantNo=200043&storeNo=300014"
		inner := md5.Sum([]byte(token))
		sum := md5.Sum([]byte(text + "&" + hex.EncodeToString(inner[:])))
		body := struct {
			yuansfer.AutoDebitRevokeRequest
			VerifySign string `json:"verifySign"`
		}{*req, hex.EncodeToString(sum[:])}
		return byHand(c, yuansfer.Production+"/auto-debit/v3/revoke", &body, &a, func(http.Header, []byte) {})
	}, func() error {
		_, err := client.AutoDebit.Revoke(context.Background(), req)
		return err
	})
}

// BenchmarkChinaUMSCPU makes an order with a list of 50 goods.
func BenchmarkChinaUMSCPU(b *testing.B) {
	const appID, key = "10037e6f6a4e6da4016a670fd4530012", "f7a74b6c02ae4e1e94aaba311c04acf2"
	const number = "319420260102030405123456"
	req := &chinaums.WeChatOrderRequest{
		Order: chinaums.Order{}, InstMID: "YUEDANDEFAULT", TradeType: "JSAPI", SubOpenID: "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
	}
	req.MerOrderID, req.MID, req.TID, req.TotalAmount = number, "898340149000005", "88880001", 5000
	for range 50 {
		req.Goods = append(req.Goods, chinaums.Goods{GoodsID: "0001", GoodsName: "两个汉堡 H&M", Quantity: "1", Price: 100, GoodsCategory: "Auto", Body: "goods"})
	}
	answer := `{"errCode":"SUCCESS","errMsg":"","mid":"898340149000005","tid":"88880001","merName":"测试商户","merOrderId":"` + number + `","msgId":"",` +
		`"responseTimestamp":"2026-01-02 03:04:05","seqId":"00000000000","settleRefId":"00000000000","status":"NEW_ORDER","targetSys":"WXPay","totalAmount":5000,` +
		`"jsPayRequest":{"timeStamp":"1767294245","nonceStr":"aQ9","package":"prepay_id=wx1","signType":"MD5","paySign":"0DB5","appId":"wx1"}}`
	c := &http.Client{Transport: atOnce(answer)}
	client, err := chinaums.New(chinaums.Config{AppID: appID, AppKey: key}, cnpay.WithHTTPClient(c))
	require.NoError(b, err)
	cpu(b, func() error {
		own := *req
		own.RequestTimestamp = time.Now().Format(time.DateTime)
		var a chinaums.WeChatOrderResponse
		return byHand(c, chinaums.Production+"/v1/netpay/wx/unified-order", &own, &a, func(h http.Header, body []byte) {
			digest := sha256.Sum256(body)
			at, nonce := time.Now().Format("20060102150405"), "00112233445566778899aabbccddeeff"
			mac := hmac.New(sha256.New, []byte(key))
			_, _ = io.WriteString(mac, appID+at+nonce+hex.EncodeToString(digest[:]))
			h.Set("Authorization", `OPEN-BODY-SIG AppId="`+appID+`",Timestamp="`+at+`",Nonce="`+nonce+`",Signature="`+
				base64.StdEncoding.EncodeToString(mac.Sum(nil))+`"`)
		})
	}, func() error {
		_, err := client.WeChat.Order(context.Background(), req)
		return err
	})
}
