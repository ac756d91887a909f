package upayvendor

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// TerminalsService makes terminals (终端).
type TerminalsService struct{ client *Client }

// TerminalActivateRequest activates one device.
type TerminalActivateRequest struct {
	// AppID is the vendor's application (服务商应用编号), from the vendor platform.
	AppID string `json:"app_id" spec:"M S"`
	// Code is the store's activation code (激活码), from the merchant's console: valid for seven days, for so many uses as
	// the merchant has set, one most often.
	Code string `json:"code" spec:"M S secret"`
	// DeviceID is the device's own identifier (设备指纹), unique under AppID. Check-ins need the same.
	DeviceID string `json:"device_id" spec:"M S..128"`
	// ClientSN is the merchant's number of the terminal (第三方终端号), unique under AppID.
	ClientSN string `json:"client_sn" spec:"O S..50"`
	// Name is the terminal's name (终端名).
	Name string `json:"name" spec:"O S..128"`
	// OSInfo is the operating system (操作系统信息), as free text.
	OSInfo string `json:"os_info" spec:"O S..45"`
	// SDKVersion is the program (SDK版本), as free text.
	SDKVersion string `json:"sdk_version" spec:"O S..45"`
	// Type is in no field table; Upay's demos send "2". It is not needed.
	Type string `json:"type" spec:"O S"`
}

func (*TerminalActivateRequest) operation() Operation {
	return Operation{ID: OpTerminalActivate, Path: "/terminal/activate"}
}

// TerminalActivateResponse is the answer to an activation. Raw is empty: it would hold the key.
type TerminalActivateResponse struct {
	Envelope

	// Result is the new terminal (业务响应数据).
	Result ActivatedTerminal `json:"biz_response" spec:"C"`
}

// ActivatedTerminal is a terminal with its first key.
type ActivatedTerminal struct {
	Codes

	// TerminalSN is the terminal number (收钱吧终端ID), upay.Config's TerminalSN.
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// TerminalKey is its key (收钱吧终端密钥), upay.Config's TerminalKey. Store it at once, durably: no operation returns it
	// again.
	TerminalKey cnpay.Secret `json:"terminal_key" spec:"R S secret"`
	// The merchant and the store; live answers have them, and no document.
	MerchantSN   string `json:"merchant_sn" spec:"O S"`
	MerchantName string `json:"merchant_name" spec:"O S"`
	StoreSN      string `json:"store_sn" spec:"O S"`
	StoreName    string `json:"store_name" spec:"O S"`
}

// judge reads the result of an activation: live answers have no result_code there, and newer material has
// ACTIVATE_SUCCESS.
func (r *TerminalActivateResponse) judge() (cnpay.Verdict, error) {
	codes := r.Result.Codes
	if (codes.ResultCode == "" || codes.ResultCode == "ACTIVATE_SUCCESS") && r.Result.TerminalSN != "" && r.Result.TerminalKey != "" {
		codes.ResultCode = "SUCCESS"
	} else if codes.ResultCode == "SUCCESS" {
		codes.ResultCode = "" // without a terminal
	}
	return r.verdict(&codes)
}

// Activate makes a terminal of a device (激活, POST /terminal/activate) and returns its number and key, with which package
// upay pays. No money moves. Every accepted call uses the activation code up once more and makes another terminal, so it
// is never repeated by itself.
//   - Succeeded: store the key at once, durably.
//   - Failed: refused; no terminal was made. ACTIVATE_FAIL: the code is used up or has expired, or DeviceID or ClientSN is
//     taken.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: the code may be used up, and there may be a terminal whose key nobody has. Nothing asks for it: look into the
//     merchant's console, and take a new code.
//
//cnpay:op terminal_activate
func (s *TerminalsService) Activate(ctx context.Context, req *TerminalActivateRequest, opts ...cnpay.Option) (*TerminalActivateResponse, error) {
	res, err := Do[TerminalActivateResponse](ctx, s.client, req.operation(), req, opts...)
	if res != nil {
		res.Raw = nil
	}
	return res, err
}
