package journal

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/upay"
)

// desk is the operator's page, mounted below a prefix, with a log-in: the header Operator.
func desk(t testing.TB, j *Journal, change ...func(*HandlerConfig)) *httptest.Server {
	config := HandlerConfig{Allow: func(r *http.Request) (string, bool) {
		who := r.Header.Get("Operator")
		return who, who != "nobody"
	}}
	for _, c := range change {
		c(&config)
	}
	mux := http.NewServeMux()
	mux.Handle("/ops/journal/", http.StripPrefix("/ops/journal", j.Handler(config)))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server
}

type page struct {
	*http.Response
	text string
}

// visit makes a request as the operator li, and follows nothing.
func visit(t testing.TB, method, address string, form url.Values, headers ...string) page {
	r, err := http.NewRequestWithContext(context.Background(), method, address, strings.NewReader(form.Encode()))
	require.NoError(t, err)
	r.Header.Set("Operator", "li")
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(r)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	return page{res, string(text)}
}

// long lets an entry's call be on its way no longer.
func (s *shop) long(t testing.TB, order string) {
	e, err := s.Entry(context.Background(), cnpay.Ticket{Provider: "upay", Account: s.gateway.Config().TerminalSN, Operation: upay.OpOrderRevoke, Order: order})
	require.NoError(t, err)
	e.Ticket.Until = time.Now().Add(-24 * time.Hour)
	text, err := encode(e.Ticket)
	require.NoError(t, err)
	_, err = s.db.Exec("UPDATE cnpay_entries SET ticket = $1, until = $2 WHERE id = $3", text, millis(e.Ticket.Until), e.ID)
	require.NoError(t, err)
}

// lost is an order whose revoke's answer was lost.
func (s *shop) lost(t *testing.T) Entry {
	order := s.order()
	s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.LostAnswer)
	_, err := s.revoke(order)
	require.Error(t, err)
	return s.of(t, order)
}

func TestThePageRefusesEverybodyByDefault(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	e := s.lost(t)
	s.long(t, e.Ticket.Order)
	nobody := func(c *HandlerConfig) { c.Allow = nil }
	unnamed := func(c *HandlerConfig) { c.Allow = func(*http.Request) (string, bool) { return "", true } }
	for name, server := range map[string]*httptest.Server{
		"no Allow": desk(t, s.Journal, nobody), "Allow says no": desk(t, s.Journal), "no name": desk(t, s.Journal, unnamed),
	} {
		for _, path := range []string{"/", "/entries/1", "/entries/77", "/nothing"} {
			p := visit(t, "GET", server.URL+"/ops/journal"+path, nil, "Operator", "nobody")
			require.Equal(t, http.StatusForbidden, p.StatusCode, name+path)
			require.NotContains(t, p.text, e.Ticket.Order)
			require.Equal(t, name == "no Allow", strings.Contains(p.text, "HandlerConfig"), "it says how to mount it, where that is what is missing")
		}
		for _, action := range []string{"ask", "close"} {
			p := visit(t, "POST", server.URL+"/ops/journal/entries/1/"+action, url.Values{"generation": {"0"}, "outcome": {"failed"}, "reason": {"x"}}, "Operator", "nobody")
			require.Equal(t, http.StatusForbidden, p.StatusCode)
		}
	}
	require.Equal(t, Open, s.of(t, e.Ticket.Order).State)
}

func TestThePageRefusesWhatOtherSitesPost(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	e := s.lost(t)
	s.long(t, e.Ticket.Order)
	d := desk(t, s.Journal)
	address := fmt.Sprintf("%s/ops/journal/entries/%d/close", d.URL, e.ID)
	form := url.Values{"generation": {"0"}, "outcome": {"failed"}, "reason": {"seen in the portal"}}
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
	} {
		p := visit(t, "POST", address, form, headers...)
		require.Equal(t, http.StatusForbidden, p.StatusCode, headers)
		require.Equal(t, Open, s.of(t, e.Ticket.Order).State)
	}
	p := visit(t, "POST", address, form, "Sec-Fetch-Site", "same-origin", "Origin", d.URL)
	require.Equal(t, http.StatusSeeOther, p.StatusCode)
	require.Equal(t, Failed, s.of(t, e.Ticket.Order).State)
}

func TestOfTwoOperatorsOneCloses(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		d := desk(t, s.Journal)
		for range 10 {
			e := s.lost(t)
			s.long(t, e.Ticket.Order)
			var both sync.WaitGroup
			pages := make([]page, 2)
			outcomes := []string{"succeeded", "failed"}
			for i, who := range []string{"Li", "Wang"} {
				both.Go(func() {
					pages[i] = visit(t, "POST", fmt.Sprintf("%s/ops/journal/entries/%d/close?lang=en", d.URL, e.ID),
						url.Values{"generation": {"0"}, "outcome": {outcomes[i]}, "reason": {"reason of " + who}}, "Operator", who)
				})
			}
			both.Wait()
			won, lost := 0, 1
			if pages[1].StatusCode == http.StatusSeeOther {
				won, lost = 1, 0
			}
			require.Equal(t, http.StatusSeeOther, pages[won].StatusCode)
			require.Equal(t, http.StatusConflict, pages[lost].StatusCode)
			require.Contains(t, pages[lost].text, "Nothing was changed")
			require.Contains(t, pages[lost].text, "reason of "+[]string{"Li", "Wang"}[won], "who was too late sees what the other did")
			require.Equal(t, []string{"0 " + outcomes[won]}, s.booked(t, e.Ticket.Order))
		}
	})
}

func TestThePageEscapesWhatItShows(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>' onmouseover='x`
		s := newShop(t, db, dialect)
		_, err := s.Started(t.Context(), cnpay.Ticket{
			Provider: "p" + evil, Account: "a" + evil, Operation: "o" + evil, Order: "n" + evil, Gateway: "g" + evil,
			Began: time.Now(), Fields: map[string]string{"f" + evil: "v" + evil},
		})
		require.NoError(t, err)
		e, err := s.byID(t.Context(), 1)
		require.NoError(t, err)
		_, err = s.noted(t.Context(), 1, []Event{learnt(EventQuery, 0, cnpay.Unknown, "c"+evil, "t"+evil)},
			"UPDATE cnpay_entries SET reason = $1, code = $2", "r"+evil, "c"+evil)
		require.NoError(t, err)
		require.NoError(t, s.conflict(t.Context(), e, decision{source: "query" + evil, mark: "m" + evil}))
		d := desk(t, s.Journal, func(c *HandlerConfig) { c.Show = func(cnpay.Ticket, string) bool { return true } })
		q := url.Values{"provider": {evil}, "account": {evil}, "order": {evil}, "state": {evil}, "lang": {evil}, "done": {evil}}
		for _, path := range []string{"/", "/entries/1", "/?state=contradicted", "/?" + q.Encode(), "/entries/1?" + q.Encode(), "/" + url.PathEscape(evil)} {
			for _, lang := range []string{"zh", "en"} {
				p := visit(t, "GET", d.URL+"/ops/journal"+path, nil, "Operator", "li"+evil, "Accept-Language", lang)
				require.NotContains(t, p.text, "<script", path)
				require.NotContains(t, p.text, "<img", path)
				require.NotRegexp(t, `<[^>]*['"]\s+onmouseover=`, p.text, path)
			}
		}
		p := visit(t, "POST", d.URL+"/ops/journal/entries/1/close", url.Values{"generation": {"0"}, "outcome": {evil}, "reason": {evil}})
		require.Equal(t, http.StatusUnprocessableEntity, p.StatusCode)
		require.NotContains(t, p.text, "<script")
		require.NotContains(t, p.text, "<img")
	})
}

var link = regexp.MustCompile(`(href|action)="([^"]*)"`)

func TestThePageWorksBelowAnyPrefix(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	e := s.lost(t)
	handler := s.Handler(HandlerConfig{Allow: func(*http.Request) (string, bool) { return "li", true }})
	for _, prefix := range []string{"", "/ops", "/a/b c"} {
		server := httptest.NewServer(http.StripPrefix(prefix, handler))
		root := server.URL + strings.ReplaceAll(prefix, " ", "%20")
		seen := map[string]bool{}
		todo := []string{root + "/", root + "/?lang=en&provider=upay", root + "/entries/77"}
		for len(todo) > 0 {
			address := todo[0]
			todo = todo[1:]
			p := visit(t, "GET", address, nil)
			base, err := url.Parse(address)
			require.NoError(t, err)
			for _, m := range link.FindAllStringSubmatch(p.text, -1) {
				to, err := base.Parse(html.UnescapeString(m[2]))
				require.NoError(t, err)
				to.Fragment = ""
				require.True(t, strings.HasPrefix(to.String(), root+"/"), "%s leads out of %s", to, root)
				if m[1] == "action" && m[2] != "./" && !strings.HasPrefix(m[2], "./?") {
					require.Contains(t, to.Path, fmt.Sprintf("/entries/%d/", e.ID))
					continue
				}
				if !seen[to.String()] && len(seen) < 200 {
					seen[to.String()] = true
					got := visit(t, "GET", to.String(), nil)
					missing := strings.HasSuffix(to.Path, "/entries/77") // whose own language can be changed
					require.Equal(t, map[bool]int{false: http.StatusOK, true: http.StatusNotFound}[missing], got.StatusCode, to.String())
					todo = append(todo, to.String())
				}
			}
		}
		require.Greater(t, len(seen), 4)
		p := visit(t, "POST", fmt.Sprintf("%s/entries/%d/ask?lang=en", root, e.ID), url.Values{"generation": {"0"}})
		require.Equal(t, http.StatusSeeOther, p.StatusCode)
		to, err := p.Location()
		require.NoError(t, err)
		require.Equal(t, fmt.Sprintf("%s/entries/%d?done=asked&lang=en", root, e.ID), to.String())
		require.Contains(t, visit(t, "GET", to.String(), nil).text, "It will be asked next")
		server.Close()
	}
	server := httptest.NewServer(http.StripPrefix("/ops/journal", handler))
	defer server.Close()
	p := visit(t, "GET", server.URL+"/ops/journal?lang=en", nil)
	to, err := p.Location()
	require.NoError(t, err)
	require.Equal(t, server.URL+"/ops/journal/?lang=en", to.String())
}

// han finds Chinese.
var han = regexp.MustCompile(`\p{Han}`)

func TestThePageSpeaksBothLanguages(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	everything(t, s)
	d := desk(t, s.Journal)
	paths := []string{"/", "/?state=contradicted", "/?order=nothing", "/nothing", "/entries/77"}
	for id := 1; id <= s.last; id++ {
		paths = append(paths, fmt.Sprint("/entries/", id), fmt.Sprintf("/entries/%d?done=asked", id), fmt.Sprintf("/entries/%d?done=closed", id))
	}
	body := func(p page) string {
		_, text, _ := strings.Cut(p.text, "</style>")
		return strings.ReplaceAll(text, ">中文<", "><")
	}
	for _, path := range paths {
		address := d.URL + "/ops/journal" + path
		english := visit(t, "GET", address, nil, "Accept-Language", "en-GB,en;q=0.9,zh;q=0.5")
		require.NotRegexp(t, han, body(english), path)
		require.Equal(t, "en", english.Header.Get("Content-Language"))
		chinese := visit(t, "GET", address, nil, "Accept-Language", "zh-CN,zh;q=0.9,en;q=0.8")
		require.Contains(t, chinese.text, `<html lang="zh-CN">`)
		require.Regexp(t, han, body(chinese), path)
	}
	en := visit(t, "GET", d.URL+"/ops/journal/?lang=en", nil, "Accept-Language", "zh-CN")
	require.NotRegexp(t, han, body(en), "the address decides")
	require.Contains(t, en.text, "entries/1?lang=en", "and is kept in links")
	require.Contains(t, en.text, `name="lang" value="en"`, "and in forms")
	require.Contains(t, visit(t, "GET", d.URL+"/ops/journal/", nil, "Accept-Language", "").text, `lang="zh-CN"`)
	created := s.of(t, "7654000001").Created.In(time.FixedZone("", 8*3600))
	require.Contains(t, visit(t, "GET", d.URL+"/ops/journal/entries/1", nil).text, created.Format("2006-01-02 15:04:05"), "Beijing's time")
}

// everything makes an entry of each kind that the page tells apart.
func everything(t *testing.T, s *shop) {
	ctx := t.Context()
	s.lost(t)
	e := s.lost(t)
	require.NoError(t, s.Notified(ctx, news{s.ticket(t, e.Ticket.Order), cnpay.Pending, "p"}))
	require.NoError(t, s.Notified(ctx, news{s.ticket(t, e.Ticket.Order), cnpay.Succeeded, "s"}))
	require.NoError(t, s.Notified(ctx, news{s.ticket(t, e.Ticket.Order), cnpay.Failed, "f"}))
	done := s.order()
	_, err := s.revoke(done)
	require.NoError(t, err)
	again := s.order()
	s.gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Refused, cnpaytest.LostAnswer)
	_, _ = s.revoke(again)
	_, _ = s.revoke(again)
	ready := s.order()
	require.NoError(t, s.inTx(ctx, func(tx *sql.Tx) error {
		_, err := s.StartTx(ctx, tx, s.ticket(t, ready))
		return err
	}))
	for _, outcome := range []cnpay.Outcome{cnpay.Succeeded, cnpay.Failed, cnpay.NotSent} {
		e := s.lost(t)
		s.long(t, e.Ticket.Order)
		require.NoError(t, s.Close(ctx, e, outcome, "li", "by the portal"))
	}
	e = s.lost(t)
	s.asked(t, e)
	e = s.lost(t)
	for _, what := range []EventKind{EventResend, EventGiveUp, EventUnbooked, EventQuery, EventAnswer} {
		_, err := s.note(ctx, s.db, e.ID, Event{What: what, Text: "x", Code: "y"})
		require.NoError(t, err)
	}
}

// asked has a settler ask for an entry.
func (s *shop) asked(t testing.TB, e Entry) {
	require.NoError(t, s.AskNow(context.Background(), e))
	_, err := s.db.Exec("UPDATE cnpay_entries SET asked_at = 0")
	require.NoError(t, err)
	var turns []turn
	_, err = s.handOut(context.Background(), 100, func(_ *sql.Tx, got []turn) error { turns = got; return nil })
	require.NoError(t, err)
	for _, turn := range turns {
		if turn.Entry == e.ID {
			_ = s.settle(context.Background(), turn, 0)
		} else {
			_, err := s.db.Exec("UPDATE cnpay_entries SET lease = 0 WHERE id = $1", turn.Entry)
			require.NoError(t, err)
		}
	}
}

func TestThePagesMethodsAndHeaders(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	e := s.lost(t)
	d := desk(t, s.Journal)
	root := d.URL + "/ops/journal"
	entry := fmt.Sprintf("%s/entries/%d", root, e.ID)
	for _, c := range []struct {
		method, address string
		status          int
	}{
		{"GET", root + "/", 200}, {"HEAD", root + "/", 200}, {"HEAD", entry, 200}, {"POST", root + "/", 405}, {"PUT", root + "/", 405}, {"DELETE", entry, 405},
		{"POST", entry, 405}, {"GET", entry + "/ask", 405}, {"GET", entry + "/close", 405}, {"PUT", entry + "/close", 405},
		{"GET", root + "/entries/77", 404}, {"GET", root + "/entries/x", 404}, {"GET", root + "/entries/-1", 404}, {"GET", root + "/entries/", 404},
		{"GET", root + "/entries/99999999999999999999", 404}, {"GET", entry + "/other", 404}, {"GET", root + "/nothing", 404}, {"POST", root + "/entries/77/ask", 404},
		{"GET", entry + "/ask/more", 404}, {"GET", root + "/?after=-1&id=x&state=y", 200},
	} {
		p := visit(t, c.method, c.address, url.Values{"generation": {"0"}})
		require.Equal(t, c.status, p.StatusCode, c)
		if c.method == "HEAD" {
			require.Empty(t, p.text)
			continue
		}
		require.Contains(t, p.text, `class="brand"`, "every answer is a page with a way back")
		if c.status == 405 {
			require.NotEmpty(t, p.Header.Get("Allow"))
		}
		h := p.Header
		_, style, _ := strings.Cut(p.text, "<style>")
		style, _, _ = strings.Cut(style, "</style>")
		sum := sha256.Sum256([]byte(style))
		require.Equal(t, "default-src 'none'; style-src 'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'", h.Get("Content-Security-Policy"))
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"))
		require.Equal(t, "no-store", h.Get("Cache-Control"))
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"))
		require.NotContains(t, p.text, " style=")
		require.NotContains(t, p.text, "<script")
		require.Empty(t, p.Cookies())
	}
}

func TestThePageFinds(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		for i := range 2*onePage + 5 {
			began := time.Now().Add(-time.Duration(i) * time.Minute)
			_, err := s.Started(t.Context(), cnpay.Ticket{
				Provider: []string{"upay", "yuansfer"}[i%2], Account: fmt.Sprint("a", i%3), Operation: "pay", Order: fmt.Sprintf("N%03d", i), Began: began,
			})
			require.NoError(t, err)
		}
		d := desk(t, s.Journal)
		numbers := func(address string) (found []string, next string) {
			p := visit(t, "GET", address, nil)
			require.Equal(t, 200, p.StatusCode, p.text)
			for _, m := range regexp.MustCompile(`<a href="entries/\d+">(\w+)</a>`).FindAllStringSubmatch(p.text, -1) {
				found = append(found, m[1])
			}
			if m := regexp.MustCompile(`id="next" href="([^"]*)"`).FindStringSubmatch(p.text); m != nil {
				base, err := url.Parse(address)
				require.NoError(t, err)
				to, err := base.Parse(html.UnescapeString(m[1]))
				require.NoError(t, err)
				next = to.String()
			}
			return found, next
		}
		walk := func(query string) (all []string) {
			for next := d.URL + "/ops/journal/" + query; next != ""; {
				var found []string
				found, next = numbers(next)
				all = append(all, found...)
			}
			return all
		}
		all := walk("")
		require.Len(t, all, 2*onePage+5)
		require.Equal(t, []string{"N104", "N103", "N102"}, all[:3], "the oldest first")
		require.True(t, slices.IsSortedFunc(all, func(a, b string) int { return strings.Compare(b, a) }))
		require.Len(t, walk("?provider=yuansfer"), onePage+2)
		require.Equal(t, []string{"N104", "N098", "N092"}, walk("?provider=upay&account=a2")[:3])
		require.Equal(t, []string{"N042"}, walk("?order=N042"))
		require.Equal(t, []string{"N042"}, walk("?order=+N042+&account=a0&state=pending"))
		require.Empty(t, walk("?order=N042&account=a1"))
		require.Empty(t, walk("?state=pending"))
		require.Len(t, walk("?state=unknown"), 2*onePage+5)
		_, err := db.Exec("UPDATE cnpay_entries SET outcome = 'pending' WHERE id = 7")
		require.NoError(t, err)
		require.Equal(t, []string{"N006"}, walk("?state=pending"))
		_, err = db.Exec("UPDATE cnpay_entries SET state = 'succeeded', outcome = 'succeeded', conflicts = 1 WHERE id < 61")
		require.NoError(t, err)
		wrong := walk("?state=contradicted")
		require.Len(t, wrong, 60)
		require.Equal(t, []string{"N059", "N058"}, wrong[:2], "the newest first")
		require.Equal(t, []string{"N000"}, walk("?order=N000"), "a search by number finds what is closed")
		require.Len(t, walk(""), 45)
	})
}

func TestThePageSaysWhyNothingWasDone(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		var broken atomic.Bool
		s := newShop(t, db, dialect, func(c *Config) {
			c.Margin = time.Hour
			c.Book = func(ctx context.Context, tx *sql.Tx, e Entry) error {
				if broken.Load() {
					return errors.New("the warehouse is closed")
				}
				return bookIn(ctx, tx, e)
			}
		})
		e := s.lost(t)
		d := desk(t, s.Journal)
		address := fmt.Sprintf("%s/ops/journal/entries/%d/close?lang=en", d.URL, e.ID)
		form := func(outcome, reason string) url.Values {
			return url.Values{"generation": {"0"}, "outcome": {outcome}, "reason": {reason}}
		}
		p := visit(t, "POST", address, form("failed", " \n "))
		require.Equal(t, http.StatusUnprocessableEntity, p.StatusCode)
		require.Contains(t, p.text, `role="alert"`)
		for _, outcome := range []string{"", "unknown", "pending", "nonsense"} {
			p = visit(t, "POST", address, form(outcome, "what was typed"))
			require.Equal(t, http.StatusUnprocessableEntity, p.StatusCode)
			require.Contains(t, p.text, ">what was typed</textarea>")
		}
		p = visit(t, "POST", address, form("not_sent", "too early"))
		require.Equal(t, http.StatusConflict, p.StatusCode)
		require.Contains(t, p.text, "may still be on its way")
		broken.Store(true)
		p = visit(t, "POST", address, form("succeeded", "in the portal"))
		require.Equal(t, http.StatusInternalServerError, p.StatusCode)
		require.Contains(t, p.text, "the warehouse is closed")
		require.Empty(t, s.of(t, e.Ticket.Order).found, "nobody books later what the person was told was not booked")
		broken.Store(false)
		p = visit(t, "POST", address, url.Values{"generation": {"1"}, "outcome": {"succeeded"}, "reason": {"another sending"}})
		require.Equal(t, http.StatusConflict, p.StatusCode, "SEEN")
		p = visit(t, "POST", address, url.Values{"outcome": {"succeeded"}, "reason": {"no generation"}})
		require.Equal(t, http.StatusBadRequest, p.StatusCode)
		p = visit(t, "POST", address, form("succeeded", strings.Repeat("x", 100<<10)))
		require.GreaterOrEqual(t, p.StatusCode, 400)
		require.Equal(t, Open, s.of(t, e.Ticket.Order).State)
		require.Empty(t, s.booked(t, e.Ticket.Order))
		p = visit(t, "POST", address, form("succeeded", "in the portal"))
		require.Equal(t, http.StatusSeeOther, p.StatusCode)
		require.Equal(t, []string{"0 succeeded"}, s.booked(t, e.Ticket.Order))
		p = visit(t, "POST", strings.Replace(address, "close", "ask", 1), form("", ""))
		require.Equal(t, http.StatusConflict, p.StatusCode)
		require.Contains(t, p.text, "Nothing was changed")
		require.NoError(t, db.Close())
		p = visit(t, "GET", d.URL+"/ops/journal/", nil)
		require.Equal(t, http.StatusServiceUnavailable, p.StatusCode)
	})
}

func TestTicketFieldsAreMasked(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	_, err := s.Started(t.Context(), cnpay.Ticket{
		Provider: "p", Account: "a", Operation: "o", Order: "1", Fields: map[string]string{"reqReserved": "mother of 小明, 13800138000", "txnAmt": "10000", "short": "1234567"},
	})
	require.NoError(t, err)
	p := visit(t, "GET", desk(t, s.Journal).URL+"/ops/journal/entries/1", nil)
	for _, value := range []string{"mother", "小明", "1380013", "10000", "1234567"} {
		require.NotContains(t, p.text, value)
	}
	require.Contains(t, p.text, "····8000")
	shown := desk(t, s.Journal, func(c *HandlerConfig) { c.Show = func(_ cnpay.Ticket, field string) bool { return field == "txnAmt" } })
	p = visit(t, "GET", shown.URL+"/ops/journal/entries/1", nil)
	require.Contains(t, p.text, ">10000<")
	require.NotContains(t, p.text, "mother")
}

// What no database takes as text is searched for, and kept, all the same.
func TestThePageTakesAnyText(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		s := newShop(t, db, dialect)
		d := desk(t, s.Journal)
		s.lost(t)
		for _, text := range []string{"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "'; DROP TABLE cnpay_entries; --", "$1", "%", strings.Repeat("\u6c49", 5000), "-1", "9223372036854775808"} {
			for _, name := range []string{"order", "provider", "account", "state", "after", "id", "lang", "done"} {
				p := visit(t, "GET", d.URL+"/ops/journal/?"+url.Values{name: {text}}.Encode(), nil)
				require.Equal(t, http.StatusOK, p.StatusCode, "%s %.20q", name, text)
			}
			for _, action := range []string{"", "/ask", "/close"} {
				p := visit(t, map[bool]string{true: "GET", false: "POST"}[action == ""], d.URL+"/ops/journal/entries/"+url.PathEscape(text)+action, url.Values{"generation": {"0"}})
				require.Equal(t, http.StatusNotFound, p.StatusCode, "%s %.20q", action, text)
			}
			p := visit(t, "POST", d.URL+"/ops/journal/entries/1/ask", url.Values{"generation": {text}})
			require.Contains(t, []int{http.StatusBadRequest, http.StatusConflict}, p.StatusCode)
			e := s.lost(t)
			s.long(t, e.Ticket.Order)
			address := fmt.Sprintf("%s/ops/journal/entries/%d/close", d.URL, e.ID)
			p = visit(t, "POST", address, url.Values{"generation": {"0"}, "outcome": {text}, "reason": {"x"}})
			require.Equal(t, http.StatusUnprocessableEntity, p.StatusCode)
			p = visit(t, "POST", address, url.Values{"generation": {"0"}, "outcome": {"failed"}, "reason": {"x" + text}})
			require.Equal(t, http.StatusSeeOther, p.StatusCode, "%.20q", text)
			require.Equal(t, Failed, s.of(t, e.Ticket.Order).State)
			p = visit(t, "GET", fmt.Sprintf("%s/ops/journal/entries/%d", d.URL, e.ID), nil)
			require.Equal(t, http.StatusOK, p.StatusCode)
			require.True(t, utf8.ValidString(p.text))
			require.NotContains(t, p.text, "\x00")
		}
		for path, status := range map[string]int{
			"/entries/9223372036854775807": 404, "/entries/-1": 404, "/entries/0": 404, "/entries/": 404, "/entries/1/": 404,
			"/entries/1/close/x": 404, "/entries": 404, "/entries/1e1": 404, "/?after=9223372036854775807&id=9223372036854775807": 200,
			"/?state=contradicted&id=9223372036854775807&after=9223372036854775807": 200,
		} {
			for _, method := range []string{"GET", "HEAD"} {
				p := visit(t, method, d.URL+"/ops/journal"+path, nil)
				require.Equal(t, status, p.StatusCode, path)
			}
		}
		p := visit(t, "POST", d.URL+"/ops/journal/entries/1/close", url.Values{"generation": {"0"}, "outcome": {"failed"}, "reason": {strings.Repeat("x", 1<<20)}})
		require.GreaterOrEqual(t, p.StatusCode, 400)
		require.Equal(t, Open, s.of(t, "7654000001").State)
	})
}

// Mounted with the slash cut off, too, nothing panics.
func TestThePageBelowAPrefixThatEndsInASlash(t *testing.T) {
	s := newShop(t, sqlite(t), SQLite)
	s.lost(t)
	handler := s.Handler(HandlerConfig{Allow: func(*http.Request) (string, bool) { return "li", true }})
	server := httptest.NewServer(http.StripPrefix("/ops/", handler))
	defer server.Close()
	p := visit(t, "GET", server.URL+"/ops/entries/1", nil)
	require.Equal(t, http.StatusOK, p.StatusCode)
	p = visit(t, "GET", server.URL+"/ops/", nil)
	require.Equal(t, http.StatusOK, p.StatusCode)
}
