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

// FileDownloadRequest asks for the reconciliation file of one clearing day.
type FileDownloadRequest struct {
	envelope
	Sender

	// BizType is the product (产品类型). Empty means 000000.
	BizType string `json:"bizType" spec:"M N6"`
	// AccInsCode is the institution (接入机构代码); for files of QR codes.
	AccInsCode string `json:"accInsCode" spec:"C AN8..11"`
	// TxnTime is the time of this download (订单发送时间), about now. See [TxnTime].
	TxnTime string `json:"txnTime" spec:"M YYYYMMDDhhmmss"`
	// SettleDate is the clearing day of the file (清算日期), without its year.
	SettleDate string `json:"settleDate" spec:"M MMDD"`
	// FileType is the kind of file (文件类型). Empty means 00, reconciliation.
	FileType string `json:"fileType" spec:"M N2"`
	// ReqReserved is the merchant's own text about this download (请求方保留域), which the answer repeats.
	ReqReserved string `json:"reqReserved" spec:"O ANS1..1024"`
}

func (*FileDownloadRequest) operation() Operation {
	return Operation{
		ID: OpFileDownload, Path: "/", TxnType: "76", TxnSubType: "01", BizType: "000000",
		NoMoney: true, Repeatable: true, FileHost: true, Requires: "fileContent", Limit: mostFile, Judge: judgeCode,
	}
}

// FileDownloadResponse is the answer with the file.
type FileDownloadResponse struct {
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

// Download fetches the reconciliation file of a clearing day (文件传输, txnType 76, POST to the file host). The day ends at
// 23:00 in Beijing and its file is there the next morning. It may be repeated. Institutions get theirs in another way.
//   - Succeeded: the response's Bill reads it.
//   - Failed: refused; with code 98 there is no file for the day.
//   - Unknown: send it again.
//
//cnpay:op file_download qr_file_download
func (s *FilesService) Download(ctx context.Context, req *FileDownloadRequest, opts ...cnpay.Option) (*FileDownloadResponse, error) {
	return do[FileDownloadResponse](ctx, s.client, req, opts)
}

// Bill opens the file of a successful answer.
func (r *FileDownloadResponse) Bill(opts ...BillOption) (*Bill, error) {
	if r.Outcome != cnpay.Succeeded {
		return nil, errors.New("unionpay: file: not a successful answer")
	}
	return OpenBill(r.FileContent, opts...)
}
