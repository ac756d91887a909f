package sign

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/tjfoc/gmsm/sm3"
)

// SM3 returns the SM3 digest (国密 SM3 杂凑, GB/T 32905) of data.
//
// It is the one door to the SM3 implementation, whose hash.Hash side breaks
// its contract: Sum(prefix) hashes the prefix (tjfoc/gmsm#185).
func SM3(data []byte) [32]byte {
	return [32]byte(sm3.Sm3Sum(data))
}

// SHA256Hex returns the SHA-256 digest of data in lower-case hexadecimal, the
// form in which several providers put a body into the text to sign.
func SHA256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// decodeBase64 decodes standard Base64 on one line into dst, which must have
// room for len(text) bytes. The padding may be missing, as UnionPay sometimes
// sends it; line breaks, blanks and loose trailing bits may not occur.
func decodeBase64(dst []byte, text string) ([]byte, error) {
	if strings.ContainsAny(text, "\r\n") { // encoding/base64 would skip them
		return nil, fmt.Errorf("%w: line break in Base64", ErrSignature)
	}
	text = strings.TrimSuffix(strings.TrimSuffix(text, "="), "=")
	n, err := base64.RawStdEncoding.Strict().Decode(dst, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return dst[:n], nil
}
