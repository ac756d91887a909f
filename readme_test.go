package cnpay_test

import (
	"context"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// The READMEs show the bodies of these functions.

func cancelPreauth(ctx context.Context, config unionpay.Config, queryID string) (cnpay.Outcome, error) {
	client, err := unionpay.New(config)
	if err != nil {
		return cnpay.NotSent, err
	}
	req := &unionpay.PreauthCancelRequest{ // store OrderID and TxnTime before sending: they are how to ask later
		BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000,
		OrigQryID: queryID, BackURL: unionpay.NoNotification,
	}
	res, err := client.Preauth.Cancel(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.Preauth.SettleCancel(ctx, req) // asks six times within 63 s
		return settled.Outcome, err
	}
	return outcome, err
}

func voidCompletion(ctx context.Context, config chinaums.Config, req *chinaums.BillCancelCompletionRequest) (cnpay.Outcome, error) {
	client, err := chinaums.New(config)
	if err != nil {
		return cnpay.NotSent, err
	}
	res, err := client.Bills.CancelCompletion(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.Bills.SettleCancelCompletion(ctx, req)
		return settled.Outcome, err
	}
	return outcome, err
}

func revokeOrder(ctx context.Context, config upay.Config, clientSN string) (cnpay.Outcome, error) {
	client, err := upay.New(config)
	if err != nil {
		return cnpay.NotSent, err
	}
	req := &upay.OrderRevokeRequest{ClientSN: clientSN}
	res, err := client.Orders.Revoke(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.Orders.SettleRevoke(ctx, req)
		return settled.Outcome, err
	}
	return outcome, err
}

func revokeAgreement(ctx context.Context, config yuansfer.Config, autoDebitNo string) (cnpay.Outcome, error) {
	client, err := yuansfer.New(config)
	if err != nil {
		return cnpay.NotSent, err
	}
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo}
	res, err := client.AutoDebit.Revoke(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.AutoDebit.SettleRevoke(ctx, req) // revokes again, which is harmless
		return settled.Outcome, err
	}
	return outcome, err
}

func cancelAtTerminal(ctx context.Context, config umpay.Config, voucher string) (cnpay.Outcome, error) {
	client, err := umpay.New(config)
	if err != nil {
		return cnpay.NotSent, err
	}
	req := &umpay.PreauthCancelRequest{ // store ID before sending: it is how to ask later
		ID: umpay.NewCommandID(), Amount: 10000, UPayTrace: voucher,
		OrderID: umpay.NewOrderID(config.Terminal, time.Now()),
	}
	res, err := client.Preauth.Cancel(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.Preauth.SettleCancel(ctx, req)
		return settled.Outcome, err
	}
	return outcome, err
}

// ledger is the merchant's own.
type ledger map[string]*order

type order struct {
	ID, Time string
	Amount   int64
	Outcome  cnpay.Outcome
}

func (l ledger) New(amount int64) *order {
	o := &order{ID: unionpay.NewOrderID(), Time: unionpay.TxnTime(time.Now()), Amount: amount}
	l[o.ID+o.Time] = o
	return o
}

func (l ledger) Find(id, at string) *order { return l[id+at] }

func (l ledger) Book(o *order, outcome cnpay.Outcome) error {
	o.Outcome = outcome
	return nil
}

func takePayments(client *unionpay.Client, orders ledger, base string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pay", func(w http.ResponseWriter, r *http.Request) {
		o := orders.New(10000) // stored, number and time too, before the payer leaves
		form, err := client.Payments.Front(&unionpay.FrontPurchaseRequest{
			OrderID: o.ID, TxnTime: o.Time, TxnAmt: o.Amount, BackURL: base + "/notify", FrontURL: base + "/thanks",
		})
		if err != nil {
			http.Error(w, "cannot pay now", http.StatusInternalServerError)
			return
		}
		form.ServeHTTP(w, r)
	})
	mux.Handle("POST /notify", client.NotificationHandler(func(ctx context.Context, n unionpay.Notification) error {
		paid, ok := n.(*unionpay.PurchaseNotification)
		if !ok {
			return nil
		}
		o := orders.Find(paid.OrderID, paid.TxnTime)
		if o == nil || o.Amount != paid.TxnAmt || paid.CurrencyCode != "156" {
			return errors.New("not what was ordered") // genuine all the same: somebody has to look at it
		}
		res, err := client.Orders.Query(ctx, &unionpay.QueryRequest{OrderID: o.ID, TxnTime: o.Time})
		if err != nil {
			return err // UnionPay will notify again
		}
		return orders.Book(o, res.Verdict().Outcome) // ship only what Succeeded
	}))
	return mux
}

func TestReadmePaymentWorks(t *testing.T) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	require.NoError(t, err)
	orders := ledger{}
	var shop *httptest.Server
	shop = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		takePayments(client, orders, shop.URL).ServeHTTP(w, r)
	}))
	defer shop.Close()
	res, err := http.Post(shop.URL+"/pay", "", nil)
	require.NoError(t, err)
	defer res.Body.Close()
	page, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	form := url.Values{}
	for _, input := range regexp.MustCompile(`name="(\w+)" value="([^"]*)"`).FindAllStringSubmatch(string(page), -1) {
		form.Set(input[1], html.UnescapeString(input[2]))
	}
	_, err = http.PostForm(gateway.URL+"/gateway/api/frontTransReq.do", form)
	require.NoError(t, err)
	require.NoError(t, gateway.Pay(form.Get("orderId"), "00"))
	status, err := gateway.Notify(t.Context(), form.Get("orderId"), unionpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, cnpay.Succeeded, orders.Find(form.Get("orderId"), form.Get("txnTime")).Outcome)
}

func TestLostAnswerIsSettled(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave("revoke", upaytest.LostAnswer)

	outcome, err := revokeOrder(t.Context(), gateway.Config(), "7654321132")

	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, outcome)
	require.Equal(t, 1, gateway.Received("revoke"))
}

func TestReadmeExamplesWork(t *testing.T) {
	unionPay := unionpaytest.NewServer()
	defer unionPay.Close()
	chinaUMS := chinaumstest.NewServer()
	defer chinaUMS.Close()
	agreements := yuansfertest.NewServer()
	defer agreements.Close()
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	terminal.AddPreauth("000123", 10000)

	for name, revoke := range map[string]func() (cnpay.Outcome, error){
		"unionpay": func() (cnpay.Outcome, error) {
			return cancelPreauth(t.Context(), unionPay.Config(), unionPay.AddPreauth(10000))
		},
		"chinaums": func() (cnpay.Outcome, error) {
			return voidCompletion(t.Context(), chinaUMS.Config(), chinaUMS.AddCompletion("327M22061819820261705544110", 10000))
		},
		"yuansfer": func() (cnpay.Outcome, error) {
			return revokeAgreement(t.Context(), agreements.Config(), agreements.AddAgreement("contract-1", "GCASH"))
		},
		"umpay": func() (cnpay.Outcome, error) {
			return cancelAtTerminal(t.Context(), terminal.Config(), "000123")
		},
	} {
		t.Run(name, func(t *testing.T) {
			outcome, err := revoke()
			require.NoError(t, err)
			require.Equal(t, cnpay.Succeeded, outcome)
		})
	}
}

// TestReadmeCodeCompiles finds every Go block of the READMEs in this file, which the compiler has read.
func TestReadmeCodeCompiles(t *testing.T) {
	source, err := os.ReadFile("readme_test.go")
	require.NoError(t, err)
	flat := func(text string) string { // indentation differs inside a README
		return regexp.MustCompile(`\s+`).ReplaceAllString(strings.TrimSpace(text), " ")
	}
	for _, name := range []string{"README.md", "README.zh-CN.md"} {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllStringSubmatch(string(text), -1)
		require.Len(t, blocks, 7, name)
		for _, block := range blocks {
			code := regexp.MustCompile(` // [^\n]*`).ReplaceAllString(block[1], "") // comments are translated
			plain := regexp.MustCompile(` // [^\n]*`).ReplaceAllString(string(source), "")
			require.Contains(t, flat(plain), flat(code), name)
		}
	}
}

// TestReadmesSayTheSame compares what can be compared of two languages: the blocks of code and the tables.
func TestReadmesSayTheSame(t *testing.T) {
	shape := func(name string) (headings, tables, blocks int) {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for line := range strings.Lines(string(text)) {
			switch {
			case strings.HasPrefix(line, "#"):
				headings++
			case strings.HasPrefix(line, "|"):
				tables++
			case strings.HasPrefix(line, "```"):
				blocks++
			}
		}
		return headings, tables, blocks
	}
	h1, t1, b1 := shape("README.md")
	h2, t2, b2 := shape("README.zh-CN.md")
	require.Equal(t, []int{h1, t1, b1}, []int{h2, t2, b2})
}
