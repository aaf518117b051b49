package reportpage

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

var verb = regexp.MustCompile(`%(\[\d+\])?[sd]|%%`)

func verbs(text string) []string {
	found := verb.FindAllString(text, -1)
	slices.Sort(found)
	return slices.DeleteFunc(found, func(v string) bool { return v == "%%" })
}

// The languages say the same: the same keys, with as many arguments.
func TestLanguagesAgree(t *testing.T) {
	for key, text := range english {
		other, ok := french[key]
		if !ok {
			t.Errorf("%s has no French text", key)
			continue
		}
		if !slices.Equal(verbs(text), verbs(other)) {
			t.Errorf("%s: %q and %q take other arguments", key, text, other)
		}
	}
	for key := range french {
		if _, ok := english[key]; !ok {
			t.Errorf("%s has no English text", key)
		}
	}
	for name, known := range catalogue {
		for _, key := range []string{"method." + known.key, "method." + known.key + ".what"} {
			if english[key] == "" {
				t.Errorf("method %s has no text %s", name, key)
			}
		}
	}
}

// Every text is used, and every text that is asked for exists.
func TestTextsAreUsed(t *testing.T) {
	code := ""
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if name := e.Name(); !strings.HasSuffix(name, "_test.go") && name != "english.go" && name != "french.go" {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			code += string(text)
		}
	}
	computed := []string{"reason.", "method.", "metric.", "quality.", "type.", "compat.", "rule.", "gate.", "headline.gate.", "lede.gate.", "many.", "action.", "in.",
		"compare.", "watch.", "evaluate.", "reference", "current", "anchor.side"}
	for key := range english {
		plain := strings.TrimSuffix(strings.TrimSuffix(key, ".one"), ".other")
		if !strings.Contains(code, `"`+plain+`"`) && !slices.ContainsFunc(computed, func(p string) bool { return strings.HasPrefix(key, p) }) {
			t.Errorf("text %s is never used", key)
		}
	}
	for _, use := range regexp.MustCompile(`(?:say|count|t) ?\(?"([a-z.A-Z]+[a-zA-Z])"`).FindAllStringSubmatch(code, -1) {
		if key := use[1]; english[key] == "" && english[key+".one"] == "" && key != "text" && key != "path" {
			t.Errorf("text %s is asked for and does not exist", key)
		}
	}
}

func TestNumbers(t *testing.T) {
	en, _ := English.words()
	fr, _ := French.words()
	for _, c := range []struct {
		value    float64
		en, fr   string
		enS, frS string // as a share
	}{
		{0, "0", "0", "0%", "0\u202f%"},
		{0.12345, "0.123", "0,123", "12%", "12\u202f%"},
		{-0.5, "−0.5", "−0,5", "−50%", "−50\u202f%"},
		{1234567, "1,234,567", "1\u202f234\u202f567", "123,456,700%", "123\u202f456\u202f700\u202f%"},
		{0.0003, "0.0003", "0,0003", "< 0.1%", "< 0,1\u202f%"},
		{3.2e-12, "3.2 × 10⁻¹²", "3,2 × 10⁻¹²", "< 0.1%", "< 0,1\u202f%"},
		{0.9999, "1", "1", "> 99.9%", "> 99,9\u202f%"},
		{1e15, "1 × 10¹⁵", "1 × 10¹⁵", "100,000,000,000,000,000%", "100\u202f000\u202f000\u202f000\u202f000\u202f000\u202f%"},
	} {
		if got := en.number(report.Number(c.value)); got != c.en {
			t.Errorf("%v is written %q, want %q", c.value, got, c.en)
		}
		if got := fr.number(report.Number(c.value)); got != c.fr {
			t.Errorf("%v is written %q, want %q", c.value, got, c.fr)
		}
		if got := en.share(c.value); got != c.enS {
			t.Errorf("the share %v is written %q, want %q", c.value, got, c.enS)
		}
		if got := fr.share(c.value); got != c.frS {
			t.Errorf("the share %v is written %q, want %q", c.value, got, c.frS)
		}
	}
	if got := en.number(report.None()); got != absent {
		t.Errorf("no number is written %q", got)
	}
}

func TestAxis(t *testing.T) {
	en, _ := English.words()
	texts := func(s scale) string {
		var out []string
		for _, at := range en.axis(s, 4, en.plain) {
			out = append(out, at.Text)
		}
		return strings.Join(out, " ")
	}
	for _, c := range []struct {
		scale scale
		want  string
	}{
		{scale{0, 1}, "0 0.25 0.5 0.75 1"},
		{scale{-0.03, 0.08}, "0 0.05"},
		{scale{1000, 1600}, "1,000 1,200 1,400 1,600"},
		{scale{0, 3e9}, "0 1 × 10⁹ 2 × 10⁹ 3 × 10⁹"},
		{newScale(5, 5), "4 6"},
		{newScale(), "0 0.25 0.5 0.75 1"},
		{scale{-1.7e308, 1.7e308}, ""},
	} {
		if got := texts(c.scale); got != c.want {
			t.Errorf("%v has the marks %q, want %q", c.scale, got, c.want)
		}
	}
}

func TestCalendar(t *testing.T) {
	en, _ := English.words()
	fr, _ := French.words()
	start := time.Date(1996, 5, 7, 3, 20, 0, 0, time.UTC)
	for _, c := range []struct {
		length time.Duration
		en, fr string
	}{
		{6 * time.Hour, "04:00 05:00 06:00 07:00 08:00 09:00", "04:00 05:00 06:00 07:00 08:00 09:00"},
		{10 * day, "8 May 10 May 12 May 14 May 16 May", "8 mai 10 mai 12 mai 14 mai 16 mai"},
		{944 * day, "Jul 1996 Jan 1997 Jul 1997 Jan 1998 Jul 1998", "juil. 1996 janv. 1997 juil. 1997 janv. 1998 juil. 1998"},
		{40 * 365 * day, "2000 2010 2020 2030", "2000 2010 2020 2030"},
	} {
		for w, want := range map[*words]string{en: c.en, fr: c.fr} {
			var got []string
			for _, at := range calendarTicks(start, start.Add(c.length)) {
				got = append(got, w.calendar(at, start, start.Add(c.length)))
			}
			if text := strings.Join(got, " "); text != want {
				t.Errorf("%v: %q, want %q", c.length, text, want)
			}
		}
	}
}
