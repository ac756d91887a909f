// Package testgateway is what the in-process gateways of the providers share: a loopback server that counts what
// it receives and misbehaves on command.
package testgateway

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
)

// Fault is a way for a gateway to misbehave. The order itself is still processed, except by Refused.
type Fault string

const (
	OK         Fault = "ok"
	LostAnswer Fault = "lost-answer" // processed, then the connection closes without a byte
	Hang       Fault = "hang"        // processed, then silence
	Reset      Fault = "reset"       // processed, then the connection is reset
	CutBody    Fault = "cut-body"    // the connection closes in the middle of the answer
	HTTP502    Fault = "http-502"    // a proxy's error page
	Empty      Fault = "empty"       // HTTP 200 without a body
	HTML       Fault = "html"        // HTTP 200 with a web page
	HugeBody   Fault = "huge-body"   // ten megabytes
	Redirect   Fault = "redirect"    // HTTP 307 to the same place

	Refused           Fault = "refused"            // a documented refusal; the order stays as it was
	BadSignature      Fault = "bad-signature"      // the answer's signature is wrong
	Unsigned          Fault = "unsigned"           // the answer has no signature
	ForgedCertificate Fault = "forged-certificate" // signed by a certificate of another authority
	OtherAnswer       Fault = "other-answer"       // a genuine answer about another order
	UnknownCode       Fault = "unknown-code"       // a code that no document lists
)

// Server is a loopback HTTP server with a plan of faults.
type Server struct {
	URL string

	server *httptest.Server
	mu     sync.Mutex
	plan   map[string][]Fault
	always map[string]Fault
	count  map[string]int
	gone   chan struct{}
	once   sync.Once
}

// Start serves handler on a free loopback port.
func Start(handler http.Handler) *Server {
	s := &Server{plan: map[string][]Fault{}, always: map[string]Fault{}, count: map[string]int{}, gone: make(chan struct{})}
	s.server = httptest.NewServer(handler)
	s.URL = s.server.URL
	return s
}

// Close ends the server and every request that still hangs in it.
func (s *Server) Close() {
	s.once.Do(func() { close(s.gone) })
	s.server.CloseClientConnections()
	s.server.Close()
}

// Misbehave plans the faults that the next requests of an operation meet, one each, in order.
// Operations have the names of the provider's catalog: "preauth_cancel", "query".
func (s *Server) Misbehave(operation string, faults ...Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.plan[operation] = append(s.plan[operation], faults...)
}

// AlwaysMisbehave makes every request of an operation that has no planned fault meet this one.
func (s *Server) AlwaysMisbehave(operation string, fault Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.always[operation] = fault
}

// Received is how many requests of an operation arrived.
func (s *Server) Received(operation string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count[operation]
}

// Receive counts a request and returns the fault that it is to meet.
func (s *Server) Receive(operation string) Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count[operation]++
	if planned := s.plan[operation]; len(planned) > 0 {
		s.plan[operation] = planned[1:]
		return planned[0]
	}
	if f, ok := s.always[operation]; ok {
		return f
	}
	return OK
}

// Answer writes an answer, or in its place what a fault of the network puts there.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request, fault Fault, status int, contentType string, body []byte) {
	_, _ = io.Copy(io.Discard, r.Body)
	if _, late := fault.Delay(); late {
		fault = LostAnswer
	}
	switch fault {
	case LostAnswer:
		hijack(w, func(c *net.TCPConn) {})
		return
	case Reset:
		hijack(w, func(c *net.TCPConn) { _ = c.SetLinger(0) })
		return
	case Hang:
		select {
		case <-r.Context().Done():
		case <-s.gone:
		}
		hijack(w, func(*net.TCPConn) {}) // to return without it would be an empty answer
		return
	case CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		body = body[:len(body)/2]
	case HTTP502:
		status, contentType, body = http.StatusBadGateway, "text/html", []byte("<html><h1>502 Bad Gateway</h1></html>")
	case Empty:
		body = nil
	case HTML:
		contentType, body = "text/html", []byte("<html><body>Please wait.</body></html>")
	case HugeBody:
		body = bytes.Repeat([]byte("0123456789"), 1<<20)
	case Redirect:
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
		return
	}
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

func hijack(w http.ResponseWriter, before func(*net.TCPConn)) {
	h, ok := w.(http.Hijacker)
	if !ok {
		return
	}
	conn, _, err := h.Hijack()
	if err != nil {
		return
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		before(tcp)
	}
	_ = conn.Close()
}

// RandomHex is n random bytes as text: key material and identifiers that no run shares with another.
func RandomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}
