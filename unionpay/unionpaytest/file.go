package unionpaytest

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"

	"github.com/cnpay-go/cnpay/unionpay"
)

// SetFile puts a reconciliation file, a ZIP archive, instead of the one that the gateway would make of its own
// transactions of a clearing day (MMDD).
func (s *Server) SetFile(settleDate string, archive []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files[settleDate] = bytes.Clone(archive)
}

func (s *Server) file(t *transaction, answer fields) (code, text string) {
	day := t.request["settleDate"]
	archive := s.files[day]
	if archive == nil {
		archive = s.bill(day)
	}
	if archive == nil {
		return "98", "文件不存在[5100098]"
	}
	answer["fileName"], answer["fileContent"] = MerID+"_"+day+".zip", unionpay.EncodeFileContent(archive)
	return "00", success
}

// bill is the file of the successful transactions of a clearing day, nil without any.
func (s *Server) bill(day string) []byte {
	var lines strings.Builder
	year := "00"
	for _, t := range s.transactions {
		if t.code == "00" && !t.waiting && t.pending == 0 && t.request["txnType"] != "79" && clearingDay(t.at) == day {
			lines.WriteString(billLine(t))
			year = unionpay.TxnTime(t.at)[2:4]
		}
	}
	if lines.Len() == 0 {
		return nil
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("INN" + year + day + "88ZM_" + MerID)
	if err == nil {
		_, err = w.Write([]byte(lines.String()))
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		panic(err) // a mistake of this package: a buffer takes everything
	}
	return b.Bytes()
}

// billLine is a line of a ZM file: 42 columns of fixed widths. Fees are nobody's here.
func billLine(t *transaction) string {
	settled, codes := fmt.Sprintf("C%012d", t.amount), map[string]string{"01": "S22", "02": "S30", "03": "S31"}
	transCode := codes[t.request["txnType"]]
	if transCode == "" {
		settled, transCode = fmt.Sprintf("D%012d", t.amount), "S56"
	}
	original := ""
	if t.original != nil {
		original = t.original.queryID
	}
	const nothing = " 000000000000"
	var b strings.Builder
	for i, column := range []struct {
		width int
		text  string
	}{
		{3, transCode}, {11, "00010000"}, {11, "00049993"}, {6, t.queryID[15:]}, {10, unionpay.TxnTime(t.at)[4:]},
		{19, "621626*********0018"}, {12, fmt.Sprintf("%012d", t.amount)}, {4, "7011"}, {2, "07"}, {21, t.queryID}, {2, "01"},
		{32, t.request["orderId"]}, {2, "01"}, {6, ""}, {10, ""}, {13, nothing}, {13, settled}, {4, "0001"}, {15, ""},
		{2, t.request["txnType"]}, {2, t.request["txnSubType"]}, {6, t.request["bizType"]}, {2, ""}, {4, ""}, {32, ""}, {1, ""},
		{21, original}, {15, MerID}, {1, ""}, {15, ""}, {32, ""}, {13, nothing}, {13, settled}, {8, t.request["termId"]}, {32, ""},
		{13, nothing}, {13, nothing}, {12, nothing[:12]}, {2, ""}, {1, ""}, {32, ""}, {98, ""},
	} {
		if i > 0 {
			b.WriteByte(' ')
		}
		fmt.Fprintf(&b, "%-*.*s", column.width, column.width, column.text)
	}
	return b.String() + "\r\n"
}
