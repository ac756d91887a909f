package journal

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// repeater is a provider one of whose operations is settled by sending it again.
type repeater struct {
	gateway   cnpaytest.Gateway
	settler   cnpay.Settler
	operation string
	send      func(context.Context) (cnpay.Result, error)
}

// repeaters are both, with the journal as their recorder.
func repeaters() map[string]func(*testing.T, *Journal) *repeater {
	once := cnpay.WithRetry(cnpay.Retry{Attempts: 1})
	return map[string]func(*testing.T, *Journal) *repeater{
		"yuansfer auto-debit revoke": func(t *testing.T, j *Journal) *repeater {
			gateway := yuansfertest.NewServer()
			t.Cleanup(gateway.Close)
			client, err := yuansfer.New(gateway.Config(), cnpay.WithRecorder(j), cnpay.WithTimeout(2*time.Second), once)
			require.NoError(t, err)
			agreement := gateway.AddAgreement("reference", "gcash")
			return &repeater{gateway, client, yuansfer.OpAutoDebitRevoke, func(ctx context.Context) (cnpay.Result, error) {
				return client.AutoDebit.Revoke(ctx, &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: agreement})
			}}
		},
		"unionpay QR reversal": func(t *testing.T, j *Journal) *repeater {
			gateway := unionpaytest.NewServer()
			t.Cleanup(gateway.Close)
			client, err := unionpay.New(gateway.Config(), cnpay.WithRecorder(j), cnpay.WithTimeout(2*time.Second), once)
			require.NoError(t, err)
			till, err := unionpay.New(gateway.Config())
			require.NoError(t, err)
			at := time.Now().In(cnpay.Beijing()).Format("20060102150405")
			_, err = till.QR.PayByCode(t.Context(), &unionpay.QRPayByCodeRequest{
				OrderID: "20260102030405", TxnTime: at, TxnAmt: 100, BackURL: unionpay.NoNotification, QRNo: "6220250000000000000", TermID: "00000001",
			})
			require.NoError(t, err)
			return &repeater{gateway, client, unionpay.OpQRReverse, func(ctx context.Context) (cnpay.Result, error) {
				return client.QR.Reverse(ctx, &unionpay.QRReverseRequest{OrderID: "20260102030405", TxnTime: at})
			}}
		},
	}
}

// repeating is a shop of such a provider.
func repeating(t *testing.T, db *sql.DB, dialect Dialect, open func(*testing.T, *Journal) *repeater) (*shop, *repeater) {
	var r *repeater
	s := newShop(t, db, dialect, func(c *Config) {
		c.Client = func(cnpay.Ticket) (cnpay.Settler, error) { return r.settler, nil }
	})
	r = open(t, s.Journal)
	return s, r
}

// A settlement that sends the operation again opens a new generation of its entry: it is never refused as taken.
func TestSettlementThatRepeatsIsANewGeneration(t *testing.T) {
	everywhere(t, func(t *testing.T, db *sql.DB, dialect Dialect) {
		for name, open := range repeaters() {
			t.Run(name, func(t *testing.T) {
				s, r := repeating(t, db, dialect, open)
				r.gateway.Misbehave(r.operation, cnpaytest.LostAnswer, cnpaytest.HTTP502)
				res, err := r.send(t.Context())
				require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
				ticket := cnpay.TicketOf(res, err)
				_, err = r.send(t.Context())
				require.ErrorIs(t, err, ErrTaken, "the caller's own repeat is")
				s.run(t)
				var e Entry
				require.Eventually(t, func() bool {
					e, err = s.Entry(t.Context(), ticket)
					return err == nil && e.State == Succeeded
				}, 20*time.Second, 20*time.Millisecond)
				require.Equal(t, 2, e.Generation, "two repeats")
				require.Equal(t, 3, r.gateway.Received(r.operation))
				require.Equal(t, []string{"2 succeeded"}, s.booked(t, ticket.Order))
				require.Zero(t, e.Conflicts)
				require.EqualValues(t, 1, s.counters.taken.Load())
			})
		}
	})
}

// A provider that is down for long gets repeats when the schedule of the operation says so, which counts from the first
// sending, and then further and further apart: not one for each repeat that failed.
func TestRepeatsKeepTheScheduleOfTheFirstSending(t *testing.T) {
	for name, open := range repeaters() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, r := repeating(t, sqlite(t), SQLite, open)
			r.gateway.AlwaysMisbehave(r.operation, cnpaytest.HTTP502)
			res, err := r.send(t.Context())
			ticket := cnpay.TicketOf(res, err)
			s.run(t)
			// Yuansfer's are at 0, 2 and 7 s, UnionPay's at 1, 3 and 7 s.
			require.Eventually(t, func() bool { return r.gateway.Received(r.operation) == 4 }, 30*time.Second, 10*time.Millisecond)
			require.GreaterOrEqual(t, time.Since(ticket.Began), 6900*time.Millisecond)
			time.Sleep(time.Second)
			e, err := s.Entry(t.Context(), ticket)
			require.NoError(t, err)
			require.Equal(t, 4, r.gateway.Received(r.operation))
			require.Equal(t, Open, e.State)
			require.Equal(t, r.gateway.Received(r.operation)-1, e.Generation)
			require.WithinDuration(t, e.Created, at(e.firstBegan), time.Second, "what a query must be able to see is the first one")
			require.Greater(t, time.Until(e.Due), time.Second, "%+v", e)
		})
	}
}
