package reconcile_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/reconcile"
	"github.com/cnpay-go/cnpay/umpay/provider"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
)

// A Sale is a row of the shop's own ledger.
type Sale struct {
	Number string
	Fen    int64
	Paid   bool
}

func (s Sale) Entry() (reconcile.Entry, error) {
	if !s.Paid {
		return reconcile.Entry{}, reconcile.ErrNoMoney
	}
	return reconcile.Entry{Order: s.Number, Kind: provider.RowPaid, Amount: s.Fen}, nil
}

// The shop's sales against the file of a day. UMPay's document has the file's columns.
func ExampleCompare() {
	sales := []Sale{{"SHOP20260901000001", 1200, true}, {"SHOP20260901000002", 300, true}, {"SHOP20260901000003", 800, false}}
	file, err := os.Open("../umpay/provider/testdata/documents/provider_download_settle_file.answer.csv")
	if err != nil {
		panic(err)
	}
	defer func() { _ = file.Close() }()

	// Of a download: answer.Rows().
	found, err := reconcile.Compare(sales, provider.ReadSettleFile(file))
	if err != nil {
		panic(err)
	}
	fmt.Println(found.Matched, "agree")
	for _, d := range found.AmountDiffers {
		fmt.Println("amount differs:", d.Ledger.Number, "ours", d.Ledger.Fen, "theirs", d.Bill.OrderAmount)
	}
	for _, sale := range found.OnlyInLedger {
		fmt.Println("ours only:", sale.Number)
	}
	for _, row := range found.OnlyInBill {
		fmt.Println("theirs only:", row.OrderNo, row.State, row.RefundAmount)
	}
	// Output:
	// 0 agree
	// amount differs: SHOP20260901000001 ours 1200 theirs 1250
	// ours only: SHOP20260901000002
	// theirs only: RF20260902000001 REFUND 250
}

// Upay has no bill: each order of the day is queried, and what is left of it compared.
func ExampleQueries() {
	gateway := upaytest.NewServer()
	defer gateway.Close()
	gateway.AddOrder("A1", 10000)
	gateway.AddOrder("A2", 10000)
	client, err := upay.New(gateway.Config())
	if err != nil {
		panic(err)
	}

	ledger := []reconcile.Entry{{Order: "A1", Amount: 10000}, {Order: "A2", Amount: 9000}, {Order: "A3", Amount: 10000}}
	answers := reconcile.Queries(ledger, func(own reconcile.Entry) (*upay.OrderQueryResponse, error) {
		res, err := client.Orders.Query(context.Background(), &upay.OrderQueryRequest{ClientSN: own.Order})
		if e := (*cnpay.Error)(nil); errors.As(err, &e) && strings.HasSuffix(e.Code, "ORDER_NOT_EXISTS") {
			return nil, reconcile.ErrNoMoney
		}
		return res, err
	})
	found, err := reconcile.Compare(ledger, reconcile.Rows(answers, func(res *upay.OrderQueryResponse) (reconcile.Entry, error) {
		switch {
		case res.Result.OrderStatus == "CREATED" || res.Result.OrderStatus == "PAY_CANCELED":
			return reconcile.Entry{}, reconcile.ErrNoMoney
		case res.Result.NetAmount == nil:
			return reconcile.Entry{}, errors.New("the answer does not say what is left of the order")
		}
		return reconcile.Entry{Order: res.Result.ClientSN, Amount: *res.Result.NetAmount}, nil
	}))
	if err != nil {
		panic(err)
	}
	fmt.Println(found.Matched, "agree")
	for _, d := range found.AmountDiffers {
		fmt.Println("amount differs:", d.Ledger.Order, "ours", d.Ledger.Amount, "theirs", *d.Bill.Row.Result.NetAmount)
	}
	for _, own := range found.OnlyInLedger {
		fmt.Println("ours only:", own.Order)
	}
	// Output:
	// 1 agree
	// amount differs: A2 ours 9000 theirs 10000
	// ours only: A3
}
