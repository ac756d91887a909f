package spec_test

import (
	"crypto/md5"
	"encoding/json"
	"testing"

	"github.com/cnpay-go/cnpay/internal/spec"
)

type small struct {
	TerminalSN string `json:"terminal_sn" spec:"M N..32"`
	SN         string `json:"sn,omitempty" spec:"C S..16"`
	ClientSN   string `json:"client_sn,omitempty" spec:"C S..32"`
}

type large struct {
	RequestTimestamp string `json:"requestTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	MerOrderID       string `json:"merOrderId" spec:"M AN6..32"`
	SrcReserve       string `json:"srcReserve,omitempty" spec:"O ANS..255"`
	MID              string `json:"mid" spec:"M AN15"`
	TID              string `json:"tid" spec:"M AN8"`
	InstMID          string `json:"instMid" spec:"M AN..32"`
	MsgID            string `json:"msgId,omitempty" spec:"O AN..64"`
	Amount           int64  `json:"totalAmount,omitempty" spec:"O N..11"`
	Kind             string `json:"kind,omitempty" spec:"O 00|01|02"`
	Description      string `json:"desc,omitempty" spec:"O S..128"`
}

// BenchmarkBuild compares a checked request with the least that any client does: encode and digest, with the
// cheapest digest of all providers.
func BenchmarkBuild(b *testing.B) {
	b.Run("small", func(b *testing.B) {
		build(b, &small{TerminalSN: "00101010029201012912", ClientSN: "18348290098298292838"})
	})
	b.Run("large", func(b *testing.B) {
		build(b, &large{
			RequestTimestamp: "2026-01-02 03:04:05", MerOrderID: "319420260102030405123456", MID: "898340149000005",
			TID: "88880001", InstMID: "YUEDANDEFAULT", Amount: 1200, Kind: "01", Description: "两个汉堡 H&M",
		})
	})
}

func build(b *testing.B, request any) {
	var table spec.Table
	encode := func() {
		body, err := json.Marshal(request)
		if err != nil {
			b.Fatal(err)
		}
		md5.Sum(body)
	}
	check := func() {
		if faults := table.Check(request); faults != nil {
			b.Fatal(faults)
		}
	}
	for _, bb := range []struct {
		name string
		do   func()
	}{
		{"bare", encode},
		{"check", check},
		{"check+encode", func() { check(); encode() }},
		{"pairs", func() { table.Pairs(request) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				bb.do()
			}
		})
	}
}

func BenchmarkDecodeJSON(b *testing.B) {
	body := []byte(`{"result_code":"200","biz_response":{"result_code":"CANCEL_SUCCESS","data":{"terminal_sn":"00101010029201012912",` +
		`"sn":"7892259488292938","client_sn":"7654321132","trade_no":"2013112011001004330000121536","status":"SUCCESS",` +
		`"order_status":"CANCELED","payway":"3","payway_name":"微信","sub_payway":"1","total_amount":"10000","net_amount":"0",` +
		`"subject":"Pizza","operator":"Peter","finish_time":"1449646835244","channel_finish_time":"1449646835244"}}}`)
	type answer struct {
		ResultCode string `json:"result_code"`
		Biz        struct {
			ResultCode string `json:"result_code"`
			Data       *struct {
				TerminalSN        string `json:"terminal_sn"`
				SN                string `json:"sn"`
				ClientSN          string `json:"client_sn"`
				TradeNo           string `json:"trade_no"`
				Status            string `json:"status"`
				OrderStatus       string `json:"order_status"`
				Payway            string `json:"payway"`
				PaywayName        string `json:"payway_name"`
				SubPayway         string `json:"sub_payway"`
				TotalAmount       string `json:"total_amount"`
				NetAmount         string `json:"net_amount"`
				Subject           string `json:"subject"`
				Operator          string `json:"operator"`
				FinishTime        string `json:"finish_time"`
				ChannelFinishTime string `json:"channel_finish_time"`
			} `json:"data"`
		} `json:"biz_response"`
	}
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(body, new(answer)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("tolerant", func(b *testing.B) {
		b.ReportAllocs()
		var table spec.Table
		for b.Loop() {
			if _, err := table.DecodeJSON(body, new(answer)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
