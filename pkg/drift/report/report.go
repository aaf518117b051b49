package report

import (
	"time"

	"github.com/trainyard/trainyard/pkg/drift"
)

// Version names the format of a Report.
const Version = "trainyard.dev/drift-report/v1"

// Verdict is the report in one word.
type Verdict string

// The verdicts, each with an exit code of the profiler: 0, 1, 0, 2.
const (
	// NotDrifted says that the data was compared and nothing drifted.
	NotDrifted Verdict = "NotDrifted"
	// Drifted says that something drifted: the rule of Compat for the whole, or,
	// for an evaluation, that the candidate is worse.
	Drifted Verdict = "Drifted"
	// Unknown says that there is too little data to tell, never that all is well.
	Unknown Verdict = "Unknown"
	// BadData says that the data is unfit to be judged; Quality says why.
	BadData Verdict = "BadData"
)

// Compat is whose rule decides.
type Compat string

// The rules: Trainyard's own, and two peers' to the digit.
const (
	Native    Compat = "native"
	Evidently Compat = "evidently"
	NannyML   Compat = "nannyml"
)

// Report is one result.
type Report struct {
	Version string  `json:"version"`
	Verdict Verdict `json:"verdict"`
	// Summary is the verdict in a sentence, Advice what to do next.
	Summary string `json:"summary"`
	Advice  string `json:"advice"`
	// Drifted is the rule's word on the whole data set: under Evidently half of
	// the columns, else any column or the multivariate test. Of a stream, any
	// window.
	Drifted bool `json:"drifted"`
	// DriftShare is the share of the compared columns that drifted.
	DriftShare Number `json:"driftShare"`
	Compat     Compat `json:"compat"`
	Inputs     Inputs `json:"inputs"`
	// Settings are the choices that the result depends on.
	Settings Settings `json:"settings"`
	// Columns are in the order of the schema, or of the reference.
	Columns []Column `json:"columns"`
	// Quality lists what the data fails; empty is a pass.
	Quality []Finding `json:"quality"`
	// Actions count the rows that rules removed or repaired before the comparison.
	Actions      []Action      `json:"actions,omitempty"`
	Snapshot     *Snapshot     `json:"snapshot,omitempty"`
	Multivariate *Multivariate `json:"multivariate,omitempty"`
	Windows      []Window      `json:"windows,omitempty"`
	// Alarms are changes of level of the model's error, row by row.
	Alarms     []Alarm     `json:"alarms,omitempty"`
	Evaluation *Evaluation `json:"evaluation,omitempty"`
}

// Inputs are what was read.
type Inputs struct {
	Reference *Input `json:"reference,omitempty"`
	Current   *Input `json:"current,omitempty"`
	// Anchor is the fixed past beside a reference that moves.
	Anchor *Input `json:"anchor,omitempty"`
}

// Input is one data set, or the window of it that was read.
type Input struct {
	// Name is where it was read from, without credentials.
	Name    string `json:"name"`
	Rows    int    `json:"rows"`
	Columns int    `json:"columns"`
	// From and To are the times of the first and the last row, where there is a
	// time column.
	From *time.Time `json:"from,omitempty"`
	To   *time.Time `json:"to,omitempty"`
	// Profile is the identity of a saved reference profile, and Exactness how it
	// was saved: Exact or Binned.
	Profile   string `json:"profile,omitempty"`
	Exactness string `json:"exactness,omitempty"`
}

// Settings are choices that change the result; absent ones do not apply.
type Settings struct {
	FalseAlarmsPerYear Number `json:"falseAlarmsPerYear"`
	WindowsPerYear     Number `json:"windowsPerYear"`
	MinEffect          Number `json:"minEffect"`
	// Blocks is the number of reference blocks that the native rule is calibrated
	// on, BlockRows their median number of rows.
	Blocks    int `json:"blocks,omitempty"`
	BlockRows int `json:"blockRows,omitempty"`
	// Window is the length of windows and blocks, Season what they are matched by,
	// Step how far apart the windows of a stream begin.
	Window string `json:"window,omitempty"`
	Season string `json:"season,omitempty"`
	Step   string `json:"step,omitempty"`
}

// Finding is an expectation on the data's quality that was not met.
type Finding struct {
	// Kind is the name of the check, as in package quality.
	Kind   string `json:"kind"`
	Column string `json:"column,omitempty"`
	// Side is reference or current.
	Side string `json:"side"`
	// Value and Limit are in the check's own unit: a share, a number of rows,
	// seconds, a factor.
	Value   Number `json:"value"`
	Limit   Number `json:"limit"`
	Message string `json:"message"`
}

// Action is what one rule did.
type Action struct {
	Rule   string `json:"rule"`
	Column string `json:"column"`
	// Do is QuarantineRows or Repair.
	Do   string `json:"do"`
	Rows int    `json:"rows"`
}

// Snapshot is the data that is left after the rules' actions, as a file that a
// training can read.
type Snapshot struct {
	// Path ends in the SHA-256 of the file's bytes.
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Rows   int    `json:"rows"`
	// Quarantined is the number of rows that were left out.
	Quarantined int `json:"quarantined"`
}

// Multivariate says whether a classifier tells current rows from reference rows
// by all numerical and categorical columns together.
type Multivariate struct {
	// AUC is the mean area under the curve over the folds; 0.5 is no drift. Lower
	// and Upper are two standard errors over the folds away.
	AUC       Number `json:"auc"`
	Lower     Number `json:"lower"`
	Upper     Number `json:"upper"`
	Threshold Number `json:"threshold"`
	Drifted   bool   `json:"drifted"`
	// Reference and Current are the rows, evenly spaced, that were used.
	Reference int      `json:"reference"`
	Current   int      `json:"current"`
	Columns   []string `json:"columns"`
	Reason    string   `json:"reason"`
	Message   string   `json:"message"`
}

// Ranked are the columns by drift times importance, strongest first: drifted
// before others, then by effect × importance, then by name.
func (r Report) Ranked() []Column {
	return rank(r.Columns)
}

// Compared says that a column got a verdict of Drifted or Stable.
func (c Column) Compared() bool { return c.State == ColumnDrifted || c.State == ColumnStable }

// Kind is how a column was compared.
type Kind = drift.Kind
