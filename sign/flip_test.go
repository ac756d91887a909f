package sign_test

import (
	"bytes"
	"crypto"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// flipEveryByte requires that a verifier takes the message with its signature
// and refuses both with any one byte changed. Hexadecimal in the other case is
// no change.
func flipEveryByte(t *testing.T, v sign.Verifier, message []byte, signature string) {
	t.Helper()
	require.NoError(t, v.Verify(message, signature))
	for _, mask := range []byte{0x01, 0x02, 0x10, 0x20, 0x80, 0xff} {
		for i := range message {
			bad := bytes.Clone(message)
			bad[i] ^= mask
			require.ErrorIs(t, v.Verify(bad, signature), sign.ErrSignature, "message byte %d, mask %#x", i, mask)
		}
		for i := range len(signature) {
			bad := []byte(signature)
			bad[i] ^= mask
			if _, keyed := v.(*sign.Keyed); keyed && bytes.EqualFold(bad, []byte(signature)) && isHex(signature) {
				continue
			}
			require.ErrorIs(t, v.Verify(message, string(bad)), sign.ErrSignature, "signature byte %d, mask %#x", i, mask)
		}
	}
}

func isHex(s string) bool {
	for _, r := range s {
		if (r < '0' || r > '9') && (r < 'a' || r > 'f') {
			return false
		}
	}
	return true
}

func TestFlipEveryByteRSA(t *testing.T) {
	for _, hash := range []crypto.Hash{crypto.SHA1, crypto.SHA256} {
		t.Run(hash.String(), func(t *testing.T) {
			signer, err := sign.NewRSASigner(keys().leaf, hash)
			require.NoError(t, err)
			verifier, err := sign.NewRSAVerifier(keys().leaf.Public(), hash)
			require.NoError(t, err)
			signature, err := signer.Sign([]byte(benchText))
			require.NoError(t, err)
			flipEveryByte(t, verifier, []byte(benchText), signature)
			flipEveryByte(t, verifier, []byte(benchText), signature[:len(signature)-2])
		})
	}
}

func TestFlipEveryByteKeyed(t *testing.T) {
	for name, construct := range constructors() {
		t.Run(name, func(t *testing.T) {
			keyed, err := construct("88888888")
			require.NoError(t, err)
			signature, err := keyed.Sign([]byte(benchText))
			require.NoError(t, err)
			flipEveryByte(t, keyed, []byte(benchText), signature)
		})
	}
}
