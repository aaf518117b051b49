// Package postgres reads the answer of a query from PostgreSQL: in one read-only
// transaction, so that all rows are of one instant, through a cursor, so that neither
// side holds more than a few thousand rows.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/retry"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Source is what to ask whom.
type Source struct {
	URL *url.URL
	// Query is a SELECT. $1 and $2, if it has them, are the span's ends.
	Query string
	Span  window.Span
	// User and Password are used where the URL and the environment have none.
	User, Password string
	// Types are declared types, which go before those of the database.
	Types map[string]table.Type
}

// Open runs the query and keeps its rows in temporary files.
func Open(ctx context.Context, source Source, options reading.Options) (table.Table, error) {
	if strings.TrimSpace(source.Query) == "" {
		return nil, errors.New("query is empty: write what to select, such as SELECT amount, country FROM payments")
	}
	conn, err := connect(ctx, source, options)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()
	r := &reader{
		source:  source,
		options: options,
		meter:   options.NewMeter(0),
		name:    source.URL.Scheme + "://" + source.URL.Host + source.URL.Path,
		types:   map[string]table.Type{},
	}
	r.rows = spill.NewRows(options, r.types)
	if err := r.read(ctx, conn); err != nil {
		_ = r.rows.Close()
		return nil, r.explain(ctx, err)
	}
	opened, err := r.rows.Table()
	if err != nil {
		_ = r.rows.Close()
		return nil, err
	}
	return opened, nil
}

func connect(ctx context.Context, source Source, options reading.Options) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig(source.URL.String())
	if err != nil {
		return nil, fmt.Errorf("the address of PostgreSQL cannot be read: %w", err)
	}
	if source.User != "" {
		config.User = source.User
	}
	if source.Password != "" {
		config.Password = source.Password
	}
	guard := options.Dialer()
	config.DialFunc = guard.DialContext
	limit := strconv.FormatInt(options.Limits.WithDefaults().Time.Milliseconds(), 10)
	for parameter, value := range map[string]string{
		"application_name":                    "trainyard",
		"default_transaction_read_only":       "on",
		"statement_timeout":                   limit,
		"idle_in_transaction_session_timeout": limit,
		"datestyle":                           "ISO",
		"timezone":                            "UTC",
		"extra_float_digits":                  "3",
	} {
		config.RuntimeParams[parameter] = value
	}
	config.DefaultQueryExecMode = pgx.QueryExecModeExec // poolers keep no prepared statements
	var conn *pgx.Conn
	err = retry.Do(ctx, func() error {
		conn, err = pgx.ConnectConfig(ctx, config)
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			return retry.Permanent(err)
		}
		return err //nolint:wrapcheck // wrapped below
	})
	if err != nil {
		return nil, fmt.Errorf("connect to PostgreSQL: %w", err)
	}
	return conn, nil
}

// reader reads the rows of one query.
type reader struct {
	source  Source
	options reading.Options
	meter   *reading.Meter
	rows    *spill.Rows
	name    string
	// types are what the database says the columns are, or the source declares.
	types map[string]table.Type
	// columns are the numbers of the answer's columns in the table, or skip.
	columns []int
	oids    []uint32
}

const skip = -1

func (r *reader) read(ctx context.Context, conn *pgx.Conn) error {
	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return fmt.Errorf("begin: %w", err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	const declare = "DECLARE trainyard NO SCROLL CURSOR FOR "
	// The extended protocol takes one statement only: nothing can end the transaction
	// and write.
	if _, err := conn.PgConn().ExecParams(ctx, declare+r.source.Query, r.arguments(), nil, nil, nil).Close(); err != nil {
		return fmt.Errorf("run the query: %w", err)
	}
	r.rows.File(r.name)
	for {
		count, err := r.fetch(ctx, tx)
		if err != nil {
			return err
		}
		if count == 0 {
			return r.rows.EndFile()
		}
	}
}

// arguments are the ends of the span for as many placeholders as the query has.
func (r *reader) arguments() [][]byte {
	switch {
	case strings.Contains(r.source.Query, "$2"):
		return [][]byte{end(r.source.Span.From, "-infinity"), end(r.source.Span.To, "infinity")}
	case strings.Contains(r.source.Query, "$1"):
		return [][]byte{end(r.source.Span.From, "-infinity")}
	}
	return nil
}

func end(at time.Time, open string) []byte {
	if at.IsZero() {
		return []byte(open)
	}
	return at.UTC().AppendFormat(nil, time.RFC3339Nano)
}

// Bounded says whether a query takes the ends of a span itself.
func Bounded(query string) bool {
	return strings.Contains(query, "$1") || strings.Contains(query, "$2")
}

// fetch reads some thousand rows, and says how many there were.
func (r *reader) fetch(ctx context.Context, tx pgx.Tx) (int, error) {
	const batch = "FETCH FORWARD 5000 FROM trainyard"
	answer, err := tx.Query(ctx, batch, pgx.QueryResultFormats{pgx.TextFormatCode})
	if err != nil {
		return 0, fmt.Errorf("fetch rows: %w", err)
	}
	defer answer.Close()
	count := 0
	for answer.Next() {
		if r.columns == nil {
			if err := r.describe(answer.FieldDescriptions()); err != nil {
				return 0, err
			}
		}
		count++
		if err := r.row(answer.RawValues()); err != nil {
			return 0, err
		}
	}
	if err := answer.Err(); err != nil {
		return 0, fmt.Errorf("fetch rows: %w", err)
	}
	if r.columns == nil {
		return 0, r.describe(answer.FieldDescriptions())
	}
	return count, nil
}

// describe makes the table's columns.
func (r *reader) describe(fields []pgconn.FieldDescription) error {
	r.columns = make([]int, len(fields))
	for i, field := range fields {
		r.columns[i] = skip
		r.oids = append(r.oids, field.DataTypeOID)
		typ, held := typeOf(field.DataTypeOID)
		if !held {
			r.options.Warned(fmt.Sprintf("%s: column %q is left out: it holds lists, documents or bytes: "+
				"select what is in them as columns of their own", r.name, field.Name))
			continue
		}
		if declared := r.source.Types[field.Name]; declared != "" {
			typ = declared
		}
		if r.types[field.Name] != "" {
			return &table.CellError{File: r.name, Column: field.Name, Problem: "two columns have this name: rename one by AS"}
		}
		r.types[field.Name] = typ
		number, err := r.rows.Column(field.Name)
		if err != nil {
			return err
		}
		r.columns[i] = number
	}
	return nil
}

func (r *reader) row(values [][]byte) error {
	if err := r.meter.Row(r.name); err != nil {
		return err
	}
	for i, value := range values {
		if value == nil || r.columns[i] == skip {
			continue
		}
		if err := r.meter.Read(r.name, len(value)); err != nil {
			return err
		}
		if err := r.cell(i, value); err != nil {
			return err
		}
	}
	r.rows.End()
	return nil
}

func (r *reader) cell(i int, value []byte) error {
	switch {
	case r.oids[i] == pgtype.BoolOID:
		return r.rows.Boolean(r.columns[i], value[0] == 't')
	case r.oids[i] != pgtype.TextOID && string(value) == "NaN":
		return nil
	}
	return r.rows.Text(r.columns[i], value)
}

// typeOf is what a type of the database is in a table, if it can be held. A type that
// is not built in, such as an enumeration, is text.
func typeOf(oid uint32) (table.Type, bool) {
	switch oid {
	case pgtype.Int2OID, pgtype.Int4OID, pgtype.Int8OID, pgtype.OIDOID:
		return table.Integer, true
	case pgtype.Float4OID, pgtype.Float8OID, pgtype.NumericOID:
		return table.Float, true
	case pgtype.BoolOID:
		return table.Boolean, true
	case pgtype.DateOID, pgtype.TimestampOID, pgtype.TimestamptzOID:
		return table.Timestamp, true
	case pgtype.JSONOID, pgtype.JSONBOID, pgtype.ByteaOID, pgtype.XMLOID, pgtype.RecordOID:
		return "", false
	}
	if known, found := pgtype.NewMap().TypeForOID(oid); found && strings.HasPrefix(known.Name, "_") {
		return "", false
	}
	return table.String, true
}

// explain says what an error of the database means. Its own text may hold a value of
// the data where it is about one.
func (r *reader) explain(ctx context.Context, err error) error {
	var answered *pgconn.PgError
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("read %s: %w", r.name, context.Cause(ctx))
	case errors.As(err, &answered):
		if aboutData(answered.Code) && !r.options.ShowValues {
			return fmt.Errorf("read %s: the query fails on a value of the data (SQLSTATE %s): run it by hand to see which",
				r.name, answered.Code)
		}
		return fmt.Errorf("read %s: PostgreSQL says: %s (SQLSTATE %s)", r.name, answered.Message, answered.Code)
	case pgconn.SafeToRetry(err), isConnection(err):
		return fmt.Errorf("read %s: the connection was lost after %d rows, of which none is kept: run it again: %w",
			r.name, r.meter.Rows(), err)
	}
	return fmt.Errorf("read %s: %w", r.name, err)
}

func isConnection(err error) bool {
	var cell *table.CellError
	var limit *table.LimitError
	return !errors.As(err, &cell) && !errors.As(err, &limit)
}

// aboutData are data exceptions, violations of constraints, and what functions of
// users raise.
func aboutData(code string) bool {
	return strings.HasPrefix(code, "22") || strings.HasPrefix(code, "23") || strings.HasPrefix(code, "P0")
}
