package progress

import (
	"bytes"
	"math"
	"strconv"
)

// key is what a training puts its report under.
const key = `"trainyard"`

const (
	maxObjects = 4 // tries in one line: keeps a hostile line linear
	maxDepth   = 16
)

// findObject reads the first whole report of a line, wherever in the line and
// however deep in other JSON it stands.
func findObject(line []byte) (Update, bool) {
	for range maxObjects {
		at := bytes.Index(line, []byte(key))
		if at < 0 {
			return Update{}, false
		}
		line = line[at+len(key):]
		d := decoder{rest: line}
		if !d.take(':') || d.peek() != '{' {
			continue
		}
		if u, ok := d.report(); ok {
			return u, true
		}
	}
	return Update{}, false
}

// decoder reads JSON as Python writes it, where NaN and Infinity are numbers.
type decoder struct{ rest []byte }

// value is a JSON value as far as a report needs it.
type value struct {
	number  float64
	kind    byte // 'n' number, '0' null, 'x' anything else
	present bool
}

func (d *decoder) peek() byte {
	for len(d.rest) > 0 && (d.rest[0] == ' ' || d.rest[0] == '\t') {
		d.rest = d.rest[1:]
	}
	if len(d.rest) == 0 {
		return 0
	}
	return d.rest[0]
}

func (d *decoder) take(c byte) bool {
	if d.peek() != c {
		return false
	}
	d.rest = d.rest[1:]
	return true
}

// report reads the object that is the value of the key.
func (d *decoder) report() (u Update, ok bool) {
	ok = d.object(func(name []byte) bool {
		if string(name) == "metrics" && d.peek() == '{' {
			return d.object(func(name []byte) bool { return d.metric(&u, name) })
		}
		v := d.value(1)
		if v.present && v.kind != '0' {
			u.set(string(name), v)
		}
		return v.present
	})
	return u, ok
}

func (d *decoder) metric(u *Update, name []byte) bool {
	v := d.value(2)
	switch {
	case !v.present:
		return false
	case v.kind == '0':
	case v.kind != 'n' || !validName(name):
		u.Invalid++
	case len(u.Metrics) <= MaxMetrics: // one more than is kept, so that it shows
		u.Metrics = append(u.Metrics, Metric{Name: string(name), Value: v.number})
	}
	return true
}

// object reads {"name": …} and calls member at each value.
func (d *decoder) object(member func(name []byte) bool) bool {
	if !d.take('{') {
		return false
	}
	if d.take('}') {
		return true
	}
	for {
		name, ok := d.str()
		if !ok || !d.take(':') || !member(name) {
			return false
		}
		if d.take(',') {
			continue
		}
		return d.take('}')
	}
}

// str reads a string and returns what stands between the quotes, escapes and
// all: no name that counts has any.
func (d *decoder) str() ([]byte, bool) {
	if !d.take('"') {
		return nil, false
	}
	for i := 0; i < len(d.rest); i++ {
		switch d.rest[i] {
		case '\\':
			i++
		case '"':
			s := d.rest[:i]
			d.rest = d.rest[i+1:]
			return s, true
		}
	}
	return nil, false
}

// value reads any value; a number is kept, everything else is skipped.
func (d *decoder) value(depth int) value {
	switch d.peek() {
	case '"':
		_, ok := d.str()
		return value{kind: 'x', present: ok}
	case '{':
		ok := depth < maxDepth && d.object(func([]byte) bool { return d.value(depth + 1).present })
		return value{kind: 'x', present: ok}
	case '[':
		return value{kind: 'x', present: depth < maxDepth && d.array(depth)}
	}
	return d.word()
}

func (d *decoder) array(depth int) bool {
	d.take('[')
	if d.take(']') {
		return true
	}
	for {
		if !d.value(depth + 1).present {
			return false
		}
		if d.take(',') {
			continue
		}
		return d.take(']')
	}
}

// word reads a number or a literal.
func (d *decoder) word() value {
	end := bytes.IndexAny(d.rest, ",}] \t\"{[:")
	if end <= 0 {
		return value{}
	}
	word := string(d.rest[:end])
	d.rest = d.rest[end:]
	switch word {
	case "null":
		return value{kind: '0', present: true}
	case "true", "false":
		return value{kind: 'x', present: true}
	case "NaN":
		return value{kind: 'n', number: math.NaN(), present: true}
	case "Infinity":
		return value{kind: 'n', number: math.Inf(1), present: true}
	case "-Infinity":
		return value{kind: 'n', number: math.Inf(-1), present: true}
	}
	n, ok := parseNumber(word)
	return value{kind: 'n', number: n, present: ok}
}

// parseNumber takes decimal numbers only; one too large for a float is
// infinite, as it is for the program that computed it.
func parseNumber(s string) (float64, bool) {
	for _, c := range []byte(s) {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return 0, false
		}
	}
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil || math.IsInf(n, 0)
}

// set stores a value under its name. Names that are not ours are left alone.
func (u *Update) set(name string, v value) {
	ok := true
	switch name {
	case "step":
		u.Step, ok = count(v)
	case "totalSteps":
		u.TotalSteps, ok = count(v)
	case "epoch":
		u.Epoch, ok = amount(v)
	case "computeSeconds":
		u.ComputeSeconds, ok = amount(v)
	case "dataSeconds":
		u.DataSeconds, ok = amount(v)
	case "metrics":
		ok = false // an object was dealt with before
	}
	if !ok {
		u.Invalid++
	}
}

func count(v value) (*int64, bool) {
	if v.kind != 'n' || !(v.number >= 0 && v.number <= maxSteps) || v.number != math.Trunc(v.number) {
		return nil, false
	}
	n := int64(v.number)
	return &n, true
}

func amount(v value) (*float64, bool) {
	if v.kind != 'n' || !(v.number >= 0) || math.IsInf(v.number, 0) {
		return nil, false
	}
	return &v.number, true
}
