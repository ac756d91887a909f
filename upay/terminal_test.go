package upay_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

func device() *upay.TerminalCheckInRequest {
	return &upay.TerminalCheckInRequest{DeviceID: "POS-0001", OSInfo: "linux", SDKVersion: "cnpay"}
}

// pays shows that a client's key is the terminal's.
func pays(t *testing.T, client *upay.Client, clientSN string) {
	t.Helper()
	res, err := client.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{Sale: sale(clientSN), DynamicID: "130000000000000001"})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
}

func TestCheckInNeedsAStore(t *testing.T) {
	gateway, client := start(t)
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
	require.ErrorContains(t, err, "Config.Keys is required")
	require.Zero(t, gateway.Received(upay.OpTerminalCheckIn))
}

func TestCheckIn(t *testing.T) {
	gateway, _ := start(t)
	dir := t.TempDir()
	now := time.Date(2026, 9, 1, 15, 59, 0, 0, time.UTC) // a minute before midnight in Beijing
	clock := cnpay.WithClock(func() time.Time { return now })
	client, keys := checkingIn(t, gateway, dir, clock)
	first := gateway.Config().TerminalKey
	pays(t, client, "order1")

	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
	require.False(t, res.Already)
	require.NotEqual(t, first, gateway.Config().TerminalKey)
	require.Equal(t, gateway.Config().TerminalKey, res.Result.TerminalKey)
	require.Empty(t, res.Raw)
	stored, err := keys.Load(t.Context(), res.Result.TerminalSN)
	require.NoError(t, err)
	require.Equal(t, res.Result.TerminalKey, stored.Key)
	require.Equal(t, first, stored.Previous)
	require.True(t, stored.CheckedIn.Equal(now))
	require.Zero(t, stored.Until)
	pays(t, client, "order2")

	// Once a day is enough, and the day is Beijing's.
	res, err = client.Terminals.CheckIn(t.Context(), device())
	require.NoError(t, err)
	require.True(t, res.Already)
	require.Equal(t, stored.Key, res.Result.TerminalKey)
	require.Equal(t, 1, gateway.Received(upay.OpTerminalCheckIn))
	now = now.Add(2 * time.Minute)
	res, err = client.Terminals.CheckIn(t.Context(), device())
	require.NoError(t, err)
	require.False(t, res.Already)
	require.Equal(t, 2, gateway.Received(upay.OpTerminalCheckIn))

	// A program that starts with the first key of all uses the stored one.
	config := gateway.Config()
	config.TerminalKey, config.Keys = first, keys
	restarted, err := upay.New(config)
	require.NoError(t, err)
	pays(t, restarted, "order3")
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.NotContains(t, e.Name(), ".tmp")
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, "readable by nobody else")
	}
}

// The answer is lost, or the program ends before the key is stored: the old key checks in once more.
func TestCheckInWhoseAnswerIsLost(t *testing.T) {
	gateway, _ := start(t)
	dir := t.TempDir()
	client, keys := checkingIn(t, gateway, dir)
	gateway.Misbehave(upay.OpTerminalCheckIn, cnpaytest.LostAnswer, cnpaytest.OK)
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Nil(t, res)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.Equal(t, 1, gateway.Received(upay.OpTerminalCheckIn), "it is not repeated by itself")

	// The stored key is dead by now; the error of a call says what is wrong.
	_, err = client.Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "order1"})
	require.ErrorContains(t, err, "ILLEGAL_SIGN")
	require.ErrorContains(t, err, "an answer to a check-in was lost")

	again, _ := checkingIn(t, gateway, dir) // the program was started again
	res, err = again.Terminals.CheckIn(t.Context(), device())
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, res.Outcome)
	pays(t, again, "order1")
	pays(t, client, "order2")
	stored, err := keys.Load(t.Context(), gateway.Config().TerminalSN)
	require.NoError(t, err)
	require.Zero(t, stored.Lost)
}

func TestCheckInWhoseAnswersAreLost(t *testing.T) {
	gateway, _ := start(t)
	client, _ := checkingIn(t, gateway, t.TempDir())
	gateway.AlwaysMisbehave(upay.OpTerminalCheckIn, cnpaytest.LostAnswer)
	_, err := client.Terminals.CheckIn(t.Context(), device())
	require.NotContains(t, err.Error(), "in a row")
	_, err = client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "no answer to 2 check-ins in a row")
	require.ErrorIs(t, err, cnpay.ErrTransport)
}

// A program that ended behind its request left an intent. Others wait until it can no longer be sent, and then take over.
func TestCheckInAfterACrash(t *testing.T) {
	gateway, _ := start(t)
	now := time.Now()
	client, keys := checkingIn(t, gateway, t.TempDir(), cnpay.WithClock(func() time.Time { return now }))
	config := gateway.Config()
	saved, err := keys.Save(t.Context(), config.TerminalSN, upay.TerminalKeys{Revision: 1, Key: config.TerminalKey, Until: now.Add(time.Minute)})
	require.NoError(t, err)
	require.True(t, saved)
	gateway.SetTerminalKey("0f1e2d3c4b5a69788796a5b4c3d2e1f0") // whose answer came to a program that had ended

	_, err = client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorContains(t, err, "another process is checking in, until ")
	require.Zero(t, gateway.Received(upay.OpTerminalCheckIn))
	now = now.Add(time.Minute + 1)
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
	pays(t, client, "order1")
}

// Many processes check in at once; one of them sends.
func TestCheckInOnceByManyReplicas(t *testing.T) {
	gateway, _ := start(t)
	dir := t.TempDir()
	const replicas = 8
	clients := make([]*upay.Client, replicas)
	for i := range clients {
		clients[i], _ = checkingIn(t, gateway, dir)
	}
	var wait sync.WaitGroup
	outcomes := make(chan cnpay.Outcome, replicas)
	for _, client := range clients {
		wait.Go(func() {
			res, err := client.Terminals.CheckIn(context.Background(), device())
			outcomes <- cnpay.OutcomeOf(res, err)
		})
	}
	wait.Wait()
	close(outcomes)
	succeeded := 0
	for o := range outcomes {
		require.Contains(t, []cnpay.Outcome{cnpay.Succeeded, cnpay.NotSent}, o)
		if o == cnpay.Succeeded {
			succeeded++
		}
	}
	require.Positive(t, succeeded)
	require.Equal(t, 1, gateway.Received(upay.OpTerminalCheckIn))
	for i, client := range clients {
		pays(t, client, "order"+string(rune('a'+i)))
	}
}

// A check-in among many calls loses none of them, although the old key is dead at once.
func TestCheckInLosesNoCall(t *testing.T) {
	gateway, _ := start(t)
	client, _ := checkingIn(t, gateway, t.TempDir())
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			for n := range 25 {
				clientSN := "order" + string(rune('a'+i)) + string(rune('a'+n))
				res, err := client.Orders.PayByCode(context.Background(), &upay.OrderPayByCodeRequest{Sale: sale(clientSN), DynamicID: "130000000000000001"})
				if cnpay.OutcomeOf(res, err) != cnpay.Succeeded {
					t.Errorf("%s: %v", clientSN, err)
				}
			}
		})
	}
	time.Sleep(5 * time.Millisecond)
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
	wait.Wait()
	require.Equal(t, 200, gateway.Received(upay.OpOrderPayByCode))
}

// A check-in waits for calls on their way, but not for ever, and lets new ones through again.
func TestCheckInThatCannotWait(t *testing.T) {
	gateway, _ := start(t)
	client, _ := checkingIn(t, gateway, t.TempDir())
	gateway.Misbehave(upay.OpOrderPayByCode, cnpaytest.Hang)
	hanging := make(chan error)
	go func() {
		_, err := client.Orders.PayByCode(context.Background(), &upay.OrderPayByCodeRequest{Sale: sale("order1"), DynamicID: "1"}, cnpay.WithTimeout(time.Second))
		hanging <- err
	}()
	for gateway.Received(upay.OpOrderPayByCode) == 0 {
		time.Sleep(time.Millisecond)
	}
	closing := errors.New("the shop opens")
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, closing)
	defer cancel()
	_, err := client.Terminals.CheckIn(ctx, device())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, closing)
	pays(t, client, "order2")
	require.Error(t, <-hanging)
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
}

// overtaken is a store whose first Load comes before a check-in of another process, as of a call that is on its way.
type overtaken struct {
	upay.KeyStore
	once sync.Once
	then func()
}

func (o *overtaken) Load(ctx context.Context, sn string) (upay.TerminalKeys, error) {
	keys, err := o.KeyStore.Load(ctx, sn)
	o.once.Do(o.then)
	return keys, err
}

func TestCallsThatACheckInOvertakes(t *testing.T) {
	gateway, _ := start(t)
	gateway.AddOrder("order1", 10000)
	dir := t.TempDir()
	other, keys := checkingIn(t, gateway, dir)
	config := gateway.Config()
	client := func() *upay.Client {
		config.Keys = &overtaken{KeyStore: keys, then: func() {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, config.TerminalSN+".json"))) // another day
			fresh, err := upay.New(func() upay.Config { c := gateway.Config(); c.Keys = keys; return c }())
			require.NoError(t, err)
			res, err := fresh.Terminals.CheckIn(t.Context(), device())
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
		}}
		c, err := upay.New(config)
		require.NoError(t, err)
		return c
	}
	// A query is made once more, with the new key.
	query, err := client().Orders.Query(t.Context(), &upay.OrderQueryRequest{ClientSN: "order1"})
	require.NoError(t, err)
	require.Equal(t, "PAID", query.Result.OrderStatus)
	require.Equal(t, 2, gateway.Received(upay.OpOrderQuery))

	// A call that moves money is not; it was refused, and the error says why and what to do.
	config = gateway.Config()
	revoking := client()
	res, err := revoking.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "order1"})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorContains(t, err, "a check-in has replaced the key that signed; the new key is loaded, and the same call may be made again")
	require.Equal(t, 1, gateway.Received(upay.OpOrderRevoke))
	res, err = revoking.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "order1"})
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
	pays(t, other, "order2")
}

// Without a store the error says what a wrong key may mean.
func TestWrongKeyWithoutAStore(t *testing.T) {
	gateway, client := start(t)
	gateway.AddOrder("order1", 10000)
	gateway.SetTerminalKey("0f1e2d3c4b5a69788796a5b4c3d2e1f0")
	res, err := client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "order1"})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorContains(t, err, "ILLEGAL_SIGN")
	require.ErrorContains(t, err, "a check-in has replaced it, or it is another terminal's")
}

// brokenStore fails on command.
type brokenStore struct {
	upay.KeyStore
	load, save error
	saves      int
	saveAfter  int // how many saves are good
}

func (b *brokenStore) Load(ctx context.Context, sn string) (upay.TerminalKeys, error) {
	if b.load != nil {
		return upay.TerminalKeys{}, b.load
	}
	return b.KeyStore.Load(ctx, sn)
}

func (b *brokenStore) Save(ctx context.Context, sn string, keys upay.TerminalKeys) (bool, error) {
	if b.saves++; b.save != nil && b.saves > b.saveAfter {
		return false, b.save
	}
	return b.KeyStore.Save(ctx, sn, keys)
}

func TestKeyStoreThatFails(t *testing.T) {
	away := errors.New("the disk is full")
	gateway, _ := start(t)
	files, err := upay.NewFileKeys(t.TempDir())
	require.NoError(t, err)
	config := gateway.Config()
	store := &brokenStore{KeyStore: files, load: away}
	config.Keys = store
	client, err := upay.New(config)
	require.NoError(t, err)

	// Nobody knows the key: nothing is sent.
	_, err = client.Orders.Revoke(t.Context(), &upay.OrderRevokeRequest{ClientSN: "order1"})
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.ErrorIs(t, err, away)
	_, err = client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	_, err = client.Pages.Cashier(&upay.PageCashierRequest{Sale: sale("c"), ReturnURL: "https://shop.example"})
	require.ErrorIs(t, err, away)

	// Once it is known, a store that is away for a while stops no sale.
	store.load = nil
	pays(t, client, "order1")
	store.load = away
	pays(t, client, "order2")
	store.load = nil

	// Without an intent nothing is sent.
	store.save = away
	_, err = client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(nil, err))
	require.Zero(t, gateway.Received(upay.OpTerminalCheckIn))

	// The new key came and could not be stored: it is in the answer, and the old one checks in again.
	store.saves, store.saveAfter = 0, 1
	res, err := client.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, away)
	require.Equal(t, gateway.Config().TerminalKey, res.Result.TerminalKey)
	require.NotContains(t, err.Error(), res.Result.TerminalKey.Reveal())
	store.save = nil
	later, err := upay.New(config, cnpay.WithClock(func() time.Time { return time.Now().Add(2 * time.Minute) }))
	require.NoError(t, err)
	res, err = later.Terminals.CheckIn(t.Context(), device())
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err), "%v", err)
	pays(t, client, "order3")
}

func TestCheckInAnswers(t *testing.T) {
	for name, tt := range map[string]struct {
		body    string
		outcome cnpay.Outcome
	}{
		"a live answer":    {`{"result_code":"200","biz_response":{"terminal_sn":"` + terminalSN + `","terminal_key":"k2","merchant_sn":""}}`, cnpay.Succeeded},
		"newer material":   {`{"result_code":"200","biz_response":{"result_code":"TERMINAL_CHECKIN_SUCCESS","terminal_sn":"` + terminalSN + `","terminal_key":"k2"}}`, cnpay.Succeeded},
		"another terminal": {`{"result_code":"200","biz_response":{"terminal_sn":"1","terminal_key":"k2"}}`, cnpay.Unknown},
		"no terminal":      {`{"result_code":"200","biz_response":{"terminal_key":"k2"}}`, cnpay.Unknown},
		"no key":           {`{"result_code":"200","biz_response":{"terminal_sn":"` + terminalSN + `","terminal_key":""}}`, cnpay.Unknown},
		"another code":     {`{"result_code":"200","biz_response":{"result_code":"X","terminal_sn":"` + terminalSN + `","terminal_key":"k2"}}`, cnpay.Unknown},
		"refused":          {`{"result_code":"400","error_code":"ILLEGAL_SIGN"}`, cnpay.Failed},
		"500":              {`{"result_code":"500"}`, cnpay.Unknown},
	} {
		keys, err := upay.NewFileKeys(t.TempDir())
		require.NoError(t, err)
		client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: "k1", Keys: keys},
			cnpay.WithHTTPClient(&http.Client{Transport: saying(tt.body)}))
		require.NoError(t, err)
		res, err := client.Terminals.CheckIn(t.Context(), device())
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%s: %v", name, err)
		stored, err := keys.Load(t.Context(), terminalSN)
		require.NoError(t, err)
		want := cnpay.Secret("k1")
		if tt.outcome == cnpay.Succeeded {
			want = "k2"
		}
		require.Equal(t, want, stored.Key, name)
		require.Zero(t, stored.Until, name)
	}
}

func TestFileKeys(t *testing.T) {
	dir := t.TempDir()
	keys, err := upay.NewFileKeys(dir)
	require.NoError(t, err)
	ctx := t.Context()
	none, err := keys.Load(ctx, "1")
	require.NoError(t, err)
	require.Zero(t, none)
	at := time.Date(2026, 9, 1, 8, 0, 0, 0, time.UTC)
	first := upay.TerminalKeys{Revision: 1, Key: "k1", Previous: "k0", CheckedIn: at, Until: at.Add(time.Minute), Lost: 2}
	for i, want := range []bool{true, false} { // the second is too late
		saved, err := keys.Save(ctx, "1", first)
		require.NoError(t, err)
		require.Equal(t, want, saved, i)
	}
	read, err := keys.Load(ctx, "1")
	require.NoError(t, err)
	require.Equal(t, first, read)
	saved, err := keys.Save(ctx, "1", upay.TerminalKeys{Revision: 3, Key: "k3"})
	require.NoError(t, err)
	require.False(t, saved, "a revision was passed over")

	for _, sn := range []string{"", "../1", "a"} {
		_, err := keys.Load(ctx, sn)
		require.ErrorContains(t, err, "must be digits")
		_, err = keys.Save(ctx, sn, first)
		require.ErrorContains(t, err, "must be digits")
	}
	for _, damaged := range []string{"", "{", `{"revision":1}`, `{"revision":0,"key":"k"}`, "null"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "2.json"), []byte(damaged), 0o600))
		_, err = keys.Load(ctx, "2")
		require.ErrorContains(t, err, "is not a key file of this package, or is damaged", damaged)
		_, err = keys.Save(ctx, "2", first)
		require.Error(t, err, damaged)
	}
	_, err = upay.NewFileKeys(filepath.Join(dir, "none"))
	require.Error(t, err)
	_, err = upay.NewFileKeys(filepath.Join(dir, "1.json"))
	require.ErrorContains(t, err, "is not a directory")

	// Of many that change the same revision, one does.
	var wait sync.WaitGroup
	var mu sync.Mutex
	won := 0
	for range 16 {
		wait.Go(func() {
			saved, err := keys.Save(context.Background(), "1", upay.TerminalKeys{Revision: 2, Key: "k2"})
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				t.Error(err)
			}
			if saved {
				won++
			}
		})
	}
	wait.Wait()
	require.Equal(t, 1, won)
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	for _, e := range entries {
		require.False(t, strings.HasSuffix(e.Name(), ".tmp"), e.Name())
	}
}

// A return that was signed before a check-in is verified by the key before it.
func TestReturnAfterACheckIn(t *testing.T) {
	gateway, _ := start(t)
	client, _ := checkingIn(t, gateway, t.TempDir())
	form, err := client.Pages.Cashier(&upay.PageCashierRequest{Sale: sale("c1"), ReturnURL: "http://shop.example/"})
	require.NoError(t, err)
	browse(t, func() (*http.Response, error) { return http.Get(form.Link) })
	require.True(t, gateway.Pay("c1"))
	page := browse(t, func() (*http.Response, error) { return http.Get(form.Link) })
	back := backOf(t, page)
	_, err = client.Terminals.CheckIn(t.Context(), device())
	require.NoError(t, err)
	ret, err := client.Pages.ParseReturn(back)
	require.NoError(t, err)
	require.Equal(t, "c1", ret.ClientSN)
}
