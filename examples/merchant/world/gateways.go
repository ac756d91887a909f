// Package world is what is outside of the merchant, played: the providers' gateways, and a day of customers. Nothing of it
// is part of a back-end.
package world

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

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

// gateways are the providers, in a process of their own: they know what was carried out, and outlive a merchant that is
// killed. Their orders are in memory.
type gateways struct {
	unionpay *unionpaytest.Server
	chinaums *chinaumstest.Server
	upay     *upaytest.Server
	yuansfer *yuansfertest.Server
	terminal *umpaytest.Server
	spay     *spaytest.Server
	keys     Keys
}

// Keys are what the merchant has of each provider: addresses, numbers, keys. Its form is JSON.
type Keys struct {
	Seal     []byte // the merchant's own: seals the terminal's key that the database keeps
	UnionPay struct {
		Gateway, MerID, Password string
		PFX, Root, Middle        []byte
		TokenRequestor           string // the merchant's number (trId) for tokens of payers' cards
		Token                    string // of one, to play with
	}
	ChinaUMS struct {
		Gateway, AppID, AppKey, CommunicationKey, MID, TID string
		Source                                             string // of its numbers (来源编号)
	}
	Upay struct {
		Gateway, Preauth, TerminalSN string
		TerminalKey                  string // as it is now: check-ins replace it
		NotificationKeys             []string
	}
	Yuansfer struct{ Gateway, MerchantNo, StoreNo, Token string }
	UMPay    struct { // the terminal, and the online gateway
		Bridge, Terminal, Secret string
		Gateway, MerID           string
		Key, PlatformKey         []byte
	}
}

func openGateways(ctx context.Context) (*gateways, error) {
	g := &gateways{
		unionpay: unionpaytest.NewServer(), chinaums: chinaumstest.NewServer(), upay: upaytest.NewServer(),
		yuansfer: yuansfertest.NewServer(), terminal: umpaytest.NewServer(), spay: spaytest.NewServer(),
	}
	k := &g.keys
	k.Seal = make([]byte, 32)
	_, _ = rand.Read(k.Seal)
	u := g.unionpay.Config()
	k.UnionPay.Gateway, k.UnionPay.MerID, k.UnionPay.Password, k.UnionPay.TokenRequestor = u.Gateway, u.MerID, unionpaytest.PFXPassword, "62000000001"
	k.UnionPay.PFX, k.UnionPay.Root, k.UnionPay.Middle = g.unionpay.KeyFiles()
	c := g.chinaums.Config()
	k.ChinaUMS.Gateway, k.ChinaUMS.AppID, k.ChinaUMS.AppKey = c.Gateway, c.AppID, c.AppKey.Reveal()
	k.ChinaUMS.MID, k.ChinaUMS.TID, k.ChinaUMS.Source = chinaumstest.MID, chinaumstest.TID, "327M"
	for _, secrets := range c.CommunicationKeys {
		k.ChinaUMS.CommunicationKey = secrets[0].Reveal()
	}
	p := g.upay.Config()
	k.Upay.Gateway, k.Upay.Preauth, k.Upay.TerminalSN, k.Upay.NotificationKeys = p.Gateway, p.PreauthGateway, p.TerminalSN, p.NotificationKeys
	y := g.yuansfer.Config()
	k.Yuansfer.Gateway, k.Yuansfer.MerchantNo, k.Yuansfer.StoreNo, k.Yuansfer.Token = y.Gateway, y.MerchantNo, y.StoreNo, y.Token.Reveal()
	t, s := g.terminal.Config(), g.spay.Config()
	k.UMPay.Bridge, k.UMPay.Terminal, k.UMPay.Secret, k.UMPay.Gateway, k.UMPay.MerID = t.Gateway, t.Terminal, t.Secret.Reveal(), s.Gateway, s.MerID
	var noKey, noPlatform, noToken error
	k.UMPay.Key, noKey = x509.MarshalPKCS8PrivateKey(s.Key)
	k.UMPay.PlatformKey, noPlatform = x509.MarshalPKIXPublicKey(s.PlatformKeys[0])
	k.UnionPay.Token, noToken = openCard(ctx, u, k.UnionPay.TokenRequestor)
	g.unionpay.SetPending(1) // as the real one: it works on a request for a moment
	return g, errors.Join(noKey, noPlatform, noToken)
}

// openCard is a payer who opens a card for this merchant (开通), who has a token of it since.
func openCard(ctx context.Context, config unionpay.Config, requestor string) (string, error) {
	client, err := unionpay.New(config)
	if err != nil {
		return "", err
	}
	opened, err := client.Cards.Open(ctx, &unionpay.CardOpenRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), AccNo: "6216261000000000018",
		CustomerInfo: "e3Ntc0NvZGU9MTExMTExfQ==", TokenPayData: "{trId=" + requestor + "&tokenType=01}",
	})
	if err != nil {
		return "", err
	}
	card, err := unionpay.ParseGroup(opened.TokenPayData)
	return card.Get("token"), err
}

func (g *gateways) close() {
	for _, server := range []interface{ Close() }{g.unionpay, g.chinaums, g.upay, g.yuansfer, g.terminal, g.spay} {
		server.Close()
	}
}

// Played is what the gateways are told, and asked: the provider and the operation in the words of the merchant's API, and
// the merchant's number.
type Played struct {
	Provider, Operation, Order string
	Fault                      cnpaytest.Fault // or "always " and one
	Receiver                   string          `json:",omitempty"` // where UMPay's terminal reports
}

// operation is the gateway that carries an operation out, and the name that it has there.
func (g *gateways) operation(p Played) (cnpaytest.Gateway, string, error) {
	servers := map[string]cnpaytest.Gateway{
		"unionpay": g.unionpay, "chinaums": g.chinaums, "upay": g.upay, "yuansfer": g.yuansfer, "umpay": g.spay, "umpay/terminal": g.terminal,
	}
	words := []string{"pay", "preauth", "complete", "cancel", "refund", "revoke", "query"}
	names := map[string][]string{ // in the order of the words
		"unionpay": {unionpay.OpQRPayByCode, unionpay.OpPreauthCreate, unionpay.OpPreauthComplete, unionpay.OpPreauthCancel,
			unionpay.OpQRRefund, unionpay.OpQRVoid, unionpay.OpOrderQuery},
		"chinaums": {chinaums.OpBillCreateQR, chinaums.OpBillCreateQR, chinaums.OpBillComplete, chinaums.OpBillCancelPreauth,
			chinaums.OpBillRefund, chinaums.OpBillClose, chinaums.OpBillQuery},
		"upay": {upay.OpOrderPayByCode, upay.OpPreauthCreate, upay.OpPreauthComplete, upay.OpPreauthCancel,
			upay.OpOrderRefund, upay.OpOrderRevoke, upay.OpOrderQuery},
		"yuansfer": {yuansfer.OpInStoreCreateQR, yuansfer.OpPreauthCreate, yuansfer.OpPreauthComplete, yuansfer.OpPreauthCancel,
			yuansfer.OpTransactionRefund, yuansfer.OpTransactionCancel, yuansfer.OpTransactionQuery},
		"umpay":          {spay.OpOrderPayByCode, "", "", "", spay.OpOrderRefund, spay.OpOrderCancel, spay.OpOrderQuery},
		"umpay/terminal": {"", umpay.OpPreauthCreate, umpay.OpPreauthComplete, umpay.OpPreauthCancel, "", "", umpay.OpCommandQuery},
	}
	for _, provider := range []string{p.Provider, p.Provider + "/terminal"} {
		if i := slices.Index(words, p.Operation); i >= 0 && names[provider] != nil && names[provider][i] != "" {
			return servers[provider], names[provider][i], nil
		}
	}
	return nil, "", fmt.Errorf("%s has no %s: want a provider, and %s, as far as it has them", p.Provider, p.Operation, strings.Join(words, ", "))
}

// tell does what the gateways are told, or answers what they are asked.
func (g *gateways) tell(ctx context.Context, command string, p Played) (any, error) {
	switch command {
	case "keys":
		k := g.keys
		k.Upay.TerminalKey = g.upay.Config().TerminalKey.Reveal()
		return k, nil
	case "misbehave":
		server, operation, err := g.operation(p)
		if err != nil {
			return nil, err
		}
		always, ever := strings.CutPrefix(string(p.Fault), "always ")
		if _, late := cnpaytest.Fault(always).Delay(); !late && !slices.Contains(faults(), cnpaytest.Fault(always)) {
			return nil, fmt.Errorf("no such fault: %q; want one of %q, or \"always \" and one of them", p.Fault, faults())
		}
		if ever {
			server.AlwaysMisbehave(operation, cnpaytest.Fault(always))
		} else {
			server.Misbehave(operation, p.Fault)
		}
		return p, nil
	case "received":
		server, operation, err := g.operation(p)
		if err != nil {
			return nil, err
		}
		return server.Received(operation), nil
	case "pay":
		return p, errors.Join(g.pay(p), g.notify(ctx, p))
	case "notify":
		return p, g.notify(ctx, p)
	case "leave": // of an order at ChinaUMS the gateway's own clock says that it has run out
		if p.Provider == "yuansfer" && !g.yuansfer.Paid(p.Order) {
			g.yuansfer.SetStatus(p.Order, yuansfer.StatusClosed)
		}
		return p, nil
	}
	return nil, fmt.Errorf("no such command: %q", command)
}

// pay is the payer who scans the code of an order.
func (g *gateways) pay(p Played) error {
	switch p.Provider {
	case "chinaums":
		return g.chinaums.Pay(g.keys.ChinaUMS.Source + p.Order)
	case "yuansfer":
		return g.yuansfer.Pay(p.Order)
	}
	return fmt.Errorf("%s: no order that is paid later", p.Provider)
}

// notify has the provider notify the merchant of an order, as it stands there.
func (g *gateways) notify(ctx context.Context, p Played) (err error) {
	switch p.Provider {
	case "unionpay":
		_, err = g.unionpay.Notify(ctx, p.Order, cnpaytest.OK)
	case "chinaums":
		_, err = g.chinaums.Notify(ctx, g.keys.ChinaUMS.Source+p.Order, cnpaytest.OK)
	case "upay":
		_, err = g.upay.Notify(ctx, p.Order, cnpaytest.OK)
	case "yuansfer":
		_, err = g.yuansfer.Notify(ctx, p.Order, cnpaytest.OK)
	case "umpay":
		events := g.terminal.Events(p.Order)
		if len(events) == 0 {
			return g.spay.Notify(ctx, p.Order)
		}
		for _, event := range events {
			status, posted := g.terminal.Post(ctx, p.Receiver, event)
			if err = errors.Join(err, posted); status != http.StatusOK {
				err = errors.Join(err, fmt.Errorf("the merchant answered %d", status))
			}
		}
	}
	return err
}

// Serve plays the providers until ctx ends, somebody says stop, or nobody has needed them for a while.
func Serve(ctx context.Context, listener net.Listener, idle time.Duration) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	g, err := openGateways(ctx)
	defer g.close()
	if err != nil {
		return err
	}
	unneeded := time.AfterFunc(idle, stop)
	mux := http.NewServeMux()
	mux.HandleFunc("POST /stop", func(http.ResponseWriter, *http.Request) { stop() })
	mux.HandleFunc("POST /{command}", func(w http.ResponseWriter, r *http.Request) {
		unneeded.Reset(idle)
		var p Played
		err := json.NewDecoder(r.Body).Decode(&p)
		var answer any
		if err == nil || err == io.EOF { // what needs no words
			answer, err = g.tell(r.Context(), r.PathValue("command"), p)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(answer) // the only error left is the client's connection
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	context.AfterFunc(ctx, func() {
		ending, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		ended <- server.Shutdown(ending)
	})
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return <-ended
}
