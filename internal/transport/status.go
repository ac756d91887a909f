package transport

import (
	"fmt"
	"net/http"

	"github.com/cnpay-go/cnpay"
)

// StatusError is the cause where the body under an HTTP status is no answer of the provider: something in front of
// its gateway answered. It names the status in words too, so that a proxy's refusal (407) says proxy.
func StatusError(status int) error {
	return fmt.Errorf("%w: %d %s", cnpay.ErrHTTPStatus, status, http.StatusText(status))
}
