package chinaumstest

import (
	"context"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// Notify sends the notification of an order, a bill or a refund, as it is now, to the notifyUrl of its order, and returns
// the status that the shop answered. The error says that there is none to send, or that the shop did not say SUCCESS. Sent
// again it is the same, to its number; a refund's may be sent before its payment's. The fault is BadSignature, Unsigned,
// UnknownCode (a state that no document has), OtherAnswer (of another order), or Late for one that is sent after a while.
func (s *Server) Notify(ctx context.Context, number string, fault cnpaytest.Fault) (status int, err error) {
	target, body, err := s.Notification(number, fault)
	if err != nil {
		return 0, err
	}
	if d, late := fault.Delay(); late {
		select {
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		case <-time.After(d):
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(string(body)))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	res, err := s.notifier.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	if err == nil && (res.StatusCode != http.StatusOK || !strings.Contains(string(text), "SUCCESS")) {
		err = errors.New("chinaumstest: the shop did not answer SUCCESS")
	}
	return res.StatusCode, err
}

// Notification is what Notify sends, and where: for tests of what was stored.
func (s *Server) Notification(number string, fault cnpaytest.Fault) (target string, body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.find(number)
	if !ok {
		return "", nil, fmt.Errorf("chinaumstest: there is no order %s", number)
	}
	original := m
	if m.Kind == testgateway.Refund {
		original, _ = s.ledger.Find(m.Original)
	}
	target = original.Note.(note).request.text("notifyUrl")
	if target == "" {
		return "", nil, fmt.Errorf("chinaumstest: the order of %s has no notifyUrl", number)
	}
	fields := s.notified(m, original, fault)
	form := url.Values{}
	for name, value := range fields {
		form.Set(name, value)
	}
	return target, []byte(form.Encode()), nil
}

// notified is the notification of a movement.
func (s *Server) notified(m, original testgateway.Movement, fault cnpaytest.Fault) map[string]string {
	n := original.Note.(note)
	fields := map[string]string{
		"mid": MID, "tid": TID, "totalAmount": fen(original.Amount), "receiptAmount": fen(original.Amount), "merName": "测试商户",
		"createTime": s.at(n), "seqId": "01120706230N", "subInst": "000100", "signType": "SHA256", "ns": "cyuT",
		"notifyId": m.Note.(note).notifyID,
	}
	refund := m.Kind == testgateway.Refund
	if refund {
		fields["refundAmount"], fields["refundDesc"] = fen(m.Amount), ""
	}
	if n.billNo != "" {
		state := payment(original)
		p, err := json.Marshal(state)
		if err != nil {
			panic(err) // a mistake of this package
		}
		maps.Copy(fields, map[string]string{
			"instMid": chinaums.BillsInstMID, "billNo": n.billNo, "billDate": n.billDate, "billStatus": billStatusOf(original),
			"billQRCode": s.codeURL(n.code), "qrCodeId": n.code, "billDesc": n.request.text("billDesc"), "cardAttr": "BALANCE",
			"memberId": n.request.text("memberId"), "counterNo": n.request.text("counterNo"), "srcReserve": n.request.text("srcReserve"),
			"billPayment": string(p),
		})
	} else {
		maps.Copy(fields, map[string]string{
			"instMid": n.request.text("instMid"), "merOrderId": original.Number, "status": statusOf(original),
			"attachedData": n.request.text("attachedData"), "orderDesc": n.request.text("orderDesc"), "payTime": s.at(n),
			"settleDate": s.at(n)[:len("2006-01-02")], "buyerPayAmount": fen(original.Amount), "invoiceAmount": fen(original.Amount),
			"buyerId": "2088000000000001", "targetOrderId": "4200000000202609010000000001", "targetSys": "Alipay 2.0", "connectSys": "UNIONPAY",
		})
		if refund {
			fields["refundOrderId"], fields["refundPayTime"] = m.Number, s.stamp()
		}
	}
	if original.Kind == testgateway.Hold {
		fields["authIdRespCd"], fields["secureStatus"] = authorisation, n.secure
	}
	switch fault {
	case cnpaytest.UnknownCode:
		for _, name := range [...]string{"status", "billStatus"} {
			if _, ok := fields[name]; ok {
				fields[name] = "PERHAPS"
			}
		}
	case cnpaytest.OtherAnswer:
		for _, name := range [...]string{"merOrderId", "billNo"} {
			if _, ok := fields[name]; ok {
				fields[name] = "327M999999999999999999999999"
			}
		}
	}
	return s.signed(fields, fault)
}

func fen(amount int64) string { return strconv.FormatInt(amount, 10) }

// returned is what the payer's browser brings back to the shop.
func (s *Server) returned(m testgateway.Movement) map[string]string {
	n := m.Note.(note)
	fields := map[string]string{"mid": MID, "tid": TID, "totalAmount": fen(m.Amount), "merName": "测试商户"}
	if n.billNo != "" {
		maps.Copy(fields, map[string]string{
			"instMid": chinaums.BillsInstMID, "billNo": n.billNo, "billDate": n.billDate, "billStatus": billStatusOf(m),
			"billQRCode": s.codeURL(n.code),
		})
		return s.signed(fields, cnpaytest.OK) // without signType: MD5
	}
	fields["signType"] = "SHA256"
	maps.Copy(fields, map[string]string{"instMid": n.request.text("instMid"), "merOrderId": m.Number, "status": statusOf(m)})
	return s.signed(fields, cnpaytest.OK)
}

// signed adds the signature: all that is not empty, in the order of the names, and the communication key behind it.
func (s *Server) signed(fields map[string]string, fault cnpaytest.Fault) map[string]string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if fields[name] != "" {
			parts = append(parts, name+"="+fields[name])
		}
	}
	text := strings.Join(parts, "&") + s.config.CommunicationKeys[""][0].Reveal()
	if fault == cnpaytest.BadSignature {
		text += "x"
	}
	if fields["signType"] == "SHA256" {
		sum := sha256.Sum256([]byte(text))
		fields["sign"] = strings.ToUpper(hex.EncodeToString(sum[:]))
	} else {
		sum := md5.Sum([]byte(text))
		fields["sign"] = strings.ToUpper(hex.EncodeToString(sum[:]))
	}
	if fault == cnpaytest.Unsigned {
		delete(fields, "sign")
	}
	return fields
}
