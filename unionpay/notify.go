package unionpay

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/received"
	"github.com/cnpay-go/cnpay/sign"
)

// mostNotification caps the size of a notification. Real ones have a few thousand bytes.
const mostNotification = 256 << 10

func limits() received.Limits { return received.Limits{Bytes: mostNotification, Fields: mostPairs} }

// A Notification is a verified message of UnionPay about a transaction, to BackURL (后台通知) or, by the payer's browser,
// to FrontURL (前台通知). Its concrete type is *[PurchaseNotification], *[PreauthNotification],
// *[PreauthCompleteNotification], *[PreauthCancelNotification], *[PreauthCompleteCancelNotification],
// *[VoidNotification], *[RefundNotification], *[OpenNotification], *[PayoutNotification], *[CollectionNotification], or
// for all others *[OtherNotification].
type Notification interface {
	cnpay.Notification
	// Common is what all notifications have.
	Common() *NotificationHead
}

// NotificationHead is what every notification has.
//
// A genuine notification is not yet the right one. Before acting on it, find the order by OrderID and TxnTime and
// compare the amount and the currency ([MoneyNotification]) with what was ordered; then ask once with
// [OrdersService.Query], as UnionPay advises, before goods are shipped. Notifications come repeatedly and out of order;
// see Key.
type NotificationHead struct {
	// Outcome is the outcome of the transaction that the notification is about. It is Pending where the message says no
	// more than that UnionPay has accepted it, and Unknown where it contradicts itself, or where a payer failed who may try
	// again (until payTimeout: settle the order's own ticket). It is part of the JSON form, so that a notification can be
	// stored and read back.
	Outcome cnpay.Outcome `json:"outcome"`
	// Extra are the fields that no document names, by wire name, and amounts that are not numbers.
	Extra map[string]string `json:"extra,omitempty"`

	// Encoding is the character set (编码方式), case-insensitive.
	Encoding string `json:"encoding" spec:"R ANS1..20"`
	// Signature is UnionPay's signature (签名), already verified.
	Signature string `json:"signature" spec:"M ANS1..1024"`
	// BizType is the product (产品类型).
	BizType string `json:"bizType" spec:"R N6"`
	// AccessType is how the merchant is connected (接入类型).
	AccessType string `json:"accessType" spec:"R N1"`
	// AcqInsCode is the acquiring institution (收单机构代码).
	AcqInsCode string `json:"acqInsCode" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码), one of the client's.
	MerID string `json:"merId" spec:"R AN15"`
	// OrderID is the merchant's order number (商户订单号).
	OrderID string `json:"orderId" spec:"R AN8..40"`
	// TxnTime is its order time (订单发送时间).
	TxnTime string `json:"txnTime" spec:"R YYYYMMDDhhmmss"`
	// Reserved is the reserved field (保留域), {k=v&k=v}.
	Reserved string `json:"reserved" spec:"O ANS1..2048"`
	// RespCode is the code of the transaction (应答码).
	RespCode string `json:"respCode" spec:"M AN2"`
	// RespMsg is a human-readable message (应答信息).
	RespMsg string `json:"respMsg" spec:"M ANS1..256"`
	// SignMethod is the sign method (签名方法).
	SignMethod string `json:"signMethod" spec:"M N2"`
	// SignPubKeyCert is UnionPay's signing certificate in PEM (签名公钥证书); with sign method 01.
	SignPubKeyCert string `json:"signPubKeyCert" spec:"C AN1..2048"`
	// TxnType is the transaction type (交易类型).
	TxnType string `json:"txnType" spec:"R N2"`
	// TxnSubType is the kind within the type (交易子类).
	TxnSubType string `json:"txnSubType" spec:"R N2"`
	// ReqReserved is the merchant's own text (请求方保留域), as it was sent.
	ReqReserved string `json:"reqReserved" spec:"R ANS1..1024"`
	// Version is the protocol's (版本号).
	Version string `json:"version" spec:"R NS5"`
}

// Common makes every struct that embeds a NotificationHead a [Notification].
func (n *NotificationHead) Common() *NotificationHead { return n }

// CallOutcome is the outcome of the transaction.
func (n *NotificationHead) CallOutcome() cnpay.Outcome { return n.Outcome }

// CallTicket names the transaction, as far as the message does: its merchant, order number and order time. Several
// operations have one type and kind; of these the ticket has no Operation.
func (n *NotificationHead) CallTicket() cnpay.Ticket {
	t := cnpay.Ticket{Provider: "unionpay", Account: n.MerID, Order: n.OrderID, Fields: map[string]string{}}
	for name, value := range map[string]string{
		"merId": n.MerID, "accessType": n.AccessType, "acqInsCode": n.AcqInsCode, "orderId": n.OrderID, "txnTime": n.TxnTime,
		"txnType": n.TxnType, "reqReserved": n.ReqReserved,
	} {
		if value != "" {
			t.Fields[name] = value
		}
	}
	if of := n.Operations(); len(of) == 1 {
		t.Operation = of[0]
	}
	t.NoMoney = !movesMoney(n.TxnType)
	return t
}

// ticketWith is the head's ticket with what the order is compared by, and UnionPay's number of it.
func (n *NotificationHead) ticketWith(c *Clearing, original string) cnpay.Ticket {
	t, amount := n.CallTicket(), ""
	if c.TxnAmt != 0 {
		amount = strconv.FormatInt(c.TxnAmt, 10)
	}
	for name, value := range map[string]string{
		"txnAmt": amount, "currencyCode": c.CurrencyCode, "origQryId": original, "queryId": c.QueryID,
	} {
		if value != "" {
			t.Fields[name] = value
		}
	}
	return t
}

// Operations are those on money that the type and kind of the transaction stand for.
func (n *NotificationHead) Operations() []string {
	qr := n.BizType == "000000"
	switch kind := n.TxnType + "/" + n.TxnSubType; {
	case kind == "01/01":
		return []string{OpPagePurchase, OpPageOpenAndPurchase, OpPaymentApp, OpPaymentPurchase}
	case kind == "01/06":
		return []string{OpQRPayByCode}
	case kind == "01/07":
		return []string{OpQRCreate}
	case kind == "02/01":
		return []string{OpPagePreauth, OpPreauthApp, OpPreauthCreate}
	case kind == "03/00":
		return []string{OpPreauthComplete}
	case kind == "04/00" && qr:
		return []string{OpQRRefund}
	case kind == "04/00":
		return []string{OpPaymentRefund}
	case kind == "11/00", kind == "11/02":
		return []string{OpMandateCollect}
	case kind == "12/00":
		return []string{OpPayoutCreate}
	case kind == "31/00" && qr:
		return []string{OpQRVoid}
	case kind == "31/00":
		return []string{OpPaymentVoid}
	case kind == "32/00":
		return []string{OpPreauthCancel}
	case kind == "33/00":
		return []string{OpPreauthCancelCompletion}
	case kind == "99/01": // whose order number is the purchase's
		return []string{OpQRReverse}
	}
	return nil
}

// isOurs reports whether a name stands in the JSON form of a notification for something that no message has. A field of
// that name is one that no document has.
func isOurs(name string) bool { return name == "outcome" || name == "extra" }

// Key is the same for two notifications that say the same of the same transaction, and for no others: what a handler
// remembers, with what it did, to do it only once. It ends in the outcome, because a transaction has several in turn:
// the success that comes after a Pending has another key than that. A Pending that comes late, after a final outcome,
// changes nothing.
func (n *NotificationHead) Key() string {
	return strings.Join([]string{n.MerID, n.OrderID, n.TxnTime, n.TxnType, n.Outcome.String()}, " ")
}

// ParseNotification reads and verifies a notification. The error is [cnpay.ErrMalformed], [cnpay.ErrTooLarge],
// [cnpay.ErrSignature] or, for a genuine one to another merchant, [cnpay.ErrMismatch].
//
// Only the body counts: parameters in the address are not signed. Where the request's form has been parsed before, the
// notification is read from its PostForm; where the body was read in any other way, the error says so, and
// [Client.ParseNotificationBody] takes the bytes.
func (c *Client) ParseNotification(r *http.Request) (Notification, error) {
	return c.notification(limits().Form(r))
}

// ParseNotificationBody is [Client.ParseNotification] for the bytes of a body that was stored, or read by somebody else.
func (c *Client) ParseNotificationBody(body []byte) (Notification, error) {
	return c.notification(limits().Pairs(body))
}

// notification takes the fields with the bytes that came.
func (c *Client) notification(fields []sign.Pair, err error) (Notification, error) {
	var n Notification
	if err == nil {
		n, err = c.genuine(fields)
	}
	if err != nil {
		return nil, fmt.Errorf("unionpay: notification: %w", err)
	}
	return n, nil
}

func (c *Client) genuine(fields []sign.Pair) (Notification, error) {
	encoding := c.encoding
	if named := fieldOf(fields, "encoding"); named != "" {
		if known, err := Encoding(named).known(); err == nil {
			encoding = known
		}
	}
	m, err := inUTF8(fields, encoding)
	if err != nil {
		return nil, err
	}
	if err = c.verify(m); err != nil {
		// UnionPay's own receiver drops empty fields before it verifies, so some of these may not have been signed.
		full := m.withoutEmpty()
		if !errors.Is(err, cnpay.ErrSignature) || len(full.pairs) == len(m.pairs) || c.verify(full) != nil {
			return nil, err
		}
		m = full
	}
	pairs := m.pairs
	n := newNotification(fieldOf(pairs, "txnType"))
	notice := n.Common()
	// What is not a number stays in Extra as it came, and zero in its field: no reason to lose a genuine message.
	notice.Extra, _ = c.decode(pairs, n)
	if !c.isOwn(notice.MerID) {
		return nil, fmt.Errorf("%w: merId is not one of the client's merchants", cnpay.ErrMismatch)
	}
	if notice.TxnType == "00" || fieldOf(pairs, "origRespCode") != "" {
		return nil, fmt.Errorf("%w: it is the answer to a query", cnpay.ErrMismatch)
	}
	notice.Outcome = judgeOriginal(notice.TxnType, notice.RespCode)
	cleared := fieldOf(pairs, "settleDate") != "" || fieldOf(pairs, "traceNo") != ""
	if notice.Outcome == cnpay.Failed && notice.paidByPayer(cleared) {
		notice.Outcome = cnpay.Unknown
	}
	if money, ok := n.(MoneyNotification); ok && notice.Outcome == cnpay.Succeeded && movesMoney(notice.TxnType) {
		switch {
		case !cleared:
			// A success at BackURL says when it is cleared. Without that the message came to FrontURL, or it is the answer
			// that accepted the operation or took the order, which is signed alike.
			notice.Outcome = cnpay.Pending
		case fieldOf(pairs, "txnAmt") != "" && money.Money().TxnAmt <= 0: // money moved, and none of it
			notice.Outcome = cnpay.Unknown
		}
	}
	return n, nil
}

// paidByPayer reports whether a failed payment or hold may be one that the payer can still make: on a page, in an app or
// by a code that the merchant shows. What failed at the back-end has the marks of clearing, and another product than these.
func (n *NotificationHead) paidByPayer(cleared bool) bool {
	const gateway = "000201" // 网关: of pages and apps alone
	return (n.TxnType == "01" || n.TxnType == "02") && (!cleared || n.BizType == gateway || n.TxnType+n.TxnSubType == "0107")
}

// withoutEmpty is the message without its empty fields.
func (m arrived) withoutEmpty() arrived {
	full := func(pairs []sign.Pair) (found []sign.Pair) {
		for _, p := range pairs {
			if p.Value != "" {
				found = append(found, p)
			}
		}
		return found
	}
	return arrived{full(m.pairs), full(m.raw)}
}

// NotificationHandler is the address that backUrl names. It verifies each notification and hands it to handle, which
// must store it before it returns nil: only then UnionPay gets its ok. After an error UnionPay sends it
// again, a few times within about a quarter of an hour and then never, which is why Settle exists.
// handle has about ten seconds and is called from several goroutines. The client's logger gets every one.
func (c *Client) NotificationHandler(handle func(ctx context.Context, n Notification) error) http.Handler {
	return received.Handler[Notification]{
		Provider: c.call.Provider, Logger: c.call.Settings.Logger, Parse: c.ParseNotification, Handle: handle, Answer: received.Text("ok"),
		Attrs: func(n Notification) []slog.Attr {
			return []slog.Attr{slog.String("type", n.Common().TxnType), slog.String("code", n.Common().RespCode)}
		},
	}
}
