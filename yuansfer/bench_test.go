package yuansfer

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/bench"
)

// BenchmarkBuildSign compares with the floor, encoding/json and the one digest of the rule: first the work on the
// message itself, then all that a call does before its first byte leaves, the check too.
func BenchmarkBuildSign(b *testing.B) {
	c, err := New(Config{MerchantNo: "200043", StoreNo: "300014", Token: "5cbfb079f15b150122261c8537086d77a"})
	require.NoError(b, err)
	req := &AutoDebitRevokeRequest{
		Sender: Sender{MerchantNo: "200043", StoreNo: "300014"}, AutoDebitNo: "298217806906830305",
	}
	sent := struct {
		MerchantNo  string `json:"merchantNo"`
		StoreNo     string `json:"storeNo"`
		AutoDebitNo string `json:"autoDebitNo"`
		VerifySign  string `json:"verifySign"`
	}{"200043", "300014", "298217806906830305", "acb359804dd3805da41cbccf23af3a0a"}
	text := []byte("autoDebitNo=298217806906830305&merchantNo=200043&storeNo=300014&186abea4b8610d7ff03768255588597a")
	var want string
	var got, body []byte
	floor := func() {
		body, _ = json.Marshal(&sent)
		digest := md5.Sum(text)
		want = hex.EncodeToString(digest[:])
	}
	b.Run("message", func(b *testing.B) {
		bench.Ratio(b, 1, floor, func() {
			m := new(AutoDebitRevokeRequest)
			*m = *req
			got, _ = c.build(m)
		})
		if !strings.HasSuffix(string(got), `"verifySign":"`+want+`"}`) || len(got) != len(body) {
			b.Fatal("they did not do the same work")
		}
	})
	b.Run("call", func(b *testing.B) {
		bench.Ratio(b, 1, floor, func() {
			x := c.exchange(req.operation(), req)
			if faults := x.Check(); faults != nil {
				b.Fatal(faults)
			}
			got, _ = x.Encode()
		})
	})
}
