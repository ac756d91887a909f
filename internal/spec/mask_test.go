package spec_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/spec"
)

type payer struct {
	Card   string `json:"accNo" spec:"M N13..19 pan"`
	PIN    string `json:"pin" spec:"C S secret"`
	Person person `json:"person" spec:"O secret"`
	Order  string `json:"orderId" spec:"M AN8..40"`
	List   []leaf `json:"list" spec:"O"`
}

type person struct {
	Name string `json:"name" spec:"O S"`
}

type leaf struct {
	Token string `json:"token" spec:"O S secret"`
}

func TestMask(t *testing.T) {
	var table spec.Table
	for body, want := range map[string]string{
		`{"accNo":"6216261000000000018","pin":"1234","orderId":"2024010514504600"}`:         `{"accNo":"621626*********0018","pin":"***","orderId":"2024010514504600"}`,
		`{"accNo":6216261000000000018,"person":{"name":"张三"},"list":[{"token":"x"},null]}`:  `{"accNo":"621626*********0018","person":"***","list":[{"token":"***"},null]}`,
		`{"new":"card 6216261000000000018 x","n":6216261000000018,"t":true,"f":1.50}`:       `{"new":"card 621626*********0018 x","n":"621626******0018","t":true,"f":1.50}`,
		"accNo=6216261000000000018&pin=12%2034&orderId=2024010514504600&new=62162610000000": "accNo=621626*********0018&pin=***&orderId=2024010514504600&new=621626****0000",
		"new=100%&pin=1234":                        "new=100%&pin=***", // of a message that is not escaped
		`{"accNo":"6216261000000000018"`:           `{"accNo":"621626*********0018"`,
		`{"accNo":"aW5zdGVhZCBvZiBhIG51bWJlcg=="}`: `{"accNo":"***"}`,
		"<html>6216261000000000018":                "<html>621626*********0018",
		"":                                         "",
	} {
		require.Equal(t, want, string(table.Mask([]byte(body), payer{}, (*leaf)(nil))), body)
	}
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"accNo":"6216261000000000018","list":[[[{"pin":1}]]]}`))
	f.Add([]byte("a=b&accNo=%zz"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var table spec.Table
		table.Mask(body, payer{})
	})
}
