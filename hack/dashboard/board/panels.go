package board

// Words of Grafana's.
const (
	onTimeRange  = 2 // refresh a variable when the time range changes
	alphabetical = 1
	columns      = 24
)

var prometheus = Datasource{"prometheus", "${datasource}"}

// section is a row of the dashboard and the panels under it, so many beside each
// other and all equally high.
type section struct {
	title          string
	across, height int
	panels         []Panel
}

// addTo lays the section out below what is there. A table that is a section's
// odd one out takes a line of its own.
func (s section) addTo(d *Dashboard) {
	y := 0
	if n := len(d.Panels); n > 0 {
		y = d.Panels[n-1].GridPos.Y + d.Panels[n-1].GridPos.H
	}
	add := func(p Panel, at Grid) {
		p.ID, p.GridPos = len(d.Panels)+1, at
		d.Panels = append(d.Panels, p)
	}
	add(Panel{Type: "row", Title: s.title}, Grid{1, columns, 0, y})
	y++
	whole, width := len(s.panels)/s.across*s.across, columns/s.across
	for i, p := range s.panels {
		at := Grid{s.height, width, i % s.across * width, y + i/s.across*s.height}
		if i >= whole {
			at.X, at.W = 0, columns
		}
		add(p, at)
	}
}

func query(expr, legend string) Target {
	return Target{Expr: expr, LegendFormat: legend, Range: true, Datasource: prometheus}
}

func lettered(targets []Target) []Target {
	for i := range targets {
		targets[i].RefID = string(rune('A' + i))
	}
	return targets
}

func number(v float64) *float64 { return &v }

func steps(base string, rest ...Step) *Thresholds {
	return &Thresholds{"absolute", append([]Step{{base, nil}}, rest...)}
}

// The looks of a stat: colour never speaks alone, the number or its word does.
var (
	blue            = steps("blue")
	redAboveZero    = steps("green", Step{"red", number(1)})
	yellowAboveZero = steps("green", Step{"yellow", number(1)})
)

// none writes "none" for zero.
var none = Mapping{"value", map[string]any{"0": map[string]any{"text": "none", "index": 0}}}

func stat(title, description, unit string, look *Thresholds, expr string) Panel {
	field := Field{Unit: unit, NoValue: "no data", Color: map[string]any{"mode": "thresholds"}, Thresholds: look}
	if len(look.Steps) > 1 {
		field.Mappings = []Mapping{none}
	}
	return Panel{
		Type: "stat", Title: title, Description: description, Datasource: &prometheus,
		Targets:     lettered([]Target{{Expr: expr, Instant: true, Datasource: prometheus}}),
		FieldConfig: &FieldConfig{Defaults: field, Overrides: []Override{}},
		Options: map[string]any{
			"colorMode": "value", "graphMode": "none", "textMode": "value", "justifyMode": "center",
			"reduceOptions": map[string]any{"calcs": []string{"lastNotNull"}, "fields": "", "values": false},
		},
	}
}

func graph(title, description, unit string, targets ...Target) Panel {
	field := Field{
		Unit: unit, NoValue: "no data", Color: map[string]any{"mode": "palette-classic"},
		Custom: map[string]any{"drawStyle": "line", "lineWidth": 2, "fillOpacity": 5, "showPoints": "never", "spanNulls": false},
	}
	if unit == "percentunit" {
		field.Min, field.Max = number(0), number(1)
	}
	return Panel{
		Type: "timeseries", Title: title, Description: description, Datasource: &prometheus, Targets: lettered(targets),
		FieldConfig: &FieldConfig{Defaults: field, Overrides: []Override{}},
		Options: map[string]any{
			"legend":  map[string]any{"displayMode": "table", "placement": "right", "calcs": []string{"lastNotNull", "max"}, "showLegend": true},
			"tooltip": map[string]any{"mode": "multi", "sort": "desc"},
		},
	}
}

func stacked(p Panel) Panel {
	p.FieldConfig.Defaults.Custom["stacking"] = map[string]any{"mode": "normal", "group": "A"}
	p.FieldConfig.Defaults.Custom["fillOpacity"] = 30
	return p
}

// verdictColours go with the verdicts' own words wherever they are shown.
var verdictColours = []struct{ severity, word, colour string }{
	{"Healthy", "Healthy", "green"},
	{"Unknown", "Unknown: cannot be read", "blue"},
	{"Degraded", "Degraded: no new work", "yellow"},
	{"Fatal", "Fatal: work fails", "red"},
}

// severities stacks the verdicts in their colours.
func severities(p Panel) Panel {
	for _, v := range verdictColours {
		p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{Matcher{"byName", v.severity}, []Property{
			{"color", map[string]any{"mode": "fixed", "fixedColor": v.colour}},
		}})
	}
	p.FieldConfig.Defaults.Custom["drawStyle"] = "bars"
	return stacked(p)
}

// thermal marks where the margin ends.
func thermal(p Panel) Panel {
	p.FieldConfig.Defaults.Thresholds = steps("red", Step{"yellow", number(0)}, Step{"green", number(5)})
	p.FieldConfig.Defaults.Custom["thresholdsStyle"] = map[string]any{"mode": "line"}
	return p
}

// driverStates draws 0 and 1 as steps, with words.
func driverStates(p Panel) Panel {
	p.FieldConfig.Defaults.Min, p.FieldConfig.Defaults.Max = number(0), number(1)
	p.FieldConfig.Defaults.Mappings = []Mapping{{"value", map[string]any{
		"0": map[string]any{"text": "no answer", "index": 0}, "1": map[string]any{"text": "answers", "index": 1},
	}}}
	p.FieldConfig.Defaults.Custom["lineInterpolation"] = "stepAfter"
	return p
}

// tableColumn is a column: a field of the answer, what it is called, and how it looks.
type tableColumn struct {
	field, name string
	properties  []Property
}

func column(field, name string) tableColumn { return tableColumn{field: field, name: name} }

func unitColumn(field, name, unit string) tableColumn {
	return tableColumn{field, name, []Property{{"unit", unit}}}
}

// barColumn draws a bar beside the number.
func barColumn(field, name, unit string, most float64) tableColumn {
	return tableColumn{field, name, []Property{
		{"unit", unit}, {"min", 0}, {"max", most}, {"custom.cellOptions", map[string]any{"type": "gauge", "mode": "basic", "valueDisplayMode": "text"}},
		{"color", map[string]any{"mode": "fixed", "fixedColor": "blue"}},
	}}
}

// verdictColumn writes a verdict in words and colours it.
func verdictColumn(field, name string) tableColumn {
	words := map[string]any{}
	for i, v := range verdictColours {
		words[v.severity] = map[string]any{"text": v.word, "color": v.colour, "index": i}
	}
	return tableColumn{field, name, []Property{
		{"mappings", []Mapping{{"value", words}}}, {"custom.cellOptions", map[string]any{"type": "color-text"}},
	}}
}

// table shows what instant queries answer, joined by their labels; only the
// named columns are kept, in their order.
func table(title, description string, expressions []string, shown ...tableColumn) Panel {
	p := Panel{Type: "table", Title: title, Description: description, Datasource: &prometheus,
		FieldConfig: &FieldConfig{Defaults: Field{NoValue: "nothing", Custom: map[string]any{"filterable": true}}, Overrides: []Override{}},
		Options:     map[string]any{"showHeader": true, "cellHeight": "sm"},
	}
	for _, expr := range expressions {
		p.Targets = append(p.Targets, Target{Expr: expr, Instant: true, Format: "table", Datasource: prometheus})
	}
	lettered(p.Targets)
	order, names := map[string]any{}, map[string]any{}
	kept := ""
	for i, c := range shown {
		order[c.field], names[c.field] = i, c.name
		kept += "|" + c.field
		if len(c.properties) > 0 {
			p.FieldConfig.Overrides = append(p.FieldConfig.Overrides, Override{Matcher{"byName", c.name}, c.properties})
		}
	}
	p.Transformations = []Transformation{
		{"merge", map[string]any{}},
		{"filterFieldsByName", map[string]any{"include": map[string]any{"pattern": "^(" + kept[1:] + ")$"}}},
		{"organize", map[string]any{"indexByName": order, "renameByName": names}},
	}
	return p
}

// sorted orders a table by a column.
func sorted(p Panel, name string, descending bool) Panel {
	p.Options["sortBy"] = []any{map[string]any{"displayName": name, "desc": descending}}
	return p
}
