package main

import (
	"context"
	"crypto/rsa"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/examples/internal/money"
	"github.com/cnpay-go/cnpay/journal/stores"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/spay"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/yuansfer"
)

// provider is what the service needs of one: the clients that settle its tickets, by the tickets' provider, the handler of
// its notifications, and how it does each operation of the API that it has.
type provider struct {
	settlers map[string]cnpay.Settler
	notify   http.Handler
	can      map[does]build
	daily    func(context.Context) error // what is to be done each day, where there is something
}

// does is an operation of the API and, where it is about an earlier order, what that one was.
type does struct{ operation, of string }

// build makes the request of an order, the same each time: of what is stored, and of the code that the payer shows, which
// is stored nowhere.
type build func(ctx context.Context, s step) (sending, error)

type step struct {
	*order
	of   *order // the earlier one
	code string
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

// notYet is why an operation cannot be begun now: try the same again.
type notYet struct{ error }

// connection is what the providers are made of.
type connection struct {
	keys
	db       *sql.DB
	url      string // where providers send notifications: each to its own name below it
	notified func(context.Context, cnpay.Notification) error
	opts     []cnpay.Option
}

const (
	subject        = "tea"
	operator       = "merchant"
	payTime        = time.Minute // that a payer has for a code; of a played day
	terminalPath   = "/notify/umpay/terminal"
	tokenRequestor = "62000000001" // the merchant's number (trId) for tokens of UnionPay cards
)

func (c connection) providers(ctx context.Context) (map[string]*provider, error) {
	all, errs := map[string]*provider{}, []error(nil)
	for name, open := range map[string]func(context.Context) (*provider, error){
		"unionpay": c.unionPay, "chinaums": c.chinaUMS, "upay": c.upay, "yuansfer": c.yuansfer, "umpay": c.umpay,
	} {
		p, err := open(ctx)
		if err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
		all[name], errs = p, append(errs, err)
	}
	return all, errors.Join(errs...)
}

// unionPay takes money by the code that the payer shows, and holds it by the token of an opened card. What is done to a
// hold later needs UnionPay's own number of it, which a query has.
func (c connection) unionPay(context.Context) (*provider, error) {
	identity, noIdentity := sign.LoadIdentity(c.UnionPay.PFX, c.UnionPay.Password)
	root, noRoot := sign.ParseCertificates(c.UnionPay.Root)
	middle, noMiddle := sign.ParseCertificates(c.UnionPay.Middle)
	if err := errors.Join(noIdentity, noRoot, noMiddle); err != nil {
		return nil, err
	}
	client, err := unionpay.New(unionpay.Config{
		Environment: unionpay.Test, Gateway: c.UnionPay.Gateway, MerID: c.UnionPay.MerID,
		Identity: identity, RootCert: root[0], MiddleCert: middle[0],
	}, c.opts...)
	if err != nil {
		return nil, err
	}
	const byToken = "000902"
	back, at := c.url+"/unionpay", func(o *order) string { return unionpay.TxnTime(o.At) }
	queryID := func(ctx context.Context, o *order) (string, error) {
		res, err := client.Orders.Query(ctx, &unionpay.OrderQueryRequest{OrderID: o.Number, TxnTime: at(o)})
		if err != nil {
			return "", notYet{err}
		}
		return res.QueryID, nil
	}
	return &provider{
		settlers: map[string]cnpay.Settler{"unionpay": client},
		notify:   client.NotificationHandler(func(ctx context.Context, n unionpay.Notification) error { return c.notified(ctx, n) }),
		can: map[does]build{
			{"pay", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.QR.PayByCode, &unionpay.QRPayByCodeRequest{
					OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, QRNo: s.code, TermID: "00000001", BackURL: back,
				})
			},
			{"preauth", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Create, &unionpay.PreauthCreateRequest{
					OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back,
					TokenPayData: "{token=" + s.code + "&trId=" + tokenRequestor + "}",
				})
			},
			{"complete", "preauth"}: func(ctx context.Context, s step) (sending, error) {
				id, err := queryID(ctx, s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Preauth.Complete, &unionpay.PreauthCompleteRequest{
					BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, OrigQryID: id, BackURL: back,
				})
			},
			{"cancel", "preauth"}: func(ctx context.Context, s step) (sending, error) {
				id, err := queryID(ctx, s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Preauth.Cancel, &unionpay.PreauthCancelRequest{
					BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, OrigQryID: id, BackURL: back,
				})
			},
			{"refund", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.QR.Refund, &unionpay.QRRefundRequest{
					OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigOrderID: s.of.Number, OrigTxnTime: at(s.of),
				})
			},
			{"refund", "complete"}: func(ctx context.Context, s step) (sending, error) {
				id, err := queryID(ctx, s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Payments.Refund, &unionpay.PaymentRefundRequest{
					BizType: byToken, OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, OrigQryID: id, BackURL: back,
				})
			},
			{"revoke", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.QR.Void, &unionpay.QRVoidRequest{
					OrderID: s.Number, TxnTime: at(s.order), TxnAmt: s.Amount, BackURL: back, OrigOrderID: s.of.Number, OrigTxnTime: at(s.of),
				})
			},
		},
	}, nil
}

// chinaUMS makes a code that the payer scans, to pay or to let money be held. What is done to a hold later needs its
// authorisation code, which only the notification has.
func (c connection) chinaUMS(context.Context) (*provider, error) {
	k := c.ChinaUMS
	client, err := chinaums.New(chinaums.Config{
		Gateway: k.Gateway, AppID: k.AppID, AppKey: cnpay.Secret(k.AppKey),
		CommunicationKeys: map[string][]cnpay.Secret{"": {cnpay.Secret(k.CommunicationKey)}},
	}, c.opts...)
	if err != nil {
		return nil, err
	}
	head := chinaums.BillHead{Head: chinaums.Head{MID: k.MID, TID: k.TID}, InstMID: chinaums.BillsInstMID}
	number := func(o *order) string { return k.Source + o.Number }
	day := func(o *order) string { return o.At.In(cnpay.Beijing()).Format(time.DateOnly) }
	hold := func(o *order) (chinaums.BillHold, error) {
		if o.ref == "" {
			return chinaums.BillHold{}, notYet{errors.New("ChinaUMS has not notified the authorisation code of " + o.Number)}
		}
		return chinaums.BillHold{BillNo: number(o), BillDate: day(o)}, nil
	}
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
	return &provider{
		settlers: map[string]cnpay.Settler{"chinaums": client},
		notify:   client.NotificationHandler(func(ctx context.Context, n chinaums.Notification) error { return c.notified(ctx, n) }),
		can: map[does]build{
			{"pay", ""}:     func(_ context.Context, s step) (sending, error) { return code(s, "") },
			{"preauth", ""}: func(_ context.Context, s step) (sending, error) { return code(s, "true") },
			{"complete", "preauth"}: func(_ context.Context, s step) (sending, error) {
				held, err := hold(s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Bills.Complete, &chinaums.BillCompleteRequest{
					BillHead: head, BillHold: held, AuthedOrderID: number(s.order), AuthIDRespCd: s.of.ref, TotalAmount: s.Amount,
				})
			},
			{"cancel", "preauth"}: func(_ context.Context, s step) (sending, error) {
				held, err := hold(s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Bills.CancelPreauth, &chinaums.BillCancelPreauthRequest{
					BillHead: head, BillHold: held, MerOrderID: number(s.of) + "0", AuthIDRespCd: s.of.ref,
				})
			},
			{"refund", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Bills.Refund, &chinaums.BillRefundRequest{
					BillHead: head, BillNo: number(s.of), BillDate: day(s.of),
					RefundOrder: chinaums.RefundOrder{RefundAmount: s.Amount, RefundOrderID: number(s.order)},
				})
			},
			{"revoke", "pay"}: func(_ context.Context, s step) (sending, error) {
				scanned, err := url.Parse(s.of.Show)
				if err != nil {
					return sending{}, err
				}
				return ready(client.Ticket, client.Bills.Close, &chinaums.BillCloseRequest{
					BillHead: head, QRCodeID: scanned.Query().Get("id"), AttachRefund: true, BillNo: number(s.of), BillDate: day(s.of),
				})
			},
		},
	}, nil
}

// upay takes and holds money by the code that the payer shows. Its terminal gets a new key each day, which the database
// keeps, sealed: all replicas sign with the newest.
func (c connection) upay(ctx context.Context) (*provider, error) {
	k := c.Upay
	sealed, err := stores.NewUpayKeys(c.db, c.Seal)
	if err == nil {
		_, err = sealed.Load(ctx, k.TerminalSN)
	}
	if err != nil {
		return nil, fmt.Errorf("the database was used with other gateways, which have ended: name another with -db (%w)", err)
	}
	client, err := upay.New(upay.Config{
		Gateway: k.Gateway, PreauthGateway: k.Preauth, TerminalSN: k.TerminalSN, TerminalKey: cnpay.Secret(k.TerminalKey), Keys: sealed,
		NotificationKeys: k.NotificationKeys,
	}, c.opts...)
	if err != nil {
		return nil, err
	}
	part := func(s step) upay.PreauthStep {
		return upay.PreauthStep{ClientTransNo: s.Number, Amount: s.Amount, Operator: operator, Subject: subject}
	}
	return &provider{
		settlers: map[string]cnpay.Settler{"upay": client},
		daily: func(ctx context.Context) error {
			_, err := client.Terminals.CheckIn(ctx, &upay.TerminalCheckInRequest{DeviceID: subject})
			return err
		},
		notify: client.NotificationHandler(func(ctx context.Context, n *upay.Notification) error { return c.notified(ctx, n) }),
		can: map[does]build{
			{"pay", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Orders.PayByCode, &upay.OrderPayByCodeRequest{DynamicID: s.code, Sale: upay.Sale{
					ClientSN: s.Number, TotalAmount: s.Amount, Subject: subject, Operator: operator, NotifyURL: c.url + "/upay",
				}})
			},
			{"preauth", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Create, &upay.PreauthCreateRequest{ClientAuthSN: s.Number, DynamicID: s.code, PreauthStep: part(s)})
			},
			{"complete", "preauth"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Complete, &upay.PreauthCompleteRequest{
					PreauthNumber: upay.PreauthNumber{ClientAuthSN: s.of.Number}, PreauthStep: part(s),
				})
			},
			{"cancel", "preauth"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Cancel, &upay.PreauthCancelRequest{
					PreauthNumber: upay.PreauthNumber{ClientAuthSN: s.of.Number}, PreauthStep: part(s),
				})
			},
			{"refund", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Orders.Refund, &upay.OrderRefundRequest{
					ClientSN: s.of.Number, RefundRequestNo: s.Number, RefundAmount: s.Amount, Operator: operator,
				})
			},
			{"refund", "complete"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Refund, &upay.PreauthRefundRequest{ClientAuthSN: s.of.Of, PreauthStep: part(s)})
			},
			{"revoke", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Orders.Revoke, &upay.OrderRevokeRequest{ClientSN: s.of.Number})
			},
		},
	}, nil
}

// yuansfer makes a code that the payer scans to pay, and holds money by the code that the payer shows.
func (c connection) yuansfer(context.Context) (*provider, error) {
	k := c.Yuansfer
	client, err := yuansfer.New(yuansfer.Config{
		Gateway: k.Gateway, MerchantNo: k.MerchantNo, StoreNo: k.StoreNo, Token: cnpay.Secret(k.Token),
	}, c.opts...)
	if err != nil {
		return nil, err
	}
	currencies := yuansfer.Currencies{Currency: "CNY", SettleCurrency: "USD"}
	amount := func(s step) yuansfer.Money {
		return yuansfer.Money{Amount: money.Decimal(s.Amount), Currencies: currencies}
	}
	payment := func(o *order) yuansfer.OrderKey { return yuansfer.OrderKey{Reference: o.Number} }
	hold := func(o *order) yuansfer.AuthKey { return yuansfer.AuthKey{OutAuthInfoNo: o.Number} }
	back := func(_ context.Context, s step) (sending, error) {
		return ready(client.Ticket, client.Transactions.Refund, &yuansfer.TransactionRefundRequest{
			RefundAmount: money.Decimal(s.Amount), Currencies: currencies, OrderKey: payment(s.of), RefundReference: s.Number,
		})
	}
	return &provider{
		settlers: map[string]cnpay.Settler{"yuansfer": client},
		notify:   client.NotificationHandler(func(ctx context.Context, n yuansfer.Notification) error { return c.notified(ctx, n) }),
		can: map[does]build{
			{"pay", ""}: func(_ context.Context, s step) (sending, error) {
				ready, err := ready(client.Ticket, client.InStore.CreateQR, &yuansfer.InStoreCreateQRRequest{
					NewOrder: yuansfer.NewOrder{Money: amount(s), Reference: s.Number, Description: subject, Timeout: int64(payTime / time.Minute)},
					Vendor:   "alipay", NeedQRCode: "false", IpnURL: c.url + "/yuansfer",
				})
				ready.show = func(r cnpay.Result) string { return r.(*yuansfer.InStoreCreateQRResponse).Result.DeepLink }
				return ready, err
			},
			{"preauth", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Create, &yuansfer.PreauthCreateRequest{
					NewAuth: yuansfer.NewAuth{OutAuthInfoNo: s.Number, OutAuthDetailNo: s.Number, Vendor: "alipay"},
					Money:   amount(s), PaymentBarcode: s.code,
				})
			},
			{"complete", "preauth"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Complete, &yuansfer.PreauthCompleteRequest{
					AuthKey: hold(s.of), OutAuthDetailNo: s.Number, Reference: s.Number, Money: amount(s), IpnURL: c.url + "/yuansfer",
				})
			},
			{"cancel", "preauth"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Preauth.Cancel, &yuansfer.PreauthCancelRequest{
					AuthKey: hold(s.of), OutAuthDetailNo: s.Number, UnfreezeAmount: money.Decimal(s.Amount), Currencies: currencies,
				})
			},
			{"refund", "pay"}: back, {"refund", "complete"}: back,
			{"revoke", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(client.Ticket, client.Transactions.Cancel, &yuansfer.TransactionCancelRequest{OrderKey: payment(s.of)})
			},
		},
	}, nil
}

// umpay takes money by the code that the payer shows, in the online gateway, and holds it by the card that the payer puts
// into the terminal, so that no card number passes through here.
func (c connection) umpay(context.Context) (*provider, error) {
	k := c.UMPay
	terminal, noTerminal := umpay.New(umpay.Config{Gateway: k.Bridge, Terminal: k.Terminal, Secret: cnpay.Secret(k.Secret)}, c.opts...)
	key, noKey := sign.LoadKey(k.Key)
	platform, noPlatform := sign.LoadPublicKey(k.PlatformKey)
	online, noOnline := spay.New(spay.Config{Gateway: k.Gateway, MerID: k.MerID, Key: key, PlatformKeys: []*rsa.PublicKey{platform}}, c.opts...)
	if err := errors.Join(noTerminal, noKey, noPlatform, noOnline); err != nil {
		return nil, err
	}
	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{k.Terminal: cnpay.Secret(k.Secret)}, Store: events{stores.NewUmpayEvents(c.db), c.notified},
	})
	if err != nil {
		return nil, err
	}
	notify := http.NewServeMux()
	notify.Handle(terminalPath, receiver)
	notify.Handle("/notify/umpay", online.NotificationHandler(func(ctx context.Context, n *spay.Notification) error { return c.notified(ctx, n) }))
	held := func(ctx context.Context, o *order) (map[string]string, error) {
		s, err := terminal.Settle(ctx, o.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		if err != nil {
			return nil, notYet{err}
		}
		return s.Ticket.Fields, nil
	}
	return &provider{
		settlers: map[string]cnpay.Settler{"umpay": terminal, "umpay/spay": online},
		notify:   notify,
		can: map[does]build{
			{"pay", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(online.Ticket, online.Orders.PayByCode, &spay.OrderPayByCodeRequest{
					Order:        spay.Order{OrderID: s.Number, MerDate: spay.MerDate(s.At), Amount: s.Amount, NotifyURL: c.url + "/umpay"},
					ScanCodeType: "ALIPAY", AuthCode: s.code, UseDesc: subject,
				})
			},
			{"refund", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(online.Ticket, online.Orders.Refund, &spay.OrderRefundRequest{
					RefundNo: s.Number, OrderID: s.of.Number, MerDate: spay.MerDate(s.of.At), RefundAmount: s.Amount, OrgAmount: s.of.Amount,
					NotifyURL: c.url + "/umpay",
				})
			},
			{"revoke", "pay"}: func(_ context.Context, s step) (sending, error) {
				return ready(online.Ticket, online.Orders.Cancel, &spay.OrderCancelRequest{
					OrderID: s.of.Number, MerDate: spay.MerDate(s.of.At), Amount: s.Amount,
				})
			},
			{"preauth", ""}: func(_ context.Context, s step) (sending, error) {
				return ready(terminal.Ticket, terminal.Preauth.Create, &umpay.PreauthCreateRequest{ID: s.Number, OrderID: s.Number, Amount: s.Amount})
			},
			{"complete", "preauth"}: func(ctx context.Context, s step) (sending, error) {
				hold, err := held(ctx, s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(terminal.Ticket, terminal.Preauth.Complete, &umpay.PreauthCompleteRequest{
					ID: s.Number, OrderID: s.Number, Amount: s.Amount, OrderDate: hold["result.orderDate"], AuthCode: hold["result.authCode"],
				})
			},
			{"cancel", "preauth"}: func(ctx context.Context, s step) (sending, error) {
				hold, err := held(ctx, s.of)
				if err != nil {
					return sending{}, err
				}
				return ready(terminal.Ticket, terminal.Preauth.Cancel, &umpay.PreauthCancelRequest{
					ID: s.Number, OrderID: s.Number, Amount: s.Amount, UPayTrace: hold["result.uPayTrace"],
				})
			},
		},
	}, nil
}
