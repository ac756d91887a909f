package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

type part struct {
	Type   string `json:"type"`
	Amount int64  `json:"amount"`
}

type order struct {
	SN string `json:"sn"`
}

type biz struct {
	Code  string `json:"code"`
	Data  *order `json:"data"`
	Parts []part `json:"parts"`
	order        // printed beside code on some pages
	Tail  *biz   `json:"tail"`
}

type answer struct {
	Code   string            `json:"code"`
	Amount int64             `json:"amount"`
	Small  int32             `json:"small"`
	Done   bool              `json:"done"`
	Rate   float64           `json:"rate"`
	Raw    json.RawMessage   `json:"raw"`
	Biz    biz               `json:"biz"`
	Names  []string          `json:"names"`
	Map    map[string]string `json:"map"`
	Hidden string            `json:"-"`
}

func TestDecodeJSONIsTolerant(t *testing.T) {
	for body, want := range map[string]answer{
		`{}`:                                 {},
		"\xef\xbb\xbf {\"code\":\"1\"} \r\n": {Code: "1"},
		`{"code":"200"}`:                     {Code: "200"},
		`{"code":200}`:                       {Code: "200"},
		`{"code":true}`:                      {Code: "true"},
		`{"code":null,"amount":null,"biz":null,"names":null,"done":null,"raw":null}`: {},
		`{"code":"","amount":"","biz":"","names":"","done":""}`:                      {},
		`{"code":{"a":1}}`:                               {Code: `{"a":1}`},
		`{"code":"\u6536\u94b1\u5427 \"x\" \\"}`:         {Code: `收钱吧 "x" \`},
		`{"c\u006fde":"1"}`:                              {Code: "1"},
		`{"code ":"1" , "amount  " : "2"}`:               {Code: "1", Amount: 2},
		`{"amount":" 100 "}`:                             {Amount: 100},
		`{"amount":-9223372036854775808}`:                {Amount: -9223372036854775808},
		`{"done":"true"}`:                                {Done: true},
		`{"done":false}`:                                 {},
		`{"rate":0.5}`:                                   {Rate: 0.5},
		`{"raw": {"b" : 1} }`:                            {Raw: json.RawMessage(`{"b" : 1}`)},
		`{"code":"1",}`:                                  {Code: "1"},
		`{"biz":{"code":"x","parts":[{"type":"A"},],},}`: {Biz: biz{Code: "x", Parts: []part{{Type: "A"}}}},
		`{"biz":{"data":{"sn":"1"}}}`:                    {Biz: biz{Data: &order{SN: "1"}}},
		`{"biz":{"data":""}}`:                            {},
		`{"biz":{"sn":"1"}}`:                             {Biz: biz{order: order{SN: "1"}}},
		`{"biz":{"parts":[]}}`:                           {Biz: biz{Parts: []part{}}},
		`{"biz":{"parts":[null,"",{"amount":"3"}]}}`:     {Biz: biz{Parts: []part{{}, {}, {Amount: 3}}}},
		`{"names":["a",1,null,"]},{"]}`:                  {Names: []string{"a", "1", "", "]},{"}},
		`{"map":{"a":"b"}}`:                              {Map: map[string]string{"a": "b"}},
	} {
		var table Table
		var got answer
		extra, err := table.DecodeJSON([]byte(body), &got)
		require.NoError(t, err, body)
		require.Empty(t, extra, body)
		require.Equal(t, want, got, body)
	}
}

func TestDecodeJSONRefuses(t *testing.T) {
	for body, cause := range map[string]string{
		"":                                     "empty body",
		" \n":                                  "empty body",
		"<html></html>":                        "an HTML page",
		"\xff\xfe{}":                           "not UTF-8",
		"{\"code\":\"\xd5\xd2\"}":              "not UTF-8", // GBK
		`null`:                                 "not a JSON object",
		`[]`:                                   "not a JSON object",
		`"{}"`:                                 "not a JSON object",
		`{"code":"1"`:                          "not JSON",
		`{"code":"1"}{}`:                       "not JSON",
		`{"code":"1"} x`:                       "not JSON",
		`{"code":"1",,}`:                       "not JSON",
		`{code:"1"}`:                           "not JSON",
		`{"code":'1'}`:                         "not JSON",
		`{"code":"1","code":"2"}`:              `"code" stands twice`,
		`{"code":"1","code ":"2"}`:             `"code" stands twice`,
		`{"code":"1","c\u006fde":"2"}`:         `"code" stands twice`,
		`{"new":"1","new":"2"}`:                `"new" stands twice`,
		`{"biz":{"data":{"sn":"1","sn":"2"}}}`: `biz: data: "sn" stands twice`,
		`{"biz":"refused"}`:                    "biz: not a JSON object",
		`{"biz":[]}`:                           "biz: not a JSON object",
		`{"biz":{"parts":{}}}`:                 "biz: parts: not a list",
		`{"biz":{"parts":[1]}}`:                "biz: parts: not a JSON object",
		`{"amount":"1.00"}`:                    "amount: not a whole number",
		`{"amount":1e2}`:                       "amount: not a whole number",
		`{"amount":9223372036854775808}`:       "amount: not a whole number",
		`{"small":2147483648}`:                 "small: not a whole number",
		`{"done":"perhaps"}`:                   "done: neither true nor false",
		`{"names":[` + strings.Repeat("0,", longest) + `0]}`:                                           "more than 10000 items",
		strings.Repeat(`{"biz":`, 1) + strings.Repeat(`{"tail":`, 20) + `{}` + strings.Repeat(`}`, 21): "nested too deeply",
	} {
		var table Table
		_, err := table.DecodeJSON([]byte(body), &answer{})
		require.ErrorIs(t, err, cnpay.ErrMalformed, "%.80s", body)
		require.ErrorContains(t, err, cause, "%.80s", body)
	}
}

func TestDecodeJSONKeepsWhatItDoesNotKnow(t *testing.T) {
	var table Table
	var got answer
	extra, err := table.DecodeJSON([]byte(`{"code":"1","Code":"2","new":"n\u00e9w","hidden":1,"Hidden":2,
		"biz":{"data":{"sn":"7","qr_code":"https://q"},"parts":[{"type":"A"},{"more": [1, {"a":"]"}]}]}}`), &got)
	require.NoError(t, err)
	require.Equal(t, map[string]string{
		"Code": `"2"`, "new": `"n\u00e9w"`, "hidden": "1", "Hidden": "2",
		"biz.data.qr_code": `"https://q"`, "biz.parts[1].more": `[1, {"a":"]"}]`,
	}, extra)
	require.Equal(t, "7", got.Biz.Data.SN)
	require.Empty(t, got.Hidden)
}

func TestDecodeJSONDoesNotHoldOnToTheBody(t *testing.T) {
	var table Table
	var got answer
	body := []byte(`{"code":"1","raw":{"a":1},"new":"2"}`)
	extra, err := table.DecodeJSON(body, &got)
	require.NoError(t, err)
	clear(body)
	require.Equal(t, answer{Code: "1", Raw: json.RawMessage(`{"a":1}`)}, got)
	require.Equal(t, map[string]string{"new": `"2"`}, extra)
}

func TestDropTrailingCommas(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":1,}`:               `{"a":1}`,
		"{\"a\":[1,\n\t],\r\n}":  "{\"a\":[1\n\t]\r\n}",
		`{"a":",}","b":"\",]",}`: `{"a":",}","b":"\",]"}`,
		`{"a":[{"b":"c",},],}`:   `{"a":[{"b":"c"}]}`,
		`{"a":1,,}`:              `{"a":1,}`,
		`{"a":"unended,}`:        `{"a":"unended,}`,
		`{"a":"backslash\\",}`:   `{"a":"backslash\\"}`,
	} {
		require.Equal(t, want, string(dropTrailingCommas([]byte(body))), body)
	}
}

func FuzzDropTrailingCommas(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out := dropTrailingCommas(bytes.Clone(body))
		if json.Valid(body) && !bytes.Equal(out, body) {
			t.Fatalf("%q became %q", body, out)
		}
		if len(out) > len(body) {
			t.Fatalf("%q grew to %q", body, out)
		}
	})
}

// FuzzDecodeJSON holds the decoder against encoding/json: it must never panic, and where it takes a body, it must have
// read the same.
func FuzzDecodeJSON(f *testing.F) {
	for _, s := range seeds() {
		f.Add([]byte(s))
	}
	var table Table
	f.Fuzz(func(t *testing.T, body []byte) {
		var got answer
		extra, err := table.DecodeJSON(body, &got)
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
		clean := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if json.Unmarshal(clean, &want) != nil && json.Unmarshal(dropTrailingCommas(clean), &want) != nil {
			t.Fatalf("taken, but no JSON object: %q", body)
		}
		for name, raw := range want {
			switch strings.TrimRight(name, " ") {
			case "code":
				var text string
				if json.Unmarshal(raw, &text) == nil && got.Code != text {
					t.Fatalf("code is %q, want %q", got.Code, text)
				}
			case "amount":
				var number int64
				if json.Unmarshal(raw, &number) == nil && got.Amount != number {
					t.Fatalf("amount is %d, want %d", got.Amount, number)
				}
			case "biz":
				var members, data map[string]json.RawMessage
				var sn string
				if json.Unmarshal(raw, &members) == nil && json.Unmarshal(members["data"], &data) == nil &&
					json.Unmarshal(data["sn"], &sn) == nil && got.Biz.Data.SN != sn {
					t.Fatalf("sn is %q, want %q", got.Biz.Data.SN, sn)
				}
			case "small", "done", "rate", "raw", "names", "map":
			default:
				if extra[strings.TrimRight(name, " ")] != string(raw) {
					t.Fatalf("%q is %q, want %q", name, extra[name], raw)
				}
			}
		}
	})
}

func seeds() []string {
	return []string{
		"", "{", "{}", "{}\v", `{"`, `{"a"`, `{"a":`, `{"a":"\`, `{,}`, "[]", "null", `"x"`, "<html>",
		`{"code":"200","amount":100,"biz":{"code":"SUCCESS","data":{"sn":"7892259488292938","x":[{"y":"z"}]}}}`,
		`{"code":"\u6536\ud800","amount":"1","biz":"","names":["a",],}`,
		`{"code ":true, "new":{"a":[1,2,{"b":null}]}, "new ":1}`,
		fmt.Sprintf(`{"biz":{"parts":[%s]}}`, strings.Repeat(`{"type":"A"},`, 3)),
	}
}
