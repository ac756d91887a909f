module github.com/cnpay-go/cnpay/examples/checkout

go 1.26.0

replace github.com/cnpay-go/cnpay => ../..

require (
	github.com/cnpay-go/cnpay v0.0.0
	github.com/stretchr/testify v1.12.1
	rsc.io/qr v0.2.0
)

require (
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/tjfoc/gmsm v1.4.1 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
	golang.org/x/crypto v0.58.0 // indirect
	golang.org/x/text v0.43.0 // indirect
	software.sslmate.com/src/go-pkcs12 v0.7.4 // indirect
)
