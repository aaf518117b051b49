package suites

import (
	"encoding/json"
	"math"
	"slices"
)

// object is a JSON object; its readers give nothing for what is absent or of
// another type.
type object map[string]any

func asObject(v any) object {
	o, _ := v.(map[string]any)
	return o
}

func (o object) text(field string) string {
	s, _ := o[field].(string)
	return s
}

// number is a finite number.
func (o object) number(field string) (float64, bool) {
	return asNumber(o[field])
}

func asNumber(v any) (float64, bool) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, false
	}
	f, err := n.Float64()
	return f, err == nil && !math.IsInf(f, 0)
}

func (o object) list(field string) []any {
	l, _ := o[field].([]any)
	return l
}

func (o object) object(field string) object { return asObject(o[field]) }

// names are the texts of a list.
func (o object) names(field string) []string {
	var out []string
	for _, v := range o.list(field) {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// categories are the values of a list as the profiler names categories; ok is
// false where one is neither text, number nor truth value.
func (o object) categories(field string) (values []string, ok bool) {
	list, ok := o[field].([]any)
	for _, v := range list {
		switch v := v.(type) {
		case string:
			values = append(values, v)
		case json.Number:
			values = append(values, v.String())
		case bool:
			values = append(values, map[bool]string{true: "true", false: "false"}[v])
		default:
			return nil, false
		}
	}
	return values, ok && len(values) > 0
}

// set says that a field is there and says something.
func (o object) set(field string) bool {
	switch v := o[field].(type) {
	case nil:
		return false
	case []any:
		return len(v) > 0
	case map[string]any:
		return len(v) > 0
	case string:
		return v != ""
	case bool:
		return v
	}
	return true
}

// keys are the fields, in alphabetical order.
func (o object) keys() []string {
	out := make([]string, 0, len(o))
	for k := range o {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
