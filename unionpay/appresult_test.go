package unionpay_test

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/unionpay"
)

// The result in the comment of UnionPay's AcpService.validateAppResponse (a copy is ileapy/unionpay
// src/Kernel/Support/AcpService.php), and the public key of its test certificate 68759585097.
func TestAppResult(t *testing.T) {
	n, ok := new(big.Int).SetString(""+
		"c50361808b62fbf773dd75ce1443ad258279d0180c941e7c952364a2366af16d076fdb6d298a41dd0d56f87ecd7b5e84260b"+
		"c4a3a5b4ee830d3447c07f717e1458dc204c99c3af776c5042f309715f57c28aad08aaa1ce0ba80f125f61e1ae8adec3a6e4"+
		"6c0c6234fb22a0735458dbcbf556db971bce397d33fb3d1b49adaade4189505e084c80714067fbd176a94ba55a0d99ae42e7"+
		"a7099396dfaf69e00e55db52a3d72e2d638970056ffcb86fc7861089752e62a9dda3cc0cf2bb7ac85cedf2ce344a75a10e49"+
		"7759c4fc6663fa50b7e3968d5a62ec97fd3db80be8e0bbbea50b261b27cb6d4191e7529b9876a317832bafab92aa2536d42b"+
		"6bd6e40691c7", 16)
	require.True(t, ok)
	certificate := &x509.Certificate{SerialNumber: big.NewInt(68759585097), PublicKey: &rsa.PublicKey{N: n, E: 65537}}
	const data = "pay_result=success&tn=201602141008032671528&cert_id=68759585097"
	const signature = "J6rPLClQ64szrdXCOtV1ccOMzUmpiOKllp9cseBuRqJ71pBKPPkZ1FallzW18gyP7CvKh1RxfNNJ66AyXNMFJi1OSOsteAAFjF5GZp0Xsfm3" +
		"LeHaN3j/N7p86k3B1GrSPvSnSw1LqnYuIBmebBkC1OD0Qi7qaYUJosyA1E8Ld8oGRZT5RR2gLGBoiAVraDiz9sci5zwQcLtmfpT5KFk/eTy4+W9SsC0M" +
		"/2sVj43R9ePENlEvF8UpmZBqakyg5FO8+JMBz3kZ4fwnutI5pWPdYIWdVrloBpOa+N4pzhVRKD4eWJ0CoiD+joMS7+C0aPIEymYFLBNYQCjM0KV7N726LA=="
	text := func(sign, data string) []byte {
		b, err := json.Marshal(map[string]string{"sign": sign, "data": data})
		require.NoError(t, err)
		return b
	}
	r, err := unionpay.ParseAppResult(text(signature, data), nil, certificate)
	require.NoError(t, err)
	require.Equal(t, "success", r.PayResult)
	require.Equal(t, "201602141008032671528", r.TN)

	for _, tt := range []struct {
		text         []byte
		certificates []*x509.Certificate
		cause        error
	}{
		{text(signature, data), nil, cnpay.ErrSignature},
		{text(signature, "pay_result=success&tn=201602141008032671529&cert_id=68759585097"), []*x509.Certificate{certificate}, cnpay.ErrSignature},
		{text(signature, "pay_result=success&cert_id=1"), []*x509.Certificate{certificate}, cnpay.ErrSignature},
		{text("", data), []*x509.Certificate{certificate}, cnpay.ErrSignature},
		{text(signature, "pay_result"), []*x509.Certificate{certificate}, cnpay.ErrMalformed},
		{text(signature, data), []*x509.Certificate{{SerialNumber: big.NewInt(68759585097)}}, cnpay.ErrSignature},
		{[]byte("success"), []*x509.Certificate{certificate}, cnpay.ErrMalformed},
		{nil, nil, cnpay.ErrMalformed},
	} {
		r, err := unionpay.ParseAppResult(tt.text, tt.certificates...)
		require.Nil(t, r)
		require.ErrorIs(t, err, tt.cause)
	}
}
