package window

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Duration is a time.Duration that may also be written in days of 24 hours and
// weeks of seven days: 90m, 36h, 7d, 2w. It is never negative when read.
type Duration time.Duration

// longest bounds a duration, so that the sum of any two is one.
const longest = Duration(100 * 365 * day)

const day = 24 * time.Hour

// ParseDuration reads a Duration of at most a hundred years.
func ParseDuration(text string) (Duration, error) {
	if days, found := inDays(text); found {
		if !(days >= 0 && days <= float64(longest)/float64(day)) {
			return 0, fmt.Errorf("%q is no duration between 0 and 36500d: write for example 7d or 2w", text)
		}
		return Duration(days * float64(day)), nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 || Duration(d) > longest {
		return 0, fmt.Errorf("%q is no duration between 0 and 36500d: write for example 90s, 15m, 36h, 7d or 2w", text)
	}
	return Duration(d), nil
}

// inDays reads a number of days or weeks, in days.
func inDays(text string) (days float64, found bool) {
	for suffix, unit := range map[string]float64{"d": 1, "w": 7} {
		if number, cut := strings.CutSuffix(text, suffix); cut {
			count, err := strconv.ParseFloat(number, 64)
			return count * unit, err == nil
		}
	}
	return 0, false
}

// UnmarshalJSON implements json.Unmarshaler.
func (d *Duration) UnmarshalJSON(raw []byte) error {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return fmt.Errorf("a duration is text such as \"36h\" or \"7d\", not %.40s", raw)
	}
	parsed, err := ParseDuration(text)
	*d = parsed
	return err
}

// MarshalJSON implements json.Marshaler.
func (d Duration) MarshalJSON() ([]byte, error) { return []byte(strconv.Quote(d.String())), nil }

// String is the shortest way to write it.
func (d Duration) String() string {
	if d > 0 && d%Duration(day) == 0 {
		return strconv.FormatInt(int64(d/Duration(day)), 10) + "d"
	}
	return time.Duration(d).String()
}
