package upay

import (
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

// What Upay's own demos signed, and what results from the documents' inputs; testdata/README.md says where each is from.
func TestVectors(t *testing.T) {
	seen := map[string]int{}
	for _, file := range []string{"official-sdks", "documents"} {
		text, err := os.ReadFile("testdata/vectors/" + file + ".json")
		require.NoError(t, err)
		var vectors struct {
			Vectors []struct {
				ID, Kind string
				Input    struct {
					Key        cnpay.Secret
					Body       string
					Parameters map[string]string
				}
				Expected struct{ Sign string }
			}
		}
		require.NoError(t, json.Unmarshal(text, &vectors))
		for _, v := range vectors.Vectors {
			seen[v.Kind]++
			config := Config{TerminalSN: "1", TerminalKey: v.Input.Key}
			if v.Kind == "notification" {
				config = Config{TerminalSN: "1", TerminalKey: "key", NotificationKeys: []string{v.Input.Key.Reveal()}}
			}
			c, err := New(config)
			require.NoError(t, err, v.ID)
			switch v.Kind {
			case "body-signature":
				header := http.Header{}
				require.NoError(t, (&exchange{client: c, key: c.key.Load()}).Sign(header, []byte(v.Input.Body)))
				require.Equal(t, "1 "+v.Expected.Sign, header.Get("Authorization"), v.ID)
			case "wap-signature":
				var pairs []sign.Pair
				for name, value := range v.Input.Parameters {
					pairs = append(pairs, sign.Pair{Name: name, Value: value})
				}
				signature, err := c.key.Load().signPairs(pairs)
				require.NoError(t, err, v.ID)
				require.Equal(t, v.Expected.Sign, signature, v.ID)
				require.NoError(t, c.key.Load().verifyPairs(pairs, signature), v.ID)
				pairs[0].Value += "x"
				require.Error(t, c.key.Load().verifyPairs(pairs, signature), v.ID)
			case "notification":
				for _, header := range []string{v.Expected.Sign, "10298371039 " + v.Expected.Sign, " " + v.Expected.Sign + "\r\n"} {
					_, err := c.ParseNotificationBytes(header, []byte(v.Input.Body))
					require.NoError(t, err, v.ID)
				}
				for _, body := range []string{strings.Replace(v.Input.Body, `"1000"`, `"1001"`, 1), strings.TrimPrefix(v.Input.Body, "{"), v.Input.Body + "}"} {
					_, err := c.ParseNotificationBytes(v.Expected.Sign, []byte(body))
					require.ErrorIs(t, err, cnpay.ErrSignature, v.ID)
				}
				published, err := New(Config{TerminalSN: "1", TerminalKey: "key"})
				require.NoError(t, err)
				_, err = published.ParseNotificationBytes(v.Expected.Sign, []byte(v.Input.Body))
				require.ErrorIs(t, err, cnpay.ErrSignature, v.ID)
			}
		}
	}
	require.Equal(t, map[string]int{"body-signature": 37, "wap-signature": 19, "notification": 2}, seen)
}
