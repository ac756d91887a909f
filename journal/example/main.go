// Example shows one order that survives a kill: the journal in a SQLite file, the process killed between the first byte of
// a revoke and its answer, started again, the order settled and booked once. It plays both lives and the gateway.
//
//	cd journal && go run ./example
package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/journal"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

const order = "7654321132"

func main() {
	life := play
	switch len(os.Args) {
	case 1:
	case 6: // as play starts it
		life = merchant
	default:
		fmt.Fprintln(os.Stderr, "usage: example\n\nPlays one order through a kill -9 between the first byte and the answer. It takes no arguments.")
		os.Exit(2)
	}
	if err := life(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// play is the world: a gateway, and two lives of the merchant's program.
func play() error {
	folder, err := os.MkdirTemp("", "cnpay-journal")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder(order, 10000)
	gateway.Misbehave(upay.OpOrderRevoke, cnpaytest.Hang) // carries it out, and is silent

	program, err := os.Executable()
	if err != nil {
		return err
	}
	for _, life := range []string{"first", "second"} {
		fmt.Printf("-- the %s life\n", life)
		config := gateway.Config()
		c := exec.Command(program, life, filepath.Join(folder, "journal.db"), config.Gateway, config.TerminalSN, config.TerminalKey.Reveal())
		c.Stdout, c.Stderr = os.Stdout, os.Stderr
		if err := c.Start(); err != nil {
			return err
		}
		if life == "first" {
			for gateway.Received(upay.OpOrderRevoke) == 0 {
				time.Sleep(10 * time.Millisecond)
			}
			if err := c.Process.Kill(); err != nil {
				return err
			}
			fmt.Println("   the gateway has the request: kill -9, before its answer")
		}
		if err := c.Wait(); err != nil && life == "second" {
			return err
		}
	}
	fmt.Printf("-- the gateway received %d revoke\n", gateway.Received(upay.OpOrderRevoke))
	return nil
}

// merchant is the program: the same in both lives.
func merchant() error {
	life, file, gateway, terminal, key := os.Args[1], os.Args[2], os.Args[3], os.Args[4], cnpay.Secret(os.Args[5])
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	db, err := journal.OpenSQLite(file)
	if err != nil {
		return err
	}
	defer db.Close()
	var client *upay.Client
	j, err := journal.New(db, journal.SQLite, journal.Config{
		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return client, nil },
		Book: func(ctx context.Context, tx *sql.Tx, e journal.Entry) error {
			_, err := tx.ExecContext(ctx, "INSERT INTO books (id, state) VALUES ($1, $2)", e.Ticket.Order, string(e.State))
			return err
		},
		Crash: 2 * time.Second, // for the example: usually 30 s
	})
	if err != nil {
		return err
	}
	if err := j.Migrate(ctx); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, "CREATE TABLE IF NOT EXISTS books (id TEXT NOT NULL, state TEXT NOT NULL)"); err != nil {
		return err
	}
	show := &http.Client{Transport: showing{j, db}}
	client, err = upay.New(upay.Config{Gateway: gateway, TerminalSN: terminal, TerminalKey: key}, cnpay.WithRecorder(j), cnpay.WithHTTPClient(show))
	if err != nil {
		return err
	}
	res, err := client.Orders.Revoke(ctx, &upay.OrderRevokeRequest{ClientSN: order})
	fmt.Printf("   revoke: %v (%v)\n", cnpay.OutcomeOf(res, err), err)
	if life == "first" {
		return errors.New("the first life was to be killed")
	}

	run, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- j.Run(run) }()
	ticket := cnpay.TicketOf(res, err)
	for {
		e, err := j.Entry(ctx, ticket)
		if err != nil {
			stop()
			return errors.Join(err, <-ended)
		}
		if e.State.Final() {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return errors.Join(<-ended, print(ctx, "settled", j, db, ticket))
}

// showing prints what the database holds when the first byte of a request is about to leave.
type showing struct {
	journal *journal.Journal
	db      *sql.DB
}

func (s showing) RoundTrip(r *http.Request) (*http.Response, error) {
	ticket := cnpay.Ticket{Provider: "upay", Account: os.Args[4], Operation: upay.OpOrderRevoke, Order: order}
	if err := print(r.Context(), "before the first byte of "+r.URL.Path, s.journal, s.db, ticket); err != nil {
		return nil, err
	}
	return http.DefaultTransport.RoundTrip(r)
}

func print(ctx context.Context, when string, j *journal.Journal, db *sql.DB, t cnpay.Ticket) error {
	e, err := j.Entry(ctx, t)
	if err != nil {
		return err
	}
	var booked int
	if err := db.QueryRowContext(ctx, "SELECT COUNT(*) FROM books").Scan(&booked); err != nil {
		return err
	}
	fmt.Printf("   %s: entry %s, outcome %v, queries %d, booked %d\n", when, e.State, e.Outcome, e.Queries, booked)
	return nil
}
