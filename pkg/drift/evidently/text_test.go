package evidently

import (
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/trainyard/trainyard/pkg/drift"
)

// notes are texts of a few words, of which a shift makes some more likely.
func notes(seed uint64, n int, shift int) []string {
	vocabulary := strings.Fields("parcel late broken thank you the box was Élan naïve refund x2 order_7 Straße please ok")
	r := rand.New(rand.NewPCG(seed, 4))
	out := make([]string, n)
	for i := range out {
		for range 3 + r.IntN(9) {
			at := r.IntN(len(vocabulary))
			if r.IntN(10) < shift {
				at = r.IntN(4)
			}
			out[i] += vocabulary[at] + " "
		}
		out[i] += strconv.Itoa(r.IntN(100_000))
	}
	return out
}

func TestTextDrift(t *testing.T) {
	for _, c := range []struct {
		name     string
		rows     int
		shift    int
		method   Method
		drifted  bool
		least    float64
		ceilings float64
	}{
		{"small, same", 400, 0, TextPercentile, false, 0.3, 0.62},
		{"small, shifted", 400, 6, TextPercentile, true, 0.6, 1},
		{"large, same", 1500, 0, TextAbsolute, false, 0.4, 0.55},
		{"large, shifted", 1500, 6, TextAbsolute, true, 0.6, 1},
	} {
		o, err := CompareTexts("note", notes(1, c.rows, 0), notes(2, 300, c.shift), Options{})
		if err != nil {
			t.Fatal(err)
		}
		if o.Method != string(c.method) || o.Drifted != c.drifted || o.Score < c.least || o.Score > c.ceilings || !math.IsNaN(o.P) {
			t.Errorf("%s: %+v", c.name, o)
		}
	}
}

func TestTextsThatCannotBeCompared(t *testing.T) {
	if _, err := CompareTexts("note", nil, []string{"a"}, Options{}); err == nil {
		t.Error("no reference, and no error")
	}
	if _, err := CompareTexts("note", []string{"a b", "c"}, []string{"the", "of"}, Options{}); err != ErrNoWords { //nolint:errorlint // it is returned as it is
		t.Errorf("no words: %v", err)
	}
	if _, err := CompareTexts("note", []string{"x"}, []string{"y"}, Options{Method: KS}); err == nil {
		t.Error("Kolmogorov-Smirnov of text")
	}
	if !Fits(TextAbsolute, drift.Text) || Fits(TextAbsolute, drift.Numerical) || Fits(KS, drift.Text) {
		t.Error("methods and kinds")
	}
}

func FuzzWords(f *testing.F) {
	f.Add("The parcel, the PARCEL!")
	f.Add("\xff\xfe Straße 12 x_y")
	f.Fuzz(func(t *testing.T, text string) {
		w, err := fitWords([]string{text, "other words here", "and more"})
		if err != nil {
			return
		}
		length := 0.0
		for _, v := range w.scored([]string{text})[0].value {
			length += v * v
		}
		if length != 0 && math.Abs(length-1) > 1e-9 {
			t.Errorf("a row of length %g", length)
		}
	})
}
