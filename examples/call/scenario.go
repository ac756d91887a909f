package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cnpay-go/cnpay/chinaums/chinaumstest"
	"github.com/cnpay-go/cnpay/cnpaytest"
	"github.com/cnpay-go/cnpay/umpay/provider/providertest"
	"github.com/cnpay-go/cnpay/umpay/spay/spaytest"
	"github.com/cnpay-go/cnpay/umpay/umpaytest"
	"github.com/cnpay-go/cnpay/unionpay/unionpaytest"
	"github.com/cnpay-go/cnpay/upay/upaytest"
	"github.com/cnpay-go/cnpay/yuansfer/yuansfertest"
)

// everywhere are the faults that the gateways have in common.
func everywhere() []cnpaytest.Fault {
	return []cnpaytest.Fault{
		cnpaytest.OK, cnpaytest.Refused, cnpaytest.LostAnswer, cnpaytest.Hang, cnpaytest.Reset, cnpaytest.CutBody, cnpaytest.HTTP502,
		cnpaytest.Empty, cnpaytest.HTML, cnpaytest.HugeBody, cnpaytest.Redirect, cnpaytest.BadSignature, cnpaytest.Unsigned,
		cnpaytest.ForgedCertificate, cnpaytest.OtherAnswer, cnpaytest.UnknownCode,
	}
}

// own are the faults that a provider's gateway has besides.
func own() map[string][]cnpaytest.Fault {
	return map[string][]cnpaytest.Fault{
		"unionpay": {unionpaytest.ExpiredCertificate, unionpaytest.MerchantCertificate, unionpaytest.InvalidRequest, unionpaytest.UnsignedRefusal},
		"chinaums": {chinaumstest.Accepted, chinaumstest.Denied},
		"upay":     {upaytest.Pending},
		"yuansfer": {yuansfertest.Pending, yuansfertest.NoResult, yuansfertest.SystemError, yuansfertest.SupplierError},
		"umpay": {
			umpaytest.WrongNonce, umpaytest.Stale, umpaytest.OtherTerminal, umpaytest.Dropped, umpaytest.Running, umpaytest.ReBind,
			umpaytest.CallFail, umpaytest.Unclear, umpaytest.Undecided,
		},
		"umpay/provider": {providertest.Pending},
		"umpay/spay":     {spaytest.Pending, spaytest.OldVersion, spaytest.OtherMerchant, spaytest.Twice},
	}
}

// knows returns why a provider's gateway cannot play a scenario: a mistyped one would be a gateway that behaves well.
func knows(provider, scenario string) error {
	all := append(everywhere(), own()[provider]...)
	if _, late := cnpaytest.Fault(scenario).Delay(); late || slices.Contains(all, cnpaytest.Fault(scenario)) {
		return nil
	}
	return fmt.Errorf("-scenario %s: want one of %s, or \"late 8s\"", scenario, spelled(all))
}

func spelled(faults []cnpaytest.Fault) string {
	var names []string
	for _, f := range faults {
		names = append(names, string(f))
	}
	return strings.Join(names, ", ")
}
