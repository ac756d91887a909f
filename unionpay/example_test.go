package unionpay_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
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
		BizType: "000201", OrderID: unionpay.NewOrderID(), // store both
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
		settled, err := settle(ctx, client, req)
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

func ExampleClient_NotificationHandler() {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	shop := httptest.NewServer(client.NotificationHandler(func(ctx context.Context, n unionpay.Notification) error {
		// Look the order up by n.Common().OrderID, compare the amount, store the result under n.Common().Key().
		switch n := n.(type) {
		case *unionpay.RefundNotification:
			fmt.Println("refund", n.Outcome, n.TxnAmt)
		default:
			fmt.Println(n.Common().TxnType, n.Common().Outcome)
		}
		return nil
	}))
	defer shop.Close()
	ctx := context.Background()
	req := &unionpay.PaymentRefundRequest{
		BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 4000,
		OrigQryID: gateway.AddPurchase(10000), BackURL: shop.URL,
	}
	if _, err := client.Payments.Refund(ctx, req); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := gateway.Notify(ctx, req.OrderID, cnpaytest.OK); err != nil {
		fmt.Println(err)
	}
	// Output: refund succeeded 4000
}

func ExamplePagesService_Purchase() {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	now := time.Now()
	pay := func(w http.ResponseWriter, r *http.Request) {
		form, err := client.Pages.Purchase(&unionpay.PagePurchaseRequest{
			OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(now), TxnAmt: 10000,
			PayTimeout: unionpay.TxnTime(now.Add(15 * time.Minute)),
			BackURL:    "https://merchant.example/unionpay", FrontURL: "https://merchant.example/thanks",
		})
		if err != nil {
			http.Error(w, "cannot pay now", http.StatusInternalServerError)
			return
		}
		form.ServeHTTP(w, r)
	}
	w := httptest.NewRecorder()
	pay(w, httptest.NewRequest(http.MethodGet, "/pay", nil))
	fmt.Println(w.Code, w.Header().Get("Content-Type"))
	// Output: 200 text/html; charset=UTF-8
}
