package sign

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// A Keyed signs and verifies with a secret that both sides know. What a
// Keyed verifies it could have signed itself: it proves a message genuine to
// the merchant and to nobody else. It is safe for concurrent use.
type Keyed struct {
	// mac closes over the secret, so no way of printing a Keyed shows it.
	mac    func(message []byte) []byte
	size   int
	base64 bool
}

var errNoSecret = errors.New("sign: empty secret")

// NewSHA256Keyed returns UnionPay's signMethod 11: the hexadecimal SHA-256 of
// message & "&" & hexadecimal SHA-256 of the secret (密钥).
func NewSHA256Keyed(secret string) (*Keyed, error) {
	return newDigestKeyed(secret, sha256.Size, func(data []byte) []byte {
		sum := sha256.Sum256(data)
		return sum[:]
	})
}

// NewSM3Keyed returns UnionPay's signMethod 12: as [NewSHA256Keyed] with SM3.
func NewSM3Keyed(secret string) (*Keyed, error) {
	return newDigestKeyed(secret, sha256.Size, func(data []byte) []byte {
		sum := SM3(data)
		return sum[:]
	})
}

// NewVerifySign returns Yuansfer's verifySign: as [NewSHA256Keyed] with MD5,
// the secret being the API token without the blanks around it.
func NewVerifySign(token string) (*Keyed, error) {
	return newDigestKeyed(strings.TrimSpace(token), md5.Size, func(data []byte) []byte {
		sum := md5.Sum(data)
		return sum[:]
	})
}

// newDigestKeyed hashes the secret now, once, and forgets it.
func newDigestKeyed(secret string, size int, sum func([]byte) []byte) (*Keyed, error) {
	if secret == "" {
		return nil, errNoSecret
	}
	return newSuffixKeyed("&"+hex.EncodeToString(sum([]byte(secret))), size, sum), nil
}

// NewSuffixMD5 returns the signature of UPAY (收钱吧): the hexadecimal MD5 of
// the body with the terminal's or vendor's key straight behind it.
func NewSuffixMD5(key string) (*Keyed, error) {
	if key == "" {
		return nil, errNoSecret
	}
	return newSuffixKeyed(key, md5.Size, func(data []byte) []byte {
		sum := md5.Sum(data)
		return sum[:]
	}), nil
}

func newSuffixKeyed(suffix string, size int, sum func([]byte) []byte) *Keyed {
	return &Keyed{
		mac: func(message []byte) []byte {
			text := make([]byte, 0, len(message)+len(suffix))
			return sum(append(append(text, message...), suffix...))
		},
		size: size,
	}
}

// NewHMACSHA256Hex returns HMAC-SHA-256 in lower-case hexadecimal, as the
// bridge to a UMPay terminal uses it.
func NewHMACSHA256Hex(secret string) (*Keyed, error) {
	return newHMAC(secret, false)
}

// NewHMACSHA256Base64 returns HMAC-SHA-256 in Base64, as ChinaUMS (银联商务)
// uses it.
func NewHMACSHA256Base64(secret string) (*Keyed, error) {
	return newHMAC(secret, true)
}

func newHMAC(secret string, base64 bool) (*Keyed, error) {
	if secret == "" {
		return nil, errNoSecret
	}
	key := []byte(secret)
	return &Keyed{
		mac: func(message []byte) []byte {
			mac := hmac.New(sha256.New, key)
			mac.Write(message)
			return mac.Sum(nil)
		},
		size:   sha256.Size,
		base64: base64,
	}, nil
}

// Sign returns the signature of message. Its error is nil for every Keyed
// that came out of a constructor.
func (k *Keyed) Sign(message []byte) (string, error) {
	if k == nil || k.mac == nil {
		return "", errNoSecret
	}
	if k.base64 {
		return base64.StdEncoding.EncodeToString(k.mac(message)), nil
	}
	return hex.EncodeToString(k.mac(message)), nil
}

// Verify reports whether signature is the one of message. Hexadecimal may
// come in either case, Base64 without its padding. The comparison takes the
// same time wherever the two differ.
func (k *Keyed) Verify(message []byte, signature string) error {
	if k == nil || k.mac == nil {
		return fmt.Errorf("%w: %w", ErrSignature, errNoSecret)
	}
	received, err := k.decode(signature)
	if err != nil {
		return err
	}
	if !hmac.Equal(received, k.mac(message)) {
		return ErrSignature
	}
	return nil
}

func (k *Keyed) decode(signature string) ([]byte, error) {
	if len(signature) > 2*k.size {
		return nil, fmt.Errorf("%w: %d characters are too many", ErrSignature, len(signature))
	}
	if k.base64 {
		return decodeBase64(make([]byte, len(signature)), signature)
	}
	received, err := hex.DecodeString(signature)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return received, nil
}
