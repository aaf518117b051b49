package report

// Evaluation is a candidate model beside the champion, on the same rows.
type Evaluation struct {
	// Task is binary, multiclass or regression.
	Task string `json:"task"`
	// Rows were scored; Labelled of them had a label.
	Rows     int `json:"rows"`
	Labelled int `json:"labelled"`
	// BlockBy is the duration or the column that rows are taken together by.
	BlockBy    string  `json:"blockBy"`
	Blocks     int     `json:"blocks"`
	Confidence float64 `json:"confidence"`
	// Decisive is the metric whose verdict is the evaluation's.
	Decisive string            `json:"decisive"`
	Verdict  string            `json:"verdict"`
	Metrics  []MetricOutcome   `json:"metrics"`
	Segments []SegmentOutcome  `json:"segments,omitempty"`
	Tests    []IndependentTest `json:"tests,omitempty"`
}

// MetricOutcome is one metric of both models. Difference is positive where the
// candidate is better, whichever way the metric counts; Lower and Upper bound it.
type MetricOutcome struct {
	Metric        string `json:"metric"`
	LowerIsBetter bool   `json:"lowerIsBetter"`
	Champion      Number `json:"champion"`
	Candidate     Number `json:"candidate"`
	Difference    Number `json:"difference"`
	Lower         Number `json:"lower"`
	Upper         Number `json:"upper"`
	// MinDetectable is the difference that these rows would have shown in four of
	// five cases.
	MinDetectable Number `json:"minDetectable"`
	Tolerance     Number `json:"tolerance"`
	// Interval is how the interval was made, as in package gate.
	Interval string `json:"interval"`
	// Verdict is Better, NotWorse, Worse or Inconclusive.
	Verdict string `json:"verdict"`
	Reason  string `json:"reason"`
}

// SegmentOutcome is the decisive metric on one slice of the rows.
type SegmentOutcome struct {
	Column string `json:"column"`
	Value  string `json:"value"`
	Rows   int    `json:"rows"`
	Blocks int    `json:"blocks"`
	// Gap is how much worse the candidate is here than on all rows, in the
	// metric's unit.
	Gap Number `json:"gap"`
	MetricOutcome
}

// IndependentTest is a test that holds only where rows are independent, which
// the user has to say.
type IndependentTest struct {
	// Name is mcnemar or delong.
	Name      string `json:"name"`
	Statistic Number `json:"statistic"`
	PValue    Number `json:"pValue"`
}
