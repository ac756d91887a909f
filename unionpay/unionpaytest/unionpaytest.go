// Package unionpaytest is a UnionPay gateway inside the process, for tests of code that uses package unionpay.
//
//	gateway := unionpaytest.NewServer()
//	defer gateway.Close()
//	client, err := unionpay.New(gateway.Config())
//	origQryID := gateway.AddPreauth(10000)
//	gateway.Misbehave(unionpay.OpPreauthCancel, cnpaytest.LostAnswer)
//
// It has an authority of its own and signs as UnionPay does, checks signatures with code of its own, and keeps
// transactions by the documents' rules: full amounts and the same clearing day for voids, sums of refunds, one completion,
// each order number once a day. A [cnpay.Form] that is posted to its Action leads to a cashier's page that a browser can click
// through; Pay pays such an order, or one of an app or a QR code, without a browser. SetPending, SetCode and SetClock
// decide how and when transactions end, Notify notifies the merchant, and Misbehave makes the answers go wrong.
package unionpaytest

import (
	"bytes"
	"context"
	"crypto/x509"
	_ "embed"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/internal/testgateway"
	"github.com/cnpay-go/cnpay/unionpay"
)

// The faults that this gateway can play besides those of package cnpaytest.
const (
	ExpiredCertificate  cnpaytest.Fault = "expired-certificate"  // signed with a certificate of UnionPay that has ended
	MerchantCertificate cnpaytest.Fault = "merchant-certificate" // signed by another owner of the same authority
	InvalidRequest      cnpaytest.Fault = "invalid-request"      // refused in plain text, the order stays as it was
	UnsignedRefusal     cnpaytest.Fault = "unsigned-refusal"     // refused without a signature, the order stays as it was
)

//go:embed operations.txt
var operations string

// Operations is what UnionPay's documents say of each operation that package unionpay has and the gateway knows.
func Operations() []cnpaytest.Operation { return testgateway.Operations(operations) }

// What the merchant of this gateway is called, and the key of sign methods 11 and 12 at first.
const (
	MerID     = "777290058110048"
	SecureKey = "88888888"
)

// Server is the gateway. It has the methods of [cnpaytest.Gateway].
type Server struct {
	*testgateway.Server

	mu           sync.Mutex
	known        []operation
	keys         *keyring
	secureKey    cnpay.Secret
	transactions []*transaction
	tokens       map[string]*token
	bound        map[string]string // card numbers by bindId
	files        map[string][]byte // ZIP archives by clearing day, MMDD
	last         int
	pending      int
	clock        func() time.Time
}

const frontTrans = "/gateway/api/frontTransReq.do"

// NewServer starts a gateway with one merchant.
func NewServer() *Server {
	s := &Server{keys: keys(), secureKey: SecureKey, known: known(), clock: time.Now, tokens: map[string]*token{}, bound: map[string]string{}, files: map[string][]byte{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+frontTrans, s.cashier)
	mux.HandleFunc("POST "+cashierPath, s.cashierDone)
	mux.HandleFunc("GET "+cashierPath, s.cashierAgain)
	mux.HandleFunc("/", s.serve)
	s.Server = testgateway.Start(mux)
	return s
}

// Config is the configuration of a client for this gateway's merchant, with sign method 01. The client warns that the
// authority is not UnionPay's, as it should.
func (s *Server) Config() unionpay.Config { return s.ConfigFor(unionpay.RSA) }

// ConfigFor is the same for any sign method.
func (s *Server) ConfigFor(method unionpay.SignMethod) unionpay.Config {
	s.mu.Lock()
	defer s.mu.Unlock()
	config := unionpay.Config{Environment: unionpay.Test, Gateway: s.URL, MerID: MerID, SignMethod: method}
	if method == unionpay.SHA256 || method == unionpay.SM3 {
		config.SecureKey = s.secureKey
		return config
	}
	config.Identity, config.RootCert, config.MiddleCert = s.keys.identity(), s.keys.root, s.keys.middle
	return config
}

// KeyFiles are the merchant's key file, whose password is [PFXPassword], and the two certificates of the authority in
// PEM, for programs that read them from disk.
func (s *Server) KeyFiles() (pfx, rootPEM, middlePEM []byte) {
	write := func(c *x509.Certificate) []byte {
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return bytes.Clone(s.keys.pfx), write(s.keys.root), write(s.keys.middle)
}

// ChangeAuthorities makes UnionPay sign with a certificate of another root and another middle certificate, as it did in
// October 2023. [Server.Config] then has these. A second call changes nothing.
func (s *Server) ChangeAuthorities() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = successor()
}

// SetSecureKey changes the key of sign methods 11 and 12, which is [SecureKey] at first.
func (s *Server) SetSecureKey(key cnpay.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secureKey = key
}

// SetClock replaces time.Now as the source of times in answers and notifications.
func (s *Server) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = now
}

// Handle adds an operation that the gateway lacks, for programs that bring their own: its requests are verified, and the
// answer has what answer returns besides what every answer has. One on money makes a transaction, which a query finds.
func (s *Server) Handle(op unionpay.Operation, answer func(request map[string]string) map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = append(s.known, operation{
		testgateway.Operation{ID: op.ID, Method: http.MethodPost, Path: op.Path, Mandatory: []string{"orderId", "txnTime"}},
		row{
			kinds: op.TxnType + "/" + op.TxnSubType, money: !op.Query && !op.NoMoney, waits: op.PaidByPayer,
			act: func(_ *Server, t *transaction, whole fields) (code, text string) {
				maps.Copy(whole, answer(t.request))
				return "00", success
			},
		},
	})
}

// AddPreauth makes a pre-authorisation (预授权) of amount fen on UnionPay's page (bizType 000201) that has succeeded, and
// returns its queryId.
func (s *Server) AddPreauth(amount int64) (queryID string) { return s.add("02", amount) }

// AddPurchase makes a purchase (消费) of amount fen on UnionPay's page (bizType 000201) that has succeeded, and returns
// its queryId.
func (s *Server) AddPurchase(amount int64) (queryID string) { return s.add("01", amount) }

func (s *Server) add(txnType string, amount int64) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &transaction{
		request: fields{
			"orderId": fmt.Sprintf("earlier%08d", s.last+1), "txnTime": unionpay.TxnTime(s.clock()), "txnType": txnType,
			"txnSubType": "01", "bizType": "000201", "accessType": "0", "merId": MerID, "encoding": "UTF-8", "signMethod": "01",
		},
		amount: amount, code: "00",
	}
	s.keep(t)
	return t.queryID
}

// Pay is the payer who pays an order that was made in an app, with a code or on a page, or whose attempt ends in the
// given code, "64" for a card without funds. The payer may try again until one succeeds or the order's payTimeout has
// passed.
func (s *Server) Pay(orderID, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pay(s.byOrder(orderID, ""), code)
}

// SetPending makes transactions that are sent from now on answer the next n queries with "still being processed".
func (s *Server) SetPending(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = n
}

// SetCode decides how a transaction that was accepted ends: "00", or "64" for a card without funds. What it did to an
// earlier transaction is undone when it fails.
func (s *Server) SetCode(orderID, code string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.byOrder(orderID, ""); t != nil {
		t.code = code
	}
}

// What Notify says when there is nothing to send.
var (
	ErrNotWanted = errors.New("unionpaytest: no notification wanted") // the backUrl asks for none, or is not an address
	ErrNotPaid   = errors.New("unionpaytest: the payer has not paid yet")
)

// Notify sends the notification about a transaction to its backUrl, signed as the transaction's request was, and
// returns the merchant's answer to it. A transaction that was still being processed has ended by then. Faults that
// concern signatures and certificates apply.
func (s *Server) Notify(ctx context.Context, orderID string, fault cnpaytest.Fault) (status int, err error) {
	s.mu.Lock()
	target, form, err := s.notificationOf(s.byOrder(orderID, ""), fault)
	s.mu.Unlock()
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(form))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	return res.StatusCode, nil
}

// notificationOf ends a transaction, and returns what is sent about it and where.
func (s *Server) notificationOf(t *transaction, fault cnpaytest.Fault) (target string, form []byte, err error) {
	switch {
	case t == nil:
		return "", nil, errors.New("unionpaytest: no such order")
	case t.request["backUrl"] == unionpay.NoNotification || !strings.HasPrefix(t.request["backUrl"], "http"):
		return "", nil, ErrNotWanted
	case t.waiting:
		return "", nil, ErrNotPaid
	}
	t.pending = 0
	return t.request["backUrl"], s.notification(t, fault).form(), nil
}
