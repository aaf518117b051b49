package profile

import (
	"fmt"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// namedColumns is how many columns a sentence names.
const namedColumns = 3

// sentences are the verdict and what to do next, for a reader in a hurry.
func sentences(r *report.Report, compared, drifted, unknowns int) (summary, advice string) {
	switch r.Verdict {
	case report.BadData:
		return fmt.Sprintf("The current data is not fit to be judged: %s.", countOf(len(r.Quality), "quality check fails", "quality checks fail")),
			"Fix the data, or the expectation, and compare again. Do not train on it."
	case report.Unknown:
		return unknownSummary(compared, unknowns), unknownAdvice(r)
	case report.Drifted:
		return driftedSummary(r, compared, drifted, unknowns), "Look at these columns first. If the change is real and the model suffers, train again; if it is a fault of the data, fix it there."
	}
	if drifted > 0 {
		return fmt.Sprintf("No drift of the whole, by Evidently's rule of half the columns; %s did: %s.", fraction(drifted, compared), strongest(r)),
			"Look at these columns. --compat native judges each by what it does by chance."
	}
	return fmt.Sprintf("Nothing drifted in %s.", countOf(compared, "column", "columns")), "Nothing to do."
}

func driftedSummary(r *report.Report, compared, drifted, unknowns int) string {
	if drifted == 0 {
		return "The columns drifted together, though none did alone: a classifier tells current rows from reference rows."
	}
	if unknowns > 0 {
		return fmt.Sprintf("Drift: %s; of %d more it cannot be said. Most: %s.", fraction(drifted, compared), unknowns, strongest(r))
	}
	return fmt.Sprintf("Drift: %s. Most: %s.", fraction(drifted, compared), strongest(r))
}

func unknownSummary(compared, unknowns int) string {
	if compared == 0 && unknowns == 0 {
		return "No column could be compared."
	}
	if compared == 0 {
		return fmt.Sprintf("It cannot be said whether %s drifted.", countOf(unknowns, "column", "columns"))
	}
	return fmt.Sprintf("Nothing drifted in %s, but of %d it cannot be said.", countOf(compared, "column", "columns"), unknowns)
}

func unknownAdvice(r *report.Report) string {
	if r.Compat == report.Native && r.Settings.Blocks < 10 {
		return fmt.Sprintf("The reference holds %s as long as the current data (%s), and ten are needed: take a longer reference, shorter blocks (--block), "+
			"or --compat evidently.", countOf(r.Settings.Blocks, "window", "windows"), r.Settings.Window)
	}
	return "The last column of the table says why."
}

// strongest names the columns that drifted most.
func strongest(r *report.Report) string {
	var names []string
	for _, c := range r.Ranked() {
		if c.Drifted && len(names) < namedColumns {
			names = append(names, c.Name)
		}
	}
	return strings.Join(names, ", ")
}

func fraction(part, whole int) string {
	return fmt.Sprintf("%d of %s", part, countOf(whole, "column", "columns"))
}

func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
