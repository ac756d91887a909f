package yuansfer_test

import (
	"context"
	"fmt"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

func ExampleAutoDebitService_Revoke() {
	gateway := yuansfertest.NewServer() // instead of yuansfer.Production
	defer gateway.Close()
	autoDebitNo := gateway.AddAgreement("testAuth2021010801", "gcash")

	client, err := yuansfer.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.AutoDebit.Revoke(context.Background(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
	switch cnpay.OutcomeOf(res, err) {
	case cnpay.Succeeded:
		fmt.Println("revoked:", res.Result.AutoReference, "at", res.Result.Vendor)
	case cnpay.Failed:
		fmt.Println("refused, this request changed nothing:", err)
	case cnpay.NotSent:
		fmt.Println("nothing left this machine; try again:", err)
	default:
		fmt.Println("settle it:", err)
	}
	// Output: revoked: testAuth2021010801 at gcash
}

func ExampleClient_Settle() {
	gateway := yuansfertest.NewServer()
	defer gateway.Close()
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
	gateway.Misbehave(yuansfer.OpAutoDebitRevoke, yuansfertest.SupplierError)

	client, err := yuansfer.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.AutoDebit.Revoke(context.Background(), req)
	fmt.Println(cnpay.OutcomeOf(res, err), res.RetCode)

	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// unknown 000080
	// succeeded 000100
}

// The cashier: the order is made, the payer's browser is taken to its page, and settling says when it is paid.
func ExamplePagesService_Cashier() {
	gateway := yuansfertest.NewServer()
	defer gateway.Close()
	client, err := yuansfer.New(gateway.Config())
	if err != nil {
		fmt.Println(err)
		return
	}
	res, err := client.Pages.Cashier(context.Background(), &yuansfer.PageCashierRequest{
		NewOrder: yuansfer.NewOrder{
			Money:     yuansfer.Money{Amount: "13.00", Currencies: yuansfer.Currencies{Currency: "USD", SettleCurrency: "USD"}},
			Reference: "shop20260901000001",
			Timeout:   30,
		},
		Vendor: "alipay", Terminal: "ONLINE",
		IpnURL: "https://shop.example/ipn", CallbackURL: "https://shop.example/back?ref={reference}",
	})
	fmt.Println(cnpay.OutcomeOf(res, err))
	if form, err := res.Form(); err == nil {
		_ = form // form.ServeHTTP(w, r) takes the browser there
	}
	_ = gateway.Pay("shop20260901000001") // as the payer does on the page
	settled, err := client.Settle(context.Background(), res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// pending
	// succeeded success
}

// InStorePayRequest is an operation that the package leaves out: the older form of PayByCode (支付, 旧), which names the wallet.
type InStorePayRequest struct {
	yuansfer.Clerk
	yuansfer.OrderKey

	PaymentBarcode string `json:"paymentBarcode" spec:"M S secret"`
	Vendor         string `json:"vendor" spec:"M S"`
}

// InStorePayResponse is its answer.
type InStorePayResponse struct{ yuansfer.TransactionResponse }

// inStorePay is its line.
func inStorePay() yuansfer.Operation {
	return yuansfer.Operation{
		ID: "instore_pay", Path: "/app-instore/v3/pay",
		Settle: func(c *yuansfer.Client, t cnpay.Ticket, opts ...cnpay.Option) cnpay.SettleRule {
			order := &yuansfer.TransactionQueryRequest{OrderKey: yuansfer.OrderKey{Reference: t.Fields["reference"]}}
			return cnpay.SettleRule{Schedule: yuansfer.TillSchedule(), Query: func(ctx context.Context) (cnpay.Finding, error) {
				res, err := c.Transactions.Query(ctx, order, opts...)
				f := cnpay.Finding{Answer: res}
				if err == nil && res.Result.Status == yuansfer.StatusSuccess {
					f.Outcome = cnpay.Succeeded
				}
				return f, err
			}}
		},
	}
}

// An operation that the package lacks is two structs and a line, with the checks, the signature, the comparison and the
// settling of its own.
func ExampleDo() {
	gateway := yuansfertest.NewServer()
	defer gateway.Close()
	client, err := yuansfer.New(gateway.Config(), yuansfer.WithOperations(inStorePay()))
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_, err = client.InStore.Add(ctx, &yuansfer.InStoreAddRequest{NewOrder: yuansfer.NewOrder{
		Money:     yuansfer.Money{Amount: "13.00", Currencies: yuansfer.Currencies{Currency: "USD", SettleCurrency: "USD"}},
		Reference: "till1",
	}})
	if err != nil {
		fmt.Println(err)
		return
	}

	req := &InStorePayRequest{PaymentBarcode: "286498530672949108"}
	_, err = yuansfer.Do[InStorePayResponse](ctx, client, inStorePay(), req)
	fmt.Println(err)

	req.Reference, req.Vendor = "till1", "alipay"
	res, err := yuansfer.Do[InStorePayResponse](ctx, client, inStorePay(), req)
	fmt.Println(cnpay.OutcomeOf(res, err), res.Result.TransactionStatus) // accepted: without a Judge it is never more
	settled, err := client.Settle(ctx, res.Ticket, cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println(cnpay.OutcomeOf(settled, err))
	// Output:
	// yuansfer instore_pay: failed: invalid request: transactionNo is required without reference; vendor is required
	// pending success
	// succeeded
}
