// Package output passes a child's output on, unchanged and at once, and has it
// read for progress beside that. Reading never holds output up: what it is too
// slow for, it misses.
package output

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/pkg/progress"
)

const (
	chunkSize = 128 << 10
	// queued is how many chunks may wait to be read for progress.
	queued = 8
	// quiet is how long a pipe without a living writer of ours may stay open.
	quiet = time.Second
)

// Stream is one of a child's two outputs.
type Stream struct {
	from   *os.File
	to     io.Writer
	queue  *queue
	copied chan struct{}
	read   chan struct{}
	moves  atomic.Int64 // odd while a chunk is on its way
	broken bool         // nobody takes the output any more
	lost   func(error)
}

// Open makes a pipe, and passes on what is written to child, which the caller
// gives to the child and closes. Lost is called if the output cannot be passed
// on: from then on it is dropped.
func Open(to io.Writer, scan *progress.Scanner, lost func(error)) (s *Stream, child *os.File, err error) {
	from, child, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("open a pipe for the output: %w", err)
	}
	enlarge(from)
	s = &Stream{
		from: from, to: to, queue: newQueue(queued), lost: lost,
		copied: make(chan struct{}), read: make(chan struct{}),
	}
	go s.copy()
	go s.scan(scan)
	return s, child, nil
}

// Finish returns when all output has been passed on and read. It is called when
// the child and its children are gone; should somebody else still hold the pipe
// open, it is closed once nothing comes any more.
func (s *Stream) Finish(c clock.Clock) {
	for last := int64(-1); ; {
		select {
		case <-s.copied:
			<-s.read
			return
		case <-c.After(quiet):
		}
		if now := s.moves.Load(); now%2 == 0 && now == last {
			_ = s.from.Close() // ends copy
		} else {
			last = now
		}
	}
}

func (s *Stream) copy() {
	defer close(s.copied)
	defer s.queue.close()
	defer s.from.Close()
	for {
		buf := s.queue.buffer()
		n, err := s.from.Read(buf)
		if n > 0 {
			s.moves.Add(1)
			s.pass(buf[:n])
			s.queue.push(buf[:n])
			s.moves.Add(1)
		}
		if err != nil {
			return // the end, or closed by Finish
		}
	}
}

// pass writes to where the output goes. If that is gone the training need not
// stop: its output is dropped, its progress is still read.
func (s *Stream) pass(b []byte) {
	if s.broken {
		return
	}
	if _, err := s.to.Write(b); err != nil {
		s.broken = true
		s.lost(err)
	}
}

func (s *Stream) scan(scan *progress.Scanner) {
	defer close(s.read)
	for {
		chunk, gap, ok := s.queue.pop()
		if gap {
			scan.Skip()
		}
		if !ok {
			scan.Flush()
			return
		}
		_, _ = scan.Write(chunk) // never fails
		s.queue.release(chunk)
	}
}
