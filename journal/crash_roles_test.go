package journal

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// The processes of the crash test are this test's own binary, started with its role in the environment. Each ends when its
// standard input does, so that none outlives the test.
const roleVariable = "CNPAY_TEST_ROLE"

// plays runs the role that this process was started for.
func plays(role string) int {
	ctx, cancel := context.WithCancel(context.Background())
	begin := make(chan struct{})
	go func() {
		if _, err := os.Stdin.Read(make([]byte, 1)); err == nil {
			close(begin)
		}
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	var err error
	switch role {
	case "gateway":
		err = serveAll(ctx, http.HandlerFunc(payAll))
	case "caller":
		err = caller(ctx, begin)
	case "bank":
		err = newBank().serve(ctx)
	case "merchant":
		err = merchant(ctx)
	default:
		err = errors.New("no such role: " + role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, role+":", err)
		return 1
	}
	return 0
}

const (
	crashTerminal = "00101010029201012912"
	crashKey      = cnpay.Secret("0123456789abcdef")
	crashAmount   = 100
)

// What a number is for is its first digit.
const (
	toPay = iota + 1
	toRevoke
	toRevokeOnce // never sent again: the documents leave it open when its request is lost
	toRefund
	toPrepare // a payment whose entry is prepared in the merchant's own transaction
)

func kindOf(number string) int { return int(number[0] - '0') }

// crashRequest is the request of a number.
func crashRequest(number string) upay.Request {
	switch kindOf(number) {
	case toRevoke, toRevokeOnce:
		return &upay.OrderRevokeRequest{ClientSN: number}
	case toRefund:
		return &upay.OrderRefundRequest{ClientSN: number, RefundRequestNo: "1", Operator: "o", RefundAmount: crashAmount}
	}
	return &upay.OrderPayByCodeRequest{
		Sale: upay.Sale{ClientSN: number, TotalAmount: crashAmount, Subject: "s", Operator: "o"}, DynamicID: "130818341921441147",
	}
}

// bank is the gateway, and the customers who bring the orders. It keeps the truth. A payment that arrives twice under one
// number is carried out twice, which the real one would refuse: the test must see it.
type bank struct {
	mu      sync.Mutex
	r       *rand.Rand
	truth   truth
	numbers []string // handed out, the oldest first
	calm    bool
	silent  string // the number whose next query gets no answer
	aim     string // the replica that freezes in its next call
}

// truth is what happened.
type truth struct {
	Orders   map[string]*fact
	Attempts map[string]*attempt
	Unsigned int
	Silent   string // the replica that met silence
}

// fact is an order at the bank.
type fact struct {
	Status     string   // order_status
	Executions int      // how often its operation was carried out
	By         string   // the attempt that was
	Arrivals   []string // the attempts whose requests arrived
}

// attempt is an order in the hands of one process.
type attempt struct {
	Number string
	By     string // the process
	At     time.Time
	Told   string    // the outcome that the call returned; empty where it never did
	Heard  time.Time // when it did
	Taken  bool      // it was refused because the journal held the order
	News   string    // the outcome that it is to be notified of, instead of being sent
}

func newBank() *bank {
	return &bank{
		r:     rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)),
		truth: truth{Orders: map[string]*fact{}, Attempts: map[string]*attempt{}},
	}
}

func (b *bank) serve(ctx context.Context) error {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /upay/v2/{operation}", b.receive)
	mux.HandleFunc("GET /next", b.next)
	mux.HandleFunc("GET /told", b.told)
	mux.HandleFunc("GET /calm", func(http.ResponseWriter, *http.Request) { b.quiet() })
	mux.HandleFunc("GET /silence", func(_ http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.silent = r.FormValue("number")
	})
	mux.HandleFunc("GET /aim", func(_ http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.aim = r.FormValue("by")
	})
	mux.HandleFunc("GET /truth", func(w http.ResponseWriter, r *http.Request) {
		if err := b.write(r.FormValue("file")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	return serveAll(ctx, mux)
}

// serveAll prints its address.
func serveAll(ctx context.Context, h http.Handler) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println("http://" + listener.Addr().String())
	server := &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}
	go func() { <-ctx.Done(); _ = server.Close() }()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (b *bank) write(file string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := json.Marshal(b.truth)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// quiet ends all misbehaviour.
func (b *bank) quiet() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.calm = true
}

// next hands an order to a merchant: a new one, the one that another replica has just got, one of before that somebody
// tries again, or news of one.
func (b *bank) next(w http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.calm && r.FormValue("by") != "test" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	number, news, freeze := "", "", b.aim == r.FormValue("by")
	switch x := b.r.IntN(20); {
	case x < 12 || b.calm || freeze || len(b.numbers) == 0:
		kind := []int{toPay, toPay, toPay, toPay, toRevoke, toRevoke, toRevokeOnce, toRefund, toPrepare, toPrepare}[b.r.IntN(10)]
		if b.calm || freeze {
			kind = toPay
		}
		number = fmt.Sprintf("%d%09d", kind, len(b.truth.Attempts))
		f := &fact{}
		if kind != toPay && kind != toPrepare {
			f.Status = upay.OrderStatusPaid // it was, long ago
		}
		b.truth.Orders[number] = f
		b.numbers = append(b.numbers, number)
	case x < 16:
		number = b.numbers[len(b.numbers)-1]
	default:
		recent := b.numbers[max(0, len(b.numbers)-100):]
		number = recent[b.r.IntN(len(recent))]
		if f := b.truth.Orders[number]; x == 19 && kindOf(number) == toPay {
			news = map[string]string{upay.OrderStatusPaid: "succeeded", upay.OrderStatusPayCanceled: "failed"}[f.Status]
		}
	}
	id := strconv.Itoa(len(b.truth.Attempts))
	a := &attempt{Number: number, By: r.FormValue("by"), At: time.Now(), News: news}
	b.truth.Attempts[id] = a
	if freeze {
		b.aim = ""
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "number": number, "news": news, "freeze": freeze})
}

// told is what a merchant heard of an attempt.
func (b *bank) told(_ http.ResponseWriter, r *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if a := b.truth.Attempts[r.FormValue("id")]; a != nil {
		a.Told, a.Heard, a.Taken = r.FormValue("outcome"), time.Now(), r.FormValue("taken") != ""
	}
}

// carry carries an operation out, once where the documents say so of its repeats.
func (b *bank) carry(number, id string) string {
	f := b.truth.Orders[number]
	switch kind := kindOf(number); {
	case (kind == toRevoke || kind == toRevokeOnce) && f.Status == upay.OrderStatusCanceled:
		return "UPAY_CANCEL_ORDER_NOOP"
	case kind == toRefund && f.Status == upay.OrderStatusRefunded:
		return "UPAY_REFUND_ORDER_NOOP"
	case kind == toRefund:
		f.Status = upay.OrderStatusRefunded
	case kind == toPay || kind == toPrepare:
		f.Status = upay.OrderStatusPaid
	default:
		f.Status = upay.OrderStatusCanceled
	}
	f.Executions++
	f.By = id
	return ""
}

// later carries out, some seconds after its arrival, what the merchant has not heard of.
func (b *bank) later(number, id string) {
	time.AfterFunc(time.Duration(b.r.Int64N(int64(crashLate))), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.carry(number, id)
	})
}

// receive answers a request, or misbehaves.
func (b *bank) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	var request map[string]any
	if err != nil || json.Unmarshal(body, &request) != nil {
		return // cut off: it did not arrive
	}
	digest := md5.Sum(append(bytes.Clone(body), crashKey.Reveal()...))
	number, _ := request["client_sn"].(string)
	b.mu.Lock()
	f := b.truth.Orders[number]
	if f == nil || r.Header.Get("Authorization") != crashTerminal+" "+hex.EncodeToString(digest[:]) {
		b.truth.Unsigned++
		b.mu.Unlock()
		return
	}
	query := path.Base(r.URL.Path) == "query"
	fault := b.r.IntN(20)
	if query {
		fault = b.r.IntN(60)
	}
	if b.calm {
		fault = -1
	}
	if query && number == b.silent {
		fault, b.silent, b.truth.Silent = 3, "", r.Header.Get("X-Replica")
	}
	wait := time.Duration(b.r.IntN(60)) * time.Millisecond
	var answer map[string]any
	if query {
		answer = b.show(number, "SUCCESS")
	} else {
		answer, fault = b.act(number, r.Header.Get("X-Attempt"), fault)
	}
	b.mu.Unlock()
	time.Sleep(wait)
	switch fault {
	case 0: // lost
		cut(w)
	case 1, 2:
		http.Error(w, "<html>502</html>", http.StatusBadGateway)
	case 3: // silence
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
		cut(w)
	case 4: // cut in the middle
		w.Header().Set("Content-Length", "1000")
		_, _ = io.WriteString(w, `{"result_code":"200",`)
	default:
		_ = json.NewEncoder(w).Encode(answer)
	}
}

func cut(w http.ResponseWriter) {
	if conn, _, err := http.NewResponseController(w).Hijack(); err == nil {
		_ = conn.Close()
	}
}

// act is what a request does to its order. It returns the answer, and the fault that the network puts there instead.
func (b *bank) act(number, id string, fault int) (map[string]any, int) {
	f := b.truth.Orders[number]
	f.Arrivals = append(f.Arrivals, id)
	payment := kindOf(number) == toPay || kindOf(number) == toPrepare
	switch fault {
	case 2, 5: // lost behind the door
		return nil, 2
	case 6, 7, 8: // lost, and carried out when nobody listens any more
		b.later(number, id)
		return nil, 0
	case 9, 10:
		if payment && f.Status == "" { // accepted
			f.Status = upay.OrderStatusCreated
			b.accept(number, id)
			return b.show(number, "PAY_IN_PROGRESS"), fault
		}
	case 11, 12: // refused; of a payment nobody hears it every other time
		if payment && f.Executions == 0 {
			f.Status = upay.OrderStatusPayCanceled
			return b.show(number, "PAY_FAIL"), map[int]int{11: fault, 12: 0}[fault]
		}
		if f.Executions == 0 {
			return map[string]any{"result_code": "200", "biz_response": map[string]any{"result_code": "FAIL", "error_code": "UPAY_TCP_ORDER_NOT_REFUNDABLE"}}, fault
		}
	}
	if noop := b.carry(number, id); noop != "" {
		return map[string]any{"result_code": "200", "biz_response": map[string]any{"result_code": "FAIL", "error_code": noop}}, fault
	}
	result := map[int]string{toRevoke: "CANCEL_SUCCESS", toRevokeOnce: "CANCEL_SUCCESS", toRefund: "REFUND_SUCCESS"}[kindOf(number)]
	if result == "" {
		result = "PAY_SUCCESS"
	}
	return b.show(number, result), fault
}

// accept ends, some seconds later, what was accepted.
func (b *bank) accept(number, id string) {
	refused := b.r.IntN(3) == 0
	time.AfterFunc(time.Duration(b.r.Int64N(int64(crashLate))), func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch f := b.truth.Orders[number]; {
		case f.Status != upay.OrderStatusCreated: // another request has ended it
		case refused:
			f.Status = upay.OrderStatusPayCanceled
		default:
			b.carry(number, id)
		}
	})
}

// show is an answer with the order as it is.
func (b *bank) show(number, result string) map[string]any {
	return shown(number, b.truth.Orders[number], result)
}

func shown(number string, f *fact, result string) map[string]any {
	if f.Status == "" {
		return map[string]any{"result_code": "200", "biz_response": map[string]any{"result_code": "FAIL", "error_code": "UPAY_ORDER_NOT_EXISTS"}}
	}
	status, net, tsn := "SUCCESS", strconv.Itoa(crashAmount), number
	switch f.Status {
	case upay.OrderStatusCreated:
		status = "IN_PROG"
	case upay.OrderStatusPayCanceled:
		status = "FAIL_CANCELED"
	case upay.OrderStatusRefunded:
		net, tsn = "0", number+"-1"
	case upay.OrderStatusCanceled:
		net = "0"
	}
	return map[string]any{"result_code": "200", "biz_response": map[string]any{"result_code": result, "data": map[string]string{
		"terminal_sn": crashTerminal, "sn": "7" + number, "client_sn": number, "client_tsn": tsn, "status": status,
		"order_status": f.Status, "total_amount": strconv.Itoa(crashAmount), "net_amount": net,
	}}}
}

// shopConfig is what a merchant's process is started with.
type shopConfig struct {
	Dialect Dialect
	DSN     string
	Bank    string
	Name    string
	Slow    bool // the journal's own defaults, for the figures, and books that never fail
	Calls   int  // that a caller makes
}

const shopVariable = "CNPAY_TEST_SHOP"

const (
	crashTimeout = 2 * time.Second
	crashAim     = 300 * time.Millisecond // within which who is aimed at has frozen itself
	crashLate    = 6 * time.Second
	crashMargin  = 10 * time.Second
	crashTables  = `CREATE TABLE IF NOT EXISTS books (id TEXT NOT NULL, generation BIGINT NOT NULL, state TEXT NOT NULL, at BIGINT NOT NULL);
		CREATE INDEX IF NOT EXISTS books_id ON books (id);
		CREATE TABLE IF NOT EXISTS orders (id TEXT PRIMARY KEY)`
)

type attemptKey struct{}

type freezeKey struct{}

// freezing is a request's body of which nothing has left: the process freezes before it is read. The core's own, below it,
// is then asked for its first byte, after whatever time that was.
type freezing struct {
	io.ReadCloser
	before time.Time // later it is too late: who froze the process has let it go on
}

func (f *freezing) Read(p []byte) (int, error) {
	if time.Now().Before(f.before) {
		f.before = time.Time{}
		if self, err := os.FindProcess(os.Getpid()); err == nil {
			_ = self.Signal(sigstop)
		}
		for begun := time.Now(); time.Since(begun) < 20*time.Millisecond; { // the signal may be another thread's, and come late
		}
	}
	return f.ReadCloser.Read(p)
}

// merchant is a replica of the merchant's program. It is killed at any moment.
func merchant(ctx context.Context) error {
	var c shopConfig
	if err := json.Unmarshal([]byte(os.Getenv(shopVariable)), &c); err != nil {
		return err
	}
	db, err := openShop(c)
	if err != nil {
		return err
	}
	defer db.Close()
	var client *upay.Client
	j, err := newCrashJournal(db, c, func() *upay.Client { return client })
	if err != nil {
		return err
	}
	client, err = upay.New(upay.Config{Gateway: c.Bank, TerminalSN: crashTerminal, TerminalKey: crashKey},
		cnpay.WithRecorder(j), cnpay.WithTimeout(crashTimeout),
		cnpay.WithHTTPClient(&http.Client{Transport: roundTripper(func(r *http.Request) (*http.Response, error) {
			r = r.Clone(r.Context())
			r.Header.Set("X-Replica", c.Name)
			if id, ok := r.Context().Value(attemptKey{}).(string); ok {
				r.Header.Set("X-Attempt", id)
			}
			if before, ok := r.Context().Value(freezeKey{}).(time.Time); ok {
				r.Body = &freezing{r.Body, before}
			}
			return http.DefaultTransport.RoundTrip(r)
		})}))
	if err != nil {
		return err
	}
	for ctx.Err() == nil { // PostgreSQL may be down
		if err = j.Migrate(ctx); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	var work sync.WaitGroup
	work.Go(func() {
		if err := j.Run(ctx); err != nil {
			fmt.Fprintln(os.Stderr, c.Name, "Run:", err)
		}
	})
	for range 6 {
		work.Go(func() {
			for ctx.Err() == nil {
				if err := serveCustomer(ctx, c, j, client, db); err != nil {
					time.Sleep(100 * time.Millisecond)
				}
			}
		})
	}
	work.Wait()
	return nil
}

func openShop(c shopConfig) (*sql.DB, error) {
	if c.Dialect == SQLite {
		return OpenSQLite(c.DSN)
	}
	db, err := sql.Open("pgx", c.DSN)
	if err == nil {
		db.SetMaxOpenConns(12)
		db.SetMaxIdleConns(12)
	}
	return db, err
}

func newCrashJournal(db *sql.DB, c shopConfig, client func() *upay.Client) (*Journal, error) {
	config := Config{
		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return client(), nil },
		Book: func(ctx context.Context, tx *sql.Tx, e Entry) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO books (id, generation, state, at) VALUES ($1, $2, $3, $4)",
				e.Ticket.Fields["client_sn"], e.Generation, string(e.State), time.Now().UnixMilli())
			if err == nil && !c.Slow && rand.IntN(50) == 0 {
				err = errors.New("the warehouse is closed")
			}
			return err
		},
		Resend: func(ctx context.Context, e Entry, _ *cnpay.Settlement) error {
			number := e.Ticket.Fields["client_sn"]
			if kindOf(number) == toRevokeOnce {
				return nil
			}
			ctx = context.WithValue(ctx, attemptKey{}, "again")
			_, err := crashCall(ctx, client(), number, cnpay.WithSending(e.Generation+1))
			return err
		},
		Margin: crashMargin, PerAccount: 50, PerSecond: 500, Limit: 2 * time.Second,
	}
	if !c.Slow {
		config.Crash, config.Lease, config.Sweep, config.Unclaimed = 2*time.Second, 3*time.Second, 200*time.Millisecond, 3*time.Second
	}
	return New(db, c.Dialect, config)
}

func crashCall(ctx context.Context, client *upay.Client, number string, opts ...cnpay.Option) (cnpay.Outcome, error) {
	var res cnpay.Result
	var err error
	switch request := crashRequest(number).(type) {
	case *upay.OrderRevokeRequest:
		res, err = client.Orders.Revoke(ctx, request, opts...)
	case *upay.OrderRefundRequest:
		res, err = client.Orders.Refund(ctx, request, opts...)
	case *upay.OrderPayByCodeRequest:
		res, err = client.Orders.PayByCode(ctx, request, opts...)
	}
	return cnpay.OutcomeOf(res, err), err
}

// serveCustomer sends one order, or hears of one.
func serveCustomer(ctx context.Context, c shopConfig, j *Journal, client *upay.Client, db *sql.DB) error {
	get := func(path string, query url.Values, into any) error {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.Bank+path+"?"+query.Encode(), http.NoBody)
		if err != nil {
			return err
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		if into == nil {
			return nil
		}
		return json.NewDecoder(res.Body).Decode(into)
	}
	var order struct {
		ID, Number, News string
		Freeze           bool
	}
	if err := get("/next", url.Values{"by": {c.Name}}, &order); err != nil {
		return err
	}
	if order.News != "" {
		t, err := client.Ticket(crashRequest(order.Number))
		if err != nil {
			return err
		}
		var outcome cnpay.Outcome
		if err := outcome.UnmarshalText([]byte(order.News)); err != nil {
			return err
		}
		return j.Notified(ctx, news{t, outcome, order.News})
	}
	told := url.Values{"id": {order.ID}, "outcome": {"not_sent"}}
	sending := context.WithValue(ctx, attemptKey{}, order.ID)
	if order.Freeze {
		sending = context.WithValue(sending, freezeKey{}, time.Now().Add(crashAim*2/3))
	}
	if kindOf(order.Number) == toPrepare {
		e, err := prepareCrash(ctx, j, db, client, order.Number)
		if err != nil { // not this one's, or nothing was committed: nothing is sent
			return errors.Join(err, get("/told", told, nil))
		}
		sending = Claiming(sending, e)
	}
	outcome, err := crashCall(sending, client, order.Number)
	told.Set("outcome", outcome.String())
	if errors.Is(err, ErrTaken) {
		told.Set("taken", "yes")
	}
	return get("/told", told, nil)
}

// prepareCrash writes order and entry in one transaction.
func prepareCrash(ctx context.Context, j *Journal, db *sql.DB, client *upay.Client, number string) (Entry, error) {
	t, err := client.Ticket(crashRequest(number))
	if err != nil {
		return Entry{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return Entry{}, err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "INSERT INTO orders (id) VALUES ($1) ON CONFLICT (id) DO NOTHING", number); err != nil {
		return Entry{}, err
	}
	e, err := j.StartTx(ctx, tx, t)
	if err != nil {
		return Entry{}, err
	}
	return e, tx.Commit()
}

// payAll is a gateway at which everything is paid at once.
func payAll(w http.ResponseWriter, r *http.Request) {
	var request struct {
		ClientSN string `json:"client_sn"`
	}
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_ = json.NewEncoder(w).Encode(shown(request.ClientSN, &fact{Status: upay.OrderStatusPaid}, "PAY_SUCCESS"))
}

// caller makes its calls as fast as it can, once begin is closed. Without a dialect it has no journal.
func caller(ctx context.Context, begin <-chan struct{}) error {
	var c shopConfig
	if err := json.Unmarshal([]byte(os.Getenv(shopVariable)), &c); err != nil {
		return err
	}
	var client *upay.Client
	var opts []cnpay.Option
	if c.Dialect != 0 {
		db, err := openShop(c)
		if err != nil {
			return err
		}
		defer db.Close()
		j, err := New(db, c.Dialect, Config{Client: func(cnpay.Ticket) (cnpay.Settler, error) { return client, nil }})
		if err != nil {
			return err
		}
		if err := j.Migrate(ctx); err != nil {
			return err
		}
		go func() { _ = j.Run(ctx) }()
		opts = append(opts, cnpay.WithRecorder(j))
	}
	client, err := upay.New(upay.Config{Gateway: c.Bank, TerminalSN: crashTerminal, TerminalKey: crashKey}, opts...)
	if err != nil {
		return err
	}
	fmt.Println("ready")
	<-begin
	var work sync.WaitGroup
	var last atomic.Int64
	var failure atomic.Pointer[error]
	for range 32 {
		work.Go(func() {
			for n := last.Add(1); n <= int64(c.Calls); n = last.Add(1) {
				number := fmt.Sprintf("%d%s%09d", toPay, c.Name, n)
				if outcome, err := crashCall(ctx, client, number); outcome != cnpay.Succeeded {
					err = fmt.Errorf("%s: %w", outcome, err)
					failure.Store(&err)
				}
			}
		})
	}
	work.Wait()
	if err := failure.Load(); err != nil {
		return *err
	}
	fmt.Println("done")
	return nil
}
