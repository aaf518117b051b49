package v1alpha1

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strconv"
	"strings"
	"testing"
)

const page = "../../docs/kinds/trainingjob.md"

// TestPageCoversEveryReason keeps the page for people complete: whoever finds a
// word in a job's status finds it explained there.
func TestPageCoversEveryReason(t *testing.T) {
	text := read(t, page)
	words := append(constants(t, "trainingjob_conditions.go"), states...)
	for _, word := range words {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("%s does not explain `%s`", page, word)
		}
	}
}

var states = []string{
	string(StateQueued), string(StateStarting), string(StateRunning), string(StateRecovering), string(StateSuspending),
	string(StateSuspended), string(StatePreempting), string(StateSucceeded), string(StateFailed),
}

// TestPageCoversEveryField does the same for what a user can write.
func TestPageCoversEveryField(t *testing.T) {
	text := read(t, page)
	for _, spec := range []any{
		TrainingJobSpec{}, ReplicaSpec{}, RunPolicy{}, FailurePolicy{}, FailureRule{}, LogRule{}, CheckpointPolicy{},
	} {
		kind := reflect.TypeOf(spec)
		for i := range kind.NumField() {
			name, _, _ := strings.Cut(kind.Field(i).Tag.Get("json"), ",")
			if !strings.Contains(text, name) {
				t.Errorf("%s does not mention %s of %s", page, name, kind.Name())
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// constants are the values of all constants in a file.
func constants(t *testing.T, file string) []string {
	t.Helper()
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			value, err := strconv.Unquote(literal.Value)
			if err != nil {
				t.Fatal(err)
			}
			values = append(values, value)
		}
		return true
	})
	if len(values) < 20 {
		t.Fatalf("found %d constants in %s", len(values), file)
	}
	return values
}
