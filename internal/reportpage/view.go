package reportpage

import (
	"fmt"
	"hash/fnv"
	"path"
	"regexp"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// page is everything that is shown, in words and places.
type page struct {
	words      *words
	Title      string
	Overline   string
	Headline   string
	Verdict    mark
	Lede       []string
	Facts      []fact
	Quality    []problem
	Actions    *table
	Snapshot   string
	Ranking    *ranking
	Cards      []card
	Many       *many
	Stream     *stream
	Evaluation *evaluation
	Rule       []string
	Methods    []explanation
	Inputs     *table
	Version    string
}

// Language is the page's, as HTML writes it.
func (p page) Language() string { return string(p.words.Language) }

// fact is a name and a figure.
type fact struct{ Name, Value string }

// card is one column: what happened, its picture, and how it was decided.
type card struct {
	ID, Name   string
	Mark       mark
	Sentence   string
	Decision   string
	Sensitive  string
	Anchor     string
	Histogram  *histogram
	Categories *categories
}

// Small says that a card needs little room: nothing happened.
func (c card) Small() bool { return c.Mark.Class != classDrifted }

// many is the comparison of many columns together.
type many struct {
	Mark     mark
	Sentence string
	Details  string
	lane     lane
	Half     string
	Label    string
	Limit    string
	X        []tick
}

// Lane is the picture's only row.
func (m many) Lane() lane { return m.lane }

func view(r report.Report, w *words) page {
	p := page{
		words: w, Headline: headline(r, w), Verdict: reportMark(r, w), Lede: lede(r, w),
		Quality: problems(r, w), Actions: actionTable(r, w), Snapshot: snapshotText(r, w), Ranking: newRanking(r, w), Cards: cards(r, w),
		Many: newMany(r, w), Stream: newStream(r, w), Evaluation: newEvaluation(r, w),
		Rule: ruleTexts(r, w), Methods: explanations(r, w), Inputs: inputTable(r, w), Version: r.Version,
	}
	p.Overline = w.say(kind(r) + ".overline")
	p.Facts = facts(r, w)
	p.Title = p.Headline
	return p
}

// kind is which of the three things a report speaks of.
func kind(r report.Report) string {
	switch {
	case r.Evaluation != nil:
		return "evaluate"
	case len(r.Windows) > 0:
		return "watch"
	}
	return "compare"
}

func reportMark(r report.Report, w *words) mark {
	if r.Evaluation != nil && r.Verdict != report.BadData {
		return gateMark(r.Evaluation.Verdict, w)
	}
	return verdictMark(r.Verdict, w)
}

func cards(r report.Report, w *words) []card {
	var out []card
	for _, c := range r.Ranked() {
		next := card{ID: anchor(c.Name), Name: c.Name, Mark: stateMark(c.State, w), Sentence: sentence(c, w), Decision: decision(r, c, w),
			Histogram: newHistogram(c, w), Anchor: anchorText(c, w)}
		if next.Histogram == nil {
			next.Categories = newCategories(c, w)
		}
		if c.Sensitive {
			next.Sensitive = w.say("sensitive")
		}
		out = append(out, next)
	}
	return out
}

// decision is the figure that the rule decided by, beside its limit.
func decision(r report.Report, c report.Column, w *words) string {
	if !c.Score.Exists() {
		return ""
	}
	name := methodName(c.Method, w)
	switch {
	case r.Compat == report.Native && c.Lower.Exists() && c.Upper.Exists():
		return w.say("decision.interval", name, w.number(c.Effect), w.number(c.Lower), w.number(c.Upper), w.number(c.Threshold))
	case !c.Threshold.Exists():
		return w.say("decision.score", name, w.number(c.Score))
	case c.PValue.Exists() && c.PValue == c.Score:
		return w.say("decision.p", name, pText(c.PValue, w), w.number(c.Threshold))
	}
	return w.say("decision.distance", name, w.number(c.Score), w.number(c.Threshold))
}

func anchorText(c report.Column, w *words) string {
	if c.Anchor == nil {
		return ""
	}
	return w.say("anchor", stateMark(c.Anchor.State, w).Text, w.number(c.Anchor.Effect))
}

func newMany(r report.Report, w *words) *many {
	m := r.Multivariate
	if m == nil {
		return nil
	}
	state := report.ColumnStable
	switch {
	case m.Drifted:
		state = report.ColumnDrifted
	case !m.AUC.Exists():
		state = report.ColumnUnknown
	}
	out := &many{Mark: stateMark(state, w), Label: w.say("many.label"),
		Details: w.say("many.details", w.whole(m.Reference), w.whole(m.Current), w.someOf(m.Columns))}
	if !m.AUC.Exists() {
		out.Sentence = w.say("many.unknown")
		return out
	}
	out.Sentence = w.say("many."+string(state), w.share(float64(m.AUC)))
	across := scale{0.4, 1}
	low, high := m.AUC, m.AUC
	if m.Lower.Exists() && m.Upper.Exists() {
		low, high = m.Lower, m.Upper
	}
	out.lane = lane{Drawn: true, From: across.x(float64(low)), At: across.x(float64(m.AUC)), Value: w.number(m.AUC), Mark: out.Mark}
	out.lane.Width = max(2, across.x(float64(high))-out.lane.From)
	out.Half, out.X = percent(across.at(0.5)), w.axis(across, 4, w.share)
	if m.Threshold.Exists() {
		out.Limit = percent(across.at(float64(m.Threshold)))
	}
	return out
}

// plainName is a name that can stand in a link as it is.
var plainName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,40}$`)

// anchor is a column's name in links: itself where it can be, else a hash.
func anchor(name string) string {
	if plainName.MatchString(name) {
		return "c-" + name
	}
	sum := fnv.New64a()
	_, _ = sum.Write([]byte(name))
	return fmt.Sprintf("h-%016x", sum.Sum64())
}

// short is the last part of a path or address, without its query.
func short(name string) string {
	name, _, _ = strings.Cut(name, "?")
	if base := path.Base(name); base != "." && base != "/" {
		return base
	}
	return name
}

func inputTable(r report.Report, w *words) *table {
	t := &table{Caption: w.say("inputs.caption"), Head: []string{w.say("side"), w.say("source"), w.say("rows"), w.say("columns"), w.say("period")}}
	for _, in := range []struct {
		side  string
		input *report.Input
	}{{"reference", r.Inputs.Reference}, {"current", r.Inputs.Current}, {"anchor.side", r.Inputs.Anchor}} {
		if in.input == nil {
			continue
		}
		period := absent
		if in.input.From != nil && in.input.To != nil {
			period = w.moment(*in.input.From) + w.say("to") + w.moment(*in.input.To)
		}
		name := in.input.Name
		if in.input.Profile != "" {
			name += " (" + w.say("profile", in.input.Profile, in.input.Exactness) + ")"
		}
		t.Rows = append(t.Rows, []cell{textCell(w.say(in.side)), textCell(name), numberCell(w.whole(in.input.Rows)),
			numberCell(w.whole(in.input.Columns)), textCell(period)})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}
