package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/chinaums"
	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/examples/internal/clients"
	"github.com/cnpay-go/cnpay/examples/internal/jsonfile"
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

// makers make the revocation of each provider: with a demonstration order of the gateway in this process, or with an
// empty request for a file to fill.
func makers() map[string]func(c *clients.Client, demo bool) job {
	return map[string]func(*clients.Client, bool) job{
		"unionpay": unionPay, "chinaums": chinaUMS, "upay": upayRevoke, "yuansfer": yuansferRevoke, "umpay": umPay,
	}
}

func unionPay(c *clients.Client, demo bool) job {
	req := &unionpay.PreauthCancelRequest{}
	if demo {
		*req = unionpay.PreauthCancelRequest{
			BizType: "000201", OrderID: unionpay.NewOrderID(), TxnTime: unionpay.TxnTime(time.Now()), TxnAmt: 10000,
			OrigQryID: c.Gateway.(*unionpaytest.Server).AddPreauth(10000), BackURL: unionpay.NoNotification,
		}
	}
	return newJob(unionpay.OpPreauthCancel, c, req, c.Settler.(*unionpay.Client).Preauth.Cancel)
}

func chinaUMS(c *clients.Client, demo bool) job {
	req := &chinaums.BillCancelCompletionRequest{}
	if demo {
		number := "327M" + time.Now().In(cnpay.Beijing()).Format("20060102150405") + "000000001"
		req = c.Gateway.(*chinaumstest.Server).AddCompletion(number, 10000)
	}
	return newJob(chinaums.OpBillCancelCompletion, c, req, c.Settler.(*chinaums.Client).Bills.CancelCompletion)
}

func upayRevoke(c *clients.Client, demo bool) job {
	req := &upay.OrderRevokeRequest{}
	if demo {
		req.ClientSN = "7654321132"
		c.Gateway.(*upaytest.Server).AddOrder(req.ClientSN, 10000)
	}
	return newJob(upay.OpOrderRevoke, c, req, c.Settler.(*upay.Client).Orders.Revoke)
}

func yuansferRevoke(c *clients.Client, demo bool) job {
	req := &yuansfer.AutoDebitRevokeRequest{}
	if demo {
		req.AutoDebitNo = c.Gateway.(*yuansfertest.Server).AddAgreement("contract-1", "GCASH")
	}
	j := newJob(yuansfer.OpAutoDebitRevoke, c, req, c.Settler.(*yuansfer.Client).AutoDebit.Revoke)
	j.repeats = true
	return j
}

func umPay(c *clients.Client, demo bool) job {
	req := &umpay.PreauthCancelRequest{}
	if demo {
		gateway := c.Gateway.(*umpaytest.Server)
		*req = umpay.PreauthCancelRequest{
			Amount: 10000, UPayTrace: "000123", OrderID: umpay.NewOrderID(gateway.Config().Terminal, time.Now()),
		}
		gateway.AddPreauth(req.UPayTrace, req.Amount)
	}
	j := newJob(umpay.OpPreauthCancel, c, req, c.Settler.(*umpay.Client).Preauth.Cancel)
	j.complete = func() {
		if req.ID == "" {
			req.ID = umpay.NewCommandID() // a real merchant stores it first, with the order
		}
	}
	return j
}

// scene is where the jobs of one run take place.
type scene struct {
	options
	config   *clients.Config // nil: gateways in this process
	requests *requests
	open     []*clients.Client
}

// prepare makes the jobs. closeAll ends the gateways that were started for them.
func prepare(o options) (jobs []job, closeAll func(), err error) {
	s := &scene{options: o}
	closeAll = func() {
		for _, c := range s.open {
			c.Close()
		}
	}
	if o.config != "" {
		if s.config, err = clients.Read(o.config); err != nil {
			return nil, closeAll, err
		}
	}
	if s.requests, err = readRequests(o.request); err != nil {
		return nil, closeAll, err
	}
	var problems []error
	for _, name := range providers() {
		if o.provider != "all" && o.provider != name || o.provider == "all" && !s.wants(name) {
			continue
		}
		j, err := s.job(name)
		if err != nil && s.config != nil && !s.has(name) {
			return nil, closeAll, err
		}
		if err == nil {
			err = s.requests.wrong(name, j.unreadable())
		}
		problems = append(problems, err)
		jobs = append(jobs, j)
	}
	if len(jobs) == 0 {
		return nil, closeAll, errors.New("nothing to do: no provider has both a section in -config and one in -request")
	}
	return jobs, closeAll, errors.Join(problems...)
}

func (s *scene) has(name string) bool {
	p, _ := clients.Find(name)
	return s.config == nil || p.Configured(s.config)
}

// wants leaves out, of all providers, those without a section.
func (s *scene) wants(name string) bool {
	if !s.has(name) {
		return false
	}
	if s.requests == nil {
		return true
	}
	_, asked := s.requests.sections[name]
	return asked
}

// job makes one provider's: its client, and its request from the file or the demonstration order. The money operation
// meets the scenario, the queries after it do not.
func (s *scene) job(name string) (job, error) {
	p, _ := clients.Find(name)
	c, err := p.Open(s.config)
	if err != nil {
		return job{}, err
	}
	s.open = append(s.open, c)
	j := makers()[name](c, s.config == nil && s.requests == nil)
	j.provider = name
	if c.Gateway != nil {
		c.Gateway.Misbehave(j.operation, cnpaytest.Fault(s.scenario))
	}
	if s.requests != nil {
		if j.faults, err = s.requests.fill(name, j.request); err != nil {
			return job{}, err
		}
	}
	if j.complete != nil {
		j.complete()
	}
	return j, nil
}

// requests is the -request file: for each provider its request, by wire names. nil: there is none.
type requests struct {
	path     string
	sections jsonfile.Object
}

func readRequests(path string) (*requests, error) {
	if path == "" {
		return nil, nil
	}
	file, err := jsonfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("-request %w", err)
	}
	for name := range file {
		if !known(name) {
			return nil, fmt.Errorf("-request %s: no such provider: %q", path, name)
		}
	}
	return &requests{path: path, sections: file}, nil
}

// fill fills a provider's request, and returns what does not fit into it.
func (r *requests) fill(provider string, request any) ([]cnpay.Fault, error) {
	section, err := r.sections.Section(provider)
	if err != nil {
		return nil, fmt.Errorf("-request %s: %w", r.path, err)
	}
	return section.Fill(request), nil
}

// wrong says whose section is at fault.
func (r *requests) wrong(provider string, err error) error {
	if err != nil {
		return fmt.Errorf("-request %s: %s: %w", r.path, provider, err)
	}
	return nil
}
