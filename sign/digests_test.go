package sign_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cnpay-go/cnpay/sign"
)

// The first vector is the standard's own (GB/T 32905 A.1); the others, of
// bytes 0, 1, ... 250, 0, ..., were computed with openssl dgst -sm3.
func TestSM3(t *testing.T) {
	require.Equal(t, "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0", fmt.Sprintf("%x", sign.SM3([]byte("abc"))))
	data := make([]byte, 1000)
	for i := range data {
		data[i] = byte(i % 251)
	}
	for length, want := range map[int]string{
		0:    "1ab21d8355cfa17f8e61194831e81a8f22bec8c728fefb747ed035eb5082aa2b",
		55:   "a79cf9dcee3404abf7f769698201647fd9d3ff61d629d0f58bb4b5579a427db8",
		56:   "62f7363b15f4de76dd925c493b9d6d00d4ba0ef2a1f334c1d0f13b293aeb40d1",
		63:   "6165e4cbb15cde01c6226e0015a47f710f8f8e1f2c296700033bb34d9212109c",
		64:   "93566f236d157aae078d1ddb5cebdbba1520b5142e22a8915564345ba2ae1d63",
		65:   "c886e6814be748285a10b28ae62ddacd85db830cd2cf3a2bfa2f729c15f63618",
		128:  "a9e7985473ca09df1510d83b572f72375430756c4a661b00724afeb8b75dd0a5",
		1000: "b38fc481302b502c3f2f6608d060c47c5b6bd8fd65e148b7cd3af4988245f48a",
	} {
		require.Equal(t, want, fmt.Sprintf("%x", sign.SM3(data[:length])), "length %d", length)
	}
}

func TestSHA256Hex(t *testing.T) {
	// FIPS 180-4's own example, and the body "A" of the ChinaUMS documents.
	require.Equal(t, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", sign.SHA256Hex([]byte("abc")))
	require.Equal(t, "559aead08264d5795d3909718cdd05abd49572e84fe55590eef31a88a08fdffd", sign.SHA256Hex([]byte("A")))
}
