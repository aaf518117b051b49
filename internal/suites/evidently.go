package suites

import (
	"cmp"
	"strings"

	"github.com/trainyard/trainyard/internal/profile/schema"
	"github.com/trainyard/trainyard/pkg/drift"
)

// readEvidently reads the configuration of a report (metrics), a definition of
// data (DataDefinition, or ColumnMapping of older versions), one metric, or an
// object that holds several of these by name.
func readEvidently(b *builder, document any) error {
	if list, ok := document.([]any); ok {
		return readMetrics(b, list)
	}
	o := asObject(document)
	found := false
	for _, field := range []string{"data_definition", "column_mapping"} {
		if definition := o.object(field); definition != nil {
			readDefinition(b, definition)
			found = true
		}
	}
	if isDefinition(o) {
		readDefinition(b, o)
		found = true
	}
	switch {
	case o.text("type") != "":
		return readMetrics(b, []any{map[string]any(o)})
	case o.object("metric_results") != nil || o.list("tests") != nil && o.list("metrics") != nil && o["descriptors"] == nil:
		return &Error{Evidently, "it holds the results of a run", "save the configuration: evidently.cli.report.ReportConfig(metrics=…).save(\"config.json\")"}
	case o.list("metrics") != nil:
		for _, field := range []string{"descriptors", "options"} {
			if o.set(field) {
				b.leave(field, "", "the profiler computes no columns of its own: add them to the data")
			}
		}
		return readMetrics(b, o.list("metrics"))
	case !found:
		return &Error{Evidently, "it has neither metrics nor columns",
			"save a ReportConfig, a DataDefinition or a ColumnMapping as JSON"}
	}
	return nil
}

// definitionFields are the fields of both kinds of definition that hold columns
// and the kind that these are of.
var definitionFields = []struct {
	name string
	kind schema.Kind
}{
	{"numerical_columns", schema.Kind(drift.Numerical)}, {"numerical_features", schema.Kind(drift.Numerical)}, {"numerical_descriptors", schema.Kind(drift.Numerical)},
	{"categorical_columns", schema.Kind(drift.Categorical)}, {"categorical_features", schema.Kind(drift.Categorical)}, {"categorical_descriptors", schema.Kind(drift.Categorical)},
	{"text_columns", schema.Kind(drift.Text)}, {"text_features", schema.Kind(drift.Text)},
	{"datetime_columns", schema.Kind(drift.Datetime)}, {"datetime_features", schema.Kind(drift.Datetime)},
	{"unknown_columns", schema.Ignore}, {"list_columns", schema.Ignore},
}

func isDefinition(o object) bool {
	for _, f := range definitionFields {
		if _, ok := o[f.name]; ok {
			return true
		}
	}
	return false
}

// otherTasks are fields of a definition that only other tasks need.
var otherTasks = []string{"service_columns", "llm", "ranking", "special_columns", "test_descriptors", "target_names"}

func readDefinition(b *builder, o object) {
	for _, f := range definitionFields {
		for _, name := range o.names(f.name) {
			if name == "" {
				b.leave(f.name, "", "a column without a name")
				continue
			}
			b.column(name).Kind = f.kind
		}
	}
	b.schema.TimeColumn = cmp.Or(b.schema.TimeColumn, o.text("timestamp"), o.text("datetime"))
	if id := cmp.Or(o.text("id_column"), o.text("id")); id != "" {
		b.schema.Key = []string{id}
	}
	b.schema.Label = cmp.Or(b.schema.Label, o.text("target"))
	b.schema.Prediction = cmp.Or(b.schema.Prediction, o.text("prediction"))
	readTasks(b, o)
	embeddings := o.object("embeddings")
	for _, name := range embeddings.keys() {
		columns := embeddings.names(name)
		if len(columns) == 0 || name == "" {
			b.leave("embeddings", name, "it names no columns")
			continue
		}
		c := b.column(name)
		c.Kind, c.Columns = schema.Embedding, columns
	}
	for _, field := range otherTasks {
		if o.set(field) {
			b.leave(field, "", "the profiler has no such role for columns")
		}
	}
}

// readTasks takes the first task's columns as what was true and predicted.
func readTasks(b *builder, o object) {
	taken := false
	for _, field := range []string{"classification", "regression"} {
		for _, v := range o.list(field) {
			task := asObject(v)
			if taken {
				b.leave(field, task.text("name"), "a schema has one label and one prediction: evaluate the tasks one by one")
				continue
			}
			taken = true
			b.schema.Label = cmp.Or(task.text("target"), b.schema.Label)
			b.schema.Prediction = cmp.Or(task.text("prediction_labels"), task.text("prediction"), b.schema.Prediction)
			b.schema.Score = cmp.Or(task.text("prediction_probas"), b.schema.Score)
			if task.set("prediction_probas") && task.text("prediction_probas") == "" {
				b.leave(field, "prediction_probas", "a schema has one column of scores: name the one of the positive class")
			}
		}
	}
}

func readMetrics(b *builder, list []any) error {
	for _, v := range list {
		o := asObject(v)
		kind := o.text("type")
		if kind == "" {
			return &Error{Evidently, "a metric has no type", "save the configuration with Evidently 0.7 or later"}
		}
		name := kind[strings.LastIndex(kind, ":")+1:]
		read, known := metrics[name]
		if !known {
			b.leave(name, o.text("column"), "the profiler has no such expectation")
			continue
		}
		if needsColumn[name] && o.text("column") == "" {
			return &Error{Evidently, name + " names no column", "save the configuration with Evidently 0.7 or later"}
		}
		read(b, name, o)
	}
	return nil
}

var metrics = map[string]func(*builder, string, object){
	"DataDriftPreset": readDriftPreset, "DriftedColumnsCount": readDriftPreset, "ValueDrift": readValueDrift,
	"MissingValueCount": readMissing, "RowCount": readRowCount, "MinValue": readExtreme, "MaxValue": readExtreme,
	"OutRangeValueCount": readRange, "InRangeValueCount": readRange, "OutListValueCount": readValues, "InListValueCount": readValues,
	"DuplicatedRowCount": readDuplicates,
}

var needsColumn = map[string]bool{"ValueDrift": true, "MissingValueCount": true, "MinValue": true, "MaxValue": true,
	"OutRangeValueCount": true, "InRangeValueCount": true, "OutListValueCount": true, "InListValueCount": true}

func readValueDrift(b *builder, name string, o object) {
	c := b.column(o.text("column"))
	c.Method = cmp.Or(o.text("method"), c.Method)
	if threshold, ok := o.number("threshold"); ok {
		c.Threshold = &threshold
	}
	leaveTests(b, name, c.Name, "tests", o)
}

// readDriftPreset takes over which column is compared how. A choice for all
// columns of a kind is written to the columns whose kind the file says.
func readDriftPreset(b *builder, name string, o object) {
	named := o.names("columns")
	for _, column := range named {
		if column != "" {
			b.column(column)
		}
	}
	for _, c := range []struct {
		prefix string
		kind   schema.Kind
	}{{"", ""}, {"num_", schema.Kind(drift.Numerical)}, {"cat_", schema.Kind(drift.Categorical)}, {"text_", schema.Kind(drift.Text)}} {
		b.forKind(name, c.prefix, c.kind, o)
	}
	methods, thresholds := o.object("per_column_method"), o.object("per_column_threshold")
	for _, column := range methods.keys() {
		if column != "" {
			b.column(column).Method = methods.text(column)
		}
	}
	for _, column := range thresholds.keys() {
		if threshold, ok := thresholds.number(column); ok && column != "" {
			b.column(column).Threshold = &threshold
		}
	}
	if limit, ok := o.number("drift_share"); ok && limit != 0.5 {
		b.leave(name, "drift_share", "the rule is fixed at half of the columns: read driftShare in the report")
	}
	for _, field := range []string{"embeddings", "embeddings_drift_method"} {
		if o.set(field) {
			b.leave(name, field, "embeddings are compared by a classifier: list them in the data definition")
		}
	}
	leaveTests(b, name, "", "tests", o)
	leaveTests(b, name, "", "share_tests", o)
}

// forKind writes the method and the threshold of one kind of columns to those
// whose kind is known.
func (b *builder) forKind(name, prefix string, kind schema.Kind, o object) {
	method := o.text(prefix + "method")
	threshold, bounded := o.number(prefix + "threshold")
	if method == "" && !bounded {
		return
	}
	reached := false
	for i := range b.schema.Columns {
		c := &b.schema.Columns[i]
		if kind != "" && c.Kind != kind || c.Kind == schema.Embedding || c.Kind == schema.Ignore {
			continue
		}
		reached = true
		c.Method = cmp.Or(method, c.Method)
		if bounded {
			c.Threshold = &threshold
		}
	}
	if !reached {
		b.leave(name, prefix+"method", "the file does not say which columns these are: put its data_definition beside its metrics, or give --method and --threshold")
	}
}

func leaveTests(b *builder, name, where, field string, o object) {
	if o.set(field) {
		b.leave(name, strings.Trim(where+" "+field, " "), "the exit code is the verdict: a drift is a failure")
	}
}
