package main

import (
	"flag"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/chromium"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the operator's page")

// An operator opens the page of the running service, on a desktop and on a phone: the open order, and its history. Nobody
// gets there without the password.
func TestOperatorsPage(t *testing.T) {
	t.Parallel()
	w := gatewaysOf(t)
	l := live(t, w, file(t))
	w.misbehave(t, "upay", "pay", cnpaytest.LostAnswer)
	w.misbehave(t, "upay", "query", "always "+cnpaytest.HTTP502)
	_, o := l.put("OPEN0001", request{Provider: "upay", Operation: "pay", Amount: 1250, Code: "281234567890123456"})
	require.EqualValues(t, "open", o.State)

	res, err := http.Get(l.base + "/operator/")
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	require.Equal(t, http.StatusUnauthorized, res.StatusCode)
	_, address, ok := strings.Cut(l.out.String(), "operator  ")
	require.True(t, ok, l.out.String())
	address, _, _ = strings.Cut(address, "\n")
	page, err := url.Parse(address)
	require.NoError(t, err)

	b := chromium.Start(t, time.Minute)
	b.Pictures = *screenshots
	for name, screen := range map[string]chromium.Screen{"desktop": {Width: 1280, Height: 900}, "phone": {Width: 390, Height: 844}} {
		b.Screen(screen)
		b.Open(page.String())
		b.Text("OPEN0001")
		b.Fits()
		b.Picture(name + "-list")
		b.Eval(`document.querySelector('a[href*="entries/"]').click()`)
		b.Wait("location.pathname.includes('/entries/')")
		b.Text("OPEN0001")
		b.Fits()
		b.Picture(name + "-entry")
	}
	require.Empty(t, b.Problems)
}
