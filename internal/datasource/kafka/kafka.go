// Package kafka reads a window of a topic whose messages are JSON objects, by their
// own timestamps.
//
// The end offsets of the start bound what is read, so that a topic that is written to
// has an end. Partitions are read one after the other, so that the rows of a window
// have one order, whatever the brokers' speed. No consumer group is joined and no
// offset is committed: nobody else notices.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/trainyard/trainyard/internal/datasource/jsonrows"
	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/retry"
	"github.com/trainyard/trainyard/internal/datasource/spill"
	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Source is what to read from whom.
type Source struct {
	// URL is kafka://broker:9092,broker:9092/topic?tls=true&sasl=scram-sha-512.
	URL  *url.URL
	Span window.Span
	// Columns are those to read, or all if there are none.
	Columns                []string
	Types                  map[string]table.Type
	User, Password, CAFile string
}

// lateness is how much earlier than the message before it a message may have been
// stamped and still be found at the end of a window.
const lateness = time.Hour

// Open reads the window and keeps its rows in temporary files.
func Open(ctx context.Context, source Source, options reading.Options) (table.Table, error) {
	topic := strings.Trim(source.URL.Path, "/")
	if topic == "" || strings.Contains(topic, "/") {
		return nil, fmt.Errorf("%s names no topic: write kafka://broker:9092/topic", label(source.URL))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	settings, err := source.settings(options, cancel)
	if err != nil {
		return nil, err
	}
	client, err := kgo.NewClient(settings...)
	if err != nil {
		return nil, fmt.Errorf("the settings of Kafka cannot be used: %w", err)
	}
	defer client.Close()
	meter := options.NewMeter(0)
	rows := spill.NewRows(options, source.Types)
	r := &reader{
		client: client, topic: topic, name: label(source.URL), span: source.Span,
		options: options, limits: options.Limits.WithDefaults(), meter: meter, table: rows,
		rows: jsonrows.NewReader(source.Columns, options, meter, rows),
	}
	opened, err := r.read(ctx)
	if err != nil {
		_ = rows.Close()
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("read %s: %w", r.name, err)
	}
	return opened, nil
}

func label(at *url.URL) string { return at.Scheme + "://" + at.Host + at.Path }

// reader reads one topic.
type reader struct {
	client  *kgo.Client
	topic   string
	name    string
	span    window.Span
	options reading.Options
	limits  reading.Limits
	meter   *reading.Meter
	rows    *jsonrows.Reader
	table   *spill.Rows
	// messages counts those of the window, bad those that are no rows.
	messages, bad int64
	firstBad      error
}

func (r *reader) read(ctx context.Context) (table.Table, error) {
	var parts []part
	err := retry.Do(ctx, func() error {
		var err error
		parts, err = r.plan(ctx)
		return final(err)
	})
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		r.table.File(fmt.Sprintf("%s partition %d", r.name, part.number))
		if err := r.partition(ctx, part); err != nil {
			return nil, err
		}
	}
	if len(parts) == 0 {
		r.table.File(r.name)
	}
	if err := r.judge(); err != nil {
		return nil, err
	}
	if err := r.table.EndFile(); err != nil {
		return nil, err
	}
	if r.messages > r.bad {
		if err := r.rows.Finish(r.name); err != nil {
			return nil, err
		}
	}
	return r.table.Table()
}

// final marks what a broker will always answer, such as that there is no such topic.
func final(err error) error {
	var answered *kerr.Error
	if errors.As(err, &answered) && !answered.Retriable || errors.As(err, &answered) && answered == kerr.UnknownTopicOrPartition {
		return retry.Permanent(err)
	}
	return err
}

// part is what is to be read of a partition: from start until before end.
type part struct {
	number     int32
	start, end int64
}

// plan asks for the offsets of the window.
func (r *reader) plan(ctx context.Context) ([]part, error) {
	admin := kadm.NewClient(r.client)
	starts, err := r.offsets(ctx, r.span.From, admin.ListStartOffsets, admin)
	if err != nil {
		return nil, err
	}
	committed, err := admin.ListCommittedOffsets(ctx, r.topic)
	if err := errors.Join(err, committed.Error()); err != nil {
		return nil, fmt.Errorf("ask for the end of the topic: %w", err)
	}
	ends := committed
	if !r.span.To.IsZero() {
		if ends, err = r.offsets(ctx, r.span.To.Add(lateness), admin.ListCommittedOffsets, admin); err != nil {
			return nil, err
		}
	}
	var parts []part
	for number, last := range committed[r.topic] {
		start, _ := starts.Lookup(r.topic, number)
		end := last.Offset
		if sooner, found := ends.Lookup(r.topic, number); found && sooner.Offset >= 0 {
			end = min(end, sooner.Offset)
		}
		if start.Offset >= 0 && start.Offset < end {
			parts = append(parts, part{number: number, start: start.Offset, end: end})
		}
	}
	slices.SortFunc(parts, func(a, b part) int { return int(a.number - b.number) })
	return parts, nil
}

// offsets are the first of each partition from an instant on; an open end is what
// open lists.
func (r *reader) offsets(
	ctx context.Context, at time.Time, open func(context.Context, ...string) (kadm.ListedOffsets, error), admin *kadm.Client,
) (kadm.ListedOffsets, error) {
	var listed kadm.ListedOffsets
	var err error
	if at.IsZero() {
		listed, err = open(ctx, r.topic)
	} else {
		listed, err = admin.ListOffsetsAfterMilli(ctx, at.UnixMilli(), r.topic)
	}
	if err := errors.Join(err, listed.Error()); err != nil {
		return nil, fmt.Errorf("ask for offsets of the topic: %w", err)
	}
	return listed, nil
}

// partition reads one partition to its end. Control records are asked for so that one
// at the end is seen to be there.
func (r *reader) partition(ctx context.Context, p part) error {
	start := map[string]map[int32]kgo.Offset{r.topic: {p.number: kgo.NewOffset().At(p.start)}}
	r.client.AddConsumePartitions(start)
	defer r.client.RemoveConsumePartitions(map[string][]int32{r.topic: {p.number}})
	for {
		fetches := r.client.PollFetches(ctx)
		if ctx.Err() != nil {
			return fmt.Errorf("partition %d: %w", p.number, context.Cause(ctx))
		}
		var failed error
		fetches.EachError(func(_ string, _ int32, err error) { failed = errors.Join(failed, err) })
		if failed != nil {
			return fmt.Errorf("partition %d: %w", p.number, failed)
		}
		for records := fetches.RecordIter(); !records.Done(); {
			record := records.Next()
			if record.Partition != p.number || record.Offset >= p.end {
				return nil
			}
			if err := r.message(record); err != nil {
				return err
			}
			if record.Offset == p.end-1 {
				return nil
			}
		}
	}
}

// message adds a record's row if it is of the window.
func (r *reader) message(record *kgo.Record) error {
	if record.Attrs.IsControl() || record.Value == nil || !r.inside(record.Timestamp) {
		return nil
	}
	if err := r.meter.Read(r.name, len(record.Value)); err != nil {
		return err
	}
	r.messages++
	name := fmt.Sprintf("%s partition %d", r.name, record.Partition)
	err := r.rows.Record(record.Value, name, record.Offset)
	var cell *table.CellError
	if !errors.As(err, &cell) {
		return err
	}
	// One message that is no row must not hide all others.
	r.bad++
	if r.firstBad == nil {
		cell.Problem = fmt.Sprintf("the message at offset %d is no row: %s", record.Offset, cell.Problem)
		cell.Row = 0
		r.firstBad = cell
	}
	return nil
}

func (r *reader) inside(at time.Time) bool {
	return (r.span.From.IsZero() || !at.Before(r.span.From)) && (r.span.To.IsZero() || at.Before(r.span.To))
}

// judge says whether too many messages were no rows.
func (r *reader) judge() error {
	if r.bad == 0 {
		return nil
	}
	if float64(r.bad) > r.limits.TypeErrors*float64(r.messages) {
		return fmt.Errorf("%d of %d messages are no rows, the first of them: %w", r.bad, r.messages, r.firstBad)
	}
	r.options.Warned(fmt.Sprintf("%s: %d of %d messages are left out, the first of them: %v", r.name, r.bad, r.messages, r.firstBad))
	return nil
}
