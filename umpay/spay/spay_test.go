package spay_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func get(t *testing.T, address string) (string, error) {
	t.Helper()
	res, err := http.Get(address)
	require.NoError(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	return string(body), err
}
