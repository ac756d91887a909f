package sign

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"strings"
	"sync"
)

// A Keyed signs and verifies with a secret that both sides know. What a
// Keyed verifies it could have signed itself: it proves a message genuine to
// the merchant and to nobody else. It is safe for concurrent use.
type Keyed struct {
	rule rule
	// secret is a function so that no way of printing a Keyed shows it. Of
	// rules that end the text with the secret it returns that end.
	secret func() []byte
	size   int
	base64 bool
	macs   *sync.Pool // of hash.Hash, keyed: of an HMAC the key is half the work
}

type rule int

const (
	suffixSHA256 rule = iota + 1
	suffixSM3
	suffixMD5
	hmacSHA256
)

var errNoSecret = errors.New("sign: empty secret")

// NewSHA256Keyed returns UnionPay's signMethod 11: the hexadecimal SHA-256 of
// message & "&" & hexadecimal SHA-256 of the secret (密钥).
func NewSHA256Keyed(secret string) (*Keyed, error) {
	sum := sha256.Sum256([]byte(secret))
	return newKeyed(suffixSHA256, secret, "&"+hex.EncodeToString(sum[:]))
}

// NewSM3Keyed returns UnionPay's signMethod 12: as [NewSHA256Keyed] with SM3.
func NewSM3Keyed(secret string) (*Keyed, error) {
	sum := SM3([]byte(secret))
	return newKeyed(suffixSM3, secret, "&"+hex.EncodeToString(sum[:]))
}

// NewVerifySign returns Yuansfer's verifySign: as [NewSHA256Keyed] with MD5,
// the secret being the API token without the blanks around it.
func NewVerifySign(token string) (*Keyed, error) {
	token = strings.TrimSpace(token)
	sum := md5.Sum([]byte(token))
	return newKeyed(suffixMD5, token, "&"+hex.EncodeToString(sum[:]))
}

// NewSuffixSHA256 returns a signature of ChinaUMS's notifications (银联商务): the
// hexadecimal SHA-256 of the message with the communication key (通讯密钥)
// straight behind it. The older one is [NewSuffixMD5].
func NewSuffixSHA256(key string) (*Keyed, error) {
	return newKeyed(suffixSHA256, key, key)
}

// NewSuffixMD5 returns the signature of Upay (收钱吧): the hexadecimal MD5 of
// the body with the terminal's or vendor's key straight behind it.
func NewSuffixMD5(key string) (*Keyed, error) {
	return newKeyed(suffixMD5, key, key)
}

// newKeyed keeps of the secret only what the rule signs with.
func newKeyed(rule rule, secret, used string) (*Keyed, error) {
	if secret == "" {
		return nil, errNoSecret
	}
	key, size := []byte(used), sha256.Size
	if rule == suffixMD5 {
		size = md5.Size
	}
	return &Keyed{rule: rule, secret: func() []byte { return key }, size: size, macs: new(sync.Pool)}, nil
}

// sum appends the digest of message to dst. The digests are called by name,
// not through a variable, so that dst can stay on the caller's stack.
func (k *Keyed) sum(dst, message []byte) []byte {
	switch k.rule {
	case suffixSHA256:
		h := sha256.New()
		h.Write(message)
		h.Write(k.secret())
		return h.Sum(dst)
	case suffixSM3:
		sum := SM3(slices.Concat(message, k.secret()))
		return append(dst, sum[:]...)
	case suffixMD5:
		h := md5.New()
		h.Write(message)
		h.Write(k.secret())
		return h.Sum(dst)
	default:
		h, ok := k.macs.Get().(hash.Hash)
		if !ok {
			h = hmac.New(sha256.New, k.secret())
		}
		defer k.macs.Put(h)
		h.Reset()
		h.Write(message)
		return h.Sum(dst)
	}
}

// NewHMACSHA256Hex returns HMAC-SHA-256 in lower-case hexadecimal, as the
// bridge to a UMPay terminal uses it.
func NewHMACSHA256Hex(secret string) (*Keyed, error) {
	return newKeyed(hmacSHA256, secret, secret)
}

// NewHMACSHA256Base64 returns HMAC-SHA-256 in Base64, as ChinaUMS (银联商务)
// uses it.
func NewHMACSHA256Base64(secret string) (*Keyed, error) {
	k, err := newKeyed(hmacSHA256, secret, secret)
	if err != nil {
		return nil, err
	}
	k.base64 = true
	return k, nil
}

// Sign returns the signature of message. Its error is nil for every Keyed
// that came out of a constructor.
func (k *Keyed) Sign(message []byte) (string, error) {
	if k == nil || k.secret == nil {
		return "", errNoSecret
	}
	var digest [sha256.Size]byte
	var text [2 * sha256.Size]byte
	sum := k.sum(digest[:0], message)
	if k.base64 {
		return string(base64.StdEncoding.AppendEncode(text[:0], sum)), nil
	}
	return string(hex.AppendEncode(text[:0], sum)), nil
}

// Verify reports whether signature is the one of message. Hexadecimal may
// come in either case, Base64 without its padding. The comparison takes the
// same time wherever the two differ.
func (k *Keyed) Verify(message []byte, signature string) error {
	if k == nil || k.secret == nil {
		return fmt.Errorf("%w: %w", ErrSignature, errNoSecret)
	}
	received, err := k.decode(signature)
	if err != nil {
		return err
	}
	var digest [sha256.Size]byte
	if !hmac.Equal(received, k.sum(digest[:0], message)) {
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
