package progress

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var nan = math.NaN()

func TestScannerLines(t *testing.T) {
	long := strings.Repeat("x", MaxLine)
	tests := map[string]struct {
		chunks []string
		want   []int64
	}{
		"one line":                       {[]string{step(1)}, []int64{1}},
		"a line in three parts":          {[]string{`{"train`, `yard":{"st`, "ep\":2}}\n"}, []int64{2}},
		"an end of its own":              {[]string{strings.TrimSuffix(step(3), "\n"), "\n"}, []int64{3}},
		"no end at all":                  {[]string{strings.TrimSuffix(step(4), "\n")}, []int64{4}},
		"carriage returns":               {[]string{"\r" + strings.TrimSpace(step(5)) + "\r" + strings.TrimSpace(step(6)) + "\r\n"}, []int64{5, 6}},
		"empty lines":                    {[]string{"\n\n\r\n", step(7), "\n"}, []int64{7}},
		"behind a line that is too long": {[]string{long, long, step(8), step(9)}, []int64{9}},
		"in a line that is too long":     {[]string{long + step(10) + step(11)}, []int64{11}},
		"just short enough":              {[]string{long[:MaxLine-len(step(12))+1] + step(12)}, []int64{12}},
		"binary around it":               {[]string{"\x00\x01\xff\n" + step(13) + "\xfe\xff\x00"}, []int64{13}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			var got []int64
			s := NewScanner(mustParser(t), func(u Update) { got = append(got, *u.Step) })
			for _, c := range tc.chunks {
				_, _ = s.Write([]byte(c))
			}
			s.Flush()
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestScannerSkipsTheLineWithAGap(t *testing.T) {
	var got []int64
	s := NewScanner(mustParser(t), func(u Update) { got = append(got, *u.Step) })
	_, _ = s.Write([]byte(`{"trainyard":{"step":1`))
	s.Skip()
	_, _ = s.Write([]byte("23}}\n" + step(2)))
	if diff := cmp.Diff([]int64{2}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// Whatever the chunks, the updates are those of reading line by line.
func TestScannerDoesNotDependOnChunks(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		rules := [][]Rule{nil, {{Name: Keras}, {Name: HFTrainer}}, {{Pattern: `(?P<step>\d+)`}}}[seed%3]
		text := randomText(r)
		whole := said(t, rules, text)
		var got []Update
		s := NewScanner(mustParser(t, rules...), func(u Update) { got = append(got, u) })
		for rest := []byte(text); len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(40))
			_, _ = s.Write(rest[:n])
			rest = rest[n:]
		}
		s.Flush()
		byLine := readLines(t, rules, text)
		if diff := cmp.Diff(byLine, got, same()); diff != "" {
			t.Fatalf("seed %d: in chunks (-lines +chunks)\n%s", seed, diff)
		}
		if diff := cmp.Diff(byLine, whole, same()); diff != "" {
			t.Fatalf("seed %d: at once (-lines +whole)\n%s", seed, diff)
		}
	}
}

// readLines is the plain way to do what a Scanner does.
func readLines(t *testing.T, rules []Rule, text string) (out []Update) {
	p := mustParser(t, rules...)
	for _, line := range strings.FieldsFunc(text, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if len(line) > MaxLine {
			continue
		}
		if u, ok := p.Line([]byte(line)); ok {
			out = append(out, u)
		}
	}
	return out
}

func randomText(r *rand.Rand) string {
	pieces := []string{
		step(1), step(2), "\n", "\r", "noise ", "\x1b[1m", "\b\b", "Epoch 2/10\n", " 45/100 [=====>...] - loss: 0.41\r",
		" 50%|#####     | 500/1000 [00:01<00:01,  4.00it/s]\r", "{'loss': 0.5, 'epoch': 1.5}\n", `"trainyard"`, strings.Repeat("y", 9000),
	}
	var b strings.Builder
	for range 30 {
		b.WriteString(pieces[r.IntN(len(pieces))])
	}
	return b.String()
}

func step(n int) string { return fmt.Sprintf("{\"trainyard\":{\"step\":%d}}\n", n) }

func FuzzScanner(f *testing.F) {
	f.Add([]byte(step(1)+"\x1b[1m3/4\x1b[0m"), uint16(3))
	f.Add([]byte("Epoch 1/2\n 1/2 [=>] - loss: nan\b\r"), uint16(1))
	f.Fuzz(func(t *testing.T, text []byte, size uint16) {
		rules := []Rule{{Name: Keras}, {Name: HFTrainer}, {Name: Lightning}, {Name: Torchrun}}
		want := readLines(t, rules, string(text))
		var got []Update
		s := NewScanner(mustParser(t, rules...), func(u Update) { got = append(got, u) })
		for rest := text; len(rest) > 0; {
			n := min(len(rest), int(size)+1)
			_, _ = s.Write(rest[:n])
			rest = rest[n:]
		}
		s.Flush()
		if diff := cmp.Diff(want, got, same()); diff != "" {
			t.Fatalf("(-lines +chunks)\n%s", diff)
		}
	})
}

func TestLinesThatSayNothingCostNoMemory(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector has pools forget, and so regexp allocate")
	}
	p := mustParser(t, Rule{Name: Keras}, Rule{Name: HFTrainer}, Rule{Name: Lightning}, Rule{Name: Torchrun})
	for _, line := range []string{
		"", "plain text of a program that has nothing to say", `{"step": 3, "loss": 0.1}`,
		"\x1b[31mcoloured\x1b[0m text", "[rank0]: 17/18 tests", `{"trainyard":{"broken"`, "100% of 3/4 [done]",
	} {
		b := []byte(line)
		p.Line(b) // the scratch for colours is made once
		if n := testing.AllocsPerRun(100, func() { p.Line(b) }); n != 0 {
			t.Errorf("%v allocations for %q", n, line)
		}
	}
}

func BenchmarkScanner(b *testing.B) {
	ready := []Rule{{Name: Keras}, {Name: HFTrainer}, {Name: Lightning}, {Name: Torchrun}}
	quiet := strings.Repeat("a line of log output as programs print them, with a number 12345 and a \"path\" src/x.py:17\n", 750)
	bench := []struct {
		name  string
		rules []Rule
		text  string
	}{
		{"quiet/no-rules", nil, quiet},
		{"quiet/ready-rules", ready, quiet},
		{"quiet/one-endless-line", nil, strings.Repeat("x", 64<<10)},
		{"reports/no-rules", nil, strings.Repeat(`{"trainyard":{"step":120,"epoch":3,"metrics":{"loss":0.41,"accuracy":0.78}}}`+"\n", 850)},
		{"bars/keras", []Rule{{Name: Keras}}, "Epoch 1/2\n" + strings.Repeat(" 45/100 [============>.................] - ETA: 5s - loss: 0.4100 - accuracy: 0.7812\r", 750)},
		{"hostile/no-literal", []Rule{{Pattern: `(?P<step>(\d+ )*)[xz]$`}}, strings.Repeat("1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 y\n", 1300)},
	}
	for _, tc := range bench {
		b.Run(tc.name, func(b *testing.B) {
			s := NewScanner(mustParser(b, tc.rules...), func(Update) {})
			text := []byte(tc.text)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				_, _ = s.Write(text)
			}
		})
	}
}
