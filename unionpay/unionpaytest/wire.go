package unionpaytest

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/tjfoc/gmsm/sm3"
	"golang.org/x/text/encoding/simplifiedchinese"

	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// fields is a message: values in UTF-8, whatever its character set.
type fields map[string]string

// serve answers one request of a back-end as UnionPay does.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		return
	}
	raw, request, ok := read(body)
	op, known := s.operationOf(request, r.URL.Path)
	fault := s.Receive(cmp.Or(op.ID, "unknown"))
	s.Serve(w, r, fault, func() testgateway.Answer {
		text := "Invalid request."
		switch {
		case !ok || request["txnType"] == "" || request["txnSubType"] == "" || request["version"] != "5.1.0" ||
			request["signMethod"] == "" || request["signature"] == "" || fault == InvalidRequest:
		case !known:
			text = "Invalid request URI."
		default:
			text = s.answer(raw, request, op, fault)
		}
		return testgateway.Answer{Status: http.StatusOK, ContentType: "text/html;charset=" + request["encoding"], Body: []byte(text)}
	})
}

// read decodes a form. raw has the values as bytes, which is what signatures are over.
func read(body []byte) (raw, request fields, ok bool) {
	form, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, nil, false
	}
	raw, request = fields{}, fields{}
	for name, values := range form {
		if len(values) != 1 {
			return nil, nil, false
		}
		raw[name], request[name] = values[0], values[0]
	}
	if strings.EqualFold(request["encoding"], "GBK") {
		for name, value := range raw {
			if request[name], err = simplifiedchinese.GBK.NewDecoder().String(value); err != nil {
				return nil, nil, false
			}
		}
	}
	return raw, request, true
}

// genuine reports whether the merchant signed the request.
func (s *Server) genuine(raw fields) bool {
	text := toSign(raw)
	switch raw["signMethod"] {
	case "01":
		signature, err := base64.StdEncoding.DecodeString(raw["signature"])
		sum := sha256.Sum256([]byte(hexSHA256(text)))
		return err == nil && raw["certId"] == s.keys.merchant.SerialNumber.String() &&
			rsa.VerifyPKCS1v15(&s.keys.merchantKey.PublicKey, crypto.SHA256, sum[:], signature) == nil
	case "11", "12":
		return raw["certId"] == "" && strings.EqualFold(raw["signature"], s.keyed(raw["signMethod"], text))
	}
	return false
}

func toSign(message fields) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(message)) {
		if name != "signature" {
			parts = append(parts, name+"="+message[name])
		}
	}
	return strings.Join(parts, "&")
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func (s *Server) keyed(method, text string) string {
	digest := hexSHA256
	if method == "12" {
		digest = func(text string) string { return hex.EncodeToString(sm3.Sm3Sum([]byte(text))) }
	}
	return digest(text + "&" + digest(s.secureKey.Reveal()))
}

// sign signs a message, which then holds bytes in its character set, or breaks what a fault is about.
func (s *Server) sign(message fields, fault cnpaytest.Fault) {
	if strings.EqualFold(message["encoding"], "GBK") {
		for name, value := range message {
			if encoded, err := simplifiedchinese.GBK.NewEncoder().String(value); err == nil {
				message[name] = encoded
			}
		}
	}
	delete(message, "signature")
	if fault == cnpaytest.Unsigned || fault == UnsignedRefusal {
		return
	}
	method := message["signMethod"]
	if method != "01" {
		message["signature"] = s.keyed(method, toSign(message))
		if fault == cnpaytest.ForgedCertificate || fault == ExpiredCertificate || fault == MerchantCertificate {
			fault = cnpaytest.BadSignature // there is no certificate to break
		}
	} else {
		key := s.keys.unionpayKey
		message["signPubKeyCert"] = s.keys.genuine
		switch fault {
		case cnpaytest.ForgedCertificate:
			message["signPubKeyCert"] = s.keys.forged
		case ExpiredCertificate:
			message["signPubKeyCert"] = s.keys.expired
		case MerchantCertificate:
			message["signPubKeyCert"], key = inMessage(s.keys.merchant), s.keys.merchantKey
		}
		sum := sha256.Sum256([]byte(hexSHA256(toSign(message))))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			panic(err) // a mistake of this package
		}
		message["signature"] = base64.StdEncoding.EncodeToString(signature)
	}
	if fault == cnpaytest.BadSignature {
		b := []byte(message["signature"])
		b[0] ^= 1
		message["signature"] = string(b)
	}
}

// body is an answer as UnionPay writes it: in order, but the certificate and the signature last, and nothing escaped.
func body(message fields) string {
	var b bytes.Buffer
	last := []string{"signPubKeyCert", "signature"}
	names := slices.DeleteFunc(slices.Sorted(maps.Keys(message)), func(name string) bool { return slices.Contains(last, name) })
	for _, name := range append(names, last...) {
		value, ok := message[name]
		if !ok {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('&')
		}
		b.WriteString(name + "=" + value)
	}
	return b.String()
}

// form is a notification as UnionPay posts it.
func (message fields) form() []byte {
	form := url.Values{}
	for name, value := range message {
		form.Set(name, value)
	}
	return []byte(form.Encode())
}
