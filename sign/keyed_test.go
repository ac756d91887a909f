package sign_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

func constructors() map[string]func(string) (*sign.Keyed, error) {
	return map[string]func(string) (*sign.Keyed, error){
		"SHA256Keyed":      sign.NewSHA256Keyed,
		"SM3Keyed":         sign.NewSM3Keyed,
		"VerifySign":       sign.NewVerifySign,
		"SuffixMD5":        sign.NewSuffixMD5,
		"HMACSHA256Hex":    sign.NewHMACSHA256Hex,
		"HMACSHA256Base64": sign.NewHMACSHA256Base64,
	}
}

func TestKeyed(t *testing.T) {
	message := []byte(benchText)
	for name, construct := range constructors() {
		t.Run(name, func(t *testing.T) {
			_, err := construct("")
			require.ErrorContains(t, err, "empty secret")

			k, err := construct("88888888")
			require.NoError(t, err)
			good, err := k.Sign(message)
			require.NoError(t, err)
			if isHex(good) {
				require.NoError(t, k.Verify(message, strings.ToUpper(good)))
			} else {
				require.NoError(t, k.Verify(message, strings.TrimRight(good, "=")))
				require.ErrorIs(t, k.Verify(message, strings.ToUpper(good)), sign.ErrSignature)
			}

			another, err := construct("88888889")
			require.NoError(t, err)
			require.ErrorIs(t, another.Verify(message, good), sign.ErrSignature)

			for name, bad := range map[string]string{
				"empty":      "",
				"half":       good[:len(good)/2],
				"odd":        good[:len(good)-1] + "",
				"longer":     good + "00",
				"blank":      " " + good,
				"line break": good + "\n",
				"inside":     good[:4] + "\r\n" + good[4:],
				"huge":       strings.Repeat("0", 1<<20),
				"not ASCII":  strings.Repeat("中", 11),
			} {
				if name == "odd" && !isHex(good) {
					continue // only the padding is gone
				}
				require.ErrorIs(t, k.Verify(message, bad), sign.ErrSignature, name)
			}
		})
	}
}

func TestVerifySignTrimsToken(t *testing.T) {
	_, err := sign.NewVerifySign(" \n")
	require.ErrorContains(t, err, "empty secret")
	plain, err := sign.NewVerifySign("5cbfb079f15b150122261c8537086d77a")
	require.NoError(t, err)
	blank, err := sign.NewVerifySign(" 5cbfb079f15b150122261c8537086d77a\n")
	require.NoError(t, err)
	a, err := plain.Sign([]byte("a=b"))
	require.NoError(t, err)
	b, err := blank.Sign([]byte("a=b"))
	require.NoError(t, err)
	require.Equal(t, a, b)
}

// A signature by one rule is worth nothing under another.
func TestKeyedRulesDiffer(t *testing.T) {
	message := []byte(benchText)
	for name, construct := range constructors() {
		k, err := construct("88888888")
		require.NoError(t, err)
		signature, err := k.Sign(message)
		require.NoError(t, err)
		for other, construct := range constructors() {
			if other == name {
				continue
			}
			k, err := construct("88888888")
			require.NoError(t, err)
			require.ErrorIs(t, k.Verify(message, signature), sign.ErrSignature, "%s under %s", name, other)
		}
	}
}

func TestSignLeavesMessageAlone(t *testing.T) {
	backing := []byte("body" + "AFTER THE BODY, LONG ENOUGH FOR EVERY SUFFIX THERE IS, AND THEN SOME MORE TO BE SURE")
	for name, construct := range constructors() {
		k, err := construct("88888888")
		require.NoError(t, err)
		_, err = k.Sign(backing[:4])
		require.NoError(t, err)
		require.True(t, strings.HasPrefix(string(backing), "bodyAFTER"), name)
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	const secret = "PrinteD-nowhere"
	digest := sign.SHA256Hex([]byte(secret))
	for name, construct := range constructors() {
		k, err := construct(secret)
		require.NoError(t, err)
		for _, format := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
			for _, value := range []any{k, *k} {
				text := fmt.Sprintf(format, value)
				for _, part := range []string{secret, fmt.Sprintf("%x", secret), digest, "80 114 105 110"} {
					require.NotContains(t, text, part, name)
				}
			}
		}
	}
	text, err := json.Marshal(&sign.Identity{Key: keys().leaf})
	require.NoError(t, err)
	require.NotContains(t, string(text), keys().leaf.D.String())
	require.NotContains(t, string(text), "Primes")
}
