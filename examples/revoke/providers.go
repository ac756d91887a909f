package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/umpay"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

func providers() []string { return []string{"unionpay", "chinaums", "upay", "yuansfer", "umpay"} }

func known(provider string) bool { return slices.Contains(providers(), provider) }

func scenarios() []string {
	return []string{
		"ok", "refused", "lost-answer", "hang", "reset", "http-502", "empty", "html",
		"bad-signature", "forged-certificate", "other-answer", "unknown-code",
	}
}

// gateway is what the gateways in this process have in common.
type gateway interface {
	Misbehave(operation string, faults ...unionpaytest.Fault)
	Close()
}

// scene is where the jobs of one run take place.
type scene struct {
	options
	config   *config // nil: gateways in this process
	requests *requests
	open     []gateway
}

// prepare makes the jobs. closeAll ends the gateways that were started for them.
func prepare(o options) (jobs []job, closeAll func(), err error) {
	s := &scene{options: o}
	closeAll = func() {
		for _, g := range s.open {
			g.Close()
		}
	}
	if o.config != "" {
		if s.config, err = readConfig(o.config); err != nil {
			return nil, closeAll, err
		}
	}
	if s.requests, err = readRequests(o.request); err != nil {
		return nil, closeAll, err
	}
	var problems []error
	for _, p := range providers() {
		if o.provider != "all" && o.provider != p || o.provider == "all" && !s.wants(p) {
			continue
		}
		if s.config != nil && !s.config.has(p) {
			return nil, closeAll, fmt.Errorf("-config %s: no section %q", o.config, p)
		}
		j, err := makers()[p](s)
		if err == nil {
			err = s.requests.wrong(p, j.unreadable())
		}
		problems = append(problems, err)
		j.provider = p
		jobs = append(jobs, j)
	}
	if len(jobs) == 0 {
		return nil, closeAll, errors.New("nothing to do: no provider has both a section in -config and one in -request")
	}
	return jobs, closeAll, errors.Join(problems...)
}

func makers() map[string]func(*scene) (job, error) {
	return map[string]func(*scene) (job, error){
		"unionpay": unionPay, "chinaums": chinaUMS, "upay": upayRevoke, "yuansfer": yuansferRevoke, "umpay": umPay,
	}
}

// wants leaves out, of all providers, those without a section.
func (s *scene) wants(provider string) bool {
	if s.config != nil && !s.config.has(provider) {
		return false
	}
	if s.requests == nil {
		return true
	}
	_, asked := s.requests.sections[provider]
	return asked
}

func (c *config) has(provider string) bool {
	switch provider {
	case "unionpay":
		return c.UnionPay != nil
	case "chinaums":
		return c.ChinaUMS != nil
	case "upay":
		return c.Upay != nil
	case "yuansfer":
		return c.Yuansfer != nil
	}
	return c.UMPay != nil
}

// stage puts a gateway of this process on: the money operation meets the scenario, the queries after it do not.
func (s *scene) stage(g gateway, operation string) {
	s.open = append(s.open, g)
	g.Misbehave(operation, unionpaytest.Fault(s.scenario))
}

// request fills req from the -request file; without one the demonstration order stays in it.
func (s *scene) request(provider string, req any) ([]cnpay.Fault, error) {
	if s.requests == nil {
		return nil, nil
	}
	return s.requests.fill(provider, req)
}

// misconfigured says which section of the -config file is at fault.
func (s *scene) misconfigured(provider string, err error) error {
	if err != nil {
		return fmt.Errorf("-config %s: %s: %w", s.options.config, provider, err)
	}
	return nil
}

func unionPay(s *scene) (job, error) {
	const operation = "preauth_cancel"
	var req unionpay.PreauthCancelRequest
	var c unionpay.Config
	if s.config != nil {
		var err error
		if c, err = s.config.UnionPay.Load(s.config.folder); err != nil {
			return job{}, s.misconfigured("unionpay", err)
		}
	} else {
		g := unionpaytest.NewServer()
		s.stage(g, operation)
		c = g.Config()
		if s.requests == nil {
			req = unionpay.PreauthCancelRequest{
				BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000,
				OrigQryID: g.AddPreauth(10000), BackURL: unionpay.NoNotification,
			}
		}
	}
	client, err := unionpay.New(c)
	faults, noRequest := s.request("unionpay", &req)
	if err := errors.Join(s.misconfigured("unionpay", err), noRequest); err != nil {
		return job{}, err
	}
	return newJob(operation, &req, faults, client.Preauth.Cancel, client.Preauth.SettleCancel), nil
}

func chinaUMS(s *scene) (job, error) {
	const operation = "bills_preauthed_cancel"
	var req chinaums.BillCancelCompletionRequest
	var c chinaums.Config
	if s.config != nil {
		section := s.config.ChinaUMS
		c = chinaums.Config{Gateway: section.Gateway, AppID: section.AppID, AppKey: cnpay.Secret(section.AppKey)}
	} else {
		g := chinaumstest.NewServer()
		s.stage(g, operation)
		c = g.Config()
		if s.requests == nil {
			req = *g.AddCompletion("327M"+time.Now().In(cnpay.Beijing()).Format("20060102150405")+"000000001", 10000)
		}
	}
	client, err := chinaums.New(c)
	faults, noRequest := s.request("chinaums", &req)
	if err := errors.Join(s.misconfigured("chinaums", err), noRequest); err != nil {
		return job{}, err
	}
	return newJob(operation, &req, faults, client.Bills.CancelCompletion, client.Bills.SettleCancelCompletion), nil
}

func upayRevoke(s *scene) (job, error) {
	const operation = "revoke"
	var req upay.OrderRevokeRequest
	var c upay.Config
	if s.config != nil {
		section := s.config.Upay
		c = upay.Config{Gateway: section.Gateway, TerminalSN: section.TerminalSN, TerminalKey: cnpay.Secret(section.TerminalKey)}
	} else {
		g := upaytest.NewServer()
		s.stage(g, operation)
		c = g.Config()
		if s.requests == nil {
			req = upay.OrderRevokeRequest{ClientSN: "7654321132"}
			g.AddOrder(req.ClientSN, 10000)
		}
	}
	client, err := upay.New(c)
	faults, noRequest := s.request("upay", &req)
	if err := errors.Join(s.misconfigured("upay", err), noRequest); err != nil {
		return job{}, err
	}
	return newJob(operation, &req, faults, client.Orders.Revoke, client.Orders.SettleRevoke), nil
}

func yuansferRevoke(s *scene) (job, error) {
	const operation = "auto_debit_revoke"
	var req yuansfer.AutoDebitRevokeRequest
	var c yuansfer.Config
	if s.config != nil {
		section := s.config.Yuansfer
		c = yuansfer.Config{
			Gateway: section.Gateway, MerchantNo: section.MerchantNo, StoreNo: section.StoreNo, Token: cnpay.Secret(section.Token),
		}
	} else {
		g := yuansfertest.NewServer()
		s.stage(g, operation)
		c = g.Config()
		if s.requests == nil {
			req = yuansfer.AutoDebitRevokeRequest{AutoDebitNo: g.AddAgreement("contract-1", "GCASH")}
		}
	}
	client, err := yuansfer.New(c)
	faults, noRequest := s.request("yuansfer", &req)
	if err := errors.Join(s.misconfigured("yuansfer", err), noRequest); err != nil {
		return job{}, err
	}
	j := newJob(operation, &req, faults, client.AutoDebit.Revoke, client.AutoDebit.SettleRevoke)
	j.repeats = true
	return j, nil
}

func umPay(s *scene) (job, error) {
	const operation = "plugin_card_pre_auth_rever"
	var req umpay.PreauthCancelRequest
	var c umpay.Config
	if s.config != nil {
		section := s.config.UMPay
		c = umpay.Config{Gateway: section.Gateway, Terminal: section.Terminal, Secret: cnpay.Secret(section.Secret)}
	} else {
		g := umpaytest.NewServer()
		s.stage(g, operation)
		c = g.Config()
		if s.requests == nil {
			req = umpay.PreauthCancelRequest{Amount: 10000, UPayTrace: "000123", OrderID: umpay.NewOrderID(c.Terminal, time.Now())}
			g.AddPreauth(req.UPayTrace, req.Amount)
		}
	}
	client, err := umpay.New(c)
	faults, noRequest := s.request("umpay", &req)
	if err := errors.Join(s.misconfigured("umpay", err), noRequest); err != nil {
		return job{}, err
	}
	if req.ID == "" {
		req.ID = umpay.NewCommandID() // a real merchant stores it first, to ask for it after a crash
	}
	return newJob(operation, &req, faults, client.Preauth.Cancel, client.Preauth.SettleCancel), nil
}
