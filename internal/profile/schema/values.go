package schema

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/window"
)

// Length is a duration or a number of rows; the zero value is neither.
type Length struct {
	Time window.Duration
	Rows int
}

// ParseLength reads a Length.
func ParseLength(text string) (Length, error) {
	if count, found := strings.CutSuffix(strings.TrimSpace(text), "rows"); found {
		rows, err := strconv.Atoi(strings.TrimSpace(count))
		if err != nil || rows <= 0 {
			return Length{}, fmt.Errorf("%q is no length: write a number of rows as 336rows, or a duration as 7d", text)
		}
		return Length{Rows: rows}, nil
	}
	d, err := window.ParseDuration(strings.TrimSpace(text))
	if err != nil || d == 0 {
		return Length{}, fmt.Errorf("%q is no length: write a duration as 7d, or a number of rows as 336rows", text)
	}
	return Length{Time: d}, nil
}

// IsZero says that there is no length.
func (l Length) IsZero() bool { return l == Length{} }

// String is how it is written.
func (l Length) String() string {
	switch {
	case l.Rows > 0:
		return strconv.Itoa(l.Rows) + "rows"
	case l.Time > 0:
		return l.Time.String()
	}
	return ""
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Length) UnmarshalJSON(raw []byte) error {
	text, err := unquote(raw)
	if err != nil || text == "" {
		return err
	}
	*l, err = ParseLength(text)
	return err
}

// MarshalJSON implements json.Marshaler.
func (l Length) MarshalJSON() ([]byte, error) { return quote(l.String()) }

// Value is a number or a text.
type Value struct {
	Number float64
	Text   string
	IsText bool
}

// UnmarshalJSON implements json.Unmarshaler.
func (v *Value) UnmarshalJSON(raw []byte) error {
	if err := json.Unmarshal(raw, &v.Number); err == nil {
		return nil
	}
	v.IsText = true
	if err := json.Unmarshal(raw, &v.Text); err != nil {
		return fmt.Errorf("%.40s is no value: write a number or a text", raw)
	}
	return nil
}

// MarshalJSON implements json.Marshaler.
func (v Value) MarshalJSON() ([]byte, error) {
	if v.IsText {
		return quote(v.Text)
	}
	return []byte(strconv.FormatFloat(v.Number, 'g', -1, 64)), nil
}

func unquote(raw []byte) (string, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", fmt.Errorf("%.40s must be a text, in quotes: %w", raw, err)
	}
	return text, nil
}

func quote(text string) ([]byte, error) {
	raw, err := json.Marshal(text)
	if err != nil {
		return nil, fmt.Errorf("write %q: %w", text, err)
	}
	return raw, nil
}
