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
		// What cannot be read is not shown at all where it may hold a secret, and has no name that is shown as it is.
		`{"orderId":"2024010514504600","pin":"1234"}x`:          "[not shown: it cannot be read, and may hold secrets]",
		`[{"pin" : "1234"}]`:                                    "[not shown: it cannot be read, and may hold secrets]",
		`"{\"pin\":\"1234\"}"`:                                  "[not shown: it cannot be read, and may hold secrets]",
		`{"accNo":"6216261000000000018","orderId":"a=b"} x`:     `{"accNo":"621626*********0018","orderId":"a=b"} x`,
		"<html>type your pin":                                   "<html>type your pin",
		"<a href=x>6216261000000000018</a>&<p>6216261000000018": "<a href=x>621626*********0018</a>&<p>621626******0018",
	} {
		require.Equal(t, want, string(table.Mask([]byte(body), payer{}, (*leaf)(nil))), body)
	}
}

// What is kept of a request has neither, whatever it is asked for by.
func TestTextsWithoutSecrets(t *testing.T) {
	var table spec.Table
	texts := table.Texts(&payer{Card: "6216261000000000018", PIN: "1234", Order: "2024010514504600"}, "accNo", "pin", "orderId")
	require.Equal(t, map[string]string{"orderId": "2024010514504600"}, texts)
}

func FuzzMask(f *testing.F) {
	f.Add([]byte(`{"accNo":"6216261000000000018","list":[[[{"pin":1}]]]}`))
	f.Add([]byte("a=b&accNo=%zz"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var table spec.Table
		table.Mask(body, payer{})
	})
}
