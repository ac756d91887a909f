package yuansfer

import (
	"context"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// AutoDebitService acts on agreements by which a customer lets the merchant debit a wallet (自动扣款, 定期付款).
type AutoDebitService struct{ client *Client }

// RevokeRequest names the agreement to end.
type RevokeRequest struct {
	// MerGroupNo is the partner's number (服务商号), where a partner calls for its merchant. Empty means the
	// client's. The Chinese page of revoke does not list it; Yuansfer's own Java
	// client knows it in every call.
	MerGroupNo string `json:"merGroupNo,omitempty" spec:"C S"`
	// MerchantNo is the merchant number (商家ID). Empty means the client's.
	MerchantNo string `json:"merchantNo" spec:"M S"`
	// StoreNo is the store number (商店ID). Empty means the client's.
	StoreNo string `json:"storeNo" spec:"M S"`
	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID), from the answer that opened it. All
	// published ones are digits, but the documents only call it text.
	AutoDebitNo string `json:"autoDebitNo" spec:"M S"`
	// VerifySign is the signature (参数签名). Each call computes it; what stands here is not sent.
	VerifySign string `json:"verifySign,omitempty" spec:"M AN32"`
}

func (r *RevokeRequest) complete(c *Client) {
	complete(c, &r.MerGroupNo, &r.MerchantNo, &r.StoreNo)
}
func (r *RevokeRequest) sign(verifySign string) { r.VerifySign = verifySign }
func (r *RevokeRequest) order() string          { return r.AutoDebitNo }
func (r *RevokeRequest) conditions() []cnpay.Fault {
	return unambiguous("autoDebitNo", r.AutoDebitNo)
}

// complete fills in what every request says of its sender.
func complete(c *Client, merGroupNo, merchantNo, storeNo *string) {
	if *merGroupNo == "" {
		*merGroupNo = c.merGroupNo
	}
	if *merchantNo == "" {
		*merchantNo = c.merchantNo
	}
	if *storeNo == "" {
		*storeNo = c.storeNo
	}
}

// RevokeResponse is the answer to a revoke.
type RevokeResponse struct {
	Response

	// Result is the agreement (结果对象); empty when the call was refused.
	Result Agreement `json:"result" spec:"C"`
}

func (r *RevokeResponse) flatten() {
	r.Response.flatten()
	r.Result.flatten()
}
func (r *RevokeResponse) order() (string, string) { return "autoDebitNo", r.Result.AutoDebitNo }
func (r *RevokeResponse) status() string          { return r.Result.Status }

// Agreement is what an answer says of an agreement.
type Agreement struct {
	// AutoDebitNo is Yuansfer's number of it (自动付款的唯一ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"R S"`
	// AutoReference is the merchant's own number of it (商户系统中自动付款的唯一ID).
	AutoReference string `json:"autoReference" spec:"R S"`
	// Vendor is the wallet (付款渠道). Yuansfer writes it in either case; here it is always as the documents list
	// it, in lower case.
	Vendor string `json:"vendor" spec:"R gcash|kakaopay|alipay|alipay_hk|dana|truemoney|tng|easypaisa|bkash"`
	// CustomerBelongsTo is Vendor under its name before 2021, which answers may still have; it is found in Vendor.
	CustomerBelongsTo string `json:"customerBelongsTo,omitempty" spec:"O S"`
	// Status is in no published answer about an agreement, but in all others of Yuansfer it says what a code of
	// 000100 leaves open. Where it comes it is heeded.
	Status string `json:"status,omitempty" spec:"O S"`
}

func (a *Agreement) flatten() {
	move(&a.Vendor, &a.CustomerBelongsTo)
	a.Vendor = strings.ToLower(a.Vendor)
}

// Revoke ends an agreement (撤销, POST /auto-debit/v3/revoke): the merchant can no longer debit the wallet. It moves
// no money, and debits that were made stand.
//
// A repeat is harmless; SettleRevoke makes it.
//   - Succeeded: the agreement is revoked.
//   - Pending: accepted and not done yet, which no published answer says; call SettleRevoke.
//   - Failed: refused; the agreement is as it was. With code 000040 its state does not allow a revoke.
//   - Unknown: call SettleRevoke, or Revoke again. Do not count on the agreement, neither on its being there nor on
//     its being gone.
//
//cnpay:op auto_debit_revoke
func (s *AutoDebitService) Revoke(ctx context.Context, req *RevokeRequest, opts ...cnpay.Option) (*RevokeResponse, error) {
	return s.revoke(ctx, false, req, opts)
}

func (s *AutoDebitService) revoke(ctx context.Context, repeat bool, req *RevokeRequest, opts []cnpay.Option) (*RevokeResponse, error) {
	return call[RevokeResponse](ctx, s.client, operation{
		id: "auto_debit_revoke", path: "/auto-debit/v3/revoke", repeat: repeat, judge: judgeRevoke,
	}, req, opts)
}

// SettleRevoke repeats a revoke, on [RevokeSchedule], until it is known to be done: Yuansfer has no query for
// agreements. So it does not merely ask; it revokes an agreement that still stands.
//
// Its outcome is Succeeded, Pending or Unknown, never Failed, because a refused repeat says nothing about the revoke
// before it. Code 000040 or 000021 beside Unknown is probably that of an agreement already revoked: have it
// confirmed in the portal or by Yuansfer.
func (s *AutoDebitService) SettleRevoke(ctx context.Context, req *RevokeRequest, opts ...cnpay.Option) (*cnpay.Settlement[*RevokeResponse], error) {
	if req == nil {
		req = &RevokeRequest{}
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = RevokeSchedule()
	}
	subject := cnpay.Subject{Provider: "yuansfer", Operation: "auto_debit_revoke", Order: req.AutoDebitNo}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*RevokeResponse, cnpay.Verdict, error) {
		res, err := s.revoke(ctx, true, req, opts)
		if res == nil {
			return nil, cnpay.Verdict{}, err
		}
		return res, cnpay.Verdict{Outcome: res.Outcome, Code: res.RetCode, Message: res.RetMsg}, nil
	})
}
