package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// testCase is one input for both sides.
type testCase struct {
	Suite     string  `json:"suite"`
	Method    string  `json:"method"`
	Kind      string  `json:"kind,omitempty"` // how the column is stored: float, int or label
	As        string  `json:"as,omitempty"`   // how it is compared: numerical or categorical
	Reference doubles `json:"reference"`
	Current   doubles `json:"current"`
	// Files are a reference and current data, of a case that compares files.
	Files []string `json:"files,omitempty"`
	name  string
}

// answer is what one side says of a case.
type answer struct {
	Statistic *double  `json:"statistic"`
	P         *double  `json:"p"`
	Threshold *double  `json:"threshold"`
	Drifted   *bool    `json:"drifted"`
	Method    string   `json:"method"`
	Kind      string   `json:"kind"`
	List      []double `json:"list"`
	Error     string   `json:"error"`
	Skip      string   `json:"skip"`  // why the suite cannot run
	Noise     string   `json:"noise"` // why the peer's own number is rounding
}

// doubles travel as base64 of their bits, so that nothing is rounded.
type doubles []float64

func (d doubles) MarshalJSON() ([]byte, error) {
	raw := make([]byte, 8*len(d))
	for i, v := range d {
		binary.LittleEndian.PutUint64(raw[8*i:], math.Float64bits(v))
	}
	return json.Marshal(base64.StdEncoding.EncodeToString(raw))
}

// double is a number that may be NaN or infinite.
type double float64

func (d *double) UnmarshalJSON(text []byte) error {
	var special struct {
		Special string `json:"special"`
	}
	if json.Unmarshal(text, &special) == nil && special.Special != "" {
		switch special.Special {
		case "nan":
			*d = double(math.NaN())
		case "inf":
			*d = double(math.Inf(1))
		case "-inf":
			*d = double(math.Inf(-1))
		default:
			return fmt.Errorf("special number %q", special.Special)
		}
		return nil
	}
	return json.Unmarshal(text, (*float64)(d))
}

func number(v float64) *double {
	d := double(v)
	return &d
}
