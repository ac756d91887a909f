package spay_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"flag"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
)

var record = flag.Bool("record", false, "record testdata/operations/*.yaml again, against the gateway in this process")

const recordedKey = "testdata/operations/platform-key.txt"

// recorded are the calls of the recordings, at noon of 1 September 2026. The numbers are the gateway's.
func recorded(c *spay.Client) map[string]conform.Run {
	o := spay.Order{OrderID: "SHOP20260901000001", MerDate: "20260901", Amount: 1250, GoodsInf: "咖啡 #1 100%", NotifyURL: "https://shop.example/spay/notify"}
	paid, hold := "PAID0001", spay.Hold{OrderID: "HOLD0001", MerDate: o.MerDate}
	const waitingNo, holdNo, completedNo = "3626090100000003", "3626090100000002", "3626090100000004"
	return map[string]conform.Run{
		spay.OpOrderCreateQR:     conform.Of(c.Orders.CreateQR, &spay.OrderCreateQRRequest{Order: o, ScanCodeType: "WECHAT"}),
		spay.OpOrderCreateQRPage: conform.Of(c.Orders.CreateQRPage, &spay.OrderCreateQRPageRequest{Order: o, ScanCodeType: "ALIPAY", AutoPay: "FALSE"}),
		spay.OpOrderPayByCode: conform.Of(c.Orders.PayByCode, &spay.OrderPayByCodeRequest{Order: o, ScanCodeType: "WECHAT",
			AuthCode: "283050710648432598", UseDesc: "咖啡"}),
		spay.OpOrderMiniProgramOrder: conform.Of(c.Orders.MiniProgramOrder, &spay.OrderMiniProgramOrderRequest{Order: o, OpenID: "oExample",
			AppID: "wx0000000000000001", ScanCodeType: "WECHAT"}),
		spay.OpOrderAppOrder:     conform.Of(c.Orders.AppOrder, &spay.OrderAppOrderRequest{Order: o}),
		spay.OpOrderQuery:        conform.Of(c.Orders.Query, &spay.OrderQueryRequest{OrderID: paid, MerDate: o.MerDate}),
		spay.OpOrderQueryHistory: conform.Of(c.Orders.QueryHistory, &spay.OrderQueryHistoryRequest{OrderID: "OLD0001", MerDate: "20260831"}),
		spay.OpOrderCancel:       conform.Of(c.Orders.Cancel, &spay.OrderCancelRequest{OrderID: paid, MerDate: o.MerDate, Amount: 1250}),
		spay.OpOrderRefund:       conform.Of(c.Orders.Refund, &spay.OrderRefundRequest{RefundNo: "R0002", OrderID: paid, MerDate: o.MerDate, OrgAmount: 1250, RefundAmount: 250}),
		spay.OpOrderQueryRefund:  conform.Of(c.Orders.QueryRefund, &spay.OrderQueryRefundRequest{RefundNo: "R0001"}),
		spay.OpQuickPayApply:     conform.Of(c.QuickPay.Apply, &spay.QuickPayApplyRequest{Order: o, PayType: "DEBITCARD", GateID: "ICBC"}),
		spay.OpQuickPaySendSMS: conform.Of(c.QuickPay.SendSMS, &spay.QuickPaySendSMSRequest{TradeNo: waitingNo, MediaID: "13800000000", MediaType: "MOBILE",
			Card: spay.Card{CardID: card, Holder: spay.Holder{CardHolder: "张三"}}}),
		spay.OpQuickPayConfirm: conform.Of(c.QuickPay.Confirm, &spay.QuickPayConfirmRequest{OrderID: "WAIT0001", MerDate: o.MerDate, TradeNo: waitingNo,
			VerifyCode: spaytest.SMSCode, MediaID: "13800000000", MediaType: "MOBILE"}),
		spay.OpPreauthCreate: conform.Of(c.Preauth.Create, &spay.PreauthCreateRequest{OrderID: o.OrderID, MerDate: o.MerDate, Amount: 1250, PayType: "CREDITCARD",
			CardID: card, ValidDate: "3012", CVV2: "123"}),
		spay.OpPreauthComplete: conform.Of(c.Preauth.Complete, &spay.PreauthCompleteRequest{Hold: hold, TradeNo: holdNo, Amount: 1250, PayType: "CREDITCARD"}),
		spay.OpPreauthCancel:   conform.Of(c.Preauth.Cancel, &spay.PreauthCancelRequest{Hold: hold, TradeNo: holdNo}),
		spay.OpPreauthQuery:    conform.Of(c.Preauth.Query, &spay.PreauthQueryRequest{Hold: hold}),
		spay.OpPreauthRefund: conform.Of(c.Preauth.Refund, &spay.PreauthRefundRequest{Hold: spay.Hold{OrderID: "DONE0001", MerDate: o.MerDate},
			RefundNo: "R0003", RefundAmount: 250, OrgAmount: 1250}),
		spay.OpFileDownload: conform.Of(c.Files.Download, &spay.FileDownloadRequest{SettleDate: "20260831"}),
	}
}

// prepare makes what the recordings begin with.
func prepare(t *testing.T, gateway *spaytest.Server, c *clock) {
	t.Helper()
	now := c.now()
	c.set(now.AddDate(0, 0, -1))
	gateway.AddOrder("OLD0001", 1250)
	c.set(now)
	setup, err := spay.New(gateway.Config(), cnpay.WithClock(c.now))
	require.NoError(t, err)
	gateway.AddHold("HOLD0001", 1250)
	waiting := spay.Order{OrderID: "WAIT0001", MerDate: "20260901", Amount: 1250}
	res, err := setup.QuickPay.Apply(t.Context(), &spay.QuickPayApplyRequest{Order: waiting, PayType: "DEBITCARD", GateID: "ICBC"})
	require.NoError(t, err)
	_, err = setup.QuickPay.SendSMS(t.Context(), &spay.QuickPaySendSMSRequest{TradeNo: res.TradeNo, MediaID: "13800000000", MediaType: "MOBILE"})
	require.NoError(t, err)
	done := gateway.AddHold("DONE0001", 1250)
	_, err = setup.Preauth.Complete(t.Context(), &spay.PreauthCompleteRequest{Hold: spay.Hold{OrderID: "DONE0001", MerDate: "20260901"}, TradeNo: done,
		Amount: 1250, PayType: "CREDITCARD"})
	require.NoError(t, err)
	gateway.AddOrder("PAID0001", 1250)
	gateway.AddOrder("PAID0002", 1250)
	_, err = setup.Orders.Refund(t.Context(), &spay.OrderRefundRequest{RefundNo: "R0001", OrderID: "PAID0002", MerDate: "20260901", OrgAmount: 1250, RefundAmount: 250})
	require.NoError(t, err)
}

// TestRecorded replays an exchange of every operation. What is sent must be what was recorded, but for the signature and
// what is encrypted; what is received is verified by the key of the recording.
func TestRecorded(t *testing.T) {
	outcomes := map[string]cnpay.Outcome{
		spay.OpOrderCreateQR: cnpay.Pending, spay.OpOrderCreateQRPage: cnpay.Pending, spay.OpOrderPayByCode: cnpay.Succeeded, spay.OpOrderMiniProgramOrder: cnpay.Pending,
		spay.OpOrderAppOrder: cnpay.Pending, spay.OpOrderQuery: cnpay.Answered, spay.OpOrderQueryHistory: cnpay.Answered, spay.OpOrderCancel: cnpay.Succeeded,
		spay.OpOrderRefund: cnpay.Succeeded, spay.OpOrderQueryRefund: cnpay.Answered, spay.OpQuickPayApply: cnpay.Pending, spay.OpQuickPaySendSMS: cnpay.Succeeded,
		spay.OpQuickPayConfirm: cnpay.Succeeded, spay.OpPreauthCreate: cnpay.Succeeded, spay.OpPreauthComplete: cnpay.Succeeded,
		spay.OpPreauthCancel: cnpay.Succeeded, spay.OpPreauthQuery: cnpay.Answered, spay.OpPreauthRefund: cnpay.Pending, spay.OpFileDownload: cnpay.Answered,
	}
	merchant, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	config := spay.Config{MerID: "60000100", Key: merchant}
	gateway := spaytest.NewServer() // one for all recordings, so that they have one key
	defer gateway.Close()
	if *record {
		der, err := x509.MarshalPKIXPublicKey(gateway.Config().PlatformKeys[0])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(recordedKey, []byte(base64.StdEncoding.EncodeToString(der)+"\n"), 0o644))
	}
	text, err := os.ReadFile(recordedKey)
	require.NoError(t, err)
	key, err := sign.LoadPublicKey(text)
	require.NoError(t, err)
	config.PlatformKeys = []*rsa.PublicKey{key}

	for id, want := range outcomes {
		t.Run(id, func(t *testing.T) {
			c := noon()
			tape := conform.Tape{File: filepath.Join("testdata", "operations", id), Origin: origin, Same: sameRequest}
			if *record {
				gateway.Reset()
				gateway.SetClock(c.now)
				config.Key = gateway.Config().Key
				prepare(t, gateway, c)
				tape.Gateway = gateway.URL
			}
			client, err := spay.New(config, cnpay.WithClock(c.now), cnpay.WithHTTPClient(tape.Client(t)), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			require.NoError(t, err)
			res, err := recorded(client)[id](t.Context())
			require.Equal(t, want, cnpay.OutcomeOf(res, err), "%v", err)
		})
	}
}

// sameRequest compares method, address and what the form says, as far as it is the same each time.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	a, err := url.ParseQuery(string(body))
	b, err2 := url.ParseQuery(recorded.Body)
	for _, name := range []string{"sign", "card_id", "card_holder", "valid_date", "cvv2"} {
		if len(a.Get(name)) != len(b.Get(name)) {
			return false
		}
		a.Del(name)
		b.Del(name)
	}
	return err == nil && err2 == nil && r.Method == recorded.Method && r.URL.String() == recorded.URL && reflect.DeepEqual(a, b)
}

// origin is what a recording says of itself.
const origin = "# Recorded against the gateway of package spaytest, with keys made for it.\n" +
	"# go test ./umpay/spay -run TestRecorded -record records it again.\n"
