package main

import (
	"fmt"
	"math"
	"regexp"

	"github.com/trainyard/trainyard/hack/dashboard/board"
)

var placeholder = regexp.MustCompile(`\{\{(\w+)\}\}`)

// legend fills a legend's template with a series' labels.
func legend(format string, labels map[string]string) string {
	return placeholder.ReplaceAllStringFunc(format, func(name string) string { return labels[name[2:len(name)-2]] })
}

// scales are the prefixes of units that grow by thousands, or by 1024.
var scales = map[string]struct {
	base   float64
	suffix []string
}{
	"watt":  {1000, []string{" W", " kW", " MW"}},
	"hertz": {1000, []string{" Hz", " kHz", " MHz", " GHz"}},
	"Bps":   {1000, []string{" B/s", " kB/s", " MB/s", " GB/s", " TB/s"}},
	"bytes": {1024, []string{" B", " KiB", " MiB", " GiB", " TiB"}},
	"short": {1000, []string{"", " K", " Mil"}},
}

// format writes a value in one of Grafana's units.
func format(value float64, unit string) string {
	switch unit {
	case "percentunit":
		return trim(100*value) + " %"
	case "celsius":
		return trim(value) + " °C"
	case "s":
		if math.Abs(value) < 1 {
			return trim(1000*value) + " ms"
		}
		return trim(value) + " s"
	}
	scale, ok := scales[unit]
	if !ok {
		return trim(value)
	}
	i := 0
	for ; math.Abs(value) >= scale.base && i < len(scale.suffix)-1; i++ {
		value /= scale.base
	}
	return trim(value) + scale.suffix[i]
}

// trim writes three digits, and none that says nothing.
func trim(value float64) string {
	switch {
	case value == math.Trunc(value), math.Abs(value) >= 100:
		return fmt.Sprintf("%.0f", value)
	case math.Abs(value) >= 10:
		return fmt.Sprintf("%.1f", value)
	}
	return fmt.Sprintf("%.2f", value)
}

// mapped is what mappings say for a value: a word and a colour, which may be empty.
func mapped(mappings []board.Mapping, value string) (word, colour string) {
	for _, m := range mappings {
		if option, ok := m.Options[value].(map[string]any); ok {
			word, _ = option["text"].(string)
			colour, _ = option["color"].(string)
			return word, colour
		}
	}
	return "", ""
}

// coloured is the colour of a value among thresholds.
func coloured(t *board.Thresholds, value float64) string {
	colour := ""
	for _, s := range t.Steps {
		if s.Value == nil || value >= *s.Value {
			colour = s.Color
		}
	}
	return colour
}
