package journal

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/cnpay-go/cnpay"
)

//go:embed page
var pageFiles embed.FS

// HandlerConfig says who may open the operator's page, and what it shows.
type HandlerConfig struct {
	// Allow says who makes a request, by the merchant's own log-in, and whether that person may open the page and close
	// entries by hand; the name is kept with what is closed. Without it, and without a name, everybody is refused, with 403: a
	// log-in by basic auth asks for the password (401) before the page.
	Allow func(*http.Request) (who string, ok bool)
	// Show says which fields of a ticket are shown in full. Without it none are, because they may hold a merchant's own
	// text: only their last characters.
	Show func(t cnpay.Ticket, field string) bool
}

// Handler is the operator's page: what is open, one entry with its history, and two buttons, ask now and close by hand.
// It sends nothing to any provider itself, needs no script and stores nothing in the browser.
//
//	page := j.Handler(journal.HandlerConfig{Allow: func(r *http.Request) (string, bool) { return sessions.Operator(r) }})
//	mux.Handle("/journal/", http.StripPrefix("/journal", page))
//
// Links are relative, so any prefix will do. What another site's page posts is refused.
func (j *Journal) Handler(config HandlerConfig) http.Handler {
	styles, err := pageFiles.ReadFile("page/page.css")
	if err != nil {
		styles = nil
	}
	sum := sha256.Sum256(styles)
	p := &pages{
		journal: j, config: config, styles: template.CSS(styles),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		origins:   http.NewCrossOriginProtection(),
		languages: language.NewMatcher([]language.Tag{language.English, language.Chinese}),
	}
	p.templates = template.Must(template.New("").ParseFS(pageFiles, "page/*.html"))
	return p
}

type pages struct {
	journal   *Journal
	config    HandlerConfig
	templates *template.Template
	styles    template.CSS
	policy    string
	origins   *http.CrossOriginProtection
	languages language.Matcher
}

// view is what every page has.
type view struct {
	Styles  template.CSS
	English bool
	Other   string // this page in the other language
	Base    string // the way to the list
	Who     string
	Title   string
	Data    any

	lang string // as the address has it, or empty
	now  time.Time
}

// T is a text in the page's language.
func (v *view) T(zh, en string) string {
	if v.English {
		return en
	}
	return zh
}

// To is a relative address in the page's language.
func (v *view) To(address string, more ...string) string {
	q := url.Values{}
	for i := 0; i+1 < len(more); i += 2 {
		if more[i+1] != "" {
			q.Set(more[i], more[i+1])
		}
	}
	if v.lang != "" {
		q.Set("lang", v.lang)
	}
	if len(q) == 0 {
		return address
	}
	return address + "?" + q.Encode()
}

// Lang is the language that the address asks for.
func (v *view) Lang() string { return v.lang }

func (p *pages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Security-Policy", p.policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Language")

	parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
	v := p.view(r, strings.Repeat("../", len(parts)-1))
	who, ok := "", false
	if p.config.Allow != nil {
		who, ok = p.config.Allow(r)
	}
	if !ok || who == "" {
		p.show(w, r, v, http.StatusForbidden, "refused", p.config.Allow == nil)
		return
	}
	v.Who = who
	if err := p.origins.Check(r); err != nil {
		p.show(w, r, v, http.StatusForbidden, "foreign", nil)
		return
	}
	address, _, _ := strings.Cut(r.RequestURI, "?")
	id, action := "", ""
	if len(parts) > 1 && parts[0] == "entries" {
		id = parts[1]
	}
	if len(parts) == 3 && id != "" {
		action = parts[2]
	}
	switch {
	case r.URL.Path == "" && !strings.HasSuffix(address, "/"): // mounted without a slash at its end
		p.goTo(w, v.To(path.Base(path.Clean("/"+address))+"/"))
	case r.URL.Path == "" || r.URL.Path == "/":
		p.only(w, r, v, p.list, http.MethodGet, http.MethodHead)
	case len(parts) == 2 && id != "":
		p.only(w, r, v, p.entry, http.MethodGet, http.MethodHead)
	case action == "ask":
		p.only(w, r, v, p.ask, http.MethodPost)
	case action == "close":
		p.only(w, r, v, p.close, http.MethodPost)
	default:
		p.show(w, r, v, http.StatusNotFound, "missing", nil)
	}
}

func (p *pages) only(w http.ResponseWriter, r *http.Request, v *view, f func(http.ResponseWriter, *http.Request, *view), methods ...string) {
	if !slices.Contains(methods, r.Method) {
		w.Header().Set("Allow", strings.Join(methods, ", "))
		p.show(w, r, v, http.StatusMethodNotAllowed, "method", nil)
		return
	}
	f(w, r, v)
}

func (p *pages) view(r *http.Request, base string) *view {
	v := &view{Styles: p.styles, Base: base, now: time.Now()}
	switch lang := r.URL.Query().Get("lang"); lang {
	case "zh", "en":
		v.lang, v.English = lang, lang == "en"
	default:
		accepted, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
		if err == nil && len(accepted) > 0 {
			_, best, _ := p.languages.Match(accepted...)
			v.English = best == 0
		}
	}
	if v.Base == "" {
		v.Base = "./"
	}
	q := r.URL.Query()
	q.Set("lang", v.T("en", "zh"))
	q.Del("done")
	v.Other = "?" + q.Encode()
	return v
}

func (p *pages) show(w http.ResponseWriter, r *http.Request, v *view, status int, name string, data any) {
	v.Data = data
	var page strings.Builder
	if err := p.templates.ExecuteTemplate(&page, name, v); err != nil {
		p.journal.config.Logger.ErrorContext(r.Context(), "journal: page", "error", err)
		http.Error(w, "the page cannot be shown", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Language", v.T("zh-CN", "en"))
	w.WriteHeader(status)
	_, _ = w.Write([]byte(page.String()))
}

// goTo sends the browser to a relative address: [http.Redirect] would make it one without the prefix.
func (p *pages) goTo(w http.ResponseWriter, address string) {
	w.Header().Set("Location", address)
	w.WriteHeader(http.StatusSeeOther)
}

// broken is for what the database did not answer.
func (p *pages) broken(w http.ResponseWriter, r *http.Request, v *view, err error) {
	p.journal.config.Logger.ErrorContext(r.Context(), "journal: page", "error", err)
	p.show(w, r, v, http.StatusServiceUnavailable, "broken", nil)
}

const onePage = 50

// listing is the page of what is open.
type listing struct {
	Search    search
	Rows      []row
	Next      string
	Ages      []string
	Providers []summary
	Names     []string // of providers
	Accounts  []string
	Stranger  string // the filter's provider, where nothing of it is open
	Open      int64
	Wrong     int64 // contradicted
}

type summary struct {
	Provider string
	Counts   []int64
	Total    int64
}

type row struct {
	Entry
	V *view
}

func (p *pages) list(w http.ResponseWriter, r *http.Request, v *view) {
	ctx, cancel := context.WithTimeout(r.Context(), p.journal.config.Limit)
	defer cancel()
	q := r.URL.Query()
	number := func(name string) int64 {
		n, err := strconv.ParseInt(q.Get(name), 10, 64)
		if err != nil || n < 0 {
			return 0
		}
		return n
	}
	text := func(name string) string { return short(strings.TrimSpace(q.Get(name))) }
	l := listing{Search: search{
		Provider: text("provider"), Account: text("account"), State: q.Get("state"), Order: text("order"), After: number("after"), ID: number("id"),
	}}
	entries, err := p.journal.find(ctx, l.Search, onePage+1)
	if err != nil {
		p.broken(w, r, v, err)
		return
	}
	counts, err := p.journal.OpenByAge(ctx)
	if err != nil {
		p.broken(w, r, v, err)
		return
	}
	if l.Wrong, err = p.journal.contradicted(ctx); err != nil {
		p.broken(w, r, v, err)
		return
	}
	if len(entries) > onePage {
		entries = entries[:onePage]
		last := entries[onePage-1]
		l.Next = v.To("./", "provider", l.Search.Provider, "account", l.Search.Account, "state", l.Search.State,
			"after", strconv.FormatInt(last.Since().UnixMilli(), 10), "id", strconv.FormatInt(last.ID, 10))
	}
	for _, e := range entries {
		l.Rows = append(l.Rows, row{e, v})
	}
	l.summarise(v, counts)
	p.show(w, r, v, http.StatusOK, "list", l)
}

// summarise counts by provider and age, whatever the account and the operation.
func (l *listing) summarise(v *view, counts []OpenCount) {
	ages := OpenAges()
	for _, age := range ages {
		l.Ages = append(l.Ages, v.T("不到 "+v.words(age), "under "+v.words(age)))
	}
	oldest := v.words(ages[len(ages)-1])
	l.Ages = append(l.Ages, v.T(oldest+"以上", oldest+" and more"))
	accounts := map[string]bool{}
	for _, c := range counts {
		accounts[c.Account] = true
		if len(l.Providers) == 0 || l.Providers[len(l.Providers)-1].Provider != c.Provider {
			l.Providers = append(l.Providers, summary{Provider: c.Provider, Counts: make([]int64, len(ages)+1)})
			l.Names = append(l.Names, c.Provider)
		}
		s := &l.Providers[len(l.Providers)-1]
		i := slices.Index(ages, c.Under)
		if i < 0 {
			i = len(ages)
		}
		s.Counts[i] += c.Count
		s.Total += c.Count
		l.Open += c.Count
	}
	l.Accounts = slices.Sorted(maps.Keys(accounts))
	if l.Search.Provider != "" && !slices.Contains(l.Names, l.Search.Provider) {
		l.Stranger = l.Search.Provider
	}
}

// detail is the page of one entry.
type detail struct {
	row
	Fields    []field
	Sendings  []sendingView // the newest first
	Conflicts []Event
	Closable  bool
	Until     time.Time // Failed and NotSent are refused before; zero where they are not
	Chosen    string    // what was typed
	Reason    string
	Problem   string
	Done      string
}

type field struct{ Name, Value string }

type sendingView struct {
	Number int
	Events []eventView
}

type eventView struct {
	Event
	V *view
}

func (p *pages) entry(w http.ResponseWriter, r *http.Request, v *view) {
	d := detail{}
	switch r.URL.Query().Get("done") {
	case "asked":
		d.Done = v.T("已安排查询，稍后刷新本页查看结果。", "It will be asked next. Load the page again in a moment.")
	case "closed":
		d.Done = v.T("已手工关闭并入账。", "Closed by hand, and booked.")
	}
	p.detail(w, r, v, http.StatusOK, d)
}

// detail shows one entry as it is now.
func (p *pages) detail(w http.ResponseWriter, r *http.Request, v *view, status int, d detail) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), p.journal.config.Limit)
	defer cancel()
	e, ok := p.find(ctx, w, r, v)
	if !ok {
		return
	}
	history, err := p.journal.History(ctx, e)
	if err != nil {
		p.broken(w, r, v, err)
		return
	}
	d.row, d.Closable = row{e, v}, e.State == Open && !e.damaged
	if horizon := p.journal.closable(ctx, e); horizon.After(p.journal.clock()) {
		d.Until = horizon
	}
	for _, event := range history {
		if event.What == EventConflict {
			d.Conflicts = append(d.Conflicts, event)
		}
		if len(d.Sendings) == 0 || d.Sendings[len(d.Sendings)-1].Number != event.Generation+1 {
			d.Sendings = append(d.Sendings, sendingView{Number: event.Generation + 1})
		}
		s := &d.Sendings[len(d.Sendings)-1]
		s.Events = append(s.Events, eventView{event, v})
	}
	slices.Reverse(d.Sendings)
	for _, name := range slices.Sorted(maps.Keys(e.Ticket.Fields)) {
		value := e.Ticket.Fields[name]
		if p.config.Show == nil || !p.config.Show(e.Ticket, name) {
			value = mask(value)
		}
		d.Fields = append(d.Fields, field{name, value})
	}
	p.show(w, r, v, status, "entry", d)
}

// mask leaves the last characters of what is long enough.
func mask(s string) string {
	const seen = 4
	r := []rune(s)
	if len(r) < 2*seen {
		return "····"
	}
	return "····" + string(r[len(r)-seen:])
}

// find answers itself where there is no such entry.
func (p *pages) find(ctx context.Context, w http.ResponseWriter, r *http.Request, v *view) (Entry, bool) {
	id, err := strconv.ParseInt(strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")[1], 10, 64)
	if err != nil {
		p.show(w, r, v, http.StatusNotFound, "missing", nil)
		return Entry{}, false
	}
	e, err := p.journal.byID(ctx, id)
	switch {
	case errors.Is(err, ErrNoEntry):
		p.show(w, r, v, http.StatusNotFound, "missing", nil)
	case err != nil && !e.damaged:
		p.broken(w, r, v, err)
	}
	return e, err == nil || e.damaged
}

// form is the entry that a form is about, in the generation that the person saw.
func (p *pages) form(w http.ResponseWriter, r *http.Request, v *view) (Entry, bool) {
	const most = 64 << 10
	r.Body = http.MaxBytesReader(w, r.Body, most)
	generation, err := strconv.Atoi(r.PostFormValue("generation"))
	if err != nil {
		p.show(w, r, v, http.StatusBadRequest, "missing", nil)
		return Entry{}, false
	}
	e, ok := p.find(r.Context(), w, r, v)
	e.Generation = generation
	return e, ok
}

func (p *pages) ask(w http.ResponseWriter, r *http.Request, v *view) {
	e, ok := p.form(w, r, v)
	if !ok {
		return
	}
	if err := p.journal.AskNow(r.Context(), e); err != nil {
		p.failed(w, r, v, err, detail{})
		return
	}
	p.journal.config.Logger.InfoContext(r.Context(), "journal: asked by hand", append(e.attrs(), "by", v.Who)...)
	p.goTo(w, v.To("../"+strconv.FormatInt(e.ID, 10), "done", "asked"))
}

func (p *pages) close(w http.ResponseWriter, r *http.Request, v *view) {
	e, ok := p.form(w, r, v)
	if !ok {
		return
	}
	d := detail{Chosen: r.PostFormValue("outcome"), Reason: strings.TrimSpace(r.PostFormValue("reason"))}
	var outcome cnpay.Outcome
	if err := outcome.UnmarshalText([]byte(d.Chosen)); err != nil || !outcome.Final() {
		d.Problem = v.T("请选择结果。", "Choose an outcome.")
	} else if d.Reason == "" {
		d.Problem = v.T("请填写原因：以后有人会读到。", "Say why: somebody will read it later.")
	}
	if d.Problem != "" {
		p.detail(w, r, v, http.StatusUnprocessableEntity, d)
		return
	}
	if err := p.journal.Close(r.Context(), e, outcome, v.Who, d.Reason); err != nil {
		p.failed(w, r, v, err, d)
		return
	}
	p.goTo(w, v.To("../"+strconv.FormatInt(e.ID, 10), "done", "closed"))
}

// failed shows the entry as it is now, and why nothing was done.
func (p *pages) failed(w http.ResponseWriter, r *http.Request, v *view, err error, d detail) {
	status := http.StatusConflict
	var unbooked *bookError
	switch {
	case errors.Is(err, ErrNotOpen):
		d.Problem = v.T("没有改动：这笔在您打开本页之后已经变化，请看下面的最新状态。", "Nothing was changed: the entry has changed since you opened this page. Below is how it is now.")
	case errors.Is(err, ErrOnItsWay):
		d.Problem = v.T("没有改动：请求可能仍在途中，暂不能关闭为失败或未发送。", "Nothing was changed: the call may still be on its way, so it cannot be closed as failed or not sent yet.")
	case errors.As(err, &unbooked):
		status = http.StatusInternalServerError
		d.Problem = v.T("没有改动：入账失败。", "Nothing was changed: it could not be booked. ") + unbooked.Error()
	default:
		p.broken(w, r, v, err)
		return
	}
	p.journal.config.Logger.LogAttrs(r.Context(), slog.LevelWarn, "journal: by hand, refused", slog.String("by", v.Who), slog.Any("error", err))
	p.detail(w, r, v, status, d)
}

// beijing needs no zone database.
func beijing(t time.Time) time.Time { return t.In(time.FixedZone("UTC+8", 8*3600)) }

// Moment is a time in UTC+8.
func (v *view) Moment(t time.Time) string { return beijing(t).Format("2006-01-02 15:04:05") }

// Machine is a time for programs.
func (v *view) Machine(t time.Time) string { return beijing(t).Format(time.RFC3339) }

// Age is how long ago or ahead a time is, in words.
func (v *view) Age(t time.Time) string {
	if d := v.now.Sub(t); d < 0 {
		return v.T(v.words(-d)+"后", "in "+v.words(-d))
	} else {
		return v.T(v.words(d)+"前", v.words(d)+" ago")
	}
}

// words are a length of time in its largest unit.
func (v *view) words(d time.Duration) string {
	for _, u := range []struct {
		length time.Duration
		zh, en string
	}{{24 * time.Hour, "天", "day"}, {time.Hour, "小时", "hour"}, {time.Minute, "分钟", "minute"}, {time.Second, "秒", "second"}} {
		if n := int64(d / u.length); n > 0 && (u.length != time.Hour*24 || n > 1) {
			plural := "s"
			if n == 1 {
				plural = ""
			}
			return v.T(fmt.Sprint(n, " ", u.zh), fmt.Sprint(n, " ", u.en, plural))
		}
	}
	return v.T("不到 1 秒", "less than a second")
}

// badge is a state as it is shown.
type badge struct{ Text, Style string }

// Ordinal counts sendings from 1.
func (r row) Ordinal() int { return r.Generation + 1 }

// Badge is the entry's state, and of an open one what is known.
func (r row) Badge() badge {
	if r.State == Open {
		return r.V.Badge(r.Outcome)
	}
	if r.State == Ready {
		return badge{r.V.T("待发起", "Prepared"), "off"}
	}
	return r.V.Badge(r.Outcome)
}

// Badge is an outcome as it is shown.
func (v *view) Badge(o cnpay.Outcome) badge {
	switch o {
	case cnpay.Succeeded:
		return badge{v.T("成功", "Succeeded"), "good"}
	case cnpay.Pending:
		return badge{v.T("处理中", "Pending"), "wait"}
	case cnpay.Failed:
		return badge{v.T("失败", "Failed"), "bad"}
	case cnpay.NotSent:
		return badge{v.T("未发送", "Not sent"), "off"}
	}
	return badge{v.T("未知", "Unknown"), "doubt"}
}

// Why is the entry's reason, in the page's language where the journal itself says it.
func (r row) Why() string { return r.V.why(r.Reason) }

func (v *view) why(reason string) string {
	if v.English {
		return reason
	}
	if said, ok := strings.CutPrefix(reason, byHand); ok {
		return "手工关闭：" + said
	}
	for _, p := range [][2]string{
		{"the call's own answer", "本次调用的应答"}, {"a query", "查询结果"}, {"a notification", "支付机构的通知"},
		{"found before, and booked now", "此前已查明，现已入账"}, {"prepared, and nobody claimed it", "准备后无人发起"},
		{"the database's answer was lost, and the call was not sent", "数据库应答丢失，请求未发送"},
	} {
		if p[0] == reason {
			return p[1]
		}
	}
	return reason
}

// Why is the event's text.
func (e eventView) Why() string {
	if e.What == EventByHand {
		return e.Text
	}
	return e.V.why(e.Text)
}

// Badge is what the event says of the outcome, if it does.
func (e eventView) Badge() *badge {
	switch e.What {
	case EventOpened, EventPrepared, EventResend, EventGiveUp, EventReplaced:
		return nil
	}
	b := e.V.Badge(e.Outcome)
	return &b
}

// Title says what happened.
func (e eventView) Title() string {
	v := e.V
	switch e.What {
	case EventPrepared:
		return v.T("已准备，等待发起", "Prepared, to be claimed")
	case EventOpened:
		return v.T("已登记并发起", "Recorded, then sent")
	case EventAnswer:
		return v.T("调用的应答未定论", "The call's answer decided nothing")
	case EventQuery:
		return v.T("查询，未定论", "Asked, undecided")
	case EventNotification:
		return v.T("收到通知，未定论", "A notification that decides nothing")
	case EventResend:
		return v.T("请商户程序重发", "Sending again was left to Resend")
	case EventGiveUp:
		return v.T("请商户程序放弃该单", "Giving up was left to GiveUp")
	case EventUnbooked:
		return v.T("已查明，但入账失败", "Found out, and not booked")
	case EventReplaced:
		return v.T("由新的一次发送取代", "Replaced by a newer sending")
	case EventClosed:
		return v.T("已关闭并入账", "Closed and booked")
	case EventByHand:
		return v.T("手工关闭", "Closed by hand")
	case EventConflict:
		return v.T("与已关闭的结果矛盾", "Contradicts what was closed")
	}
	return string(e.What)
}

// Origin is where a conflict came from.
func (e eventView) Origin() string {
	switch e.Source {
	case "answer":
		return e.V.T("调用的应答", "the call's answer")
	case "query":
		return e.V.T("查询", "a query")
	case "notification":
		return e.V.T("通知", "a notification")
	}
	return ""
}
