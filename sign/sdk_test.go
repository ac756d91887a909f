package sign

import (
	"crypto"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// sdkVector is a signature that the official SDKs made. What is signed is the head, the fields, the tail, and the digest
// of the body, as far as there are any.
type sdkVector struct {
	Source, Rule, Secret string
	Head, Body, Tail     string
	Fields               map[string]string
	Charset              string // in which the text is signed; empty means UTF-8
	Signature            string
}

func (v *sdkVector) message(t *testing.T) []byte {
	t.Helper()
	var pairs []Pair
	for name, value := range v.Fields {
		pairs = append(pairs, Pair{name, value})
	}
	text, err := AppendCanonical([]byte(v.Head), pairs)
	require.NoError(t, err)
	text = append(text, v.Tail...)
	if v.Body != "" {
		text = append(text, SHA256Hex([]byte(v.Body))...)
	}
	if v.Charset == "GBK" {
		text, err = simplifiedchinese.GBK.NewEncoder().Bytes(text)
		require.NoError(t, err)
	}
	return text
}

func TestSDKVectors(t *testing.T) {
	data, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		RSAModulus string
		Vectors    []sdkVector
	}
	require.NoError(t, json.Unmarshal(data, &file))
	rsa, err := NewRSAVerifier(publicKey(t, file.RSAModulus), crypto.SHA256)
	require.NoError(t, err)
	keyed := map[string]func(string) (*Keyed, error){
		"sha256": NewSHA256Keyed, "sm3": NewSM3Keyed, "verifySign": NewVerifySign, "suffixMD5": NewSuffixMD5, "hmac": NewHMACSHA256Base64,
	}
	seen := map[string]int{}
	for _, v := range file.Vectors {
		seen[v.Rule]++
		t.Run(v.Source, func(t *testing.T) {
			message := v.message(t)
			if v.Rule == "rsa" { // the private key is no part of this repository; the signature is the only one that verifies
				require.NoError(t, rsa.Verify(message, v.Signature))
				require.ErrorIs(t, rsa.Verify(slices.Concat(message, []byte{'x'}), v.Signature), ErrSignature)
				return
			}
			require.Contains(t, keyed, v.Rule)
			k, err := keyed[v.Rule](v.Secret)
			require.NoError(t, err)
			require.NoError(t, k.Verify(message, v.Signature))
			signature, err := k.Sign(message)
			require.NoError(t, err)
			if v.Rule != "hmac" && v.Signature == strings.ToUpper(v.Signature) { // some write hexadecimal in capitals
				signature = strings.ToUpper(signature)
			}
			require.Equal(t, v.Signature, signature)
		})
	}
	require.Equal(t, map[string]int{"rsa": 5, "sha256": 5, "sm3": 5, "verifySign": 34, "suffixMD5": 52, "hmac": 14}, seen)
}
