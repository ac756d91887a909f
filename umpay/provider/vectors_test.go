package provider

import (
	"crypto"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/sign"
)

type vector struct {
	ID, Kind, Key, Message, Text, Signature string
	Valid                                   bool
}

func vectors(t *testing.T) (all []vector, verifier map[string]sign.Verifier) {
	t.Helper()
	text, err := os.ReadFile("testdata/vectors/official.json")
	require.NoError(t, err)
	var file struct {
		Keys    map[string]string
		Vectors []vector
	}
	require.NoError(t, json.Unmarshal(text, &file))
	verifier = map[string]sign.Verifier{}
	for name, spki := range file.Keys {
		key, err := sign.LoadPublicKey([]byte(spki))
		require.NoError(t, err, name)
		v, err := sign.NewPlainRSAVerifier(key, crypto.SHA1)
		require.NoError(t, err, name)
		verifier[name] = v
	}
	return file.Vectors, verifier
}

// What UMPay publishes, and what its own programs sign; testdata/README.md says where it is from. The private keys are not
// here: a signature of PKCS #1 v1.5 that verifies over our text is the one that we would make.
func TestVectors(t *testing.T) {
	all, verifier := vectors(t)
	require.Len(t, all, 31)
	for _, v := range all {
		message, err := readObject([]byte(v.Message))
		require.NoError(t, err, v.ID)
		switch v.Kind {
		case "request":
			require.Equal(t, v.Text, string(message.request()), v.ID)
			require.NoError(t, verifier[v.Key].Verify(message.request(), v.Signature), v.ID)
		case "answer":
			require.Equal(t, v.Text, string(message.answer()), v.ID)
			require.NoError(t, verifier[v.Key].Verify(message.answer(), v.Signature), v.ID)
		case "signed answer":
			c := &Client{verifier: verifier[v.Key]}
			unverified, err := c.verify([]byte(v.Message), false)
			require.False(t, unverified)
			if v.Valid {
				require.NoError(t, err, v.ID)
			} else {
				require.ErrorIs(t, err, cnpay.ErrSignature, v.ID)
			}
		default:
			t.Errorf("%s: kind %s", v.ID, v.Kind)
		}
	}
}

// One byte of a signed answer's values that is changed, and it is refused.
func TestFlippedAnswers(t *testing.T) {
	all, verifier := vectors(t)
	at := slices.IndexFunc(all, func(v vector) bool { return v.ID == "B-answer-03" })
	require.Positive(t, at)
	v := all[at]
	c := &Client{verifier: verifier[v.Key]}
	for _, value := range []string{"768333809415", "20260101120000", "1740", "T407543", `"00"`, "处理成功"} {
		at := strings.Index(v.Message, value)
		require.Positive(t, at, value)
		for i := at; i < at+len(value); i++ {
			changed := []byte(v.Message)
			changed[i] ^= 1
			_, err := c.verify(changed, false)
			require.Error(t, err, string(changed))
		}
	}
	_, err := c.verify([]byte(v.Message), false)
	require.NoError(t, err)
}

func TestReadObject(t *testing.T) {
	for name, body := range map[string]string{
		"a list": `[]`, "a text": `"a"`, "nothing": ``, "cut": `{"a":1`, "behind": `{"a":1}{`, "duplicated": `{"a":1,"a":1}`,
		"duplicated inside": `{"a":{"b":1,"b":2}}`, "too deep": strings.Repeat(`{"a":`, 18) + "1" + strings.Repeat("}", 18),
		"no colon": `{"a"}`, "HTML": `<html>`,
	} {
		_, err := readObject([]byte(body))
		require.ErrorIs(t, err, cnpay.ErrMalformed, name)
	}
	o, err := readObject([]byte("\xef\xbb\xbf" + `{"b":0,"a":null,"d":"","c":{"z":true,"y":"1"},"e":[ {"f": 1} ],"n":1.50} `))
	require.NoError(t, err)
	require.Equal(t, `0|1|true|[{"f":1}]|1.50`, string(o.answer()))
	require.True(t, o.lists())
	require.Equal(t, "0", o.get("b"))
	require.Equal(t, "0", o.take("b"))
	require.Empty(t, o.get("b"))
	require.Equal(t, `1|true|[{"f":1}]|1.50`, string(o.answer()))
}

// What UMPay's sample program would sign of a list, which no document describes.
func TestListsInRequests(t *testing.T) {
	o, err := readObject([]byte(`{"b":"1","a":[{"x":"1", "y":"2"}, {"x":"3"}]}`))
	require.NoError(t, err)
	require.Equal(t, `a=["x":"1","y":"2","x":"3"]&b=1`, string(o.request()))
	require.Empty(t, o.faults(""))
}

func TestAmbiguousValues(t *testing.T) {
	for body, want := range map[string]string{
		`{"a":"1","b":"2"}`:    "",
		`{"a":"1|2"}`:          "a",
		`{"a":{"b":"1|2"}}`:    "a.b",
		`{"a":[{"b":"1|2"}]}`:  "a",
		`{"a":"1\u007c2"}`:     "a",
		`{"a|b":"1","c":true}`: "",
	} {
		o, err := readObject([]byte(body))
		require.NoError(t, err)
		require.Equal(t, want, o.ambiguous(), body)
	}
}

func FuzzReadObject(f *testing.F) {
	f.Add([]byte(`{"a":{"b":[1,2]},"c":null,"d":"|"}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		o, err := readObject(body)
		if err != nil {
			require.ErrorIs(t, err, cnpay.ErrMalformed)
			return
		}
		require.True(t, json.Valid([]byte(strings.TrimPrefix(string(body), "\ufeff"))))
		_, _, _ = o.request(), o.answer(), o.ambiguous()
	})
}
