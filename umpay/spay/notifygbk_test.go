package spay

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// query is the query string of a notification over the text, which is signed as it is.
func query(t *testing.T, c *Client, sign func(string) string, text string) (*Notification, error) {
	t.Helper()
	all, err := pairs(text)
	require.NoError(t, err)
	values := url.Values{"sign": {sign(text)}, "sign_type": {"RSA"}}
	for _, p := range all {
		values.Set(p.Name, p.Value)
	}
	return c.ParseNotificationBody([]byte(values.Encode()))
}

const (
	paid   = "amount=1250&amt_type=RMB&charset=UTF-8&mer_date=20260901&mer_id=60000100&mer_priv=\xb2\xe2\xca\xd4&order_id=SHOP1&service=pay_result_notify&trade_no=3609010900000001&trade_state=TRADE_SUCCESS&version=4.0"
	payout = "amount=12&mer_date=20170904&mer_id=60000100&order_id=J75WYJ5E3JLXPT2PY&trade_no=1709041640271422&trade_state=4&version=4.0"
	refund = "amount=250&charset=UTF-8&mer_date=20260901&mer_id=60000100&order_id=SHOP1&refund_no=R1&service=pay_result_notify&trade_no=3609010900000001&trade_state=REFUND_SUCCESS&version=4.0"
)

func TestKindsOfNotifications(t *testing.T) {
	own, platform := newTestKeys(t)
	c := newTestClient(t, own, platform)
	by := func(text string) string { return signText(t, platform, text) }

	n, err := query(t, c, by, paid) // a query string in GBK
	require.NoError(t, err)
	require.Equal(t, "测试", n.MerPriv)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())

	n, err = query(t, c, by, payout) // 4 is paid out, and no payment
	require.NoError(t, err)
	require.Equal(t, cnpay.Unknown, n.CallOutcome())

	n, err = query(t, c, by, refund)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	require.Equal(t, OpOrderRefund, n.CallTicket().Operation)
	require.Equal(t, "R1", n.CallTicket().Order)

	sealed, err := (&Client{platform: &own.PublicKey}).encrypt("张三")
	require.NoError(t, err)
	plain, err := c.Decrypt(sealed)
	require.NoError(t, err)
	require.Equal(t, "张三", plain)
	for _, wrong := range []string{"", "张三", sealed[4:]} {
		_, err = c.Decrypt(wrong)
		require.ErrorContains(t, err, "umpay/spay: decrypt: ")
	}

	for text, cause := range map[string]error{
		"amount=1&mer_date=20260901&mer_id=60000100&order_id=SHOP1&trade_state=TRADE_SUCCESS&version=1.0":                             cnpay.ErrMismatch,
		"amount=1&mer_date=20260901&mer_id=60000101&order_id=SHOP1&trade_state=TRADE_SUCCESS&version=4.0":                             cnpay.ErrMismatch,
		"amount=1&mer_date=20260901&mer_id=60000100&order_id=SHOP1&service=other&trade_state=TRADE_SUCCESS&version=4.0":               cnpay.ErrMismatch,
		"amount=1&mer_date=20260901&mer_id=60000100&service=pay_result_notify&trade_state=TRADE_SUCCESS&version=4.0":                  cnpay.ErrMalformed,
		"amount=1&mer_date=20260901&mer_id=60000100&order_id=SHOP1&service=pay_result_notify&version=4.0":                             cnpay.ErrMalformed,
		"amount=1.5&mer_date=20260901&mer_id=60000100&order_id=SHOP1&service=pay_result_notify&trade_state=TRADE_SUCCESS&version=4.0": cnpay.ErrMalformed,
		"amount=-1&mer_date=20260901&mer_id=60000100&order_id=SHOP1&service=pay_result_notify&trade_state=TRADE_SUCCESS&version=4.0":  cnpay.ErrMalformed,
	} {
		_, err := query(t, c, by, text)
		require.ErrorIs(t, err, cause, text)
	}
	_, err = c.Reply(&Notification{MerID: "60000100", OrderID: `"><script>`, MerDate: "20260901"})
	require.Error(t, err)
}
