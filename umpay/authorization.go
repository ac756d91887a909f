package umpay

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay/sign"
)

const (
	scheme = "CNPAY-HMAC-SHA256"
	// window is how far apart the two clocks may be.
	window = 300 * time.Second
	// longestHeader is more than four parameters of the greatest length need.
	longestHeader = 512
)

// authorization is the Authorization header of a request or an answer.
type authorization struct {
	terminal, timestamp, nonce, signature string
}

// sign returns the header of a message. Its subject is the method of a request and the status of an answer.
func (a authorization) sign(mac *sign.Keyed, subject, path string, now time.Time, body []byte) (string, error) {
	a.timestamp = strconv.FormatInt(now.Unix(), 10)
	signature, err := mac.Sign(a.text(subject, path, body))
	if err != nil {
		return "", err
	}
	return scheme + ` terminal="` + a.terminal + `",timestamp="` + a.timestamp + `",nonce="` + a.nonce + `",signature="` + signature + `"`, nil
}

// parseAuthorization reads the one Authorization header: the four parameters, each once, in any order, and nothing
// else. Its errors name what is wrong without repeating what came.
func parseAuthorization(h http.Header) (authorization, error) {
	var a authorization
	values := h["Authorization"]
	if len(values) != 1 {
		return a, fmt.Errorf("want one Authorization header, found %d", len(values))
	}
	rest, ok := strings.CutPrefix(values[0], scheme+" ")
	if !ok || len(rest) > longestHeader {
		return a, errors.New("the Authorization header is not of the scheme " + scheme)
	}
	for more := true; more; {
		name, after, ok := strings.Cut(rest, `="`)
		if !ok {
			return a, errors.New("the Authorization header cannot be read")
		}
		value, after, ok := strings.Cut(after, `"`)
		field := a.parameter(name)
		if !ok || field == nil || *field != "" || value == "" {
			return a, errors.New("the Authorization header has a parameter that is unknown, empty, cut off or duplicated")
		}
		*field = value
		if more = after != ""; more {
			if rest, ok = strings.CutPrefix(after, ","); !ok {
				return a, errors.New("the Authorization header cannot be read")
			}
			rest = strings.TrimLeft(rest, " ")
		}
	}
	switch {
	case !validTerminal(a.terminal):
		return a, errors.New("the Authorization header has no terminal")
	case !matches(a.timestamp, 1, 12, "0123456789"):
		return a, errors.New("the Authorization header has no timestamp in seconds")
	case !validNonce(a.nonce):
		return a, errors.New("the Authorization header has no nonce of 32 hexadecimal digits")
	case !matches(a.signature, 64, 64, "0123456789abcdef"):
		return a, errors.New("the Authorization header has no signature of 64 lower-case hexadecimal digits")
	}
	return a, nil
}

func (a *authorization) parameter(name string) *string {
	switch name {
	case "terminal":
		return &a.terminal
	case "timestamp":
		return &a.timestamp
	case "nonce":
		return &a.nonce
	case "signature":
		return &a.signature
	}
	return nil
}

// text is what is signed. It does not contain the terminal, because no other terminal has the secret.
func (a *authorization) text(subject, path string, body []byte) []byte {
	return []byte(subject + "\n" + path + "\n" + a.timestamp + "\n" + a.nonce + "\n" + sign.SHA256Hex(body))
}

func (a *authorization) verify(by sign.Verifier, subject, path string, body []byte) error {
	return by.Verify(a.text(subject, path, body), a.signature)
}

// fresh reports whether the timestamp lies within the window.
func (a *authorization) fresh(now time.Time) bool {
	seconds, err := strconv.ParseInt(a.timestamp, 10, 64)
	if err != nil {
		return false
	}
	return now.Sub(time.Unix(seconds, 0)).Abs() <= window
}

// newNonce is random, or the one of cnpay.WithNonce.
func newNonce(custom func() string) (string, error) {
	if custom == nil {
		return randomHex(), nil
	}
	nonce := custom()
	if !validNonce(nonce) {
		return "", errors.New("the nonce of cnpay.WithNonce is not 32 hexadecimal digits")
	}
	return nonce, nil
}

func validNonce(s string) bool { return matches(s, 32, 32, "0123456789abcdefABCDEF") }

// validTerminal reports whether s can be quoted in a header.
func validTerminal(s string) bool {
	return len(s) >= 1 && len(s) <= 64 &&
		!strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' })
}

func matches(s string, shortest, longest int, alphabet string) bool {
	return len(s) >= shortest && len(s) <= longest &&
		!strings.ContainsFunc(s, func(r rune) bool { return !strings.ContainsRune(alphabet, r) })
}

func randomHex() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
