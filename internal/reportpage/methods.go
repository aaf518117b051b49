package reportpage

import (
	"slices"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// methodsPage is where every method has its source, its use and its traps.
const methodsPage = "https://github.com/trainyard/trainyard/blob/main/docs/drift-methods.md"

// method is one way of comparing a column: its formula and where to read on. Its
// name and what it measures are texts under its key.
type method struct{ key, formula, section string }

const (
	sectionNumbers    = "numbers-as-they-are"
	sectionCategories = "bins-and-categories"
	sectionMany       = "many-columns-text-embeddings"
)

// catalogue has every method under every name that a rule gives it.
var catalogue = map[string]method{
	"ks":                      {"ks", "sup │F − G│", sectionNumbers},
	"kolmogorov_smirnov":      {"ks", "sup │F − G│", sectionNumbers},
	"wasserstein":             {"wasserstein", "∫ │F − G│ ∕ σ", sectionNumbers},
	"cramer_von_mises":        {"cramer", "U ∕ (nm(n+m)) − (4nm−1) ∕ (6(n+m))", sectionNumbers},
	"anderson":                {"anderson", "A² = ∫ (F − G)² ∕ (H(1 − H)) dH", sectionNumbers},
	"es":                      {"epps", "(g − h)ᵀ Σ⁻¹ (g − h)", sectionNumbers},
	"mannw":                   {"mannwhitney", "U = R − n(n+1) ∕ 2", sectionNumbers},
	"t_test":                  {"ttest", "(x̄ − ȳ) ∕ s√(1∕n + 1∕m)", sectionNumbers},
	"ed":                      {"energy", "√(2 ∫ (F − G)²)", sectionNumbers},
	"psi":                     {"psi", "Σ (r − c) · ln(r ∕ c)", sectionCategories},
	"kl_div":                  {"kl", "Σ r · ln(r ∕ c)", sectionCategories},
	"jensenshannon":           {"js", "√(½ KL(r‖m) + ½ KL(c‖m)), m = (r + c) ∕ 2", sectionCategories},
	"jensen_shannon":          {"js", "√(½ KL(r‖m) + ½ KL(c‖m)), m = (r + c) ∕ 2", sectionCategories},
	"hellinger":               {"hellinger", "√(½ Σ (√r − √c)²)", sectionCategories},
	"tv":                      {"tv", "½ Σ │r − c│", sectionCategories},
	"TVD":                     {"tv", "½ Σ │r − c│", sectionCategories},
	"l_infinity":              {"linfinity", "max │r − c│", sectionCategories},
	"chisquare":               {"chisquare", "Σ (o − e)² ∕ e", sectionCategories},
	"chi2":                    {"chisquare", "Σ (o − e)² ∕ e", sectionCategories},
	"g_test":                  {"g", "2 Σ o · ln(o ∕ e)", sectionCategories},
	"z":                       {"z", "(r − c) ∕ √(p(1 − p)(1∕n + 1∕m))", sectionCategories},
	"fisher_exact":            {"fisher", "", sectionCategories},
	"empirical_mmd":           {"mmd", "MMD² = E k(x,x′) − 2 E k(x,y) + E k(y,y′)", sectionMany},
	"domain_classifier":       {"domain", "P(score(c) > score(r))", sectionMany},
	"perc_text_content_drift": {"domain", "P(score(c) > score(r))", sectionMany},
	"abs_text_content_drift":  {"domain", "P(score(c) > score(r))", sectionMany},
	"mcnemar":                 {"mcnemar", "min(1, 2 · P(X ≤ min(b, c)))", "candidate-against-champion"},
	"delong":                  {"delong", "", "candidate-against-champion"},
}

// methodName is a method's name for people; the rule's own where it has no other.
func methodName(name string, w *words) string {
	known, ok := catalogue[name]
	switch {
	case name == "":
		return absent
	case !ok:
		return name
	}
	return w.say("method." + known.key)
}

// explanation is how one method of the report works.
type explanation struct {
	Name, What, Formula, Link, Threshold string
	Columns                              string
}

// explanations are the methods that the columns were compared with, in the
// order of the columns.
func explanations(r report.Report, w *words) []explanation {
	var order []string
	columns, thresholds := map[string][]string{}, map[string][]report.Number{}
	for _, c := range r.Columns {
		if c.Method == "" || c.State == report.ColumnSkipped {
			continue
		}
		if _, seen := columns[c.Method]; !seen {
			order = append(order, c.Method)
		}
		columns[c.Method] = append(columns[c.Method], c.Name)
		if !slices.Contains(thresholds[c.Method], c.Threshold) && c.Threshold.Exists() {
			thresholds[c.Method] = append(thresholds[c.Method], c.Threshold)
		}
	}
	var out []explanation
	for _, name := range order {
		known, ok := catalogue[name]
		e := explanation{Name: methodName(name, w), Link: methodsPage, Columns: w.someOf(columns[name])}
		if ok {
			e.What, e.Formula, e.Link = w.say("method."+known.key+".what"), known.formula, methodsPage+"#"+known.section
		}
		if ts := thresholds[name]; len(ts) == 1 {
			e.Threshold = w.say("method.threshold", w.number(ts[0]))
		}
		out = append(out, e)
	}
	return out
}

// someOf lists a few names and counts the others.
func (w *words) someOf(names []string) string {
	const shown = 6
	if len(names) <= shown {
		return w.list(names)
	}
	rest := len(names) - shown
	return w.list(append(slices.Clone(names[:shown]), w.count("more", rest, w.whole(rest))))
}
