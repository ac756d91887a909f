package unionpay

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// TestVectors compares every rule with what UnionPay's own programs computed: testdata/vectors/official-sdks.json names them, by
// vector. Its inputs are invented and its keys were made for it.
func TestVectors(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Keys    map[string]string
		Vectors []struct {
			ID, Kind string
			Input    struct {
				Fields                              map[string]string
				Body, Encoding, Text, JSON          string
				PIN, PAN                            string
				MerID, OrderID, TxnTime, Ciphertext string
				TxnAmt                              string
				Track2Data                          string
			}
			Expected struct {
				Signature, Plaintext string
				Block                string `json:"block_base64"`
				Fields               map[string]string
				Refused, Valid       bool
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	der := func(name string) []byte {
		b, err := base64.StdEncoding.DecodeString(file.Keys[name+"_der_base64"])
		require.NoError(t, err)
		return b
	}
	certificate := func(name string) *x509.Certificate {
		c, err := x509.ParseCertificate(der(name + "_cert"))
		require.NoError(t, err)
		return c
	}
	key, err := x509.ParsePKCS8PrivateKey(der("merchant_private_key_pkcs8"))
	require.NoError(t, err)
	identity := &sign.Identity{Key: key.(crypto.Signer), Certificate: certificate("merchant")}
	client := func(method, encoding string) *Client {
		config := Config{Environment: Test, MerID: "777290058110048", SignMethod: SignMethod(method), Encoding: Encoding(encoding)}
		if method == "01" {
			config.Identity, config.RootCert, config.MiddleCert = identity, certificate("root"), certificate("middle")
		} else {
			config.SecureKey = "replaced"
		}
		c, err := New(config)
		require.NoError(t, err)
		if c.keyed != nil { // the vectors' key has blanks inside, which New takes for a mistake
			require.NoError(t, c.setSecrets([]string{file.Keys["secure_key"]}))
		}
		return c
	}
	kinds := map[string]int{}
	for _, v := range file.Vectors {
		kinds[v.Kind]++
		t.Run(v.ID, func(t *testing.T) {
			in, want := v.Input, v.Expected
			switch v.Kind {
			case "sign":
				require.Equal(t, want.Signature, signatureOf(t, client(in.Fields["signMethod"], in.Fields["encoding"]), in.Fields))
			case "verify":
				_, method, _ := strings.Cut(in.Body, "signMethod=")
				body, err := Encoding(strings.ToUpper(in.Encoding)).bytes(in.Body)
				require.NoError(t, err)
				pairs, err := client(method[:2], in.Encoding).verified(body)
				require.Equal(t, want.Refused, err != nil, "%v", err)
				if err == nil {
					want.Fields["signature"] = fieldOf(pairs, "signature")
					require.Equal(t, want.Fields, fieldMap(pairs))
				}
			case "parse":
				pairs, err := parsePairs(in.Text)
				require.NoError(t, err)
				require.Equal(t, want.Fields, fieldMap(pairs))
			case "pinblock":
				block, err := pinBlock(in.PIN, in.PAN)
				require.NoError(t, err)
				require.Equal(t, want.Block, base64.StdEncoding.EncodeToString(block[:]))
			case "track", "decrypt":
				d, err := NewDecrypter(key, Encoding(in.Encoding))
				require.NoError(t, err)
				plain, err := d.Decrypt(in.Ciphertext)
				require.NoError(t, err)
				require.Equal(t, want.Plaintext, plain)
				if v.Kind == "track" {
					e, err := NewEncrypter(certificate("merchant"), UTF8)
					require.NoError(t, err)
					amount, err := strconv.ParseInt(in.TxnAmt, 10, 64)
					require.NoError(t, err)
					secret, err := e.Track(in.MerID, in.OrderID, in.TxnTime, amount, in.Track2Data)
					require.NoError(t, err)
					plain, err = d.Decrypt(secret)
					require.NoError(t, err)
					require.Equal(t, want.Plaintext, plain)
				}
			case "customerInfo":
				d, err := NewDecrypter(key, Encoding(in.Encoding))
				require.NoError(t, err)
				info, err := d.CustomerInfo(in.Text)
				require.NoError(t, err)
				got := map[string]string{}
				for _, f := range info.group() {
					got[f[0]] = f[1]
				}
				require.Equal(t, want.Fields, got)
			case "appresult":
				_, err := ParseAppResult([]byte(in.JSON), certificate("gateway"), certificate("merchant"))
				require.Equal(t, want.Valid, err == nil, "%v", err)
			default:
				t.Fatalf("no rule for %s", v.Kind)
			}
		})
	}
	require.Len(t, kinds, 8)
}

// signatureOf is the signature of the request with these fields, made as for any other request.
func signatureOf(t *testing.T, c *Client, fields map[string]string) string {
	t.Helper()
	of := func(request Request) string {
		parts := map[string]json.RawMessage{}
		for name, value := range fields {
			if parts[name] = []byte(value); name != "txnAmt" {
				parts[name], _ = json.Marshal(value)
			}
		}
		text, err := json.Marshal(parts)
		require.NoError(t, err)
		require.NoError(t, json.Unmarshal(text, request))
		x := &exchange{client: c, op: request.operation(), request: request}
		require.Empty(t, x.Check())
		pairs, err := x.signed()
		require.NoError(t, err)
		return fieldOf(pairs, "signature")
	}
	switch fields["txnType"] {
	case "01":
		return of(&PagePurchaseRequest{})
	case "04":
		return of(&PaymentRefundRequest{})
	case "32":
		return of(&PreauthCancelRequest{})
	}
	panic(fmt.Sprintf("a request of type %s", fields["txnType"]))
}

func fieldMap(pairs []sign.Pair) map[string]string {
	fields := map[string]string{}
	for _, p := range pairs {
		fields[p.Name] = p.Value
	}
	return fields
}
