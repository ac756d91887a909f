package umpay_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

// CorrectRequest takes back a sale by its order number (冲正), which older plugins can.
type CorrectRequest struct {
	ID      string `json:"id" spec:"M S1..64"`
	OrderID string `json:"orderId" spec:"M S..32"`
}

type CorrectResponse struct {
	umpay.Response
	Result struct {
		umpay.Status
		OrderID string `json:"orderId" spec:"O S"`
		Amount  int64  `json:"amount" spec:"O N"`
	} `json:"result" spec:"R"`
}

// An operation of the plugin that this package lacks is two structs and a line. It is settled as all others are.
func ExampleDo() {
	correct := umpay.Operation{
		ID: "plugin_v1_correct", Method: "correct",
		Callbacks: umpay.Callbacks{Success: "onCorrectSuccess", Fail: "onCorrectFail", Unknown: []string{"onCorrectUnknown"}},
		Codes:     umpay.Codes{Done: []int64{60220200}, Failed: []int64{60220001, 60220003, 60220004}},
	}
	terminal := umpaytest.NewServer() // in production, the bridge on a terminal
	defer terminal.Close()
	terminal.Handle("correct", func(json.RawMessage) (string, any) {
		return "onCorrectSuccess", map[string]any{"code": 60220200, "message": "冲正成功", "orderId": "o1", "amount": "10000"}
	})
	client, err := umpay.New(terminal.Config(), umpay.WithOperations(correct))
	if err != nil {
		log.Fatal(err)
	}

	terminal.Misbehave("correct", cnpaytest.LostAnswer)
	res, err := umpay.Do[CorrectResponse](context.Background(), client, correct, &CorrectRequest{ID: umpay.NewCommandID(), OrderID: "o1"})
	fmt.Println(cnpay.OutcomeOf(res, err))
	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)

	res, err = umpay.Do[CorrectResponse](context.Background(), client, correct, &CorrectRequest{ID: umpay.NewCommandID(), OrderID: "o1"})
	fmt.Println(cnpay.OutcomeOf(res, err), res.Result.Amount)
	// Output:
	// unknown
	// succeeded 60220200
	// succeeded 10000
}
