package sign

import (
	"crypto"
	"crypto/rsa"
	"encoding/hex"
	"math/big"
	"testing"

	"github.com/stretchr/testify/require"
)

// Public moduli, exponent 65537, of keys whose private halves are no part of
// this repository.
const (
	// UnionPay's shared test merchant certificate 69903319369, published with
	// the test suite of yansongda/pay.
	merchantModulus = "" +
		"bb6850616f5ea7164598f12243cd1beb679fae8acb157caf5fce513e5647bc140b7150a90b3e9d93ffcbf24a18a18d860730" +
		"7b80493c28c0a967ab5ec0168a282060b8e60d65665696e050f6e1791300bdf7225e37ff8bfe925d07ed895b6e7128151972" +
		"1ef14147e9bd5cd269823e77fa7ee2df312cd20ddf7f27c8facecf4bb5baf17f5b8ba11ba506fbe8d65472f662b12140ad5b" +
		"421c0d432e8d70106de982c8679509d884af0b8cd3e9de3031fc55bed8c5ed9d86968cd3b8d943ce85afdb514d2b78583a9e" +
		"d73263a642a598a6b4aac48bbcfda4fd43d919180093008b32891e257406d91becc28dd5b9eba1ec355b74da8d2acfca8752" +
		"8f87f0373155"

	// UnionPay's test signing certificate 68759585097, published inside every
	// answer of its test gateway from 2015 to 2017.
	gatewayModulus = "" +
		"c50361808b62fbf773dd75ce1443ad258279d0180c941e7c952364a2366af16d076fdb6d298a41dd0d56f87ecd7b5e84260b" +
		"c4a3a5b4ee830d3447c07f717e1458dc204c99c3af776c5042f309715f57c28aad08aaa1ce0ba80f125f61e1ae8adec3a6e4" +
		"6c0c6234fb22a0735458dbcbf556db971bce397d33fb3d1b49adaade4189505e084c80714067fbd176a94ba55a0d99ae42e7" +
		"a7099396dfaf69e00e55db52a3d72e2d638970056ffcb86fc7861089752e62a9dda3cc0cf2bb7ac85cedf2ce344a75a10e49" +
		"7759c4fc6663fa50b7e3968d5a62ec97fd3db80be8e0bbbea50b261b27cb6d4191e7529b9876a317832bafab92aa2536d42b" +
		"6bd6e40691c7"

	// A throwaway key of 1024 bits that guards nothing.
	throwawayModulus = "" +
		"a14349ecbe4ac1a8a7bd466c95dc6935a0c2b79aeb9322faad0421ddb2196ca7305e6b413e422f722d3813333eeb8b14515c" +
		"17b5323800a241071ff51dbefcc8919167e64314c6d6c326c2eb7fe484466544ced1f9030fa337d4edeea912986609f5dbb5" +
		"d69443ec868d29f8813447122109a79da48c131773bf3e8f14d623ad"
)

// goldenRSA holds UnionPay's rule for signMethod 01. The source says who signed.
var goldenRSA = []struct {
	source, modulus string
	hash            crypto.Hash
	message, digest string
	signature       string
}{
	{
		`published: yansongda/pay tests/Provider/UnipayTest.php, txnType 01`, merchantModulus, crypto.SHA256,
		`accessType=0&backUrl=https://yansongda.cn/unipay/notify&bizType=000201&certId=69903319369&channelType=07&currencyCode=156&encoding=utf-8&frontUrl=http://127.0.0.1:8000/unipay/return&merId=777290058167151&orderId=pay20240105145046&signMethod=01&txnAmt=1&txnSubType=01&txnTime=20240105145046&txnType=01&version=5.1.0`,
		"73c16a60437ae4c56e7574970d952771c143448bddfb499587ef8bdaa95f766e",
		"hBJV0/+JEeBe8Us/OBOQE6cS04HBKxV4L5PKN6nb6V1T/qIKmd98uXzyRIaXgvOWZcDUDNGKPjs7cYwifjnhUUX6284YSWuy2MgCZ75ddd9NVtYftSgEwPawzU/kzagoQqn0ahr/jUOGYHNDPnnyszfwZgUGRol8yhlePDz+tjfdur9PP3487/uKRa5s1PCrLb0PTUMEi6oiO52oz5ms4vKuP2v3YBBo5yyW6oqSQ/SQxwh971fpfDV3ZGBGL8KOMpPqyhgLJwTkH1KA63kcQPdiVOoNdV+b4jw+PkEU9059ia0cNHB3wyOfX8st0oiVSR9PQ30WXwnL+Og3xQ6IoQ==",
	},
	{
		`published: yansongda/pay tests/Provider/UnipayTest.php, txnType 00`, merchantModulus, crypto.SHA256,
		`accessType=0&bizType=000000&certId=69903319369&encoding=utf-8&merId=777290058167151&orderId=pay20240105145046&signMethod=01&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"089656b0a87e64e2aaa60b71485fd57d0afab55777494f16d452ce1d66e5579e",
		"lH8zZVGlsodhJ9U90v61gacQbS0NRPPDa+pt5WUUIjLzQhOob0ZKRUR+k67wK5w0n9wDUkg/iS0w5/OzAaj7jsRQzbBemSddciS7Pz6Npze/7bUdYA/HsWbw898gII16FJgohCPSOhs+TDk77kwriKuxrtUuDmnGFKW36Jjmglxp4e97zypV/08lFxvJBVIxFq8vwKG/zQVYTnqLGcCh8SKWae35SDXU2GMEjQ6QQGseN3kbs1Fs2uOdnzkfXJxQrEISVHr9oPoWJC+Bjr/GZrbSVy3Vp9ymKzg8y+7bfSg749iCLJCoEhz9KI5YYsmOXG7RZYkx99tYk1XhCTyRsw==",
	},
	{
		`published: yansongda/pay tests/Provider/UnipayTest.php, txnType 31`, merchantModulus, crypto.SHA256,
		`accessType=0&backUrl=https://yansongda.cn/unipay/notify&bizType=000000&certId=69903319369&channelType=07&encoding=utf-8&merId=777290058167151&orderId=cancelpay20240105164725&origQryId=652401051647252574008&signMethod=01&txnAmt=1&txnSubType=00&txnTime=20240105164725&txnType=31&version=5.1.0`,
		"5228e222bc00218bb96016b2554b0164152403e5ef936812e5f51d60d2ceb88a",
		"tEttBeAG77v1R5L80gFjKK2jZjgTutY2mUA7f4MPBze9fYoOMzixbboqtGSuG+GFHGSkbHP95ECYxgzs4EP5zEG6bKSlPxWyoUao3crqX+FUwav4qJpRv6EQ7UD0Uh1eNcNMaazPad4x8uijJVNqUDaUz68RFKB59YZwLd6jYjMz7hLM5ip3bkQ7+nw+wLCDvpT43HRgiNFETSHf+uku4zeuhnY/6zDwiieft6Na7Hy9z4OZlYB8Rg/VFTxj28uH0QIRYh/38z/UFrFi7OfyEBzgHqP7MY61JrHOVEIT2NSLRXg3FuYAfoCI4bqBvcoUquzr5JkA3drLu7s/lzyQHA==",
	},
	{
		`published: yansongda/pay tests/Provider/UnipayTest.php, txnType 04`, merchantModulus, crypto.SHA256,
		`accessType=0&backUrl=https://yansongda.cn/unipay/notify&bizType=000000&certId=69903319369&channelType=07&encoding=utf-8&merId=777290058167151&orderId=refundpay20240105165842&origQryId=052401051658427862748&signMethod=01&txnAmt=1&txnSubType=00&txnTime=20240105165842&txnType=04&version=5.1.0`,
		"17d5b5dc65dcbd17efe91b7f0d15fed641f7deabd19a0c41d5e8d31ac66b9906",
		"oeJQFbkSbXWNs1HfgNKqq4+PBA3xtKZDNT62VHAcn7F5OAjzkSHMC0bArsoY2jtw2wRVTg7drFIlYJwgN04OwikM2KRLcLdHzqTCZOIoSjo2CzfpSS6nAExHo5+PzKUIkO1KHbzV3xkID6F+dt9CWzFbRy81gqtZZLK+RuYFmu/T9f5EcjNBbiMRS7WNXckrSZc2Ny/CRhI9qujqK+2ANKFkcQ+GrZ24PHE1J73eUt8dNTSTt0snkckh5sK3oBTH2oHO+hizzfLGHYjLcUVCisN4JwsAjD6+MyxImYK1QkYhhCTJ3Owop5HuwAg2zSeq7TAfkimhtVVCdfNA1GNHuA==",
	},
	{
		`published: ileapy/unionpay src/Kernel/Support/AcpService.php, the app control's result`, gatewayModulus, crypto.SHA1,
		`pay_result=success&tn=201602141008032671528&cert_id=68759585097`,
		"d3174a652ba04ec885c8671982af81c29b12ec72",
		"J6rPLClQ64szrdXCOtV1ccOMzUmpiOKllp9cseBuRqJ71pBKPPkZ1FallzW18gyP7CvKh1RxfNNJ66AyXNMFJi1OSOsteAAFjF5GZp0Xsfm3LeHaN3j/N7p86k3B1GrSPvSnSw1LqnYuIBmebBkC1OD0Qi7qaYUJosyA1E8Ld8oGRZT5RR2gLGBoiAVraDiz9sci5zwQcLtmfpT5KFk/eTy4+W9SsC0M/2sVj43R9ePENlEvF8UpmZBqakyg5FO8+JMBz3kZ4fwnutI5pWPdYIWdVrloBpOa+N4pzhVRKD4eWJ0CoiD+joMS7+C0aPIEymYFLBNYQCjM0KV7N726LA==",
	},
	{
		`captured: playniuniu/python-unionpay:src/unionpay/SDKUtil_test.py, version 5.0.0`, gatewayModulus, crypto.SHA1,
		`accessType=0&bizType=000000&certId=68759585097&encoding=utf-8&merId=777290058110097&orderId=20160417104527&respCode=34&respMsg=查无此交易[2600000]&signMethod=01&txnSubType=00&txnTime=20160417104527&txnType=00&version=5.0.0`,
		"5d06467f632582844ec63d785270ce17976e49b4",
		"PZ+yd0zaI8EChNs+SjRZVyoVDK3ZaRhEV4NK7fHk1gmAlCezvM1RZBNwFOsux/JWFSgxSEclh6vvfqlCKjr+WC/J7Xg6GW0poDwjJE5SjAREP4zAw8/DjVWn+OqBxPX+d3WSURnmOWdq7tr8k2aigsM+o+nsmuBaWWDvvMRI7ayAhFuG/kyrEL40nlfMnCD5W9tEeK6E27IrZk+wTqN8aP/jxLZq2JYBRYIJr8kWAV3xtnB2XmulyCOqDPPtGRwGUKUk9hM609L66ceITQkbfe5nlWaTmvqWBTrhICGnYA8xfhuXOM/jcPWi+VY+Jar40+q7as4D3qZqcKkyF+6ZzA==",
	},
	{
		`computed with python cryptography: throwaway_5_1_0_utf8`, throwawayModulus, crypto.SHA256,
		`accessType=0&bizType=000000&certId=123456789012&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001&reqReserved=测试|a b+c/d&signMethod=01&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"62e121aad39c8cbb8a7b5820cab41c3023f8b301e19114e8dc87b9ba2667742e",
		"lLTS0WI2e71tjqE9EutMDjn2+n7n0wuProV45zwPCIYLoyycrniHuI2gAKRtDux78Tb4+hk4o47l1RxHLEkfKpNjKC9zm1OCqUw3r5WqS0nMsxxqih+YTERusIkFf4g4qUYV4j0Npuysp2kr/pXCesoM6m02mFSnbthuJq0v8AM=",
	},
	{
		`computed with python cryptography: throwaway_5_1_0_gbk`, throwawayModulus, crypto.SHA256,
		"accessType=0&bizType=000000&certId=123456789012&encoding=GBK&merId=777290058110048&orderId=20240105145046001&reqReserved=\xb2\xe2\xca\xd4|a b+c/d&signMethod=01&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0",
		"3d0dacfb653a19fe0f9737c4b0b63021d049509af7a7e5ce3bbff8bb6a2dea5b",
		"UHTxfMs+1YZLE5ILpuGWpw4NnVEsj6fCW92hcuryGfppQZbNHdAubCHUlBsb0QFStlJYIjWRTYR6Zp3DUeqa9+h8nl+fuyMz6WXYJ+ZzQgG7HLwlBfXHroL1bPhoF0bmXAc5ZhIjpTM8y4JPG6C0yGcFUt/j8ev1LhFwl81hXO8=",
	},
	{
		`computed with python cryptography: throwaway_5_0_0`, throwawayModulus, crypto.SHA1,
		`accessType=0&bizType=000000&certId=123456789012&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001&reqReserved=测试|a b+c/d&signMethod=01&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.0.0`,
		"08bffd7f8be780518ecb4e7d344a124d21aee8ef",
		"IGqXgiTKkD5clE+wIJMRrOwpkUocq0jMCCwLgE6IHYxjFPd6HuOpEpq91qwwTRbBGhPRQ/fNq40KfhZBk72J1Rehi4/Qvw0G0sEXRQDrxRWUMecrRktZAvQgbGqpkVah4LeRVYfx+VBIbK+A19qoSt2wxZAWPpo6MjF8f30Nrp8=",
	},
}

func TestGoldenRSA(t *testing.T) {
	for _, g := range goldenRSA {
		t.Run(g.source, func(t *testing.T) {
			v := &RSAVerifier{key: publicKey(t, g.modulus), hash: g.hash} // the constructor takes no 1024 bits
			require.NoError(t, v.Verify([]byte(g.message), g.signature))
			require.ErrorIs(t, v.Verify([]byte(g.message+" "), g.signature), ErrSignature)
			var d digest
			require.Equal(t, g.digest, hex.EncodeToString(d.of(g.hash, []byte(g.message))))
		})
	}
}

func publicKey(t *testing.T, modulus string) *rsa.PublicKey {
	n, ok := new(big.Int).SetString(modulus, 16)
	require.True(t, ok)
	return &rsa.PublicKey{N: n, E: 65537}
}

// goldenKeyed holds the rules with a shared secret.
var goldenKeyed = []struct {
	source             string
	new                func(string) (*Keyed, error)
	secret             string
	message, signature string
}{
	{`computed with python hashlib, openssl: UnionPay signMethod 11, 1`, NewSHA256Keyed, `88888888`,
		`accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001&signMethod=11&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"c3f5d530a23f3bb3c8152831cf9d719c00ef778bcdf6383e7270d4385c602acb"},
	{`computed with python hashlib, openssl: UnionPay signMethod 11, 2`, NewSHA256Keyed, `88888888`,
		`accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderDesc=订单&orderId=20240105145046001&reqReserved=测试|a b+c/d&signMethod=11&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"b5aee5e5a05d827eddd7e3cd3184f7d74c694ad0570e8078590e39b1989f1fe5"},
	{`computed with python hashlib, openssl: UnionPay signMethod 12, 1`, NewSM3Keyed, `88888888`,
		`accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderId=20240105145046001&signMethod=12&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"c5f670c3dfe5b6018fc3b68ee37b40d20ebe2e78c7776180f712d1a60cf8b5e8"},
	{`computed with python hashlib, openssl: UnionPay signMethod 12, 2`, NewSM3Keyed, `88888888`,
		`accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderDesc=订单&orderId=20240105145046001&reqReserved=测试|a b+c/d&signMethod=12&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0`,
		"213f0ecd7ee04af0b7a8a95e31479c2385a1bb59a0d596bce44bf2dbb601a38d"},
	{`computed with python hashlib: UnionPay signMethod 11, GBK`, NewSHA256Keyed, `88888888`,
		"accessType=0&bizType=000000&encoding=UTF-8&merId=777290058110048&orderDesc=\xb6\xa9\xb5\xa5&orderId=20240105145046001&reqReserved=\xb2\xe2\xca\xd4|a b+c/d&signMethod=11&txnSubType=00&txnTime=20240105145046&txnType=00&version=5.1.0",
		"68f7cca2be0a104d9b5a496bc82b57e6aded7f1cbeaac787da1fe3fff188bea8"},
	{`published: Yuansfer V1, signing page example`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=1.00&callbackUrl=https://wx.yuansfer.yunkeguan.com/wx&currency=USD&goodsInfo=[{"goods_name":"Yuansfer","quantity":"1"}]&ipnUrl=https://wx.yuansfer.yunkeguan.com/wx&merchantNo=200043&reference=seq_1525922323&storeNo=300014&terminal=ONLINE&timeout=120&vendor=alipay`,
		"b6bfd66531ae7c9499115c7480a2c8aa"},
	{`published: Yuansfer V2, auto-debit revoke (seed)`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`autoDebitNo=298217806906830305&merchantNo=200043&storeNo=300014`,
		"acb359804dd3805da41cbccf23af3a0a"},
	{`published: Yuansfer V3, auto-debit apply-token`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`autoDebitNo=298222562856331071&grantType=AUTHORIZATION_CODE&merchantNo=200043&storeNo=300014`,
		"edeb2fe1c1be1c4d4763ac7b7c3a4098"},
	{`published: Yuansfer V4, auto-debit consult (old field name)`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`autoIpnUrl=http://zk-tys.yunkeguan.com/ttest/test&autoRedirectUrl=http://zk-tys.yunkeguan.com/ttest/test2&autoReference=testAuth2021010801&customerBelongsTo=GCASH&merchantNo=200043&osType=IOS&osVersion=14.0.0.1&storeNo=300014&terminal=ONLINE`,
		"dc6a38102a63a5e3527589679d9ecc9f"},
	{`published: Yuansfer V5, auto-debit pay`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=100&autoDebitNo=298222562856331071&currency=PHP&ipnUrl=http://zk-tys.yunkeguan.com/ttest/test&merchantNo=200043&reference=test2021010801&settleCurrency=USD&storeNo=300014`,
		"cec6cc1dc16c399f68b66d74f8e363f5"},
	{`published: Yuansfer V6, secure-pay, goodsInfo nested`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=13&callbackUrl=http://zk-tys.yunkeguan.com/ttest/test2?status={status}&currency=PHP&description=test+description&goodsInfo=[{"goods_name":"name1","quantity":"quantity1"}]&ipnUrl=http://zk-tys.yunkeguan.com/ttest/test&merchantNo=200043&note=test note&osType=IOS&reference=test202001011303&settleCurrency=USD&storeNo=300014&terminal=ONLINE&timeout=30&vendor=alipay`,
		"72a2c6ce8497adc8a03a78135618e666"},
	{`published: Yuansfer V7, micropay prepay, Chinese text`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=0.01&currency=CNY&description=司机支付会员费用&ipnUrl=http://zk-tys.yunkeguan.com/login/test&merchantNo=200043&openid=ocBgh5fnabrf-pxPgCWXlq2mOvG8&reference=test2020101302&settleCurrency=USD&storeNo=300014&terminal=MINIPROGRAM&vendor=wechatpay`,
		"09f722178f6cf2e71c9dfdd664e8663b"},
	{`published: Yuansfer V8, in-store add`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=13&currency=USD&merchantNo=200043&reference=test20200101206&storeNo=300014`,
		"c29c8240bf99510d4d53a0ca36f9c135"},
	{`published: Yuansfer V9, in-store pay`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`merchantNo=200043&paymentBarcode=286498530672949108&storeNo=300014&transactionNo=297553636764407286&vendor=alipay`,
		"f38965887c5676e2fb19d951251eb613"},
	{`published: Yuansfer V10, create-trans-qrcode`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=0.11&currency=USD&ipnUrl=http://zk-tys.yunkeguan.com/login/test&merchantNo=200043&needQrcode=true&reference=test2020102023&settleCurrency=USD&storeNo=300014&timeout=120&vendor=alipay`,
		"45bfac0286debaf0c316c011d6842d2c"},
	{`published: Yuansfer V11, refund`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`currency=USD&merchantNo=200043&refundAmount=0.01&refundReference=refund2020101305&settleCurrency=USD&storeNo=300014&transactionNo=297553638301777927`,
		"dd81f7781603bec48ae2c6a9ac758bf2"},
	{`published: Yuansfer V12, tran-query`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`merchantNo=200043&storeNo=300014&transactionNo=297553638300708562`,
		"0df745088d7202a6d186596acdc82c6a"},
	{`published: Yuansfer V13, payment IPN`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=0.01&currency=USD&reference=test1666247277861&settleCurrency=USD&status=success&time=20221020142817&transactionNo=305680500880311923`,
		"435d01c5d5fa88cfe8168fbfbf732519"},
	{`published: Yuansfer V14, payout IPN`, NewVerifySign, `17cfc0170ef1c017b4a929d233d6e65e`,
		`amount=10.00&currency=USD&invoiceId=20210118101801&paymentTime=2021-01-18T02:19:05Z&receiver=sb-lfgk83666547@business.example.com&status=success&transactionNo=303768502875460668&vendor=PAYPAL`,
		"b091c63b56948c2066d4410e71a25d99"},
	{`published: Yuansfer V15, payee payout-accounts`, NewVerifySign, `17cfc0170ef1c017b4a929d233d6e65e`,
		`customerNo=2000305228289295850180&merchantNo=202333&storeNo=301854&timestamp=2022-10-10T18:25:52Z`,
		"05a150f56706f9a435748eb986c2daad"},
	{`published: Yuansfer V16, payee retrieve`, NewVerifySign, `17cfc0170ef1c017b4a929d233d6e65e`,
		`customerNo=2000305228303182610217&merchantNo=202333&storeNo=301854&timestamp=2023-02-13T12:35:14Z`,
		"d81e8e6f33ecdbff1985dbf0210572ce"},
	{`published: Yuansfer V17, order create, PayPal`, NewVerifySign, `5cbfb079f15b150122261c8537086d77a`,
		`amount=2&currency=USD&ipnUrl=https://yuansferdev.com/callback&merchantNo=200043&reference=474ef05badfbaf7f7c6565f87a4e8d1e&settleCurrency=USD&storeNo=300014&vendor=paypal`,
		"86c13cc31a890d581f0445037a38784a"},
	{`computed with python hashlib: Yuansfer V18, ISV tran-query`, NewVerifySign, `e9ae88025307fa98971821b22b55fa6b`,
		`merGroupNo=900001&merchantNo=200043&storeNo=300014&transactionNo=297553638300708562`,
		"4c83102f6fbe15fa88cf705742ca219f"},
	{`published input, computed with python hashlib: Upay S1 `, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"params": "test"}`,
		"2c9afc06d842b4d45f5208fb07c29286"},
	{`published input, computed with python hashlib: Upay S2 `, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"MEX202605220001","total_amount":"1000","dynamic_id":"130818341921441147","subject":"MUWE test order","operator":"cashier01"}`,
		"525b9339b1697424f5c4e3527ac7ee19"},
	{`computed with python hashlib: Upay S3 revoke by sn`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"00101010029201012912","sn":"7892259488292938"}`,
		"c95840dcb9f6045f4658d93bbb73fa0d"},
	{`computed with python hashlib: Upay S4 revoke by client_sn`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"00101010029201012912","client_sn":"18348290098298292838"}`,
		"418f72dd86729bdc78bacd4659016c75"},
	{`computed with python hashlib: Upay S5 refund`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"18348290098298292838","refund_request_no":"23030349","operator":"Obama","refund_amount":"100"}`,
		"18090399502558a7bf0b1f2be6d64911"},
	{`computed with python hashlib: Upay S6 pay, Chinese as UTF-8`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"18348290098298292838","total_amount":"1000","dynamic_id":"130818341921441147","subject":"收钱吧","operator":"张三丰"}`,
		"43b48c78ae0f6939ad296799aa734f83"},
	{`computed with python hashlib: Upay S6b same, \u escapes`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"18348290098298292838","total_amount":"1000","dynamic_id":"130818341921441147","subject":"\u6536\u94b1\u5427","operator":"\u5f20\u4e09\u4e30"}`,
		"cc5564876e1656ed256b0eb4d32c987e"},
	{`computed with python hashlib: Upay S7 not HTML-escaped`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"A1","total_amount":"1","dynamic_id":"1","subject":"H&M <b>","operator":"o"}`,
		"ee237a66110e7a0497f95e6f77d00f13"},
	{`computed with python hashlib: Upay S8 Go default escaping`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"A1","total_amount":"1","dynamic_id":"1","subject":"H\u0026M \u003cb\u003e","operator":"o"}`,
		"25bc1d72c749474c4bc7d7f6238f5a2e"},
	{`computed with python hashlib: Upay S9 activate`, NewSuffixMD5, `vendor-key-for-test`,
		`{"app_id":"2017110600000001","code":"12345678","device_id":"POS-0001","client_sn":"POS01","name":"till 1","os_info":"linux","sdk_version":"go-sdk/1.0"}`,
		"5d0bae5a62c258583ca2456549f9470c"},
	{`computed with python hashlib: Upay S10 check-in`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","device_id":"POS-0001","os_info":"linux","sdk_version":"go-sdk/1.0"}`,
		"5d801a08b8b9648cfb17a2dd5737f2f7"},
	{`computed with python hashlib: Upay S11 query`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		`{"terminal_sn":"10298371039","client_sn":"18348290098298292838"}`,
		"eef4ee671a4bbb2f5bab8ce89dfa4827"},
	{`computed with python hashlib: Upay S12 binary (uploadLog), hex 1f8b0800000000000003cb48cdc9c90700`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xcbH\xcd\xc9\xc9\x07\x00",
		"13c3ff4dbcaaa5a5740b03074d59146d"},
	{`computed with python hashlib: Upay S13 empty body`, NewSuffixMD5, `68d499beda5f72116592f5c527465656`,
		``,
		"6bc37a6c623eae90c5c5464b52ce4632"},
	{`published: ChinaUMS B1, shishuihao/third-party-api AuthorizationUtilsTest`, NewHMACSHA256Base64, `67890123456789012345678901234567`,
		`123456789012345678901234567890122017010112000009876543210987654321098765432109559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd`,
		"GINsCTyNKTpEI9KXO16KqZJ64fOyAytEKl8aaR/Dy08="},
	{`digest published, computed with python hmac: ChinaUMS B2`, NewHMACSHA256Base64, `67890123456789012345678901234567`,
		`1234567890123456789012345678901220190227113148be46cd581c9f46ecbd71b9858311ea12d60bc3aedeb853e2a11c0c096baaf19954dd9b752e48dea8e919e5fb29a42a8d`,
		"rSGYqAXtZ25TXkgvrDDThfApj33sfQek+3oa3sItG+w="},
	{`computed with python hmac: ChinaUMS B3`, NewHMACSHA256Base64, `67890123456789012345678901234567`,
		`1234567890123456789012345678901220220421150052be46cd581c9f46ecbd71b9858311ea128350d165aba0746197b0d03e4fa4380322b4aa058efdad04285a7a88d6dc66a7`,
		"ahK4rYK+yyZQwm89umY+bGKfxUAIpDNyLz6qAYBc7n8="},
	{`computed with python hmac: ChinaUMS B4, empty body`, NewHMACSHA256Base64, `67890123456789012345678901234567`,
		`1234567890123456789012345678901220220421150052be46cd581c9f46ecbd71b9858311ea12e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855`,
		"Q00Gt2aU+Q9ubp96tHEvpN61rB1lxauoS5t+9b/cm88="},
	{`computed with python hmac: ChinaUMS F1`, NewHMACSHA256Base64, `67890123456789012345678901234567`,
		`123456789012345678901234567890122023080309471409876543210987654321098765432109e9df0b69fed587a6ffa57f8bcd400c9f3f1339b74a82f04408cded475c64e9fd`,
		"XN6PPuAtu0wd41RuKt5CInBMCjeAsoouuvN8jyab0Xw="},
	{`published: RFC 4231, test case 2`, NewHMACSHA256Hex, `Jefe`,
		`what do ya want for nothing?`,
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
	{`computed with openssl dgst -hmac: UMPay bridge, a command`, NewHMACSHA256Hex, `terminal-secret`,
		"POST\n/v1/commands\n1700000000\n0123456789abcdef0123456789abcdef\n5811967f540d300d249ab30ae681359a7815fdb5d3dc71a94be1d491006a6b27",
		"2768824b87c60e4405070f18945fbc199d0ab283d0d0ee71d3a7157a06509202"},
}

func TestGoldenKeyed(t *testing.T) {
	for _, g := range goldenKeyed {
		t.Run(g.source, func(t *testing.T) {
			k, err := g.new(g.secret)
			require.NoError(t, err)
			signature, err := k.Sign([]byte(g.message))
			require.NoError(t, err)
			require.Equal(t, g.signature, signature)
			require.NoError(t, k.Verify([]byte(g.message), g.signature))
		})
	}
}
