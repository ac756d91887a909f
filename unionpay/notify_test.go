package unionpay_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// merchant serves a client's notification handler and keeps what it was handed.
type merchant struct {
	*httptest.Server
	got  []unionpay.Notification
	fail error
}

func receive(t *testing.T, client *unionpay.Client) *merchant {
	t.Helper()
	m := &merchant{}
	m.Server = httptest.NewServer(client.NotificationHandler(func(_ context.Context, n unionpay.Notification) error {
		m.got = append(m.got, n)
		return m.fail
	}))
	t.Cleanup(m.Close)
	return m
}

func TestNotification(t *testing.T) {
	for _, method := range []unionpay.SignMethod{unionpay.RSA, unionpay.SHA256, unionpay.SM3} {
		for _, encoding := range []unionpay.Encoding{unionpay.UTF8, unionpay.GBK} {
			t.Run(string(method)+" "+string(encoding), func(t *testing.T) {
				gateway, _ := start(t)
				config := gateway.ConfigFor(method)
				config.Encoding = encoding
				client, err := unionpay.New(config)
				require.NoError(t, err)
				shop := receive(t, client)
				req := cancellation(gateway)
				req.BackURL = shop.URL + "/notify?a=b"
				req.ReqReserved = " 测试|a b+c/d%=&;[x]{ "
				_, err = client.Preauth.Cancel(t.Context(), req)
				require.NoError(t, err)

				status, err := gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
				require.NoError(t, err)
				require.Equal(t, http.StatusOK, status)
				require.IsType(t, &unionpay.PreauthCancelNotification{}, shop.got[0])
				n := shop.got[0].(*unionpay.PreauthCancelNotification)
				require.Equal(t, cnpay.Succeeded, n.Outcome)
				require.Equal(t, req.OrderID, n.OrderID)
				require.Equal(t, int64(10000), n.TxnAmt)
				require.Equal(t, int64(10000), n.SettleAmt)
				require.Equal(t, "156", n.CurrencyCode)
				require.Equal(t, req.OrigQryID, n.OrigQryID)
				require.Equal(t, strings.Trim(req.ReqReserved, " "), n.ReqReserved)
				require.Empty(t, n.Extra)
				require.Equal(t, unionpaytest.MerID+" "+req.OrderID+" "+req.TxnTime+" 32 succeeded", n.Key())

				// Operations tell of their failures too.
				gateway.SetCode(req.OrderID, "64")
				_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
				require.NoError(t, err)
				require.Equal(t, cnpay.Failed, shop.got[1].Common().Outcome)
				require.NotEqual(t, n.Key(), shop.got[1].Common().Key(), "a contradiction is not lost")

				shop.fail = errors.New("database is down")
				status, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
				require.NoError(t, err)
				require.Equal(t, http.StatusInternalServerError, status)
			})
		}
	}
}

func TestNotificationFaults(t *testing.T) {
	gateway, client := start(t)
	shop := receive(t, client)
	req := cancellation(gateway)
	req.BackURL = shop.URL
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	for _, fault := range []cnpaytest.Fault{
		cnpaytest.BadSignature, cnpaytest.Unsigned, cnpaytest.ForgedCertificate, unionpaytest.ExpiredCertificate,
		unionpaytest.MerchantCertificate, cnpaytest.OtherAnswer,
	} {
		status, err := gateway.Notify(t.Context(), req.OrderID, fault)
		require.NoError(t, err)
		require.Equal(t, http.StatusBadRequest, status, fault)
	}
	require.Empty(t, shop.got)
	_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.UnknownCode)
	require.NoError(t, err)
	require.Equal(t, cnpay.Unknown, shop.got[0].Common().Outcome)

	req = cancellation(gateway)
	_, err = client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	_, err = gateway.Notify(t.Context(), req.OrderID, cnpaytest.OK)
	require.ErrorIs(t, err, unionpaytest.ErrNotWanted)
}

// notified is a form of UnionPay with sign method 11.
func notified(pairs ...sign.Pair) string {
	form := url.Values{}
	for _, p := range pairs {
		form.Set(p.Name, p.Value)
	}
	form.Set("signature", signed(pairs...)[strings.LastIndex(signed(pairs...), "=")+1:])
	return form.Encode()
}

func parse(client *unionpay.Client, body string) (unionpay.Notification, error) {
	return client.ParseNotification(httptest.NewRequest(http.MethodPost, "/notify?txnAmt=1&merId=2", strings.NewReader(body)))
}

func TestParseNotification(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	good := []sign.Pair{
		{Name: "version", Value: "5.1.0"}, {Name: "encoding", Value: "utf-8"}, {Name: "signMethod", Value: "11"}, {Name: "txnType", Value: "97"},
		{Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"}, {Name: "respCode", Value: "A6"},
		{Name: "tokenPayData", Value: "{token=1&trId=2}"}, {Name: "empty", Value: ""},
	}
	n, err := parse(client, notified(good...))
	require.NoError(t, err)
	require.IsType(t, &unionpay.OtherNotification{}, n)
	require.Equal(t, cnpay.Succeeded, n.Common().Outcome)
	require.Equal(t, "{token=1&trId=2}", n.(*unionpay.OtherNotification).TokenPayData)
	require.Equal(t, map[string]string{"empty": ""}, n.Common().Extra)

	odd, err := parse(client, notified(append(good, sign.Pair{Name: "txnAmt", Value: "10.50"})...))
	require.NoError(t, err, "a genuine message is not lost")
	require.Zero(t, odd.(*unionpay.OtherNotification).TxnAmt)
	require.Equal(t, "10.50", odd.Common().Extra["txnAmt"])

	with := func(name, value string) string {
		changed := append([]sign.Pair{}, good...)
		for i := range changed {
			if changed[i].Name == name {
				changed[i].Value = value
			}
		}
		return notified(changed...)
	}
	for name, tt := range map[string]struct {
		body  string
		cause error
	}{
		"another merchant":    {with("merId", "777290058110097"), cnpay.ErrMismatch},
		"another method":      {with("signMethod", "01"), cnpay.ErrSignature},
		"older version":       {with("version", "5.0.0"), cnpay.ErrSignature},
		"a field twice":       {notified(good...) + "&respCode=00", cnpay.ErrMalformed},
		"a field more":        {notified(good...) + "&txnAmt=1", cnpay.ErrSignature},
		"a field less":        {strings.Replace(notified(good...), "empty=&", "", 1), cnpay.ErrSignature},
		"decoded twice":       {strings.ReplaceAll(notified(good...), "%7B", "+"), cnpay.ErrSignature},
		"no signature":        {notified(good...)[:strings.Index(notified(good...), "&signature=")], cnpay.ErrSignature},
		"early refusal":       {"respCode=01", cnpay.ErrSignature},
		"empty":               {"", cnpay.ErrMalformed},
		"bad escape":          {"a=%zz", cnpay.ErrMalformed},
		"no name":             {"=1", cnpay.ErrMalformed},
		"not in its charset":  {"respMsg=%b3%c9%b9&encoding=UTF-8", cnpay.ErrMalformed},
		"very many fields":    {strings.Repeat("a=1&", 2000), cnpay.ErrMalformed},
		"ten million letters": {"a=" + strings.Repeat("x", 10<<20), cnpay.ErrTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := parse(client, tt.body)
			require.Nil(t, n)
			require.ErrorIs(t, err, tt.cause)
			require.NotErrorIs(t, err, unionpay.ErrEarlyRefusal)
		})
	}
	_, err = client.ParseNotification(nil)
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

func TestHandlerMethods(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	handler := client.NotificationHandler(func(context.Context, unionpay.Notification) error { return nil })
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/notify", nil))
	require.Equal(t, http.StatusMethodNotAllowed, w.Code)
}

// An operator sees what came, stored or not, and a forger cannot fill the disk.
func TestNotificationsAreLogged(t *testing.T) {
	gateway := unionpaytest.NewServer()
	t.Cleanup(gateway.Close)
	var log bytes.Buffer
	client, err := unionpay.New(gateway.Config(), cnpay.WithLogger(slog.New(slog.NewTextHandler(&log, nil))))
	require.NoError(t, err)
	log.Reset()
	shop := receive(t, client)
	req := cancellation(gateway)
	req.BackURL = shop.URL
	_, err = client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
	for _, c := range []struct {
		fault  cnpaytest.Fault
		stored error
		want   string
	}{
		{cnpaytest.OK, nil, `level=INFO msg="cnpay notification" provider=unionpay operation=preauth_cancel order=` + req.OrderID + " outcome=succeeded type=32 code=00\n"},
		{cnpaytest.OK, errors.New("disk full"), `order=` + req.OrderID + ` outcome=succeeded type=32 code=00 reason="disk full"`},
		{cnpaytest.BadSignature, nil, `level=WARN msg="cnpay notification" provider=unionpay reason=`},
	} {
		log.Reset()
		shop.fail = c.stored
		_, err = gateway.Notify(t.Context(), req.OrderID, c.fault)
		require.NoError(t, err)
		require.Contains(t, log.String(), c.want)
	}
	log.Reset()
	name := strings.Repeat("x", 10_000)
	_, err = http.PostForm(shop.URL, url.Values{name: {"&respCode=00"}, "signature": {"eA=="}})
	require.NoError(t, err)
	require.Less(t, log.Len(), 1000)
}

// Forgers may send as many certificates as they like: nothing of them is kept.
func TestForgedNotificationsLeaveNothing(t *testing.T) {
	gateway, client := start(t)
	_, _, middle := gateway.KeyFiles()
	heap := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := heap()
	for i := range 2000 {
		form := url.Values{
			"version": {"5.1.0"}, "encoding": {"UTF-8"}, "signMethod": {"01"}, "respCode": {"00"}, "signature": {"eA=="},
			"signPubKeyCert": {strings.TrimSpace(string(middle)) + fmt.Sprint(strings.Repeat(" ", i%1000), i)},
		}
		_, err := parse(client, form.Encode())
		require.ErrorIs(t, err, cnpay.ErrSignature)
	}
	require.Less(t, int64(heap())-int64(before), int64(2<<20))
}

// The signed text has no escapes: whoever chose a part of it could split it into other fields.
func TestNotificationCannotBeSplitAnew(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	genuine := []sign.Pair{
		{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
		{Name: "reqReserved", Value: "x&respCode=00&respMsg="}, {Name: "respCode", Value: "60"}, {Name: "respMsg", Value: "declined"},
		{Name: "txnType", Value: "04"},
	}
	_, err := parse(client, notified(genuine...))
	require.ErrorIs(t, err, cnpay.ErrSignature)
	forged := []sign.Pair{
		genuine[0], genuine[1], genuine[2], {Name: "reqReserved", Value: "x"}, {Name: "respCode", Value: "00"},
		{Name: "respMsg", Value: "&respCode=60&respMsg=declined"}, genuine[6],
	}
	a, _ := sign.Canonical(genuine)
	b, _ := sign.Canonical(forged)
	require.Equal(t, string(a), string(b), "the signature holds for both")
	_, err = parse(client, notified(forged...))
	require.ErrorIs(t, err, cnpay.ErrSignature)

	genuine[3].Value = "x&y=1"
	n, err := parse(client, notified(genuine...))
	require.NoError(t, err)
	require.Equal(t, "x&y=1", n.Common().ReqReserved)
	require.Equal(t, cnpay.Failed, n.Common().Outcome)
}

// A payer who failed may try again until payTimeout, so such a notification decides nothing; nor does one that has no mark of
// a back-end's transaction.
func TestNotificationOfAPayerWhoFailed(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for _, tt := range []struct {
		txnType, txnSubType, bizType string
		cleared                      bool
		outcome                      cnpay.Outcome
	}{
		{"01", "01", "000201", false, cnpay.Unknown}, // to frontFailUrl
		{"01", "01", "000201", true, cnpay.Unknown},
		{"02", "01", "000201", true, cnpay.Unknown},
		{"01", "07", "000000", true, cnpay.Unknown},  // a code that the payer scans
		{"01", "01", "000902", false, cnpay.Unknown}, // a page, or the back-end
		{"01", "01", "000902", true, cnpay.Failed},
		{"01", "06", "000000", true, cnpay.Failed},
		{"31", "00", "000201", false, cnpay.Failed},
	} {
		message := []sign.Pair{
			{Name: "bizType", Value: tt.bizType}, {Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID},
			{Name: "orderId", Value: "20240105145046001"}, {Name: "respCode", Value: "64"}, {Name: "respMsg", Value: "declined"},
			{Name: "txnSubType", Value: tt.txnSubType}, {Name: "txnType", Value: tt.txnType},
		}
		if tt.cleared {
			message = append(message, sign.Pair{Name: "traceNo", Value: "123456"})
		}
		n, err := parse(client, notified(message...))
		require.NoError(t, err)
		require.Equal(t, tt.outcome, n.CallOutcome(), "%+v", tt)
	}
}

// What UnionPay signs of the same order number is not all about the order: a refused query is not, and a reversal is
// another operation.
func TestNotificationOfAnotherOperationOnTheOrder(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	message := func(txnType, txnSubType, code string) []sign.Pair {
		return []sign.Pair{
			{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
			{Name: "respCode", Value: code}, {Name: "respMsg", Value: "text"}, {Name: "txnSubType", Value: txnSubType}, {Name: "txnType", Value: txnType},
		}
	}
	_, err := parse(client, notified(message("00", "00", "36")...))
	require.ErrorIs(t, err, cnpay.ErrMismatch)
	n, err := parse(client, notified(message("99", "01", "00")...))
	require.NoError(t, err)
	require.Equal(t, unionpay.OpQRReverse, n.CallTicket().Operation)
}

// The sub-fields of a group stand in braces, whatever their names.
func TestNotificationWithGroups(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for _, group := range []string{"{a=1&txnAmt=2}", "{respCode=64&respMsg=x&accNo=6}", "{a=[b&respCode=64]}"} {
		n, err := parse(client, notified(sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "respCode", Value: "00"},
			sign.Pair{Name: "txnType", Value: "79"}, sign.Pair{Name: "reserved", Value: group}))
		require.NoError(t, err, group)
		require.Equal(t, group, n.Common().Reserved)
		_, err = parse(client, notified(sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "respCode", Value: "00"},
			sign.Pair{Name: "txnType", Value: "79"}, sign.Pair{Name: "reserved", Value: strings.Trim("x"+group, "}")}))
		require.ErrorIs(t, err, cnpay.ErrSignature, group)
	}
}

// A name that holds "=" and "&" would hide a field in the text that is signed, and a value that only looks like a group
// another.
func TestNotificationHidesNothing(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	for name, forged := range map[string][]sign.Pair{
		"in a name": {
			{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
			{Name: "respCode", Value: "60"}, {Name: "txnTime=20240105145046&txnType", Value: "12"},
		},
		"between two groups": {
			{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
			{Name: "reserved", Value: "{a=1}&respCode=64&riskRateInfo={b=1}"}, {Name: "txnTime", Value: "20240105145046"}, {Name: "txnType", Value: "01"},
		},
	} {
		_, err := parse(client, notified(forged...))
		require.Error(t, err, name)
	}
}

// Answers are signed like notifications. One that is posted to the merchant must not be taken for more than it says.
func TestAnswersAreNoNotifications(t *testing.T) {
	client, _ := keyedClient(t, unionpay.SHA256, silent)
	answer := func(txnType string, more ...sign.Pair) string {
		return notified(append([]sign.Pair{
			{Name: "encoding", Value: "UTF-8"}, {Name: "merId", Value: unionpaytest.MerID}, {Name: "orderId", Value: "20240105145046001"},
			{Name: "txnTime", Value: "20240105145046"}, {Name: "respCode", Value: "00"}, {Name: "txnType", Value: txnType},
		}, more...)...)
	}
	_, err := parse(client, answer("01", sign.Pair{Name: "origRespCode", Value: "64"}))
	require.ErrorIs(t, err, cnpay.ErrMismatch, "the answer to a query about a payment that failed")
	for _, txnType := range []string{"01", "02", "03", "04", "11", "12", "31", "32", "33"} {
		n, err := parse(client, answer(txnType))
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, n.Common().Outcome, "accepted, no more")
		n, err = parse(client, answer(txnType, sign.Pair{Name: "settleDate", Value: "0105"}))
		require.NoError(t, err)
		require.Equal(t, cnpay.Succeeded, n.Common().Outcome)
	}
}

func TestMerchantsOfAClient(t *testing.T) {
	const other = "777290058110097"
	tell := func(merID ...string) string {
		pairs := []sign.Pair{{Name: "orderId", Value: "20240105145046001"}, {Name: "respCode", Value: "00"}, {Name: "txnType", Value: "04"}}
		for _, m := range merID {
			pairs = append(pairs, sign.Pair{Name: "merId", Value: m})
		}
		return notified(pairs...)
	}
	req := &unionpay.PreauthCancelRequest{
		Sender:  unionpay.Sender{MerID: other},
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 1, BackURL: unionpay.NoNotification, OrigQryID: "652401051647252574008",
	}
	client, w := keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) })
	for _, body := range []string{tell(other), tell()} {
		_, err := parse(client, body)
		require.ErrorIs(t, err, cnpay.ErrMismatch)
	}
	_, err := client.Preauth.Cancel(t.Context(), req)
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.ErrorContains(t, err, "merId")
	require.Empty(t, w.times)

	client, _ = keyedClient(t, unionpay.SHA256, func(f url.Values) string { return echo(f) },
		func(c *unionpay.Config) { c.OtherMerIDs = []string{other} })
	n, err := parse(client, tell(other))
	require.NoError(t, err)
	require.Equal(t, other, n.Common().MerID)
	_, err = client.Preauth.Cancel(t.Context(), req)
	require.NoError(t, err)
}

func TestNotificationTypes(t *testing.T) {
	for txnType, want := range map[string]unionpay.Notification{
		"01": &unionpay.PurchaseNotification{}, "02": &unionpay.PreauthNotification{}, "03": &unionpay.PreauthCompleteNotification{},
		"32": &unionpay.PreauthCancelNotification{}, "33": &unionpay.PreauthCompleteCancelNotification{}, "31": &unionpay.VoidNotification{},
		"04": &unionpay.RefundNotification{}, "79": &unionpay.OpenNotification{}, "11": &unionpay.CollectionNotification{},
		"12": &unionpay.PayoutNotification{}, "98": &unionpay.OtherNotification{}, "": &unionpay.OtherNotification{},
	} {
		client, _ := keyedClient(t, unionpay.SHA256, silent)
		n, err := parse(client, notified(
			sign.Pair{Name: "merId", Value: unionpaytest.MerID}, sign.Pair{Name: "txnType", Value: txnType}, sign.Pair{Name: "respCode", Value: "00"}, sign.Pair{Name: "orderId", Value: "20240105145046001"},
			sign.Pair{Name: "accNo", Value: "6226********0048"}))
		require.NoError(t, err)
		require.IsType(t, want, n, txnType)
		require.Equal(t, txnType, n.Common().TxnType)
	}
}
