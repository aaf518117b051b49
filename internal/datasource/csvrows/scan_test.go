package csvrows

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// scan reads all rows of a text.
func scan(from io.Reader, mostCell int) ([][]string, error) {
	s := newScanner(from, ',', mostCell)
	var rows [][]string
	for {
		err := s.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		row := make([]string, len(s.ends))
		for i := range row {
			row[i] = string(s.cell(i))
		}
		rows = append(rows, row)
	}
}

func TestScan(t *testing.T) {
	tests := []struct {
		name, text string
		want       [][]string
		err        error
	}{
		{"nothing", "", nil, nil},
		{"one row without end", "a,b", [][]string{{"a", "b"}}, nil},
		{"line ends of every kind", "a\nb\r\nc\rd", [][]string{{"a"}, {"b"}, {"c"}, {"d"}}, nil},
		{"blank lines", "a\n\n  \n\t\nb\n", [][]string{{"a"}, {"b"}}, nil},
		{"empty cells", ",\n,,\n", [][]string{{"", ""}, {"", "", ""}}, nil},
		{"a delimiter at the end", "a,", [][]string{{"a", ""}}, nil},
		{"quotes", `"a,b","c""d","e` + "\n" + `f"`, [][]string{{"a,b", `c"d`, "e\nf"}}, nil},
		{"a quoted nothing is a row", "a\n\"\"\n", [][]string{{"a"}, {""}}, nil},
		{"a quote inside", `a"b,c` + "\n", [][]string{{`a"b`, "c"}}, nil},
		{"text after a quote", `"a"b,c` + "\n", [][]string{{"ab", "c"}}, nil},
		{"blanks are kept", " a , b\n", [][]string{{" a ", " b"}}, nil},
		{"a quote without end", "a\n\"b\n", [][]string{{"a"}}, errQuote},
		{"a cell that is too long", "a\n" + strings.Repeat("x", 11) + "\n", [][]string{{"a"}}, errLong},
		{"a quoted cell that is too long", "a\n\"" + strings.Repeat("x", 11), [][]string{{"a"}}, errLong},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for name, from := range map[string]io.Reader{
				"at once":     strings.NewReader(test.text),
				"by the byte": iotest.OneByteReader(strings.NewReader(test.text)),
			} {
				got, err := scan(from, 10)
				if !errors.Is(err, test.err) {
					t.Errorf("%s: got %v, want %v", name, err, test.err)
				}
				if diff := cmp.Diff(test.want, got); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}

func TestScanPassesOnErrors(t *testing.T) {
	broken := errors.New("broken")
	_, err := scan(io.MultiReader(strings.NewReader("a,b\nc"), iotest.ErrReader(broken)), 10)
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
	if _, err := scan(nothing{}, 10); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("got %v", err)
	}
}

type nothing struct{}

func (nothing) Read([]byte) (int, error) { return 0, nil }

// Whatever encoding/csv reads without complaint, the scanner reads as it does, and no
// input takes it anywhere but to its end or an error.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "\"a\"\"b\",c\r\n", "a\r\rb", "\"", ",,,\n", "\xff\xfe\n", "a\n\n\nb"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := scan(bytes.NewReader(text), 1<<20)
		again, errAgain := scan(iotest.OneByteReader(bytes.NewReader(text)), 1<<20)
		if diff := cmp.Diff(got, again); diff != "" || !errors.Is(errAgain, err) {
			t.Fatalf("it depends on how the bytes arrive: %v %v %s", err, errAgain, diff)
		}
		strict := csv.NewReader(bytes.NewReader(text))
		strict.FieldsPerRecord = -1
		want, errStrict := strict.ReadAll()
		// A carriage return alone ends a line for read_csv only, and a line of blanks
		// is blank.
		if errStrict != nil || bytes.ContainsAny(text, "\r \t") {
			return
		}
		if diff := cmp.Diff(want, got); diff != "" && len(want)+len(got) > 0 {
			t.Fatal(diff)
		}
	})
}

func BenchmarkScan(b *testing.B) {
	text := []byte(strings.Repeat("0.05644299999999999,0.439155,0.003467,0.422915,0.414912,1\n", 10_000))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		s := newScanner(bytes.NewReader(text), ',', 1<<20)
		for s.next() == nil {
		}
	}
}
