package journal

const roleVariable = "CNPAY_TEST_ROLE"

func play(string) int { return 2 }
