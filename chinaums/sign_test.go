package chinaums

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
)

// The example application of the official documents, also in shishuihao/third-party-api (AuthorizationUtilsTest).
const (
	exampleAppID  = "12345678901234567890123456789012"
	exampleAppKey = "67890123456789012345678901234567"
	nonceA        = "09876543210987654321098765432109"
	nonceB        = "be46cd581c9f46ecbd71b9858311ea12"
)

func exampleClient(t testing.TB, opts ...cnpay.Option) *Client {
	c, err := New(Config{Gateway: Test, AppID: exampleAppID, AppKey: exampleAppKey}, opts...)
	require.NoError(t, err)
	return c
}

func TestAuthorize(t *testing.T) {
	c := exampleClient(t)
	for _, tt := range []struct{ name, timestamp, nonce, body, digest, signature string }{
		{
			"official example", "20170101120000", nonceA, "A",
			"559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd",
			"GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08=",
		},
		{ // the digest is from the comments of the official Java demo, the signature from Python's hmac
			"body of the official Java demo", "20190227113148", nonceB,
			`{"merchantCode":"123456789900081","terminalCode":"00810001","merchantOrderId":"20123333644493200",` +
				`"transactionAmount":"1","merchantRemark":"测试","payMode":"CODE_SCAN","payCode":"285668667587422761",` +
				`"transactionCurrencyCode":"156"}`,
			"d60bc3aedeb853e2a11c0c096baaf19954dd9b752e48dea8e919e5fb29a42a8d",
			"rSGYqAXtZ25TXkgvrDDThfApj33sfQek+3oa3sItG+w=",
		},
		{ // Python's hmac
			"void", "20220421150052", nonceB, voidBody,
			"8350d165aba0746197b0d03e4fa4380322b4aa058efdad04285a7a88d6dc66a7",
			"ahK4rYK+yyZQwm89umY+bGKfxUAIpDNyLz6qAYBc7n8=",
		},
		{ // Python's hmac
			"empty body", "20220421150052", nonceB, "",
			"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
			"Q00Gt2aU+Q9ubp96tHEvpN61rB1lxauoS5t+9b/cm88=",
		},
	} {
		require.Equal(t, exampleAppID+tt.timestamp+tt.nonce+tt.digest, string(c.text(tt.timestamp, tt.nonce, []byte(tt.body))), tt.name)
		authorization, err := c.authorize(tt.timestamp, tt.nonce, []byte(tt.body))
		require.NoError(t, err)
		// The header's form is that of the operation's page: no blank after the commas.
		require.Equal(t, `OPEN-BODY-SIG AppId="`+exampleAppID+`",Timestamp="`+tt.timestamp+`",Nonce="`+tt.nonce+
			`",Signature="`+tt.signature+`"`, authorization, tt.name)
	}
}

const voidBody = `{"requestTimestamp":"2022-04-21 15:00:52","mid":"898201612345678","tid":"88880001",` +
	`"instMid":"QRPAYDEFAULT","billNo":"327M2206181982026170554411","billDate":"2022-06-18",` +
	`"merOrderId":"327M22061819820261705544110","authIdRespCd":"206067","msgId":"","srcReserve":""}`

func TestVerify(t *testing.T) {
	c := exampleClient(t)
	const body = `{"errCode":"SUCCESS"}`
	genuine, err := c.authorize("20220421150052", nonceB, []byte(body))
	require.NoError(t, err)
	check := func(body string, authorization ...string) error {
		return c.verify(&transport.Reply{Header: http.Header{"Authorization": authorization}, Body: []byte(body)})
	}

	require.NoError(t, check(body), "answers need no signature")
	require.NoError(t, check(body, genuine))
	require.NoError(t, check(body, strings.ReplaceAll(genuine, ",", ", ")), "the official demo has a blank after the commas")

	// The shortest parameter is an empty one, here of a gateway that signs without a nonce.
	short, err := c.authorize("20220421150052", "", []byte(body))
	require.NoError(t, err)
	require.Contains(t, short, `Nonce="",`)
	require.NoError(t, check(body, short))

	require.ErrorIs(t, check(body+" ", genuine), cnpay.ErrSignature)
	for i := range genuine {
		flipped := []byte(genuine)
		flipped[i] ^= 1
		require.ErrorIs(t, check(body, string(flipped)), cnpay.ErrSignature, string(flipped))
	}
	for name, bad := range map[string]string{
		"empty":          "",
		"another scheme": "OPEN-ACCESS-TOKEN AccessToken=0123",
		"scheme only":    "OPEN-BODY-SIG",
		"no parameters":  "OPEN-BODY-SIG ",
		"one quote":      `OPEN-BODY-SIG AppId="`,
		"no quotes":      strings.ReplaceAll(genuine, `"`, ""),
		"twice":          genuine + `,AppId="` + exampleAppID + `"`,
		"no signature":   genuine[:strings.Index(genuine, ",Signature")],
		"cut":            genuine[:len(genuine)-10] + `"`,
	} {
		require.ErrorIs(t, check(body, bad), cnpay.ErrSignature, name)
	}
	require.ErrorIs(t, check(body, genuine, genuine), cnpay.ErrSignature)

	other, err := New(Config{AppID: "another", AppKey: exampleAppKey})
	require.NoError(t, err)
	foreign, err := other.authorize("20220421150052", nonceB, []byte(body))
	require.NoError(t, err)
	require.ErrorIs(t, check(body, foreign), cnpay.ErrSignature)
}
