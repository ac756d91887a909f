package umpay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

func outcomeOf(method, callback string, code *int64) cnpay.Outcome {
	op, _ := operationOf(method)
	return op.outcome(callback, code)
}

func kindOf(method, callback string) callbackKind {
	op, _ := operationOf(method)
	return op.kindOf(callback)
}

// TestCancelCodes is the table of codes of a cancellation: CardPreAuthReversCode, CommonCode, and the progress codes of
// UMCardCode and CardPreAuthCode that its page and the demo name. The outcomes are those under the success and the
// fail callback.
func TestCancelCodes(t *testing.T) {
	for _, tt := range []struct {
		code          int64
		name          string
		success, fail cnpay.Outcome
	}{
		{60150200, "CARD_PRE_AUTH_REVERS_SUCCESS", cnpay.Succeeded, cnpay.Unknown},
		{60150001, "JSON_ERROR", cnpay.Unknown, cnpay.Failed},
		{60150002, "CARD_PRE_REVER_AMOUNT_NULL", cnpay.Unknown, cnpay.Failed},
		{60150003, "CARD_PRE_AUTH_ORDERFORMAT_ERROR", cnpay.Unknown, cnpay.Failed},
		{60150005, "CARD_PRE_AUTH_REVERS_FAIL", cnpay.Unknown, cnpay.Failed},
		{60150006, "NET_ERROR", cnpay.Unknown, cnpay.Failed},
		{60150007, "REVERS_INFO_IS_NULL", cnpay.Unknown, cnpay.Failed},
		{60150011, "APP_OCCUPY", cnpay.Unknown, cnpay.Failed},
		{60150013, "AUTH_REVER_AMOUNT_FORMAT", cnpay.Unknown, cnpay.Failed},
		{60150009, "CARD_PRE_AUTH_REVER_CALL_FAIL", cnpay.Unknown, cnpay.Unknown},
		{60150012, "CARD_AUTHREVER_PARSE_JSONERROR", cnpay.Unknown, cnpay.Unknown},
		{601500010, "CARD_PRE_AUTH_REVER_UNKNOWN", cnpay.Unknown, cnpay.Unknown},
		{60150010, "the same without the digit too many", cnpay.Unknown, cnpay.Unknown},
		{61000001, "NOT_INSTALLED", cnpay.Unknown, cnpay.Failed},
		{61000002, "DISCONNECTED", cnpay.Unknown, cnpay.Unknown},
		{61000003, "NO_PERMISSIONS", cnpay.Unknown, cnpay.Failed},
		{-2, "a reversal of the terminal's own is pending", cnpay.Unknown, cnpay.Unknown},
		{60150004, "SEND_AUTH_REVERS_REQUEST", cnpay.Succeeded, cnpay.Failed},
		{60130009, "SEND_AUTH_REQUEST", cnpay.Succeeded, cnpay.Failed},
		{60020100, "START_DOWNLOAD_KEY", cnpay.Succeeded, cnpay.Failed},
		{60020103, "PASSWORD_KEYBOARD_OPEN", cnpay.Succeeded, cnpay.Failed},
		{60020107, "START_READ_CARD", cnpay.Succeeded, cnpay.Failed},
		{0, "undocumented", cnpay.Succeeded, cnpay.Failed},
		{-1, "undocumented", cnpay.Succeeded, cnpay.Failed},
		{60159999, "undocumented", cnpay.Succeeded, cnpay.Failed},
	} {
		require.Equal(t, tt.success, outcomeOf(cardPreAuthRever, "onReverSuccess", &tt.code), tt.name)
		require.Equal(t, tt.fail, outcomeOf(cardPreAuthRever, "onReverFail", &tt.code), tt.name)
		for _, callback := range []string{"onReverUnknown", "onReBind", "onProgressUpdate", "onReverDone", "onreversuccess", ""} {
			require.Equal(t, cnpay.Unknown, outcomeOf(cardPreAuthRever, callback, &tt.code), tt.name+callback)
		}
	}
	require.Equal(t, cnpay.Succeeded, outcomeOf(cardPreAuthRever, "onReverSuccess", nil))
	require.Equal(t, cnpay.Failed, outcomeOf(cardPreAuthRever, "onReverFail", nil))
}

// TestCallbacks is the table of callbacks: what each method's success and fail callbacks are called.
func TestCallbacks(t *testing.T) {
	for op, names := range map[string]string{
		"cardPay":              "onPaySuccess onPayFail onPayUnknown onProgressUpdate",
		"preCardPay":           "onPaySuccess onPayFail onPayUnknown onProgressUpdate",
		"scanPay":              "onPaySuccess onPayFail onPayUnknown",
		"scanPayStateQuery":    "onPaySuccess onPayFail onPayUnknown",
		"scanQuery":            "onPaySuccess onPayFail onQueryError onPaying",
		"cardQuery":            "onPaySuccess onPayFail onQueryError",
		"bankRevoke":           "onRefundSuccess onRefundFail onRefundUnknown onProgressUpdate",
		"scanRevoke":           "onRefundSuccess onRefundFail onRefundUnknown",
		"bankRefund":           "onRefundSuccess onRefundFail onRefundUnknown onProgressUpdate",
		"scanRefund":           "onRefundSuccess onRefundFail onRefundUnknown",
		"scanRefundQuery":      "onRefundSuccess onRefundFail onRefundUnknown onRefundError",
		"cardPreAuth":          "onAuthSuccess onAuthFail onAuthUnKnown onProgressUpdate",
		"cardPreAuthRever":     "onReverSuccess onReverFail onReverUnknown onProgressUpdate",
		"creditPreauthDone":    "onPaySuccess onPayFail onPayUnknown onProgressUpdate",
		"preauthDone":          "onPaySuccess onPayFail onPayUnknown",
		"cardPreAuthDoneRever": "onReverSuccess onReverFail onReverUnknown onProgressUpdate",
	} {
		all := strings.Fields(names)
		require.Equal(t, success, kindOf(op, all[0]), op)
		require.Equal(t, fail, kindOf(op, all[1]), op)
		require.Equal(t, unknown, kindOf(op, all[2]), op)
		require.Equal(t, rebind, kindOf(op, "onReBind"), op)
		for i, callback := range append(all, "onReBind") {
			e := Event{Op: op, Callback: callback}
			want := []cnpay.Outcome{cnpay.Succeeded, cnpay.Failed, cnpay.Unknown, cnpay.Unknown, cnpay.Unknown}[i]
			switch {
			case i == 1 && strings.HasSuffix(op, "Query"): // it may be the query that was refused
				want = cnpay.Unknown
			case callback == "onPaying":
				want = cnpay.Pending
			}
			require.Equal(t, want, e.Verdict().Outcome, op+callback)
			require.Equal(t, i < 3 || callback == "onRefundError", e.Ended(), op+callback)
		}
		require.Equal(t, strings.Contains(names, "onProgressUpdate"), kindOf(op, "onProgressUpdate") == progress, op)
		require.Equal(t, undocumented, kindOf(op, ""), op)
		require.Equal(t, undocumented, kindOf(op, "onSuccess"), op)
	}
	for _, op := range []string{"", "print", "getMerInfo", "CardPreAuthRever"} {
		require.Equal(t, undocumented, kindOf(op, "onReBind"), op)
		require.Equal(t, undocumented, kindOf(op, "onPaySuccess"), op)
		require.Equal(t, undocumented, kindOf(op, ""), op)
	}
}

// TestUnsettledCodes are those that take the certainty from a fail callback of any method.
func TestUnsettledCodes(t *testing.T) {
	for _, code := range []int64{
		-2, 61000002,
		// *_CALL_FAIL
		60180009, 60040033, 60130020, 60150009, 60140032, 60160032, 60060044, 60190006, 60020032, 60050033, 60010011, 60030015,
		// timeouts, unreadable answers, failed reversals
		60180005, 60180011, 60130018, 60130030, 60130031, 60140043, 60140207, 60160043, 60160207, 60020043, 60020205, 60020206,
		60020207, 60050024, 60050026, 60010005, 60010006, 60010010, 60010013, 60010101, 60010102, 60010103,
	} {
		require.Equal(t, cnpay.Unknown, outcomeOf(cardPay, "onPayFail", &code), code)
		require.Equal(t, cnpay.Unknown, outcomeOf(cardPay, "onPaySuccess", &code), code)
	}
	for _, code := range []int64{60020004, 60020013, 60010007, 60130029, 60050008, 60140004, 60160004, 60180004, 12345} {
		require.Equal(t, cnpay.Failed, outcomeOf(cardPay, "onPayFail", &code), code)
	}
}

// TestContradictions: a callback that its own event contradicts decides nothing.
func TestContradictions(t *testing.T) {
	for _, tt := range []struct {
		op, callback, request, result string
		outcome                       cnpay.Outcome
	}{
		{cardPreAuthRever, "onReverSuccess", `{"amount":1,"orderId":"a"}`, `{"amount":"1","orderId":"a"}`, cnpay.Succeeded},
		{cardPreAuthRever, "onReverSuccess", `{"amount":1,"orderId":"a"}`, `{}`, cnpay.Succeeded},
		{cardPreAuthRever, "onReverSuccess", ``, `{"amount":"1","orderId":"a"}`, cnpay.Succeeded},
		{cardPreAuthRever, "onReverSuccess", `{"uPayTrace":"1"}`, `{"uPayTrace":"2"}`, cnpay.Succeeded}, // the cancellation has a voucher of its own
		{cardPreAuthRever, "onReverSuccess", `{"amount":1}`, `{"amount":"2"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", `{"orderId":"a"}`, `{"orderId":"b"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", ``, `{"amount":"0"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", ``, `{"amount":"-1"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", ``, `{"amount":"1.00"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", `{"amount":"x"}`, `{}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", ``, `{"amount":{}}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverSuccess", ``, `{"code":60150005}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverFail", `{"amount":1}`, `{"amount":"1"}`, cnpay.Failed},
		{cardPreAuthRever, "onReverFail", `{"amount":1}`, `{"amount":"0"}`, cnpay.Failed},
		{cardPreAuthRever, "onReverFail", `{"amount":1}`, `{"amount":"2"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverFail", `{"orderId":"a"}`, `{"orderId":"b"}`, cnpay.Unknown},
		{cardPreAuthRever, "onReverFail", ``, `{"code":60150200}`, cnpay.Unknown},
		{"cardPay", "onPaySuccess", `{"amount":1}`, `{"amount":"2"}`, cnpay.Unknown},
	} {
		e := Event{Op: tt.op, Callback: tt.callback, Request: []byte(tt.request), Result: []byte(tt.result)}
		if tt.request == "" {
			e.Request = nil
		}
		require.Equal(t, tt.outcome, e.Verdict().Outcome, tt.callback+tt.request+tt.result)
	}
}

func TestDecide(t *testing.T) {
	event := func(seq int64, callback, result string) Event {
		e := Event{Op: cardPreAuthRever, Callback: callback, Seq: seq}
		if result != "" {
			e.Result = []byte(result)
		}
		return e
	}
	progress := event(1, "onProgressUpdate", `{"code":60150004}`)
	unclear := event(2, "onReverUnknown", `{"code":601500010}`)
	broken := event(2, "onReverFail", `{"code":60150009}`)
	done := event(3, "onReverSuccess", `{"code":60150200}`)
	failed := event(3, "onReverFail", `{"code":60150005}`)
	later := event(4, "onReverUnknown", `{"code":60150012}`)
	for name, tt := range map[string]struct {
		events  []Event
		outcome cnpay.Outcome
		code    string
	}{
		"nothing":              {nil, cnpay.Unknown, ""},
		"without a seq":        {[]Event{event(0, "onReverUnknown", `{"code":1}`)}, cnpay.Unknown, "1"},
		"progress":             {[]Event{progress}, cnpay.Unknown, "60150004"},
		"unknown":              {[]Event{unclear, progress}, cnpay.Unknown, "601500010"},
		"in order":             {[]Event{progress, unclear, done}, cnpay.Succeeded, "60150200"},
		"in disorder":          {[]Event{done, unclear, progress}, cnpay.Succeeded, "60150200"},
		"the call broke":       {[]Event{broken, done}, cnpay.Succeeded, "60150200"},
		"failed":               {[]Event{progress, failed}, cnpay.Failed, "60150005"},
		"unknown after an end": {[]Event{done, later}, cnpay.Succeeded, "60150200"},
		"twice":                {[]Event{done, done}, cnpay.Succeeded, "60150200"},
		"contradiction":        {[]Event{done, failed}, cnpay.Unknown, ""},
	} {
		v := Decide(tt.events)
		require.Equal(t, tt.outcome, v.Outcome, name)
		require.Equal(t, tt.code, v.Code, name)
	}
}

func TestMaskCardNumber(t *testing.T) {
	for clear, masked := range map[string]string{
		"6221558812340000":      "622155******0000",
		"6221 5588 1234 0000":   "622155******0000",
		"6221-5588-1234-0000":   "622155******0000",
		"622155******4997":      "622155******4997",
		"6221558812340*00":      "622155******0*00",
		"6221558812340000123":   "622155*********0123",
		"6221558812340":         "622155***2340",
		"622155881234":          "************",
		"1234":                  "****",
		"":                      "",
		"中国6221558812340000":    strings.Repeat("*", 22),
		strings.Repeat("1", 65): "****",
	} {
		require.Equal(t, masked, maskCardNumber(clear))
	}
}

func TestRedact(t *testing.T) {
	for in, out := range map[string]string{
		`{"account":"6221558812340000","cardExpiryDate":"2912","code":1}`:             `{"account":"622155******0000","code":1}`,
		`{"cardExpiryDate":"2912"}`:                                                   `{}`,
		`{"cardExpiryDate":{"a":1},"x":1,"track2":"1=2","Track_3":"","cvv2":"1"}`:     `{"x":1}`,
		`{"account":6221558812340000}`:                                                `{"account":"622155******0000"}`,
		`{"account":null,"account2":null}`:                                            `{"account":null,"account2":null}`,
		`{"account":{"pan":"6221558812340000"}}`:                                      `{"account":"{\"pan\"****************00\"}"}`,
		`{"\u0061ccount":"6221558812340000"}`:                                         `{"account":"622155******0000"}`,
		`{"Account ":"6221558812340000"}`:                                             `{"Account ":"622155******0000"}`,
		`{"accountMD5":"x","card_no":"6221558812340000"}`:                             `{"card_no":"622155******0000"}`,
		`{"transList":[{"account":"6221558812340000"},[{"pan":"6221558812340000"}]]}`: `{"transList":[{"account":"622155******0000"},[{"pan":"622155******0000"}]]}`,
		`{"message":"卡6221558812340000，单号123456789012","msgDesc":1,"msg":[]}`:         `{"message":"卡622155******0000，单号123456789012","msgDesc":1,"msg":[]}`,
		` { "a" : [ 1 , "x\u0000" , true ] , "n": 1.50e1 } `:                          `{"a":[1,"x\u0000",true],"n":1.50e1}`,
		"\ufeff{}\r\n":       `{}`,
		`"6221558812340000"`: `"6221558812340000"`,
	} {
		clean, err := redact([]byte(in))
		require.NoError(t, err, in)
		require.Equal(t, out, string(clean))
	}
	for _, in := range []string{"", " ", "{", `{"a":1}{}`, `{"a":1,"a":2}`, `{"a":{"b":1,"\u0062":2}}`, `[{"a":1,"a":1}]`, "\"\xff\"", `{"a":1,}`,
		strings.Repeat("[", 20) + strings.Repeat("]", 20)} {
		_, err := redact([]byte(in))
		require.ErrorIs(t, err, cnpay.ErrMalformed, in)
	}
}
