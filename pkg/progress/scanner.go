package progress

import "bytes"

// MaxLine is the longest line that is read, in bytes; longer ones say nothing.
const MaxLine = 16 << 10

const lineEnds = "\r\n"

// Scanner cuts a stream into lines and has those read that may say something.
// Lines end with a newline or, as bars are redrawn, with a carriage return.
type Scanner struct {
	parser *Parser
	emit   func(Update)
	// needles: a line without any of them says nothing. Without needles every
	// line is read.
	needles [][]byte
	next    []int  // where each needle is next in the chunk, as far as known
	partial []byte // the beginning of a line whose end has not come yet
	skip    bool   // the line that has begun is too long
}

// NewScanner gives emit what the parser finds in the stream.
func NewScanner(parser *Parser, emit func(Update)) *Scanner {
	s := &Scanner{parser: parser, emit: emit, needles: parser.needles()}
	s.next = make([]int, len(s.needles))
	return s
}

// needles are the texts one of which is in every line that says something, or
// nil if there is a rule that has none.
func (p *Parser) needles() [][]byte {
	out := [][]byte{[]byte(key)}
	if len(p.rules) > 0 {
		// Colours and backspaces may stand in the middle of what is looked for.
		out = append(out, []byte{escape}, []byte{'\b'})
	}
	for _, rule := range p.rules {
		for _, pattern := range rule {
			if len(pattern.literal) == 0 {
				return nil
			}
			out = append(out, pattern.literal)
		}
	}
	return out
}

// Write reads the next part of the stream. It never fails and keeps nothing of
// the chunk.
func (s *Scanner) Write(chunk []byte) (int, error) {
	n := len(chunk)
	if s.skip || len(s.partial) > 0 {
		end := firstEnd(chunk)
		if end < 0 {
			s.keep(chunk)
			return n, nil
		}
		s.keep(chunk[:end])
		s.Flush()
		chunk = chunk[end+1:]
	}
	last := lastEnd(chunk)
	s.lines(chunk[:last+1])
	s.keep(chunk[last+1:])
	return n, nil
}

// Flush reads the line that has begun as if it had ended.
func (s *Scanner) Flush() {
	if !s.skip && len(s.partial) > 0 {
		s.line(s.partial)
	}
	s.skip, s.partial = false, s.partial[:0]
}

// Skip forgets the line that has begun: part of the stream is missing here.
func (s *Scanner) Skip() {
	s.skip, s.partial = true, s.partial[:0]
}

func (s *Scanner) keep(part []byte) {
	if s.skip || len(part) == 0 {
		return
	}
	if len(s.partial)+len(part) > MaxLine {
		s.Skip()
		return
	}
	s.partial = append(s.partial, part...)
}

// lines reads whole lines, the last one ended too.
func (s *Scanner) lines(chunk []byte) {
	clear(s.next)
	for from := 0; from < len(chunk); {
		hit := s.nextHit(chunk, from)
		if hit < 0 {
			return
		}
		start := from + bytes.LastIndexAny(chunk[from:hit], lineEnds) + 1
		end := hit + bytes.IndexAny(chunk[hit:], lineEnds)
		if end-start <= MaxLine {
			s.line(chunk[start:end])
		}
		from = end + 1
	}
}

// nextHit is where, from the given place on, the next needle stands. Each
// needle is looked for in each place once.
func (s *Scanner) nextHit(chunk []byte, from int) int {
	if len(s.needles) == 0 {
		return from
	}
	first := -1
	for i, needle := range s.needles {
		if s.next[i] >= 0 && s.next[i] <= from {
			at := bytes.Index(chunk[from:], needle)
			if at >= 0 {
				at += from
			}
			s.next[i] = at
		}
		if at := s.next[i]; at >= 0 && (first < 0 || at < first) {
			first = at
		}
	}
	return first
}

func (s *Scanner) line(line []byte) {
	if u, ok := s.parser.Line(line); ok {
		s.emit(u)
	}
}

// firstEnd and lastEnd are IndexAny and LastIndexAny of lineEnds, faster over
// long stretches without any.
func firstEnd(b []byte) int {
	newline := bytes.IndexByte(b, '\n')
	if newline >= 0 {
		b = b[:newline]
	}
	if cr := bytes.IndexByte(b, '\r'); cr >= 0 {
		return cr
	}
	return newline
}

func lastEnd(b []byte) int {
	last := bytes.LastIndexByte(b, '\n')
	return last + 1 + bytes.LastIndexByte(b[last+1:], '\r')
}
