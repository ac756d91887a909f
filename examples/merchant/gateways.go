package main

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// world is the providers, played in a process of its own: it knows what was carried out, and outlives a merchant that is
// killed. Its orders are in memory.
type world struct {
	unionpay *unionpaytest.Server
	chinaums *chinaumstest.Server
	upay     *upaytest.Server
	yuansfer *yuansfertest.Server
	terminal *umpaytest.Server
	spay     *spaytest.Server

	token string
	key   cnpay.Secret // of the Upay terminal's activation
	seal  []byte
	asked atomic.Int64 // when somebody last needed it
}

const source = "327M" // of ChinaUMS's numbers (来源编号)

// idle is how long the gateways live without a merchant.
const idle = 20 * time.Minute

func openWorld(ctx context.Context) (*world, error) {
	w := &world{
		unionpay: unionpaytest.NewServer(), chinaums: chinaumstest.NewServer(), upay: upaytest.NewServer(),
		yuansfer: yuansfertest.NewServer(), terminal: umpaytest.NewServer(), spay: spaytest.NewServer(),
	}
	w.key, w.seal = w.upay.Config().TerminalKey, make([]byte, 32)
	_, _ = rand.Read(w.seal)
	w.unionpay.SetPending(1) // as the real one: it works on a request for a moment
	client, err := unionpay.New(w.unionpay.Config())
	if err != nil {
		return w, err
	}
	// A payer opened a card for this merchant (开通), who has a token of it since.
	opened, err := client.Cards.Open(ctx, &unionpay.CardOpenRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: "6216261000000000018",
		CustomerInfo: "e3Ntc0NvZGU9MTExMTExfQ==", TokenPayData: "{trId=" + tokenRequestor + "&tokenType=01}",
	})
	if err != nil {
		return w, err
	}
	group, err := unionpay.ParseGroup(opened.TokenPayData)
	w.token = group.Get("token")
	return w, err
}

func (w *world) Close() {
	for _, g := range []interface{ Close() }{w.unionpay, w.chinaums, w.upay, w.yuansfer, w.terminal, w.spay} {
		g.Close()
	}
}

// keys are what the merchant has of each provider: addresses, numbers, keys. Its form is JSON.
type keys struct {
	Seal     []byte // what the merchant seals keys with that the database keeps
	UnionPay struct {
		Gateway, MerID, Password string
		PFX, Root, Middle        []byte
		Token                    string // of a payer's card, to play with
	}
	ChinaUMS struct{ Gateway, AppID, AppKey, CommunicationKey, MID, TID, Source string }
	Upay     struct {
		Gateway, Preauth, TerminalSN, TerminalKey string
		NotificationKeys                          []string
	}
	Yuansfer struct{ Gateway, MerchantNo, StoreNo, Token string }
	UMPay    struct { // the terminal, and the online gateway
		Bridge, Terminal, Secret string
		Gateway, MerID           string
		Key, PlatformKey         []byte
	}
}

func (w *world) keys() (k keys, err error) {
	u := w.unionpay.Config()
	k.UnionPay.Gateway, k.UnionPay.MerID, k.UnionPay.Password, k.UnionPay.Token = u.Gateway, u.MerID, unionpaytest.PFXPassword, w.token
	k.UnionPay.PFX, k.UnionPay.Root, k.UnionPay.Middle = w.unionpay.KeyFiles()
	c := w.chinaums.Config()
	k.ChinaUMS.Gateway, k.ChinaUMS.AppID, k.ChinaUMS.AppKey = c.Gateway, c.AppID, c.AppKey.Reveal()
	k.ChinaUMS.MID, k.ChinaUMS.TID, k.ChinaUMS.Source = chinaumstest.MID, chinaumstest.TID, source
	for _, secrets := range c.CommunicationKeys {
		k.ChinaUMS.CommunicationKey = secrets[0].Reveal()
	}
	p := w.upay.Config()
	k.Upay.Gateway, k.Upay.Preauth, k.Upay.TerminalSN, k.Upay.TerminalKey = p.Gateway, p.PreauthGateway, p.TerminalSN, w.key.Reveal()
	k.Seal, k.Upay.NotificationKeys = w.seal, p.NotificationKeys
	y := w.yuansfer.Config()
	k.Yuansfer.Gateway, k.Yuansfer.MerchantNo, k.Yuansfer.StoreNo, k.Yuansfer.Token = y.Gateway, y.MerchantNo, y.StoreNo, y.Token.Reveal()
	t, s := w.terminal.Config(), w.spay.Config()
	k.UMPay.Bridge, k.UMPay.Terminal, k.UMPay.Secret, k.UMPay.Gateway, k.UMPay.MerID = t.Gateway, t.Terminal, t.Secret.Reveal(), s.Gateway, s.MerID
	key, noKey := x509.MarshalPKCS8PrivateKey(s.Key)
	platform, noPlatform := x509.MarshalPKIXPublicKey(s.PlatformKeys[0])
	k.UMPay.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	k.UMPay.PlatformKey = pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: platform})
	return k, errors.Join(noKey, noPlatform)
}

// played is what the world is told to do, and asked: the provider and the operation in the words of the API, and the
// merchant's number.
type played struct {
	Provider, Operation, Order string
	Fault                      cnpaytest.Fault
	Receiver                   string // where UMPay's terminal reports
}

// gateway is the one that carries an operation out, and the name that it has there.
func (w *world) gateway(p played) (cnpaytest.Gateway, string, bool) {
	terminal := map[string]string{"preauth": umpay.OpPreauthCreate, "complete": umpay.OpPreauthComplete, "cancel": umpay.OpPreauthCancel}
	if operation, ok := terminal[p.Operation]; ok && p.Provider == "umpay" {
		return w.terminal, operation, true
	}
	gateways := map[string]cnpaytest.Gateway{"unionpay": w.unionpay, "chinaums": w.chinaums, "upay": w.upay, "yuansfer": w.yuansfer, "umpay": w.spay, "umpay/terminal": w.terminal}
	operation, ok := map[string]string{
		"unionpay pay": unionpay.OpQRPayByCode, "unionpay preauth": unionpay.OpPreauthCreate, "unionpay complete": unionpay.OpPreauthComplete,
		"unionpay cancel": unionpay.OpPreauthCancel, "unionpay refund": unionpay.OpQRRefund, "unionpay revoke": unionpay.OpQRVoid,
		"chinaums pay": chinaums.OpBillCreateQR, "chinaums preauth": chinaums.OpBillCreateQR, "chinaums complete": chinaums.OpBillComplete,
		"chinaums cancel": chinaums.OpBillCancelPreauth, "chinaums refund": chinaums.OpBillRefund, "chinaums revoke": chinaums.OpBillClose,
		"upay pay": upay.OpOrderPayByCode, "upay preauth": upay.OpPreauthCreate, "upay complete": upay.OpPreauthComplete,
		"upay cancel": upay.OpPreauthCancel, "upay refund": upay.OpOrderRefund, "upay revoke": upay.OpOrderRevoke,
		"yuansfer pay": yuansfer.OpInStoreCreateQR, "yuansfer preauth": yuansfer.OpPreauthCreate, "yuansfer complete": yuansfer.OpPreauthComplete,
		"yuansfer cancel": yuansfer.OpPreauthCancel, "yuansfer refund": yuansfer.OpTransactionRefund, "yuansfer revoke": yuansfer.OpTransactionCancel,
		"unionpay query": unionpay.OpOrderQuery, "chinaums query": chinaums.OpBillQuery, "upay query": upay.OpOrderQuery,
		"yuansfer query": yuansfer.OpTransactionQuery, "umpay query": spay.OpOrderQuery, "umpay/terminal query": umpay.OpCommandQuery,
		"umpay pay": spay.OpOrderPayByCode, "umpay refund": spay.OpOrderRefund, "umpay revoke": spay.OpOrderCancel,
	}[p.Provider+" "+p.Operation]
	return gateways[p.Provider], operation, ok
}

// pay is the payer who scans the code of an order; the provider then notifies the merchant.
func (w *world) pay(ctx context.Context, p played) error {
	var err error
	switch p.Provider {
	case "chinaums":
		err = w.chinaums.Pay(source + p.Order)
	case "yuansfer":
		err = w.yuansfer.Pay(p.Order)
	default:
		return fmt.Errorf("%s: no order that is paid later", p.Provider)
	}
	return errors.Join(err, w.notify(ctx, p))
}

// notify has the provider notify the merchant of a number of his, as it stands there.
func (w *world) notify(ctx context.Context, p played) (err error) {
	switch p.Provider {
	case "unionpay":
		_, err = w.unionpay.Notify(ctx, p.Order, cnpaytest.OK)
	case "chinaums":
		_, err = w.chinaums.Notify(ctx, source+p.Order, cnpaytest.OK)
	case "upay":
		var answer string
		if answer, err = w.upay.Notify(ctx, p.Order, cnpaytest.OK); err == nil && answer != "success" {
			err = fmt.Errorf("upay: the merchant answered %q", answer)
		}
	case "yuansfer":
		_, err = w.yuansfer.Notify(ctx, p.Order, cnpaytest.OK)
	case "umpay":
		events := w.terminal.Events(p.Order)
		if len(events) == 0 {
			return w.spay.Notify(ctx, p.Order)
		}
		for _, event := range events {
			status, failed := w.terminal.Post(ctx, p.Receiver, event)
			if err = errors.Join(err, failed); status != http.StatusOK {
				err = errors.Join(err, fmt.Errorf("umpay: the merchant answered %d", status))
			}
		}
	default:
		err = fmt.Errorf("no such provider: %q", p.Provider)
	}
	return err
}

// handler is how the world is told what to do.
func (w *world) handler(stop func()) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /keys", func(rw http.ResponseWriter, _ *http.Request) {
		k, err := w.keys()
		if err != nil {
			http.Error(rw, err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(rw, http.StatusOK, k)
	})
	do := func(pattern string, act func(context.Context, played) (any, error)) {
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) {
			var p played
			err := json.NewDecoder(r.Body).Decode(&p)
			var answer any
			if err == nil {
				answer, err = act(r.Context(), p)
			}
			if err != nil {
				http.Error(rw, err.Error(), http.StatusBadRequest)
				return
			}
			writeJSON(rw, http.StatusOK, answer)
		})
	}
	do("POST /misbehave", func(_ context.Context, p played) (any, error) {
		gateway, operation, ok := w.gateway(p)
		if !ok {
			return nil, fmt.Errorf("%s has no %s", p.Provider, p.Operation)
		}
		if always, ok := strings.CutPrefix(string(p.Fault), "always "); ok {
			gateway.AlwaysMisbehave(operation, cnpaytest.Fault(always))
			return p, nil
		}
		gateway.Misbehave(operation, p.Fault)
		return p, nil
	})
	do("POST /received", func(_ context.Context, p played) (any, error) {
		gateway, operation, ok := w.gateway(p)
		if !ok {
			return nil, fmt.Errorf("%s has no %s", p.Provider, p.Operation)
		}
		return gateway.Received(operation), nil
	})
	do("POST /pay", func(ctx context.Context, p played) (any, error) { return p, w.pay(ctx, p) })
	do("POST /leave", func(_ context.Context, p played) (any, error) { // the payer goes away, and the order runs out
		time.AfterFunc(payTime, func() {
			if p.Provider == "yuansfer" && !w.yuansfer.Paid(p.Order) { // ChinaUMS's gateway does it by its own clock
				w.yuansfer.SetStatus(p.Order, yuansfer.StatusClosed)
			}
		})
		return p, nil
	})
	do("POST /notify", func(ctx context.Context, p played) (any, error) { return p, w.notify(ctx, p) })
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Store(time.Now().Unix())
		mux.ServeHTTP(rw, r)
	})
}

// serveWorld plays the providers until ctx ends, somebody says stop, or nobody has needed them for a while.
func serveWorld(ctx context.Context, addr string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	listener, err := listen(ctx, addr)
	if err != nil {
		return err
	}
	w, err := openWorld(ctx)
	defer w.Close()
	if err != nil {
		return err
	}
	w.asked.Store(time.Now().Unix())
	server := &http.Server{Handler: w.handler(stop), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		for ctx.Err() == nil && time.Since(time.Unix(w.asked.Load(), 0)) < idle {
			select {
			case <-ctx.Done():
			case <-time.After(time.Second):
			}
		}
		stop()
		ending, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = server.Shutdown(ending)
	}()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// worldClient talks to the world from the merchant's process.
type worldClient struct{ addr string }

func (c worldClient) call(ctx context.Context, method, path string, in, out any) error {
	_, err := callJSON(ctx, method, "http://"+c.addr+path, in, out)
	return err
}

// keysOf gets the keys, and starts the world in a process of its own where nobody answers.
func (c worldClient) keysOf(ctx context.Context) (k keys, err error) {
	if err = c.call(ctx, http.MethodGet, "/keys", nil, &k); err == nil {
		return k, nil
	}
	if conn, dialled := new(net.Dialer).DialContext(ctx, "tcp", c.addr); dialled == nil {
		_ = conn.Close()
		return k, fmt.Errorf("-gateways %s: somebody else answers there: name another address", c.addr)
	}
	program, err := os.Executable()
	if err != nil {
		return k, err
	}
	child := exec.Command(program, "gateways", "-addr", c.addr, "-stay") // not of ctx: it lives on
	if err := child.Start(); err != nil {
		return k, err
	}
	died := make(chan error, 1)
	go func() { died <- child.Wait() }()
	for range 200 {
		if err = c.call(ctx, http.MethodGet, "/keys", nil, &k); err == nil {
			return k, nil
		}
		select {
		case err := <-died:
			return k, fmt.Errorf("-gateways %s: they did not start (%v): try \"merchant gateways -addr %[1]s\" to see why", c.addr, err)
		case <-ctx.Done():
			return k, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return k, fmt.Errorf("-gateways %s: %w", c.addr, err)
}

// visit keeps the world alive while a merchant is.
func (c worldClient) visit(ctx context.Context) {
	for ctx.Err() == nil {
		_ = c.call(ctx, http.MethodGet, "/keys", nil, nil)
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
	}
}
