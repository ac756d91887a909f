package unionpay_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/internal/bench"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
)

// The floor is the two digests and the one RSA operation that no way of signing or verifying does without.

func BenchmarkSign(b *testing.B) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	require.NoError(b, err)
	req := &unionpay.PreauthCancelRequest{
		BizType: "000201", OrderID: "20240105145046001", TxnTime: "20240105145046", TxnAmt: 10000, BackURL: "https://merchant.example/unionpay",
		OrigQryID: "652401051647252574008", ReqReserved: "room 1204",
	}
	body, err := unionpay.Build(client, req)
	require.NoError(b, err)
	key := gateway.Config().Identity.Key
	bench.Ratio(b, 1, func() {
		if _, err := key.Sign(rand.Reader, twice(body), crypto.SHA256); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if _, err := unionpay.Build(client, req); err != nil {
			b.Fatal(err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	gateway := unionpaytest.NewServer()
	defer gateway.Close()
	client, err := unionpay.New(gateway.Config())
	require.NoError(b, err)
	res, err := client.Preauth.Cancel(b.Context(), cancellation(gateway))
	require.NoError(b, err)
	signature, err := base64.StdEncoding.DecodeString(res.Signature)
	require.NoError(b, err)
	certificates, err := sign.ParseCertificates([]byte(res.SignPubKeyCert))
	require.NoError(b, err)
	public := certificates[0].PublicKey.(*rsa.PublicKey)
	pairs := strings.Split(strings.Split(string(res.Raw), "&signature=")[0], "&")
	slices.Sort(pairs)
	text := []byte(strings.Join(pairs, "&"))
	bench.Ratio(b, 1, func() {
		if err := rsa.VerifyPKCS1v15(public, crypto.SHA256, twice(text), signature); err != nil {
			b.Fatal(err)
		}
	}, func() {
		if err := unionpay.Verify(client, res.Raw); err != nil {
			b.Fatal(err)
		}
	})
}

func twice(text []byte) []byte {
	once := sha256.Sum256(text)
	sum := sha256.Sum256([]byte(hex.EncodeToString(once[:])))
	return sum[:]
}
