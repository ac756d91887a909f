package yuansfer_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// page is what a browser shows at an address.
func page(t *testing.T, res *http.Response, err error) string {
	t.Helper()
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return string(text)
}

// The whole life of an order of the cashier: the payer clicks, the merchant is notified, refunds a part, then cancels.
func TestCheckout(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	var notified []yuansfer.Notification
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n yuansfer.Notification) error {
		notified = append(notified, n)
		return nil
	}))
	defer shop.Close()
	order := b.cashier()
	order.IpnURL, order.CallbackURL = shop.URL, shop.URL+"/back?status={status}&reference={reference}&shop=7"
	res, err := client.Pages.Cashier(t.Context(), order)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)
	form, err := res.Form()
	require.NoError(t, err)
	require.Equal(t, res.Ticket, form.Ticket)
	w := httptest.NewRecorder()
	form.ServeHTTP(w, httptest.NewRequest("GET", "/pay", nil))
	require.Equal(t, res.Result.CashierURL, w.Header().Get("Location"))

	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	browser := &http.Client{Jar: jar}
	shown := page(t, must(browser.Get(form.Link)), nil)
	require.Contains(t, shown, "13.00 USD")
	require.Contains(t, shown, "支付")
	require.Contains(t, page(t, must(browser.Get(form.Link+"?lang=en")), nil), "Pay")
	shown = page(t, must(browser.PostForm(form.Link, url.Values{"do": {"yes"}})), nil)
	require.Contains(t, shown, "已支付")
	require.NotContains(t, shown, "<button", "paid once")
	require.Contains(t, shown, "/back?status=success&amp;reference="+order.Reference)
	page(t, must(browser.PostForm(form.Link, url.Values{"do": {"yes"}})), nil) // again
	require.Len(t, notified, 1)
	require.Equal(t, cnpay.Succeeded, notified[0].CallOutcome())
	require.Contains(t, page(t, must(browser.Get(gateway.URL+"/cashier/1")), nil), "没有这笔订单")

	s, err := client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, s.Outcome)

	key := yuansfer.OrderKey{TransactionNo: res.Result.TransactionNo}
	refund, err := client.Transactions.Refund(t.Context(), &yuansfer.TransactionRefundRequest{
		OrderKey: key, RefundAmount: "3", Currencies: dollars(), RefundReference: "F1",
	})
	require.NoError(t, err)
	require.Equal(t, "3.00", refund.Result.RefundAmount)
	_, err = client.Transactions.Refund(t.Context(), &yuansfer.TransactionRefundRequest{
		OrderKey: key, RefundAmount: "10.01", Currencies: dollars(), RefundReference: "F2",
	})
	require.ErrorIs(t, err, cnpay.ErrRefused)
	cancel, err := client.Transactions.Cancel(t.Context(), &yuansfer.TransactionCancelRequest{OrderKey: key})
	require.NoError(t, err)
	require.Equal(t, "13.00", cancel.Result.Amount, "a number in the answer")
	require.Equal(t, "13.00", gateway.Refunded(order.Reference))
	query, err := client.Transactions.Query(t.Context(), &yuansfer.TransactionQueryRequest{OrderKey: key})
	require.NoError(t, err)
	require.Len(t, query.Result.RefundInfo, 2)
	require.Equal(t, []string{"F1", "3.00"}, []string{query.Result.RefundInfo[0].RefundReference, query.Result.RefundInfo[0].RefundAmount})

	// A payer who refuses.
	order = b.cashier()
	order.IpnURL = shop.URL
	res, err = client.Pages.Cashier(t.Context(), order)
	require.NoError(t, err)
	require.Contains(t, page(t, must(browser.PostForm(res.Result.CashierURL, url.Values{"do": {"no"}})), nil), "支付失败")
	require.Equal(t, cnpay.Failed, notified[1].CallOutcome())
	s, err = client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(s, err))
	require.ErrorIs(t, err, cnpay.ErrUnpaid)
}

func must(res *http.Response, err error) *http.Response {
	if err != nil {
		panic(err)
	}
	return res
}

// Nothing but the address of a web page becomes a form.
func TestFormOfABadAddress(t *testing.T) {
	for _, address := range []string{"", "javascript:alert(1)", "data:text/html,x", "//host/x", "https://", "mailto:a@b", "https://h/%zz"} {
		network := &playing{play: func(string, map[string]string) string {
			text, _ := json.Marshal(address)
			return `{"ret_code":"000100","result":{"reference":"shop1","cashierUrl":` + string(text) + `}}`
		}}
		client := network.client(t)
		res, err := client.Pages.Cashier(t.Context(), (&books{t: t}).cashier())
		require.NoError(t, err)
		form, err := res.Form()
		require.Nil(t, form, address)
		require.ErrorIs(t, err, cnpay.ErrMalformed)
		require.ErrorContains(t, err, "cashierUrl")
	}
}

// An agreement from the customer's signature to its end.
func TestAgreementLife(t *testing.T) {
	gateway, client := start(t)
	consult, err := client.AutoDebit.Consult(t.Context(), &yuansfer.AutoDebitConsultRequest{
		Vendor: "gcash", Terminal: "WAP", OSType: "IOS", OSVersion: "14", AutoRedirectURL: "https://shop.example/back", AutoReference: "agr1",
	})
	require.NoError(t, err)
	require.True(t, consult.Ticket.NoMoney)
	no := consult.Result.AutoDebitNo
	apply := func(grant string) cnpay.Outcome {
		res, err := client.AutoDebit.ApplyToken(t.Context(), &yuansfer.AutoDebitApplyTokenRequest{AutoDebitNo: no, GrantType: grant})
		if err == nil {
			require.NotEmpty(t, res.Result.AccessTokenExpiryTime)
			require.NotEmpty(t, res.Result.RefreshTokenExpiryTime)
		}
		return cnpay.OutcomeOf(res, err)
	}
	require.Equal(t, cnpay.Failed, apply("AUTHORIZATION_CODE"), "not signed yet")
	form, err := consult.Form()
	require.NoError(t, err)
	require.Contains(t, page(t, must(http.Get(form.Link)), nil), "同意")
	require.Contains(t, page(t, must(http.PostForm(form.Link, url.Values{"do": {"yes"}})), nil), "已授权")
	require.Equal(t, cnpay.Succeeded, apply("AUTHORIZATION_CODE"))
	require.Equal(t, cnpay.Failed, apply("AUTHORIZATION_CODE"), "used up")
	require.Equal(t, cnpay.Succeeded, apply("REFRESH_TOKEN"))
	pay := &yuansfer.AutoDebitPayRequest{AutoDebitNo: no, Money: usd("100"), Reference: "debit1", IpnURL: "https://shop.example/ipn"}
	res, err := client.AutoDebit.Pay(t.Context(), pay)
	require.NoError(t, err)
	require.Equal(t, "100.00", res.Result.Amount)
	_, err = client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: no})
	require.NoError(t, err)
	pay.Reference = "debit2"
	_, err = client.AutoDebit.Pay(t.Context(), pay)
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.False(t, gateway.Paid("debit2"))
}

// A pre-authorisation is taken in parts, and the rest released.
func TestPreauthLife(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	gateway.Misbehave(yuansfer.OpPreauthCreate, yuansfertest.Pending)
	hold := b.hold()
	res, err := client.Preauth.Create(t.Context(), hold)
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)
	complete := func(amount string) cnpay.Outcome {
		res, err := client.Preauth.Complete(t.Context(), &yuansfer.PreauthCompleteRequest{
			AuthKey: yuansfer.AuthKey{AuthInfoNo: res.Result.AuthInfoNo}, OutAuthDetailNo: b.number("detail"), Reference: b.number("shop"), Money: usd(amount),
		})
		return cnpay.OutcomeOf(res, err)
	}
	require.Equal(t, cnpay.Failed, complete("1"), "nothing is held yet")
	require.NoError(t, gateway.Freeze(hold.OutAuthInfoNo))
	s, err := client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err), "%v", err)
	require.Equal(t, cnpay.Succeeded, complete("20"))
	require.Equal(t, cnpay.Succeeded, complete("22.50"))
	require.Equal(t, cnpay.Failed, complete("7.51"), "more than is left")
	_, err = client.Preauth.Cancel(t.Context(), &yuansfer.PreauthCancelRequest{
		AuthKey: yuansfer.AuthKey{OutAuthInfoNo: hold.OutAuthInfoNo}, OutAuthDetailNo: b.number("detail"), UnfreezeAmount: "7.50", Currencies: dollars(),
	})
	require.NoError(t, err)
	require.Equal(t, "0.00", gateway.Held(hold.OutAuthInfoNo))

	voucher, err := client.Preauth.CreateVoucher(t.Context(), &yuansfer.PreauthCreateVoucherRequest{
		NewAuth: yuansfer.NewAuth{OutAuthInfoNo: "V1", OutAuthDetailNo: "V1-1", Vendor: "alipay"}, Amount: "5",
	})
	require.NoError(t, err)
	require.NoError(t, gateway.Freeze("V1"))
	s, err = client.Settle(t.Context(), voucher.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err), "%v", err)
}

// The till: an order, a customer who confirms in the wallet, and one who never does.
func TestTill(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	for _, confirms := range []bool{true, false} {
		add, err := client.InStore.Add(t.Context(), b.add())
		require.NoError(t, err)
		require.Equal(t, "init", add.Result.TransactionStatus)
		require.Equal(t, "payment", add.Result.TransactionType)
		gateway.Misbehave(yuansfer.OpInStorePayByCode, yuansfertest.Pending)
		key := yuansfer.OrderKey{TransactionNo: add.Result.TransactionNo}
		res, err := client.InStore.PayByCode(t.Context(), &yuansfer.InStorePayByCodeRequest{OrderKey: key, PaymentBarcode: "280000000000000001"})
		require.NoError(t, err)
		require.Equal(t, cnpay.Pending, res.Outcome)
		want := cnpay.Succeeded
		if confirms {
			require.NoError(t, gateway.Pay(add.Result.Reference))
		} else {
			_, err := client.Transactions.Cancel(t.Context(), &yuansfer.TransactionCancelRequest{OrderKey: key})
			require.NoError(t, err)
			want = cnpay.Failed
		}
		s, err := client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
		require.Equal(t, want, cnpay.OutcomeOf(s, err))
	}
	// The making of an order whose answer is lost is found, and one that never was is not.
	gateway.Misbehave(yuansfer.OpInStoreAdd, cnpaytest.LostAnswer)
	add, err := client.InStore.Add(t.Context(), b.add())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(add, err))
	s, err := client.Settle(t.Context(), cnpay.TicketOf(add, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err), "%v", err)
	require.True(t, s.Ticket.NoMoney)
}

// A payment by card of version 4 that the payer must confirm.
func TestOrderV4(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	gateway.Misbehave(yuansfer.OpOrderV4Pay, yuansfertest.Pending)
	res, err := client.OrdersV4.Pay(t.Context(), b.capture())
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, res.Outcome)
	require.Equal(t, int64(200), res.Status)
	form, err := res.Form()
	require.NoError(t, err)
	require.Equal(t, res.ResultBody.AuthenticationURL, form.Link)
	finish, err := client.OrdersV4.Finish(t.Context(), &yuansfer.OrderV4FinishRequest{TransactionNo: res.ResultBody.TransactionNo})
	require.NoError(t, err)
	require.NotEmpty(t, finish.Result.VaultID)
	s, err := client.Settle(t.Context(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(s, err), "%v", err)

	for _, tt := range []struct {
		answer  string
		outcome cnpay.Outcome
		code    string
	}{
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"success","amount":"20.00"}}`, cnpay.Succeeded, ""},
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"success","amount":20}}`, cnpay.Succeeded, ""},
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"success","amount":"2.00"}}`, cnpay.Unknown, ""},
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"success","reference":"R2"}}`, cnpay.Unknown, ""},
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"pending"}}`, cnpay.Pending, ""},
		{`{"status":200,"resultBody":{"transactionNo":"T1","status":"failed"}}`, cnpay.Failed, "200"},
		{`{"status":500,"message":"card declined"}`, cnpay.Unknown, "500"},
		{`{"resultBody":{"status":"success"}}`, cnpay.Unknown, ""},
		{`{"ret_code":"000000","retMsg":"data error : cardNumber",}`, cnpay.Failed, "000000"},
		{`{"ret_code":"000080","status":200,"resultBody":{"status":"success"}}`, cnpay.Unknown, "000080"},
	} {
		network := &playing{play: func(string, map[string]string) string { return tt.answer }}
		res, err := network.client(t).OrdersV4.Pay(t.Context(), b.capture())
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), tt.answer)
		var e *cnpay.Error
		if errors.As(err, &e) {
			require.Equal(t, tt.code, e.Code, tt.answer)
		}
	}
}

// Lists are read whole, over as many requests as their days take, and not at all when something is missing.
func TestLists(t *testing.T) {
	gateway, client := start(t)
	day := time.Date(2026, 8, 1, 12, 0, 0, 0, cnpay.Beijing())
	for n := range 40 {
		at := day.AddDate(0, 0, n)
		gateway.SetClock(func() time.Time { return at })
		gateway.AddPayment(fmt.Sprintf("shop%d", n), "1.25", "USD")
	}
	period := yuansfer.Period{StartDate: "20260802", EndDate: "20260908"} // all but the first and the last
	var found []string
	for transaction, err := range client.Transactions.All(t.Context(), &yuansfer.TransactionListRequest{Period: period}) {
		require.NoError(t, err)
		found = append(found, transaction.Reference)
	}
	require.Len(t, found, 38)
	require.Equal(t, []string{"shop1", "shop38"}, []string{found[0], found[37]})
	require.Equal(t, 3, gateway.Received(yuansfer.OpTransactionList))
	for _, err := range client.Transactions.All(t.Context(), &yuansfer.TransactionListRequest{Period: period}) {
		require.NoError(t, err)
		break // the reader has enough
	}
	require.Equal(t, 4, gateway.Received(yuansfer.OpTransactionList))
	clearings := 0
	for item, err := range client.Clearings.All(t.Context(), &yuansfer.ClearingListRequest{Period: period}) {
		require.NoError(t, err)
		require.JSONEq(t, fmt.Sprintf(`{"settleDate":%q,"settleAmount":"1.25"}`, day.AddDate(0, 0, clearings+1).Format("20060102")), string(item))
		clearings++
	}
	require.Equal(t, 38, clearings)
	for range client.Withdrawals.All(t.Context(), &yuansfer.WithdrawalListRequest{Period: period}) {
		t.Fatal("there are none")
	}

	// The error ends it, and says that it is not the whole.
	gateway.Misbehave(yuansfer.OpTransactionList, cnpaytest.OK, yuansfertest.SystemError)
	var last error
	n := 0
	for _, last = range client.Transactions.All(t.Context(), &yuansfer.TransactionListRequest{Period: period}) {
		n++
	}
	require.ErrorIs(t, last, cnpay.ErrUndecided)
	require.Equal(t, 17, n, "sixteen days and the error")

	for _, tt := range []struct {
		period yuansfer.Period
		says   string
	}{
		{yuansfer.Period{StartDate: "20260901", EndDate: "20260917"}, "endDate must be at most 15 days after startDate"},
		{yuansfer.Period{StartDate: "20260902", EndDate: "20260901"}, "endDate must not be before startDate"},
		{yuansfer.Period{StartDate: "2026-09-01", EndDate: ""}, "startDate must be a time of the form YYYYMMDD; endDate is required"},
	} {
		_, err := client.Transactions.List(t.Context(), &yuansfer.TransactionListRequest{Period: tt.period})
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		require.ErrorContains(t, err, tt.says)
	}
	for _, err := range client.Transactions.All(t.Context(), nil) {
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	}
	for _, err := range client.Transactions.All(t.Context(), &yuansfer.TransactionListRequest{Period: yuansfer.Period{StartDate: "20260902", EndDate: "20260901"}}) {
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	}
	network := &playing{play: func(string, map[string]string) string {
		return `{"ret_code":"000100","size":2,"transactions":[{"transactionNo":"1","amount":1.5,"new":"x"}]}`
	}}
	res, err := network.client(t).Transactions.List(t.Context(), &yuansfer.TransactionListRequest{Period: yuansfer.Period{StartDate: "20260901", EndDate: "20260901"}})
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorContains(t, err, "size is 2, and the list has 1 items")
	require.Equal(t, "1.5", res.Transactions[0].Amount)
	require.Equal(t, map[string]string{"transactions[0].new": `"x"`}, res.Extra)
}

func TestBalance(t *testing.T) {
	at := time.Date(2022, 10, 11, 2, 25, 52, 0, cnpay.Beijing())
	network := &playing{play: func(_ string, q map[string]string) string {
		return `{"ret_code":"000100","balance":[{"amount":499000.00,"currency":"` + q["timestamp"] + `"}]}`
	}}
	res, err := network.client(t, cnpay.WithClock(func() time.Time { return at })).Payouts.Balance(t.Context(), &yuansfer.PayoutBalanceRequest{Currency: "USD"})
	require.NoError(t, err)
	require.Equal(t, []yuansfer.Balance{{Amount: "499000.00", Currency: "2022-10-10T18:25:52Z"}}, res.Balance)
}

// Every fault of a request, by its wire name.
func TestFaultsOfRequests(t *testing.T) {
	client := (&playing{}).client(t)
	for _, tt := range []struct {
		request yuansfer.Request
		says    string
	}{
		{&yuansfer.TransactionQueryRequest{}, "transactionNo is required without reference"},
		{&yuansfer.TransactionQueryRequest{OrderKey: yuansfer.OrderKey{TransactionNo: "1", Reference: "2"}}, "reference must not come with transactionNo"},
		{&yuansfer.PreauthQueryRequest{AuthKey: yuansfer.AuthKey{OutAuthInfoNo: "1", AuthInfoNo: "2"}, OutAuthDetailNo: "3", AuthDetailNo: "4"},
			"authInfoNo must not come with outAuthInfoNo; authDetailNo must not come with outAuthDetailNo"},
		{&yuansfer.PageCashierRequest{NewOrder: yuansfer.NewOrder{Money: usd("1.2.3"), Reference: "a&b=c", Description: strings.Repeat("x", 101)}, Vendor: "alipay", IpnURL: "u",
			Terminal: "WAP", CreditType: "recurring", GoodsInfo: []yuansfer.Goods{{Name: "x"}}},
			"amount must be a decimal amount in the currency's major unit, such as 13.00; reference must not hold & or =; description must be at most 100 long; " +
				"callbackUrl is required with terminal ONLINE or WAP or MWEB; osType is required with terminal WAP or APP; goodsInfo[0].quantity is required; " +
				"paymentCount is required with creditType recurring; frequency is required with creditType recurring"},
		{&yuansfer.AppOrderRequest{NewOrder: yuansfer.NewOrder{Money: usd("0.00"), Reference: "R"}, Vendor: "wechatpay", IpnURL: "u", Terminal: "MINIPROGRAM"},
			"amount must be more than 0; openid is required with vendor wechatpay and with terminal MINIPROGRAM"},
		{&yuansfer.OrderV4PayRequest{Money: usd("01"), Vendor: "creditcard", Reference: "R", Terminal: "ONLINE", IpnURL: "u", CardNumber: "4111 1111"},
			"amount must be a decimal amount in the currency's major unit, such as 13.00; cardNumber must be digits; cardExpYear is required with cardNumber; cardExpMonth is required with cardNumber"},
		{&yuansfer.CardUpdateRecurringRequest{ScheduleNo: "1"}, "paymentCount is required without status"},
		{&yuansfer.PayoutCreateRequest{InvoiceID: "1", Amount: "1", Currency: "USD", Receiver: "a@b"}, "vendor is required with receiver; receiverType is required with receiver"},
	} {
		_, err := client.Ticket(tt.request)
		require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
		var invalid *cnpay.InvalidRequestError
		require.ErrorAs(t, err, &invalid)
		require.EqualError(t, invalid, "invalid request: "+tt.says)
	}
	_, err := client.Ticket(&yuansfer.OrderV4PayRequest{Money: usd("1"), Vendor: "creditcard", Reference: "R", Terminal: "ONLINE", IpnURL: "u", VaultID: "pp_1"})
	require.NoError(t, err, "a stored way of paying instead of a card")
}

// Goods are sent, and kept, as one text.
func TestGoodsInfo(t *testing.T) {
	var sent string
	network := &playing{play: func(_ string, q map[string]string) string { sent = q["goodsInfo"]; return "" }}
	b := &books{t: t}
	_, _ = network.client(t).Pages.Cashier(t.Context(), b.cashier())
	require.Equal(t, `[{"goods_name":"coffee","quantity":"1"}]`, sent)
	capture := b.capture()
	capture.GoodsInfo = yuansfer.GoodsInfoV4{{Goods: yuansfer.Goods{Name: "a<b>", Quantity: "2"}, Amount: "1.5", Category: "DIGITAL_GOODS"}}
	_, _ = network.client(t).OrdersV4.Pay(t.Context(), capture)
	require.Equal(t, `[{"goods_name":"a<b>","quantity":"2","amount":"1.5","category":"DIGITAL_GOODS"}]`, sent)

	text, err := json.Marshal(b.cashier())
	require.NoError(t, err)
	require.Contains(t, string(text), `"goodsInfo":"[{\"goods_name\":\"coffee\",\"quantity\":\"1\"}]"`)
	for _, form := range []string{string(text), `{"goodsInfo":[{"goods_name":"coffee","quantity":"1"}]}`} {
		var stored yuansfer.PageCashierRequest
		require.NoError(t, json.Unmarshal([]byte(form), &stored))
		require.Equal(t, yuansfer.GoodsInfo{{Name: "coffee", Quantity: "1"}}, stored.GoodsInfo)
	}
	require.Error(t, json.Unmarshal([]byte(`{"goodsInfo":"x"}`), &yuansfer.PageCashierRequest{}))
	require.NoError(t, json.Unmarshal([]byte(`{"goodsInfo":""}`), &yuansfer.OrderV4PayRequest{}))
}

// What a support needs to see hides cards, codes and tokens.
func TestDump(t *testing.T) {
	gateway, client := start(t)
	b := &books{t: t, gateway: gateway, client: client}
	var dumps strings.Builder
	opt := cnpay.WithDump(func(_ context.Context, d cnpay.Dump) { dumps.WriteString(d.Request + d.Answer) })
	_, err := client.OrdersV4.Pay(t.Context(), b.capture(), opt)
	require.NoError(t, err)
	_, err = client.InStore.PayByCode(t.Context(), &yuansfer.InStorePayByCodeRequest{OrderKey: yuansfer.OrderKey{Reference: b.added()}, PaymentBarcode: "280000000000000001"}, opt)
	require.NoError(t, err)
	order := b.cashier()
	order.Terminal = "YIP"
	res, err := client.Pages.Cashier(t.Context(), order, opt)
	require.NoError(t, err)
	_, err = client.Cards.Pay(t.Context(), &yuansfer.CardPayRequest{PaymentMethodNonce: "nonce-1", PaymentMethod: "credit_card", TransactionNo: res.Result.TransactionNo}, opt)
	require.NoError(t, err)
	for _, secret := range []string{"4111111111111111", `"123"`, "280000000000000001", res.Result.Authorization, "nonce-1", gateway.Config().Token.Reveal()} {
		require.NotContains(t, dumps.String(), secret)
	}
	require.Contains(t, dumps.String(), `"cardNumber":"411111******1111"`)
}
