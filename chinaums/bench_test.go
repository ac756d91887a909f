package chinaums

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/bench"
)

// BenchmarkBuildSign compares with the floor, encoding/json and the two digests of the rule: first the work on the
// message itself, then all that a call does before its first byte leaves, the check, the clock and the nonce too.
func BenchmarkBuildSign(b *testing.B) {
	c, key := exampleClient(b, cnpay.WithNonce(func() string { return nonceB })), []byte(exampleAppKey)
	req := &BillCancelCompletionRequest{
		RequestTimestamp: "2022-04-21 15:00:52", MID: "898201612345678", TID: "88880001", InstMID: BillsInstMID,
		BillNo: "327M2206181982026170554411", BillDate: "2022-06-18", MerOrderID: "327M22061819820261705544110",
		AuthIDRespCd: "206067",
	}
	var want, got string
	floor := func() {
		body, _ := json.Marshal(req)
		digest := sha256.Sum256(body)
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(exampleAppID + "20220421150052" + nonceB + hex.EncodeToString(digest[:])))
		want = base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	b.Run("message", func(b *testing.B) {
		bench.Ratio(b, 1, floor, func() {
			body, _ := c.call.Fields.EncodeJSON(req)
			got, _ = c.authorize("20220421150052", nonceB, body)
		})
		if !strings.HasSuffix(got, `Signature="`+want+`"`) {
			b.Fatal("they did not do the same work")
		}
	})
	b.Run("call", func(b *testing.B) {
		bench.Ratio(b, 1, floor, func() {
			x := c.exchange(req.operation(), req, nil, nil)
			if faults := x.Check(); faults != nil {
				b.Fatal(faults)
			}
			body, _ := x.Encode()
			_ = x.Sign(http.Header{}, body)
		})
	})
}
