package sign

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
)

// The smallest moduli that are taken for a key: smaller ones are within reach
// of a forger. UMPay (联动优势) issues keys of 1024 bits and has no others.
const (
	minRSABits   = 2048
	minPlainBits = 1024
)

// An RSASigner signs with RSA PKCS#1 v1.5: one of [NewRSASigner] over the
// lower-case hexadecimal digest of the message, which is hashed once more on
// the way, as UnionPay (银联) does it, and one of [NewPlainRSASigner] over the
// message itself. It is safe for concurrent use if its key is.
type RSASigner struct {
	key   crypto.Signer
	hash  crypto.Hash
	plain bool
}

// NewRSASigner returns a signer for an RSA key of at least 2048 bits and
// [crypto.SHA256] (version 5.1.0) or [crypto.SHA1] (version 5.0.0). The key
// may live elsewhere, in an HSM say: only its [crypto.Signer] side is used.
func NewRSASigner(key crypto.Signer, hash crypto.Hash) (*RSASigner, error) {
	return newRSASigner(key, hash, minRSABits)
}

// NewPlainRSASigner returns a signer over messages themselves (SHA1withRSA,
// SHA256withRSA), as UMPay (联动优势) has it, whose keys have 1024 bits: that is
// the least that is taken. The key may live elsewhere.
func NewPlainRSASigner(key crypto.Signer, hash crypto.Hash) (*RSASigner, error) {
	s, err := newRSASigner(key, hash, minPlainBits)
	if err == nil {
		s.plain = true
	}
	return s, err
}

func newRSASigner(key crypto.Signer, hash crypto.Hash, bits int) (*RSASigner, error) {
	if key == nil {
		return nil, errors.New("sign: no private key")
	}
	if private, ok := key.(*rsa.PrivateKey); ok {
		if private == nil {
			return nil, errors.New("sign: no private key")
		}
		if err := private.Validate(); err != nil {
			return nil, fmt.Errorf("sign: private key: %w", err)
		}
	}
	if _, err := rsaKey(key.Public(), bits); err != nil {
		return nil, fmt.Errorf("sign: private key: %w", err)
	}
	if err := checkHash(hash); err != nil {
		return nil, err
	}
	return &RSASigner{key: key, hash: hash}, nil
}

// Sign returns the signature of message in Base64.
func (s *RSASigner) Sign(message []byte) (string, error) {
	if s == nil || s.key == nil {
		return "", errors.New("sign: no private key")
	}
	var digest digest
	signature, err := s.key.Sign(rand.Reader, digest.signed(s.hash, message, s.plain), s.hash)
	if err != nil {
		return "", fmt.Errorf("sign: RSA: %w", err)
	}
	return base64.StdEncoding.EncodeToString(signature), nil
}

// An RSAVerifier checks the signatures an [RSASigner] makes. It is safe for
// concurrent use.
type RSAVerifier struct {
	key   *rsa.PublicKey
	hash  crypto.Hash
	plain bool

	certificate *x509.Certificate // nil outside a Trust
}

// NewRSAVerifier returns a verifier for an RSA public key of at least 2048
// bits. It says nothing about the owner of the key: one that arrives in
// a message must have passed a [Trust].
func NewRSAVerifier(key crypto.PublicKey, hash crypto.Hash) (*RSAVerifier, error) {
	return newRSAVerifier(key, hash, minRSABits)
}

// NewPlainRSAVerifier returns a verifier of what a [NewPlainRSASigner] signs.
func NewPlainRSAVerifier(key crypto.PublicKey, hash crypto.Hash) (*RSAVerifier, error) {
	v, err := newRSAVerifier(key, hash, minPlainBits)
	if err == nil {
		v.plain = true
	}
	return v, err
}

func newRSAVerifier(key crypto.PublicKey, hash crypto.Hash, bits int) (*RSAVerifier, error) {
	public, err := rsaKey(key, bits)
	if err != nil {
		return nil, fmt.Errorf("sign: public key: %w", err)
	}
	if err := checkHash(hash); err != nil {
		return nil, err
	}
	return &RSAVerifier{key: public, hash: hash}, nil
}

// Verify reports whether signature, in Base64 with or without its padding,
// was made over message with the private half of the key.
func (v *RSAVerifier) Verify(message []byte, signature string) error {
	if v == nil || v.key == nil {
		return fmt.Errorf("%w: no public key", ErrSignature)
	}
	size := v.key.Size()
	if len(signature) > base64.StdEncoding.EncodedLen(size) {
		return fmt.Errorf("%w: %d characters are too many for a key of %d bits", ErrSignature, len(signature), 8*size)
	}
	raw, err := decodeBase64(make([]byte, len(signature)), signature)
	if err != nil {
		return err
	}
	var digest digest
	if err := rsa.VerifyPKCS1v15(v.key, v.hash, digest.signed(v.hash, message, v.plain), raw); err != nil {
		return fmt.Errorf("%w: %w", ErrSignature, err)
	}
	return nil
}

// Certificate returns the certificate whose key it is: of the verifiers of a
// [Trust]; of others nil.
func (v *RSAVerifier) Certificate() *x509.Certificate { return v.certificate }

// rsaKey says what it found in place of a usable RSA public key.
func rsaKey(key crypto.PublicKey, bits int) (*rsa.PublicKey, error) {
	public, ok := key.(*rsa.PublicKey)
	switch {
	case !ok:
		return nil, fmt.Errorf("found %T, want RSA", key)
	case public == nil || public.N == nil:
		return nil, errors.New("empty RSA key")
	case public.N.Sign() <= 0 || public.N.Bit(0) == 0 || public.E < 3 || public.E%2 == 0:
		return nil, errors.New("malformed RSA key")
	case public.N.BitLen() < bits:
		return nil, fmt.Errorf("RSA key of %d bits, want %d or more", public.N.BitLen(), bits)
	}
	return public, nil
}

func checkHash(hash crypto.Hash) error {
	if hash != crypto.SHA1 && hash != crypto.SHA256 {
		return fmt.Errorf("sign: hash %v, want SHA-1 or SHA-256", hash)
	}
	return nil
}

// A digest has room for the largest digest used.
type digest [sha256.Size]byte

// of returns hash(message).
func (d *digest) of(hash crypto.Hash, message []byte) []byte {
	if hash == crypto.SHA1 {
		sum := sha1.Sum(message)
		return append(d[:0], sum[:]...)
	}
	*d = sha256.Sum256(message)
	return d[:]
}

// ofHex returns hash(lowerhex(hash(message))).
func (d *digest) ofHex(hash crypto.Hash, message []byte) []byte {
	var text [2 * sha256.Size]byte
	n := hex.Encode(text[:], d.of(hash, message))
	return d.of(hash, text[:n])
}

// signed is what is signed of a message.
func (d *digest) signed(hash crypto.Hash, message []byte, plain bool) []byte {
	if plain {
		return d.of(hash, message)
	}
	return d.ofHex(hash, message)
}
