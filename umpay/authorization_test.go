package umpay

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

const (
	nonceHex     = "00112233445566778899aabbccddeeff"
	signatureHex = "a0183cafcb9ba4ad41c027d54053f0771183b8ade988df1fbd281ce34c06b1fb"
)

// TestSignAnswer: the signature is from openssl dgst -sha256 -hmac 'terminal-secret'.
func TestSignAnswer(t *testing.T) {
	mac, err := sign.NewHMACSHA256Hex("terminal-secret")
	require.NoError(t, err)
	signed, err := authorization{terminal: "N9000001", nonce: nonceHex}.
		sign(mac, "404", "/v1/commands/a", time.Unix(1700000000, 0), []byte("{}"))
	require.NoError(t, err)
	require.Equal(t, `CNPAY-HMAC-SHA256 terminal="N9000001",timestamp="1700000000",nonce="`+nonceHex+`",signature="`+signatureHex+`"`, signed)

	a, err := parseAuthorization(http.Header{"Authorization": {signed}})
	require.NoError(t, err)
	require.NoError(t, a.verify(mac, "404", "/v1/commands/a", []byte("{}")))
	require.Error(t, a.verify(mac, "200", "/v1/commands/a", []byte("{}")))
	require.Error(t, a.verify(mac, "404", "/v1/commands/b", []byte("{}")))
	require.Error(t, a.verify(mac, "404", "/v1/commands/a", nil))
}

func TestParseAuthorization(t *testing.T) {
	const good = `CNPAY-HMAC-SHA256 terminal="N9",timestamp="1700000000",nonce="` + nonceHex + `",signature="` + signatureHex + `"`
	want := authorization{"N9", "1700000000", nonceHex, signatureHex}
	for _, text := range []string{
		good,
		strings.ReplaceAll(good, ",", ", "),
		`CNPAY-HMAC-SHA256 signature="` + signatureHex + `",nonce="` + nonceHex + `",timestamp="1700000000",terminal="N9"`,
	} {
		a, err := parseAuthorization(http.Header{"Authorization": {text}})
		require.NoError(t, err, text)
		require.Equal(t, want, a)
	}
	replace := func(old, new string) string {
		require.Contains(t, good, old)
		return strings.Replace(good, old, new, 1)
	}
	for _, text := range []string{
		"", "CNPAY-HMAC-SHA256", "CNPAY-HMAC-SHA256 ", "Bearer x", "cnpay" + good[5:], " " + good, good + " ", good + ",", good + `,terminal="N9"`,
		good + `,x="1"`, good[:len(good)-1],
		replace(" ", "  "), replace(`"N9"`, `N9`), replace(`"N9"`, `""`), replace(`"N9"`, `"N 9"`), replace(`"N9"`, `"N9\"`), replace(`"N9"`, "\"N\n\""),
		replace(`"N9"`, `"`+strings.Repeat("N", 65)+`"`), replace(`"N9"`, `"`+strings.Repeat("N", 600)+`"`), replace(`"N9"`, `"中"`),
		replace(`terminal="N9",`, ``), replace(`terminal`, `Terminal`), replace(`timestamp="1700000000",`, ``),
		replace(`1700000000`, `-1700000000`), replace(`1700000000`, `+170000000`), replace(`1700000000`, `17e8`), replace(`1700000000`, ` 1700000000`),
		replace(`1700000000`, `1700000000000`), replace(`,nonce`, `;nonce`), replace(`,nonce`, `nonce`),
		replace(nonceHex, nonceHex[1:]), replace(nonceHex, nonceHex+"0"), replace(nonceHex, "g"+nonceHex[1:]),
		replace(signatureHex, signatureHex[1:]), replace(signatureHex, strings.ToUpper(signatureHex)), replace(signatureHex, signatureHex+"00"),
	} {
		_, err := parseAuthorization(http.Header{"Authorization": {text}})
		require.Error(t, err, text)
		require.NotContains(t, err.Error(), "N9")
	}
	_, err := parseAuthorization(http.Header{"Authorization": {good, good}})
	require.Error(t, err)
	_, err = parseAuthorization(nil)
	require.Error(t, err)
}

func TestFresh(t *testing.T) {
	a := authorization{timestamp: "1700000000"}
	for seconds, fresh := range map[int64]bool{-301: false, -300: true, 0: true, 300: true, 301: false, -1700000000: false, 1 << 40: false} {
		require.Equal(t, fresh, a.fresh(time.Unix(1700000000+seconds, 0)), seconds)
	}
	require.False(t, (&authorization{timestamp: "99999999999999999999"}).fresh(time.Unix(0, 0)))
}

func TestNonceMemory(t *testing.T) {
	now := time.Unix(1700000000, 0)
	var m nonceMemory
	require.Equal(t, nonceNew, m.use("a", "AB", now))
	require.Equal(t, nonceUsed, m.use("a", "ab", now))
	require.Equal(t, nonceNew, m.use("b", "ab", now))
	// It is remembered for as long as any timestamp that could have come with it is fresh.
	for _, later := range []time.Duration{1, 599, 600, 601, 1100, 1199} {
		require.Equal(t, nonceUsed, m.use("a", "ab", now.Add(later*time.Second)), later)
	}
	require.Equal(t, nonceNew, m.use("a", "ab", now.Add(2*time.Hour)))
	require.Len(t, m.newer, 1)
	require.Empty(t, m.older)
	// A clock that is put back keeps what is known.
	require.Equal(t, nonceUsed, m.use("a", "ab", now))
}

func TestNonceMemoryIsKeptForTenMinutes(t *testing.T) {
	for begun := range 1300 {
		for _, later := range []time.Duration{1, 300, 301, 450, 599, 600} {
			start := time.Unix(1700000000, 0)
			var m nonceMemory
			m.use("a", "first", start)
			used := start.Add(time.Duration(begun) * time.Second)
			require.Equal(t, nonceNew, m.use("a", "x", used))
			require.Equal(t, nonceUsed, m.use("a", "x", used.Add(later*time.Second)), "%d %d", begun, later)
		}
	}
}

func TestNonceMemoryIsBounded(t *testing.T) {
	now := time.Unix(1700000000, 0)
	var m nonceMemory
	refused := 0
	for range 3 * mostNonces {
		if m.use("a", randomHex(), now) == nonceTooMany {
			refused++
		}
	}
	require.Equal(t, 2*mostNonces, refused)
	require.Len(t, m.newer["a"], mostNonces)
	require.Equal(t, nonceNew, m.use("b", randomHex(), now), "one terminal does not shut out another")
	require.Equal(t, nonceNew, m.use("a", randomHex(), now.Add(10*time.Minute)))

	// A clock that was put back by years does not shut a terminal out for years.
	m = nonceMemory{}
	for range mostNonces {
		m.use("a", randomHex(), now.AddDate(5, 0, 0))
	}
	require.Equal(t, nonceTooMany, m.use("a", randomHex(), now))
	require.Equal(t, nonceNew, m.use("a", randomHex(), now.Add(10*time.Minute)))
}
