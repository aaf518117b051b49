package profile

import (
	"math"

	"github.com/trainyard/trainyard/internal/datasource/table"
	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
	"github.com/trainyard/trainyard/pkg/drift/evidently"
	"github.com/trainyard/trainyard/pkg/drift/report"
	"github.com/trainyard/trainyard/pkg/drift/stat"
)

// evidentlyText compares text as Evidently does, on all rows.
func (p *Plan) evidentlyText(said schema.Column, reference, current *Summary) verdict {
	r := p.Options.ruleFor(said, drift.Text)
	outcome, err := evidently.CompareTexts(reference.Name, texts(reference.live), texts(current.live),
		evidently.Options{Method: evidently.Method(r.method), Threshold: r.threshold})
	if err != nil {
		return unknown(reasonMethod, err.Error())
	}
	v := scored(outcome)
	v.measured, v.unit, v.effect = outcome.Score-0.5, report.AreaAboveHalf, stat.Interval{Lower: math.NaN(), Upper: math.NaN()}
	return v
}

// texts are those that are not missing, in the order of the rows.
func texts(v *values) []string {
	var out []string
	for _, code := range v.codes {
		if code != table.Absent {
			out = append(out, v.labels[code])
		}
	}
	return out
}
