package unionpaytest

import (
	"crypto/rsa"
	"encoding/base64"
	"fmt"
	"strings"
)

// SMSCode is the code that UnionPay sends to every phone.
const SMSCode = "111111"

// token stands for a card that was opened.
type token struct {
	number, requestor string
	gone              bool
}

func (t *token) text() string {
	if t == nil {
		return "{}"
	}
	return "{token=" + t.number + "&trId=" + t.requestor + "&tokenLevel=40&tokenBegin=20260101000000&tokenEnd=20360101000000&tokenType=01}"
}

func (s *Server) newToken(request fields) *token {
	s.last++
	t := &token{number: fmt.Sprintf("6235%015d", s.last), requestor: inGroup(request["tokenPayData"], "trId")}
	s.tokens[t.number] = t
	return t
}

// inGroup reads one sub-field of {k=v&k=v}.
func inGroup(text, name string) string {
	for part := range strings.SplitSeq(strings.Trim(text, "{}"), "&") {
		if k, v, _ := strings.Cut(part, "="); k == name {
			return v
		}
	}
	return ""
}

// charge takes a payment by token or card number. The code by SMS, where customerInfo has one, must be right.
func (s *Server) charge(t *transaction, _ fields) (code, text string) {
	if group := t.request["tokenPayData"]; group != "" {
		if s.standing(group) == nil {
			return "89", "无此Token[5100089]"
		}
	} else if t.request["accNo"] == "" || t.request["bizType"] == "000902" {
		return formatError("tokenPayData")
	}
	if !rightCode(t.request["customerInfo"]) {
		return "71", "短信验证码校验失败[5100071]"
	}
	return "00", success
}

func rightCode(customerInfo string) bool {
	decoded, err := base64.StdEncoding.DecodeString(customerInfo)
	code := inGroup(string(decoded), "smsCode")
	return err == nil && (code == "" || code == SMSCode)
}

// standing is the token of a group, if there is one that stands.
func (s *Server) standing(group string) *token {
	if t := s.tokens[inGroup(group, "token")]; t != nil && !t.gone {
		return t
	}
	return nil
}

func (s *Server) open(t *transaction, answer fields) (code, text string) {
	if s.taken(t.request) {
		return "12", "重复交易[5100012]"
	}
	if !rightCode(t.request["customerInfo"]) {
		return "71", "短信验证码校验失败[5100071]"
	}
	t.token = s.newToken(t.request)
	s.keep(t)
	answer["activateStatus"], answer["tokenPayData"] = "1", t.token.text()
	delete(answer, "accNo")
	return "00", success
}

// opened is the opening, or the payment that was one too, with the order number of a request.
func (s *Server) opened(t *transaction) *transaction {
	return s.find(func(o *transaction) bool { return o.request["orderId"] == t.request["orderId"] && o.token != nil })
}

func (s *Server) openQuery(t *transaction, answer fields) (code, text string) {
	found := s.opened(t)
	if t.request["txnSubType"] != "02" {
		found = s.find(func(o *transaction) bool { return o.token != nil && o.request["accNo"] == t.request["accNo"] })
	}
	answer["activateStatus"] = "0"
	if found != nil && !found.token.gone {
		answer["activateStatus"], answer["tokenPayData"], answer["payCardType"] = "1", found.token.text(), "01"
	}
	return "00", success
}

func (s *Server) applyToken(t *transaction, answer fields) (code, text string) {
	found := s.opened(t)
	if found == nil || found.token.gone {
		return noOriginal()
	}
	answer["activateStatus"], answer["tokenPayData"] = "1", found.token.text()
	return "00", success
}

func (s *Server) updateToken(t *transaction, answer fields) (code, text string) {
	known := s.standing(t.request["tokenPayData"])
	if known == nil {
		return "89", "无此Token[5100089]"
	}
	answer["activateStatus"], answer["tokenPayData"] = "1", known.text()
	return "00", success
}

func (s *Server) deleteToken(t *transaction, answer fields) (code, text string) {
	delete(answer, "tokenPayData")
	known := s.standing(t.request["tokenPayData"])
	if known == nil {
		return "89", "无此Token[5100089]"
	}
	known.gone = true
	return "00", success
}

// readable reports whether an encrypted field was encrypted with this gateway's certificate.
func (s *Server) readable(field string) bool {
	if field == "" {
		return true
	}
	secret, err := base64.StdEncoding.DecodeString(field)
	if err != nil {
		return false
	}
	//lint:ignore SA1019 UnionPay's messages are encrypted with this padding and no other.
	_, err = rsa.DecryptPKCS1v15(nil, s.keys.unionpayKey, secret)
	return err == nil
}

// encryptionCertificate hands out the certificate that sensitive fields are encrypted with.
func (s *Server) encryptionCertificate(_ *transaction, answer fields) (code, text string) {
	answer["encryptPubKeyCert"] = inMessage(s.keys.encryption)
	return "00", success
}

// bind verifies a name, which is always right here, and binds the card.
func (s *Server) bind(t *transaction, answer fields) (code, text string) {
	s.last++
	mark := fmt.Sprintf("bind%08d", s.last)
	s.bound[mark] = t.request["accNo"]
	answer["bindId"], answer["payCardType"] = mark, "01"
	return "00", success
}

func (s *Server) unbind(t *transaction, _ fields) (code, text string) {
	if _, ok := s.bound[t.request["bindId"]]; !ok {
		return "40", "绑定关系检查失败[5100040]"
	}
	delete(s.bound, t.request["bindId"])
	return "00", success
}

func (s *Server) binding(t *transaction, answer fields) (code, text string) {
	for mark, accNo := range s.bound {
		if mark == t.request["bindId"] || accNo == t.request["accNo"] {
			answer["bindId"], answer["accNo"] = mark, accNo
			return "00", success
		}
	}
	return "40", "绑定关系检查失败[5100040]"
}
