package journal

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the embedded database
)

//go:embed migrations
var migrations embed.FS

// Dialect is one of the two databases that a journal can live in.
type Dialect int

const (
	// SQLite is a file, without a server. See [OpenSQLite].
	SQLite Dialect = iota + 1
	// PostgreSQL is shared by many replicas. Open it with database/sql and the driver of github.com/jackc/pgx/v5/stdlib.
	PostgreSQL
)

func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "sqlite"
	case PostgreSQL:
		return "postgresql"
	}
	return fmt.Sprintf("Dialect(%d)", int(d))
}

// now is the database's clock, in milliseconds, at the statement.
func (d Dialect) now() string {
	if d == PostgreSQL {
		return "CAST(extract(epoch from clock_timestamp()) * 1000 AS BIGINT)"
	}
	return "CAST(unixepoch('subsec') * 1000 AS INTEGER)"
}

// lateral joins entries e that a query finds for each row before it.
func (d Dialect) lateral(query string) string {
	if d == PostgreSQL {
		return "CROSS JOIN LATERAL (" + query + ") e"
	}
	return "JOIN cnpay_entries e ON e.id IN (" + strings.Replace(query, "x.*", "x.id", 1) + ")"
}

// skipLocked passes over a row that somebody else has locked: a process that stands still in the middle of a transaction
// delays nobody. A file has one writer.
func (d Dialect) skipLocked() string {
	if d == PostgreSQL {
		return " FOR UPDATE SKIP LOCKED"
	}
	return ""
}

// driver is River's driver. Both are over database/sql, so that one *sql.Tx closes an entry, hands out a job and changes
// the merchant's own tables.
func (d Dialect) driver(db *sql.DB) riverdriver.Driver[*sql.Tx] {
	if d == PostgreSQL {
		return riverdatabasesql.New(db)
	}
	return riversqlite.New(db)
}

// OpenSQLite opens a file, or makes it, so that what was committed survives a loss of power: write-ahead log,
// synchronous=FULL, transactions that take the write lock when they begin. One process at a time should have it open.
//
// It has one connection. SQLite has one writer, and whoever waits for it sleeps and looks again, so that a call could be over
// its limit while settlers write; database/sql hands a connection on at once. While a transaction is open all else waits:
// within one, Book's or your own, use that transaction alone.
func OpenSQLite(file string) (*sql.DB, error) {
	if file == "" || file == ":memory:" {
		return nil, fmt.Errorf("journal: %q is no file: it would end with the process, and all outcomes with it", file)
	}
	db, err := sql.Open("sqlite", dsn(file))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

func dsn(file string) string {
	pragmas := url.Values{
		"_pragma": {"busy_timeout(3000)", "journal_mode(WAL)", "synchronous(FULL)"},
		"_txlock": {"immediate"},
	}
	u := url.URL{Scheme: "file", Opaque: (&url.URL{Path: filepath.ToSlash(file)}).EscapedPath(), RawQuery: pragmas.Encode()}
	return u.String()
}

// Migrate brings the database to this version's tables: the journal's own, and River's. It changes nothing that is up to
// date, and several replicas may run it at once.
func (j *Journal) Migrate(ctx context.Context) error {
	if err := j.migrateRiver(ctx); err != nil {
		return fmt.Errorf("journal: River's tables: %w", err)
	}
	if err := j.migrate(ctx); err != nil {
		return fmt.Errorf("journal: tables: %w", err)
	}
	return nil
}

// migrateRiver runs outside of a transaction: PostgreSQL lets nobody use a new value of a type in the one that made it.
func (j *Journal) migrateRiver(ctx context.Context) error {
	return j.alone(ctx, func() error {
		migrator, err := rivermigrate.New(j.dialect.driver(j.db), &rivermigrate.Config{Logger: quiet()})
		if err != nil {
			return err
		}
		_, err = migrator.Migrate(ctx, rivermigrate.DirectionUp, nil)
		return err
	})
}

func (j *Journal) migrate(ctx context.Context) error {
	const newest = "SELECT COALESCE(MAX(version), 0) FROM cnpay_migrations"
	var version int
	if err := j.db.QueryRowContext(ctx, newest).Scan(&version); err == nil && version >= len(j.dialect.migrations()) {
		return nil // PostgreSQL wants the right to make a table even where it is there
	}
	return j.inTx(ctx, func(tx *sql.Tx) error {
		if j.dialect == PostgreSQL { // one replica after the other
			if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(731904552)"); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, versions); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, newest).Scan(&version); err != nil {
			return err
		}
		for i, text := range j.dialect.migrations() {
			if i < version {
				continue
			}
			if _, err := tx.ExecContext(ctx, text); err != nil {
				return fmt.Errorf("version %d: %w", i+1, err)
			}
			if _, err := tx.ExecContext(ctx, "INSERT INTO cnpay_migrations (version) VALUES ($1)", i+1); err != nil {
				return err
			}
		}
		return nil
	})
}

const versions = "CREATE TABLE IF NOT EXISTS cnpay_migrations (version INTEGER PRIMARY KEY)"

// alone runs f while no other replica migrates. A file is one process's.
func (j *Journal) alone(ctx context.Context, f func() error) error {
	if j.dialect != PostgreSQL {
		return f()
	}
	if j.db.Stats().MaxOpenConnections == 1 {
		return errors.New("the lock needs a connection of its own: SetMaxOpenConns(1) is too few")
	}
	tx, err := j.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	if _, err := tx.ExecContext(ctx, "SELECT pg_advisory_xact_lock(731904552)"); err != nil {
		return err
	}
	return f()
}

// migrations are the journal's own, in order.
func (d Dialect) migrations() []string {
	names, err := migrations.ReadDir("migrations")
	if err != nil {
		return nil
	}
	var texts []string
	for _, entry := range names { // sorted by name
		if strings.HasPrefix(entry.Name(), d.String()+"_") {
			text, err := migrations.ReadFile(path.Join("migrations", entry.Name()))
			if err == nil {
				texts = append(texts, string(text))
			}
		}
	}
	return texts
}

// SQL is all that [Journal.Migrate] runs on an empty database, for merchants whose programs may not change tables.
func (d Dialect) SQL() (string, error) {
	migrator, err := rivermigrate.New(d.driver(nil), &rivermigrate.Config{Logger: quiet()})
	if err != nil {
		return "", fmt.Errorf("journal: %w", err)
	}
	var b strings.Builder
	for _, m := range migrator.AllVersions() {
		text := strings.ReplaceAll(m.SQLUp, "/* TEMPLATE: schema */", "")
		fmt.Fprintf(&b, "-- River %d: %s\n%s\n", m.Version, m.Name, strings.TrimSpace(text))
	}
	for _, m := range migrator.AllVersions() {
		fmt.Fprintf(&b, "INSERT INTO river_migration (line, version) VALUES ('main', %d);\n", m.Version)
	}
	b.WriteString(versions + ";\n")
	for i, text := range slices.Clone(d.migrations()) {
		fmt.Fprintf(&b, "-- journal %d\n%sINSERT INTO cnpay_migrations (version) VALUES (%d);\n", i+1, text, i+1)
	}
	return b.String(), nil
}
