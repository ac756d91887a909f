package sign

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLengthDER(t *testing.T) {
	for text, want := range map[string]int64{
		"0\x00": 2, "0\x01": 3, "0\x7f": 129, "0\x81\x80": 131, "0\x81\xff": 258, "0\x82\x01\x00": 260, "0\x83\x01\x00\x02": 65543,
		"0\x84\xff\x00\x00\x00": 4278190086,
		"":                      -1, "0": -1, "0\x80": -1, "0\x81": -1, "0\x82\x01": -1, "0\x85\x01\x00\x00\x00\x00": -1, "1\x00": -1, "\x04\x00": -1,
	} {
		n, ok := lengthDER([]byte(text))
		require.Equal(t, want >= 0, ok, "%q", text)
		if ok {
			require.Equal(t, want, n, "%q", text)
		}
	}
}
