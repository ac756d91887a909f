package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

func call(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = run(t.Context(), args, &out, &err)
	return code, out.String(), err.String()
}

func file(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	return path
}

func TestListsEveryOperation(t *testing.T) {
	for _, p := range clients.Providers() {
		code, out, _ := call(t, p.Name)
		require.Equal(t, exitOK, code)
		listed := map[string]bool{}
		for line := range strings.Lines(out) {
			if words := strings.Fields(line); len(words) > 2 && strings.Contains(words[0], ".") {
				listed[words[2]] = true
				require.Contains(t, []string{"money", "query", "setup"}, words[1], line)
			}
		}
		for _, op := range p.Operations() {
			if op.Path != "" {
				require.True(t, listed[op.Chinese], "%s: %s %s is not listed:\n%s", p.Name, op.ID, op.Chinese, out)
			}
		}
	}
}

func TestCallAtAGatewayInThisProcess(t *testing.T) {
	code, out, _ := call(t, "upay", "Orders.Query", "-request", file(t, "r.json", `{"client_sn":"1"}`))
	require.Equal(t, exitUnknown, code)
	var p printed
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	require.Equal(t, "UPAY_ORDER_NOT_EXISTS", p.Code)
	require.Contains(t, string(p.Answer), "订单不存在")
	require.NotContains(t, string(p.Answer), "trade_no", "what is empty is left out")
}

// What one process printed is all that another needs.
func TestSettleInAnotherProcess(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	c := gateway.Config()
	config := file(t, "config.json", `{"upay":{"gateway":"`+c.Gateway+`","terminalSn":"`+c.TerminalSN+`","terminalKey":"`+c.TerminalKey.Reveal()+`"}}`)
	code, out, _ := call(t, "upay", "orders.revoke", "-config", config, "-request", file(t, "r.json", `{"client_sn":"7654321132"}`))
	require.Equal(t, exitUnknown, code)
	require.Contains(t, out, `"next": "settle it`)
	require.NotContains(t, out, c.TerminalKey.Reveal())

	var p printed
	require.NoError(t, json.Unmarshal([]byte(out), &p))
	ticket, err := json.Marshal(p.Ticket)
	require.NoError(t, err)
	for name, text := range map[string]string{"the output": out, "the ticket": string(ticket)} {
		code, out, stderr := call(t, "settle", "-ticket", file(t, "ticket.json", text), "-config", config)
		require.Equal(t, exitOK, code, name+": "+stderr+out)
		require.Contains(t, out, `"outcome": "succeeded"`)
	}
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))

	code, out, _ = call(t, "settle", "-ticket", file(t, "t.json", strings.Replace(string(ticket), p.Ticket.Gateway, "vsi-api.shouqianba.com", 1)), "-config", config)
	require.Equal(t, exitUsage, code)
	require.Contains(t, out, "gateway is not the client's", "a ticket of production is not settled at a test gateway")
	require.Contains(t, out, `"next": "settle it with the configuration`)
}

// The gateway of this process cannot be asked by the next one.
func TestWhatIsOpenHereIsSettledHere(t *testing.T) {
	request := file(t, "r.json", `{"client_sn":"1","total_amount":"100","subject":"tea","operator":"me","dynamic_id":"280000000000000001"}`)
	for scenario, code := range map[string]int{"lost-answer": exitUnknown, "late 10ms": exitUnknown, "pending": exitOK} {
		exited, out, stderr := call(t, "upay", "orders.payByCode", "-request", request, "-scenario", scenario)
		require.Equal(t, code, exited, stderr)
		require.Contains(t, out, `"next": "settle it in the same run`, scenario)
	}
}

func TestSettleInOneGo(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("1", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Empty)
	c := gateway.Config()
	config := file(t, "config.json", `{"upay":{"gateway":"`+c.Gateway+`","terminalSn":"`+c.TerminalSN+`","terminalKey":"`+c.TerminalKey.Reveal()+`"}}`)
	code, out, _ := call(t, "upay", "orders.revoke", "-config", config, "-request", file(t, "r.json", `{"client_sn":"1"}`), "-settle")
	require.Equal(t, exitOK, code, out)
}

// A call that was made and cannot be settled is unknown, whatever its ticket lacks.
func TestWhatCannotBeSettledIsUnknown(t *testing.T) {
	request := file(t, "r.json", `{"mid": "898201612345678", "tid": "88880001", "instMid": "QRPAYDEFAULT", "qrCodeId": "31940001"}`)
	code, out, stderr := call(t, "chinaums", "bills.close", "-request", request, "-scenario", "lost-answer", "-settle")
	require.Equal(t, exitUnknown, code, stderr+out)
	require.Contains(t, out, "billNo is required")
}

func TestMistakesAreOneLine(t *testing.T) {
	good := file(t, "r.json", `{"client_sn":"1"}`)
	for _, tt := range []struct {
		args []string
		says string
	}{
		{nil, "want a provider"},
		{[]string{"alipay"}, `no provider "alipay"`},
		{[]string{"upay", "orders.pay"}, "there are orders."},
		{[]string{"upay", "orders"}, "call upay lists them"},
		{[]string{"upay", "orders.query", "more"}, `unexpected argument "more"`},
		{[]string{"upay", "-x"}, "flag provided but not defined"},
		{[]string{"upay", "orders.query", "-request", "missing.json"}, "missing.json"},
		{[]string{"upay", "orders.query", "-request", file(t, "bad.json", `{"clientsn":"1"}`)}, "clientsn is not a name"},
		{[]string{"upay", "orders.query", "-request", file(t, "bad.json", "")}, "the file is empty"},
		{[]string{"upay", "orders.query", "-ticket", good}, "-ticket is for settle"},
		{[]string{"upay", "orders.query", "-timeout", "0"}, "more than zero"},
		{[]string{"upay", "orders.query", "-request", good, "-scenario", "lost-anwser"}, "-scenario lost-anwser: want one of ok"},
		{[]string{"upay", "orders.query", "-request", good, "-scenario", "twice"}, "unknown-code, pending, or"},
		{[]string{"upay", "orders.query", "-config", good, "-scenario", "html"}, "-scenario is for"},
		{[]string{"upay", "orders.query", "-config", file(t, "c.json", "{}")}, `no section "upay"`},
		{[]string{"settle", "-ticket", good}, "settle needs -ticket, and -config"},
		{[]string{"settle", "-ticket", good, "-config", file(t, "c.json", "{}")}, "client_sn is not a name"},
		{[]string{"settle", "-ticket", file(t, "t.json", `{"provider":"alipay"}`), "-config", file(t, "c.json", "{}")}, `no provider "alipay"`},
	} {
		code, out, stderr := call(t, tt.args...)
		require.Equal(t, exitUsage, code, tt.args)
		require.Empty(t, out)
		require.Contains(t, stderr, tt.says)
		first, rest, _ := strings.Cut(stderr, "\n")
		require.Contains(t, first, tt.says)
		require.Equal(t, "\nTry: call -h\n", rest)
	}
	code, out, _ := call(t, "upay", "orders.revoke")
	require.Equal(t, exitUsage, code)
	require.Contains(t, out, "sn is required without client_sn")
}

// full is a standard output that cannot be written to.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDisk(t *testing.T) {
	args := []string{"upay", "orders.revoke", "-request", file(t, "r.json", `{"client_sn":"1"}`)}
	var stderr bytes.Buffer
	require.Equal(t, exitUnsaid, run(t.Context(), args, full{}, &stderr))
	require.Contains(t, stderr.String(), "no space left")
	require.Contains(t, stderr.String(), `"outcome": "failed"`)
	require.Equal(t, exitUnknown, run(t.Context(), args, full{}, full{}))
}

func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("interrupt"))
	var out bytes.Buffer
	code := run(ctx, []string{"upay", "orders.revoke", "-request", file(t, "r.json", `{"client_sn":"1"}`)}, &out, &out)
	require.Equal(t, exitNotSent, code, out.String())
	require.Contains(t, out.String(), "interrupt")
}

func TestNamesAreTypedInLowerCase(t *testing.T) {
	for name, want := range map[string]string{"Preauth": "preauth", "QR": "qr", "CreateQR": "createQR", "QRCode": "qrCode", "OrdersV4": "ordersV4"} {
		require.Equal(t, want, lower(name))
	}
}

var _ cnpay.Settler = (*upay.Client)(nil)
