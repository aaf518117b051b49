package reportpage

import "github.com/trainyard/trainyard/pkg/drift/report"

// The classes of marks, which the style gives a colour and a sign each.
const (
	classDrifted = "drifted"
	classStable  = "stable"
	classUnknown = "unknown"
	classSkipped = "skipped"
	classBad     = "bad"
	classBetter  = "better"
	classWorse   = "worse"
)

// verdictMark is a report's or a window's verdict.
func verdictMark(v report.Verdict, w *words) mark {
	switch v {
	case report.Drifted:
		return mark{classDrifted, w.say("verdict.drifted")}
	case report.NotDrifted:
		return mark{classStable, w.say("verdict.stable")}
	case report.BadData:
		return mark{classBad, w.say("verdict.bad")}
	}
	return mark{classUnknown, w.say("verdict.unknown")}
}

// stateMark is a column's verdict.
func stateMark(s report.ColumnState, w *words) mark {
	switch s {
	case report.ColumnDrifted:
		return mark{classDrifted, w.say("state.drifted")}
	case report.ColumnStable:
		return mark{classStable, w.say("state.stable")}
	case report.ColumnSkipped:
		return mark{classSkipped, w.say("state.skipped")}
	}
	return mark{classUnknown, w.say("state.unknown")}
}

// gateMark is an evaluation's verdict.
func gateMark(verdict string, w *words) mark {
	switch verdict {
	case "Better":
		return mark{classBetter, w.say("gate.Better")}
	case "NotWorse":
		return mark{classStable, w.say("gate.NotWorse")}
	case "Worse":
		return mark{classWorse, w.say("gate.Worse")}
	}
	return mark{classUnknown, w.say("gate.Inconclusive")}
}
