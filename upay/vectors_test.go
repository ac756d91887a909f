package upay

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// What Upay's own demos signed; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialDemos(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID    string
			Input struct {
				Key  cnpay.Secret
				Body string
			}
			Expected struct{ Sign string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	require.Len(t, file.Vectors, 24)
	for _, v := range file.Vectors {
		c, err := New(Config{TerminalSN: "1", TerminalKey: v.Input.Key})
		require.NoError(t, err, v.ID)
		header := http.Header{}
		require.NoError(t, (&exchange{client: c, key: c.key.Load()}).Sign(header, []byte(v.Input.Body)))
		require.Equal(t, "1 "+v.Expected.Sign, header.Get("Authorization"), v.ID)
	}
}
