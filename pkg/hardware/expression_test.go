package hardware

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

func TestExpression(t *testing.T) {
	tests := []struct {
		text string
		vars numbers
		want Truth
	}{
		{"temperature_celsius > 80", numbers{"temperature_celsius": 81}, True},
		{"temperature_celsius > 80", numbers{"temperature_celsius": 80}, False},
		{"temperature_celsius > 80", nil, Undecided},
		{"power_watts < 0.35 * power_limit_watts", numbers{"power_watts": 244, "power_limit_watts": 700}, True},
		{"2 + 3 * 4 == 14 && (2 + 3) * 4 == 20", nil, True},
		{"10 - 4 - 3 == 3 && 8 / 4 / 2 == 1", nil, True},
		{"-margin_celsius >= 3", numbers{"margin_celsius": -3}, True},
		{"lost", numbers{"lost": 1}, True},
		{"!lost", nil, Undecided},
		{"lost && temperature_celsius > 1", numbers{"lost": 0}, False},     // the known side decides
		{"lost || temperature_celsius > 1", numbers{"lost": 1}, True},      // the known side decides
		{"lost && temperature_celsius > 1", numbers{"lost": 1}, Undecided}, //
		{"known(temperature_celsius)", numbers{"temperature_celsius": 0}, True},
		{"known(temperature_celsius)", nil, False},
		{"power_watts / power_limit_watts > 1", numbers{"power_watts": 1, "power_limit_watts": 0}, Undecided},
		{"processes != 2", numbers{"processes": 1}, True},
		{"!(lost || absent) && driver_up", numbers{"lost": 0, "absent": 0, "driver_up": 1}, True},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			e, err := ParseExpression(tt.text)
			if err != nil {
				t.Fatal(err)
			}
			var v Vars
			set(&v, tt.vars)
			if got := e.Eval(&v); got != tt.want {
				t.Errorf("Eval = %v, want %v", got, tt.want)
			}
		})
	}
}

func TestExpressionErrors(t *testing.T) {
	tests := []struct{ text, cure string }{
		{"", "add a variable or a number"},
		{"temperature_celsius", "compare it"},
		{"temperature > 3", "did you mean temperature_celsius"},
		{"weather > 3", "documentation of HardwarePolicy"},
		{"1 < 2 < 3", "join them with &&"},
		{"lost + 1 > 0", "already true or false"},
		{"lost > 0", "already true or false"},
		{"temperature_celsius && lost", "compare the number first"},
		{"(lost", `lacks ")"`},
		{"lost)", "operator or the end"},
		{"lost; drop", "use names, numbers"},
		{"1.2.3 > 0", "write a number such as"},
		{"known(3)", "which is no variable"},
		{"lost &&", "add a variable or a number"},
		{strings.Repeat("(", 40) + "lost" + strings.Repeat(")", 40), "nested deeper"},
		{strings.Repeat("!", 400) + "lost", "nested deeper"},
		{"lost || " + strings.Repeat(" ", MaxExpressionLength), "split it into several rules"},
	}
	for _, tt := range tests {
		if _, err := ParseExpression(tt.text); err == nil || !strings.Contains(err.Error(), tt.cure) {
			t.Errorf("ParseExpression(%.40q) = %v, want an error with %q", tt.text, err, tt.cure)
		}
	}
}

func TestScope(t *testing.T) {
	for text, want := range map[string]Scope{
		"lost && !maintenance": ScopeDevice, "devices_missing > 0": ScopeNode, "1 > 0": ScopeNode,
	} {
		e, err := ParseExpression(text)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Scope(); got != want {
			t.Errorf("scope of %q = %s, want %s", text, got, want)
		}
	}
}

// TestKnowingMoreNeverContradicts is the law of three-valued logic: once an
// expression is decided, reading one more variable does not change it.
func TestKnowingMoreNeverContradicts(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		text := randomCondition(r, 4)
		e, err := ParseExpression(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var less, more Vars
		for id := range numVars {
			value := float64(r.IntN(3))
			if variables[id].Flag {
				value = float64(r.IntN(2))
			}
			more.Set(id, value)
			if r.IntN(2) == 0 {
				less.Set(id, value)
			}
		}
		if before, after := e.Eval(&less), e.Eval(&more); before != Undecided && before != after {
			t.Fatalf("%q was %v with less known and %v with more", text, before, after)
		}
	}
}

// randomCondition writes a condition without known(), which may learn.
func randomCondition(r *rand.Rand, depth int) string {
	if depth == 0 {
		return "lost"
	}
	switch r.IntN(6) {
	case 0:
		return "(" + randomCondition(r, depth-1) + " && " + randomCondition(r, depth-1) + ")"
	case 1:
		return "(" + randomCondition(r, depth-1) + " || " + randomCondition(r, depth-1) + ")"
	case 2:
		return "!(" + randomCondition(r, depth-1) + ")"
	case 3:
		return "(processes * " + strconv.Itoa(r.IntN(3)) + " <= retired_pages - pcie_width)"
	case 4:
		return "(power_watts / clock_hertz > 1)"
	}
	return []string{"lost", "absent", "driver_up", "power_brake"}[r.IntN(4)]
}

func TestEvalDoesNotAllocate(t *testing.T) {
	e, err := ParseExpression("processes > 0 && utilization_ratio >= 0.99 && power_watts < 0.35 * power_limit_watts")
	if err != nil {
		t.Fatal(err)
	}
	var v Vars
	set(&v, numbers{"processes": 1, "utilization_ratio": 1, "power_watts": 1, "power_limit_watts": 700})
	if n := testing.AllocsPerRun(100, func() { e.Eval(&v) }); n != 0 {
		t.Errorf("Eval allocates %v times", n)
	}
}

func FuzzExpression(f *testing.F) {
	for _, rule := range builtinRules() {
		if rule.When != "" {
			f.Add(rule.When, uint64(0xffff))
		}
	}
	f.Add("((((1)", uint64(0))
	f.Add("!!!known(lost) || -(-(1)) > 0", uint64(1))
	f.Fuzz(func(t *testing.T, text string, known uint64) {
		e, err := ParseExpression(text)
		if err != nil {
			return
		}
		v := Vars{known: [2]uint64{known, known}}
		if got := e.Eval(&v); got != False && got != True && got != Undecided {
			t.Errorf("Eval(%q) = %v", text, got)
		}
		if _, err := ParseExpression(e.String()); err != nil {
			t.Errorf("%q compiles once and not twice: %v", text, err)
		}
	})
}
