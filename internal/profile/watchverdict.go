package profile

import (
	"fmt"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// conclude gives the verdict on a stream: a drift in any window that is fit to be
// judged, else bad data in any.
func (w *watcher) conclude(r *report.Report) {
	counts := map[report.Verdict]int{}
	first := map[report.Verdict]int{}
	for i, window := range r.Windows {
		if counts[window.Verdict] == 0 {
			first[window.Verdict] = i
		}
		counts[window.Verdict]++
	}
	compared, drifted := 0, 0
	for _, c := range r.Columns {
		if c.Compared() {
			compared++
		}
		if c.Drifted {
			drifted++
		}
	}
	if compared > 0 {
		r.DriftShare = report.Number(float64(drifted) / float64(compared))
	}
	n := len(r.Windows)
	for _, verdict := range []report.Verdict{report.Drifted, report.BadData, report.NotDrifted, report.Unknown} {
		if counts[verdict] > 0 {
			r.Verdict = verdict
			break
		}
	}
	r.Drifted = r.Verdict == report.Drifted
	switch r.Verdict {
	case report.Drifted:
		r.Summary = fmt.Sprintf("Drift in %d of %d windows, first in %s. Most: %s.", counts[report.Drifted], n, windowName(&r.Windows[first[report.Drifted]]), strongest(r))
		r.Advice = "See what changed at the first of them. A reference that is old alarms until it is renewed."
	case report.BadData:
		r.Summary = fmt.Sprintf("No drift, but %d of %d windows are not fit to be judged, first %s.", counts[report.BadData], n, windowName(&r.Windows[first[report.BadData]]))
		r.Advice = "Fix the data, or the expectation, and replay again."
		r.Quality = append(r.Quality, r.Windows[first[report.BadData]].Quality...)
	case report.Unknown:
		r.Summary = fmt.Sprintf("It cannot be said of any of %d windows whether it drifted.", n)
		r.Advice = unknownAdvice(r)
	default:
		r.Summary = fmt.Sprintf("Nothing drifted in %d windows.", n)
		r.Advice = "Nothing to do."
	}
}

// windowName is how a sentence calls a window.
func windowName(w *report.Window) string {
	if w.From != nil {
		return fmt.Sprintf("window %d (%s)", w.Index+1, w.From.Format("2006-01-02 15:04"))
	}
	return fmt.Sprintf("window %d (row %d)", w.Index+1, w.FirstRow)
}
