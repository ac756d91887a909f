package jsonfile_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
)

func TestParseSaysWhereAndWhat(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "the file is empty",
		" \r\n":                          "the file is empty",
		"\xef\xbb\xbf":                   "the file is empty",
		"null":                           "the file must hold a JSON object, and holds null",
		"[]":                             "the file must hold a JSON object, and holds a list",
		"\"a\"":                          "the file must hold a JSON object, and holds text",
		"12":                             "the file must hold a JSON object, and holds a number",
		" true":                          "the file must hold a JSON object, and holds true or false",
		"{\"a\": ":                       "line 1, column 6: the file ends before its JSON does",
		"{\r\n\"a\": {\r\n":              "line 2, column 7: the file ends before its JSON does",
		"{} {}":                          "line 1, column 4: something follows the JSON object",
		"{\"a\": 1\n}\n}\n":              "line 3, column 1: something follows the JSON object",
		"{\r\n \"银\": 1,\r\n}":           "line 3, column 1: no comma may come before the closing }",
		"{\"a\": [1, ]}":                 "line 1, column 11: no comma may come before the closing ]",
		"{\"银联\": x}":                    "line 1, column 8: 'x' is not expected here",
		"\xef\xbb\xbf{\"a\" 1}":          "line 1, column 6: '1' is not expected here",
		`{"a": "C:\keys"}`:               `line 1, column 11: a backslash is written twice in JSON, as in "C:\\keys"`,
		"{\"a\": \"b\r\n\"}":             "line 1, column 9: the text is not closed before the line ends",
		"{\"a\": \"b\tc\"}":              "line 1, column 9: a control character",
		"{'a': 1}":                       `line 1, column 2: names and texts are written in straight double quotes: "..."`,
		"{“a”: 1}":                       `line 1, column 2: names and texts are written in straight double quotes: "..."`,
		"{\"a\"：1}":                      "line 1, column 5: ： is the Chinese one; write the one of ASCII",
		"{ // a\n}":                      "line 1, column 3: JSON has no comments",
		"{\"a\": \"\xd2\xf8\"}":          "the file is not UTF-8; save it as UTF-8",
		"\xff\xfe{\x00}\x00":             "the file is UTF-16; save it as UTF-8",
		"{\"a\": {},\r\n\"a\": {}}":      `line 2: "a" is duplicated; it is on line 1 already`,
		`{"a": [{"b": 1, "\u0062": 1}]}`: `line 1: "b" is duplicated; it is on line 1 already`,
	} {
		o, err := jsonfile.Parse([]byte(text))
		require.EqualError(t, err, want, "%q", text)
		require.Nil(t, o)
	}
}

func TestParse(t *testing.T) {
	for _, text := range []string{`{"a": {"b": 1}, "b": 1e999}`, "\xef\xbb\xbf{\r\n\t\"a\": {\"b\": 1},\r\n\t\"b\": [{}, {}]\r\n}\r\n"} {
		o, err := jsonfile.Parse([]byte(text))
		require.NoError(t, err)
		require.Len(t, o, 2)
		section, err := o.Section("a")
		require.NoError(t, err)
		require.Equal(t, jsonfile.Object{"b": json.RawMessage("1")}, section)
		_, err = o.Section("c")
		require.EqualError(t, err, `no section "c"`)
	}
	o, err := jsonfile.Parse([]byte(`{"a": null, "b": [], "c": {}}`))
	require.NoError(t, err)
	_, err = o.Section("a")
	require.EqualError(t, err, `section "a" must be a JSON object, and is null`)
	_, err = o.Section("b")
	require.EqualError(t, err, `section "b" must be a JSON object, and is a list`)
	section, err := o.Section("c")
	require.NoError(t, err)
	require.Empty(t, section)
}

func TestReadSaysWhereItLooked(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	here, err := os.Getwd() // as the system spells it
	require.NoError(t, err)
	_, err = jsonfile.Read("missing.json")
	require.ErrorContains(t, err, "missing.json: ")
	require.ErrorContains(t, err, "(looked for "+filepath.Join(here, "missing.json")+")")
	_, err = jsonfile.Read(filepath.Join(here, "missing.json"))
	require.ErrorContains(t, err, filepath.Join(here, "missing.json")+": ")
	require.NotContains(t, err.Error(), "looked for")
	_, err = jsonfile.ReadFile("keys", "merchant.pfx")
	require.ErrorContains(t, err, "(looked for "+filepath.Join(here, "keys", "merchant.pfx")+")")

	require.NoError(t, os.Mkdir("keys", 0o700))
	require.NoError(t, os.WriteFile(filepath.Join("keys", "merchant.pfx"), []byte("key"), 0o600))
	for _, name := range []string{"merchant.pfx", filepath.Join(here, "keys", "merchant.pfx"), filepath.Join("..", "keys", "merchant.pfx")} {
		data, err := jsonfile.ReadFile("keys", name)
		require.NoError(t, err)
		require.Equal(t, "key", string(data))
	}
	require.NoError(t, os.WriteFile("wrong.json", []byte("{\n"), 0o600))
	_, err = jsonfile.Read("wrong.json")
	require.EqualError(t, err, "wrong.json: line 1, column 2: the file ends before its JSON does")
}

type base struct {
	Version string `json:"version"`
}

type request struct {
	base
	Order  string          `json:"order,omitempty"`
	Amount int64           `json:"amount"`
	Flag   bool            `json:"flag"`
	Raw    json.RawMessage `json:"raw"`
	Goods  []struct {
		Price int64  `json:"price"`
		Name  string `json:"name"`
	} `json:"goods"`
	Names []string       `json:"names"`
	Store *base          `json:"store"`
	Free  map[string]any `json:"free"`
	Own   string         `json:"-"`
	Bare  string
}

func fill(t *testing.T, text string) (request, []cnpay.Fault) {
	t.Helper()
	o, err := jsonfile.Parse([]byte(text))
	require.NoError(t, err)
	var r request
	return r, o.Fill(&r)
}

func TestFill(t *testing.T) {
	o, err := jsonfile.Parse([]byte(`{"version": 5.1, "order": 7654321132123456789, "amount": "9007199254740993", "flag": true, "raw": {"x": [1]},
		"goods": [{"price": 1, "name": "茶"}, {"price": "2"}], "names": ["a", 2], "store": {"version": "1"}, "free": {"a": 1}}`))
	require.NoError(t, err)
	var r request
	require.Empty(t, o.Fill(&r))
	require.Equal(t, "5.1", r.Version)
	require.Equal(t, "7654321132123456789", r.Order)
	require.Equal(t, int64(9007199254740993), r.Amount)
	require.True(t, r.Flag)
	require.JSONEq(t, `{"x": [1]}`, string(r.Raw))
	require.Equal(t, "茶", r.Goods[0].Name)
	require.Equal(t, int64(2), r.Goods[1].Price)
	require.Equal(t, []string{"a", "2"}, r.Names)
	require.Equal(t, &base{"1"}, r.Store)
	require.NotEmpty(t, r.Free)
	require.NoError(t, jsonfile.Error(nil))
}

func TestFillNamesEveryFaultAndNoValue(t *testing.T) {
	_, faults := fill(t, `{"amount": 12.5, "order": {}, "flag": "6216261000000000018", "goods": [{"price": []}, 7, {"nam": 1}], "names": {},
		"store": 6216261000000000018, "free": 7, "version": null, "Order": "1", "Own": "", "Bare": "", "raw": null}`)
	require.EqualError(t, jsonfile.Error(faults), "Bare is not a name that is known here; Order is spelled order; "+
		"Own is not a name that is known here; amount must be a whole number; flag must be true or false; "+
		"free cannot be read, being a number; goods[0].price must be a whole number, and is a list; "+
		"goods[1] must be a JSON object, and is a number; goods[2].nam is not a name that is known here; "+
		"names must be a list, and is a JSON object; order must be text, and is a JSON object; "+
		"raw is null; leave it out, or give it a value; store must be a JSON object, and is a number; "+
		"version is null; leave it out, or give it a value")
	for _, amount := range []string{`""`, `" 1"`, `"12.5"`, `1e2`, `"ten"`} {
		_, faults := fill(t, `{"amount": `+amount+`}`)
		require.Equal(t, []cnpay.Fault{{Field: "amount", Problem: "must be a whole number"}}, faults, amount)
	}
	_, faults = fill(t, `{"amount": 92233720368547758080}`)
	require.Equal(t, []cnpay.Fault{{Field: "amount", Problem: "is too large a number"}}, faults)
	_, faults = fill(t, `{"order": 1e3}`)
	require.Equal(t, []cnpay.Fault{{Field: "order", Problem: "must be text, or a number without an exponent"}}, faults)
}
