package unionpay

import (
	"encoding/base64"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay"
)

// The blocks of the public test cards were computed with Python from the standard; the others by hand.
func TestPINBlock(t *testing.T) {
	e, _ := ciphers(t, UTF8)
	for _, tt := range []struct{ name, pin, pan, block string }{
		{"19 digits", "123456", "6216261000000000018", "06122456fffffffe"},
		{"16 digits", "123456", "6221558812340000", "0612210e7edcbfff"},
		{"odd PIN", "12345", "6221558812340000", "051221077edcbfff"},
		{"shortest PIN", "1234", "6221558812340000", "041221a77edcbfff"},
		{"PIN of eight", "12345678", "6216261000000000018", "0812245678fffffe"},
		{"longest PIN", "123456789012", "6221558812340000", "0c12210ef9b352ff"},
		{"13 digits", "1234", "1234567890123", "041226cba9876fed"},
		{"12 digits, one zero before", "1234", "234567890123", "041236cba9876fed"},
		{"11 digits, two zeros before", "1234", "34567890123", "041234cba9876fed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			block, err := pinBlock(tt.pin, tt.pan)
			require.NoError(t, err)
			require.Equal(t, tt.block, hex.EncodeToString(block[:]))

			field, err := e.PIN(tt.pin, tt.pan)
			require.NoError(t, err)
			secret, err := base64.StdEncoding.DecodeString(field)
			require.NoError(t, err)
			plain, err := cipherKey().Decrypt(nil, secret, nil)
			require.NoError(t, err)
			require.Equal(t, tt.block, hex.EncodeToString(plain))
			require.Empty(t, (&CustomerInfo{PIN: field}).faults())
		})
	}
}

func TestPINRefuses(t *testing.T) {
	e, _ := ciphers(t, UTF8)
	for _, tt := range []struct {
		name, pin, pan string
		fields         []string
	}{
		{"short PIN", "123", "6221558812340000", []string{"pin"}},
		{"long PIN", "1234567890123", "6221558812340000", []string{"pin"}},
		{"no PIN", "", "6221558812340000", []string{"pin"}},
		{"letter", "12a4", "6221558812340000", []string{"pin"}},
		{"full-width digits", "１２３４", "6221558812340000", []string{"pin"}},
		{"short card number", "1234", "6221558812", []string{"accNo"}},
		{"no card number", "1234", "", []string{"accNo"}},
		{"long card number", "1234", "62215588123400001234", []string{"accNo"}},
		{"masked card number", "1234", "622155******0000", []string{"accNo"}},
		{"both", "1", "2", []string{"pin", "accNo"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			field, err := e.PIN(tt.pin, tt.pan)
			require.Empty(t, field)
			var invalid *cnpay.InvalidRequestError
			require.ErrorAs(t, err, &invalid)
			var fields []string
			for _, f := range invalid.Faults {
				fields = append(fields, f.Field)
			}
			require.Equal(t, tt.fields, fields)
			require.NotContains(t, err.Error(), "622155")
		})
	}
}

func FuzzPINBlock(f *testing.F) {
	f.Add("123456", "6216261000000000018")
	f.Add("1", "")
	f.Fuzz(func(t *testing.T, pin, pan string) {
		block, err := pinBlock(pin, pan)
		if err != nil {
			require.ErrorIs(t, err, cnpay.ErrInvalidRequest)
			return
		}
		require.Equal(t, byte(len(pin)), block[0])
		// The PAN field is not in the first two bytes, so the PIN's first two digits can be read.
		require.Equal(t, pin[:2], hex.EncodeToString(block[1:2]))
	})
}
