package credential_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/credential"
)

var invisible = map[string]string{
	" ": "a blank (U+0020)", "\t": "a tab (U+0009)", "\n": "a line feed (U+000A)", "\r": "a carriage return (U+000D)",
	"\x00": "a NUL (U+0000)", "\u00a0": "a no-break space (U+00A0)", "\u200b": "a zero-width space (U+200B)",
	"\u200c": "a zero-width non-joiner (U+200C)", "\u200d": "a zero-width joiner (U+200D)", "\u2060": "a word joiner (U+2060)",
	"\u3000": "an ideographic space (U+3000)", "\ufeff": "a byte order mark (U+FEFF)",
	"\u200e": "an invisible character (U+200E)", "\x1b": "an invisible character (U+001B)",
}

func TestAroundAndInside(t *testing.T) {
	for character, says := range invisible {
		for _, value := range []string{"abcdef" + character, character + "abcdef", character + character + "abcdef\r\n" + character} {
			got, err := credential.Required("key", value)
			require.NoError(t, err, "%q", value)
			require.Equal(t, "abcdef", got)
		}
		for _, check := range []func(name, value string) (string, error){credential.Required, credential.Optional} {
			got, err := check("terminal key", " 密bcd"+character+"ef")
			require.EqualError(t, err, "terminal key holds "+says+" at character 5")
			require.Empty(t, got)
		}
		_, err := credential.Required("key", character)
		require.EqualError(t, err, "key is required")
		got, err := credential.Optional("key", character)
		require.NoError(t, err)
		require.Empty(t, got)
	}
	_, err := credential.Required("key", "\r\n\u200ba\nb c\td\n")
	require.EqualError(t, err, "key holds a line feed (U+000A) at character 2 and 2 more like it")
}

func TestRequired(t *testing.T) {
	_, err := credential.Required("merId", "")
	require.EqualError(t, err, "merId is required")
	for _, value := range []string{"\xff\xfea\x00b\x00", "\xfe\xff\x00a\x00b"} {
		_, err := credential.Required("key", value)
		require.EqualError(t, err, "key is a UTF-16 text, want UTF-8")
	}
	// What can be seen is for the provider's own rule to judge.
	for _, value := range []string{"a", "密钥", "\xe9\x01"[:1], `a"b`} {
		got, err := credential.Optional("key", value)
		require.NoError(t, err)
		require.Equal(t, value, got)
	}
}
