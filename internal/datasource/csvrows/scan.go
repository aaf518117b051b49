// Package csvrows reads comma-separated values as pandas.read_csv does: quotes that
// are doubled, line ends of any kind, blank lines skipped, a byte order mark, rows
// that are too short. A row that is too long is an error.
package csvrows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// scanner splits a stream into rows of cells. encoding/csv holds a quoted cell in
// memory however long it is, so that one quote too many reads the whole file.
type scanner struct {
	from      io.Reader
	delimiter byte
	// mostCell bounds a cell, in bytes.
	mostCell int

	buffer []byte
	// at and end bound what is left in the buffer.
	at, end int
	err     error

	// row holds the cells of the row one after the other, ends where each ends.
	row  []byte
	ends []int
	// terminated says that the last row ended with its line, quoted that one of its
	// cells was quoted.
	terminated, quoted bool
}

func newScanner(from io.Reader, delimiter byte, mostCell int) *scanner {
	return &scanner{from: from, delimiter: delimiter, mostCell: mostCell, buffer: make([]byte, 128<<10)}
}

// state is where in a row the scanner is.
type state uint8

const (
	fieldStart state = iota
	inField
	inQuotes
	afterQuote
)

var (
	errQuote = errors.New("a quoted value begins here and never ends: " +
		"look for a quote that is not doubled, or for a file that was cut off")
	errLong = errors.New("a value is longer than the limit")
)

// next reads a row that is not blank; io.EOF is the end.
func (s *scanner) next() error {
	for {
		err := s.line()
		if err != nil {
			return err
		}
		if !s.blank() {
			return nil
		}
	}
}

// blank says whether the row has but one cell of blanks.
func (s *scanner) blank() bool {
	return len(s.ends) == 1 && !s.quoted && len(bytes.Trim(s.row, " \t")) == 0
}

// cell is the i-th cell of the row, valid until the next.
func (s *scanner) cell(i int) []byte {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return s.row[from:s.ends[i]]
}

// line reads up to the end of a line.
func (s *scanner) line() error {
	s.row, s.ends = s.row[:0], s.ends[:0]
	s.terminated, s.quoted = false, false
	at := fieldStart
	for {
		if s.at == s.end && !s.fill() {
			return s.finish(at)
		}
		if at == inField || at == inQuotes {
			s.plain(at)
			if s.tooLong() {
				return errLong
			}
			if s.at == s.end {
				continue
			}
		}
		c := s.buffer[s.at]
		s.at++
		var done bool
		if at, done = s.step(at, c); done {
			s.terminated = true
			return nil
		}
	}
}

// step takes one byte, and says whether it ended the row.
func (s *scanner) step(at state, c byte) (state, bool) {
	switch {
	case at == inQuotes:
		return afterQuote, false // plain stops at a quote only
	case c == '"' && at == fieldStart:
		s.quoted = true
		return inQuotes, false
	case c == '"' && at == afterQuote:
		s.row = append(s.row, '"')
		return inQuotes, false
	case c == s.delimiter:
		s.ends = append(s.ends, len(s.row))
		return fieldStart, false
	case c == '\n' || c == '\r':
		s.ends = append(s.ends, len(s.row))
		if c == '\r' && (s.at < s.end || s.fill()) && s.buffer[s.at] == '\n' {
			s.at++
		}
		return fieldStart, true
	}
	s.row = append(s.row, c)
	return inField, false
}

// plain copies bytes that mean nothing but themselves.
func (s *scanner) plain(at state) {
	from := s.at
	rest := s.buffer[s.at:s.end]
	if at == inQuotes {
		if i := bytes.IndexByte(rest, '"'); i >= 0 {
			rest = rest[:i]
		}
		s.at += len(rest)
		s.row = append(s.row, rest...)
		return
	}
	for _, c := range rest {
		if c == s.delimiter || c == '\n' || c == '\r' {
			break
		}
		s.at++
	}
	s.row = append(s.row, s.buffer[from:s.at]...)
}

func (s *scanner) tooLong() bool {
	from := 0
	if len(s.ends) > 0 {
		from = s.ends[len(s.ends)-1]
	}
	return len(s.row)-from > s.mostCell
}

// finish ends the last row, which may lack its line end.
func (s *scanner) finish(at state) error {
	switch {
	case !errors.Is(s.err, io.EOF):
		return s.err
	case at == inQuotes:
		return errQuote
	case at == fieldStart && len(s.ends) == 0:
		return io.EOF
	}
	s.ends = append(s.ends, len(s.row))
	return nil
}

// fill reads on, and says whether there is more.
func (s *scanner) fill() bool {
	if s.err != nil {
		return false
	}
	s.at, s.end = 0, 0
	for range 100 {
		n, err := s.from.Read(s.buffer)
		s.end = n
		if err != nil {
			s.err = err
		}
		if n > 0 {
			return true
		}
		if err != nil {
			return false
		}
	}
	s.err = fmt.Errorf("%w: 100 reads brought nothing", io.ErrNoProgress)
	return false
}
