CREATE TABLE cnpay_entries (
    id           BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    provider     TEXT    NOT NULL,
    account      TEXT    NOT NULL,
    operation    TEXT    NOT NULL,
    order_number TEXT    NOT NULL,
    gateway      TEXT    NOT NULL,
    generation   BIGINT  NOT NULL,           -- the newest sending; the ticket's Sending
    state        TEXT    NOT NULL CHECK (state IN ('ready', 'open', 'succeeded', 'failed', 'not_sent')),
    outcome      TEXT    NOT NULL,           -- what is known: unknown or pending while the entry is open
    code         TEXT    NOT NULL DEFAULT '', -- the provider's
    reason       TEXT    NOT NULL DEFAULT '', -- why it is open, or who closed it
    ticket       TEXT    NOT NULL,           -- JSON; no card data, no keys
    first_began  BIGINT  NOT NULL,           -- of the oldest sending that may still matter
    until        BIGINT  NOT NULL,           -- no sending is sent, or paid, after it, by the database's clock; 0 where nobody knows
    landed       BIGINT  NOT NULL DEFAULT 0, -- 1: no sending can be on its way, by its own caller's word
    owner        TEXT    NOT NULL,           -- of the newest sending
    found        TEXT    NOT NULL DEFAULT '', -- an outcome that is known and not booked yet
    due          BIGINT  NOT NULL,           -- when to query, or when a prepared entry expires
    lease        BIGINT  NOT NULL DEFAULT 0, -- until when a settler has it
    turn         BIGINT  NOT NULL DEFAULT 0, -- counts leases
    asked        BIGINT  NOT NULL DEFAULT 0, -- queries in this generation
    asked_at     BIGINT  NOT NULL DEFAULT 0,
    conflicts    BIGINT  NOT NULL DEFAULT 0,
    created      BIGINT  NOT NULL,           -- times are milliseconds by the database's clock
    opened       BIGINT  NOT NULL,
    closed       BIGINT  NOT NULL DEFAULT 0,
    UNIQUE (provider, account, operation, order_number)
);
CREATE INDEX cnpay_entries_due ON cnpay_entries (due) WHERE state IN ('ready', 'open');
CREATE TABLE cnpay_conflicts (
    entry      BIGINT  NOT NULL,
    generation BIGINT  NOT NULL,
    source     TEXT    NOT NULL,
    mark       TEXT    NOT NULL,
    outcome    TEXT    NOT NULL,
    code       TEXT    NOT NULL,
    at         BIGINT  NOT NULL,
    PRIMARY KEY (entry, generation, source, mark)
);
