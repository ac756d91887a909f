package cnpay_test

import (
	"context"
	"encoding/json"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// The READMEs show these functions, or their bodies.

func finish(ctx context.Context, client cnpay.Settler, res cnpay.Result, err error) (cnpay.Outcome, error) {
	if outcome := cnpay.OutcomeOf(res, err); outcome.Final() {
		return outcome, err
	}
	settlement, err := client.Settle(ctx, cnpay.TicketOf(res, err)) // queries on the documents' schedule
	return settlement.Outcome, err
}

func cancelPreauth(ctx context.Context, client *unionpay.Client, queryID string) (cnpay.Outcome, error) {
	req := &unionpay.PreauthCancelRequest{ // store OrderID and TxnTime, with your own order, before sending
		BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000,
		OrigQryID: queryID, BackURL: unionpay.NoNotification,
	}
	res, err := client.Preauth.Cancel(ctx, req)
	return finish(ctx, client, res, err)
}

func cancelCompletion(ctx context.Context, client *chinaums.Client, req *chinaums.BillCancelCompletionRequest) (cnpay.Outcome, error) {
	res, err := client.Bills.CancelCompletion(ctx, req)
	return finish(ctx, client, res, err)
}

func revokeOrder(ctx context.Context, client *upay.Client, clientSN string) (cnpay.Outcome, error) {
	res, err := client.Orders.Revoke(ctx, &upay.OrderRevokeRequest{ClientSN: clientSN})
	return finish(ctx, client, res, err)
}

func revokeAgreement(ctx context.Context, client *yuansfer.Client, autoDebitNo string) (cnpay.Outcome, error) {
	res, err := client.AutoDebit.Revoke(ctx, &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
	return finish(ctx, client, res, err)
}

func cancelAtTerminal(ctx context.Context, client *umpay.Client, terminal, voucher string) (cnpay.Outcome, error) {
	req := &umpay.PreauthCancelRequest{ // the bridge never runs one ID twice
		ID: umpay.NewCommandID(), Amount: 10000, UPayTrace: voucher,
		OrderID: umpay.NewOrderID(terminal, time.Now()),
	}
	res, err := client.Preauth.Cancel(ctx, req)
	return finish(ctx, client, res, err)
}

// journal is the least that one can be: a file of JSON lines, say. Here it is a map.
type journal map[string][]byte

func (j journal) store(t cnpay.Ticket) error {
	text, err := json.Marshal(t)
	j[t.Operation+t.Order] = text
	return err
}

func (j journal) close(t cnpay.Ticket, o cnpay.Outcome) {
	if o.Final() {
		delete(j, t.Operation+t.Order)
	}
}

func (j journal) Started(ctx context.Context, t cnpay.Ticket) (context.Context, error) {
	if t.NoMoney {
		return ctx, nil // a query, a text message: nothing to settle
	}
	return ctx, j.store(t) // an error stops the call, which is then NotSent
}

func (j journal) Finished(ctx context.Context, t cnpay.Ticket, c cnpay.Call) {
	j.close(t, c.Outcome)
}

func (j journal) settle(ctx context.Context, client cnpay.Settler, t cnpay.Ticket) (time.Duration, error) {
	s, err := client.Settle(ctx, t, cnpay.WithSchedule(cnpay.Schedule{0}))
	if s.Outcome.Final() {
		j.close(s.Ticket, s.Outcome)
		return 0, err
	}
	return s.Next, err // 0: its schedule is over; see SendAgain and GiveUp
}

func TestReadmeJournalWorks(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	j := journal{}
	client, err := upay.New(gateway.Config(), cnpay.WithRecorder(j))
	require.NoError(t, err)
	_, err = client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "7654321132"})
	require.Error(t, err)
	require.Len(t, j, 1, "the lost call is open in the journal")

	another, err := upay.New(gateway.Config()) // another process
	require.NoError(t, err)
	for _, text := range j {
		var ticket cnpay.Ticket
		require.NoError(t, json.Unmarshal(text, &ticket))
		next, err := j.settle(t.Context(), another, ticket)
		require.NoError(t, err)
		require.Zero(t, next)
	}
	require.Empty(t, j)
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
}

type merchant struct {
	ID     string
	Config upay.Config
}

func platform(merchants []merchant) (map[string]*upay.Client, error) {
	clients := map[string]*upay.Client{}
	pool := cnpay.NewHTTPClient()
	for _, m := range merchants {
		client, err := upay.New(m.Config, cnpay.WithHTTPClient(pool))
		if err != nil {
			return nil, err // names every setting that is wrong
		}
		clients[m.ID] = client
	}
	return clients, nil
}

func swap(current *atomic.Pointer[upay.Client], config upay.Config, pool *http.Client) error {
	next, err := upay.New(config, cnpay.WithHTTPClient(pool))
	if err != nil {
		return err // the old client stays
	}
	current.Store(next)
	return nil
}

func TestReadmePlatformWorks(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	clients, err := platform([]merchant{{"a", gateway.Config()}, {"b", gateway.Config()}})
	require.NoError(t, err)
	require.Len(t, clients, 2)
	_, err = platform([]merchant{{"c", upay.Config{}}})
	require.Error(t, err)

	var current atomic.Pointer[upay.Client]
	current.Store(clients["a"])
	require.Error(t, swap(&current, upay.Config{}, cnpay.NewHTTPClient()))
	require.Same(t, clients["a"], current.Load())
	require.NoError(t, swap(&current, gateway.Config(), cnpay.NewHTTPClient()))
	require.NotSame(t, clients["a"], current.Load())
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
		form, err := client.Pages.Purchase(&unionpay.PagePurchaseRequest{
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
		res, err := client.Orders.Query(ctx, &unionpay.OrderQueryRequest{OrderID: o.ID, TxnTime: o.Time})
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
	status, err := gateway.Notify(t.Context(), form.Get("orderId"), cnpaytest.OK)
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, cnpay.Succeeded, orders.Find(form.Get("orderId"), form.Get("txnTime")).Outcome)
}

func TestLostAnswerIsSettled(t *testing.T) {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("7654321132", 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer) // or Late(8*time.Second), Hang, HTML, UnknownCode ...
	client, err := upay.New(gateway.Config())
	require.NoError(t, err)

	outcome, err := revokeOrder(t.Context(), client, "7654321132")

	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, outcome)
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
}

func TestReadmeExamplesWork(t *testing.T) {
	unionPay := unionpaytest.NewServer()
	defer unionPay.Close()
	unionPayClient, err := unionpay.New(unionPay.Config())
	require.NoError(t, err)
	chinaUMS := chinaumstest.NewServer()
	defer chinaUMS.Close()
	chinaUMSClient, err := chinaums.New(chinaUMS.Config())
	require.NoError(t, err)
	agreements := yuansfertest.NewServer()
	defer agreements.Close()
	yuansferClient, err := yuansfer.New(agreements.Config())
	require.NoError(t, err)
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	umpayClient, err := umpay.New(terminal.Config())
	require.NoError(t, err)
	terminal.AddPreauth("000123", 10000)

	for name, revoke := range map[string]func() (cnpay.Outcome, error){
		"unionpay": func() (cnpay.Outcome, error) {
			return cancelPreauth(t.Context(), unionPayClient, unionPay.AddPreauth(10000))
		},
		"chinaums": func() (cnpay.Outcome, error) {
			return cancelCompletion(t.Context(), chinaUMSClient, chinaUMS.AddCompletion("327M22061819820261705544110", 10000))
		},
		"yuansfer": func() (cnpay.Outcome, error) {
			return revokeAgreement(t.Context(), yuansferClient, agreements.AddAgreement("contract-1", "GCASH"))
		},
		"umpay": func() (cnpay.Outcome, error) {
			return cancelAtTerminal(t.Context(), umpayClient, terminal.Config().Terminal, "000123")
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
		require.Len(t, blocks, 12, name)
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
