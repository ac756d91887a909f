package spec

import (
	"bytes"
	"encoding/json"
	"errors"
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
		`{"code":"1","code":"2"}`:              `"code" is duplicated`,
		`{"code":"1","code ":"2"}`:             `"code" is duplicated`,
		`{"code":"1","c\u006fde":"2"}`:         `"code" is duplicated`,
		`{"new":"1","new":"2"}`:                `"new" is duplicated`,
		`{"biz":{"data":{"sn":"1","sn":"2"}}}`: `biz: data: "sn" is duplicated`,
		`{"biz":"refused"}`:                    "biz: not a JSON object",
		`{"biz":[]}`:                           "biz: not a JSON object",
		`{"biz":{"parts":{}}}`:                 "biz: parts: not a list",
		`{"biz":{"parts":[1]}}`:                "biz: parts: not a JSON object",
		`{"amount":"1.00"}`:                    "amount: not a whole number",
		`{"amount":1e2}`:                       "amount: not a whole number",
		`{"amount":9223372036854775808}`:       "amount: not a whole number",
		`{"small":2147483648}`:                 "small: not a whole number",
		`{"done":"perhaps"}`:                   "done: neither true nor false",
		`{"names":[` + strings.Repeat("0,", maxItems) + `0]}`:                                          "more than 10000 items",
		strings.Repeat(`{"biz":`, 1) + strings.Repeat(`{"tail":`, 20) + `{}` + strings.Repeat(`}`, 21): "nested too deeply",
	} {
		var table Table
		_, err := table.DecodeJSON([]byte(body), &answer{})
		require.ErrorIs(t, err, cnpay.ErrMalformed, "%.80s", body)
		require.ErrorContains(t, err, cause, "%.80s", body)
	}
}

// What JSON is, encoding/json decides.
func TestDecodeJSONKnowsJSON(t *testing.T) {
	values := []string{
		"0", "-0", "10", "01", "-", "+1", "1.", ".5", "1.50", "-1.5e3", "1e", "1E+05", "1e-", "1e+", "0x1", "1_000", "NaN",
		"true", "false", "null", "True", "nul", "truer",
		`""`, `"a`, `a"`, `"\"`, `"\""`, `"\\"`, `"\/\b\f\n\r\t"`, `"\a"`, `"\u"`, `"\u00"`, `"\u00e9"`, `"\u00E9\uD83D"`, `"\u00g9"`, `"\u+0e9"`,
		`"\u00e"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\n\"", `'a'`,
		`{}`, `{ }`, `{"a":1}`, `{"a":1,"b":2}`, `{"a":1 "b":2}`, `{"a" 1}`, `{"a":}`, `{"a"}`, `{a":1}`, `{1:1}`, `{,}`, `{"a":1`, `{"a":1]`, `{"a"::1}`,
		`[]`, `[ ]`, `[1,2]`, `[1 2]`, `[,]`, `[,1]`, `[1`, `[1}`, `[[[]]]`, `[1,,2]`, "[1\v]", "[1\u00a0]", "1 2", "",
	}
	for _, v := range values {
		for name, body := range map[string]string{
			"unknown": `{"new":` + v + `}`, "text": `{"code":` + v + `}`, "inner": `{"new":[` + v + `,0]}`, "item": `{"names":[` + v + `]}`,
			"name": `{` + v + `:1}`, "last": `{"code":"1"}` + v,
		} {
			var table Table
			_, err := table.DecodeJSON([]byte(body), &answer{})
			require.Equal(t, json.Valid([]byte(body)), !errors.Is(err, errNotJSON), "%s: %q: %v", name, body, err)
		}
	}
	var table Table
	_, err := table.DecodeJSON([]byte(`{"new":`+strings.Repeat("[", maxUnreadDepth+2)+strings.Repeat("]", maxUnreadDepth+2)+`}`), &answer{})
	require.ErrorIs(t, err, errTooDeep)
	_, err = table.DecodeJSON([]byte(`{"new":`+strings.Repeat("[", maxUnreadDepth+1)+strings.Repeat("]", maxUnreadDepth+1)+`}`), &answer{})
	require.NoError(t, err)
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

// dropTrailingCommas is the one liberty of the decoder, for encoding/json to read the same: it removes each comma that stands, outside a string, before a closing bracket.
func dropTrailingCommas(body []byte) []byte {
	out := make([]byte, 0, len(body))
	comma := -1 // where the last byte that is no blank is a comma
	inString, escaped := false, false
	for _, c := range body {
		if inString {
			switch {
			case escaped:
				escaped = false
			case c == '\\':
				escaped = true
			case c == '"':
				inString = false
			}
			out = append(out, c)
			continue
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			out = append(out, c)
			continue
		case '}', ']':
			if comma >= 0 {
				out = append(out[:comma], out[comma+1:]...)
			}
		case '"':
			inString = true
		}
		comma = -1
		if c == ',' {
			comma = len(out)
		}
		out = append(out, c)
	}
	return out
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
		clean := bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
		if errors.Is(err, errNotJSON) && json.Valid(clean) {
			t.Fatalf("refused: %q", body)
		}
		if err != nil {
			return
		}
		var want map[string]json.RawMessage
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
				if string(dropTrailingCommas([]byte(extra[strings.TrimRight(name, " ")]))) != string(raw) {
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
