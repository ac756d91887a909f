package chinaums_test

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
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

// The answer is lost; the query shows that the completion was cancelled. Any process that has the ticket can ask.
func ExampleClient_Settle() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	req := gateway.AddCompletion("327M22061819820261705544110", 10000)
	gateway.Misbehave(chinaums.OpBillCancelCompletion, cnpaytest.LostAnswer)
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	res, err := client.Bills.CancelCompletion(ctx, req)
	fmt.Println(cnpay.OutcomeOf(res, err))
	if !cnpay.OutcomeOf(res, err).Final() {
		settled, err := client.Settle(ctx, cnpay.TicketOf(res, err))
		fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	}
	fmt.Println("sent", gateway.Received(chinaums.OpBillCancelCompletion), "time")
	// Output:
	// unknown
	// succeeded TRADE_CLOSED
	// sent 1 time
}

// A code that the payer scans. It is paid when the notification or Settle says so.
func ExampleBillsService_CreateQR() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	ctx := context.Background()
	res, err := client.Bills.CreateQR(ctx, &chinaums.BillCreateQRRequest{
		BillHead: chinaums.BillHead{
			Head:    chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID},
			InstMID: chinaums.BillsInstMID,
		},
		BillNo:      "327M2026090109000000000001",
		BillDate:    "2026-09-01",
		TotalAmount: 1250,
		BillDesc:    "两杯咖啡",
	})
	fmt.Println(cnpay.OutcomeOf(res, err), strings.Contains(res.BillQRCode, "/bills/qrCode.do?id="))
	_ = gateway.Pay("327M2026090109000000000001") // the payer scans the code and pays
	settled, err := client.Settle(ctx, cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// pending true
	// succeeded PAID
}

// A link that takes the payer's browser to the cashier. Nothing is sent before it is opened.
func ExamplePagesService_Alipay() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}

	form, err := client.Pages.Alipay(&chinaums.PageAlipayRequest{H5Order: chinaums.H5Order{
		Order: chinaums.Order{
			Head:       chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID},
			MerOrderID: "327M2026090109000000000002", TotalAmount: 1250, OrderDesc: "两杯咖啡",
		},
		InstMID: chinaums.H5InstMID,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	browser := httptest.NewRecorder()
	form.ServeHTTP(browser, httptest.NewRequest("GET", "/pay", nil))
	fmt.Println(browser.Code, strings.HasPrefix(browser.Header().Get("Location"), gateway.URL+"/v1/netpay/trade/h5-pay?authorization=OPEN-FORM-PARAM"))
	fmt.Println(form.Ticket)
	// Output:
	// 303 true
	// chinaums trade_h5_pay 327M2026090109000000000002
}

// The notification of a payment, as a shop receives it.
func ExampleClient_NotificationHandler() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	client, err := chinaums.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	shop := httptest.NewServer(client.NotificationHandler(func(_ context.Context, n chinaums.Notification) error {
		switch n := n.(type) { // store it before returning nil
		case *chinaums.OrderNotification:
			fmt.Println(n.MerOrderID, n.CallOutcome(), n.TotalAmount, n.TargetSys)
		case *chinaums.BillNotification:
			fmt.Println(n.BillNo, n.CallOutcome(), n.TotalAmount)
		}
		return nil
	}))
	defer shop.Close()

	ctx := context.Background()
	_, err = client.QuickPass.Order(ctx, &chinaums.QuickPassOrderRequest{
		Order: chinaums.Order{
			Head:       chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID},
			MerOrderID: "327M2026090109000000000003", TotalAmount: 1250, NotifyURL: shop.URL,
		},
		InstMID: chinaums.WalletInstMID, TradeType: "JSAPI", UserID: "user",
	})
	if err == nil {
		err = errors.Join(gateway.Pay("327M2026090109000000000003"))
	}
	if err == nil {
		_, err = gateway.Notify(ctx, "327M2026090109000000000003", cnpaytest.OK)
	}
	fmt.Println(err)
	// Output:
	// 327M2026090109000000000003 succeeded 1250 Alipay 2.0
	// <nil>
}

// QMFOrderRequest is an operation that this module lacks: an order of an app that is paid with 全民付.
type QMFOrderRequest struct{ chinaums.AppOrder }

// QMFOrderResponse is its answer.
type QMFOrderResponse struct{ chinaums.AppOrderResponse }

func qmfOrder() chinaums.Operation {
	return chinaums.Operation{
		ID: "qmf_order", Path: "/v1/netpay/qmf/order",
		Settle: func(c *chinaums.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
			return cnpay.SettleRule{
				Schedule: chinaums.PayerSchedule(0), PaidLater: true, GiveUp: chinaums.OpOrderClose,
				Query: func(ctx context.Context) (cnpay.Finding, error) {
					res, err := c.Orders.Query(ctx, &chinaums.OrderQueryRequest{
						OrderHead: chinaums.OrderHead{
							Head:    chinaums.Head{MID: t.Fields["mid"], TID: t.Fields["tid"]},
							InstMID: t.Fields["instMid"],
						},
						MerOrderID: t.Order,
					}, opts...)
					if err != nil {
						return cnpay.Finding{}, err
					}
					f := cnpay.Finding{Answer: res}
					f.Code = res.Status
					switch res.Status {
					case "TRADE_SUCCESS":
						f.Outcome = cnpay.Succeeded
					case "NEW_ORDER", "WAIT_BUYER_PAY":
						f.Outcome = cnpay.Pending
					}
					return f, nil
				},
			}
		},
	}
}

// An operation that this package lacks: two structs and a line.
func ExampleDo() {
	gateway := chinaumstest.NewServer()
	defer gateway.Close()
	client, err := chinaums.New(gateway.Config(), chinaums.WithOperations(qmfOrder()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	res, err := chinaums.Do[QMFOrderResponse](ctx, client, qmfOrder(), &QMFOrderRequest{chinaums.AppOrder{
		Order: chinaums.Order{
			Head:       chinaums.Head{MID: chinaumstest.MID, TID: chinaumstest.TID},
			MerOrderID: "327M2026090109000000000004", TotalAmount: 1250,
		},
		InstMID: chinaums.AppInstMID, MerchantUserID: "8",
	}})
	fmt.Println(cnpay.OutcomeOf(res, err), res.Status)
	_ = gateway.Pay("327M2026090109000000000004")
	settled, err := client.Settle(ctx, cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// pending WAIT_BUYER_PAY
	// succeeded TRADE_SUCCESS
}
