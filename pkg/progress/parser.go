package progress

import (
	"bytes"
	"regexp"
	"strconv"
)

// Parser reads lines. It remembers what later lines of the same stream need,
// such as the epoch: a stream has a parser of its own, and so has an attempt.
type Parser struct {
	rules []compiled
	state []loop // one a rule
	plain []byte // scratch for a line without its escapes
}

// loop is what a rule remembers of the training loop it reads.
type loop struct {
	epoch, epochs, total int64
}

// NewParser compiles the rules. An error names the rule and the cure.
func NewParser(rules []Rule) (*Parser, error) {
	c, err := compile(rules)
	if err != nil {
		return nil, err
	}
	return &Parser{rules: c, state: make([]loop, len(c))}, nil
}

// Fresh is a parser of the same rules that remembers nothing.
func (p *Parser) Fresh() *Parser {
	return &Parser{rules: p.rules, state: make([]loop, len(p.rules))}
}

// Line reads one line, without its end; ok is false if it says nothing. The
// line is not kept.
func (p *Parser) Line(line []byte) (u Update, ok bool) {
	if u, ok = findObject(line); ok || len(p.rules) == 0 {
		return u, ok
	}
	line = p.strip(line)
	for i, rule := range p.rules {
		for j := range rule {
			if rule[j].apply(line, &u, &p.state[i]) {
				ok = true
				break
			}
		}
	}
	u.inferred = ok
	return u, ok
}

// strip removes what terminals and torchrun put around a line: colours,
// backspaces and the prefix that names the local rank.
func (p *Parser) strip(line []byte) []byte {
	if bytes.IndexByte(line, escape) >= 0 || bytes.IndexByte(line, '\b') >= 0 {
		p.plain = appendPlain(p.plain[:0], line)
		line = p.plain
	}
	if len(line) == 0 || line[0] != '[' {
		return line
	}
	at := bytes.Index(line, []byte("]:"))
	if at < 0 || !bytes.HasPrefix(line, []byte("[default")) && !bytes.HasPrefix(line, []byte("[rank")) {
		return line
	}
	return line[at+2:]
}

const escape = 0x1b

// appendPlain copies a line without backspaces and without control sequences,
// ESC [ … and a final byte.
func appendPlain(to, line []byte) []byte {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == escape && i+1 < len(line) && line[i+1] == '[':
			for i += 2; i < len(line) && (line[i] < 0x40 || line[i] > 0x7e); i++ {
				continue
			}
		case c == escape, c == '\b':
		default:
			to = append(to, c)
		}
	}
	return to
}

// apply adds what the pattern finds in the line to the update.
func (p *pattern) apply(line []byte, u *Update, state *loop) bool {
	if !bytes.Contains(line, p.literal) {
		return false
	}
	at := p.expr.FindSubmatchIndex(line)
	if at == nil {
		return false
	}
	var f found
	for i, name := range p.expr.SubexpNames() {
		if name != "" && at[2*i] >= 0 {
			f.take(name, line[at[2*i]:at[2*i+1]], u)
		}
	}
	p.takePairs(line, u, &f)
	f.settle(p.counts, u, state)
	return true
}

func (p *pattern) takePairs(line []byte, u *Update, f *found) {
	if p.pairs == nil {
		return
	}
	for _, at := range findAll(p.pairs, line) {
		name := string(line[at[2]:at[3]])
		if !p.skip[name] {
			f.take(name, line[at[4]:at[5]], u)
		}
	}
}

// findAll is FindAllSubmatchIndex for matches that share their last byte, which
// is the separator of the next pair.
func findAll(re *regexp.Regexp, line []byte) (all [][]int) {
	for from := 0; len(all) < 4*MaxMetrics; {
		at := re.FindSubmatchIndex(line[from:])
		if at == nil {
			return all
		}
		next := from + at[5]
		for i := range at {
			at[i] += from
		}
		all = append(all, at)
		from = next
	}
	return all
}

// found is what a pattern read before it is known what it counts.
type found struct{ step, total, epoch, epochs value }

func (f *found) take(name string, text []byte, u *Update) {
	v := value{kind: 'x'}
	if n, err := strconv.ParseFloat(string(text), 64); err == nil {
		v = value{kind: 'n', number: n, present: true}
	}
	switch name {
	case "step":
		f.step = v
	case "total":
		f.total = v
	case "epochs":
		f.epochs = v
	case "epoch":
		f.epoch = v
		u.set(name, v)
	case "computeSeconds", "dataSeconds":
		u.set(name, v)
	default:
		if v.present && validName([]byte(name)) && len(u.Metrics) <= MaxMetrics {
			u.Metrics = append(u.Metrics, Metric{Name: name, Value: v.number})
		}
	}
}

// settle turns what was printed into steps of the whole run. A bar that is
// shorter than the longest one seen belongs to another loop of the program, an
// evaluation; its steps are not the training's.
func (f *found) settle(counts counting, u *Update, state *loop) {
	if n, ok := count(f.epoch); ok {
		state.epoch = *n
	}
	if n, ok := count(f.epochs); ok {
		state.epochs = *n
	}
	step, ok := count(f.step)
	if !ok {
		return
	}
	total, bounded := count(f.total)
	if bounded {
		if *total < state.total {
			return
		}
		state.total = *total
	}
	if counts == overall {
		u.Step, u.TotalSteps = step, total
		return
	}
	if !bounded {
		return // steps of earlier epochs are unknown
	}
	first := int64(0)
	if counts == inEpochOne {
		first = 1
	}
	before := max(0, state.epoch-first)
	if *total > 0 && before > maxSteps / *total {
		return
	}
	*step += before * *total
	u.Step = step
	if state.epochs > 0 && *total <= maxSteps/state.epochs {
		*total *= state.epochs
		u.TotalSteps = total
	}
}
