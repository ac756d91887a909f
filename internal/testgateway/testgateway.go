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
	"time"

	"github.com/cnpay-go/cnpay/cnpaytest"
)

// Server is a loopback HTTP server with a plan of faults.
type Server struct {
	Faults
	URL string

	server *httptest.Server
	gone   chan struct{}
	once   sync.Once
	late   sync.WaitGroup // of work that is still to come
}

// Start serves handler on a free loopback port.
func Start(handler http.Handler) *Server {
	s := &Server{gone: make(chan struct{})}
	s.server = httptest.NewServer(handler)
	s.URL = s.server.URL
	return s
}

// Close ends the server and every request that still hangs in it. Late work that has not begun is dropped.
func (s *Server) Close() {
	s.once.Do(func() { close(s.gone) })
	s.server.CloseClientConnections()
	s.server.Close()
	s.late.Wait()
}

// Answer is what a gateway answers.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Serve has work carry out a request, whose body has been read, and writes its answer, or what the fault puts there. A
// late request is carried out after its connection is gone, and one that is late by nothing before.
func (s *Server) Serve(w http.ResponseWriter, r *http.Request, fault cnpaytest.Fault, work func() Answer) {
	d, late := fault.Delay()
	if !late {
		a := work()
		s.Answer(w, r, fault, a.Status, a.ContentType, a.Body)
		return
	}
	if d <= 0 {
		work()
	} else {
		s.late.Go(func() {
			select {
			case <-time.After(d):
				work()
			case <-s.gone:
			}
		})
	}
	s.Answer(w, r, cnpaytest.LostAnswer, 0, "", nil)
}

// Answer writes an answer, or what a fault of the network puts there instead.
func (s *Server) Answer(w http.ResponseWriter, r *http.Request, fault cnpaytest.Fault, status int, contentType string, body []byte) {
	_, _ = io.Copy(io.Discard, r.Body)
	switch fault {
	case cnpaytest.LostAnswer:
		hijack(w, func(c *net.TCPConn) {})
		return
	case cnpaytest.Reset:
		hijack(w, func(c *net.TCPConn) { _ = c.SetLinger(0) })
		return
	case cnpaytest.Hang:
		select {
		case <-r.Context().Done():
		case <-s.gone:
		}
		hijack(w, func(*net.TCPConn) {}) // to return without it would be an empty answer
		return
	case cnpaytest.CutBody:
		w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
		body = body[:len(body)/2]
	case cnpaytest.HTTP502:
		status, contentType, body = http.StatusBadGateway, "text/html", []byte("<html><h1>502 Bad Gateway</h1></html>")
	case cnpaytest.Empty:
		body = nil
	case cnpaytest.HTML:
		contentType, body = "text/html", []byte("<html><body>Please wait.</body></html>")
	case cnpaytest.HugeBody:
		body = bytes.Repeat([]byte("0123456789"), 1<<20)
	case cnpaytest.Redirect:
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
