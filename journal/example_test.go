package journal_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"github.com/cnpay-go/cnpay"
	"github.com/cnpay-go/cnpay/journal"
)

// The page below a prefix, for whoever the merchant's own log-in lets in.
func ExampleJournal_Handler() {
	folder, err := os.MkdirTemp("", "journal")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(folder)
	db, err := journal.OpenSQLite(filepath.Join(folder, "journal.db"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer db.Close()
	j, err := open(db)
	if err != nil {
		fmt.Println(err)
		return
	}

	page := j.Handler(journal.HandlerConfig{
		Allow: func(r *http.Request) (who string, ok bool) {
			who, password, _ := r.BasicAuth() // or a session's cookie
			return who, password == "secret"
		},
	})
	mux := http.NewServeMux()
	mux.Handle("/journal/", http.StripPrefix("/journal", page))

	for _, password := range []string{"guessed", "secret"} {
		r := httptest.NewRequest(http.MethodGet, "/journal/", nil)
		r.SetBasicAuth("li", password)
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, r)
		fmt.Println(w.Code, http.StatusText(w.Code))
	}
	// Output:
	// 403 Forbidden
	// 200 OK
}

func open(db *sql.DB) (*journal.Journal, error) {
	j, err := journal.New(db, journal.SQLite, journal.Config{
		Client: func(cnpay.Ticket) (cnpay.Settler, error) { return nil, nil },
	})
	if err != nil {
		return nil, err
	}
	return j, j.Migrate(context.Background())
}
