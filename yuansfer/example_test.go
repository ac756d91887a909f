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
	gateway.Misbehave(yuansfer.OpRevoke, yuansfertest.SupplierError)

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
