package spay_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/umpay/spay"
)

// shop is a merchant's receiver of notifications.
type shop struct {
	*httptest.Server
	mu   sync.Mutex
	got  []*spay.Notification
	fail error
}

func openShop(t *testing.T, client *spay.Client) *shop {
	t.Helper()
	s := &shop{}
	s.Server = httptest.NewServer(client.NotificationHandler(func(_ context.Context, n *spay.Notification) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.fail != nil {
			return s.fail
		}
		s.got = append(s.got, n)
		return nil
	}))
	t.Cleanup(s.Close)
	return s
}

// UMPay notifies twice, late and out of order: the key says which are the same, and the state which is which.
func TestNotifications(t *testing.T) {
	gateway, client := start(t)
	shop := openShop(t, client)
	o := order(1)
	o.NotifyURL, o.MerPriv, o.GoodsID = shop.URL, "订单 #1 100% +", "1"
	_, err := client.Orders.CreateQR(t.Context(), &spay.OrderCreateQRRequest{Order: o, ScanCodeType: "WECHAT"})
	require.NoError(t, err)
	waiting, err := gateway.Notification(o.OrderID)
	require.NoError(t, err)
	require.NoError(t, gateway.Pay(o.OrderID))
	require.NoError(t, gateway.Notify(t.Context(), o.OrderID))
	require.NoError(t, gateway.Notify(t.Context(), o.OrderID))
	require.NoError(t, gateway.Deliver(t.Context(), shop.URL, waiting))

	require.Len(t, shop.got, 3)
	first, second, late := shop.got[0], shop.got[1], shop.got[2]
	require.Equal(t, first.Key(), second.Key())
	require.NotEqual(t, first.Key(), late.Key())
	require.Equal(t, cnpay.Succeeded, first.CallOutcome())
	require.Equal(t, cnpay.Pending, late.CallOutcome())
	require.Equal(t, "订单 #1 100% +", first.MerPriv)
	require.EqualValues(t, 1250, first.Amount)
	require.Empty(t, first.Extra)
	ticket := first.CallTicket()
	require.Equal(t, []string{"umpay/spay", "60000100", "", o.OrderID, o.MerDate},
		[]string{ticket.Provider, ticket.Account, ticket.Operation, ticket.Order, ticket.Fields["mer_date"]})
	var _ cnpay.Notification = first

	shop.fail = errors.New("the shop's database is away")
	require.ErrorContains(t, gateway.Notify(t.Context(), o.OrderID), "500", "so that UMPay repeats it")
	again, err := client.ParseNotificationBody([]byte(first.Raw))
	require.NoError(t, err)
	require.Equal(t, first.Key(), again.Key())
}

// What an editor or a log leaves around a stored query string is no part of it.
func TestNotificationThatWasStoredAsText(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	query, err := gateway.Notification("SHOP1")
	require.NoError(t, err)
	for _, stored := range []string{query + "\n", query + "\r\n", "\ufeff" + query, " " + query + " "} {
		n, err := client.ParseNotificationBody([]byte(stored))
		require.NoError(t, err, "%q", stored)
		require.Equal(t, query, n.Raw)
	}
}

func TestNotificationsThatAreRefused(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	query, err := gateway.Notification("SHOP1")
	require.NoError(t, err)
	_, err = client.ParseNotificationBody([]byte(query))
	require.NoError(t, err)
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	without := func(name string) string {
		v := url.Values{}
		for n, all := range values {
			if n != name {
				v[n] = all
			}
		}
		return v.Encode()
	}
	for name, tt := range map[string]struct {
		query string
		cause error
	}{
		"nothing":        {"", cnpay.ErrSignature},
		"no signature":   {without("sign"), cnpay.ErrSignature},
		"a field less":   {without("pay_date"), cnpay.ErrSignature},
		"a field more":   {query + "&x=1", cnpay.ErrSignature},
		"a field twice":  {query + "&amount=1", cnpay.ErrMalformed},
		"another amount": {strings.Replace(query, "amount=1250", "amount=1251", 1), cnpay.ErrSignature},
		"a bad escape":   {strings.Replace(query, "amount=1250", "amount=%zz", 1), cnpay.ErrMalformed},
		"another kind":   {strings.Replace(query, "sign_type=RSA", "sign_type=RSA2", 1), cnpay.ErrSignature},
		"far too long":   {query + "&x=" + strings.Repeat("1", 64<<10), cnpay.ErrTooLarge},
	} {
		n, err := client.ParseNotificationBody([]byte(tt.query))
		require.Nil(t, n, name)
		require.ErrorIs(t, err, tt.cause, name)
		res := httptest.NewRecorder()
		client.NotificationHandler(func(context.Context, *spay.Notification) error { panic("not verified") }).
			ServeHTTP(res, httptest.NewRequest(http.MethodGet, "/notify?"+strings.ReplaceAll(tt.query, "%zz", "%25zz%zz"), nil))
		require.Equal(t, http.StatusBadRequest, res.Code, name)
	}
}

// The text that is signed has no escapes: a pair that is hidden in the value of another is signed alike, and refused.
func TestNotificationThatCanBeReadInTwoWays(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("SHOP1", 1250)
	query, err := gateway.Notification("SHOP1")
	require.NoError(t, err)
	values, err := url.ParseQuery(query)
	require.NoError(t, err)
	// trade_no=... and trade_state=... are neighbours: the second becomes part of the first.
	values.Set("trade_no", values.Get("trade_no")+"&trade_state="+values.Get("trade_state"))
	values.Del("trade_state")
	_, err = client.ParseNotificationBody([]byte(values.Encode()))
	require.ErrorIs(t, err, cnpay.ErrMalformed)
	require.ErrorContains(t, err, "trade_no holds what could be another field")
}

func FuzzNotification(f *testing.F) {
	gateway, client := start(f)
	gateway.AddOrder("SHOP1", 1250)
	query, err := gateway.Notification("SHOP1")
	require.NoError(f, err)
	genuine, err := client.ParseNotificationBody([]byte(query))
	require.NoError(f, err)
	f.Add(query)
	f.Add("sign=x&a=%41&b=%ff")
	f.Fuzz(func(t *testing.T, query string) {
		n, err := client.ParseNotificationBody([]byte(query))
		if (err == nil) != (n != nil) {
			t.Fatal("neither or both")
		}
		if err == nil && n.Key() != genuine.Key() {
			t.Fatalf("forged: %q", query)
		}
	})
}
