package spec_test

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

// sender and goods are blocks as the providers have them.
type sender struct {
	AccessType string `json:"accessType" spec:"M 0|1|2"`
}

type goods struct {
	SubMerchantID  string `json:"subMerchantId" spec:"C[subOrderAmount] S..4"`
	SubOrderAmount int64  `json:"subOrderAmount" spec:"C[subMerchantId] N1..9 zero"`
	Price          int64  `json:"price,string" spec:"M N..4"`
}

type order struct {
	sender

	AcqInsCode     string          `json:"acqInsCode" spec:"C[accessType=1] AN8..11"`
	OrderID        string          `json:"orderId" spec:"C[!queryId] AN8"`
	QueryID        string          `json:"queryId" spec:"C AN8"`
	OrigOrderID    string          `json:"origOrderId" spec:"C[!queryId,divisionFlag=true] AN8"`
	DivisionFlag   bool            `json:"divisionFlag" spec:"O"`
	PlatformAmount int64           `json:"platformAmount" spec:"C[divisionFlag=true] N1..9 zero"`
	Total          int64           `json:"total" spec:"M N zero"`
	TradeType      string          `json:"tradeType" spec:"O JSAPI|MINI"`
	OpenID         string          `json:"openId" spec:"C[tradeType=JSAPI|MINI] S"`
	MsgID          string          `json:"msgId" spec:"O S..8 zero"`
	Card           string          `json:"card" spec:"O N13..19 pan"`
	Extended       json.RawMessage `json:"extended" spec:"O"`
	Reserved       string          `json:"reserved" spec:"O GROUP"`
	Goods          []goods         `json:"goods" spec:"O"`
	First          *goods          `json:"first" spec:"O"`
	Names          []string        `json:"names" spec:"O AN..3"`
}

func table() *spec.Table {
	return &spec.Table{Domains: map[string]func(string) string{"GROUP": func(s string) string {
		if s[0] != '{' {
			return "must be {name=value}"
		}
		return ""
	}}}
}

func TestConditions(t *testing.T) {
	for name, tt := range map[string]struct {
		order  order
		faults []cnpay.Fault
	}{
		"none holds": {order{sender: sender{"0"}, QueryID: "12345678"}, nil},
		"value":      {order{sender: sender{"1"}, QueryID: "12345678"}, []cnpay.Fault{{Field: "acqInsCode", Problem: "is required with accessType 1"}}},
		"empty":      {order{sender: sender{"0"}}, []cnpay.Fault{{Field: "orderId", Problem: "is required without queryId"}}},
		"two terms, a zero that counts": {order{sender: sender{"0"}, OrderID: "12345678", DivisionFlag: true},
			[]cnpay.Fault{{Field: "origOrderId", Problem: "is required without queryId and with divisionFlag true"}}},
		"one of two values": {order{sender: sender{"0"}, QueryID: "12345678", TradeType: "MINI"},
			[]cnpay.Fault{{Field: "openId", Problem: "is required with tradeType JSAPI or MINI"}}},
		"in lists and objects": {order{
			sender: sender{"0"}, QueryID: "12345678",
			Goods: []goods{{Price: 1}, {SubOrderAmount: 5, Price: 10000}}, First: &goods{}, Names: []string{"ok", "toolong"},
		}, []cnpay.Fault{
			{Field: "goods[1].subMerchantId", Problem: "is required with subOrderAmount"},
			{Field: "goods[1].price", Problem: "must be at most 4 long, is 5"},
			{Field: "first.price", Problem: "is required"},
			{Field: "names[1]", Problem: "must be at most 3 long, is 7"},
		}},
		"own domain, JSON": {order{sender: sender{"0"}, QueryID: "12345678", Reserved: "x", Extended: json.RawMessage("{")},
			[]cnpay.Fault{{Field: "extended", Problem: "must be JSON"}, {Field: "reserved", Problem: "must be {name=value}"}}},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, tt.faults, table().Check(tt.order)) })
	}
}

func TestFillOnlyWhatIsDue(t *testing.T) {
	defaults := []sign.Pair{
		{Name: "accessType", Value: "1"}, {Name: "acqInsCode", Value: "12345678"}, {Name: "orderId", Value: "ABCDEFGH"},
		{Name: "card", Value: "1"}, {Name: "total", Value: "7"}, {Name: "nobody's", Value: "1"}, {Name: "openId"},
	}
	var empty order
	table().Fill(&empty, defaults...)
	require.Equal(t, order{sender: sender{"1"}, AcqInsCode: "12345678", OrderID: "ABCDEFGH", Total: 7}, empty)

	full := order{sender: sender{"2"}, QueryID: "12345678", Total: 3}
	table().Fill(&full, defaults...)
	require.Equal(t, order{sender: sender{"2"}, QueryID: "12345678", Total: 3}, full)
}

func TestTextAndDiffers(t *testing.T) {
	table := table()
	asked := order{OrderID: "1", Total: 5, DivisionFlag: true}
	require.Equal(t, "5", table.Text(asked, "total"))
	require.Equal(t, "true", table.Text(&asked, "divisionFlag"))
	require.Empty(t, table.Text(&asked, "none"))
	require.Equal(t, map[string]string{"total": "5", "orderId": "1"}, table.Texts(&asked, "total", "orderId", "none"))
	require.Equal(t, "total", table.Differs(asked, order{OrderID: "1", Total: 6}, "orderId", "none", "total"))
	require.Empty(t, table.Differs(asked, order{}, "orderId"), "an answer that leaves a field out does not differ")
	require.Empty(t, table.Differs(order{}, asked, "orderId"))
}

func TestEncodeJSON(t *testing.T) {
	table := table()
	body, err := table.EncodeJSON(&order{
		sender: sender{"0"}, DivisionFlag: true, Extended: json.RawMessage(`{"a":1}`), OrderID: "<a&b>\"\\\n\x01",
		Goods: []goods{{Price: 12}, {SubMerchantID: "1", Price: 3}}, First: &goods{Price: 1}, Names: []string{"商品"},
	})
	require.NoError(t, err)
	require.Equal(t, `{"accessType":"0","orderId":"<a&b>\"\\\n\u0001","divisionFlag":true,"platformAmount":0,"total":0,"msgId":"",`+
		`"extended":{"a":1},"goods":[{"price":"12"},{"subMerchantId":"1","subOrderAmount":0,"price":"3"}],"first":{"price":"1"},`+
		`"names":["商品"]}`, string(body))

	var back order
	_, err = table.DecodeJSON(body, &back)
	require.NoError(t, err)
	again, err := table.EncodeJSON(back)
	require.NoError(t, err)
	require.Equal(t, string(body), string(again))

	body, err = table.EncodeJSON(order{sender: sender{"0"}})
	require.NoError(t, err)
	require.Equal(t, `{"accessType":"0","total":0,"msgId":""}`, string(body), "a share that is not asked for is left out")
}

func FuzzAppendQuoted(f *testing.F) {
	for _, s := range []string{"", "a", "\x00\x7f", `"\`, "\xff商品\u2028", "<&>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		var got, want string
		quoted := spec.AppendQuoted(nil, s)
		require.NoError(t, json.Unmarshal(quoted, &got))
		reference, _ := json.Marshal(s)
		require.NoError(t, json.Unmarshal(reference, &want))
		require.Equal(t, want, got)
	})
}

func TestCopy(t *testing.T) {
	require.Equal(t, &goods{}, spec.Copy((*goods)(nil)))
	require.Equal(t, &goods{Price: 1}, spec.Copy(goods{Price: 1}))
	own := &goods{Price: 1}
	spec.Copy(own).(*goods).Price = 2
	require.Equal(t, int64(1), own.Price)
}

func TestMisread(t *testing.T) {
	require.Empty(t, table().Misread(order{}))
	require.Equal(t, []string{
		"spec_test.wrong: none: its presence is not M, C, O or R",
		"spec_test.wrong: brackets: its condition is not C[...]",
		"spec_test.wrong: open: its condition is not C[...]",
		`spec_test.wrong: domain: its domain "AX4" is not known`,
		`spec_test.wrong: time: its domain "YYYYQQ" is not known`,
		"spec_test.wrong: term: its condition has a term that is not name=value, name or !name",
		"spec_test.wrong: field: its condition names nobody, which is no field of the struct",
		"spec_test.wrong: zero: zero says nothing of a number that is never mandatory",
		"spec_test.item: a: its condition names b, which is no field of the struct",
	}, table().Misread(&wrong{}))

	// A program's own request with such tags is refused: a mistyped pan would be shown.
	require.Contains(t, table().Check(&wrong{}), cnpay.Fault{Field: "domain", Problem: `has tags that cannot be read: its domain "AX4" is not known`})

	text := reflect.TypeFor[string]()
	twice := reflect.StructOf([]reflect.StructField{ // go vet would refuse it in source
		{Name: "A", Type: text, Tag: `json:"a" spec:"M S"`}, {Name: "B", Type: text, Tag: `json:"a" spec:"M S"`},
	})
	require.Len(t, table().Misread(reflect.New(twice).Interface()), 1)

	// A block's field that Go does not promote would never be sent nor read.
	require.Equal(t, []string{"spec_test.namesake: funds: the struct has another Funds, which hides it"}, table().Misread(&namesake{}))
	require.Equal(t, []string{
		"spec_test.ambiguous: a: the struct has another A, which hides it",
		"spec_test.ambiguous: b: the struct has another A, which hides it",
	}, table().Misread(&ambiguous{}))
	require.Empty(t, table().Misread(&replaced{}))
}

type Funds struct {
	Funds string `json:"funds" spec:"O S"`
	Words string `json:"words" spec:"O S"`
}

type namesake struct{ Funds }

type LetterA struct {
	A string `json:"a" spec:"O S"`
}

type LetterB struct {
	A string `json:"b" spec:"O S"`
}

type ambiguous struct {
	LetterA
	LetterB
}

type replaced struct {
	LetterA
	A string `json:"a" spec:"M S"`
}

type wrong struct {
	None     string `json:"none"`
	Brackets string `json:"brackets" spec:"O[a=b] S"`
	Open     string `json:"open" spec:"C[a=b S"`
	Domain   string `json:"domain" spec:"M AX4"`
	Time     string `json:"time" spec:"M YYYYQQ"`
	Term     string `json:"term" spec:"C[a=] S"`
	Field    string `json:"field" spec:"C[nobody] S"`
	Zero     int64  `json:"zero" spec:"O N zero"`
	Items    []item `json:"items" spec:"O"`
}

type item struct {
	A string `json:"a" spec:"C[b] S"`
}

// What is not sent is checked, and kept for the ticket, and is in no message.
func TestUnsent(t *testing.T) {
	type confirm struct {
		TradeNo string `json:"trade_no" spec:"M N16"`
		OrderID string `json:"order_id" spec:"M AN4..32 unsent"`
	}
	tab := table()
	require.Empty(t, tab.Misread(&confirm{}))
	require.Equal(t, []cnpay.Fault{{Field: "order_id", Problem: "is required"}}, tab.Check(&confirm{TradeNo: "3609010900000001"}))
	c := &confirm{TradeNo: "3609010900000001", OrderID: "SHOP1"}
	require.Equal(t, "SHOP1", tab.Text(c, "order_id"))
	require.Equal(t, []sign.Pair{{Name: "trade_no", Value: c.TradeNo}}, tab.Pairs(c))
	body, err := tab.EncodeJSON(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"trade_no":"3609010900000001"}`, string(body))
	require.Equal(t, []string{"trade_no"}, tab.Mandatory(c))
}
