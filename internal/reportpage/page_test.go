package reportpage_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/html"

	"github.com/trainyard/trainyard/internal/reportpage"
	"github.com/trainyard/trainyard/pkg/drift/report"
)

func write(t testing.TB, r report.Report, l reportpage.Language) string {
	t.Helper()
	var page bytes.Buffer
	if err := reportpage.Write(&page, r, reportpage.Options{Language: l}); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

// structure is a page's tags with the names of their attributes, in order.
func structure(t testing.TB, page string) []string {
	t.Helper()
	var out []string
	for tokens := html.NewTokenizer(strings.NewReader(page)); ; {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			if !errors.Is(tokens.Err(), io.EOF) {
				t.Fatal(tokens.Err())
			}
			return out
		case html.StartTagToken, html.SelfClosingTagToken, html.CommentToken:
			token := tokens.Token()
			tag := token.Data
			for _, a := range token.Attr {
				tag += " " + a.Key
				if a.Key == "href" && !strings.HasPrefix(a.Val, "#") && !strings.HasPrefix(a.Val, "https://github.com/trainyard/") {
					t.Errorf("a link leads to %q", a.Val)
				}
			}
			out = append(out, tag)
		}
	}
}

func TestHostileNamesChangeNothingButText(t *testing.T) {
	for _, l := range reportpage.Languages() {
		tame := hostile(func(int) string { return "tame" })
		names := hostileNames()
		wild := hostile(func(i int) string { return names[i%len(names)] })
		wildPage := write(t, wild, l)
		if diff := cmp.Diff(structure(t, write(t, tame, l)), structure(t, wildPage)); diff != "" {
			t.Errorf("%s: a name left its place (-tame +hostile):\n%s", l, diff)
		}
		for _, forbidden := range []string{"<script", "<img", "alert(1)>", "\x00"} {
			if strings.Contains(wildPage, forbidden) {
				t.Errorf("%s: the page holds %q", l, forbidden)
			}
		}
	}
}

func TestPageLoadsNothing(t *testing.T) {
	for name, r := range samples() {
		page := write(t, r, reportpage.English)
		for _, forbidden := range []string{"<script", "<link", "<iframe", "<img", "@import", "url(", " src="} {
			if strings.Contains(page, forbidden) {
				t.Errorf("%s: the page holds %q", name, forbidden)
			}
		}
		if !strings.Contains(page, `default-src &#39;none&#39;`) && !strings.Contains(page, `default-src 'none'`) {
			t.Errorf("%s: the page has no policy against loading", name)
		}
	}
}

func TestPageIsSmallAndRepeatable(t *testing.T) {
	for _, l := range reportpage.Languages() {
		r := hundred(100)
		page := write(t, r, l)
		if size := len(page); size > 300_000 {
			t.Errorf("%s: 100 columns take %d bytes, at most 300000 are promised", l, size)
		}
		if write(t, r, l) != page {
			t.Errorf("%s: the same report gave other bytes", l)
		}
	}
}

func TestUnknownLanguage(t *testing.T) {
	err := reportpage.Write(io.Discard, native(), reportpage.Options{Language: "de"})
	var unknown *reportpage.LanguageError
	if !errors.As(err, &unknown) || !strings.Contains(err.Error(), `"de"`) || !strings.Contains(err.Error(), "en, fr") {
		t.Errorf("got %v", err)
	}
}

func TestHeadlines(t *testing.T) {
	for name, want := range map[string][2]string{
		"native":    {"3 of 5 columns have drifted", "3 colonnes sur 5 ont dérivé"},
		"evidently": {"1 of 3 columns has drifted; the data as a whole has not", "1 colonne sur 3 a dérivé\u202f; l’ensemble des données, non"},
		"stable":    {"None of 2 columns has drifted", "Aucune des 2 colonnes n’a dérivé"},
		"unknown":   {"There is too little data to tell", "Il y a trop peu de données pour conclure"},
		"bad":       {"This data is not fit to be judged", "Ces données ne permettent aucun jugement"},
		"watch":     {"42 of 83 windows have drifted", "42 fenêtres sur 83 ont dérivé"},
		"evaluate":  {"The candidate is not worse than the champion", "Le candidat n’est pas moins bon que le modèle en service"},
	} {
		for i, l := range reportpage.Languages() {
			if page := write(t, samples()[name], l); !strings.Contains(page, "<h1>"+want[i]+"</h1>") {
				t.Errorf("%s in %s: no headline %q", name, l, want[i])
			}
		}
	}
}

// A link leads to one place only.
func TestNamesOfPlacesAreUnique(t *testing.T) {
	for name, r := range samples() {
		if name == "hostile" {
			continue // one of its names stands for two columns
		}
		seen := map[string]bool{}
		for tokens := html.NewTokenizer(strings.NewReader(write(t, r, reportpage.English))); tokens.Next() != html.ErrorToken; {
			for _, a := range tokens.Token().Attr {
				if a.Key == "id" && seen[a.Val] {
					t.Errorf("%s: %q is the name of two places", name, a.Val)
				}
				seen[a.Val] = seen[a.Val] || a.Key == "id"
			}
		}
	}
}

// A chart without its figures in a table is a chart that some cannot read.
func TestEveryChartHasATable(t *testing.T) {
	for name, r := range samples() {
		page := write(t, r, reportpage.English)
		charts := strings.Count(page, `class="plot`)
		if tables := strings.Count(page, `<table class="small">`); tables != charts {
			t.Errorf("%s: %d charts of columns and %d tables", name, charts, tables)
		}
		pictures := strings.Count(page, `class="lanes ranking"`) + strings.Count(page, `class="lanes barcode"`) +
			strings.Count(page, `class="lanes contrasts"`) + strings.Count(page, `<div class="lines"><figure`)
		if details := strings.Count(page, "<details>") - charts; details < pictures-strings.Count(page, `id="model"`) {
			t.Errorf("%s: %d pictures and %d tables", name, pictures, details)
		}
	}
}

func FuzzWrite(f *testing.F) {
	for _, name := range []string{"native", "evaluate", "bad", "empty"} {
		text, err := json.Marshal(samples()[name])
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r report.Report
		if json.Unmarshal(text, &r) != nil {
			return
		}
		for _, l := range reportpage.Languages() {
			page := write(t, r, l)
			for _, tag := range structure(t, page) {
				if tag == "script" || strings.HasPrefix(tag, "img") || strings.Contains(tag, " on") {
					t.Fatalf("the page has <%s>", tag)
				}
			}
			if strings.Contains(page, "%!") {
				t.Fatal("a text has the wrong arguments")
			}
		}
	})
}
