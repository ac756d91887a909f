package unionpaytest

// cashierPage needs nothing from elsewhere. Its script makes the browser's own buttons lead to the state of the order
// instead of sending a form again, and takes the payer back after three seconds.
const cashierPage = `<!DOCTYPE html>
<html lang="zh-CN"><head><meta charset="{{.Encoding}}"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,"><title>银联测试收银台 / UnionPay test cashier</title>
<style>
:root{--ground:#eef3f6;--card:#fff;--ink:#14242e;--quiet:#566a76;--line:#d5dfe5;--main:#0b6680;--on-main:#fff;--good:#1b7a4a;--bad:#b3261e;--test:#ffd54a;--on-test:#3b2f00}
@media (prefers-color-scheme:dark){:root{--ground:#0f171b;--card:#18242a;--ink:#e8eff2;--quiet:#9cb0bb;--line:#2d3d45;--main:#4cb6d3;--on-main:#04222c;--good:#6fd19b;--bad:#ff8a80;--test:#5c4a00;--on-test:#ffe9a6}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,"PingFang SC","Microsoft YaHei","Noto Sans CJK SC",sans-serif}
#zh:checked~* [lang=en],#en:checked~* [lang=zh-CN]{display:none}
.switch{position:absolute;opacity:0}
.note{margin:0;padding:.6rem 1rem;text-align:center;font-weight:600;background:var(--test);color:var(--on-test)}
header,main{max-width:32rem;margin:0 auto;padding:0 1rem}
header{display:flex;justify-content:space-between;align-items:center;gap:1rem;padding-top:1rem;padding-bottom:1rem}
h1{font-size:1.1rem;margin:0}
nav{display:flex;border:1px solid var(--line);border-radius:2rem;overflow:hidden;font-size:.85rem;background:var(--card)}
nav label{padding:.3rem .8rem;cursor:pointer;color:var(--quiet)}
#zh:checked~header [for=zh],#en:checked~header [for=en]{background:var(--main);color:var(--on-main)}
.switch:focus-visible~header nav{outline:3px solid var(--main);outline-offset:2px}
.card{background:var(--card);border:1px solid var(--line);border-radius:1rem;padding:1.5rem}
h2{font-size:1.05rem;margin:0;text-align:center;color:var(--quiet);font-weight:500}
.amount{margin:.25rem 0 1.25rem;text-align:center;font-size:2.25rem;font-weight:700;font-variant-numeric:tabular-nums;line-height:1.2}
dl{display:grid;grid-template-columns:auto minmax(0,1fr);gap:.4rem 1rem;margin:0 0 1.25rem;padding:1rem 0;border:solid var(--line);border-width:1px 0}
dl{font-size:.9rem}dt{color:var(--quiet)}dd{margin:0;font-variant-numeric:tabular-nums;text-align:right;overflow-wrap:anywhere}
form{display:grid;gap:.75rem;margin:0}
button,.back{font:inherit;font-weight:600;width:100%;padding:.8rem 1rem;border:1px solid var(--main);border-radius:.7rem;background:var(--main);color:var(--on-main);cursor:pointer;text-align:center;text-decoration:none;display:block}
button[name=refuse]{background:none;color:var(--main)}
.back.plain{background:none;border-color:transparent;color:var(--quiet);font-weight:400;margin-top:.5rem;padding-bottom:0}
:is(button,.back):focus-visible{outline:3px solid var(--main);outline-offset:2px}
.state{margin:0 0 1rem;text-align:center;font-size:1.25rem;font-weight:700}
.state::before{content:attr(data-mark);display:block;width:3rem;height:3rem;line-height:3rem;margin:0 auto .5rem;border-radius:50%;font-size:1.5rem;background:currentColor;-webkit-text-fill-color:var(--card)}
.good{color:var(--good)}.bad,.problem{color:var(--bad)}
.problem{margin:0 0 1rem;text-align:center;font-weight:600}
form .quiet{margin:0;font-size:.9rem}.quiet{margin:0 0 1rem;text-align:center;color:var(--quiet);overflow-wrap:anywhere}
</style></head>
<body>
<input class="switch" type="radio" name="lang" id="zh" value="zh"{{if .Open}} form="pay"{{end}}{{if not .English}} checked{{end}} aria-label="中文">
<input class="switch" type="radio" name="lang" id="en" value="en"{{if .Open}} form="pay"{{end}}{{if .English}} checked{{end}} aria-label="English">
<p class="note">{{say "测试页面：不会动用任何真实资金" "This is a test: no money moves"}}</p>
<header><h1>{{say "银联测试收银台" "UnionPay test cashier"}}</h1><nav><label for="zh">中文</label><label for="en">English</label></nav></header>
<main><div class="card">
{{if .Paid}}<p class="state good" data-mark="✓">{{if .Again}}{{say "该订单此前已完成，没有重复扣款" "This order was done before; nothing was taken again"}}
{{- else if eq .Kind "01"}}{{say "付款成功" "Paid"}}{{else if eq .Kind "02"}}{{say "预授权成功" "The amount is held"}}
{{- else if eq .Kind "79"}}{{say "开通成功" "The card is opened"}}{{else}}{{say "认证成功" "Verified"}}{{end}}</p>
{{else if .Late}}<p class="state bad" data-mark="!">{{say "订单已超过支付时限" "The time to pay this order is over"}}</p>
{{else if .Refused}}<p class="state bad" data-mark="!">{{say "无法受理该订单" "This order cannot be taken"}}</p>
<p class="quiet">{{say "银联应答：" "UnionPay answers: "}}{{.Refused}}</p>
{{else if .Failed}}<p class="problem">{{if .Request.txnAmt}}{{say "余额不足，请换卡重试" "Insufficient funds; try another card"}}
{{- else}}{{say "操作失败，请重试" "It did not work; try again"}}{{end}}</p>
{{end}}{{with .Request}}{{if .txnAmt}}{{if $.Open}}<h2>{{if eq $.Kind "02"}}{{say "预授权金额" "Amount to hold"}}{{else}}{{say "付款金额" "Amount to pay"}}{{end}}</h2>{{end}}
<p class="amount"><span lang="zh-CN">{{yuan .txnAmt}} 元</span><span lang="en">CNY {{yuan .txnAmt}}</span></p>{{end}}
<dl><dt>{{say "订单号" "Order number"}}</dt><dd>{{.orderId}}</dd>
{{with .orderDesc}}<dt>{{say "订单描述" "Description"}}</dt><dd>{{.}}</dd>{{end}}
<dt>{{say "商户代码" "Merchant"}}</dt><dd>{{.merId}}</dd></dl>
{{if $.Open}}<form id="pay" method="post" action="{{$.Path}}"><input type="hidden" name="orderId" value="{{.orderId}}">
<button name="pay" value="1">{{if eq $.Kind "01"}}{{say "确认付款" "Pay"}}{{else if eq $.Kind "02"}}{{say "确认预授权" "Hold the amount"}}
{{- else if eq $.Kind "79"}}{{say "确认开通" "Open the card"}}{{else}}{{say "确认认证" "Verify"}}{{end}}</button>
<button name="refuse" value="1">{{if .txnAmt}}{{say "模拟余额不足" "Simulate insufficient funds"}}{{else}}{{say "模拟失败" "Simulate a failure"}}{{end}}</button></form>
{{end}}{{if $.Paid}}<form id="back" method="post" action="{{.frontUrl}}" accept-charset="{{$.Encoding}}">
{{range $name, $value := $.Fields}}<input type="hidden" name="{{$name}}" value="{{$value}}">
{{end}}<button>{{say "返回商户" "Back to the shop"}}</button><p class="quiet" id="leaving" hidden>{{say "3 秒后自动返回" "This page takes you back after 3 seconds"}}</p></form>
{{else if .frontUrl}}<a class="back plain" href="{{.frontUrl}}">{{if $.Open}}{{say "不付款，返回商户" "Back to the shop without paying"}}{{else}}{{say "返回商户" "Back to the shop"}}{{end}}</a>
{{end}}{{end}}</div></main>
{{if .Request}}<script data-here="{{.Here}}"{{if and .Paid (not .Again)}} data-leave="3000"{{end}}>
const {here, leave} = document.currentScript.dataset
history.replaceState(null, "", here)
if (leave) {
  document.getElementById("leaving").hidden = false
  setTimeout(() => document.getElementById("back").submit(), leave)
}
</script>{{end}}
</body></html>
`
