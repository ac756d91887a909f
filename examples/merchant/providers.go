package main

import (
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/examples/internal/money"
	"github.com/cnpay-go/cnpay/examples/merchant/world"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// provider is what the service needs of one.
type provider struct {
	settlers map[string]cnpay.Settler    // by the provider that their tickets name
	inbox    map[string]http.Handler     // of its notifications, by their path below /notify/
	daily    func(context.Context) error // what is to be done each day, where there is something
	// request makes the request of a step, the same each time: of what is stored, and of the code that the payer shows, which
	// is stored nowhere.
	request func(context.Context, step) (sending, error)
}

// step is an order as its provider sees it: with the earlier one that it is about, if there is one, and the payer's code.
type step struct {
	*order
	of   *order
	code string
}

// what it is, as the table in the README has it.
func (s step) what() string {
	if s.of == nil {
		return s.Operation
	}
	return s.Operation + " of a " + s.of.Operation
}

// sending is a request that is ready: its ticket, the call that sends it once, and what the payer is to scan afterwards.
type sending struct {
	ticket cnpay.Ticket
	send   func(context.Context, ...cnpay.Option) (cnpay.Result, error)
	show   func(cnpay.Result) string
}

// ready makes a sending of a client's method Ticket, one of its calls and the request. A request that breaks the provider's
// rules is an error here, before anything is stored.
func ready[I, Req any, Res cnpay.Result](
	ticket func(I) (cnpay.Ticket, error), call func(context.Context, Req, ...cnpay.Option) (Res, error), req Req,
) (sending, error) {
	t, err := ticket(any(req).(I))
	return sending{ticket: t, send: func(ctx context.Context, opts ...cnpay.Option) (cnpay.Result, error) { return call(ctx, req, opts...) }}, err
}

// lacks is the end of each list of operations.
func lacks(s step) (sending, error) {
	return sending{}, invalid(cnpay.Fault{Field: "operation", Problem: s.Provider + " has no " + s.what()})
}

// notYet is why an operation cannot be begun now: try the same again.
type notYet struct{ error }

// connection is what the providers are made of.
type connection struct {
	world.Keys
	sealed   upay.KeyStore
	reported umpay.Store
	url      string // where notifications go, to a path of each provider's below it
	notified func(context.Context, cnpay.Notification) error
	opts     []cnpay.Option
}

const (
	subject  = "tea"
	operator = "merchant"
	payTime  = time.Minute // that a payer has for a code; of a played day
)

func (c connection) providers() (map[string]*provider, error) {
	all, errs := map[string]*provider{}, []error(nil)
	for name, open := range map[string]func(*provider) error{
		"unionpay": c.unionPay, "chinaums": c.chinaUMS, "upay": c.upay, "yuansfer": c.yuansfer, "umpay": c.umpay,
	} {
		all[name] = &provider{settlers: map[string]cnpay.Settler{}, inbox: map[string]http.Handler{}}
		if err := open(all[name]); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, err))
		}
	}
	return all, errors.Join(errs...)
}

// unionPay takes money by the code that the payer shows, and holds it by the token of an opened card.
func (c connection) unionPay(p *provider) error {
	k := c.UnionPay
	identity, noIdentity := sign.LoadIdentity(k.PFX, k.Password)
	root, noRoot := sign.ParseCertificates(k.Root)
	middle, noMiddle := sign.ParseCertificates(k.Middle)
	if err := errors.Join(noIdentity, noRoot, noMiddle); err != nil {
		return err
	}
	client, err := unionpay.New(unionpay.Config{
		Environment: unionpay.Test, Gateway: k.Gateway, MerID: k.MerID, Identity: identity, RootCert: root[0], MiddleCert: middle[0],
	}, c.opts...)
	if err != nil {
		return err
	}
	const byToken = "000902"
	at, back := func(o *order) string { return unionpay.TxnTime(o.At) }, c.url+"/unionpay"
	p.settlers["unionpay"] = client
	p.inbox["unionpay"] = client.NotificationHandler(func(ctx context.Context, n unionpay.Notification) error { return c.notified(ctx, n) })
	p.request = func(ctx context.Context, s step) (sending, error) {
		id := "" // UnionPay's own number of a hold or a completion, which a query has
		if s.of != nil && s.of.Operation != "pay" {
			res, err := client.Orders.Query(ctx, &unionpay.OrderQueryRequest{OrderID: s.of.Number, TxnTime: at(s.of)})
			if err != nil {
				return sending{}, notYet{err}
			}
			id = res.QueryID
		}
		switch s.what() {
		case "pay":
			return ready(client.Ticket, client.QR.PayByCode, &unionpay.QRPayByCodeRequest{
				OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, QRNo: s.code, TermID: "00000001",
			})
		case "preauth":
			return ready(client.Ticket, client.Preauth.Create, &unionpay.PreauthCreateRequest{
				OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back,
				TokenPayData: "{token=" + s.code + "&trId=" + k.TokenRequestor + "}",
			})
		case "complete of a preauth":
			return ready(client.Ticket, client.Preauth.Complete, &unionpay.PreauthCompleteRequest{
				BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigQryID: id,
			})
		case "cancel of a preauth":
			return ready(client.Ticket, client.Preauth.Cancel, &unionpay.PreauthCancelRequest{
				BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigQryID: id,
			})
		case "refund of a complete":
			return ready(client.Ticket, client.Payments.Refund, &unionpay.PaymentRefundRequest{
				BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigQryID: id,
			})
		case "refund of a pay":
			return ready(client.Ticket, client.QR.Refund, &unionpay.QRRefundRequest{
				OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigOrderID: s.of.Number, OrigTxnTime: at(s.of),
			})
		case "revoke of a pay":
			return ready(client.Ticket, client.QR.Void, &unionpay.QRVoidRequest{
				OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigOrderID: s.of.Number, OrigTxnTime: at(s.of),
			})
		}
		return lacks(s)
	}
	return nil
}

// chinaUMS makes a code that the payer scans, to pay or to let money be held.
func (c connection) chinaUMS(p *provider) error {
	k := c.ChinaUMS
	client, err := chinaums.New(chinaums.Config{
		Gateway: k.Gateway, AppID: k.AppID, AppKey: cnpay.Secret(k.AppKey),
		CommunicationKeys: map[string][]cnpay.Secret{"": {cnpay.Secret(k.CommunicationKey)}},
	}, c.opts...)
	if err != nil {
		return err
	}
	head := chinaums.BillHead{Head: chinaums.Head{MID: k.MID, TID: k.TID}, InstMID: chinaums.BillsInstMID}
	number := func(o *order) string { return k.Source + o.Number }
	day := func(o *order) string { return o.At.In(cnpay.Beijing()).Format(time.DateOnly) }
	code := func(s step, holds string) (sending, error) {
		ready, err := ready(client.Ticket, client.Bills.CreateQR, &chinaums.BillCreateQRRequest{
			BillHead: head, BillNo: number(s.order), BillDate: day(s.order), TotalAmount: s.Amount, BillDesc: subject,
			BillCode: chinaums.BillCode{
				ExpireTime: s.At.Add(payTime).In(cnpay.Beijing()).Format(time.DateTime), NotifyURL: c.url + "/chinaums", PreauthTransaction: holds,
			},
		})
		ready.show = func(r cnpay.Result) string { return r.(*chinaums.BillCreateQRResponse).BillQRCode }
		return ready, err
	}
	p.settlers["chinaums"] = client
	p.inbox["chinaums"] = client.NotificationHandler(func(ctx context.Context, n chinaums.Notification) error { return c.notified(ctx, n) })
	p.request = func(_ context.Context, s step) (sending, error) {
		if s.of != nil && s.of.Operation == "preauth" && s.of.ref == "" {
			return sending{}, notYet{errors.New("ChinaUMS has not notified the authorisation code of " + s.of.Number)}
		}
		switch s.what() {
		case "pay":
			return code(s, "")
		case "preauth":
			return code(s, "true")
		case "complete of a preauth":
			return ready(client.Ticket, client.Bills.Complete, &chinaums.BillCompleteRequest{
				BillHead: head, BillHold: chinaums.BillHold{BillNo: number(s.of), BillDate: day(s.of)},
				AuthedOrderID: number(s.order), AuthIDRespCd: s.of.ref, TotalAmount: s.Amount,
			})
		case "cancel of a preauth":
			return ready(client.Ticket, client.Bills.CancelPreauth, &chinaums.BillCancelPreauthRequest{
				BillHead: head, BillHold: chinaums.BillHold{BillNo: number(s.of), BillDate: day(s.of)},
				MerOrderID: number(s.of) + "0", AuthIDRespCd: s.of.ref,
			})
		case "refund of a pay":
			return ready(client.Ticket, client.Bills.Refund, &chinaums.BillRefundRequest{
				BillHead: head, BillNo: number(s.of), BillDate: day(s.of),
				RefundOrder: chinaums.RefundOrder{RefundAmount: s.Amount, RefundOrderID: number(s.order)},
			})
		case "revoke of a pay":
			scanned, err := url.Parse(s.of.Show)
			if err != nil {
				return sending{}, err
			}
			return ready(client.Ticket, client.Bills.Close, &chinaums.BillCloseRequest{
				BillHead: head, QRCodeID: scanned.Query().Get("id"), AttachRefund: true, BillNo: number(s.of), BillDate: day(s.of),
			})
		}
		return lacks(s)
	}
	return nil
}

// upay takes and holds money by the code that the payer shows. Its terminal gets a new key each day, which the database
// keeps, sealed: all replicas sign with the newest.
func (c connection) upay(p *provider) error {
	k := c.Upay
	client, err := upay.New(upay.Config{
		Gateway: k.Gateway, PreauthGateway: k.Preauth, TerminalSN: k.TerminalSN, TerminalKey: cnpay.Secret(k.TerminalKey), Keys: c.sealed,
		NotificationKeys: k.NotificationKeys,
	}, c.opts...)
	if err != nil {
		return err
	}
	p.settlers["upay"] = client
	p.inbox["upay"] = client.NotificationHandler(func(ctx context.Context, n *upay.Notification) error { return c.notified(ctx, n) })
	p.daily = func(ctx context.Context) error {
		_, err := client.Terminals.CheckIn(ctx, &upay.TerminalCheckInRequest{DeviceID: operator})
		return err
	}
	p.request = func(_ context.Context, s step) (sending, error) {
		part := upay.PreauthStep{ClientTransNo: s.Number, Amount: s.Amount, Operator: operator, Subject: subject}
		switch s.what() {
		case "pay":
			return ready(client.Ticket, client.Orders.PayByCode, &upay.OrderPayByCodeRequest{DynamicID: s.code, Sale: upay.Sale{
				ClientSN: s.Number, TotalAmount: s.Amount, Subject: subject, Operator: operator, NotifyURL: c.url + "/upay",
			}})
		case "preauth":
			return ready(client.Ticket, client.Preauth.Create, &upay.PreauthCreateRequest{ClientAuthSN: s.Number, DynamicID: s.code, PreauthStep: part})
		case "complete of a preauth":
			return ready(client.Ticket, client.Preauth.Complete, &upay.PreauthCompleteRequest{
				PreauthNumber: upay.PreauthNumber{ClientAuthSN: s.of.Number}, PreauthStep: part,
			})
		case "cancel of a preauth":
			return ready(client.Ticket, client.Preauth.Cancel, &upay.PreauthCancelRequest{
				PreauthNumber: upay.PreauthNumber{ClientAuthSN: s.of.Number}, PreauthStep: part,
			})
		case "refund of a complete":
			return ready(client.Ticket, client.Preauth.Refund, &upay.PreauthRefundRequest{ClientAuthSN: s.of.Of, PreauthStep: part})
		case "refund of a pay":
			return ready(client.Ticket, client.Orders.Refund, &upay.OrderRefundRequest{
				ClientSN: s.of.Number, RefundRequestNo: s.Number, RefundAmount: s.Amount, Operator: operator,
			})
		case "revoke of a pay":
			return ready(client.Ticket, client.Orders.Revoke, &upay.OrderRevokeRequest{ClientSN: s.of.Number})
		}
		return lacks(s)
	}
	return nil
}

// yuansfer makes a code that the payer scans to pay, and holds money by the code that the payer shows.
func (c connection) yuansfer(p *provider) error {
	k := c.Yuansfer
	client, err := yuansfer.New(yuansfer.Config{
		Gateway: k.Gateway, MerchantNo: k.MerchantNo, StoreNo: k.StoreNo, Token: cnpay.Secret(k.Token),
	}, c.opts...)
	if err != nil {
		return err
	}
	back, currencies := c.url+"/yuansfer", yuansfer.Currencies{Currency: "CNY", SettleCurrency: "USD"}
	p.settlers["yuansfer"] = client
	p.inbox["yuansfer"] = client.NotificationHandler(func(ctx context.Context, n yuansfer.Notification) error { return c.notified(ctx, n) })
	p.request = func(_ context.Context, s step) (sending, error) {
		decimal := money.Decimal(s.Amount)
		amount := yuansfer.Money{Amount: decimal, Currencies: currencies}
		switch s.what() {
		case "pay":
			ready, err := ready(client.Ticket, client.InStore.CreateQR, &yuansfer.InStoreCreateQRRequest{
				NewOrder: yuansfer.NewOrder{Money: amount, Reference: s.Number, Description: subject, Timeout: int64(payTime / time.Minute)},
				Vendor:   "alipay", NeedQRCode: "false", IpnURL: back,
			})
			ready.show = func(r cnpay.Result) string { return r.(*yuansfer.InStoreCreateQRResponse).Result.DeepLink }
			return ready, err
		case "preauth":
			return ready(client.Ticket, client.Preauth.Create, &yuansfer.PreauthCreateRequest{
				NewAuth: yuansfer.NewAuth{OutAuthInfoNo: s.Number, OutAuthDetailNo: s.Number, Vendor: "alipay"},
				Money:   amount, PaymentBarcode: s.code,
			})
		case "complete of a preauth":
			return ready(client.Ticket, client.Preauth.Complete, &yuansfer.PreauthCompleteRequest{
				AuthKey: yuansfer.AuthKey{OutAuthInfoNo: s.of.Number}, OutAuthDetailNo: s.Number, Reference: s.Number, Money: amount, IpnURL: back,
			})
		case "cancel of a preauth":
			return ready(client.Ticket, client.Preauth.Cancel, &yuansfer.PreauthCancelRequest{
				AuthKey: yuansfer.AuthKey{OutAuthInfoNo: s.of.Number}, OutAuthDetailNo: s.Number, UnfreezeAmount: decimal, Currencies: currencies,
			})
		case "refund of a pay", "refund of a complete":
			return ready(client.Ticket, client.Transactions.Refund, &yuansfer.TransactionRefundRequest{
				OrderKey: yuansfer.OrderKey{Reference: s.of.Number}, RefundReference: s.Number, RefundAmount: decimal, Currencies: currencies,
			})
		case "revoke of a pay":
			return ready(client.Ticket, client.Transactions.Cancel, &yuansfer.TransactionCancelRequest{
				OrderKey: yuansfer.OrderKey{Reference: s.of.Number},
			})
		}
		return lacks(s)
	}
	return nil
}

// umpay takes money by the code that the payer shows, in the online gateway, and holds it by the card that the payer puts
// into the terminal, so that no card number passes through here.
func (c connection) umpay(p *provider) error {
	k := c.UMPay
	terminal, noTerminal := umpay.New(umpay.Config{Gateway: k.Bridge, Terminal: k.Terminal, Secret: cnpay.Secret(k.Secret)}, c.opts...)
	reports, noReports := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{k.Terminal: cnpay.Secret(k.Secret)}, Store: c.reported,
	})
	key, noKey := sign.LoadKey(k.Key)
	platform, noPlatform := sign.LoadPublicKey(k.PlatformKey)
	online, noOnline := spay.New(spay.Config{Gateway: k.Gateway, MerID: k.MerID, Key: key, PlatformKeys: []*rsa.PublicKey{platform}}, c.opts...)
	if err := errors.Join(noTerminal, noReports, noKey, noPlatform, noOnline); err != nil {
		return err
	}
	p.settlers["umpay"], p.settlers["umpay/spay"] = terminal, online
	p.inbox["umpay/terminal"] = reports
	p.inbox["umpay"] = online.NotificationHandler(func(ctx context.Context, n *spay.Notification) error { return c.notified(ctx, n) })
	p.request = func(ctx context.Context, s step) (sending, error) {
		var held map[string]string // what the terminal says of a hold
		if s.of != nil && s.of.Operation == "preauth" {
			settled, err := terminal.Settle(ctx, s.of.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
			if err != nil {
				return sending{}, notYet{err}
			}
			held = settled.Ticket.Fields
		}
		switch s.what() {
		case "pay":
			return ready(online.Ticket, online.Orders.PayByCode, &spay.OrderPayByCodeRequest{
				Order:        spay.Order{OrderID: s.Number, MerDate: spay.MerDate(s.At), Amount: s.Amount, NotifyURL: c.url + "/umpay"},
				ScanCodeType: "ALIPAY", AuthCode: s.code, UseDesc: subject,
			})
		case "preauth":
			return ready(terminal.Ticket, terminal.Preauth.Create, &umpay.PreauthCreateRequest{ID: s.Number, OrderID: s.Number, Amount: s.Amount})
		case "complete of a preauth":
			return ready(terminal.Ticket, terminal.Preauth.Complete, &umpay.PreauthCompleteRequest{
				ID: s.Number, OrderID: s.Number, Amount: s.Amount, OrderDate: held["result.orderDate"], AuthCode: held["result.authCode"],
			})
		case "cancel of a preauth":
			return ready(terminal.Ticket, terminal.Preauth.Cancel, &umpay.PreauthCancelRequest{
				ID: s.Number, OrderID: s.Number, Amount: s.Amount, UPayTrace: held["result.uPayTrace"],
			})
		case "refund of a pay":
			return ready(online.Ticket, online.Orders.Refund, &spay.OrderRefundRequest{
				OrderID: s.of.Number, MerDate: spay.MerDate(s.of.At), OrgAmount: s.of.Amount,
				RefundNo: s.Number, RefundAmount: s.Amount, NotifyURL: c.url + "/umpay",
			})
		case "revoke of a pay":
			return ready(online.Ticket, online.Orders.Cancel, &spay.OrderCancelRequest{
				OrderID: s.of.Number, MerDate: spay.MerDate(s.of.At), Amount: s.Amount,
			})
		}
		return lacks(s)
	}
	return nil
}
