package testgateway

import "github.com/cnpay-go/cnpay/cnpaytest"

// Operation is a line of operations.txt.
type Operation = cnpaytest.Operation

// Operations reads an operations.txt.
func Operations(text string) []Operation { return cnpaytest.ReadOperations(text) }
