package board

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

var variable = regexp.MustCompile(`\$\w+`)

// Fill puts values in the place of a query's variables, as Grafana does before
// it asks; rate is Grafana's $__rate_interval.
func Fill(expression string, values map[string]string, rate time.Duration) string {
	return variable.ReplaceAllStringFunc(expression, func(name string) string {
		if name == "$__rate_interval" {
			return fmt.Sprintf("%ds", int(rate.Seconds()))
		}
		if value, ok := values[strings.TrimPrefix(name, "$")]; ok {
			return value
		}
		return name
	})
}
