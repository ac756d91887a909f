package yuansfertest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
)

// Notify sends the notification of an order's payment, in the state that it has now, to its ipnUrl, and returns what the merchant
// answered. Call it twice for a duplicate. Of the faults it plays BadSignature, Unsigned, OtherAnswer (another order's) and Late.
func (s *Server) Notify(ctx context.Context, reference string, fault cnpaytest.Fault) (answer string, err error) {
	return s.NotifyStatus(ctx, reference, "", fault)
}

// NotifyStatus is Notify with another state than the order's: an older one, that comes out of order.
func (s *Server) NotifyStatus(ctx context.Context, reference, status string, fault cnpaytest.Fault) (answer string, err error) {
	to, message, err := s.notification(reference, status, fault)
	if err != nil {
		return "", err
	}
	return s.send(ctx, to, message, fault)
}

// Notification is the message that Notify would send, signed.
func (s *Server) Notification(reference string) (url.Values, error) {
	_, message, err := s.notification(reference, "", cnpaytest.OK)
	return message, err
}

func (s *Server) notification(reference, state string, fault cnpaytest.Fault) (to string, message url.Values, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.ledger.Find(reference)
	if !ok || m.Kind != testgateway.Payment {
		return "", nil, fmt.Errorf("no order %s", reference)
	}
	o := orderOf(m)
	if state == "" {
		state = status(m)
	}
	q := fields{
		"amount": decimal(m.Amount), "currency": o.request["currency"], "settleCurrency": o.request["settleCurrency"],
		"reference": reference, "status": state, "transactionNo": o.transactionNo,
	}
	if o.v4 {
		q["completedAt"] = s.now().UTC().Format("2006-01-02T15:04:05Z")
		q["customerNo"], q["vaultId"] = o.request["customerNo"], o.request["vaultId"]
	} else {
		q["time"], q["note"] = s.stamp(), o.request["note"]
	}
	if fault == cnpaytest.OtherAnswer {
		q["reference"], q["transactionNo"] = "other-"+reference, s.number()
	}
	return o.request["ipnUrl"], s.sealed(q, fault), nil
}

// NotifyAgreement sends the notification that a customer has signed an agreement to its autoIpnUrl.
func (s *Server) NotifyAgreement(ctx context.Context, autoDebitNo string, fault cnpaytest.Fault) (answer string, err error) {
	s.mu.Lock()
	a := s.agreements[autoDebitNo]
	if a == nil || !a.signed {
		s.mu.Unlock()
		return "", fmt.Errorf("no agreement %s that is signed", autoDebitNo)
	}
	to := a.request["autoIpnUrl"]
	message := s.sealed(fields{
		"autoDebitNo": a.autoDebitNo, "autoReference": a.autoReference, "vendor": strings.ToUpper(a.vendor),
		"time": s.stamp(), "note": a.request["note"],
	}, fault)
	s.mu.Unlock()
	return s.send(ctx, to, message, fault)
}

// NotifyPayout sends the notification of a payout, in the state that it has now, to its ipnUrl.
func (s *Server) NotifyPayout(ctx context.Context, invoiceID string, fault cnpaytest.Fault) (answer string, err error) {
	s.mu.Lock()
	m, ok := s.ledger.Find(payouts + invoiceID)
	if !ok {
		s.mu.Unlock()
		return "", fmt.Errorf("no payout %s", invoiceID)
	}
	o := orderOf(m)
	message := s.sealed(fields{
		"amount": decimal(m.Amount), "currency": o.request["currency"], "invoiceId": invoiceID, "status": status(m),
		"paymentTime": s.now().UTC().Format("2006-01-02T15:04:05Z"), "receiver": o.request["receiver"],
		"accountToken": o.request["accountToken"], "transactionNo": o.transactionNo, "vendor": strings.ToUpper(o.request["vendor"]),
	}, fault)
	s.mu.Unlock()
	return s.send(ctx, o.request["ipnUrl"], message, fault)
}

// stamp is the time as notifications have it, UTC+8.
func (s *Server) stamp() string { return s.now().In(cnpay.Beijing()).Format("20060102150405") }

// sealed is a message with its signature.
func (s *Server) sealed(q fields, fault cnpaytest.Fault) url.Values {
	message := url.Values{}
	for name, value := range q {
		if value == "" {
			delete(q, name)
			continue
		}
		message.Set(name, value)
	}
	sign := s.verifySign(q)
	switch fault {
	case cnpaytest.Unsigned:
		return message
	case cnpaytest.BadSignature:
		sign = strings.Repeat("0", len(sign))
	}
	message.Set("verifySign", sign)
	return message
}

func (s *Server) send(ctx context.Context, to string, message url.Values, fault cnpaytest.Fault) (answer string, err error) {
	if to == "" {
		return "", errors.New("the request named no address for notifications")
	}
	if d, late := fault.Delay(); late {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(message.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<16))
	return string(text), err
}
