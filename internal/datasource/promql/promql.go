// Package promql reads the values of a Prometheus range query as a table: a row a
// value, with its time, the value, and a column for each label.
//
// A long span is asked for in pieces, as the server answers no more than 11 000
// values a series at once.
package promql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/retry"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/datasource/web"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Source is what to ask whom.
type Source struct {
	// URL is the server's, with the scheme prometheus+http or prometheus+https.
	URL   *url.URL
	Query string
	Span  window.Span
	// Step is the distance between two values; a minute if it is zero.
	Step  time.Duration
	Login web.Login
}

// The columns of every table, beside those of labels.
const (
	Time  = "time"
	Value = "value"
)

// Open asks for the span and keeps the values in temporary files.
func Open(ctx context.Context, source Source, options reading.Options) (table.Table, error) {
	if source.Step == 0 {
		source.Step = time.Minute
	}
	if err := source.validate(); err != nil {
		return nil, err
	}
	server := *source.URL
	server.Scheme = strings.TrimPrefix(server.Scheme, "prometheus+")
	plain, err := source.Login.Client(options.Dialer())
	if err != nil {
		return nil, err
	}
	defer plain.CloseIdleConnections()
	plain.Transport = &signing{login: source.Login, host: server.Host, next: plain.Transport,
		most: options.Limits.WithDefaults().Bytes}
	client, err := api.NewClient(api.Config{Address: server.String(), Client: plain})
	if err != nil {
		return nil, fmt.Errorf("the address of Prometheus cannot be read: %w", err)
	}
	r := &reader{
		source: source, options: options, api: v1.NewAPI(client), meter: options.NewMeter(0),
		rows: spill.NewRows(options, map[string]table.Type{Time: table.Timestamp, Value: table.Float}),
		name: source.URL.Scheme + "://" + source.URL.Host + source.URL.Path,
	}
	opened, err := r.read(ctx)
	if err != nil {
		_ = r.rows.Close()
		return nil, fmt.Errorf("query %s: %w", r.name, err)
	}
	return opened, nil
}

func (s *Source) validate() error {
	switch {
	case strings.TrimSpace(s.Query) == "":
		return errors.New("query is empty: write what to ask for, such as rate(requests_total[5m])")
	case s.Span.Length() <= 0:
		return errors.New("a Prometheus query needs a window that starts and ends: set window.lookback, or from and to")
	case s.Step < time.Millisecond:
		return fmt.Errorf("step %s is shorter than a millisecond: leave it out for a minute", s.Step)
	}
	return nil
}

// signing adds the login to each request for the server, and bounds its answers.
type signing struct {
	login web.Login
	host  string
	next  http.RoundTripper
	most  int64
}

func (s *signing) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Host == s.host {
		request = request.Clone(request.Context())
		s.login.Sign(request)
	}
	response, err := s.next.RoundTrip(request)
	if err != nil {
		return nil, err //nolint:wrapcheck // http.Client wraps it
	}
	response.Body = http.MaxBytesReader(nil, response.Body, s.most)
	return response, nil
}

type reader struct {
	source  Source
	options reading.Options
	api     v1.API
	meter   *reading.Meter
	rows    *spill.Rows
	name    string
	warned  bool
}

// read asks piece by piece. The ends of a range query are both inside, those of a
// span are not.
func (r *reader) read(ctx context.Context) (table.Table, error) {
	const values = 10_000
	r.rows.File(r.name)
	for _, name := range []string{Time, Value} {
		if _, err := r.rows.Column(name); err != nil {
			return nil, err
		}
	}
	step := r.source.Step
	for from := r.source.Span.From; from.Before(r.source.Span.To); from = from.Add(values * step) {
		steps := min((r.source.Span.To.Sub(from)-1)/step, values-1)
		to := from.Add(steps * step)
		if err := r.piece(ctx, v1.Range{Start: from, End: to, Step: step}); err != nil {
			return nil, err
		}
	}
	if err := r.rows.EndFile(); err != nil {
		return nil, err
	}
	return r.rows.Table()
}

func (r *reader) piece(ctx context.Context, asked v1.Range) error {
	var matrix model.Matrix
	err := retry.Do(ctx, func() error {
		answer, warnings, _, err := r.api.QueryRange(ctx, r.source.Query, asked)
		if err != nil {
			return explain(err)
		}
		for _, warning := range warnings {
			r.options.Warned(r.name + ": " + warning)
		}
		var ok bool
		if matrix, ok = answer.(model.Matrix); !ok {
			return retry.Permanent(fmt.Errorf("the query answers a %s: write one that answers series", answer.Type()))
		}
		return nil
	})
	if err != nil {
		return err
	}
	sort.Slice(matrix, func(i, j int) bool { return matrix[i].Metric.Before(matrix[j].Metric) })
	for _, series := range matrix {
		if err := r.series(series); err != nil {
			return err
		}
	}
	return nil
}

// explain marks what the server will always answer.
func explain(err error) error {
	var answered *v1.Error
	if errors.As(err, &answered) && (answered.Type == v1.ErrBadData || answered.Type == v1.ErrExec || answered.Type == v1.ErrClient) {
		return retry.Permanent(fmt.Errorf("the server refuses the query (%s): %s", answered.Type, answered.Msg))
	}
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return retry.Permanent(fmt.Errorf("the answer has more than %d bytes: ask for fewer series, or raise the limit of bytes", tooLarge.Limit))
	}
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err // its URL holds the query
	}
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("the connection was cut: %w", err)
	}
	return err
}

func (r *reader) series(series *model.SampleStream) error {
	if len(series.Histograms) > 0 && !r.warned {
		r.warned = true
		r.options.Warned(r.name + ": native histograms are left out: ask for a quantile or a rate of them")
	}
	names := make([]string, 0, len(series.Metric))
	for name := range series.Metric {
		names = append(names, string(name))
	}
	slices.Sort(names)
	var text []byte
	for _, sample := range series.Values {
		if err := r.meter.Row(r.name); err != nil {
			return err
		}
		text = sample.Timestamp.Time().UTC().AppendFormat(text[:0], "2006-01-02T15:04:05.999Z07:00")
		if err := r.put(Time, text); err != nil {
			return err
		}
		if value := float64(sample.Value); value == value {
			text = strconv.AppendFloat(text[:0], value, 'g', -1, 64)
			if err := r.put(Value, text); err != nil {
				return err
			}
		}
		for _, name := range names {
			if err := r.put(column(name), []byte(series.Metric[model.LabelName(name)])); err != nil {
				return err
			}
		}
		r.rows.End()
	}
	return nil
}

// column is a label's column: one that is called as the table's own are gets a
// prefix.
func column(label string) string {
	if label == Time || label == Value {
		return "label_" + label
	}
	return label
}

func (r *reader) put(name string, text []byte) error {
	i, err := r.rows.Column(name)
	if err != nil {
		return err
	}
	return r.rows.Text(i, text)
}
