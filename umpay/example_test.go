package umpay_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
)

func Example() {
	terminal := umpaytest.NewServer() // in production, the bridge on a terminal
	defer terminal.Close()
	terminal.AddPreauth("000123", 10000)

	client, err := umpay.New(terminal.Config())
	if err != nil {
		log.Fatal(err)
	}
	req := &umpay.PreauthCancelRequest{
		ID:        umpay.NewCommandID(), // stored before the call
		Amount:    10000,
		UPayTrace: "000123",
		OrderID:   umpay.NewOrderID("N9000001", time.Now()),
	}
	terminal.Misbehave(umpay.OpPreauthCancel, cnpaytest.LostAnswer)
	res, err := client.Preauth.Cancel(context.Background(), req)
	fmt.Println(cnpay.OutcomeOf(res, err))

	settled, err := client.Settle(context.Background(), cnpay.TicketOf(res, err))
	fmt.Println(cnpay.OutcomeOf(settled, err), settled.Code)
	// Output:
	// unknown
	// succeeded 60150200
}

func ExampleReceiver() {
	terminal := umpaytest.NewServer()
	defer terminal.Close()
	config := terminal.Config()

	store := umpay.NewMemoryStore(0) // in production, a table in the database
	receiver, err := umpay.NewReceiver(umpay.ReceiverConfig{
		Secrets: umpay.Terminals{config.Terminal: config.Secret},
		Store:   store,
	})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(receiver) // in production, behind TLS
	defer server.Close()

	status, err := terminal.Post(context.Background(), server.URL+"/pos/events", umpay.Event{
		ID: "till-1", Op: "cardPreAuthRever", Callback: "onReverSuccess", POSSN: config.Terminal, Seq: 1,
		TerminalTime: "2020-05-21T15:30:12+08:00", Result: []byte(`{"code":60150200,"account":"6221558812340000"}`),
	})
	if err != nil {
		log.Fatal(err)
	}
	events, err := store.Events(context.Background(), config.Terminal, "till-1")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(status, umpay.Decide(events).Outcome)
	fmt.Println(string(events[0].Result))
	// Output:
	// 200 succeeded
	// {"code":60150200,"account":"622155******0000"}
}

func ExampleNewOrderID() {
	now := time.Date(2020, 5, 21, 7, 30, 12, 123_456_789, time.UTC)
	fmt.Println(umpay.NewOrderID("N9000001", now)[:23])
	// Output: 200521153012123N9000001
}

func ExampleDecide() {
	fmt.Println(umpay.Decide([]umpay.Event{
		{Op: "cardPreAuthRever", Callback: "onReverUnknown", Seq: 2},
		{Op: "cardPreAuthRever", Callback: "onReverFail", Seq: 3},
	}).Outcome)
	// Output: failed
}
