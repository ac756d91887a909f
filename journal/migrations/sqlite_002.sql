CREATE TABLE cnpay_events ( -- what later states of an entry would overwrite
    entry      INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    what       TEXT   NOT NULL,
    source     TEXT   NOT NULL,
    mark       TEXT   NOT NULL,           -- the same event again has the same mark, and only counts
    outcome    TEXT   NOT NULL,
    code       TEXT   NOT NULL,           -- the provider's
    text       TEXT   NOT NULL,
    who        TEXT   NOT NULL,           -- the person who did it
    times      INTEGER NOT NULL DEFAULT 1,
    first      INTEGER NOT NULL,           -- milliseconds by the database's clock
    at         INTEGER NOT NULL,           -- the newest time
    PRIMARY KEY (entry, generation, what, source, mark)
);
INSERT INTO cnpay_events (entry, generation, what, source, mark, outcome, code, text, who, first, at)
    SELECT entry, generation, 'conflict', source, mark, outcome, code, '', '', at, at FROM cnpay_conflicts;
DROP TABLE cnpay_conflicts;
ALTER TABLE cnpay_entries ADD COLUMN by_hand INTEGER NOT NULL DEFAULT 0; -- 1: the newest closing, or what it rests on, is a person's word
CREATE INDEX cnpay_entries_contradicted ON cnpay_entries (id) WHERE conflicts > 0;
