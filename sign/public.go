package sign

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
)

// LoadKey reads a private key that comes without a certificate, in PEM, DER or
// Base64 of it, PKCS#8 or PKCS#1: the content decides, because providers' files
// have the name of the other form. The key must not be encrypted.
func LoadKey(data []byte) (crypto.Signer, error) {
	block, err := only(data)
	if err != nil {
		return nil, err
	}
	if certificateBlock(block) && describe(block.Bytes) != aKey {
		return nil, fmt.Errorf("sign: found %s, want a private key", kind(block))
	}
	key, err := parseKey(block)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("sign: found a private key of type %T, which cannot sign", key)
	}
	return signer, nil
}

// LoadPublicKey reads an RSA public key, or takes it out of a certificate, in
// PEM, DER or Base64 of it. Nothing else in the certificate is looked at, not
// even whether it is well formed: UMPay's (cert_2d59) has a subject in GBK that
// crypto/x509 refuses, and ended years ago. So the file itself must come from
// the provider; it says nothing about the owner of the key.
func LoadPublicKey(data []byte) (*rsa.PublicKey, error) {
	block, err := only(data)
	if err != nil {
		return nil, err
	}
	if describe(block.Bytes) == aKey {
		return nil, errors.New("sign: found a private key, want the provider's certificate or public key")
	}
	if key, err := x509.ParsePKCS1PublicKey(block.Bytes); err == nil {
		return key, nil
	}
	der := block.Bytes
	if inside, ok := publicKeyOf(der); ok {
		der = inside
	}
	key, err := x509.ParsePKIXPublicKey(der)
	if err != nil {
		found := kind(block)
		if found == aPublicKey {
			found = "a damaged public key"
		}
		return nil, fmt.Errorf("sign: found %s, want a certificate or a public key", found)
	}
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("sign: found a public key of type %T, want RSA", key)
	}
	return public, nil
}

func only(data []byte) (*pem.Block, error) {
	blocks, err := unwrap(data)
	switch {
	case err != nil:
		return nil, err
	case len(blocks) != 1:
		return nil, fmt.Errorf("sign: found %d blocks of PEM, want one", len(blocks))
	}
	return blocks[0], nil
}

// publicKeyOf returns the SubjectPublicKeyInfo of a certificate in DER, of which
// it reads the outline and nothing else.
func publicKeyOf(der []byte) ([]byte, bool) {
	var certificate struct {
		Signed    asn1.RawValue
		Algorithm asn1.RawValue
		Signature asn1.BitString
	}
	var signed struct {
		Version asn1.RawValue `asn1:"optional,explicit,tag:0"`
		Serial  asn1.RawValue
		Algorithm,
		Issuer,
		Validity,
		Subject,
		PublicKey asn1.RawValue
	}
	if rest, err := asn1.Unmarshal(der, &certificate); err != nil || len(rest) != 0 {
		return nil, false
	}
	if _, err := asn1.Unmarshal(certificate.Signed.FullBytes, &signed); err != nil {
		return nil, false
	}
	return signed.PublicKey.FullBytes, true
}

// AnyOf verifies what one of several verifiers does: a provider's key and the
// one that takes its place. Without any it verifies nothing.
func AnyOf(verifiers ...Verifier) Verifier { return anyOf(verifiers) }

type anyOf []Verifier

func (all anyOf) Verify(message []byte, signature string) error {
	err := fmt.Errorf("%w: no key", ErrSignature)
	for _, v := range all {
		if err = v.Verify(message, signature); err == nil {
			return nil
		}
	}
	return err
}
