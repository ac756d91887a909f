package spay

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
)

// noteSigner notes what is signed: the texts of RSA signatures, which are the same each time, are compared by verifying
// the recorded signature over them.
type noteSigner struct{ text []byte }

func (s *noteSigner) Sign(text []byte) (string, error) {
	s.text = text
	return base64.StdEncoding.EncodeToString([]byte("signature")), nil
}

// testClient is a client of a merchant whose platform has the key.
func testClient(t testing.TB, merID string, platform *rsa.PublicKey, opts ...cnpay.Option) (*Client, *noteSigner) {
	t.Helper()
	own, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	c, err := New(Config{MerID: merID, Key: own, PlatformKeys: []*rsa.PublicKey{platform}}, opts...)
	require.NoError(t, err)
	noted := &noteSigner{}
	c.signer = noted
	return c, noted
}

func productionKey(t testing.TB) *rsa.PublicKey {
	t.Helper()
	text, err := os.ReadFile("testdata/captures/platform-key.txt")
	require.NoError(t, err)
	key, err := sign.LoadPublicKey(text)
	require.NoError(t, err)
	return key
}

// What UMPay's own program for Java signed and accepted; testdata/README.md says where it is from.
func TestVectorsOfTheOfficialProgram(t *testing.T) {
	text, err := os.ReadFile("testdata/vectors/official-sdk.json")
	require.NoError(t, err)
	var file struct {
		Keys    map[string]string
		Vectors []struct {
			ID, Kind string
			Input    struct {
				Fields                            map[string]string
				MerID, OrderID, Amount, OrderDate string
				MerID2                            string `json:"mer_id"`
				OrderID2                          string `json:"order_id"`
				MerDate                           string `json:"mer_date"`
				Query                             string
			}
			Expected struct {
				Sign, Content     string
				Accepted, Refused bool
			}
		}
	}
	require.NoError(t, json.Unmarshal(text, &file))
	key, err := sign.LoadPublicKey([]byte(file.Keys["platform_cert_der_base64"]))
	require.NoError(t, err)
	verifier, err := sign.NewPlainRSAVerifier(key, crypto.SHA1)
	require.NoError(t, err)
	c, noted := testClient(t, "60000100", key)
	kinds := map[string]int{}
	for _, v := range file.Vectors {
		kinds[v.Kind]++
		switch v.Kind {
		case "C-request":
			var pairs []sign.Pair
			for name, value := range v.Input.Fields {
				if name != "sign_type" {
					pairs = append(pairs, sign.Pair{Name: name, Value: trim(value)})
				}
			}
			_, err := c.signature(pairs)
			require.NoError(t, err, v.ID)
			require.NoError(t, verifier.Verify(noted.text, v.Expected.Sign), v.ID)
		case "C-app-sign":
			text, err := gbk(v.Input.MerID + v.Input.OrderID + v.Input.Amount + v.Input.OrderDate)
			require.NoError(t, err)
			raw, err := hex.DecodeString(v.Expected.Sign)
			require.NoError(t, err)
			require.NoError(t, verifier.Verify(text, base64.StdEncoding.EncodeToString(raw)), v.ID)
		case "C-notification-reply":
			page, err := c.Reply(&Notification{MerID: v.Input.MerID2, OrderID: v.Input.OrderID2, MerDate: v.Input.MerDate})
			require.NoError(t, err)
			got, err := content(string(page))
			require.NoError(t, err)
			want, signature, _ := strings.Cut(v.Expected.Content, "&sign=")
			got, _, _ = strings.Cut(got, "&sign=")
			require.ElementsMatch(t, strings.Split(want, "&"), strings.Split(got, "&"), v.ID)
			require.NoError(t, verifier.Verify(noted.text, signature), v.ID)
		case "C-notification":
			n, err := c.ParseNotificationBody([]byte(v.Input.Query))
			require.Equal(t, v.Expected.Accepted, err == nil, "%s: %v", v.ID, err)
			if v.Expected.Refused {
				require.ErrorIs(t, err, cnpay.ErrSignature, v.ID)
				continue
			}
			require.Equal(t, cnpay.Succeeded, n.CallOutcome())
			require.Empty(t, n.Extra)
		}
	}
	require.Equal(t, map[string]int{"C-request": 10, "C-app-sign": 4, "C-notification-reply": 3, "C-notification": 8}, kinds)
}

// The texts to sign of the book that have Chinese in them, as bytes.
func TestTextToSignIsGBK(t *testing.T) {
	c, noted := testClient(t, "60000100", productionKey(t))
	_, err := c.signature([]sign.Pair{{Name: "goods_inf", Value: "测试商品"}, {Name: "amount", Value: "1"}})
	require.NoError(t, err)
	require.Equal(t, "amount=1&goods_inf=\xb2\xe2\xca\xd4\xc9\xcc\xc6\xb7", string(noted.text))
	for _, text := range []string{"€", "😀", "\u0e01", "ḿ"} { // the last is in GB18030 by two bytes, and not in GBK
		_, err := c.signature([]sign.Pair{{Name: "goods_inf", Value: text}})
		require.ErrorIs(t, err, errNotGBK, text)
	}
}

// Answers and a notification that merchants recorded in production.
func TestCaptures(t *testing.T) {
	for name, tt := range map[string]struct {
		merID  string
		answer response
		check  func(t *testing.T, answer response, extra map[string]string)
	}{
		"answer-c2": {"60216202", &OrderQueryHistoryResponse{}, func(t *testing.T, answer response, extra map[string]string) {
			a := answer.(*OrderQueryHistoryResponse)
			require.Equal(t, []string{"20184298504380172294697261864686", TradeSuccess, "WEBANK20180429165115041652262980", "操作成功"},
				[]string{a.OrderID, a.TradeState, a.PaySeq, a.RetMsg})
			require.EqualValues(t, 1, a.Amount)
			require.Empty(t, extra)
		}},
		"answer-c5-query": {"50263", &OrderQueryResponse{}, func(t *testing.T, answer response, extra map[string]string) {
			require.Equal(t, WaitBuyerPay, answer.(*OrderQueryResponse).TradeState)
			require.Empty(t, extra)
		}},
		"answer-c5-apply-pay-shortcut": {"50263", &QuickPayApplyResponse{}, func(t *testing.T, answer response, extra map[string]string) {
			require.Equal(t, ",card_id,identity_type,card_holder,identity_code", answer.(*QuickPayApplyResponse).PayElements)
			require.Empty(t, extra)
		}},
		"answer-c5-sms-req-shortcut": {"50263", &QuickPaySendSMSResponse{}, nil},
		"answer-c5-transfer-direct-req": {"50263", &OrderCancelResponse{}, func(t *testing.T, answer response, extra map[string]string) {
			require.Equal(t, "00131040", answer.base().RetCode)
			require.True(t, refused(answer.base().RetCode))
			require.Equal(t, "100", extra["fee"])
		}},
		"answer-c5-transfer-query": {"50263", &OrderQueryResponse{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			body, err := os.ReadFile(filepath.Join("testdata", "captures", name+".html"))
			require.NoError(t, err)
			c, _ := testClient(t, tt.merID, productionKey(t))
			x := &exchange{client: c, answer: tt.answer}
			extra, err := x.Decode(&transport.Reply{Status: http.StatusOK, Body: body})
			require.NoError(t, err)
			require.Equal(t, tt.merID, tt.answer.base().MerID)
			require.Equal(t, "4.0", tt.answer.base().Version)
			if tt.check != nil {
				tt.check(t, tt.answer, extra)
			}
			text, err := content(string(body))
			require.NoError(t, err)
			for _, change := range []func(string) string{
				func(s string) string { return strings.Replace(s, "mer_id=", "mer_id=1", 1) },
				func(s string) string { return strings.Replace(s, "version=4.0", "version=4.1", 1) },
				func(s string) string { s, _, _ = strings.Cut(s, "&sign="); return s },
				func(s string) string { return strings.Replace(s, "&sign=", "&pay_date2=&sign=", 1) },
				func(s string) string { return strings.Replace(s, "sign_type=RSA", "sign_type=RSA2", 1) },
			} {
				changed := strings.Replace(string(body), text, change(text), 1)
				require.NotEqual(t, string(body), changed)
				_, err = x.Decode(&transport.Reply{Status: http.StatusOK, Body: []byte(changed)})
				require.ErrorIs(t, err, cnpay.ErrSignature)
			}
		})
	}
}

func TestCapturedNotification(t *testing.T) {
	query, err := os.ReadFile("testdata/captures/notification-c1.txt")
	require.NoError(t, err)
	c, _ := testClient(t, "60216202", productionKey(t))
	n, err := c.ParseNotificationBody(query)
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, n.CallOutcome())
	require.Equal(t, "20185363493698436878823217403188", n.CallTicket().Order)
	require.EqualValues(t, 1, n.Amount)
	require.Empty(t, n.Extra)

	changed := strings.Replace(string(query), "amount=1&", "amount=9&", 1)
	_, err = c.ParseNotificationBody([]byte(changed))
	require.ErrorIs(t, err, cnpay.ErrSignature)
	other, _ := testClient(t, "60216203", productionKey(t))
	_, err = other.ParseNotificationBody(query)
	require.ErrorIs(t, err, cnpay.ErrMismatch)
}
