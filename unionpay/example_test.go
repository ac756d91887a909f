package unionpay_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

func ExamplePreauthService_Cancel() {
	gateway := unionpaytest.NewServer() // stands in for UnionPay
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	req := &unionpay.PreauthCancelRequest{
		OrderID:   unionpay.NewOrderID(), // store both
		TxnTime:   unionpay.TxnTime(time.Now()),
		TxnAmt:    10000,
		OrigQryID: gateway.AddPreauth(10000),
		BackURL:   "https://merchant.example/unionpay",
	}
	ctx := context.Background()
	res, err := client.Preauth.Cancel(ctx, req)
	outcome := cnpay.OutcomeOf(res, err)
	fmt.Println(outcome)
	if outcome == cnpay.Pending || outcome == cnpay.Unknown {
		settled, err := client.Preauth.SettleCancel(ctx, req)
		fmt.Println(cnpay.OutcomeOf(settled, err))
	}
	// Output:
	// pending
	// succeeded
}

func ExampleTxnTime() {
	fmt.Println(unionpay.TxnTime(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)))
	// Output: 20260101080000
}

func ExampleBackSchedule() {
	fmt.Println(unionpay.BackSchedule())
	// Output: [1s 2s 4s 8s 16s 32s]
}
