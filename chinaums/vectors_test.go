package chinaums

import (
	"encoding/json"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// What the platform's own samples computed; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialSamples(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdks.json")
	require.NoError(t, err)
	var file struct {
		Vectors []struct {
			ID, Kind string
			Input    struct {
				AppID            string
				AppKey           cnpay.Secret
				Timestamp, Nonce string
				Body, Content    string
				Key              cnpay.Secret
				Fields           map[string]string
			}
			Expected struct{ Signature, Query, Sign string }
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	kinds := map[string]int{}
	for _, v := range file.Vectors {
		kinds[v.Kind]++
		in := v.Input
		config := Config{AppID: in.AppID, AppKey: in.AppKey}
		if v.Kind == "notification-md5" {
			config = Config{AppID: "1", AppKey: "1", CommunicationKeys: map[string][]cnpay.Secret{"": {in.Key}}}
		}
		c, err := New(config)
		require.NoError(t, err, v.ID)
		switch v.Kind {
		case "body-signature":
			got, err := c.authorize(in.Timestamp, in.Nonce, []byte(in.Body))
			require.NoError(t, err)
			require.Equal(t, `OPEN-BODY-SIG AppId="`+in.AppID+`",Timestamp="`+in.Timestamp+`",Nonce="`+in.Nonce+
				`",Signature="`+v.Expected.Signature+`"`, got, v.ID)
		case "form-query", "form-query-values":
			link, err := c.link("/v1/netpay/webpay/pay", in.Timestamp, in.Nonce, []byte(in.Content))
			require.NoError(t, err)
			got, ok := strings.CutPrefix(link, Production+"/v1/netpay/webpay/pay?")
			require.True(t, ok)
			if v.Kind == "form-query" {
				require.Equal(t, v.Expected.Query, got, v.ID)
				continue
			}
			want, err := url.ParseQuery(v.Expected.Query)
			require.NoError(t, err)
			values, err := url.ParseQuery(got)
			require.NoError(t, err)
			require.Equal(t, want, values, v.ID)
		case "notification-md5":
			form := url.Values{"sign": {v.Expected.Sign}}
			for name, value := range in.Fields {
				form.Set(name, value)
			}
			pairs, err := limits().Pairs([]byte(form.Encode()))
			require.NoError(t, err, v.ID)
			require.NoError(t, c.verifyPairs(pairs), v.ID)
			form.Set("sign", strings.Repeat("0", 32))
			pairs, err = limits().Pairs([]byte(form.Encode()))
			require.NoError(t, err)
			require.ErrorIs(t, c.verifyPairs(pairs), cnpay.ErrSignature)
		default:
			t.Fatal("a kind of vector that is not tested: " + v.Kind)
		}
	}
	require.Equal(t, map[string]int{"body-signature": 14, "form-query": 8, "form-query-values": 2, "notification-md5": 14}, kinds)
}

// The book's own vector of a link (F1).
func TestLink(t *testing.T) {
	c := exampleClient(t)
	const content = `{"instMid":"YUEDANDEFAULT","merOrderId":"10172023080309471482486127","mid":"898201612345678",` +
		`"orderDesc":"测试 a+b","requestTimestamp":"2023-08-03 09:47:14","tid":"88880001","totalAmount":1}`
	const want = "https://test-api-open.chinaums.com/v1/netpay/webpay/pay?authorization=OPEN-FORM-PARAM" +
		"&appId=12345678901234567890123456789012&timestamp=20230803094714&nonce=09876543210987654321098765432109" +
		"&content=%7B%22instMid%22%3A%22YUEDANDEFAULT%22%2C%22merOrderId%22%3A%2210172023080309471482486127%22%2C%22mid%22%3A" +
		"%22898201612345678%22%2C%22orderDesc%22%3A%22%E6%B5%8B%E8%AF%95+a%2Bb%22%2C%22requestTimestamp%22%3A%222023-08-03+" +
		"09%3A47%3A14%22%2C%22tid%22%3A%2288880001%22%2C%22totalAmount%22%3A1%7D&signature=XN6PPuAtu0wd41RuKt5CInBMCjeAsoouuvN8jyab0Xw%3D"
	got, err := c.link("/v1/netpay/webpay/pay", "20230803094714", nonceA, []byte(content))
	require.NoError(t, err)
	require.Equal(t, want, got)

	c, err = New(Config{Gateway: Test, AppID: exampleAppID, AppKey: exampleAppKey, FormSpace: "%20"})
	require.NoError(t, err)
	got, err = c.link("/v1/netpay/webpay/pay", "20230803094714", nonceA, []byte(content))
	require.NoError(t, err)
	require.Equal(t, strings.ReplaceAll(want, "+", "%20"), got)
}
