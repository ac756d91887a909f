package yuansfer

import (
	"context"
	"strings"

	"github.com/cnpay-go/cnpay"
)

// AutoDebitService acts on agreements by which a customer lets the merchant debit a wallet (自动扣款, 定期付款).
type AutoDebitService struct{ client *Client }

// AutoDebitRevokeRequest names the agreement to end.
type AutoDebitRevokeRequest struct {
	// MerGroupNo is the partner's number (服务商号), where a partner calls for its merchant. Empty means the
	// client's. The Chinese page of revoke does not have it; Yuansfer's own Java client sends it in every call.
	MerGroupNo string `json:"merGroupNo,omitempty" spec:"C S"`
	// MerchantNo is the merchant number (商家ID). Empty means the client's.
	MerchantNo string `json:"merchantNo" spec:"M S"`
	// StoreNo is the store number (商店ID). Empty means the client's.
	StoreNo string `json:"storeNo" spec:"M S"`
	// AutoDebitNo is Yuansfer's number of the agreement (自动付款记录ID), from the answer that opened it. All
	// published ones are digits, but the documents only call it text.
	AutoDebitNo string `json:"autoDebitNo" spec:"M S"`
}

func (r *AutoDebitRevokeRequest) complete(c *Client) {
	complete(c, &r.MerGroupNo, &r.MerchantNo, &r.StoreNo)
}
func (r *AutoDebitRevokeRequest) order() string { return r.AutoDebitNo }
func (r *AutoDebitRevokeRequest) conditions() []cnpay.Fault {
	return noSeparators("autoDebitNo", r.AutoDebitNo)
}

// complete fills in the sender of a request.
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

// AutoDebitRevokeResponse is the answer to a revoke.
type AutoDebitRevokeResponse struct {
	Response

	// Result is the agreement (结果对象); empty when the call was refused.
	Result Agreement `json:"result" spec:"C"`
}

func (r *AutoDebitRevokeResponse) normalize() {
	r.Response.normalize()
	r.Result.normalize()
}
func (r *AutoDebitRevokeResponse) order() (string, string) {
	return "autoDebitNo", r.Result.AutoDebitNo
}
func (r *AutoDebitRevokeResponse) status() string { return r.Result.Status }

// Agreement is an agreement as an answer has it.
type Agreement struct {
	// AutoDebitNo is Yuansfer's number of it (自动付款的唯一ID).
	AutoDebitNo string `json:"autoDebitNo" spec:"R S"`
	// AutoReference is the merchant's own number of it (商户系统中自动付款的唯一ID).
	AutoReference string `json:"autoReference" spec:"R S"`
	// Vendor is the wallet (付款渠道). Yuansfer writes it in upper or lower case; here it is always in lower case,
	// as documented.
	Vendor string `json:"vendor" spec:"R gcash|kakaopay|alipay|alipay_hk|dana|truemoney|tng|easypaisa|bkash"`
	// CustomerBelongsTo is Vendor under its name before 2021, which answers may still have; it is moved to Vendor.
	CustomerBelongsTo string `json:"customerBelongsTo,omitempty" spec:"O S"`
	// Status is in no published answer about an agreement. In all other answers of Yuansfer it decides what the code
	// 000100 leaves open, and so it does here when it comes.
	Status string `json:"status,omitempty" spec:"O S"`
}

func (a *Agreement) normalize() {
	move(&a.Vendor, &a.CustomerBelongsTo)
	a.Vendor = strings.ToLower(a.Vendor)
}

// Revoke ends an agreement (撤销, POST /auto-debit/v3/revoke): the merchant can no longer debit the wallet. It moves
// no money, and debits that were made are not returned.
//
// The outcome is that of this one request. A refusal does not say that an earlier revoke of the same agreement did
// nothing: the agreement may be refused because it is revoked already. So after Unknown do not call Revoke again;
// call SettleRevoke, which repeats the request, which is harmless, and judges the repeat as one.
//   - Succeeded: the agreement is revoked.
//   - Pending: accepted and not done yet, which no published answer says; call SettleRevoke.
//   - Failed: refused; this request changed nothing. With code 000040 the agreement's state does not allow a revoke.
//   - NotSent: nothing left this machine; the same call may be made again.
//   - Unknown: call SettleRevoke. Until then, count neither on the agreement nor on its end.
//
//cnpay:op auto_debit_revoke
func (s *AutoDebitService) Revoke(ctx context.Context, req *AutoDebitRevokeRequest, opts ...cnpay.Option) (*AutoDebitRevokeResponse, error) {
	return s.revoke(ctx, false, req, opts)
}

func (s *AutoDebitService) revoke(ctx context.Context, isRepeat bool, req *AutoDebitRevokeRequest, opts []cnpay.Option) (*AutoDebitRevokeResponse, error) {
	return call[AutoDebitRevokeResponse](ctx, s.client, operation{
		id: "auto_debit_revoke", path: "/auto-debit/v3/revoke", isRepeat: isRepeat, judge: judgeRevoke,
	}, req, opts)
}

// SettleRevoke repeats a revoke, on [RevokeSchedule], until one is accepted as done: Yuansfer has no query for
// agreements. So it is more than a query; it revokes an agreement that is still in force. A repeat is harmless.
//   - Succeeded: a repeat was accepted; the agreement is revoked.
//   - Pending: the last repeat was accepted and is not done yet; settle again later.
//   - Unknown: no repeat was accepted. It is never Failed, because a refused repeat says nothing about the request
//     before it, which may have been carried out or may still be on its way. Code 000040 or 000021 probably means
//     that the agreement is revoked already: have it confirmed in the portal or by Yuansfer.
func (s *AutoDebitService) SettleRevoke(ctx context.Context, req *AutoDebitRevokeRequest, opts ...cnpay.Option) (*cnpay.Settlement[*AutoDebitRevokeResponse], error) {
	if req == nil {
		req = &AutoDebitRevokeRequest{}
	}
	schedule := s.client.settings.With(opts...).Schedule
	if schedule == nil {
		schedule = RevokeSchedule()
	}
	subject := cnpay.Subject{Provider: "yuansfer", Operation: "auto_debit_revoke", Order: req.AutoDebitNo}
	return cnpay.Settle(ctx, subject, schedule, func(ctx context.Context) (*AutoDebitRevokeResponse, cnpay.Verdict, error) {
		res, err := s.revoke(ctx, true, req, opts)
		if res == nil {
			return nil, cnpay.Verdict{}, err
		}
		return res, cnpay.Verdict{Outcome: res.Outcome, Code: res.RetCode, Message: res.RetMsg}, nil
	})
}
