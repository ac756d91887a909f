package upay

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"testing"
)

// BenchmarkBuildAndSign compares what a revoke costs before it leaves with the least that the protocol asks for: the
// same struct through encoding/json, and MD5 over it and the key, in hexadecimal behind the terminal's number.
func BenchmarkBuildAndSign(b *testing.B) {
	const key = "68d499beda5f72116592f5c527465656"
	c, err := New(Config{TerminalSN: "00101010029201012912", TerminalKey: key})
	if err != nil {
		b.Fatal(err)
	}
	req := &OrderRevokeRequest{TerminalSN: c.terminalSN, ClientSN: "18348290098298292838"}
	header := http.Header{}
	b.Run("bare", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, err := json.Marshal(req)
			if err != nil {
				b.Fatal(err)
			}
			digest := md5.Sum(append(body, key...))
			header["Authorization"] = []string{c.terminalSN + " " + hex.EncodeToString(digest[:])}
		}
	})
	b.Run("upay", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			body, err := c.build(req)
			if err == nil {
				err = c.authorize(header, body)
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	})
}
