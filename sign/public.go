package sign

import (
	"crypto"
	"crypto/x509"
	"fmt"
)

// ParsePublicKey reads one public key (公钥): in PEM, in DER, or in Base64 of
// it, in the forms that [ParseCertificates] reads. A damaged one is refused: a
// line whose "+" was lost, for example.
func ParsePublicKey(data []byte) (crypto.PublicKey, error) {
	blocks, err := unwrap(data)
	if err != nil {
		return nil, err
	}
	if len(blocks) != 1 {
		return nil, fmt.Errorf("sign: found %d PEM blocks, want one public key", len(blocks))
	}
	if key, err := x509.ParsePKIXPublicKey(blocks[0].Bytes); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(blocks[0].Bytes); err == nil {
		return key, nil
	}
	found := kind(blocks[0])
	if found == aPublicKey {
		found = "a damaged public key"
	}
	return nil, fmt.Errorf("sign: found %s, want a public key", found)
}

// NewPKCS1Verifier returns a verifier of RSA PKCS#1 v1.5 over the message
// itself (SHA256withRSA), which is hashed once, unlike [NewRSAVerifier]'s.
func NewPKCS1Verifier(key crypto.PublicKey, hash crypto.Hash) (*RSAVerifier, error) {
	v, err := NewRSAVerifier(key, hash)
	if err != nil {
		return nil, err
	}
	v.once = true
	return v, nil
}
