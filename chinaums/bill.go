package chinaums

import (
	"context"

	"github.com/cnpay-go/cnpay"
)

// BillsService acts on bills (账单, C扫B): the payer scans one of the merchant's codes.
//
// There are three kinds of codes, by what [BillsService.CreateQR] says: a number, a date and an amount make a bill that
// is paid once; an amount alone a code that anybody pays, any number of times; and none of them a code whose payer
// enters the amount. Of the last two the platform makes a new bill for each payment and says its number only in the
// notification: store BillNo and BillDate, because refund and query need them.
type BillsService struct{ client *Client }

// BillCode is what a code says, and what updating it may change.
type BillCode struct {
	// MemberID is the member (会员号), returned in the notification.
	MemberID string `json:"memberId" spec:"O S..32"`
	// CounterNo is the table, counter or room (桌号、柜台号、房间号), returned in the notification.
	CounterNo string `json:"counterNo" spec:"O S..32"`
	// ExpireTime is when the code can no longer be paid (过期时间), UTC+8, 2006-01-02 15:04:05. Without it the platform
	// says 30 minutes for a bill that is paid once, and never for others.
	ExpireTime string `json:"expireTime" spec:"O yyyy-MM-dd HH:mm:ss"`
	// NotifyURL is where the result is sent (支付结果通知地址); see [Client.ParseNotification].
	NotifyURL string `json:"notifyUrl" spec:"O S..255"`
	// ReturnURL is where the payer is taken after it (网页跳转地址); see [Client.ParseReturn].
	ReturnURL string `json:"returnUrl" spec:"O S..255"`
	// SystemID is the system that the bill comes from (系统ID).
	SystemID string `json:"systemId" spec:"O S..32"`
	// SecureTransaction is "true" for a guarantee (担保交易标识): see [EscrowService].
	SecureTransaction string `json:"secureTransaction" spec:"O true|false"`
	// PreauthTransaction is "true" for a pre-authorisation (预授权交易标识), of a bill that is paid once, with UnionPay.
	PreauthTransaction string `json:"preauthTransaction" spec:"O true|false"`
	// WalletOption is SINGLE or MULTIPLE (钱包选项), of a bill that is paid once.
	WalletOption string `json:"walletOption" spec:"O SINGLE|MULTIPLE"`
	RealName
	// InstallmentNumber is the number of instalments (花呗分期数): 3, 6 or 12.
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
	// RetCommParams are for rebates (返佣字段).
	RetCommParams *RetCommParams `json:"retCommParams" spec:"O"`
	// SubMchntInfo is in a sample of 2022 only.
	SubMchntInfo string `json:"subMchntInfo" spec:"O S"`
	// AttachedData is the merchant's own text (商户附加数据); in a sample of 2022 only.
	AttachedData string `json:"attachedData" spec:"O S..255"`
	// ClientIP is the payer's address; in a sample of 2022 only.
	ClientIP string `json:"clientIp" spec:"O S"`
	// IsEfrcPs is in a sample of 2022 only; its meaning is not published, as that of PsPpt.
	IsEfrcPs string `json:"isEfrcPs" spec:"O S"`
	PsPpt    string `json:"psPpt" spec:"O S"`
}

// BillCreateQRRequest makes a code.
type BillCreateQRRequest struct {
	BillHead

	// BillNo is the merchant's number of the bill (账单号): 6 to 31 characters, of which the first four are the source
	// number (来源编号); see [NewOrderID]. With it the bill is paid once.
	BillNo string `json:"billNo" spec:"C[billDate] S6..31"`
	// BillDate is the date of the bill (订单时间), 2006-01-02. Every later request about the bill repeats it.
	BillDate string `json:"billDate" spec:"C[billNo] yyyy-MM-dd"`
	// TotalAmount is the amount (支付总金额), fen, at most 100000000. Without it the payer enters one.
	TotalAmount int64 `json:"totalAmount" spec:"C[billNo] N1..9"`
	// BillDesc is what the payer sees (账单描述), at most 128 Chinese characters.
	BillDesc string `json:"billDesc" spec:"O S..255"`
	Split
	// Goods is what is sold (商品信息).
	Goods []Goods `json:"goods" spec:"O"`
	// QRCodeID is the code's own number (二维码ID), for merchants that write the code themselves. It begins with the source
	// number.
	QRCodeID string `json:"qrCodeId" spec:"C S..32"`
	// LimitCreditCard is "true" to take no credit card (是否需要限制信用卡支付).
	LimitCreditCard string `json:"limitCreditCard" spec:"O true|false"`
	// PayInfoQueryAddr is where ChinaUMS asks the merchant for the amount of a code without one (支付要素查询地址).
	PayInfoQueryAddr string `json:"payInfoQueryAddr" spec:"O S"`
	BillCode
}

func (*BillCreateQRRequest) operation() Operation {
	return Operation{ID: OpBillCreateQR, Path: "/v1/netpay/bills/get-qrcode", Judge: judgeOrdered, Settle: settleBill}
}

// BillCreateQRResponse is the answer with the code. BillQRCode is what the QR picture holds.
type BillCreateQRResponse struct {
	BillResponse
	BillCodeResponse
}

// names accepts an answer about a code that has no number, when it has the code.
func (r *BillCreateQRResponse) names(x *exchange) (named bool, differs string) {
	return r.BillNo != "" || x.text("billNo") == "" && (r.BillQRCode != "" || r.QRCodeID != ""), ""
}

// BillCodeResponse is the code in an answer.
type BillCodeResponse struct {
	// QRCodeID is the code's number (二维码ID), which closing and updating need. It is the parameter id of BillQRCode.
	QRCodeID string `json:"qrCodeId" spec:"O S..32"`
	// SystemID is the request's (系统ID), echoed.
	SystemID string `json:"systemId" spec:"O S..32"`
}

// BillUpdateRequest puts another bill behind a code.
type BillUpdateRequest struct {
	BillHead

	// QRCodeID is the code to update (二维码ID).
	QRCodeID string `json:"qrCodeId" spec:"M S..32"`
	// BillNo is the number of the new bill (账单号), another one than the code has.
	BillNo string `json:"billNo" spec:"O S..31"`
	// BillDate is its date (订单时间), 2006-01-02.
	BillDate string `json:"billDate" spec:"O yyyy-MM-dd"`
	// BillStatus is the state to put it into (账单状态).
	BillStatus string `json:"billStatus" spec:"O PAID|UNPAID|REFUND|CLOSED"`
	// BillDesc is what the payer sees (账单描述).
	BillDesc string `json:"billDesc" spec:"O S..255"`
	// TotalAmount is its amount (支付总金额), fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N1..9"`
	// Goods is what is sold (商品信息), without shares.
	Goods []Goods `json:"goods" spec:"O"`
	BillCode
}

func (*BillUpdateRequest) operation() Operation {
	return Operation{ID: OpBillUpdate, Path: "/v1/netpay/bills/update-qrcode", Judge: judgeDone, Settle: settleUpdate}
}

// BillUpdateResponse is the answer to an updated code.
type BillUpdateResponse struct {
	BillResponse
	BillCodeResponse
}

// names accepts the code itself where the answer repeats no number, as the table has it.
func (r *BillUpdateResponse) names(*exchange) (named bool, differs string) {
	return r.BillNo != "" || r.QRCodeID != "" || r.BillQRCode != "", ""
}

// BillCloseRequest closes a code.
type BillCloseRequest struct {
	BillHead

	// QRCodeID is the code to close (二维码ID).
	QRCodeID string `json:"qrCodeId" spec:"M S..32"`
	// SystemID is the system that the bill comes from (系统ID).
	SystemID string `json:"systemId" spec:"O S..32"`
	// AttachRefund also gives the money back, of a bill that is paid once (是否退款): then closing moves money.
	AttachRefund bool `json:"attachRefund" spec:"O"`
	// BillNo and BillDate are the bill's. They are not sent: settling needs them, because no query knows a code.
	BillNo   string `json:"billNo" spec:"O S..31 unsent"`
	BillDate string `json:"billDate" spec:"C[billNo] yyyy-MM-dd unsent"`
}

func (*BillCloseRequest) operation() Operation {
	return Operation{ID: OpBillClose, Path: "/v1/netpay/bills/close-qrcode", Judge: judgeDone, Settle: settleBillClose}
}

// BillCloseResponse is the answer to a closed code.
type BillCloseResponse struct {
	Response
	BillCodeResponse

	// InstMID is the business type (业务类型), echoed.
	InstMID string `json:"instMid" spec:"O S..32"`
	// BillDate is the date of the bill; in a sample only.
	BillDate string `json:"billDate" spec:"O S"`
}

// BillQueryCodeRequest names the code to query.
type BillQueryCodeRequest struct {
	// RequestTimestamp is when the request is made (报文请求时间), UTC+8, 2006-01-02 15:04:05. Empty means now.
	RequestTimestamp string `json:"requestTimestamp" spec:"M yyyy-MM-dd HH:mm:ss"`
	// MID is the merchant number (商户号).
	MID string `json:"mid" spec:"M S..32"`
	// QRCodeID is the code (二维码ID).
	QRCodeID string `json:"qrCodeId" spec:"M S..32"`
	// SystemID is the system that the code comes from (系统ID); the sample omits it.
	SystemID string `json:"systemId" spec:"M S..32"`
	// MsgID is the caller's number for the message (消息ID), echoed.
	MsgID string `json:"msgId" spec:"O S..64"`
	// SrcReserve is the caller's own text (请求系统预留字段), echoed.
	SrcReserve string `json:"srcReserve" spec:"O S..255"`
}

func (*BillQueryCodeRequest) operation() Operation {
	return Operation{ID: OpBillQueryCode, Path: "/v1/netpay/bills/query-qrcode-info", Query: true, Repeatable: true}
}

// BillQueryCodeResponse is what a code says.
type BillQueryCodeResponse struct {
	BillResponse
	BillCodeResponse

	// BillDesc is what the payer sees (账单描述).
	BillDesc string `json:"billDesc" spec:"O S..255"`
	// TotalAmount is the amount (支付总金额), fen.
	TotalAmount int64 `json:"totalAmount" spec:"O N"`
	// Goods is what is sold (商品信息).
	Goods []Goods `json:"goods" spec:"O"`
	// MemberID is the member (会员号).
	MemberID string `json:"memberId" spec:"O S..32"`
	// CounterNo is the table, counter or room (桌号、柜台号、房间号).
	CounterNo string `json:"counterNo" spec:"O S..32"`
	// ExpireTime is when the code can no longer be paid (过期时间).
	ExpireTime string `json:"expireTime" spec:"O S..19"`
	// NotifyURL is where the result is sent (支付结果通知地址).
	NotifyURL string `json:"notifyUrl" spec:"O S"`
	// ReturnURL is where the payer is taken after it (网页跳转地址).
	ReturnURL string `json:"returnUrl" spec:"O S"`
	// MerName is the merchant's name (商户名称).
	MerName string `json:"merName" spec:"M S"`
	// QRCodeURL is the code, which the sample calls BillQRCode. Both are read from either name.
	QRCodeURL string `json:"qrCodeUrl" spec:"C S"`
	// InstallmentNumber is the number of instalments (花呗分期数).
	InstallmentNumber int64 `json:"installmentNumber" spec:"O N"`
}

func (r *BillQueryCodeResponse) normalize() error {
	if r.BillQRCode == "" {
		r.BillQRCode = r.QRCodeURL
	}
	r.QRCodeURL = r.BillQRCode
	return nil
}

// names accepts an answer that has the code: the table of this operation echoes none of the request's numbers.
func (r *BillQueryCodeResponse) names(*exchange) (named bool, differs string) {
	return r.QRCodeID != "" || r.BillQRCode != "", ""
}

// CreateQR makes a code that the payer scans (二维码获取, POST /v1/netpay/bills/get-qrcode). No money moves until the payer
// pays.
//   - Pending: the code is there, in BillQRCode. Succeeded, once it is settled: paid.
//   - Failed: refused; there is no code. Once it is settled: closed or expired, and not paid.
//   - Unknown: settle it, or send the same again under the same number.
//
// A code without BillNo is paid any number of times, so nothing settles it: its payments come as notifications.
//
//cnpay:op bills_get_qrcode
func (s *BillsService) CreateQR(ctx context.Context, req *BillCreateQRRequest, opts ...cnpay.Option) (*BillCreateQRResponse, error) {
	return do[BillCreateQRResponse](ctx, s.client, req, opts)
}

// Update puts another bill behind a code (二维码更新, POST /v1/netpay/bills/update-qrcode). No money moves until the payer
// pays. The last update wins: a repeat that comes after another update takes that back.
//   - Succeeded: the code has the bill. It says nothing of a payment.
//   - Failed: refused; the code is as it was.
//   - Unknown: settle it; it needs BillNo, BillDate and TotalAmount. A bill that is not behind the code, with the amount
//     and the state asked for, proves nothing, so settling never says Failed.
//
//cnpay:op bills_update_qrcode
func (s *BillsService) Update(ctx context.Context, req *BillUpdateRequest, opts ...cnpay.Option) (*BillUpdateResponse, error) {
	return do[BillUpdateResponse](ctx, s.client, req, opts)
}

// Close closes a code, so that nobody can pay it any more (二维码关闭, POST /v1/netpay/bills/close-qrcode). Without
// AttachRefund it moves no money, and a repeat is harmless.
//   - Succeeded: closed; with AttachRefund the money is on its way back.
//   - Failed: refused. Once it is settled: the payer was faster, and the bill is paid.
//   - Unknown: settle it; it needs BillNo and BillDate.
//
//cnpay:op bills_close_qrcode
func (s *BillsService) Close(ctx context.Context, req *BillCloseRequest, opts ...cnpay.Option) (*BillCloseResponse, error) {
	return do[BillCloseResponse](ctx, s.client, req, opts)
}

// QueryCode reads what a code says (查询二维码静态信息, POST /v1/netpay/bills/query-qrcode-info), for agencies (机构模式) only.
// It moves no money and may be repeated.
//   - Answered: about this code.
//   - Unknown: refused, or no answer; query again.
//
//cnpay:op bills_query_qrcode_info
func (s *BillsService) QueryCode(ctx context.Context, req *BillQueryCodeRequest, opts ...cnpay.Option) (*BillQueryCodeResponse, error) {
	return do[BillQueryCodeResponse](ctx, s.client, req, opts)
}
