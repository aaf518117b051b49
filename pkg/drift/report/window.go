package report

import "time"

// Window is one stretch of a stream, held against the reference.
type Window struct {
	Index int `json:"index"`
	// From and To are event times, from inclusive, to exclusive; absent where the
	// stream is cut by rows. FirstRow counts from zero.
	From     *time.Time `json:"from,omitempty"`
	To       *time.Time `json:"to,omitempty"`
	FirstRow int        `json:"firstRow"`
	Rows     int        `json:"rows"`
	Verdict  Verdict    `json:"verdict"`
	// DriftShare is the share of the compared columns that drifted.
	DriftShare Number         `json:"driftShare"`
	Columns    []WindowColumn `json:"columns"`
	Quality    []Finding      `json:"quality,omitempty"`
	// Performance of the model, where the stream has labels and predictions.
	Performance []Figure `json:"performance,omitempty"`
}

// WindowColumn is one column in one window: a point of its line, with its
// interval and its alarm. Fields mean what they mean in Column.
type WindowColumn struct {
	Name      string      `json:"name"`
	State     ColumnState `json:"state"`
	Score     Number      `json:"score"`
	Threshold Number      `json:"threshold"`
	Effect    Number      `json:"effect"`
	Lower     Number      `json:"lower"`
	Upper     Number      `json:"upper"`
	Drifted   bool        `json:"drifted"`
	Reason    string      `json:"reason"`
}

// Figure is one performance metric.
type Figure struct {
	Metric string `json:"metric"`
	Value  Number `json:"value"`
	// Estimated figures come from probabilities, not from labels, and are valid
	// under covariate shift only.
	Estimated bool `json:"estimated,omitempty"`
	// Coverage is the share of the window's rows that the figure speaks of.
	Coverage Number `json:"coverage"`
}

// Alarm is a change of level that a detector saw in a signal.
type Alarm struct {
	// Detector is adwin or page-hinkley, Signal what it watched.
	Detector string     `json:"detector"`
	Signal   string     `json:"signal"`
	Row      int        `json:"row"`
	Time     *time.Time `json:"time,omitempty"`
}
