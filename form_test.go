package cnpay_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

const hostile = "\"><script>alert(1)</script>'\n商品&"

func TestFormEscapesWhateverIsInIt(t *testing.T) {
	for _, form := range []cnpay.Form{
		{Action: "https://gateway/" + hostile, Encoding: "GBK", Fields: []cnpay.FormField{{hostile, hostile}}, Nonce: hostile},
		{Link: "https://gateway/?a=" + hostile},
	} {
		var page strings.Builder
		require.NoError(t, form.WriteHTML(&page))
		require.Equal(t, 1, strings.Count(page.String(), "<script"), page.String())
		require.NotContains(t, page.String(), "alert(1)</script>")
		require.Contains(t, page.String(), "&#34;&gt;&lt;script&gt;alert(1)&lt;/script&gt;&#39;&#10;&#21830;&#21697;&amp;")
		for _, r := range page.String() {
			require.Less(t, r, rune(128), "a page of any character set")
		}
	}
}

func TestFormServesARedirectOrAPage(t *testing.T) {
	serve := func(f *cnpay.Form) *http.Response {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/pay", nil))
		require.Equal(t, "no-store", w.Result().Header.Get("Cache-Control"))
		return w.Result()
	}
	link := serve(&cnpay.Form{Link: "https://gateway/pay?a=1"})
	require.Equal(t, http.StatusSeeOther, link.StatusCode)
	require.Equal(t, "https://gateway/pay?a=1", link.Header.Get("Location"))
	page := serve(&cnpay.Form{Action: "https://gateway/pay", Encoding: "GBK"})
	require.Equal(t, http.StatusOK, page.StatusCode)
	require.Equal(t, "text/html; charset=GBK", page.Header.Get("Content-Type"))
}
