package main

import (
	"flag"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/chromium"
)

var screenshots = flag.String("screenshots", "", "directory for pictures of the pages")

// browser is in the hands of a payer, or of the shop's clerk.
type browser struct{ *chromium.Page }

func (b browser) status(want string) {
	b.Wait(fmt.Sprintf("document.getElementById('status')?.textContent == %q", want))
}

// order orders in a way, and waits for the provider's page or the code.
func (b browser) order(address, way string) {
	b.Open(address)
	b.Click("#way-" + way)
	b.Click("#pay")
}

// toClerk goes to the clerk's page of the order whose page is shown.
func (b browser) toClerk(address string) {
	b.Wait("/orders\\/[0-9]+$/.test(location.pathname)")
	path := b.Eval("location.pathname")
	b.Open(address + "clerk" + path)
	b.Wait("document.body.matches('.clerk')")
}

func TestInChromium(t *testing.T) {
	b := browser{chromium.Start(t, 2*time.Minute)}
	b.Pictures = *screenshots
	address := serving(t)

	// A desktop and a mouse, in Chinese: a card that is refused, then paid; the clerk refunds a part.
	b.Screen(chromium.Screen{Width: 1200, Height: 900})
	b.Open(address)
	b.Wait("document.querySelector('#pay')")
	require.Equal(t, "zh-CN", b.Eval("document.documentElement.lang"))
	b.Picture("01-desktop-front")
	b.Write("[name=amount]", "1888.8")
	b.Write("[name=description]", `Tea & "biscuits" <b>`)
	b.Click("#way-unionpay")
	b.Click("#pay")
	b.Wait("document.querySelector('button[name=pay]')")
	b.Click("button[name=refuse]")
	b.Wait("document.querySelector('.problem')")
	b.Click("a.back")
	b.status("付款未成功")
	require.Equal(t, "true", b.Eval("document.querySelector('#again').open"))
	require.Equal(t, "0", b.Eval("document.querySelectorAll('code').length"))
	b.Picture("02-desktop-refused")
	b.Click("#pay") // again, under a new number
	b.Wait("document.querySelector('button[name=pay]')")
	b.Click("button[name=pay]")
	b.Wait("document.querySelector('#back button')")
	b.Click("#back button")
	b.status("已付款")
	require.Equal(t, "已付款 · ¥1,888.80", b.Eval("document.title"))
	b.Picture("03-desktop-paid")
	b.toClerk(address)
	b.status("已付款")
	b.Picture("04-desktop-clerk")
	b.Write(".action input[name=amount]", "88.80")
	b.Click("[data-kind=refund]")
	b.status("部分退款")
	b.Text("收到通知：退款 ¥88.80")
	b.Picture("05-desktop-clerk-refunded")
	count := b.Eval("document.querySelectorAll('.steps li').length")
	b.Eval("location.reload()")
	b.Wait("performance.getEntriesByType('navigation')[0].type == 'reload' && document.readyState == 'complete'")
	b.status("部分退款")
	require.Equal(t, count, b.Eval("document.querySelectorAll('.steps li').length"), "loading the page again repeats nothing")

	// Scan a code on one device, in English, while the page follows; the clerk is told what is too much.
	b.Open(address + "?lang=en")
	b.Wait("document.documentElement.lang == 'en'")
	b.order(address, "upay-scan")
	b.status("To be scanned")
	b.Wait("document.querySelector('svg.qr')")
	b.Picture("06-desktop-code")
	code := b.Eval("document.querySelector('#scan').href")
	page := b.Eval("location.href")
	b.Open(code)
	b.Click("button.pay")
	b.Wait("document.querySelector('[role=status]')")
	b.Open(page)
	b.status("Paid")
	b.toClerk(address)
	b.Write(".action input[name=amount]", "200")
	b.Click("[data-kind=refund]")
	b.Wait("document.querySelector('.problem')")
	b.Text("At most ¥100.00 is possible.")
	b.Click("[data-kind=void]")
	b.status("Reversed")

	// What somebody types stays while the page follows, and so does the focus.
	b.order(address, "chinaums-scan")
	b.status("To be scanned")
	scanned := b.Eval("document.querySelector('#scan').href")
	page = b.Eval("location.href")
	b.Click("#again-open")
	b.Click("#way-yuansfer")
	before := b.Eval("document.querySelector('#live').dataset.version")
	b.Eval("fetch(location.pathname + '/ask', {method: 'POST'})") // as another tab of the same person does
	b.Wait("document.querySelector('#live').dataset.version != '" + before + "'")
	b.Text("Last asked")
	require.Equal(t, "way-yuansfer", b.Eval("document.activeElement.id"), "the focus stays")
	require.Equal(t, "true", b.Eval("document.querySelector('#way-yuansfer').checked && document.querySelector('#again').open"))
	b.Open(scanned)
	b.Click("button[name=do]")
	b.Wait("document.querySelector('[role=status]')")
	b.Open(page)
	b.status("Paid")

	// A phone: WeChat's page, Upay's page, Yuansfer's cashier. The browser's Back leads to a page with a way on.
	b.Screen(chromium.Screen{Width: 390, Height: 844})
	b.Open(address + "?lang=zh")
	b.Wait("document.querySelector('#pay')")
	b.Fits()
	b.Picture("07-phone-front")
	b.order(address, "chinaums-wechat")
	b.Wait("document.querySelector('button[name=do]')")
	b.Fits()
	b.Back()
	b.Wait("document.querySelector('.orders .wait')") // the order is found on the shop's first page
	b.Fits()
	b.Picture("08-phone-back")
	b.Click(".orders li:first-child a")
	b.status("待付款")
	b.Click("#again-open")
	b.Fits()
	b.Picture("09-phone-again")
	b.Click("#way-upay-wap")
	b.Click(".again #pay")
	b.Wait("document.querySelector('button.pay')")
	b.Fits()
	b.Click("button.pay")
	b.Click("a.back")
	b.status("已付款")
	b.Fits()
	b.Picture("10-phone-paid")
	b.order(address, "yuansfer")
	b.Wait("document.querySelector('[value=no]')")
	b.Fits()
	b.Click("[value=no]")
	b.Wait("document.querySelector('[role=status]')")
	b.Eval("document.querySelector('a[href*=return]').click()")
	b.status("未付款")
	b.Fits()
	b.Picture("11-phone-failed")
	b.Click("#way-chinaums-scan")
	b.Click(".again #pay")
	b.status("待扫码")
	b.Fits()
	b.Picture("12-phone-code")
	b.Click("#again-open") // UMPay's cashier, with the code before still open
	b.Click("#way-umpay-web")
	b.Click(".again #pay")
	b.Wait("document.querySelector('button[name=pay]')")
	b.Fits()
	b.Picture("19-phone-umpay")
	b.Click("button[name=pay]")
	b.Text("付款成功")
	b.Click("a.back")
	b.status("已付款")
	b.toClerk(address)
	b.Text("收到通知：付款 ¥100.00")
	b.Click("[data-kind=void]")
	b.status("已撤销")
	b.Open(address + "?lang=zh")
	b.order(address, "umpay-scan")
	b.status("待扫码")
	b.Fits()
	b.toClerk(address)
	b.Fits()
	b.Picture("13-phone-clerk")
	b.Click("#cancel")
	b.status("已取消")
	b.Text("关闭未付款")
	b.Fits()
	b.Picture("14-phone-cancelled")
	b.Open(address + "clerk")
	b.Wait("document.querySelector('table')")
	b.Fits()
	b.Picture("15-phone-list")

	// A keyboard, in the dark: hold, take a part, undo it, release.
	b.Screen(chromium.Screen{Width: 1200, Height: 900, Dark: true})
	b.Open(address)
	b.Wait("document.querySelector('#pay')")
	b.Picture("16-dark-front")
	b.Eval("document.querySelector('#way-unionpay-hold').focus()")
	b.Press(" ")
	b.Press("Tab")
	require.Equal(t, "pay", b.Eval("document.activeElement.id"))
	b.Press("Enter")
	b.Wait("document.querySelector('button[name=pay]')")
	b.Click("button[name=pay]")
	b.Click("#back button")
	b.status("已冻结")
	b.toClerk(address)
	b.Write(".action input[name=amount]", "60")
	b.Click("[data-kind=complete]")
	b.status("已扣款")
	b.Click("[data-kind=undo]")
	b.status("已冻结")
	b.Click("[data-kind=cancel]")
	b.status("已解冻")
	b.Picture("17-dark-released")
	b.Open(address + "clerk")
	b.Wait("document.querySelector('table')")
	b.Picture("18-dark-list")
	b.Open(address + "clerk/orders/0")
	b.Wait("document.querySelector('a.button')")
	b.Click("a.button")
	b.Wait("document.querySelector('table')")

	require.Len(t, b.Problems, 1, "nothing was blocked, and no script failed, but for the page that is missing: %v", b.Problems)
}
