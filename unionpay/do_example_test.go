package unionpay_test

import (
	"context"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// contractPurchaseRequest is a purchase under an agreement (签约支付 消费), which package unionpay lacks.
type contractPurchaseRequest struct {
	unionpay.Sender
	unionpay.Institution
	unionpay.Channel

	BizType      string `json:"bizType" spec:"M N6"`
	OrderID      string `json:"orderId" spec:"M AN8..40"`
	TxnTime      string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	ContractID   string `json:"contractId" spec:"M ANS secret"` // 签约号
	TxnAmt       int64  `json:"txnAmt" spec:"M N1..12"`
	CurrencyCode string `json:"currencyCode" spec:"M AN3"`
	BackURL      string `json:"backUrl" spec:"M ANS1..256"`
	ReqReserved  string `json:"reqReserved" spec:"O ANS1..1024"`
}

type contractPurchaseResponse struct {
	unionpay.Response
	unionpay.Accepted
}

func contractPurchase() unionpay.Operation {
	return unionpay.Operation{
		ID: "contract_consume", Path: "/gateway/api/backTransReq.do", TxnType: "01", TxnSubType: "10", BizType: "000000", ChannelType: "07",
		Settle: unionpay.SettleByQuery,
	}
}

// An operation that the package lacks is two structs and a line. It is signed, sent at most once, verified and settled as
// the package's own.
func ExampleDo() {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config(), unionpay.WithOperations(contractPurchase()))
	if err != nil {
		fmt.Println(err)
		return
	}
	gateway.Handle(contractPurchase(), func(map[string]string) map[string]string { return nil })
	ctx := context.Background()
	gateway.Misbehave("contract_consume", cnpaytest.LostAnswer)
	res, err := unionpay.Do[contractPurchaseResponse](ctx, client, contractPurchase(), &contractPurchaseRequest{
		OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), ContractID: "6200001", TxnAmt: 10000,
		BackURL: unionpay.NoNotification,
	})
	fmt.Println(cnpay.OutcomeOf(res, err))

	settled, err := client.Settle(ctx, cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
	fmt.Println(cnpay.OutcomeOf(settled, err))

	_, err = unionpay.Do[contractPurchaseResponse](ctx, client, contractPurchase(), &contractPurchaseRequest{TxnTime: "today"})
	fmt.Println(err)
	// Output:
	// unknown
	// succeeded
	// unionpay contract_consume: failed: invalid request: orderId is required; txnTime must be a time of the form YYYYMMDDhhmmss; contractId is required; txnAmt is required; backUrl is required
}
