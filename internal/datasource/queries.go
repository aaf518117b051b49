package datasource

import (
	"context"
	"fmt"
	"time"

	"github.com/trainyard/trainyard/internal/datasource/kafka"
	"github.com/trainyard/trainyard/internal/datasource/postgres"
	"github.com/trainyard/trainyard/internal/datasource/promql"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// queried are the sources that answer with rows, by scheme; all others are places of
// files.
var queried = map[string]func(context.Context, Spec, Options) (Table, error){
	"postgres":         openPostgres,
	"postgresql":       openPostgres,
	"kafka":            openKafka,
	"prometheus+http":  openPrometheus,
	"prometheus+https": openPrometheus,
}

// dated says whether the source itself keeps to the span of a window.
func (s *Spec) dated() bool {
	address := s.address()
	if address == nil {
		return false
	}
	switch address.Scheme {
	case "postgres", "postgresql":
		return postgres.Bounded(s.Query)
	}
	return queried[address.Scheme] != nil
}

func openPostgres(ctx context.Context, spec Spec, options Options) (Table, error) {
	password, err := spec.Credentials.password()
	if err != nil {
		return nil, err
	}
	opened, err := postgres.Open(ctx, postgres.Source{
		URL:      spec.address(),
		Query:    spec.Query,
		Span:     spec.Window.Window().At(options.Now),
		User:     spec.Credentials.User,
		Password: password,
		Types:    spec.Types,
	}, options)
	if err != nil {
		return nil, err
	}
	return spec.project(opened)
}

func openKafka(ctx context.Context, spec Spec, options Options) (Table, error) {
	password, err := spec.Credentials.password()
	if err != nil {
		return nil, err
	}
	return kafka.Open(ctx, kafka.Source{
		URL:      spec.address(),
		Span:     spec.Window.Window().At(options.Now),
		Columns:  spec.needed(),
		Types:    spec.Types,
		User:     spec.Credentials.User,
		Password: password,
		CAFile:   spec.Credentials.CAFile,
	}, options)
}

func openPrometheus(ctx context.Context, spec Spec, options Options) (Table, error) {
	login, err := spec.login()
	if err != nil {
		return nil, err
	}
	opened, err := promql.Open(ctx, promql.Source{
		URL:   spec.address(),
		Query: spec.Query,
		Span:  spec.Window.Window().At(options.Now),
		Step:  time.Duration(spec.Step),
		Login: login,
	}, options)
	if err != nil {
		return nil, err
	}
	return spec.project(opened)
}

// project keeps the columns that were asked for, of a source that answers all.
func (s *Spec) project(opened Table) (Table, error) {
	chosen, err := table.Project(opened, s.needed(), s.label())
	if err != nil {
		_ = opened.Close()
		return nil, fmt.Errorf("choose columns: %w", err)
	}
	return chosen, nil
}
