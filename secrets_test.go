package cnpay_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// secretNames are the wire names, of all providers, of what a dump must hide: cards and what comes with them, codes that
// pay, tokens, and who the payer is.
var secretNames = regexp.MustCompile(`(?i)^(acc_?no|account|account_?token|access_?token|refresh_?token|auth_code|authorization|` +
	`(bank|pay|usr|orig_?)?_?card_?(no|num|number|id)|payer_?acct_?no|card_?(holder|cvv2?|exp\w*|trans_?data)|cv[nv]2?|valid_?date|expired|` +
	`cert_?no|identity_?code|(phone|mobile)(_?(no|number))?|customer_?info|payer_?verifi_?info|receiver|` +
	`dynamic_id|media_?(id|no)|(original)?_?pay_?code|payment_?barcode|payment_?method_?nonce|qr_?no|token_?pay_?data|` +
	`password|passwd|pin|track\w*|vault_?id|verify_?code|sms_?code|terminal_key)$`)

// TestSecretFields requires the word pan or secret of every field of a message that has such a name.
func TestSecretFields(t *testing.T) {
	field := regexp.MustCompile("json:\"([^\",]+)[^\"]*\" +spec:\"([^\"]*)\"")
	hidden := 0
	require.NoError(t, filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasPrefix(path, "internal") {
			return err
		}
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		for _, m := range field.FindAllStringSubmatch(string(text), -1) {
			if secretNames.MatchString(m[1]) {
				hidden++
				require.Regexp(t, `(^| )(pan|secret)$`, m[2], "%s: %s", path, m[1])
			}
		}
		return nil
	}))
	require.Greater(t, hidden, 100)
}
