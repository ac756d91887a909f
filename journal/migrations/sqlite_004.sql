-- The tables of package stores. The first holds keys, sealed with a key that is not in the database.
CREATE TABLE cnpay_upay_keys (
    terminal TEXT   NOT NULL PRIMARY KEY,
    revision INTEGER NOT NULL,
    sealed   BLOB  NOT NULL
);
CREATE TABLE cnpay_umpay_events (
    pos_sn TEXT   NOT NULL,
    id     TEXT   NOT NULL,
    seq    INTEGER NOT NULL,
    event  TEXT   NOT NULL, -- JSON; card numbers are masked
    PRIMARY KEY (pos_sn, id, seq)
);
