package unionpay

// Build and Verify are the halves of a call around the network, for benchmarks.

func Build(c *Client, req *PreauthCancelRequest) ([]byte, error) {
	m := *req
	pairs, err := c.signed(&m, c.complete(&m, m.parts(), preauthCancelOp()))
	return form(pairs), err
}

func Verify(c *Client, body []byte) error {
	_, err := c.verified(body)
	return err
}
