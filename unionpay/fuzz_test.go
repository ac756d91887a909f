package unionpay_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
)

// Whatever answers, nothing panics, and only a genuine answer to this request is trusted.
func FuzzAnswer(f *testing.F) {
	genuine := signed(sign.Pair{Name: "orderId", Value: "20240105145046001"}, sign.Pair{Name: "txnTime", Value: "20240105145046"},
		sign.Pair{Name: "respCode", Value: "00"}, sign.Pair{Name: "origRespCode", Value: "00"}, sign.Pair{Name: "reserved", Value: "{a=b&c=[d]}"})
	for _, seed := range []string{
		genuine, "{" + genuine + "}", "", "Invalid request.", "<html>", "=", "a=", "a={", "a=[&b=]", "a=b&a=c", "signature=",
		"respCode=00&signature=x", "encoding=GBK&respMsg=\xb3\xc9\xb9\xa6", "signPubKeyCert=-----BEGIN CERTIFICATE-----&signature=eA==",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		client, _ := keyedClient(t, unionpay.SHA256, func(url.Values) string { return body })
		res, err := client.Orders.Query(t.Context(), query())
		outcome := cnpay.OutcomeOf(res, err)
		if strings.TrimSpace(body) == genuine || strings.TrimSpace(body) == "{"+genuine+"}" {
			return
		}
		if outcome != cnpay.Unknown || res != nil {
			// The signature is over sorted fields, so the same fields in another order are as genuine.
			if strings.Contains(strings.ToLower(body), genuine[strings.LastIndex(genuine, "=")+1:]) {
				return
			}
			t.Fatalf("%q is %v", body, outcome)
		}
	})
}

func FuzzNotification(f *testing.F) {
	genuine := notified(sign.Pair{Name: "respCode", Value: "00"}, sign.Pair{Name: "txnType", Value: "32"}, sign.Pair{Name: "txnAmt", Value: "1"})
	for _, seed := range []string{genuine, "", "a", "%", "a=%", "encoding=GBK&a=%b3%c9", "txnType=32&txnAmt=x", "&&&", "=&="} {
		f.Add(seed)
	}
	digest := genuine[strings.Index(genuine, "signature=")+len("signature="):][:64]
	f.Fuzz(func(t *testing.T, body string) {
		client, _ := keyedClient(t, unionpay.SHA256, silent)
		n, err := parse(client, body)
		if (n == nil) == (err == nil) {
			t.Fatal("neither or both of notification and error")
		}
		if decoded, _ := url.QueryUnescape(body); err == nil && !strings.Contains(strings.ToLower(decoded), digest) {
			t.Fatalf("%q is trusted", body)
		}
	})
}
