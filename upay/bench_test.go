package upay

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"

	"github.com/cnpay-go/cnpay/internal/spec"
)

// BenchmarkBuildAndSign compares what a revoke costs before it leaves with the least that the protocol asks for: the
// same struct through encoding/json, and MD5 over it and the key, in hexadecimal behind the terminal's number.
func BenchmarkBuildAndSign(b *testing.B) {
	const key = "68d499beda5f72116592f5c527465656"
	const terminalSN = "00101010029201012912"
	c, err := New(Config{TerminalSN: terminalSN, TerminalKey: key})
	if err != nil {
		b.Fatal(err)
	}
	req := &OrderRevokeRequest{Sender: Sender{terminalSN}, ClientSN: "18348290098298292838"}
	header := http.Header{}
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, err := json.Marshal(req)
			if err != nil {
				b.Fatal(err)
			}
			digest := md5.Sum(append(body, key...))
			header["Authorization"] = []string{terminalSN + " " + hex.EncodeToString(digest[:])}
		}
	})
	b.Run("upay", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			x := &exchange{client: c, request: spec.Copy(req)}
			if faults := x.Check(); faults != nil {
				b.Fatal(faults)
			}
			body, err := x.Encode()
			if err == nil {
				err = x.Sign(header, body)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
