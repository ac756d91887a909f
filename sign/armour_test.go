package sign_test

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/cnpay-go/cnpay/sign"
)

// inUTF16 is what editors save as "Unicode", with a byte order mark or without.
func inUTF16(text string, bigEndian, mark bool) string {
	if mark {
		text = "\ufeff" + text
	}
	var out []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		if bigEndian {
			out = append(out, byte(unit>>8), byte(unit))
		} else {
			out = append(out, byte(unit), byte(unit>>8))
		}
	}
	return string(out)
}

func indented(text string) string { return "\t  " + strings.ReplaceAll(text, "\n", " \n\t  ") }

// wrappings are what happens to PEM on its way into a program, and leaves one reading.
var wrappings = map[string]func(text string) string{
	"byte order mark":        func(text string) string { return "\ufeff" + text },
	"mark before each":       func(text string) string { return strings.ReplaceAll(text, "-----BEGIN", "\ufeff-----BEGIN") },
	"glued":                  func(text string) string { return strings.ReplaceAll(text, "-----\n-----BEGIN", "----------BEGIN") },
	"indented":               indented,
	"indented with no-break": func(text string) string { return "\u00a0" + strings.ReplaceAll(text, "\n", "\n\u3000") },
	"CRLF":                   func(text string) string { return strings.ReplaceAll(text, "\n", "\r\n") },
	"CR":                     func(text string) string { return strings.ReplaceAll(text, "\n", "\r") },
	"CR CR LF":               func(text string) string { return strings.ReplaceAll(text, "\n", "\r\r\n") },
	`\n`:                     func(text string) string { return strings.ReplaceAll(text, "\n", `\n`) },
	`\r\n`:                   func(text string) string { return `"` + strings.ReplaceAll(text, "\n", `\r\n`) + `"` },
	`\\n`:                    func(text string) string { return strings.ReplaceAll(text, "\n", `\\n`) },
	`\n and a line end`:      func(text string) string { return strings.ReplaceAll(text, "\n", "\\n\n") },
	"blanks for line ends":   func(text string) string { return strings.ReplaceAll(text, "\n", " ") },
	"one line":               func(text string) string { return strings.ReplaceAll(text, "\n", "") },
	"zero width":             func(text string) string { return strings.ReplaceAll(text, "\n", "\u200b\n\u2060") },
	"NUL behind":             func(text string) string { return text + "\x00" },
	"UTF-16 LE":              func(text string) string { return inUTF16(text, false, true) },
	"UTF-16 BE":              func(text string) string { return inUTF16(text, true, true) },
	"UTF-16 LE, no mark":     func(text string) string { return inUTF16(text, false, false) },
	"UTF-16 BE, no mark":     func(text string) string { return inUTF16(text, true, false) },
	"UTF-16 of Windows":      func(text string) string { return inUTF16(strings.ReplaceAll(text, "\n", "\r\n"), false, true) },
	"blank lines":            func(text string) string { return "\n\n" + strings.ReplaceAll(text, "\n", "\n\n") },
}

func TestWrappings(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	key := block("PRIVATE KEY", pkcs8(t, keys().leaf))
	for name, wrap := range wrappings {
		t.Run(name, func(t *testing.T) {
			id, err := sign.LoadIdentity([]byte(wrap(key+pemText(leaf))), "")
			require.NoError(t, err)
			require.True(t, keys().leaf.Equal(id.Key))
			require.True(t, leaf.Equal(id.Certificate))
			found, err := sign.ParseCertificates([]byte(wrap(pemText(a.root) + pemText(a.middle))))
			require.NoError(t, err)
			require.Len(t, found, 2)
			require.True(t, a.root.Equal(found[0]) && a.middle.Equal(found[1]))
		})
	}
}

// inLines is Base64 as openssl writes it.
func inLines(der []byte) string {
	text := string(pem.EncodeToMemory(&pem.Block{Type: "X", Bytes: der}))
	return strings.TrimSuffix(strings.TrimPrefix(text, "-----BEGIN X-----\n"), "-----END X-----\n")
}

func TestBareBase64AndDER(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	pfx, err := pkcs12.Modern.Encode(keys().leaf, leaf, nil, "000000")
	require.NoError(t, err)
	flat := base64.StdEncoding.EncodeToString
	for name, wrap := range map[string]func(der []byte) string{
		"DER":                      func(der []byte) string { return string(der) },
		"DER, line end":            func(der []byte) string { return string(der) + "\r\n" },
		"DER, NUL and end of file": func(der []byte) string { return string(der) + "\x00\x1a" },
		"DER, byte order mark":     func(der []byte) string { return "\ufeff" + string(der) + "\n" },
		"Base64":                   func(der []byte) string { return flat(der) },
		"Base64, line end":         func(der []byte) string { return "\ufeff" + flat(der) + "\r\n" },
		"Base64 in lines":          func(der []byte) string { return inLines(der) },
		"Base64, blanks for lines": func(der []byte) string { return strings.ReplaceAll(inLines(der), "\n", " ") },
		"Base64, CR":               func(der []byte) string { return strings.ReplaceAll(inLines(der), "\n", "\r") },
		`Base64, \n`:               func(der []byte) string { return strings.ReplaceAll(inLines(der), "\n", `\n`) },
		"Base64, UTF-16":           func(der []byte) string { return inUTF16(flat(der), false, true) },
		"Base64, UTF-16, no mark":  func(der []byte) string { return inUTF16(inLines(der), true, false) },
	} {
		t.Run(name, func(t *testing.T) {
			found, err := sign.ParseCertificates([]byte(wrap(leaf.Raw)))
			require.NoError(t, err)
			require.Len(t, found, 1)
			require.True(t, leaf.Equal(found[0]))
			for _, load := range []func([]byte, string) (*sign.Identity, error){sign.LoadIdentity, sign.LoadPFX} {
				id, err := load([]byte(wrap(pfx)), "000000")
				require.NoError(t, err)
				require.True(t, leaf.Equal(id.Certificate))
			}
		})
	}
	// certutil -encode calls everything a certificate.
	for _, load := range []func([]byte, string) (*sign.Identity, error){sign.LoadIdentity, sign.LoadPFX} {
		id, err := load([]byte(block("CERTIFICATE", pfx)), "000000")
		require.NoError(t, err)
		require.True(t, leaf.Equal(id.Certificate))
	}
	_, err = sign.ParseCertificates([]byte(block("CERTIFICATE", pfx)))
	require.EqualError(t, err, "sign: found a PKCS#12 file, want a certificate")
}

// bag is a PKCS#7 file of certificates (RFC 2315), as openssl crl2pkcs7 -nocrl -certfile makes it.
func bag(t *testing.T, certificates ...*x509.Certificate) []byte {
	t.Helper()
	type content struct {
		Type asn1.ObjectIdentifier
	}
	type signedData struct {
		Version      int
		Digests      asn1.RawValue
		Content      content
		Certificates asn1.RawValue
		Signers      asn1.RawValue
	}
	set := asn1.RawValue{Tag: asn1.TagSet, IsCompound: true}
	signed := signedData{
		Version: 1, Digests: set, Content: content{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}},
		Certificates: asn1.RawValue{Class: asn1.ClassContextSpecific, IsCompound: true}, Signers: set,
	}
	for _, certificate := range certificates {
		signed.Certificates.Bytes = append(signed.Certificates.Bytes, certificate.Raw...)
	}
	der, err := asn1.Marshal(struct {
		Type    asn1.ObjectIdentifier
		Content signedData `asn1:"explicit,tag:0"`
	}{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}, signed})
	require.NoError(t, err)
	return der
}

func TestPKCS7(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	der := bag(t, a.root, a.middle, leaf)
	for name, data := range map[string]string{
		"DER": string(der), "DER and line end": string(der) + "\n", "PKCS7": block("PKCS7", der), "CMS": block("CMS", der),
		"under the name of a certificate": block("CERTIFICATE", der), "Base64": inLines(der),
	} {
		found, err := sign.ParseCertificates([]byte(data))
		require.NoError(t, err, name)
		require.Len(t, found, 3, name)
		require.True(t, found[0].Equal(a.root) && found[1].Equal(a.middle) && found[2].Equal(leaf), name)
		_, err = sign.LoadIdentity([]byte(data), "")
		require.ErrorContains(t, err, "a certificate without its private key", name)
	}
	id, err := sign.LoadIdentity([]byte(block("PKCS7", der)+block("PRIVATE KEY", pkcs8(t, keys().leaf))), "")
	require.NoError(t, err)
	require.True(t, leaf.Equal(id.Certificate))

	for _, bad := range [][]byte{bag(t), bytes.Replace(der, []byte{0x02, 0x01, 0x01, 0x31}, []byte{0x04, 0x01, 0x01, 0x31}, 1)} {
		_, err = sign.ParseCertificates(bad)
		require.ErrorContains(t, err, "the PKCS#7 file has none, or is damaged")
	}
	// Text that looks like PEM inside DER is part of the DER.
	odd := a.leaf(t, func(c *x509.Certificate) { c.Subject.Organization = []string{"-----BEGIN CERTIFICATE-----"} })
	found, err := sign.ParseCertificates(odd.Raw)
	require.NoError(t, err)
	require.True(t, odd.Equal(found[0]))
	for i := range der {
		_, _ = sign.ParseCertificates(der[:i]) // does not panic
	}
	_, err = sign.ParseCertificates(der[:len(der)-1])
	require.ErrorContains(t, err, "as if cut off")
}

// A key is read by its content where its block has the name of another form.
func TestKeyUnderAnotherName(t *testing.T) {
	a := newAuthority(t)
	leaf := pemText(a.leaf(t, nil))
	for _, text := range []string{
		block("PRIVATE KEY", x509.MarshalPKCS1PrivateKey(keys().leaf)), block("RSA PRIVATE KEY", pkcs8(t, keys().leaf)),
	} {
		id, err := sign.LoadIdentity([]byte(text+leaf), "")
		require.NoError(t, err)
		require.True(t, keys().leaf.Equal(id.Key))
	}
}

func TestKeyFilesSayWhatTheyAre(t *testing.T) {
	a := newAuthority(t)
	leaf := a.leaf(t, nil)
	key := pkcs8(t, keys().leaf)
	public, err := x509.MarshalPKIXPublicKey(keys().leaf.Public())
	require.NoError(t, err)
	request, err := x509.CreateCertificateRequest(nil, &x509.CertificateRequest{}, keys().leaf)
	require.NoError(t, err)
	encrypted, err := asn1.Marshal(struct {
		Algorithm struct{ ID asn1.ObjectIdentifier }
		Content   []byte
	}{struct{ ID asn1.ObjectIdentifier }{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 5, 13}}, make([]byte, 40)})
	require.NoError(t, err)
	for name, tt := range map[string]struct{ data, identity, certificate string }{
		"encrypted":         {block("ENCRYPTED PRIVATE KEY", encrypted), "an encrypted PKCS#8 key (decrypt it with 'openssl pkey -in key.pem -out plain.pem')", "found an encrypted PKCS#8 key"},
		"encrypted, DER":    {string(encrypted), "found an encrypted PKCS#8 key (decrypt it with 'openssl pkey -inform DER -in key.der", "found an encrypted PKCS#8 key"},
		"public":            {block("PUBLIC KEY", public), "found a public key (", "found a public key ("},
		"public, Base64":    {inLines(public), "found a public key", "found a public key"},
		"request":           {block("CERTIFICATE REQUEST", request), "found a certificate request (", "found a certificate request"},
		"request, old name": {block("NEW CERTIFICATE REQUEST", request), "found a certificate request", "found a certificate request"},
		"request, DER":      {string(request), "found a certificate request", "found a certificate request"},
		"OpenSSH":           {block("OPENSSH PRIVATE KEY", []byte("openssh-key-v1")), "an OpenSSH key (turn a copy of it into PEM with 'ssh-keygen -p -m PEM", "an OpenSSH key"},
		"OpenSSH, public":   {"ssh-rsa AAAAB3NzaC1yc2E= till@shop", "found an OpenSSH public key", "found an OpenSSH public key"},
		"PuTTY":             {"PuTTY-User-Key-File-3: ssh-rsa\n", "found a PuTTY key", "found a PuTTY key"},
		"Java":              {"\xfe\xed\xfe\xed\x00\x00\x00\x02", "'keytool -importkeystore", "'keytool -importkeystore"},
		"trusted":           {block("TRUSTED CERTIFICATE", append(bytes.Clone(leaf.Raw), 0x30, 0)), "'openssl x509 -in file.pem", "'openssl x509 -in file.pem"},
		"web page":          {"<!DOCTYPE html><html>", "found a web page", "found a web page"},
		"UTF-16":            {inUTF16("nothing of ours", false, true), "found a UTF-16 text", "found a UTF-16 text"},
		"UTF-16, cut":       {inUTF16(pemText(leaf), false, true)[:99], "UTF-16 text that is cut off", "UTF-16 text that is cut off"},
		"dashes":            {strings.ReplaceAll(pemText(leaf), "-----", "——"), "lines of dashes are damaged", "lines of dashes are damaged"},
		"key alone":         {block("PRIVATE KEY", key), "a private key without its certificate; put both into one file with 'openssl pkcs12 -export", "found a private key, want a certificate"},
		"key alone, DER":    {string(key), "a private key without its certificate", "found a private key"},
		"key alone, Base64": {inLines(key), "a private key without its certificate", "found a private key"},
		"PFX cut off":       {string(leaf.Raw[:len(leaf.Raw)-3]), "as if cut off, joined or transferred as text", "as if cut off"},
		"BER":               {"\x30\x80\x06\x09", "openssl pkcs12 -in merchant.pfx", "'openssl pkcs7 -inform DER"},
		"unknown block":     {block("DH PARAMETERS", key), `found a PEM block "DH PARAMETERS"`, `found a PEM block "DH PARAMETERS"`},
	} {
		t.Run(name, func(t *testing.T) {
			id, err := sign.LoadIdentity([]byte(tt.data), "")
			require.ErrorContains(t, err, tt.identity)
			require.Nil(t, id)
			found, err := sign.ParseCertificates([]byte(tt.data))
			require.ErrorContains(t, err, tt.certificate)
			require.Nil(t, found)
			_, err = sign.LoadPFX([]byte(tt.data), "")
			require.Error(t, err)
			require.NotContains(t, err.Error(), "\n")
		})
	}
	_, err = sign.LoadPFX([]byte(pemText(leaf)), "")
	require.EqualError(t, err, "sign: found a certificate in PEM, want a PKCS#12 file; sign.LoadIdentity reads PEM")
}

// A character that got lost is never made up for.
func TestDamagedPEM(t *testing.T) {
	a := newAuthority(t)
	good := block("PRIVATE KEY", pkcs8(t, keys().leaf)) + pemText(a.leaf(t, nil))
	lines := strings.Split(good, "\n")
	change := func(at int, change func(line string) string) string {
		changed := append([]string(nil), lines...)
		changed[at] = change(changed[at])
		return strings.Join(changed, "\n")
	}
	blankAt := func(i int) func(string) string {
		return func(line string) string { return line[:i] + " " + line[i+1:] }
	}
	without := func(from, to int) func(string) string {
		return func(line string) string { return line[:from] + line[to:] }
	}
	for name, tt := range map[string]struct{ data, says string }{
		"a + that became a blank":    {change(3, blankAt(20)), "PEM block 1 of 2 is damaged: its Base64 has a blank inside a line, as where a + has become one"},
		"at the start of a line":     {change(3, blankAt(0)), "no multiple of 4"},
		"at the end of a line":       {change(3, blankAt(63)), "no multiple of 4"},
		"on one line":                {strings.ReplaceAll(change(3, blankAt(20)), "\n", ""), "a + has become"},
		"a character lost":           {change(3, without(10, 11)), "no multiple of 4"},
		"two characters lost":        {change(3, without(10, 12)), "no multiple of 4"},
		"four characters lost":       {change(3, without(10, 14)), "it announces 12"},
		"a line lost":                {change(3, func(string) string { return "" }), "characters are missing or doubled"},
		"a line doubled":             {change(3, func(line string) string { return line + "\n" + line }), "characters are missing or doubled"},
		"padding in the middle":      {change(3, func(line string) string { return line[:60] + "A===" }), "ends before its end"},
		"END of another block":       {strings.Replace(good, "END PRIVATE", "END PUBLIC", 1), `its END line is not that of "PRIVATE KEY"`},
		"no END":                     {strings.Replace(good, "-----END PRIVATE KEY-----\n", "", 1), "PEM block 1 of 2 is damaged: it has no END line"},
		"BEGIN without an end":       {strings.Replace(good, "BEGIN PRIVATE KEY-----", "BEGIN PRIVATE KEY", 1), "its BEGIN line has no end"},
		"a letter of another script": {strings.Replace(good, "M", "М", 1), "character 1 of its Base64 is U+041C"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := sign.LoadIdentity([]byte(tt.data), "")
			require.ErrorContains(t, err, tt.says)
			for _, line := range lines[1:4] {
				require.NotContains(t, err.Error(), line[22:40])
			}
		})
	}
	bare := inLines(a.root.Raw)
	for _, bad := range []string{bare[:70] + " " + bare[71:], bare[:70] + bare[71:], bare[:70] + bare[74:], bare[:len(bare)-40]} {
		_, err := sign.ParseCertificates([]byte(bad))
		require.ErrorContains(t, err, "sign: found Base64 that is damaged: ")
	}
}

// Whatever byte of a key file is lost or changed, nothing but the same key and certificate come out of it.
func TestKeyFileFlipEveryByte(t *testing.T) {
	key, certificate := ellipticPair(t)
	good := []byte(block("PRIVATE KEY", pkcs8(t, key)) + pemText(certificate))
	check := func(bad []byte) {
		id, err := sign.LoadIdentity(bad, "")
		if err != nil {
			return
		}
		require.True(t, key.Equal(id.Key))
		if certificate.Equal(id.Certificate) {
			return
		}
		require.Equal(t, len(certificate.Raw), len(id.Certificate.Raw)) // its own signature is the authority's to check
	}
	for i := range good {
		check(append(bytes.Clone(good[:i]), good[i+1:]...))
		for _, by := range []byte{' ', '\n', '+', good[i] ^ 1} {
			bad := bytes.Clone(good)
			bad[i] = by
			check(bad)
		}
	}
}
