package unionpay

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/sign"
)

func TestParsePairs(t *testing.T) {
	const certificate = "-----BEGIN CERTIFICATE-----\r\nMIIE+/==\r\n-----END CERTIFICATE-----"
	for name, tt := range map[string]struct {
		text string
		want []sign.Pair
	}{
		"the published shape": {
			"accessType=0&bizType=x&amt={a=1&c=d}&signature=ab==",
			[]sign.Pair{{Name: "accessType", Value: "0"}, {Name: "bizType", Value: "x"}, {Name: "amt", Value: "{a=1&c=d}"}, {Name: "signature", Value: "ab=="}},
		},
		"braces around everything": {
			"{a=1&b={c=d&e=f}&g=h}",
			[]sign.Pair{{Name: "a", Value: "1"}, {Name: "b", Value: "{c=d&e=f}"}, {Name: "g", Value: "h"}},
		},
		"only one pair of them": {"{a={b=c}}", []sign.Pair{{Name: "a", Value: "{b=c}"}}},
		"square brackets":       {"a=[x&y]&b=1", []sign.Pair{{Name: "a", Value: "[x&y]"}, {Name: "b", Value: "1"}}},
		"the first closing one ends": {
			"a={b={c=d}&e=f}&g=h",
			[]sign.Pair{{Name: "a", Value: "{b={c=d}"}, {Name: "e", Value: "f}"}, {Name: "g", Value: "h"}},
		},
		"the other kind inside": {"a={b=]&c}&d=e", []sign.Pair{{Name: "a", Value: "{b=]&c}"}, {Name: "d", Value: "e"}}},
		"in the middle of a value": {
			"a=x{y&z}w&b=1", []sign.Pair{{Name: "a", Value: "x{y&z}w"}, {Name: "b", Value: "1"}},
		},
		"a brace at one end only": {"a=b&c=d}", []sign.Pair{{Name: "a", Value: "b"}, {Name: "c", Value: "d}"}}},
		"every kind of name":      {"09=1&azAZ=2&_-.=3", []sign.Pair{{Name: "09", Value: "1"}, {Name: "azAZ", Value: "2"}, {Name: "_-.", Value: "3"}}},
		"never closed":            {"a={b=c&d=e", []sign.Pair{{Name: "a", Value: "{b=c&d=e"}}},
		"closed, never open":      {"a=b}&c=]", []sign.Pair{{Name: "a", Value: "b}"}, {Name: "c", Value: "]"}}},
		"empty values":            {"a=&b=&c=", []sign.Pair{{Name: "a"}, {Name: "b"}, {Name: "c"}}},
		"nothing is decoded":      {"a=%41+%20;&b= x ", []sign.Pair{{Name: "a", Value: "%41+%20;"}, {Name: "b", Value: " x "}}},
		"line breaks": {
			"signPubKeyCert=" + certificate + "&respMsg=成功[0000000]",
			[]sign.Pair{{Name: "signPubKeyCert", Value: certificate}, {Name: "respMsg", Value: "成功[0000000]"}},
		},
		"bytes that are not UTF-8": {"respMsg=\xb3\xc9\xb9\xa6&b=1", []sign.Pair{{Name: "respMsg", Value: "\xb3\xc9\xb9\xa6"}, {Name: "b", Value: "1"}}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parsePairs(tt.text)
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
}

func TestParsePairsRefuses(t *testing.T) {
	var many strings.Builder
	for i := range mostPairs + 1 {
		fmt.Fprintf(&many, "a%d=&", i)
	}
	for name, text := range map[string]string{
		"nothing":                  "",
		"braces around nothing":    "{}",
		"blank":                    " ",
		"an early refusal":         "Invalid request.",
		"another":                  "Invalid request URI.",
		"a brace at the start":     "{a=1&b=2",
		"one brace":                "{",
		"HTML":                     `<html lang="en"><body class="x">502</body></html>`,
		"JSON":                     `{"url":"https://x/?a=b"}`,
		"part without =":           "a=1&b&c=2",
		"last part without =":      "a=1&b",
		"& at the end":             "a=1&",
		"& at the start":           "&a=1",
		"&& in the middle":         "a=1&&b=2",
		"no name":                  "=1",
		"a name twice":             "a=1&b=2&a=3",
		"a name twice, same value": "a=1&a=1",
		"a name twice among many":  strings.Repeat("x", 70) + "=1&" + manyPairs(70) + "&a3=",
		"too many":                 strings.TrimSuffix(many.String(), "&"),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parsePairs(text)
			require.ErrorIs(t, err, cnpay.ErrMalformed)
			require.Nil(t, got)
		})
	}
	_, err := parsePairs("accNo=6216261000000000018&6216261000000000018")
	require.NotContains(t, err.Error(), "6216")
}

func manyPairs(n int) string {
	parts := make([]string, n)
	for i := range parts {
		parts[i] = fmt.Sprintf("a%d=%d", i, i)
	}
	return strings.Join(parts, "&")
}

// A text of nothing but brackets is read as fast as any other.
func TestParsePairsInTime(t *testing.T) {
	for _, part := range []string{"[]", "{}", "[]{}", "[}]{]}"} {
		text := "a=" + strings.Repeat(part, 1<<19)
		begun := time.Now()
		pairs, err := parsePairs(text + "&b=1")
		require.NoError(t, err)
		require.Less(t, time.Since(begun), 2*time.Second)
		require.Equal(t, []sign.Pair{{Name: "a", Value: text[2:]}, {Name: "b", Value: "1"}}, pairs)
	}
}

func TestParsePairsAllocations(t *testing.T) {
	body := manyPairs(30) + "&reserved={a=b&c=d}&signature=abc=="
	require.Equal(t, 1.0, testing.AllocsPerRun(100, func() { _, _ = parsePairs(body) }))
}

// machine is the state machine of UnionPay's own parser, character by character, to compare with.
func machine(text string) (pairs []sign.Pair) {
	if strings.HasPrefix(text, "{") && strings.HasSuffix(text, "}") && len(text) > 1 {
		text = text[1 : len(text)-1]
	}
	var name, part []byte
	inName, closing := true, byte(0)
	for _, c := range []byte(text) {
		if inName {
			if c == '=' {
				name, part, inName = part, nil, false
				continue
			}
			part = append(part, c)
			continue
		}
		switch {
		case closing != 0:
			if c == closing {
				closing = 0
			}
		case c == '{':
			closing = '}'
		case c == '[':
			closing = ']'
		}
		if c == '&' && closing == 0 {
			pairs = append(pairs, sign.Pair{Name: string(name), Value: string(part)})
			part, inName = nil, true
			continue
		}
		part = append(part, c)
	}
	if inName {
		return nil
	}
	return append(pairs, sign.Pair{Name: string(name), Value: string(part)})
}

func FuzzParsePairs(f *testing.F) {
	for _, seed := range []string{
		"accessType=0&amt={a=1&c=d}&signature=ab==", "{a=[b&c]&d=e}", "a={b={c}&d}&e=f", "Invalid request.", "a=1&a=2", "", "{", "a={",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parsePairs(text)
		if err != nil {
			require.ErrorIs(t, err, cnpay.ErrMalformed)
			require.Nil(t, got)
			return
		}
		require.Equal(t, machine(text), got)
		seen := map[string]bool{}
		for _, p := range got {
			require.False(t, seen[p.Name])
			seen[p.Name] = true
		}
	})
}

// Bytes in GBK are split where their characters are, which second bytes that look like brackets do not change.
func FuzzParseGBK(f *testing.F) {
	for _, seed := range []string{
		"respMsg=\xb3\xc9\xb9\xa6&b=1", "a=\xa0\x7b&b=\xa0\x5b&c=1", "{a=\xa0\x7d}", "{a=1&b=\xa0\x7d", "a={\xa0\x7d&b}&c=2", "a=\xb9&b=1", "\xb9=1",
		"a=\x80&b=1", "a=\xff&b=1", "a=1\xb9", "a=[\xa0\x5d&b=1]&c=3",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		whole, notGBK := fromCharset(text, GBK)
		m, err := split(text, GBK, nil)
		if notGBK != nil {
			require.Error(t, err)
			return
		}
		want, refused := parsePairs(whole)
		require.Equal(t, refused == nil, err == nil)
		require.Equal(t, want, m.pairs)
		for i, p := range m.raw {
			require.Equal(t, m.pairs[i].Name, p.Name)
			require.Contains(t, text, p.Name+"="+p.Value)
		}
	})
}

func BenchmarkParsePairs(b *testing.B) {
	body := manyPairs(22) + "&signPubKeyCert=" + strings.Repeat("MIIE+/==\r\n", 160) + "&signature=" + strings.Repeat("A", 344)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := parsePairs(body); err != nil {
			b.Fatal(err)
		}
	}
}

func TestGroup(t *testing.T) {
	for name, tt := range map[string]struct {
		group Group
		text  string
	}{
		"asking for a token":      {Group{{"trId", "62000000001"}, {"tokenType", "01"}}, "{trId=62000000001&tokenType=01}"},
		"instalments":             {Group{{"numberOfInstallments", "06"}}, "{numberOfInstallments=06}"},
		"order is kept":           {Group{{"b", "1"}, {"a", "2"}}, "{b=1&a=2}"},
		"empty value":             {Group{{"token", ""}, {"trId", "1"}}, "{token=&trId=1}"},
		"equals sign, blanks":     {Group{{"track2Data", "ab+/=="}, {"x", " y "}}, "{track2Data=ab+/==&x= y }"},
		"& in square brackets":    {Group{{"a", "[x&y]"}, {"b", "1"}}, "{a=[x&y]&b=1}"},
		"braces at the end":       {Group{{"b", "1"}, {"a", "{x=1&y=2}"}}, "{b=1&a={x=1&y=2}}"},
		"brackets around nothing": {Group{{"a", "[]"}, {"b", "{}"}}, "{a=[]&b={}}"},
		"Chinese":                 {Group{{"commodityName", "订单"}}, "{commodityName=订单}"},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := tt.group.Encode()
			require.NoError(t, err)
			require.Equal(t, tt.text, text)
			require.Equal(t, text, tt.group.String())

			back, err := ParseGroup(text)
			require.NoError(t, err)
			require.Equal(t, tt.group, back)
			require.Empty(t, groupFaults(text))
			require.Empty(t, checkGroup("reserved", text))
		})
	}
}

// groupFaults are the fields that keep a request with such a group from being sent.
func groupFaults(group string) (fields []string) {
	var table spec.Table
	for _, f := range table.Check(&struct {
		Reserved string `json:"reserved" spec:"O ANS1..2048"`
	}{group}) {
		fields = append(fields, f.Field)
	}
	return fields
}

func TestGroupRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		group  Group
		fields []string
	}{
		"&":                       {Group{{"commodityName", "a&riskLevel=00"}}, []string{"commodityName"}},
		"brace open":              {Group{{"a", "{"}}, []string{"a"}},
		"brace closed":            {Group{{"a", "}"}}, []string{"a"}},
		"square open":             {Group{{"a", "[x"}}, []string{"a"}},
		"square closed":           {Group{{"a", "x]"}}, []string{"a"}},
		"braces before the end":   {Group{{"a", "{x}"}, {"b", "1"}}, []string{"a"}},
		"braces in square ones":   {Group{{"a", "[}&c=d]"}}, []string{"a"}},
		"name twice":              {Group{{"a", "1"}, {"a", "2"}}, []string{"a"}},
		"no name":                 {Group{{"", "1"}}, []string{"sub-field 1"}},
		"name that splits":        {Group{{"a&b", "1"}, {"c=d", "1"}}, []string{"sub-field 1", "sub-field 2"}},
		"every fault at once":     {Group{{"a", "&"}, {"b", "1"}, {"c", "}"}}, []string{"a", "c"}},
		"& behind nested bracket": {Group{{"a", "{x}&b"}}, []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			text, err := tt.group.Encode()
			require.Empty(t, text)
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			var invalid *cnpay.InvalidRequestError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields)
			require.Equal(t, []string{"reserved"}, groupFaults(tt.group.String()))
			require.Len(t, checkGroup("reserved", tt.group.String()), 1)
		})
	}
}

func TestParseGroup(t *testing.T) {
	// As in a notification of an opening.
	g, err := ParseGroup("{token=6235240000020837572&trId=62000000001&tokenLevel=40&tokenBegin=20171113151018&tokenEnd=20221112151018&tokenType=01}")
	require.NoError(t, err)
	require.Equal(t, "6235240000020837572", g.Get("token"))
	require.Equal(t, "01", g.Get("tokenType"))
	require.Empty(t, g.Get("none"))
	require.Equal(t, Group{{"a", "2"}, {"b", "1"}}, Group{{"b", "1"}, {"a", "2"}}.Sorted())

	for _, text := range []string{"", "{}"} {
		g, err := ParseGroup(text)
		require.NoError(t, err)
		require.Empty(t, g)
	}
	require.Equal(t, "{}", Group{}.String())
	for _, text := range []string{"a=b", "{a=b", "{a}", "{a=b&a=c}", "{{a=b}}", "{", "e2E9Yn0="} {
		_, err := ParseGroup(text)
		require.ErrorIs(t, err, cnpay.ErrMalformed, text)
	}
}

// What Encode lets pass is read back as it was, alone and in a message.
func FuzzGroup(f *testing.F) {
	f.Add("trId", "62000000001", "tokenType", "01")
	f.Add("a", "[x&y]", "b", "{c&d}")
	f.Add("a", "{x}", "b", "]")
	f.Fuzz(func(t *testing.T, name1, value1, name2, value2 string) {
		g := Group{{name1, value1}, {name2, value2}}
		text, err := g.Encode()
		if err != nil {
			require.Equal(t, []string{"reserved"}, groupFaults(g.String()))
			return
		}
		back, err := ParseGroup(text)
		require.NoError(t, err)
		require.Equal(t, g, back)

		pairs, err := parsePairs("reserved=" + text + "&version=5.1.0")
		require.NoError(t, err)
		require.Equal(t, []sign.Pair{{Name: "reserved", Value: text}, {Name: "version", Value: "5.1.0"}}, pairs)
	})
}
