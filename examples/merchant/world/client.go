package world

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// Client talks to the gateways from the merchant's process.
type Client struct{ Addr string }

// Tell tells the gateways something, or asks them.
func (c Client) Tell(ctx context.Context, command string, p Played, answer any) error {
	_, err := Call(ctx, http.MethodPost, "http://"+c.Addr+"/"+command, p, answer)
	return err
}

// Keys gets the keys. Where nobody answers it starts the gateways first: this program, in a process of its own.
func (c Client) Keys(ctx context.Context) (k Keys, err error) {
	asking, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if err = c.Tell(asking, "keys", Played{}, &k); err == nil {
		return k, nil
	}
	if conn, dialled := new(net.Dialer).DialContext(ctx, "tcp", c.Addr); dialled == nil {
		_ = conn.Close()
		return k, errors.New("somebody else answers there: name another address")
	}
	program, err := os.Executable()
	if err != nil {
		return k, err
	}
	child := exec.Command(program, "-gateways", c.Addr, "gateways") // not of ctx: it lives on
	child.SysProcAttr = detached()
	if err := child.Start(); err != nil {
		return k, err
	}
	go func() { _ = child.Wait() }() // of replicas that begin at the same time, one starts them
	for range 200 {
		if err = c.Tell(ctx, "keys", Played{}, &k); err == nil {
			return k, nil
		}
		select {
		case <-ctx.Done():
			return k, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
	return k, fmt.Errorf("they did not start (%w): try \"merchant -gateways %s gateways\" to see why", err, c.Addr)
}

// Visit keeps the gateways alive until ctx ends.
func (c Client) Visit(ctx context.Context) {
	for ctx.Err() == nil {
		_ = c.Tell(ctx, "keys", Played{}, nil)
		select {
		case <-ctx.Done():
		case <-time.After(time.Minute):
		}
	}
}

// Call makes a request in JSON and reads its answer. A status of 400 or more without JSON is an error.
func Call(ctx context.Context, method, url string, in, out any) (status int, err error) {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return 0, err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, url, &body)
	if err != nil {
		return 0, err
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
	if err == nil && res.Header.Get("Content-Type") != "application/json" && res.StatusCode >= 400 {
		err = errors.New(strings.TrimSpace(string(text)))
	} else if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return res.StatusCode, err
}
