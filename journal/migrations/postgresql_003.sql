-- What a sweep looks for: the accounts, and of each the entries that are due; what is leased; what was asked just now.
CREATE INDEX cnpay_entries_turns ON cnpay_entries (provider, account, due, id) WHERE state IN ('ready', 'open');
CREATE INDEX cnpay_entries_leased ON cnpay_entries (lease) WHERE lease > 0;
CREATE INDEX cnpay_entries_asked ON cnpay_entries (asked_at) WHERE asked_at > 0;
DROP INDEX cnpay_entries_due;
