package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/jackc/pgx/v5"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
	"github.com/trainyard/trainyard/internal/datasource/servertest"
	"github.com/trainyard/trainyard/internal/datasource/table/tabletest"
)

const schema = `
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE TABLE types (i int, b bigint, f double precision, n numeric, t text, u uuid, e mood, y boolean,
	d date, s timestamp, z timestamptz, j jsonb, l int[]);
INSERT INTO types VALUES
	(1, 9007199254740992, 0.1, 12.34, 'NaN', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'calm', true,
	 '2024-03-01', '2024-03-01 12:00:00.5', '2024-03-01 12:00:00+02', '{}', '{1}'),
	(NULL, -1, 'NaN', 'NaN', '', NULL, 'wild', false, 'infinity', NULL, NULL, NULL, NULL);
CREATE TABLE many AS SELECT i, 'row ' || i % 7 AS label,
	timestamptz '2024-01-01 00:00:00+00' + i * interval '1 minute' AS at FROM generate_series(0, 19999) i;
CREATE SEQUENCE counter;`

// source is a running database and how to read it.
type source struct {
	address string
	spec    datasource.Spec
	options datasource.Options
}

func newSource(t *testing.T) *source {
	t.Helper()
	address := servertest.Postgres(t)
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, servertest.PostgresURL(address))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, schema); err != nil {
		t.Fatal(err)
	}
	secret := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(secret, []byte(servertest.Password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return &source{
		address: address,
		spec: datasource.Spec{
			URL:         "postgres://" + address + "/postgres?sslmode=disable",
			Credentials: datasource.CredentialsSpec{User: servertest.User, PasswordFile: secret},
		},
		options: datasource.Options{Guard: guard.OwnMachine(os.Getenv), SpillFolder: t.TempDir()},
	}
}

// ask opens the answer of a query.
func (s *source) ask(t *testing.T, query string) (datasource.Table, error) {
	t.Helper()
	spec := s.spec
	spec.Query = query
	opened, err := datasource.Open(context.Background(), spec, s.options)
	if err == nil {
		t.Cleanup(func() { _ = opened.Close() })
	}
	return opened, err
}

func TestPostgres(t *testing.T) {
	s := newSource(t)
	t.Run("types", s.types)
	t.Run("windows", s.windows)
	t.Run("errors", s.errors)
	t.Run("guard", s.guarded)
	t.Run("cut off", s.cutOff)
}

func (s *source) types(t *testing.T) {
	nan := math.NaN()
	number := func(name string, typ datasource.Type, missing int, values ...float64) datasource.Column {
		return datasource.Column{Field: datasource.Field{Name: name, Type: typ}, Numbers: values, Missing: missing}
	}
	text := func(name string, missing int, labels []string, codes ...int32) datasource.Column {
		return datasource.Column{Field: datasource.Field{Name: name, Type: datasource.String}, Labels: labels, Codes: codes, Missing: missing}
	}
	infinite := number("d", datasource.Timestamp, 1, 1709251200, nan)
	infinite.TypeErrors = 1
	want := []datasource.Column{
		number("i", datasource.Integer, 1, 1, nan),
		number("b", datasource.Integer, 0, 9007199254740992, -1),
		number("f", datasource.Float, 1, 0.1, nan),
		number("n", datasource.Float, 1, 12.34, nan),
		text("t", 0, []string{"NaN", ""}, 0, 1),
		text("u", 1, []string{"6ba7b810-9dad-11d1-80b4-00c04fd430c8"}, 0, -1),
		text("e", 0, []string{"calm", "wild"}, 0, 1),
		number("y", datasource.Boolean, 0, 1, 0),
		infinite,
		number("s", datasource.Timestamp, 1, 1709294400.5, nan),
		number("z", datasource.Timestamp, 1, 1709287200, nan),
	}
	var warnings []string
	s.options.Warn = func(warning string) { warnings = append(warnings, warning) }
	s.options.Limits.TypeErrors = 0.5
	defer func() { s.options.Warn, s.options.Limits.TypeErrors = nil, 0 }()
	opened, err := s.ask(t, "SELECT * FROM types ORDER BY i")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, tabletest.Columns(t, opened), cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
	if len(warnings) != 2 || !strings.Contains(warnings[0], `column "j" is left out`) {
		t.Errorf("warnings: %q", warnings)
	}
}

func (s *source) windows(t *testing.T) {
	from := time.Date(2024, 1, 1, 1, 0, 0, 0, time.UTC)
	to := from.Add(time.Hour)
	tests := []struct {
		name   string
		query  string
		window datasource.WindowSpec
		time   string
		want   int
	}{
		{"all", "SELECT i FROM many", datasource.WindowSpec{}, "", 20000},
		{"asked of the server", "SELECT i FROM many WHERE at >= $1 AND at < $2", datasource.WindowSpec{From: &from, To: &to}, "", 60},
		{"open at the end", "SELECT i FROM many WHERE at >= $1 AND at < $2", datasource.WindowSpec{From: &from}, "", 19940},
		{"by a column", "SELECT * FROM many", datasource.WindowSpec{From: &from, To: &to}, "at", 60},
		{"by rows", "SELECT * FROM many ORDER BY i", datasource.WindowSpec{Rows: 10}, "at", 10},
		{"no rows", "SELECT * FROM many WHERE false", datasource.WindowSpec{}, "", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			spec := s.spec
			spec.Query, spec.Window, spec.Time.Column = test.query, test.window, test.time
			opened, err := datasource.Open(context.Background(), spec, s.options)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = opened.Close() }()
			if opened.Rows() != test.want || len(opened.Schema()) == 0 {
				t.Errorf("%d rows of %v, want %d", opened.Rows(), opened.Schema(), test.want)
			}
		})
	}
}

func (s *source) errors(t *testing.T) {
	tests := []struct{ name, query, want string }{
		{"no query", " ", "query is empty"},
		{"no table", "SELECT * FROM nowhere", `relation "nowhere" does not exist (SQLSTATE 42P01)`},
		{"not a query", "DELETE FROM many", "syntax error"},
		{"two statements", "SELECT 1; COMMIT; SET default_transaction_read_only = off; DELETE FROM many", "SQLSTATE 42601"},
		{"a function that writes", "SELECT nextval('counter')", "read-only transaction"},
		{"one name twice", "SELECT 1 AS a, 2 AS a", `column "a": two columns have this name`},
		{"a value that does not fit", "SELECT label::int FROM many", "fails on a value of the data (SQLSTATE 22P02)"},
		{"too slow", "SELECT pg_sleep(30)", "took longer than 500ms"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "too slow" {
				s.options.Limits.Time = 500 * time.Millisecond
				defer func() { s.options.Limits.Time = 0 }()
			}
			_, err := s.ask(t, test.query)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
	t.Run("a wrong password", func(t *testing.T) {
		spec := s.spec
		spec.Query = "SELECT 1"
		spec.Credentials.PasswordFile = ""
		spec.Credentials.PasswordEnv = "TRAINYARD_TEST_PASSWORD"
		t.Setenv("TRAINYARD_TEST_PASSWORD", "quite-wrong")
		_, err := datasource.Open(context.Background(), spec, s.options)
		if err == nil || !strings.Contains(err.Error(), "28P01") || strings.Contains(err.Error(), "quite-wrong") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("shown to a person", func(t *testing.T) {
		s.options.ShowValues = true
		defer func() { s.options.ShowValues = false }()
		if _, err := s.ask(t, "SELECT label::int FROM many"); err == nil || !strings.Contains(err.Error(), `"row 0"`) {
			t.Errorf("got %v", err)
		}
	})
}

func (s *source) guarded(t *testing.T) {
	spec := s.spec
	spec.Query = "SELECT 1"
	options := s.options
	options.Guard = guard.Pod(os.Getenv)
	for _, host := range []string{s.address, "localhost:5432", "169.254.169.254:5432", "[fe80::1]:5432"} {
		spec.URL = "postgres://" + host + "/postgres?sslmode=disable"
		_, err := datasource.Open(context.Background(), spec, options)
		if _, denied := guard.Denied(err); !denied {
			t.Errorf("%s: %v", host, err)
		}
	}
	spec.URL = "postgres:///postgres?host=/tmp"
	if _, err := datasource.Open(context.Background(), spec, options); err == nil || !strings.Contains(err.Error(), "may not be dialled") {
		t.Errorf("a socket: %v", err)
	}
}

// A connection that is cut anywhere gives all rows or a clear error, soon, and leaves
// no file.
func (s *source) cutOff(t *testing.T) {
	proxy := servertest.NewProxy(t, s.address)
	spec := s.spec
	spec.URL = "postgres://" + proxy.Address() + "/postgres?sslmode=disable"
	spec.Query = "SELECT i, label FROM many"
	read := func() error {
		ctx, cancel := context.WithTimeoutCause(context.Background(), time.Minute, errors.New("it hangs"))
		defer cancel()
		opened, err := datasource.Open(ctx, spec, s.options)
		if err != nil {
			return err
		}
		defer func() { _ = opened.Close() }()
		if opened.Rows() != 20000 {
			return fmt.Errorf("%d rows", opened.Rows())
		}
		return nil
	}
	proxy.CutAt()
	if err := read(); err != nil {
		t.Fatal(err)
	}
	whole := proxy.Passed()
	lost := 0
	const cuts = 24
	for i := range int64(cuts) {
		proxy.CutAt(whole * i / cuts)
		err := read()
		if err != nil && !strings.Contains(err.Error(), "connection was lost") {
			t.Errorf("cut at %d of %d: %v", whole*i/cuts, whole, err)
		}
		if err != nil {
			lost++
		}
	}
	if lost < cuts/2 {
		t.Errorf("of %d cuts only %d were noticed", cuts, lost)
	}
	if left, err := os.ReadDir(s.options.SpillFolder); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
}
