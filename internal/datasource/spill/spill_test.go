package spill

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/internal/datasource/reading"
	"github.com/trainyard/trainyard/internal/datasource/table"
)

// fill adds rows of one text column.
func fill(rows *Rows, cells ...string) error {
	rows.File("f")
	i, err := rows.Column("c")
	if err != nil {
		return err
	}
	for _, cell := range cells {
		if err := rows.Cell(i, []byte(cell)); err != nil {
			return err
		}
		rows.End()
	}
	return rows.EndFile()
}

func TestLongAndShortCells(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{SpillFolder: t.TempDir()}, nil)
	defer func() { _ = rows.Close() }()
	long := strings.Repeat("x", 600<<10) // longer than every buffer
	if err := fill(rows, "a", long, "", "b", long); err != nil {
		t.Fatal(err)
	}
	opened, err := rows.Table()
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // as often as one likes
		column, err := opened.Column(context.Background(), "c")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]int32{0, 1, -1, 2, 1}, column.Codes); diff != "" {
			t.Error(diff)
		}
		if len(column.Labels) != 3 || column.Labels[1] != long || column.Missing != 1 {
			t.Errorf("%d labels, %d missing", len(column.Labels), column.Missing)
		}
	}
}

// No file is to be seen in the folder even while it is in use: nothing can be left.
func TestFilesHaveNoName(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	rows := NewRows(reading.Options{SpillFolder: folder}, nil)
	defer func() { _ = rows.Close() }()
	if err := fill(rows, strings.Repeat("x", 100<<10), "y"); err != nil {
		t.Fatal(err)
	}
	if _, err := rows.Table(); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) > 0 {
		t.Errorf("%v %v", entries, err)
	}
}

// /dev/full is a disk that is full.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("there is no /dev/full on this system")
	}
	rows := NewRows(reading.Options{SpillFolder: "/spill"}, nil)
	defer func() { _ = rows.Close() }()
	rows.store.create = func(string, string) (*os.File, error) { return os.OpenFile("/dev/full", os.O_RDWR, 0) }
	err := fill(rows, strings.Repeat("x", 100<<10))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "the disk of the temporary files, /spill, is full") {
		t.Errorf("got %v", err)
	}
}

func TestNoFolder(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{SpillFolder: t.TempDir() + "/none"}, nil)
	if err := fill(rows, strings.Repeat("x", 100<<10)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestSpillLimit(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{Limits: reading.Limits{Spill: 10}}, nil)
	defer func() { _ = rows.Close() }()
	err := fill(rows, strings.Repeat("x", 100<<10))
	var limit *table.LimitError
	if !errors.As(err, &limit) {
		t.Errorf("got %v", err)
	}
}

func TestManyDistinctValuesAreHashed(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{Limits: reading.Limits{Labels: 10}}, nil)
	defer func() { _ = rows.Close() }()
	cells := []string{"NA"}
	for i := range 100 {
		cells = append(cells, fmt.Sprintf("value %d", i%50))
	}
	if err := fill(rows, cells...); err != nil {
		t.Fatal(err)
	}
	opened, err := rows.Table()
	if err != nil {
		t.Fatal(err)
	}
	column, err := opened.Column(context.Background(), "c")
	if err != nil {
		t.Fatal(err)
	}
	if !column.Hashed || len(column.Labels) != 50 || column.Missing != 1 || len(column.Codes) != 101 {
		t.Fatalf("hashed %v, %d labels, %d missing", column.Hashed, len(column.Labels), column.Missing)
	}
	for i, code := range column.Codes[1:] {
		if want := table.Hash(cells[i+1]); column.Labels[code] != want {
			t.Fatalf("row %d is %s, want %s", i, column.Labels[code], want)
		}
	}
}

func TestCancelled(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{}, nil)
	defer func() { _ = rows.Close() }()
	if err := fill(rows, "a"); err != nil {
		t.Fatal(err)
	}
	opened, err := rows.Table()
	if err != nil {
		t.Fatal(err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(stopped)
	if _, err := opened.Column(ctx, "c"); !errors.Is(err, stopped) {
		t.Errorf("got %v", err)
	}
}

// A late column is missing in the rows before it, and a cell counts once a row.
func TestLateColumns(t *testing.T) {
	t.Parallel()
	rows := NewRows(reading.Options{}, map[string]table.Type{"late": table.Float})
	defer func() { _ = rows.Close() }()
	rows.File("f")
	rows.End()
	i, err := rows.Column("late")
	if err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"1", "2"} {
		if err := rows.Number(i, []byte(cell)); err != nil {
			t.Fatal(err)
		}
	}
	rows.End()
	rows.End()
	if err := rows.EndFile(); err != nil {
		t.Fatal(err)
	}
	opened, err := rows.Table()
	if err != nil {
		t.Fatal(err)
	}
	column, err := opened.Column(context.Background(), "late")
	if err != nil || column.Missing != 2 || column.Numbers[1] != 1 {
		t.Errorf("%+v %v", column, err)
	}
}
