package yuansfer_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

const revoke = yuansfer.OpAutoDebitRevoke

// The token of the sandbox that the documents publish, in the form that copying leaves it in.
const sandboxToken = " 5cbfb079f15b150122261c8537086d77a\n"

func start(t testing.TB, opts ...cnpay.Option) (*yuansfertest.Server, *yuansfer.Client) {
	t.Helper()
	gateway := yuansfertest.NewServer()
	t.Cleanup(gateway.Close)
	client, err := yuansfer.New(gateway.Config(), opts...)
	require.NoError(t, err)
	return gateway, client
}

func once() cnpay.Option { return cnpay.WithRetry(cnpay.Retry{Attempts: 1}) }

func quick() cnpay.Option {
	return cnpay.WithRetry(cnpay.Retry{MinWait: time.Millisecond, MaxWait: time.Millisecond})
}

// answering is a network that answers every request alike and keeps the last one.
type answering struct {
	status int
	body   string
	err    error

	url    string
	header http.Header
	sent   string
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	sent, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	a.url, a.header, a.sent = r.URL.String(), r.Header, string(sent)
	if a.err != nil {
		return nil, a.err
	}
	return &http.Response{
		StatusCode: a.status, Header: http.Header{}, ContentLength: -1,
		Body: io.NopCloser(strings.NewReader(a.body)), Request: r,
	}, nil
}

func (a *answering) client(t testing.TB) *yuansfer.Client {
	t.Helper()
	client, err := yuansfer.New(yuansfer.Config{
		Gateway: yuansfer.Sandbox, MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken,
	}, cnpay.WithHTTPClient(&http.Client{Transport: a}))
	require.NoError(t, err)
	return client
}

func TestRevoke(t *testing.T) {
	gateway, client := start(t)
	autoDebitNo := gateway.AddAgreement("testAuth2021010801", "gcash")

	res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: autoDebitNo})
	require.NoError(t, err)
	require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(res, err))
	require.Equal(t, yuansfer.Agreement{AutoDebitNo: autoDebitNo, AutoReference: "testAuth2021010801", Vendor: "gcash"}, res.Result)
	require.True(t, gateway.Revoked(autoDebitNo))
	require.Equal(t, 1, gateway.Received(revoke))
}

func TestRevokeFaults(t *testing.T) {
	for _, tt := range []struct {
		fault   cnpaytest.Fault
		outcome cnpay.Outcome
		cause   error
		code    string
	}{
		{cnpaytest.Refused, cnpay.Failed, cnpay.ErrRefused, "000030"},
		{cnpaytest.LostAnswer, cnpay.Unknown, cnpay.ErrTransport, ""},
		{cnpaytest.Reset, cnpay.Unknown, cnpay.ErrTransport, ""},
		{cnpaytest.CutBody, cnpay.Unknown, cnpay.ErrTransport, ""},
		{cnpaytest.HTTP502, cnpay.Unknown, cnpay.ErrHTTPStatus, ""},
		{cnpaytest.Redirect, cnpay.Unknown, cnpay.ErrHTTPStatus, ""},
		{cnpaytest.Empty, cnpay.Unknown, cnpay.ErrMalformed, ""},
		{cnpaytest.HTML, cnpay.Unknown, cnpay.ErrMalformed, ""},
		{cnpaytest.HugeBody, cnpay.Unknown, cnpay.ErrTooLarge, ""},
		{cnpaytest.OtherAnswer, cnpay.Unknown, cnpay.ErrMismatch, ""},
		{yuansfertest.NoResult, cnpay.Unknown, cnpay.ErrMismatch, ""},
		{cnpaytest.UnknownCode, cnpay.Unknown, cnpay.ErrUndecided, "000099"},
		{yuansfertest.SystemError, cnpay.Unknown, cnpay.ErrUndecided, "000000"},
		{yuansfertest.SupplierError, cnpay.Unknown, cnpay.ErrUndecided, "000080"},
	} {
		t.Run(string(tt.fault), func(t *testing.T) {
			gateway, client := start(t)
			req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
			gateway.Misbehave(revoke, tt.fault)

			res, err := client.AutoDebit.Revoke(t.Context(), req)
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			var e *cnpay.Error
			require.ErrorAs(t, err, &e)
			require.Equal(t, tt.code, e.Code)
			require.Equal(t, req.AutoDebitNo, e.Ticket.Order)
			require.Equal(t, tt.code != "", res != nil, "a response with the error, where one belongs to the request")
			require.Equal(t, 1, gateway.Received(revoke))
			require.Equal(t, tt.fault != cnpaytest.Refused, gateway.Revoked(req.AutoDebitNo))

			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, cnpay.Succeeded, cnpay.OutcomeOf(settled, err))
			require.Equal(t, 1, settled.Queries)
			require.Equal(t, 2, gateway.Received(revoke))
			require.True(t, gateway.Revoked(req.AutoDebitNo))
		})
	}
}

// The refusal of a repeat is never the outcome of the request before it.
func TestRefusedRepeatIsUnknown(t *testing.T) {
	for _, code := range []string{"000040", "000021", "000030"} {
		t.Run(code, func(t *testing.T) {
			gateway, client := start(t, quick())
			req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
			gateway.RefuseRepeats(code)
			gateway.Misbehave(revoke, cnpaytest.LostAnswer)

			res, err := client.AutoDebit.Revoke(t.Context(), req)
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
			require.True(t, gateway.Revoked(req.AutoDebitNo))

			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0, 0}))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.ErrorIs(t, err, cnpay.ErrUndecided)
			require.Equal(t, code, settled.Code)
			require.Equal(t, code, settled.Answer.(*yuansfer.AutoDebitRevokeResponse).RetCode)
			require.Equal(t, 2, settled.Queries)
		})
	}
}

// The first request is carried out late. A repeat that overtakes it revokes the agreement itself; one that comes after
// it may be refused, which decides nothing.
func TestLateRevoke(t *testing.T) {
	gateway, client := start(t, cnpay.WithSchedule(cnpay.Schedule{0}))
	gateway.RefuseRepeats("000040")
	for late, want := range map[time.Duration]cnpay.Outcome{time.Hour: cnpay.Succeeded, 0: cnpay.Unknown} {
		req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
		gateway.Misbehave(revoke, cnpaytest.Late(late))
		res, err := client.AutoDebit.Revoke(t.Context(), req)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
		require.Equal(t, late == 0, gateway.Revoked(req.AutoDebitNo))
		settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err))
		require.Equal(t, want, cnpay.OutcomeOf(settled, err), late)
		require.True(t, gateway.Revoked(req.AutoDebitNo))
	}
}

// Asked on its own, the same is a plain refusal.
func TestSecondRevokeRefused(t *testing.T) {
	gateway, client := start(t)
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
	gateway.RefuseRepeats("000040")
	_, err := client.AutoDebit.Revoke(t.Context(), req)
	require.NoError(t, err)

	res, err := client.AutoDebit.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.Equal(t, "000040", res.RetCode)
}

func TestNoSuchAgreement(t *testing.T) {
	gateway, client := start(t)
	res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298222562856331071"})
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.Equal(t, "000021", res.RetCode)
	require.Equal(t, 1, gateway.Received(revoke))
}

func TestWrongToken(t *testing.T) {
	gateway, client := start(t)
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
	gateway.SetToken("another")

	res, err := client.AutoDebit.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrRefused)
	require.ErrorContains(t, err, "check the token")
	require.Equal(t, "data error : verifySign", res.RetMsg)
	require.Equal(t, http.StatusBadRequest, res.HTTPStatus)
	require.False(t, gateway.Revoked(req.AutoDebitNo))
}

func TestHang(t *testing.T) {
	gateway, client := start(t, cnpay.WithTimeout(time.Second))
	req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
	gateway.Misbehave(revoke, cnpaytest.Hang)
	begun := time.Now()
	res, err := client.AutoDebit.Revoke(t.Context(), req)
	require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, context.DeadlineExceeded)
	require.Less(t, time.Since(begun), 10*time.Second, "the client's own limit")
	require.Equal(t, 1, gateway.Received(revoke))
}

func TestNotSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := l.Addr().String()
	require.NoError(t, l.Close())
	client, err := yuansfer.New(yuansfer.Config{
		Gateway: "http://" + address, MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken,
	}, quick())
	require.NoError(t, err)
	res, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298222562856331071"})
	require.Equal(t, cnpay.NotSent, cnpay.OutcomeOf(res, err))
	require.ErrorIs(t, err, cnpay.ErrTransport)
}

func TestInvalidRequest(t *testing.T) {
	for _, tt := range []struct {
		name   string
		req    *yuansfer.AutoDebitRevokeRequest
		faults []string
	}{
		{"nil", nil, []string{"autoDebitNo is required"}},
		{"control characters everywhere", &yuansfer.AutoDebitRevokeRequest{
			Sender: yuansfer.Sender{MerGroupNo: "9\x00", MerchantNo: "2\n", StoreNo: "3\t"}, AutoDebitNo: "4\r",
		}, []string{"merGroupNo must be", "merchantNo must be", "storeNo must be", "autoDebitNo must be"}},
		{"not UTF-8", &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "\xff"}, []string{"autoDebitNo must be"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			gateway, client := start(t)
			res, err := client.AutoDebit.Revoke(t.Context(), tt.req)
			require.Nil(t, res)
			require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			var invalid *cnpay.InvalidRequestError
			require.ErrorAs(t, err, &invalid)
			require.Len(t, invalid.Faults, len(tt.faults))
			for _, fault := range tt.faults {
				require.ErrorContains(t, err, fault)
			}
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
			require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			require.Zero(t, gateway.Received(revoke))
		})
	}
}

// The bytes that leave, against published signatures and signatures computed with Python's hashlib.
func TestWire(t *testing.T) {
	for _, tt := range []struct {
		name   string
		config yuansfer.Config
		req    yuansfer.AutoDebitRevokeRequest
		body   string
	}{
		{
			"published on the page of revoke (docs.yuansfer.com)",
			yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken},
			yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298217806906830305"},
			`{"autoDebitNo":"298217806906830305","merchantNo":"200043","storeNo":"300014",` +
				`"verifySign":"acb359804dd3805da41cbccf23af3a0a"}`,
		},
		{
			"the partner's below: the request's own numbers win, of another merchant of the partner",
			yuansfer.Config{MerchantNo: "1", StoreNo: "2", MerGroupNo: "900001", Token: "e9ae88025307fa98971821b22b55fa6b"},
			yuansfer.AutoDebitRevokeRequest{
				Sender: yuansfer.Sender{MerchantNo: "200043", StoreNo: "300014"}, AutoDebitNo: "298217806906830305",
			},
			`{"autoDebitNo":"298217806906830305","merGroupNo":"900001","merchantNo":"200043","storeNo":"300014",` +
				`"verifySign":"073405a6acf2dac0936ea587df812acb"}`,
		},
		{
			"partner, computed with hashlib; the token is the one in Yuansfer's Java client",
			yuansfer.Config{
				MerchantNo: " 200043 ", StoreNo: "300014 ", MerGroupNo: "900001\n", Token: "e9ae88025307fa98971821b22b55fa6b",
			},
			yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298217806906830305"},
			`{"autoDebitNo":"298217806906830305","merGroupNo":"900001","merchantNo":"200043","storeNo":"300014",` +
				`"verifySign":"073405a6acf2dac0936ea587df812acb"}`,
		},
		{
			"signed raw and sent escaped, computed with hashlib",
			yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken},
			yuansfer.AutoDebitRevokeRequest{AutoDebitNo: `协议 "1"\<>`},
			`{"autoDebitNo":"协议 \"1\"\\<>","merchantNo":"200043","storeNo":"300014",` +
				`"verifySign":"bf1315d957c4e46331dc18d663a470e4"}`,
		},
		{
			"a lone backslash, computed with hashlib",
			yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken},
			yuansfer.AutoDebitRevokeRequest{AutoDebitNo: `协议\1`},
			`{"autoDebitNo":"协议\\1","merchantNo":"200043","storeNo":"300014",` +
				`"verifySign":"f8c1bb3566d5f403ff011b4c8af6d003"}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network := &answering{err: errors.New("no network")}
			client, err := yuansfer.New(tt.config, cnpay.WithHTTPClient(&http.Client{Transport: network}), once())
			require.NoError(t, err)
			req := tt.req
			_, err = client.AutoDebit.Revoke(t.Context(), &req)
			require.ErrorIs(t, err, cnpay.ErrTransport)
			require.Equal(t, tt.body, network.sent)
			require.Equal(t, tt.req, req, "the caller's request is not changed")
			require.Equal(t, "https://mapi.yuansfer.com/auto-debit/v3/revoke", network.url)
			require.Equal(t, "application/json; charset=UTF-8", network.header.Get("Content-Type"))
			require.Equal(t, "application/json", network.header.Get("Accept"))
			require.Empty(t, network.header.Get("Idempotency-Key"))
		})
	}
}

// The request and answers as the page of revoke prints them, faults included.
func TestDocumentsExamples(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("testdata", "documents", name))
		require.NoError(t, err)
		return string(text)
	}
	t.Run("request", func(t *testing.T) {
		var req yuansfer.AutoDebitRevokeRequest
		require.NoError(t, json.Unmarshal([]byte(read("revoke-request.json")), &req))
		network := &answering{status: 200, body: read("revoke-success-vendor.json")}
		_, err := network.client(t).AutoDebit.Revoke(t.Context(), &req)
		require.ErrorIs(t, err, cnpay.ErrMismatch, "the page's answer is to another request")
		require.JSONEq(t, read("revoke-request.json"), network.sent)
	})
	for _, tt := range []struct {
		file    string
		status  int
		outcome cnpay.Outcome
		want    yuansfer.AutoDebitRevokeResponse
	}{
		{"revoke-success-vendor.json", 200, cnpay.Succeeded, yuansfer.AutoDebitRevokeResponse{
			Response: yuansfer.Response{RetCode: "000100", RetMsg: "revoke success"},
			Result:   yuansfer.Agreement{AutoDebitNo: "298222562856331071", AutoReference: "testAuth2021010801", Vendor: "gcash"},
		}},
		{"revoke-success-customerBelongsTo.json", 200, cnpay.Succeeded, yuansfer.AutoDebitRevokeResponse{
			Response: yuansfer.Response{RetCode: "000100", RetMsg: "revoke success"},
			Result:   yuansfer.Agreement{AutoDebitNo: "298222562856331071", AutoReference: "testAuth2021010801", Vendor: "gcash"},
		}},
		{"revoke-error-retMsg.json", 400, cnpay.Failed, yuansfer.AutoDebitRevokeResponse{
			Response: yuansfer.Response{RetCode: "000000", RetMsg: "data error : verifySign"},
		}},
		{"revoke-error-ret_msg.json", 400, cnpay.Failed, yuansfer.AutoDebitRevokeResponse{
			Response: yuansfer.Response{RetCode: "000000", RetMsg: "data error : verifySign"},
		}},
		{"revoke-error-retMsg.json", 200, cnpay.Failed, yuansfer.AutoDebitRevokeResponse{
			Response: yuansfer.Response{RetCode: "000000", RetMsg: "data error : verifySign"},
		}},
	} {
		t.Run(tt.file, func(t *testing.T) {
			network := &answering{status: tt.status, body: read(tt.file)}
			res, err := network.client(t).AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298222562856331071"})
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.Equal(t, network.body, string(res.Raw))
			tt.want.Answer = res.Answer
			require.Equal(t, &tt.want, res)
			require.Empty(t, res.Extra)
		})
	}
}

func TestAnswers(t *testing.T) {
	const ours = "298222562856331071"
	for _, tt := range []struct {
		name, body string
		outcome    cnpay.Outcome
		cause      error
	}{
		{"number for text", `{"result":{"autoDebitNo":298222562856331071},"ret_code":"000100"}`, cnpay.Succeeded, nil},
		{"22 digits differ in the last", `{"result":{"autoDebitNo":2982225628563310710001},"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"nulls", `{"result":{"autoDebitNo":"298222562856331071","autoReference":null,"vendor":null},"ret_code":"000100","ret_msg":null}`, cnpay.Succeeded, nil},
		{"unknown members", `{"a":[1,{"b":2}],"result":{"autoDebitNo":"298222562856331071","c":{}},"ret_code":"000100","verifySign":"0"}`, cnpay.Succeeded, nil},
		{"byte order mark", "\xef\xbb\xbf" + `{"result":{"autoDebitNo":"298222562856331071"},"ret_code":"000100"}`, cnpay.Succeeded, nil},
		{"status pending", `{"result":{"autoDebitNo":"298222562856331071","status":"pending"},"ret_code":"000100"}`, cnpay.Pending, nil},
		{"status failed", `{"result":{"autoDebitNo":"298222562856331071","status":"failed"},"ret_code":"000100"}`, cnpay.Failed, cnpay.ErrRefused},
		{"status undocumented", `{"result":{"autoDebitNo":"298222562856331071","status":"perhaps"},"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrUndecided},

		{"result null", `{"result":null,"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"result empty text", `{"result":"","ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"result without number", `{"result":{"autoReference":"r"},"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"pending without number", `{"result":{"status":"pending"},"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"number beside result", `{"autoDebitNo":"298222562856331071","ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"refusal of another", `{"result":{"autoDebitNo":"1"},"ret_code":"000040"}`, cnpay.Unknown, cnpay.ErrMismatch},
		{"refusal of what is revoked", `{"result":{"autoDebitNo":"298222562856331071","status":"success"},"ret_code":"000040"}`, cnpay.Unknown, cnpay.ErrUndecided},
		{"refusal of what is under way", `{"result":{"autoDebitNo":"298222562856331071","status":"pending"},"ret_code":"000040"}`, cnpay.Unknown, cnpay.ErrUndecided},
		{"refusal with an undocumented status", `{"result":{"autoDebitNo":"298222562856331071","status":"perhaps"},"ret_code":"000040"}`, cnpay.Unknown, cnpay.ErrUndecided},
		{"refusal with the status of one", `{"result":{"autoDebitNo":"298222562856331071","status":"failed"},"ret_code":"000040"}`, cnpay.Failed, cnpay.ErrRefused},
		{"refusal of ours", `{"result":{"autoDebitNo":"298222562856331071"},"ret_code":"000040"}`, cnpay.Failed, cnpay.ErrRefused},
		{"refusal without result", `{"ret_code":"000040","retMsg":"","ret_msg":""}`, cnpay.Failed, cnpay.ErrRefused},
		{"both spellings, the first empty", `{"ret_code":"000000","ret_msg":"","retMsg":"data error : storeNo"}`, cnpay.Failed, cnpay.ErrRefused},

		{"no code", `{"result":{"autoDebitNo":"298222562856331071"}}`, cnpay.Unknown, cnpay.ErrUndecided},
		{"code without zeros", `{"result":{"autoDebitNo":"298222562856331071"},"ret_code":100}`, cnpay.Unknown, cnpay.ErrUndecided},
		{"code twice", `{"ret_code":"000100","result":{"autoDebitNo":"298222562856331071"},"ret_code":"000040"}`, cnpay.Unknown, cnpay.ErrMalformed},
		{"number twice", `{"ret_code":"000100","result":{"autoDebitNo":"1","autoDebitNo":"298222562856331071"}}`, cnpay.Unknown, cnpay.ErrMalformed},
		{"result a list", `{"result":["298222562856331071"],"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMalformed},
		{"two objects", `{"ret_code":"000040"}{"ret_code":"000100"}`, cnpay.Unknown, cnpay.ErrMalformed},
		{"a list", `["000100"]`, cnpay.Unknown, cnpay.ErrMalformed},
		{"null", `null`, cnpay.Unknown, cnpay.ErrMalformed},
		{"brace missing", `{"result":{"autoDebitNo":"298222562856331071"},"ret_code":"000100"`, cnpay.Unknown, cnpay.ErrMalformed},
		{"blanks", "  \n", cnpay.Unknown, cnpay.ErrMalformed},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network := &answering{status: 200, body: tt.body}
			res, err := network.client(t).AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: ours})
			require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err))
			require.ErrorIs(t, err, tt.cause)
			if errors.Is(err, cnpay.ErrMismatch) || errors.Is(err, cnpay.ErrMalformed) {
				require.Nil(t, res)
			} else {
				require.Equal(t, tt.body, string(res.Raw))
			}
		})
	}
}

// An answer of something in front of Yuansfer's gateway names its HTTP status. Yuansfer's own refusals come with 400.
func TestHTTPStatus(t *testing.T) {
	const success = `{"ret_code":"000100","result":{"autoDebitNo":"1"}}`
	for _, tt := range []struct {
		status  int
		body    string
		outcome cnpay.Outcome
		causes  []error
		says    string
	}{
		{400, `{"ret_code":"000000","retMsg":"data error : storeNo",}`, cnpay.Failed, []error{cnpay.ErrRefused}, "refused"},
		{403, `{"ret_code":"000030"}`, cnpay.Failed, []error{cnpay.ErrRefused}, "refused"},
		{404, `<html>404</html>`, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "404 Not Found"},
		{404, `{"timestamp":1,"status":404,"error":"Not Found"}`, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "404 Not Found"},
		{407, ``, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "407: the proxy wants a password"},
		{413, `too large`, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "413 Request Entity Too Large"},
		{429, `{"message":"slow down"}`, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "429 Too Many Requests"},
		{204, ``, cnpay.Unknown, []error{cnpay.ErrHTTPStatus}, "204 No Content"},
		{201, success, cnpay.Unknown, []error{cnpay.ErrHTTPStatus, cnpay.ErrUndecided}, "201 Created"},
		{403, success, cnpay.Unknown, []error{cnpay.ErrHTTPStatus, cnpay.ErrUndecided}, "403 Forbidden"},
		{400, `{"ret_code":"000080"}`, cnpay.Unknown, []error{cnpay.ErrHTTPStatus, cnpay.ErrUndecided}, "400 Bad Request"},
		{400, `{"ret_code":"000040","result":{"autoDebitNo":"2"}}`, cnpay.Unknown, []error{cnpay.ErrMismatch}, "autoDebitNo differs"},
		{200, `<html>Please wait.</html>`, cnpay.Unknown, []error{cnpay.ErrMalformed}, "malformed"},
	} {
		network := &answering{status: tt.status, body: tt.body}
		res, err := network.client(t).AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "1"})
		require.Equal(t, tt.outcome, cnpay.OutcomeOf(res, err), "%+v", tt)
		for _, cause := range tt.causes {
			require.ErrorIs(t, err, cause, "%+v", tt)
		}
		require.ErrorContains(t, err, tt.says)
		var e *cnpay.Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, tt.status, e.HTTPStatus)
	}
}

func TestExtraMembersAreKept(t *testing.T) {
	network := &answering{status: 200, body: `{"result":{"autoDebitNo":"1","vendor":"ALIPAY_HK","customerBelongsTo":"X"},"ret_code":"000100","verifySign":"0","size":2}`}
	res, err := network.client(t).AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "1"})
	require.NoError(t, err)
	require.Equal(t, map[string]string{"verifySign": `"0"`, "size": "2"}, res.Extra)
	require.Equal(t, "alipay_hk", res.Result.Vendor)
	require.Equal(t, "X", res.Result.CustomerBelongsTo)
}

func TestNew(t *testing.T) {
	whole := yuansfer.Config{MerchantNo: "200043", StoreNo: "300014", Token: sandboxToken}
	_, err := yuansfer.New(whole)
	require.NoError(t, err)
	for _, gateway := range []string{
		yuansfer.Production, yuansfer.Sandbox, yuansfer.ProductionPockyt, yuansfer.SandboxDev, "http://127.0.0.1:9004",
	} {
		whole.Gateway = gateway
		_, err := yuansfer.New(whole)
		require.NoError(t, err, gateway)
	}

	client, err := yuansfer.New(yuansfer.Config{Gateway: "http://example.com", MerchantNo: " ", StoreNo: "\n", Token: " "})
	require.Nil(t, client)
	for _, fault := range []string{"plain http", "merchant number is required", "store number is required", "token is required"} {
		require.ErrorContains(t, err, fault)
	}
	require.NotContains(t, err.Error(), "\n")
	_, err = yuansfer.New(yuansfer.Config{MerchantNo: "2000\t43", StoreNo: "3000\x0014", MerGroupNo: "90 01", Token: "5cbf\ufeffb079"})
	require.EqualError(t, err, "yuansfer: config: merchant number holds a tab (U+0009) at character 5; "+
		"store number holds a NUL (U+0000) at character 5; partner's number holds a blank (U+0020) at character 3; "+
		"token holds a byte order mark (U+FEFF) at character 5")
}

// Neither the token nor its digest, with which anyone could sign, nor a signature gets into a log or an error.
func TestNothingSecretIsPrinted(t *testing.T) {
	var log bytes.Buffer
	network := &answering{status: 400, body: `{"ret_code":"000000","ret_msg":"data error : verifySign"}`}
	client := network.client(t)
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	_, err := client.AutoDebit.Revoke(t.Context(), &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "298217806906830305"}, cnpay.WithLogger(logger))
	printed := log.String() + err.Error()
	require.Contains(t, printed, "298217806906830305")
	require.Contains(t, network.sent, "acb359804dd3805da41cbccf23af3a0a")
	for _, secret := range []string{"5cbfb079f15b", "186abea4b861", "acb359804dd3", "merchantNo="} {
		require.NotContains(t, printed, secret)
	}
	require.NotContains(t, log.String(), "data error")
}

// Settling has its own schedule unless the caller sets one.
func TestSettleSchedule(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		network := &answering{status: 200, body: `{"ret_code":"000080"}`}
		client := network.client(t)
		begun := time.Now()
		ticket, err := client.Ticket(&yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "1"})
		require.NoError(t, err)
		settled, err := client.Settle(t.Context(), ticket)
		require.Equal(t, cnpay.Unknown, cnpay.OutcomeOf(settled, err))
		require.Equal(t, "000080", settled.Code)
		require.Equal(t, 5, settled.Queries)
		require.Equal(t, 37*time.Second, time.Since(begun))

		ctx, cancel := context.WithTimeout(t.Context(), 4*time.Second)
		defer cancel()
		settled, err = client.Settle(ctx, ticket)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, cnpay.Unknown, settled.Outcome)
		require.Equal(t, 2, settled.Queries)
	})
}

func TestSettlePending(t *testing.T) {
	network := &answering{status: 200, body: `{"ret_code":"000100","result":{"autoDebitNo":"1","status":"dealing"}}`}
	client := network.client(t)
	ticket, err := client.Ticket(&yuansfer.AutoDebitRevokeRequest{AutoDebitNo: "1"})
	require.NoError(t, err)
	settled, err := client.Settle(t.Context(), ticket, cnpay.WithSchedule(cnpay.Schedule{0, 0}))
	require.NoError(t, err)
	require.Equal(t, cnpay.Pending, settled.Outcome)
	require.Equal(t, 2, settled.Queries)
}

func TestConcurrentUse(t *testing.T) {
	gateway, client := start(t)
	var wg sync.WaitGroup
	for range 32 {
		req := &yuansfer.AutoDebitRevokeRequest{AutoDebitNo: gateway.AddAgreement("testAuth2021010801", "gcash")}
		wg.Go(func() {
			res, err := client.AutoDebit.Revoke(t.Context(), req)
			if err != nil || res.Result.AutoDebitNo != req.AutoDebitNo {
				t.Errorf("%s: %v", req.AutoDebitNo, err)
			}
		})
	}
	wg.Wait()
	require.Equal(t, 32, gateway.Received(revoke))
}

// What a client sends it must be able to settle: a request for another merchant, or of another partner, is refused before
// it is sent.
func TestRequestForAnotherMerchant(t *testing.T) {
	for _, tt := range []struct {
		config yuansfer.Config
		sender yuansfer.Sender
		says   string
	}{
		{yuansfer.Config{}, yuansfer.Sender{MerchantNo: "200044"}, "merchantNo is not the client's 200043"},
		{yuansfer.Config{}, yuansfer.Sender{MerGroupNo: "900001"}, "merGroupNo is not the client's"},
		{yuansfer.Config{MerGroupNo: "900001"}, yuansfer.Sender{MerGroupNo: "900002", MerchantNo: "200044"}, "merGroupNo is not the client's 900001"},
		{yuansfer.Config{MerGroupNo: "900001"}, yuansfer.Sender{MerchantNo: "200044"}, ""},
		{yuansfer.Config{}, yuansfer.Sender{MerchantNo: "200043", StoreNo: "300015"}, ""},
	} {
		network := &answering{err: errors.New("no network")}
		tt.config.MerchantNo, tt.config.StoreNo, tt.config.Token = "200043", "300014", sandboxToken
		client, err := yuansfer.New(tt.config, cnpay.WithHTTPClient(&http.Client{Transport: network}), once())
		require.NoError(t, err)
		res, err := client.Transactions.Refund(t.Context(), &yuansfer.TransactionRefundRequest{
			Sender: tt.sender, Currencies: yuansfer.Currencies{Currency: "USD", SettleCurrency: "USD"}, OrderKey: yuansfer.OrderKey{Reference: "A1"},
			RefundAmount: "1.00", RefundReference: "R1",
		})
		if tt.says == "" {
			require.ErrorIs(t, err, cnpay.ErrTransport)
			settled, err := client.Settle(t.Context(), cnpay.TicketOf(res, err), cnpay.WithSchedule(cnpay.Schedule{0}))
			require.NotErrorIs(t, err, cnpay.ErrInvalidRequest, tt.sender)
			require.Equal(t, 1, settled.Queries)
			continue
		}
		require.ErrorContains(t, err, tt.says)
		require.Equal(t, cnpay.Failed, cnpay.OutcomeOf(res, err))
		require.Empty(t, network.sent)
	}
}
