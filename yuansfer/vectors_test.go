package yuansfer

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// What Yuansfer's own SDKs signed and sent; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialSDKs(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Kind string
			Input    struct {
				Token                            cnpay.Secret
				MerchantNo, StoreNo, AutoDebitNo string
				Parameters                       map[string]string
			}
			Expected struct {
				VerifySign string
				Dropped    string          `json:"verifySign_dropped"`
				Body       json.RawMessage `json:"body"`
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 36)
	for _, v := range file.Vectors {
		t.Run(v.ID, func(t *testing.T) {
			c, err := New(Config{MerchantNo: "299999", StoreNo: "399999", Token: v.Input.Token})
			require.NoError(t, err)
			if v.Kind == "revoke-body" {
				body, err := c.build(&AutoDebitRevokeRequest{
					Sender:      Sender{MerchantNo: v.Input.MerchantNo, StoreNo: v.Input.StoreNo},
					AutoDebitNo: v.Input.AutoDebitNo,
				})
				require.NoError(t, err)
				require.JSONEq(t, string(v.Expected.Body), string(body))
				return
			}
			var pairs []sign.Pair
			for name, value := range v.Input.Parameters {
				if value != "" { // the client sends none, see TestWire
					pairs = append(pairs, sign.Pair{Name: name, Value: value})
				}
			}
			want := v.Expected.VerifySign
			if v.Kind == "verifySign-empty-value" {
				want = v.Expected.Dropped
			}
			text, err := sign.Canonical(pairs)
			require.NoError(t, err)
			got, err := c.signer.Sign(text)
			require.NoError(t, err)
			require.Equal(t, want, got)
		})
	}
}

// Every character that a request may hold, and those that none may, is sent as JSON that reads back as the same text.
func TestAppendMember(t *testing.T) {
	for r := range rune(0x2100) {
		value := "a" + string(r) + "b"
		body := append(appendMember([]byte{'{'}, "autoDebitNo", value), '}')
		var got map[string]string
		require.NoError(t, json.Unmarshal(body, &got), "%q", value)
		require.Equal(t, map[string]string{"autoDebitNo": value}, got)
	}
}
