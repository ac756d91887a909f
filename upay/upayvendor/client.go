// Package upayvendor is a client of what Upay (收钱吧) offers to vendors (服务商): terminals are activated with the vendor's key,
// and merchants and stores are looked after with it. Payments are in package upay, with the key that an activation returns.
// Keep the vendor's key off tills.
//
// Answers are not signed: TLS is their only protection.
package upayvendor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/call"
	"github.com/cnpay-go/cnpay/internal/credential"
	"github.com/cnpay-go/cnpay/internal/spec"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/upay/internal/code"
)

// The gateways.
const (
	Production    = "https://vsi-api.shouqianba.com"    // of terminals
	ProductionAPI = "https://api-vendor.shouqianba.com" // of merchants and stores
	TestAPI       = "https://api-sandbox.test.shouqianba.com"
)

// Config is the vendor's access. Blanks, line ends and invisible characters around VendorSN and VendorKey are dropped;
// inside they are refused.
type Config struct {
	Gateway   string       // scheme and host of terminals; empty means Production
	API       string       // scheme and host of merchants and stores; empty means ProductionAPI
	VendorSN  string       // vendor number (服务商序列号)
	VendorKey cnpay.Secret // its key (服务商密钥)
}

// Client calls Upay for one vendor. It is safe for concurrent use.
type Client struct {
	Terminals *TerminalsService

	call   call.Client
	api    string
	signer sign.Signer
}

// New checks the configuration; it sends nothing.
func New(config Config, opts ...cnpay.Option) (*Client, error) {
	settings := cnpay.Settings{}.With(opts...)
	gateway, noGateway := transport.Gateway(cmp.Or(config.Gateway, Production), settings.PlainHTTP)
	api, noAPI := transport.Gateway(cmp.Or(config.API, ProductionAPI), settings.PlainHTTP)
	vendorSN, noVendor := credential.Required("vendor number", config.VendorSN)
	key, noKey := credential.Required("vendor key", config.VendorKey.Reveal())
	err := errors.Join(noGateway, noAPI, noVendor, noKey)
	var signer sign.Signer
	if err == nil {
		signer, err = sign.NewSuffixMD5(key)
	}
	if err != nil {
		return nil, transport.ConfigError("upay/upayvendor", err)
	}
	c := &Client{call: call.Client{
		Provider: "upay/upayvendor", Gateway: gateway, Account: vendorSN,
		Settings: settings, Transport: transport.New(settings.HTTPClient),
	}, api: api, signer: signer}
	c.Terminals = &TerminalsService{c}
	return c, nil
}

// OpTerminalActivate is this package's operation, as tickets, errors, logs and gateways for tests name it.
const OpTerminalActivate = "terminal_activate"

// Operation is one line of Upay's list for vendors: those on merchants, stores and terminals (/v2/...), which this package
// lacks, are carried out by [Do].
type Operation struct {
	ID   string // as errors and logs name it
	Path string // "/v2/store/get"

	// Query marks an operation that only asks: its outcome is Answered or Unknown.
	Query bool
	// Repeatable is set only where the documents say that a repeat is harmless: the call itself then repeats it.
	Repeatable bool
}

// Request is every request of this package.
type Request interface {
	operation() Operation
}

// operations are the requests of all operations of this package.
func operations() []Request { return []Request{&TerminalActivateRequest{}} }

// Envelope is what every answer begins with.
type Envelope struct {
	cnpay.Answer

	// ResultCode says whether the request was accepted (通讯响应码): 200, 400 and others, 500.
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why not (通讯错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
	// ErrorCodeStandard is a mark such as EJ08 that Upay's support needs; no document has it.
	ErrorCodeStandard string `json:"error_code_standard" spec:"O S"`
}

func (e *Envelope) answer() *cnpay.Answer { return &e.Answer }

// Codes are the result of an operation whose request was accepted.
type Codes struct {
	// ResultCode is SUCCESS or FAIL (业务结果码).
	ResultCode string `json:"result_code" spec:"R S"`
	// ErrorCode says why (业务执行错误码).
	ErrorCode string `json:"error_code" spec:"C S"`
	// ErrorMessage is a human-readable message in Chinese.
	ErrorMessage string `json:"error_message" spec:"C S"`
}

// Response is the answer to every operation but an activation; D is what its data has.
type Response[D any] struct {
	Envelope

	// Result is the operation's result (业务响应数据); empty when the request was not accepted.
	Result Result[D] `json:"biz_response" spec:"C"`
}

// Result is the business part of an answer.
type Result[D any] struct {
	Codes

	// Data is what the operation is about.
	Data D `json:"data" spec:"C"`
}

func (r *Response[D]) judge() (cnpay.Verdict, error) { return r.verdict(&r.Result.Codes) }

// verdict reads an answer of which an accepted request is done when its result is SUCCESS.
func (e *Envelope) verdict(c *Codes) (cnpay.Verdict, error) {
	v := cnpay.Verdict{Code: cmp.Or(e.ErrorCode, e.ResultCode), Message: e.ErrorMessage}
	if c.ResultCode != "" && e.ResultCode != "200" {
		return v, call.Contradiction("result_code %s contradicts the result %s", e.ResultCode, c.ResultCode)
	}
	switch e.ResultCode {
	case "400":
		v.Outcome = code.Refused(e.ErrorCode)
	case "403", "409", "413":
		v.Outcome = cnpay.Failed
	case "200":
		v = cnpay.Verdict{Code: cmp.Or(c.ErrorCode, c.ResultCode, e.ResultCode), Message: c.ErrorMessage}
		switch c.ResultCode {
		case "SUCCESS":
			v.Outcome = cnpay.Succeeded
		case "FAIL":
			v.Outcome = cnpay.Failed
		}
	}
	return v, nil
}

// response is a pointer to an answer's struct.
type response interface {
	answer() *cnpay.Answer
	judge() (cnpay.Verdict, error)
}

// Do carries out an operation that this package lacks: the request is a struct with json and spec tags, the answer a
// [Response] with the data's struct, or a struct that embeds one. What it may do to merchants and stores is in Upay's
// documents; no money moves.
func Do[Res any, R interface {
	*Res
	response
}](ctx context.Context, c *Client, op Operation, request any, opts ...cnpay.Option) (*Res, error) {
	res := R(new(Res))
	x := &exchange{client: c, op: op, request: spec.Copy(request), response: res}
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	answered, err := c.call.Do(ctx, c.line(op), header, x, res.answer(), opts)
	if !answered {
		return nil, err
	}
	return (*Res)(res), err
}

// Ticket is the ticket of a request that is yet to be sent; see [cnpay.Ticket].
func (c *Client) Ticket(request Request) (cnpay.Ticket, error) {
	op := call.Of(request, Request.operation)
	return c.call.NewTicket(c.line(op), &exchange{client: c, op: op, request: spec.Copy(request)})
}

// Settle returns an error: no operation of this package moves money, and nothing asks for the end of an activation.
func (c *Client) Settle(_ context.Context, t cnpay.Ticket, _ ...cnpay.Option) (*cnpay.Settlement, error) {
	return c.call.NotSettled(t)
}

// line is the operation as the steps of a call know it. Merchants and stores are on a host of their own.
func (c *Client) line(op Operation) call.Operation {
	line := call.Operation{ID: op.ID, Path: op.Path, Query: op.Query, NoMoney: true, Repeatable: op.Repeatable}
	if strings.HasPrefix(op.Path, "/v2/") {
		line.Gateway = c.api
	}
	return line
}

// exchange is one call, in the steps of [call.Protocol].
type exchange struct {
	client   *Client
	op       Operation
	request  any // a copy of the caller's
	response response
}

func (x *exchange) Ticket() cnpay.Ticket {
	text := func(name string) string { return x.client.call.Fields.Text(x.request, name) }
	return cnpay.Ticket{Order: cmp.Or(text("device_id"), text("client_sn"), text("id"))}
}

func (x *exchange) Messages() (request, answer any) { return x.request, x.response }

func (x *exchange) Check() []cnpay.Fault { return x.client.call.Fields.Check(x.request) }

func (x *exchange) Encode() ([]byte, error) { return x.client.call.Fields.EncodeJSON(x.request) }

func (x *exchange) Sign(h http.Header, body []byte) error {
	signature, err := x.client.signer.Sign(body)
	h["Authorization"] = []string{x.client.call.Account + " " + signature}
	return err
}

func (x *exchange) Decode(reply *transport.Reply) (extra map[string]string, err error) {
	return x.client.call.Fields.DecodeJSON(reply.Body, x.response)
}

func (x *exchange) Judge(httpStatus int) (cnpay.Verdict, error) {
	v, cause := x.response.judge()
	if httpStatus != http.StatusOK && v.Outcome != cnpay.Failed {
		v.Outcome = cnpay.Unknown
		return v, fmt.Errorf("%w: %w", cnpay.ErrUndecided, transport.StatusError(httpStatus))
	}
	return v, cause
}

// Belongs compares nothing: answers repeat nothing of what was asked.
func (x *exchange) Belongs(cnpay.Outcome) error { return nil }
