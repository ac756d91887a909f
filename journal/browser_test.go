package journal

import (
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/chromium"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the pages")

func TestThePageInChromium(t *testing.T) {
	b := chromium.Start(t, 2*time.Minute)
	b.Pictures = *screenshots
	s := newShop(t, sqlite(t), SQLite)
	gallery(t, s)
	desk := desk(t, s.Journal, func(c *HandlerConfig) {
		c.Allow = func(*http.Request) (string, bool) { return "li.na@shop.example", true }
		c.Show = func(_ cnpay.Ticket, field string) bool { return field == "txnAmt" || field == "orderId" }
	})
	root := desk.URL + "/ops/journal/"
	hard := s.of(t, "7654000001")
	entry := fmt.Sprintf("%sentries/%d", root, hard.ID)
	long, err := s.find(t.Context(), search{Order: strings.Repeat("A", 64)}, 1)
	require.NoError(t, err)
	require.Len(t, long, 1)

	for _, screen := range []struct {
		name  string
		width int
		dark  bool
	}{{"desktop", 1280, false}, {"phone", 390, false}, {"dark", 1280, true}, {"dark-phone", 390, true}} {
		b.Screen(chromium.Screen{Width: screen.width, Height: 860, Dark: screen.dark})
		for name, address := range map[string]string{
			"list": root + "?lang=zh", "list-en": root + "?lang=en", "wrong": root + "?state=contradicted&lang=en", "none": root + "?order=none&lang=zh",
			"entry": entry + "?lang=zh", "entry-en": entry + "?lang=en",
			"long": fmt.Sprintf("%sentries/%d?lang=en", root, long[0].ID), "missing": root + "entries/77777?lang=en",
		} {
			b.Open(address)
			b.Wait("document.readyState == 'complete' && document.querySelector('main')")
			b.Fits()
			b.Picture(screen.name + "-" + name)
		}
	}

	// A person at a desktop reads the list, opens an entry, forgets the reason, and closes it with one.
	b.Screen(chromium.Screen{Width: 1280, Height: 860})
	b.Open(root + "?lang=en")
	b.Write("[name=order]", hard.Ticket.Order)
	b.Click("#find")
	b.Wait("document.querySelectorAll('.entries tbody tr').length == 1")
	b.Click(".entries .order a")
	b.Wait("document.querySelector('#close')")
	b.Click("#ask")
	b.Text("It will be asked next")
	b.Click("[name=outcome][value=failed]")
	b.Click("#close")
	require.Equal(t, "true", b.Eval("!document.querySelector('textarea').validity.valid"), "the browser asks for the reason")
	b.Write("textarea", "refused, by the provider's portal; ticket 4711")
	b.Picture("desktop-closing")
	b.Click("#close")
	b.Text("Closed by hand, and booked.")
	b.Text("ticket 4711")
	b.Text("by li.na@shop.example")
	require.Equal(t, "Failed", b.Eval("document.querySelector('#state').textContent"))
	b.Picture("desktop-closed")
	b.Screen(chromium.Screen{Width: 390, Height: 860})
	b.Fits()
	b.Picture("phone-closed")
	require.Equal(t, Failed, s.of(t, hard.Ticket.Order).State)
	b.Click("#language")
	b.Text("手工关闭")
	b.Problems = slices.DeleteFunc(b.Problems, func(p string) bool { return strings.Contains(p, "/entries/77777") }) // which is not there
	require.Empty(t, b.Problems, "nothing was blocked by the policy, and nothing failed")

	// Another site's page posts the same form, with a click of the person who is logged in.
	other := s.lost(t)
	s.long(t, other.Ticket.Order)
	evil := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><form method="post" action="%s/close"><input name="generation" value="0"><input name="outcome" value="failed">`+
			`<input name="reason" value="won"><button id="win">Win</button></form>`, fmt.Sprintf("%sentries/%d", root, other.ID))
	}))
	t.Cleanup(evil.Close)
	for _, address := range []string{evil.URL, strings.Replace(evil.URL, "127.0.0.1", "localhost", 1)} { // another origin, another site
		b.Open(address)
		b.Click("#win")
		b.Text("Nothing was changed.")
		require.Equal(t, Open, s.of(t, other.Ticket.Order).State)
	}
	b.Open(fmt.Sprintf("%sentries/%d", root, other.ID)) // the same form on the page itself is taken
	b.Click("[name=outcome][value=failed]")
	b.Write("textarea", "seen")
	b.Click("#close")
	b.Text("Closed by hand, and booked.")
	require.Equal(t, Failed, s.of(t, other.Ticket.Order).State)
}

// gallery fills a journal with what an operator may meet: every state, five providers, ages from seconds to days, long
// and hostile texts, and one entry with a long history.
func gallery(t *testing.T, s *shop) {
	ctx := t.Context()
	hard := s.lost(t)
	s.long(t, hard.Ticket.Order)
	everything(t, s)
	for i, k := range []struct {
		provider, account, operation, order string
		age                                 time.Duration
		outcome, code, reason               string
	}{
		{"unionpay", "777290058110048", "preauth_cancel", "20260102150405000123456789012345", 26 * time.Hour, "unknown", "", "unionpay preauth_cancel: unknown: transport failed: read tcp 10.1.2.3:51234->203.0.113.7:443: i/o timeout"},
		{"chinaums", "10037e6f6823b20801682b6a5e5a0006", "wx_unified_order", "3194202601021504050001", 3 * time.Hour, "pending", "NEW_ORDER", ""},
		{"yuansfer", "200043", "refund", "R-2026-01-02-000017", 42 * time.Minute, "pending", "", ""},
		{"umpay/spay", "60000100", "spay_pay", strings.Repeat("A", 64), 8 * time.Minute, "unknown", "00131040", `<b>hostile</b> "text" from a provider that goes on and on: ` + strings.Repeat("a-very-long-word-without-a-break", 8)},
		{"unionpay", "777290058110048", "refund", "20260102150405000123456789012399", 30 * time.Second, "pending", "05", ""},
	} {
		_, err := s.Started(ctx, cnpay.Ticket{
			Provider: k.provider, Account: k.account, Operation: k.operation, Order: k.order, Gateway: "gateway.example.com", Began: time.Now().Add(-k.age),
			Until: time.Now().Add(-k.age + time.Minute), Fields: map[string]string{"orderId": k.order, "txnAmt": "128800", "reqReserved": "room 12"},
		})
		require.NoError(t, err)
		_, err = s.db.Exec("UPDATE cnpay_entries SET outcome = $1, code = $2, reason = $3, asked = $4 WHERE order_number = $5", k.outcome, k.code, k.reason, i*i, k.order)
		require.NoError(t, err)
	}
	for _, v := range []Event{
		{What: EventQuery, Mark: "unknown", Text: "upay query: transport failed: dial tcp 203.0.113.7:443: connect: connection refused"},
		{What: EventQuery, Mark: "pending REVOKING", Outcome: cnpay.Pending, Code: "REVOKING"},
		{What: EventNotification, Mark: "pending", Outcome: cnpay.Pending},
	} {
		for range 3 {
			_, err := s.note(ctx, s.db, hard.ID, v)
			require.NoError(t, err)
		}
	}
	_, err := s.db.Exec("UPDATE cnpay_events SET times = 212, at = at + 3600000 WHERE entry = $1 AND mark = 'pending REVOKING'", hard.ID)
	require.NoError(t, err)
}
