package unionpay

import (
	"context"
	"errors"

	"github.com/cnpay-go/cnpay"
)

// FilesService fetches files.
type FilesService struct{ client *Client }

// mostFile caps the answer with a file, which is held in memory to be verified.
const mostFile = 64 << 20

// FileRequest asks for the reconciliation file of one clearing day.
type FileRequest struct {
	Envelope

	// BizType is the product (产品类型). Empty means 000000.
	BizType string `json:"bizType,omitempty" spec:"M N6"`
	// AccessType is how the merchant is connected (接入类型). Empty means the client's.
	AccessType string `json:"accessType,omitempty" spec:"M 0|1|2"`
	// AccInsCode is the institution (接入机构代码); for files of QR codes.
	AccInsCode string `json:"accInsCode,omitempty" spec:"C AN8..11"`
	// MerID is the merchant code (商户代码). Empty means the client's.
	MerID string `json:"merId,omitempty" spec:"M AN15"`
	// TxnTime is the order time (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime,omitempty" spec:"M YYYYMMDDhhmmss"`
	// SettleDate is the clearing day of the file (清算日期), without its year.
	SettleDate string `json:"settleDate,omitempty" spec:"M MMDD"`
	// FileType is the kind of file (文件类型). Empty means 00, reconciliation.
	FileType string `json:"fileType,omitempty" spec:"M N2"`
	// ReqReserved is the merchant's own text (请求方保留域); answers and notifications repeat it.
	ReqReserved string `json:"reqReserved,omitempty" spec:"O ANS1..1024"`
}

func (r *FileRequest) parts() parts {
	return parts{
		kind: filling{&r.FileType, "00"}, merID: &r.MerID, accessType: &r.AccessType, bizType: &r.BizType,
		order: r.SettleDate, reqReserved: r.ReqReserved,
	}
}

func (r *FileRequest) conditions() []cnpay.Fault {
	return nil
}

// FileResponse is the answer with the file.
type FileResponse struct {
	Response

	// FileContent is the archive (批量文件内容), compressed and in Base64; see the method Bill.
	FileContent string `json:"fileContent" spec:"C ANS"`
	// FileName is the name of the ZIP archive (文件名).
	FileName string `json:"fileName" spec:"C ANS"`
	// CertID is the serial number of the certificate of an older protocol (证书ID).
	CertID string `json:"certId" spec:"C N1..128"`
	// SettleDate is the clearing day of the file (清算日期).
	SettleDate string `json:"settleDate" spec:"C MMDD"`
	// FileType is the kind of file (文件类型).
	FileType string `json:"fileType" spec:"C N2"`
}

// Download fetches the reconciliation file of a clearing day (文件传输, txnType 76, POST to the file host). The day ends
// at 23:00 in Beijing and its file is there the next morning. It may be repeated. Institutions get theirs in another
// way.
//   - Succeeded: the response's Bill reads it.
//   - Failed: refused; with code 98 there is no file for the day.
//   - Unknown: ask again.
//
//cnpay:op file_download qr_file_download
func (s *FilesService) Download(ctx context.Context, req *FileRequest, opts ...cnpay.Option) (*FileResponse, error) {
	return call[FileResponse](ctx, s.client, fileOp(), req, opts)
}

func fileOp() operation {
	return operation{
		id: "file_download", path: "/", gives: "fileContent", txnType: "76", txnSubTypes: "01", bizType: "000000", files: true,
		repeatable: true, judge: judgeCode, limit: mostFile,
	}
}

// Bill opens the file of a successful answer.
func (r *FileResponse) Bill(opts ...BillOption) (*Bill, error) {
	if r.Outcome != cnpay.Succeeded {
		return nil, errors.New("unionpay: file: not a successful answer")
	}
	return OpenBill(r.FileContent, opts...)
}
