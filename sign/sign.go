// Package sign holds the signatures of the payment providers and the key
// material (证书, 密钥) behind them. It knows no provider: a provider package
// puts the text to sign together and chooses the rule.
//
// A merchant who uses the provider packages needs what reads the files of keys
// and certificates for their configuration: [LoadIdentity] (or [LoadPFX]),
// [LoadKey], [LoadPublicKey] and [ParseCertificates].
// The rest is for those who sign or verify such messages without the clients:
// in a gateway, in a bridge, in a check of stored messages, for another
// provider with one of these rules.
//
// A verifier answers with an error and nothing else, so a forgotten result
// cannot be read as consent: only a nil error means that the message is genuine.
package sign

import "errors"

var (
	// ErrSignature is wrapped by every error that says a message is not
	// proven genuine by its signature (验签失败).
	ErrSignature = errors.New("sign: signature does not verify")

	// ErrCertificate is wrapped by every error that says a certificate is
	// not to be trusted.
	ErrCertificate = errors.New("sign: certificate not trusted")

	// ErrDuplicate is wrapped when a name occurs twice in a list to sign:
	// signer and verifier could each mean another of the two values.
	ErrDuplicate = errors.New("sign: duplicate name")
)

// A Signer signs (加签) a message, returning the signature as the text that
// goes into the request.
type Signer interface {
	Sign(message []byte) (string, error)
}

// A Verifier checks (验签) the signature, as received, of a message.
// It returns nil if and only if the signature belongs to the message; any
// other error wraps [ErrSignature].
type Verifier interface {
	Verify(message []byte, signature string) error
}
