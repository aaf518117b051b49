package progress

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func ptr[T any](v T) *T { return &v }

// same compares updates; NaN equals NaN.
func same() cmp.Options {
	return cmp.Options{cmpopts.EquateNaNs(), cmp.AllowUnexported(Update{})}
}

func TestReportInALine(t *testing.T) {
	tests := map[string]struct {
		line string
		want Update
	}{
		"everything": {
			line: `{"trainyard":{"step":120,"totalSteps":1000,"epoch":3,"metrics":{"loss":0.41,"accuracy":0.78},"computeSeconds":1.2,"dataSeconds":0.1}}`,
			want: Update{
				Step: ptr(int64(120)), TotalSteps: ptr(int64(1000)), Epoch: ptr(3.0),
				ComputeSeconds: ptr(1.2), DataSeconds: ptr(0.1),
				Metrics: []Metric{{"loss", 0.41}, {"accuracy", 0.78}},
			},
		},
		"as json.dumps spaces it": {
			line: `{"trainyard": {"step": 1, "metrics": {"loss": 4.1e-01}}}`,
			want: Update{Step: ptr(int64(1)), Metrics: []Metric{{"loss", 0.41}}},
		},
		"behind a logger's prefix": {
			line: `2026-11-21 19:32:04,393 INFO train.py:88 [rank 0] {"trainyard": {"step": 7}}`,
			want: Update{Step: ptr(int64(7))},
		},
		"behind torchrun's prefix and before more text": {
			line: `[default0]:{"trainyard": {"step": 7}} trailing`,
			want: Update{Step: ptr(int64(7))},
		},
		"in a structured log line": {
			line: `{"level":"info","trainyard":{"step":8},"msg":"step done"}`,
			want: Update{Step: ptr(int64(8))},
		},
		"zero is not absent": {
			line: `{"trainyard":{"step":0,"epoch":0,"metrics":{"loss":0}}}`,
			want: Update{Step: ptr(int64(0)), Epoch: ptr(0.0), Metrics: []Metric{{"loss", 0}}},
		},
		"null is absent": {
			line: `{"trainyard":{"step":3,"epoch":null,"metrics":{"loss":null}}}`,
			want: Update{Step: ptr(int64(3))},
		},
		"a step that Python made a float": {
			line: `{"trainyard":{"step":12.0,"epoch":0.32}}`,
			want: Update{Step: ptr(int64(12)), Epoch: ptr(0.32)},
		},
		"not finite as Python writes it": {
			line: `{"trainyard":{"metrics":{"a":NaN,"b":Infinity,"c":-Infinity,"d":1e999}}}`,
			want: Update{Metrics: []Metric{{"a", math.NaN()}, {"b", math.Inf(1)}, {"c", math.Inf(-1)}, {"d", math.Inf(1)}}},
		},
		"what is not understood is counted": {
			line: `{"trainyard":{"step":-1,"totalSteps":1.5,"epoch":NaN,"computeSeconds":"1","metrics":{"ok":1,"bad name":2,"text":"3","nested":{"x":1},"list":[1,[2]]}}}`,
			want: Update{Metrics: []Metric{{"ok", 1}}, Invalid: 8},
		},
		"metrics that are no object": {
			line: `{"trainyard":{"step":1,"metrics":[1,2]}}`,
			want: Update{Step: ptr(int64(1)), Invalid: 1},
		},
		"names that are not ours": {
			line: `{"trainyard":{"run":"a \"quoted\" name","tags":["x",{"y":[]}],"done":false,"step":5}}`,
			want: Update{Step: ptr(int64(5))},
		},
		"the second object, where the first is broken": {
			line: `{"trainyard":{"step":} {"trainyard":{"step":6}}`,
			want: Update{Step: ptr(int64(6))},
		},
		"empty": {line: `{"trainyard":{}}`, want: Update{}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, ok := mustParser(t).Line([]byte(tc.line))
			if !ok {
				t.Fatal("the line says nothing")
			}
			if diff := cmp.Diff(tc.want, got, same()); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestNoReportInALine(t *testing.T) {
	tests := map[string]string{
		"empty":                  ``,
		"other text":             `epoch 3 loss 0.41`,
		"other JSON":             `{"step":3}`,
		"the key alone":          `"trainyard"`,
		"not an object":          `{"trainyard":3}`,
		"cut off":                `{"trainyard":{"step":3,"metrics":{"loss":0.4`,
		"cut off in a number":    `{"trainyard":{"step":3`,
		"a string of JSON":       `{"msg":"{\"trainyard\":{\"step\":3}}"}`,
		"no JSON number":         `{"trainyard":{"step":3abc}}`,
		"a hexadecimal number":   `{"trainyard":{"step":0x10}}`,
		"a comma too many":       `{"trainyard":{"step":3,}}`,
		"a key without a value":  `{"trainyard":{"step"}}`,
		"nested without measure": `{"trainyard":{"x":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}}`,
		"binary":                 "\x00\xff\xfe\"trainyard\"\x00{",
	}
	for name, line := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := mustParser(t).Line([]byte(line)); ok {
				t.Errorf("the line says %+v", got)
			}
		})
	}
}

// A line of objects that never close would otherwise cost its length squared.
func TestTriesInALineAreBounded(t *testing.T) {
	broken := `{"trainyard":{"step" `
	good := `{"trainyard":{"step":1}}`
	if _, ok := mustParser(t).Line([]byte(strings.Repeat(broken, maxObjects-1) + good)); !ok {
		t.Error("the last try was not made")
	}
	if _, ok := mustParser(t).Line([]byte(strings.Repeat(broken, maxObjects) + good)); ok {
		t.Error("one more try was made")
	}
}

func TestMetricsOfALineAreBounded(t *testing.T) {
	var b strings.Builder
	for i := range 1000 {
		b.WriteString(`"m` + strings.Repeat("x", i%5) + string(rune('a'+i%26)) + `":1,`)
	}
	u, ok := mustParser(t).Line([]byte(`{"trainyard":{"metrics":{` + strings.TrimSuffix(b.String(), ",") + `}}}`))
	if !ok || len(u.Metrics) != MaxMetrics+1 {
		t.Errorf("ok %v, %d metrics, want %d: one more than is kept", ok, len(u.Metrics), MaxMetrics+1)
	}
}

func TestValidName(t *testing.T) {
	tests := map[string]bool{
		"loss": true, "eval/accuracy@1": true, "_x": true, "top-5.b": true, strings.Repeat("a", MaxNameLength): true,
		"": false, "5x": false, "/x": false, "a b": false, "é": false, "a\"b": false, strings.Repeat("a", MaxNameLength+1): false,
	}
	for name, want := range tests {
		if got := validName([]byte(name)); got != want {
			t.Errorf("validName(%q) = %v, want %v", name, got, want)
		}
	}
}

func mustParser(t testing.TB, rules ...Rule) *Parser {
	t.Helper()
	p, err := NewParser(rules)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// FuzzObject compares with encoding/json where that understands the line, and
// demands of everything else that it does no harm.
func FuzzObject(f *testing.F) {
	for _, seed := range []string{`{"step":1}`, `{"metrics":{"loss":NaN}}`, `{"a":[{},"\\",null]}`, `{"step":1e2,"epoch":-0}`, `{`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		line := append(append([]byte(`{"trainyard":`), object...), '}')
		u, ok := mustParser(t).Line(line)
		if len(u.Metrics) > MaxMetrics+1 {
			t.Fatalf("%d metrics", len(u.Metrics))
		}
		for _, m := range u.Metrics {
			if !validName([]byte(m.Name)) {
				t.Fatalf("name %q", m.Name)
			}
		}
		var want map[string]json.RawMessage
		simple := json.Unmarshal(object, &want) == nil && want != nil &&
			!bytes.ContainsAny(object, "\r\n\\") && bytes.Count(object, []byte("[")) < maxDepth-2 && bytes.Count(object, []byte("{")) < maxDepth-2
		if !simple {
			return
		}
		if !ok {
			t.Fatalf("JSON that was not read: %q", line)
		}
		var step float64
		raw, given := want["step"]
		if given && string(raw) != "null" && json.Unmarshal(raw, &step) == nil && step >= 0 && step <= maxSteps && step == math.Trunc(step) {
			if bytes.Count(object, []byte(`"step"`)) == 1 && (u.Step == nil || *u.Step != int64(step)) {
				t.Fatalf("step of %q is %v, want %v", line, u.Step, step)
			}
		} else if !given && u.Step != nil {
			t.Fatalf("a step in %q", line)
		}
	})
}
