package chinaums

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// What the platform's own samples signed; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialSamples(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID    string
			Input struct {
				AppID            string
				AppKey           cnpay.Secret
				Timestamp, Nonce string
				Body             string
			}
			Expected struct{ Signature string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 14)
	for _, v := range file.Vectors {
		c, err := New(Config{AppID: v.Input.AppID, AppKey: v.Input.AppKey})
		require.NoError(t, err, v.ID)
		got, err := c.authorize(v.Input.Timestamp, v.Input.Nonce, []byte(v.Input.Body))
		require.NoError(t, err)
		require.Equal(t, `OPEN-BODY-SIG AppId="`+v.Input.AppID+`",Timestamp="`+v.Input.Timestamp+`",Nonce="`+v.Input.Nonce+
			`",Signature="`+v.Expected.Signature+`"`, got, v.ID)
	}
}
