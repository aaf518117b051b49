package reportpage

import (
	"embed"
	"fmt"
	"html/template"
	"io"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

//go:embed page.html charts.html style.css
var files embed.FS

// The templates are parsed once: a mistake in them is one of this package. t,
// the text of a key, is set anew for each page's language.
var pages = template.Must(template.New("page").Funcs(template.FuncMap{"t": func(key string) string { return key }}).
	ParseFS(files, "*.html", "style.css"))

// Options say how a page is written.
type Options struct {
	// Language is that of the reader; empty is English.
	Language Language
}

// Write writes the report as one HTML page.
func Write(w io.Writer, r report.Report, options Options) error {
	words, err := options.Language.words()
	if err != nil {
		return err
	}
	page, err := pages.Clone()
	if err != nil {
		return fmt.Errorf("cannot prepare the page: %w", err)
	}
	page.Funcs(template.FuncMap{"t": func(key string) string { return words.say(key) }})
	if err := page.ExecuteTemplate(w, "page.html", view(r, words)); err != nil {
		return fmt.Errorf("cannot write the page: %w", err)
	}
	return nil
}
