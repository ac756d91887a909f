package unionpay

import "crypto/x509"

// Build and Verify are the halves of a call around the network, for benchmarks.

func Build(c *Client, req *PreauthCancelRequest) ([]byte, error) {
	request := *req
	x := &exchange{client: c, op: req.operation(), request: &request}
	x.Check()
	return x.Encode()
}

func Verify(c *Client, body []byte) error {
	_, err := c.verified(body)
	return err
}

// LastMessage is the certificate that verified the client's last message.
func LastMessage(c *Client) *x509.Certificate { return c.messages.Load() }
