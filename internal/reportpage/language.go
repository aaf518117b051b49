package reportpage

import (
	"fmt"
	"strings"
	"time"
)

// Language is a language that pages are written in, by its code.
type Language string

// The languages.
const (
	English Language = "en"
	French  Language = "fr"
)

// Languages are the languages there are.
func Languages() []Language { return []Language{English, French} }

// LanguageError reports a language that pages are not written in.
type LanguageError struct{ Language Language }

func (e *LanguageError) Error() string {
	return fmt.Sprintf("language %q is not one of en, fr: take en", string(e.Language))
}

func (l Language) words() (*words, error) {
	switch l {
	case "", English:
		return &words{Language: English, texts: english, months: englishMonths, short: englishShort, decimal: ".", group: ",", percent: "%"}, nil
	case French:
		return &words{Language: French, texts: french, months: frenchMonths, short: frenchShort, decimal: ",", group: "\u202f", percent: "\u202f%"}, nil
	}
	return nil, &LanguageError{Language: l}
}

// words are a language: its texts, and how it writes numbers and dates.
type words struct {
	Language Language
	texts    map[string]string
	months   [12]string
	short    [12]string
	decimal  string
	group    string
	percent  string
}

// say is the text of a key with its arguments put in. Both languages have the
// same keys, which a test sees to.
func (w *words) say(key string, args ...any) string {
	text, ok := w.texts[key]
	if !ok {
		return key
	}
	if w.Language == French {
		text = frenchSpaces.Replace(text)
	}
	if !strings.Contains(text, "%s") && !strings.Contains(text, "%[") {
		return text
	}
	return fmt.Sprintf(text, args...)
}

// frenchSpaces keeps a mark on the line of the word before it, as French does.
var frenchSpaces = strings.NewReplacer(" ;", "\u202f;", " ?", "\u202f?", " !", "\u202f!", " %%", "\u202f%%",
	" :", "\u00a0:", "« ", "«\u00a0", " »", "\u00a0»")

// has says that there is a text of a key.
func (w *words) has(key string) bool {
	_, ok := w.texts[key]
	return ok
}

// count is say in the singular or the plural, by the language's own rule.
func (w *words) count(key string, n int, args ...any) string {
	singular := n == 1 || n == 0 && w.Language == French
	if singular {
		return w.say(key+".one", args...)
	}
	return w.say(key+".other", args...)
}

// list is "a, b and c".
func (w *words) list(items []string) string {
	if len(items) < 2 {
		return strings.Join(items, "")
	}
	last := len(items) - 1
	return strings.Join(items[:last], ", ") + w.say("and") + items[last]
}

// date is a day, moment a day and its time, both in UTC.
func (w *words) date(t time.Time) string {
	t = t.UTC()
	day := fmt.Sprint(t.Day())
	if t.Day() == 1 && w.Language == French {
		day = "1er"
	}
	return fmt.Sprintf("%s %s %d", day, w.months[t.Month()-1], t.Year())
}

func (w *words) moment(t time.Time) string {
	return w.date(t) + t.UTC().Format(" 15:04")
}

var englishMonths = [12]string{"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}

var englishShort = [12]string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

var frenchMonths = [12]string{"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"}

var frenchShort = [12]string{"janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."}
