package yuansfertest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// What the gateway says to requests that were made by hand. The signatures are computed with Python's hashlib, for
// the token "secret".
func TestRequestsMadeByHand(t *testing.T) {
	const refused, accepted = http.StatusBadRequest, http.StatusOK
	for _, tt := range []struct {
		name, body string
		status     int
		contains   string
	}{
		{"good", `{"storeNo":"300014","merchantNo":"200043","verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300001"}`,
			accepted, `"ret_code":"000100"`},
		{"signature in upper case", `{"storeNo":"300014","merchantNo":"200043","verifySign":"E04643C7FC95F0295523AB97727B4616","autoDebitNo":"298222562856300001"}`,
			refused, "data error : verifySign"},
		{"no signature", `{"storeNo":"300014","merchantNo":"200043","autoDebitNo":"298222562856300001"}`,
			refused, "data error : verifySign"},
		{"another agreement than the one signed", `{"storeNo":"300014","merchantNo":"200043","verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300002"}`,
			refused, "data error : verifySign"},
		{"empty value", `{"storeNo":"300014","merchantNo":"200043","merGroupNo":"","verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300001"}`,
			refused, "data error : merGroupNo"},
		{"number", `{"storeNo":"300014","merchantNo":200043,"verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300001"}`,
			refused, "data error : merchantNo"},
		{"name twice", `{"storeNo":"300014","storeNo":"300014","merchantNo":"200043","verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300001"}`,
			refused, "data error : storeNo"},
		{"something behind", `{"storeNo":"300014","merchantNo":"200043","verifySign":"e04643c7fc95f0295523ab97727b4616","autoDebitNo":"298222562856300001"}{}`,
			refused, "data error : not JSON"},
		{"a list", `[]`, refused, "data error : not an object"},
		{"other store", `{"storeNo":"300015","merchantNo":"200043","verifySign":"5b3eafddbc0cea1adab9f4069dbf3bd1","autoDebitNo":"298222562856300001"}`,
			refused, "000021"},
		{"no store", `{"merchantNo":"200043","verifySign":"2c7af285fd6dbc993f62b2b16f184de5","autoDebitNo":"298222562856300001"}`,
			refused, "000020"},
		{"no agreement", `{"storeNo":"300014","merchantNo":"200043","verifySign":"babbc2a0ed6f4a288f1c388350ced162"}`,
			refused, "000020"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gateway := yuansfertest.NewServer()
			defer gateway.Close()
			gateway.SetToken("secret")
			no := gateway.AddAgreement("testAuth2021010801", "gcash")

			res, err := http.Post(gateway.URL+"/auto-debit/v3/revoke", "application/json", strings.NewReader(tt.body))
			require.NoError(t, err)
			defer res.Body.Close()
			answer, err := io.ReadAll(res.Body)
			require.NoError(t, err)
			require.Equal(t, tt.status, res.StatusCode)
			require.Contains(t, string(answer), tt.contains)
			require.Equal(t, tt.status == accepted, gateway.Revoked(no))
			require.Equal(t, 1, gateway.Received("auto_debit_revoke"))
		})
	}
}
