package provider_test

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gopkg.in/dnaeon/go-vcr.v4/pkg/cassette"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/conform"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
)

var record = flag.Bool("record", false, "record testdata/operations/*.yaml again, against the gateway in this process")

// exchanges are one of each operation, in the order in which they were recorded. The order P is paid by code, and Q waits to
// be paid; n distinguishes the operations' orders.
func exchanges(c *provider.Client, n string) []exchange {
	order := provider.Order{OrderTime: orderTime, OrderNo: "A" + n, TxnAmt: 1250, GoodsInfo: "咖啡"}
	refund := &provider.OrderRefundRequest{OrderTime: orderTime, OrigOrderNo: "P" + n, OrigTxnAmt: 1250, OrderNo: "R" + n, TxnAmt: 250}
	return []exchange{
		{provider.OpTerminalReceipt, cnpay.Answered, conform.Of(c.Terminals.Receipt, &provider.TerminalReceiptRequest{TransIndex: "2026090109000000000001", PayTime: orderTime})},
		{provider.OpOrderWalletOrder, cnpay.Pending, conform.Of(c.Orders.WalletOrder, &provider.OrderWalletOrderRequest{Order: order, OrderType: "wechatJs", UserID: "oExampleExampleExampleExampl"})},
		{provider.OpOrderPayByCode, cnpay.Succeeded, conform.Of(c.Orders.PayByCode, &provider.OrderPayByCodeRequest{Order: order, OrderType: provider.WeChat, AuthCode: "134781377084567613"})},
		{provider.OpOrderCreateQR, cnpay.Pending, conform.Of(c.Orders.CreateQR, &provider.OrderCreateQRRequest{Order: order, OrderType: provider.Alipay})},
		{provider.OpTerminalOrder, cnpay.Pending, conform.Of(c.Terminals.Order, &provider.TerminalOrderRequest{Order: order, PayType: "bankcard", ModelID: "14"})},
		{provider.OpOrderQuery, cnpay.Answered, conform.Of(c.Orders.Query, &provider.OrderQueryRequest{OrderNo: "P" + n, Expected: provider.Expected{TxnAmt: 1250}})},
		{provider.OpOrderCancel, cnpay.Succeeded, conform.Of(c.Orders.Cancel, &provider.OrderCancelRequest{OrderNo: "P" + n})},
		{provider.OpOrderClose, cnpay.Succeeded, conform.Of(c.Orders.Close, &provider.OrderCloseRequest{OrderNo: "Q" + n})},
		{provider.OpOrderRefund, cnpay.Pending, conform.Of(c.Orders.Refund, refund)},
		{provider.OpOrderQueryRefund, cnpay.Answered, func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) {
			if _, err := c.Orders.Refund(ctx, refund, opts...); err != nil {
				return nil, err
			}
			return c.Orders.QueryRefund(ctx, &provider.OrderQueryRefundRequest{OrderNo: "R" + n, TxnAmt: 250}, opts...)
		}},
		{provider.OpTerminalQueryOrder, cnpay.Answered, conform.Of(c.Terminals.QueryOrder, &provider.TerminalQueryOrderRequest{StartTime: "20260901000000"})},
		{provider.OpFileDownload, cnpay.Answered, conform.Of(c.Files.Download, &provider.FileDownloadRequest{StlDate: "20260901"})},
	}
}

type exchange struct {
	id      string
	outcome cnpay.Outcome
	run     conform.Run
}

// TestRecorded replays an exchange of each operation, verified with the public key of the platform that was recorded. What
// differs from run to run is the merchant's key, and so its signatures; the vectors have those.
func TestRecorded(t *testing.T) {
	const keyFile = "testdata/operations/platform.pem"
	gateway := providertest.NewServer()
	defer gateway.Close()
	direct, err := provider.New(gateway.Config())
	require.NoError(t, err)
	at, err := time.ParseInLocation("20060102150405", orderTime, cnpay.Beijing())
	require.NoError(t, err)
	config := gateway.Config()
	if *record {
		der, err := x509.MarshalPKIXPublicKey(config.PlatformKeys[0])
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), 0o644))
	}
	key, err := os.ReadFile(keyFile)
	require.NoError(t, err)
	platform, err := sign.LoadPublicKey(key)
	require.NoError(t, err)
	config.PlatformKeys, config.Gateway = []*rsa.PublicKey{platform}, "" // production's address
	for i, of := range exchanges(direct, "") {
		t.Run(of.id, func(t *testing.T) {
			n := strconv.Itoa(i + 1)
			tape := conform.Tape{File: filepath.Join("testdata", "operations", of.id), Origin: origin, Same: sameRequest}
			if *record {
				tape.Gateway = gateway.URL
				gateway.SetClock(func() time.Time { return at })
				gateway.AddOrder("P"+n, 1250)
				_, err := direct.Orders.CreateQR(t.Context(), &provider.OrderCreateQRRequest{Order: provider.Order{OrderTime: orderTime, OrderNo: "Q" + n, TxnAmt: 1250}, OrderType: provider.Alipay})
				require.NoError(t, err)
				if of.id == provider.OpFileDownload {
					gateway.SetClock(func() time.Time { return at.AddDate(0, 0, 1) })
				}
			}
			client, err := provider.New(config, cnpay.WithHTTPClient(tape.Client(t)), cnpay.WithRetry(cnpay.Retry{Attempts: 1}))
			require.NoError(t, err)
			res, err := exchanges(client, n)[i].run(t.Context())
			require.Equal(t, of.outcome, cnpay.OutcomeOf(res, err), "%v", err)
		})
	}
}

// sameRequest compares method, address and what the body says, without the signature, which must be there.
func sameRequest(r *http.Request, body []byte, recorded cassette.Request) bool {
	ours, ok := saying(r.URL.String(), body)
	theirs, recordedOK := saying(recorded.URL, []byte(recorded.Body))
	return r.Method == recorded.Method && ok && recordedOK && maps.Equal(ours, theirs)
}

// saying is what a request says, and where, without its signature; false without one.
func saying(address string, body []byte) (map[string]string, bool) {
	u, err := url.Parse(address)
	said := map[string]string{}
	if err != nil || len(body) > 0 && json.Unmarshal(body, &said) != nil {
		return nil, false
	}
	for name, values := range u.Query() {
		said[name] = values[0]
	}
	signature := said["signature"]
	delete(said, "signature")
	u.RawQuery = ""
	said["(address)"] = u.String()
	return said, signature != ""
}

// origin is what a recording says of itself.
const origin = "# Recorded against the gateway of package providertest, with keys of that run.\n" +
	"# go test ./umpay/provider -run TestRecorded -record records it again.\n"
