package spay

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

func TestContentOfAPage(t *testing.T) {
	const tag = `<META NAME="MobilePayPlatform" CONTENT="a=1&b=#%25 >=/x=">`
	for page, want := range map[string]string{
		tag: "a=1&b=#%25 >=/x=",
		"<!DOCTYPE html><html><head><meta charset=\"UTF-8\">" + tag + "<meta name='x' content='y'></head></html>": "a=1&b=#%25 >=/x=",
		"<meta content='a=\"1\"'\r\n\tname = \"mobilepayplatform\" />":                                            `a="1"`,
		`<META CONTENT="" NAME="MobilePayPlatform">`:                                                              "",
		`<html><head><META NAME="MobilePayPlatform" CONTENT="a=操作成功"/></head>`:                                    "a=操作成功",
	} {
		got, err := content(page)
		require.NoError(t, err, page)
		require.Equal(t, want, got)
	}
	for page, want := range map[string]error{
		"":              errNoTag,
		"<html></html>": errNoTag,
		tag + tag:       errTwice,
		"<!-- " + tag + " -->" + strings.ToLower(tag):                               errTwice,
		`<script>MobilePayPlatform</script>` + tag:                                  errTwice,
		`MobilePayPlatform`:                                                         errBadTag,
		`<META NAME="MobilePayPlatform">`:                                           errBadTag,
		`<META NAME="MobilePayPlatform" CONTENT="a=1`:                               errBadTag,
		`<META NAME="MobilePayPlatform" CONTENT=a=1>`:                               errBadTag,
		`<META NAME="MobilePayPlatform" CONTENT="a=1" CONTENT="a=2">`:               errBadTag,
		`<META NAME="MobilePayPlatform" CONTENT="a=1"content='a=2'>`:                errBadTag,
		`<META NAME="MobilePayPlatform" x="y" CONTENT="a=1">`:                       errBadTag,
		`<META NAME="MobilePayPlatform2" CONTENT="a=1">`:                            errBadTag,
		`<META NAME="x" CONTENT="a=MobilePayPlatform">`:                             errBadTag,
		`<METANAME="MobilePayPlatform" CONTENT="a=1">`:                              errBadTag,
		`<META <b> NAME="MobilePayPlatform" CONTENT="a=1">`:                         errBadTag,
		`<META NAME="MobilePayPlatform" <META CONTENT="a=1">`:                       errBadTag,
		`<div title="<META NAME=">` + `<p title="MobilePayPlatform" CONTENT="a=1">`: errBadTag,
	} {
		_, err := content(page)
		require.ErrorIs(t, err, want, page)
	}
}

func TestPairsOfAMessage(t *testing.T) {
	got, err := pairs("a=1&b=&c=x=y==&d=#%41+ &")
	require.NoError(t, err)
	require.Equal(t, []sign.Pair{{Name: "a", Value: "1"}, {Name: "b"}, {Name: "c", Value: "x=y=="}, {Name: "d", Value: "#%41+ "}}, got)
	for _, text := range []string{"a=1&a=1", "a=1&b", "=1", longMessage(201)} {
		_, err := pairs(text)
		require.Error(t, err, text)
	}
	_, err = pairs(longMessage(200))
	require.NoError(t, err)
}

func longMessage(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "n%d=1&", i)
	}
	return b.String()
}

// An answer whose bytes are GBK is verified over those bytes.
func TestAnswersInGBK(t *testing.T) {
	own, platform := newTestKeys(t)
	c := newTestClient(t, own, platform)
	x := &exchange{client: c, answer: &QuickPaySendSMSResponse{}}
	text := "mer_id=60000100&ret_code=0000&ret_msg=\xb2\xd9\xd7\xf7\xb3\xc9\xb9\xa6&version=4.0"
	body := []byte(`<META NAME="MobilePayPlatform" CONTENT="` + text + "&sign=" + signText(t, platform, text) + `&sign_type=RSA">`)
	_, err := x.Decode(&transport.Reply{Status: http.StatusOK, Body: body})
	require.NoError(t, err)
	require.Equal(t, "操作成功", x.answer.base().RetMsg)

	broken := "mer_id=60000100&ret_code=0000&ret_msg=\xff\xff&version=4.0"
	body = []byte(`<META NAME="MobilePayPlatform" CONTENT="` + broken + "&sign=" + signText(t, platform, broken) + `&sign_type=RSA">`)
	_, err = x.Decode(&transport.Reply{Status: http.StatusOK, Body: body})
	require.ErrorIs(t, err, cnpay.ErrMalformed)
}

// FuzzContent reads any page. What is read is in the page as it is, in quotes, once; and the same page is read the same
// way with other HTML around it.
func FuzzContent(f *testing.F) {
	for _, page := range []string{
		`<html><head><META NAME="MobilePayPlatform" CONTENT="a=1&b=2"></head></html>`, `<META CONTENT='x' NAME='MobilePayPlatform'/>`,
		`<META NAME="MobilePayPlatform" CONTENT="a<META ">`, "<meta name=mobilepayplatform content=x>", "\xb2\xd9<META",
	} {
		f.Add(page)
	}
	f.Fuzz(func(t *testing.T, page string) {
		text, err := content(page)
		if err != nil {
			require.Empty(t, text)
			return
		}
		require.True(t, strings.Contains(page, `"`+text+`"`) || strings.Contains(page, "'"+text+"'"))
		require.Equal(t, 1, strings.Count(strings.ToLower(page), "mobilepayplatform"))
		again, err := content("<!DOCTYPE html><p title='x'>" + page + "<p>")
		require.NoError(t, err)
		require.Equal(t, text, again)
		_, err = content(page + page)
		require.ErrorIs(t, err, errTwice)
	})
}

// FuzzAnswer answers a payment with anything at all. Nothing panics, and without UMPay's key nothing is proven.
func FuzzAnswer(f *testing.F) {
	own, platform := newTestKeys(f)
	c := newTestClient(f, own, platform)
	genuine := "mer_date=20260901&mer_id=60000100&order_id=SHOP1&ret_code=0000&trade_state=TRADE_SUCCESS&version=4.0"
	signature := signText(f, platform, genuine)
	f.Add([]byte(`<META NAME="MobilePayPlatform" CONTENT="` + genuine + "&sign=" + signature + `">`))
	f.Add([]byte(`<META NAME="MobilePayPlatform" CONTENT="` + genuine + `">`))
	f.Add([]byte("TRADEDETAIL-START,60000100,20260901,4.0,0000,x\r\nTRADEDETAIL-END,60000100,20260901,0,0"))
	f.Fuzz(func(t *testing.T, body []byte) {
		x := &exchange{client: c, op: (&OrderPayByCodeRequest{}).operation(), answer: &OrderPayByCodeResponse{},
			request: &OrderPayByCodeRequest{Order: Order{OrderID: "SHOP1", MerDate: "20260901"}}}
		x.Mask(body)
		if _, err := x.Decode(&transport.Reply{Status: http.StatusOK, Body: body}); err != nil {
			return
		}
		require.Contains(t, string(body), signature[:40])
		v, _ := x.Judge(http.StatusOK)
		require.Equal(t, cnpay.Succeeded, v.Outcome)
		require.NoError(t, x.Belongs(v.Outcome))
	})
}
