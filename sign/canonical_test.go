package sign_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

func TestCanonical(t *testing.T) {
	for _, test := range []struct {
		name  string
		pairs []sign.Pair
		want  string
	}{
		{"nothing", nil, ""},
		{"one", []sign.Pair{{"a", "1"}}, "a=1"},
		{"empty value", []sign.Pair{{"a", ""}, {"b", ""}}, "a=&b="},
		{"raw values", []sign.Pair{{"b", "x&c=d"}, {"a", "{p=1&q=2}"}}, "a={p=1&q=2}&b=x&c=d"},
		// UnionPay book d.1: certId < certType, origQryId < origRespCode.
		{"UnionPay", []sign.Pair{{"origRespCode", "4"}, {"certType", "2"}, {"origQryId", "3"}, {"certId", "1"}},
			"certId=1&certType=2&origQryId=3&origRespCode=4"},
		// Yuansfer book d.1: byte order, not the culture's.
		{"upper case first", []sign.Pair{{"merchantNo", "2"}, {"merGroupNo", "1"}}, "merGroupNo=1&merchantNo=2"},
		{"prefix first", []sign.Pair{{"ab", "2"}, {"a", "1"}, {"a-", "3"}}, "a=1&a-=3&ab=2"},
		{"Chinese", []sign.Pair{{"b", "司机支付"}, {"a", "\xb6\xa9"}}, "a=\xb6\xa9&b=司机支付"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := slices.Clone(test.pairs)
			got, err := sign.Canonical(test.pairs)
			require.NoError(t, err)
			require.Equal(t, test.want, string(got))
			require.Equal(t, before, test.pairs, "the caller's pairs moved")
			got, err = sign.AppendCanonical([]byte("head:"), test.pairs)
			require.NoError(t, err)
			require.Equal(t, "head:"+test.want, string(got))
		})
	}
}

func TestCanonicalDuplicate(t *testing.T) {
	for _, pairs := range [][]sign.Pair{
		{{"a", "1"}, {"a", "1"}},
		{{"a", "1"}, {"b", "2"}, {"a", "3"}},
		{{"", ""}, {"", ""}},
	} {
		got, err := sign.AppendCanonical([]byte("head:"), pairs)
		require.ErrorIs(t, err, sign.ErrDuplicate)
		require.Equal(t, "head:", string(got))
	}
}

func TestCanonicalAllocations(t *testing.T) {
	pairs := []sign.Pair{{"a", "1"}, {"b", "2"}}
	buf := make([]byte, 0, 64)
	require.Zero(t, testing.AllocsPerRun(10, func() { _, _ = sign.AppendCanonical(buf, pairs) }))
}
