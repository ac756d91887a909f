package yuansfer

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

// The floor is what no way of building a request does without: its JSON, as encoding/json makes it, and the digest.
func BenchmarkRevokeBuild(b *testing.B) {
	c, err := New(Config{MerchantNo: "200043", StoreNo: "300014", Token: "5cbfb079f15b150122261c8537086d77a"})
	require.NoError(b, err)
	whole := RevokeRequest{
		MerchantNo: "200043", StoreNo: "300014", AutoDebitNo: "298217806906830305",
		VerifySign: "acb359804dd3805da41cbccf23af3a0a",
	}
	b.Run("floor", func(b *testing.B) {
		b.ReportAllocs()
		text := []byte("autoDebitNo=298217806906830305&merchantNo=200043&storeNo=300014&186abea4b8610d7ff03768255588597a")
		for b.Loop() {
			digest := md5.Sum(text)
			_ = hex.EncodeToString(digest[:])
			if _, err := json.Marshal(&whole); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("build", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			req := RevokeRequest{AutoDebitNo: "298217806906830305"}
			req.complete(c)
			if _, err := c.build(&req); err != nil {
				b.Fatal(err)
			}
		}
	})
}
