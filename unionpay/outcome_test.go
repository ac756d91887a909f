package unionpay

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// The codes of the documents' tables, with what they say of the request that they answer.
const (
	done      = "00 A1 A6"
	undecided = "01 03 04 05 06 12 34 37 42 70 74 75 83"
	refused   = "02 10 11 13 14 30 31 32 33 35 36 38 39 40 41 43 44 45 46 60 61 62 63 64 65 66 67 68 69 71 72 73 76 " +
		"77 78 79 80 81 82 84 89 90 91 92 93 94 95 96 98 99"
)

// every is all that can stand in a field of two letters or digits, and some that cannot.
func every() []string {
	codes := []string{"", "0", "000", "00 ", " 00", "Ａ6", "a6", "成功", "\x00"}
	const letters = "0123456789ABCXYZ"
	for _, a := range letters {
		for _, b := range letters {
			codes = append(codes, string(a)+string(b))
		}
	}
	return codes
}

func TestCodes(t *testing.T) {
	listed := func(list, code string) bool {
		return code != "" && strings.Contains(" "+list+" ", " "+code+" ") && len(code) == 2
	}
	require.Len(t, strings.Fields(done+" "+undecided+" "+refused), 66)
	for _, code := range every() {
		want, accepted, original := cnpay.Unknown, cnpay.Unknown, cnpay.Unknown
		switch {
		case listed(done, code):
			want, accepted, original = cnpay.Succeeded, cnpay.Pending, cnpay.Succeeded
		case listed(refused, code):
			want, accepted, original = cnpay.Failed, cnpay.Failed, cnpay.Failed
		case code == "01":
			original = cnpay.Failed
		case code == "03", code == "04", code == "05":
			original = cnpay.Pending
		}
		require.Equal(t, want, judgeCode(code), "%q of a request", code)
		require.Equal(t, accepted, judgeAccepted(code), "%q of an operation on money", code)
		require.Equal(t, original, judgeOriginal("32", code), "%q of the transaction asked for", code)

		// The issuer's refusal and some others do not end a payout.
		if listed("01 12 34 60", code) {
			original = cnpay.Pending
		}
		if code == "60" {
			accepted = cnpay.Unknown
		}
		require.Equal(t, original, judgeOriginal("12", code), "%q of a payout asked for", code)
		require.Equal(t, accepted, judgePayout(code), "%q of a payout", code)
	}
}

func TestQueryVerdict(t *testing.T) {
	answer := func(outcome cnpay.Outcome, respCode, origRespCode string) *OrderQueryResponse {
		r := &OrderQueryResponse{OrigRespCode: origRespCode}
		r.Outcome, r.RespCode = outcome, respCode
		return r
	}
	for _, tt := range []struct {
		answer *OrderQueryResponse
		want   cnpay.Outcome
		code   string
	}{
		{answer(cnpay.Answered, "00", "00"), cnpay.Succeeded, "00"},
		{answer(cnpay.Answered, "00", "A6"), cnpay.Succeeded, "A6"},
		{answer(cnpay.Answered, "00", "05"), cnpay.Pending, "05"},
		{answer(cnpay.Answered, "00", "64"), cnpay.Failed, "64"},
		{answer(cnpay.Answered, "00", "X9"), cnpay.Unknown, "X9"},
		{answer(cnpay.Answered, "00", ""), cnpay.Unknown, ""},
		{answer(cnpay.Unknown, "34", "00"), cnpay.Unknown, "34"},
		{answer(cnpay.Failed, "10", "64"), cnpay.Unknown, "10"},
		{answer(cnpay.Unknown, "00", "00"), cnpay.Unknown, "00"}, // read back from storage: no longer an answer
	} {
		verdict := tt.answer.Verdict()
		require.Equal(t, tt.want, verdict.Outcome, "%+v", tt)
		require.Equal(t, tt.code, verdict.Code)
	}
}

func TestOwner(t *testing.T) {
	for cn, want := range map[string]struct{ production, test bool }{
		"041@8310000000083040@中国银联股份有限公司@00016495":     {true, true},
		"041@Z12@00040000:SIGN@00000062":               {false, true},
		"041@Z1200040000:SIGN@00040000:SIGN@00000002":  {false, true}, // the production encryption certificate's
		"041@Z2014-11-11@700000000000001:SIGN@0000003": {},
		"中国银联股份有限公司":                                   {},
		"041@中国银联股份有限公司":                               {},
		"中国银联股份有限公司@中国银联股份有限公司@x@y":                    {},
		"041@x@中国银联股份有限公司 @y":                          {},
		"041@x@y@中国银联股份有限公司":                           {},
		"":                                             {},
		"@":                                            {},
		"@@":                                           {},
	} {
		require.Equal(t, want.production, owner(Production)(cn), cn)
		require.Equal(t, want.production, owner("")(cn), cn)
		require.Equal(t, want.test, owner(Test)(cn), cn)
	}
}
