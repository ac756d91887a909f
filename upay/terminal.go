package upay

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/internal/transport"
	"github.com/cnpay-go/cnpay/sign"
	"github.com/cnpay-go/cnpay/upay/internal/code"
)

// TerminalsService acts on the client's terminal (终端). See package upay/upayvendor for its activation.
type TerminalsService struct{ client *Client }

// TerminalCheckInRequest asks for a new key.
type TerminalCheckInRequest struct {
	Sender

	// DeviceID is the identifier that the terminal was activated with (设备指纹).
	DeviceID string `json:"device_id" spec:"M S..128"`
	// OSInfo is the operating system (操作系统信息), as free text.
	OSInfo string `json:"os_info" spec:"O S..45"`
	// SDKVersion is the program (SDK版本), as free text.
	SDKVersion string `json:"sdk_version" spec:"O S..45"`
}

func (*TerminalCheckInRequest) operation() Operation {
	return Operation{ID: OpTerminalCheckIn, Path: "/terminal/checkin", NoMoney: true}
}

// TerminalCheckInResponse is the answer to a check-in. Raw is empty: it would hold the key.
type TerminalCheckInResponse struct {
	Envelope

	// Already reports that the terminal was checked in today, by this process or another: nothing was sent.
	Already bool `json:"-"`
	// Result is the terminal with its new key (业务响应数据).
	Result CheckedInTerminal `json:"biz_response" spec:"C"`
}

// CheckedInTerminal is a terminal with its key.
type CheckedInTerminal struct {
	Codes

	// TerminalSN is the terminal number (收钱吧终端ID).
	TerminalSN string `json:"terminal_sn" spec:"R S..32"`
	// TerminalKey is the terminal's new key (收钱吧终端密钥), which the key store has by now.
	TerminalKey cnpay.Secret `json:"terminal_key" spec:"R S secret"`
	// The merchant and the store of the terminal; live answers have them, empty most often, and no document.
	MerchantSN   string `json:"merchant_sn" spec:"O S"`
	MerchantName string `json:"merchant_name" spec:"O S"`
	StoreSN      string `json:"store_sn" spec:"O S"`
	StoreName    string `json:"store_name" spec:"O S"`
}

func (r *TerminalCheckInResponse) codes() *Codes { return &r.Result.Codes }
func (r *TerminalCheckInResponse) blank() bool {
	return r.Result == CheckedInTerminal{Codes: r.Result.Codes}
}
func (r *TerminalCheckInResponse) normalize() error { return nil }

func (r *TerminalCheckInResponse) belongs(x *exchange, outcome cnpay.Outcome) error {
	return x.belongs(&r.Result, outcome, []string{"terminal_sn"})
}

// judge reads the result of a check-in: live answers have no result_code there, and newer material has
// TERMINAL_CHECKIN_SUCCESS.
func (r *TerminalCheckInResponse) judge() (cnpay.Outcome, error) {
	switch {
	case r.Result.ResultCode == "FAIL":
		return code.Failed(r.Result.ErrorCode), nil
	case r.Result.TerminalKey == "" || r.Result.ResultCode != "" && r.Result.ResultCode != "TERMINAL_CHECKIN_SUCCESS":
		return cnpay.Unknown, nil
	}
	return cnpay.Succeeded, nil
}

// CheckIn replaces the terminal's key by a new one (签到, POST /terminal/checkin), at most once a day (Beijing time), and
// keeps it in the key store. Config.Keys must be set: a key that is lost is a visit by Upay's support.
//
// It waits until the client's calls have ended and holds new ones back until the new key is stored, so that none is signed
// with a key that is dead. Call it before the first sale of the day. Of many processes that share the key store one sends;
// the others have the new key with their next call. A call of another process that is overtaken on its way is refused
// with ILLEGAL_SIGN: queries are then repeated with the new key, and other calls Failed, which may be made again.
//   - Succeeded: the new key is stored and used, or the terminal was checked in today (Already).
//   - Failed: refused; the key is as it was. With ILLEGAL_SIGN the stored key is not the terminal's newest.
//   - NotSent: another process is checking in, the store failed, or nothing left this machine.
//   - Unknown: the answer was lost, the program ended before the key was stored, or the store failed (the answer then has
//     the key). Call CheckIn again, soon: Upay takes the old key for it once more. When two answers in a row were lost, the
//     error says so, and the terminal may need support or a new activation.
//
//cnpay:op terminal_checkin
func (s *TerminalsService) CheckIn(ctx context.Context, req *TerminalCheckInRequest, opts ...cnpay.Option) (*TerminalCheckInResponse, error) {
	c := s.client
	ticket, err := c.Ticket(req)
	if err == nil && c.keys == nil {
		fault := cnpay.Fault{Field: "Config.Keys", Problem: "is required: a new key must be stored durably"}
		err = &cnpay.Error{Ticket: ticket, Outcome: cnpay.Failed, Err: &cnpay.InvalidRequestError{Faults: []cnpay.Fault{fault}}}
	}
	if err != nil {
		return nil, err
	}
	failed := func(outcome cnpay.Outcome, err error) error {
		return &cnpay.Error{Ticket: ticket, Outcome: outcome, Err: err}
	}
	open, err := c.gate.shut(ctx)
	if err != nil {
		return nil, failed(cnpay.NotSent, err)
	}
	defer open()

	settings := c.call.Settings.With(opts...)
	now := settings.Now()
	keys, err := c.keys.Load(ctx, c.call.Account)
	switch {
	case err != nil:
		return nil, failed(cnpay.NotSent, fmt.Errorf("key store: %w", err))
	case sameDay(keys.CheckedIn, now):
		res := &TerminalCheckInResponse{Already: true, Result: CheckedInTerminal{TerminalSN: c.call.Account, TerminalKey: keys.Key}}
		res.Outcome, res.Ticket = cnpay.Succeeded, ticket
		return res, nil
	case now.Before(keys.Until):
		return nil, failed(cnpay.NotSent, fmt.Errorf("another process is checking in, until %s at the latest", keys.Until.In(cnpay.Beijing()).Format(time.TimeOnly)))
	}
	if keys.Key == "" {
		keys.Key = c.configured
	}
	key, err := newTerminalKey(keys.Key)
	if err != nil {
		return nil, failed(cnpay.NotSent, fmt.Errorf("key store: %w", err))
	}
	limit := settings.Timeout
	if limit == 0 {
		limit = transport.DefaultTimeout
	}
	// The intent is stored first: whoever finds it after its time knows that an answer may have been lost.
	keys.Revision++
	keys.Until = now.Add(limit + checkInMargin).Round(0)
	if saved, err := c.keys.Save(ctx, c.call.Account, keys); err != nil {
		return nil, failed(cnpay.NotSent, fmt.Errorf("key store: %w", err))
	} else if !saved {
		return nil, failed(cnpay.NotSent, errors.New("another process has begun to check in"))
	}

	res := &TerminalCheckInResponse{}
	answered, err := c.send(ctx, &exchange{client: c, op: req.operation(), request: req, answer: res, key: key}, opts)
	res.Raw = nil
	outcome := cnpay.OutcomeOf(res, err)
	keys.Revision++
	keys.Until = time.Time{}
	switch outcome {
	case cnpay.Succeeded:
		keys.Previous, keys.Key, keys.CheckedIn, keys.Lost = keys.Key, res.Result.TerminalKey, now.Round(0), 0
	case cnpay.Unknown:
		if keys.Lost++; keys.Lost > 1 {
			err = failed(cnpay.Unknown, fmt.Errorf("%w; no answer to %d check-ins in a row: the terminal may need Upay's support or a new activation", err, keys.Lost))
		}
	}
	// The caller may have given up; the key must be stored all the same.
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	saved, storeErr := c.keys.Save(late, c.call.Account, keys)
	if storeErr == nil && !saved {
		storeErr = errors.New("another process has changed the stored keys meanwhile")
	}
	if storeErr != nil && outcome == cnpay.Succeeded {
		err = failed(cnpay.Unknown, fmt.Errorf("key store: %w; the new key is in the answer and nowhere else", storeErr))
		res.Outcome = cnpay.Unknown
	}
	if !answered {
		return nil, err
	}
	return res, err
}

const (
	checkInMargin = 5 * time.Second  // after a check-in's own limit, before another process may begin one
	storeTimeout  = 10 * time.Second // of the last save, also after the caller's context has ended
)

// sameDay reports whether two moments are on one day in Beijing.
func sameDay(a, b time.Time) bool {
	return !a.IsZero() && a.In(cnpay.Beijing()).Format(time.DateOnly) == b.In(cnpay.Beijing()).Format(time.DateOnly)
}

// terminalKey is a key with what it signs.
type terminalKey struct {
	text   cnpay.Secret
	signer sign.Signer // of requests
	pages  *sign.Keyed // of links to the cashier, and of what the browser brings back
}

func newTerminalKey(key cnpay.Secret) (*terminalKey, error) {
	signer, err := sign.NewSuffixMD5(key.Reveal())
	if err != nil {
		return nil, errors.New("terminal key is empty")
	}
	pages, err := sign.NewSuffixMD5("&key=" + key.Reveal())
	return &terminalKey{key, signer, pages}, err
}

// useKey sets the key that signs a call. With a key store that is the store's newest, and a check-in is held back
// until the call has ended.
func (x *exchange) useKey() error {
	c := x.client
	if x.key != nil { // a check-in's own
		return nil
	}
	if c.keys != nil {
		if err := c.gate.enter(x.ctx); err != nil {
			return fmt.Errorf("waiting for a check-in: %w", err)
		}
		x.entered = true
	}
	var err error
	x.key, err = c.currentKey(x.ctx)
	return err
}

func (x *exchange) releaseKey() {
	if x.entered {
		x.client.gate.leave()
		x.entered = false
	}
}

// currentKey is the newest key that the store has, or the last that it had when it cannot be read.
func (c *Client) currentKey(ctx context.Context) (*terminalKey, error) {
	known := c.key.Load()
	if c.keys == nil {
		return known, nil
	}
	stored, err := c.keys.Load(ctx, c.call.Account)
	if err != nil {
		if c.loaded.Load() {
			return known, nil
		}
		return nil, fmt.Errorf("key store: %w", err)
	}
	c.loaded.Store(true)
	if stored.Key == "" || stored.Key == known.text {
		return known, nil
	}
	key, err := newTerminalKey(stored.Key)
	if err == nil {
		c.key.Store(key)
	}
	return key, err
}

// allKeys are the newest key and the one before it.
func (c *Client) allKeys(ctx context.Context) ([]*terminalKey, error) {
	key, err := c.currentKey(ctx)
	if err != nil || c.keys == nil {
		return []*terminalKey{key}, err
	}
	keys := []*terminalKey{key}
	if stored, err := c.keys.Load(ctx, c.call.Account); err == nil && stored.Previous != "" {
		if previous, err := newTerminalKey(stored.Previous); err == nil {
			keys = append(keys, previous)
		}
	}
	return keys, nil
}

// wrongKey is the cause of a request that was refused for its signature.
func (x *exchange) wrongKey() error {
	c := x.client
	if c.keys == nil {
		return fmt.Errorf("%w: the signature does not fit the terminal's key: a check-in has replaced it, or it is another terminal's", cnpay.ErrRefused)
	}
	newest, err := c.currentKey(x.ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", cnpay.ErrRefused, err)
	case newest.text != x.key.text:
		x.overtaken = true
		return fmt.Errorf("%w: a check-in has replaced the key that signed; the new key is loaded, and the same call may be made again", cnpay.ErrRefused)
	}
	return fmt.Errorf("%w: the key store has no newer key: the terminal was checked in by somebody who does not share it, or an answer to a check-in was lost", cnpay.ErrRefused)
}
