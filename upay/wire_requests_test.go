package upay_test

import (
	"crypto/md5"
	"encoding/hex"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/upay"
)

// Every field of every request at its documented place, and nothing that is empty.
func TestWholeRequestsOnTheWire(t *testing.T) {
	whole := upay.Sale{
		ClientSN: "20260901090000000123", TotalAmount: 1250, Subject: "两杯咖啡", Operator: "till-1", Description: "大杯",
		Longitude: "121.615459404", Latitude: "31.4056441552", Reflect: `{"tips":"200"}`, NotifyURL: "https://shop.example/upay/notify",
	}
	const wholeJSON = `"client_sn":"20260901090000000123","total_amount":"1250","subject":"两杯咖啡","operator":"till-1","description":"大杯",` +
		`"longitude":"121.615459404","latitude":"31.4056441552","reflect":"{\"tips\":\"200\"}","notify_url":"https://shop.example/upay/notify"`
	goods := []upay.GoodsDetail{{GoodsID: "wx001", GoodsName: "咖啡", Quantity: 2, Price: 625, PromotionType: 1}, {GoodsID: "wx002", GoodsName: "赠品", Quantity: 1}}
	const goodsJSON = `"goods_details":[{"goods_id":"wx001","goods_name":"咖啡","quantity":2,"price":625,"promotion_type":1},` +
		`{"goods_id":"wx002","goods_name":"赠品","quantity":1,"price":0,"promotion_type":0}]`
	extended := []byte(`{"extend_params":{"hb_fq_num":"3"}}`)
	const extendedJSON = `"extended":{"extend_params":{"hb_fq_num":"3"}}`
	step := upay.PreauthStep{ClientTransNo: "T1", Amount: 50000, Operator: "till-1", Subject: "租车"}
	const stepJSON = `"client_trans_no":"T1","amount":"50000","operator":"till-1","subject":"租车"`
	const terminal = `{"terminal_sn":"` + terminalSN + `",`
	const api, preauth = "https://vsi-api.shouqianba.com", "https://upay-auth-api.shouqianba.com"
	keys, err := upay.NewFileKeys(t.TempDir())
	require.NoError(t, err)
	for name, tt := range map[string]struct {
		send      func(*upay.Client) error
		url, body string
	}{
		"pay": {func(c *upay.Client) error {
			_, err := c.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{
				Sale: whole, Payway: "1", DynamicID: "280000000000000001", DeviceID: "POS-0001", Extended: extended, GoodsDetails: goods,
			})
			return err
		}, api + "/upay/v2/pay", terminal + wholeJSON + `,"payway":"1","dynamic_id":"280000000000000001","device_id":"POS-0001",` + extendedJSON + "," + goodsJSON + "}"},
		"precreate": {func(c *upay.Client) error {
			_, err := c.Orders.CreateQR(t.Context(), &upay.OrderCreateQRRequest{
				Sale: whole, Payway: "3", SubPayway: "3", PayerUID: "oExample", DeviceID: "POS-0001", Extended: extended, GoodsDetails: goods,
			})
			return err
		}, api + "/upay/v2/precreate", terminal + wholeJSON + `,"payway":"3","sub_payway":"3","payer_uid":"oExample","device_id":"POS-0001",` + extendedJSON + "," + goodsJSON + "}"},
		"refund": {func(c *upay.Client) error {
			_, err := c.Orders.Refund(t.Context(), &upay.OrderRefundRequest{
				SN: "7892259488292938", ClientSN: "A1", RefundRequestNo: "23030349", Operator: "Obama", RefundAmount: 100, ClientTSN: "x",
				Extended: extended, GoodsDetails: goods, Reflect: "r",
			})
			return err
		}, api + "/upay/v2/refund", terminal + `"sn":"7892259488292938","client_sn":"A1","refund_request_no":"23030349","operator":"Obama","refund_amount":"100","client_tsn":"x",` + extendedJSON + "," + goodsJSON + `,"reflect":"r"}`},
		"refund_query": {func(c *upay.Client) error {
			_, err := c.Orders.QueryRefund(t.Context(), &upay.OrderQueryRefundRequest{ClientSN: "A1", RefundRequestNo: "R01"})
			return err
		}, api + "/upay/v2/query", terminal + `"client_sn":"A1","refund_request_no":"R01"}`},
		"cancel": {func(c *upay.Client) error {
			_, err := c.Orders.Cancel(t.Context(), &upay.OrderCancelRequest{ClientSN: "A1"})
			return err
		}, api + "/upay/v2/cancel", terminal + `"client_sn":"A1"}`},
		"freeze": {func(c *upay.Client) error {
			_, err := c.Preauth.Create(t.Context(), &upay.PreauthCreateRequest{PreauthStep: step, ClientAuthSN: "A1", DynamicID: "280000000000000001", Reflect: "r"})
			return err
		}, preauth + "/api/v1/pre-auth/freeze", terminal + stepJSON + `,"client_auth_sn":"A1","dynamic_id":"280000000000000001","reflect":"r"}`},
		"unfreeze": {func(c *upay.Client) error {
			_, err := c.Preauth.Cancel(t.Context(), &upay.PreauthCancelRequest{PreauthNumber: upay.PreauthNumber{AuthSN: "7894259245320979"}, PreauthStep: step})
			return err
		}, preauth + "/api/v1/pre-auth/unfreeze", terminal + `"auth_sn":"7894259245320979",` + stepJSON + "}"},
		"complete": {func(c *upay.Client) error {
			_, err := c.Preauth.Complete(t.Context(), &upay.PreauthCompleteRequest{PreauthNumber: upay.PreauthNumber{ClientAuthSN: "A1"}, PreauthStep: step})
			return err
		}, preauth + "/api/v1/pre-auth/pay", terminal + `"client_auth_sn":"A1",` + stepJSON + "}"},
		"refund of a completion": {func(c *upay.Client) error {
			_, err := c.Preauth.Refund(t.Context(), &upay.PreauthRefundRequest{SN: "7892259488292938", PreauthStep: step})
			return err
		}, preauth + "/api/v1/pre-auth/refund", terminal + `"sn":"7892259488292938",` + stepJSON + "}"},
		"query of a step": {func(c *upay.Client) error {
			_, err := c.Preauth.Query(t.Context(), &upay.PreauthQueryRequest{RequestNo: "15154048770704543281"})
			return err
		}, preauth + "/api/v1/pre-auth/query", terminal + `"request_no":"15154048770704543281"}`},
		"list": {func(c *upay.Client) error {
			_, err := c.Preauth.List(t.Context(), &upay.PreauthListRequest{ClientAuthSN: "A1", PageInfo: &upay.PreauthPage{PageSize: 10, EndTime: 1788310800000}})
			return err
		}, preauth + "/api/v1/pre-auth/query-trans", terminal + `"client_auth_sn":"A1","pageInfo":{"pageSize":10,"endTime":1788310800000}}`},
		"check-in": {func(c *upay.Client) error {
			_, err := c.Terminals.CheckIn(t.Context(), device())
			return err
		}, api + "/terminal/checkin", terminal + `"device_id":"POS-0001","os_info":"linux","sdk_version":"cnpay"}`},
	} {
		t.Run(name, func(t *testing.T) {
			seen := 0
			client, err := upay.New(upay.Config{TerminalSN: terminalSN, TerminalKey: terminalKey, Keys: keys},
				cnpay.WithHTTPClient(&http.Client{Transport: wire(func(r *http.Request, body string) (*http.Response, error) {
					seen++
					require.Equal(t, http.MethodPost, r.Method)
					require.Equal(t, tt.url, r.URL.String())
					require.Equal(t, tt.body, body)
					digest := md5.Sum([]byte(body + terminalKey))
					require.Equal(t, []string{terminalSN + " " + hex.EncodeToString(digest[:])}, r.Header.Values("Authorization"))
					return answer(http.StatusOK, `{"result_code":"400","error_code":"INVALID_PARAMS"}`), nil
				})}))
			require.NoError(t, err)
			require.ErrorIs(t, tt.send(client), cnpay.ErrRefused)
			require.Equal(t, 1, seen)
		})
	}
}

// All faults of a request at once, those of its goods too.
func TestFaultsOfASale(t *testing.T) {
	client := dial(t, saying(""))
	_, err := client.Orders.PayByCode(t.Context(), &upay.OrderPayByCodeRequest{
		Sale:         upay.Sale{ClientSN: "A1", TotalAmount: -1, Latitude: "31"},
		GoodsDetails: []upay.GoodsDetail{{GoodsID: "1", Price: 1234567890, PromotionType: 2}},
		Extended:     []byte("{"),
	})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(nil, err))
	var invalid *cnpay.InvalidRequestError
	require.ErrorAs(t, err, &invalid)
	require.EqualError(t, invalid, "invalid request: total_amount must not be negative; subject is required; "+
		"operator is required; longitude is required with latitude; dynamic_id is required; extended must be JSON; "+
		"goods_details[0].goods_name is required; goods_details[0].quantity is required; goods_details[0].price must be 1 to 9 long, is 10; "+
		"goods_details[0].promotion_type must be 0 or 1")
}
