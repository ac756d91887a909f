package upaytest

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

// Notification is what Upay sends about an order as it is now: the body, and the Authorization header that signs it. A test
// can send it twice, late, or out of order. Of faults it plays BadSignature, Unsigned and OtherAnswer.
func (s *Server) Notification(clientSN string, fault cnpaytest.Fault) (authorization string, body []byte, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m, ok := s.find(object{"client_sn": clientSN})
	if !ok {
		return "", nil, fmt.Errorf("upaytest: no order %s", clientSN)
	}
	data := s.order(m)
	if data["status"] == "ERROR_RECOVERY" { // as in the one that was seen
		delete(data, "terminal_sn")
	}
	if fault == cnpaytest.OtherAnswer {
		data["client_sn"] = "other-" + clientSN
	}
	if body, err = json.Marshal(data); err != nil {
		return "", nil, err
	}
	digest := sha256.Sum256(body)
	signature, err := rsa.SignPKCS1v15(rand.Reader, s.notificationKey(), crypto.SHA256, digest[:])
	if err != nil {
		return "", nil, err
	}
	switch fault {
	case cnpaytest.BadSignature:
		signature[0] ^= 1
	case cnpaytest.Unsigned:
		return "", body, nil
	}
	return base64.StdEncoding.EncodeToString(signature), body, nil
}

// Notify sends a notification to the order's notify_url and returns what the merchant answered; Upay expects "success". It
// sends none for an order without one.
func (s *Server) Notify(ctx context.Context, clientSN string, fault cnpaytest.Fault) (answer string, err error) {
	s.mu.Lock()
	m, _ := s.find(object{"client_sn": clientSN})
	n, _ := m.Note.(note)
	s.mu.Unlock()
	to := n.request.text("notify_url")
	if to == "" {
		return "", nil
	}
	authorization, body, err := s.Notification(clientSN, fault)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	if authorization != "" {
		r.Header.Set("Authorization", authorization)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<10))
	return strings.TrimSpace(string(text)), err
}
