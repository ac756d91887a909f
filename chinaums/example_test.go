package chinaums_test

import (
	"context"
	"fmt"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
)

func ExampleBillsService_CancelCompletion() {
	gateway := chinaumstest.NewServer() // in production: chinaums.Production, and the application's own key
	defer gateway.Close()
	gateway.AddCompletion("327M22061819820261705544110", 10000)
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	res, err := client.Bills.CancelCompletion(context.Background(), &chinaums.BillCancelCompletionRequest{
		MID:          "898201612345678",
		TID:          "88880001",
		InstMID:      chinaums.BillsInstMID,
		BillNo:       "327M22061819820261700000001",
		BillDate:     "2022-06-18",
		MerOrderID:   "327M22061819820261705544110",
		AuthIDRespCd: "206067",
	})
	fmt.Println(cnpay.OutcomeOf(res, err))
	fmt.Println(res.BillPayment.MerOrderID, res.BillPayment.TotalAmount)
	// Output:
	// succeeded
	// 327M22061819820261705544110 10000
}

// The answer is lost; the query shows that the completion was cancelled.
func ExampleBillsService_SettleCancelCompletion() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	req := gateway.AddCompletion("327M22061819820261705544110", 10000)
	gateway.Misbehave("bills_preauthed_cancel", chinaumstest.LostAnswer)
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	res, err := client.Bills.CancelCompletion(ctx, req)
	fmt.Println(cnpay.OutcomeOf(res, err))
	if !cnpay.OutcomeOf(res, err).Final() {
		settled, err := client.Bills.SettleCancelCompletion(ctx, req)
		fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	}
	fmt.Println("sent", gateway.Received("bills_preauthed_cancel"), "time")
	// Output:
	// unknown
	// succeeded TRADE_CLOSED
	// sent 1 time
}
