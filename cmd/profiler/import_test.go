package main

import (
	"strings"
	"testing"
)

const expectationSuite = "../../internal/suites/testdata/great-expectations-1.json"

func TestImport(t *testing.T) {
	code, out, said := call(t, "import", "--from", "great-expectations", expectationSuite)
	if code != exitNothing || !strings.Contains(out, "maxMissing: 0.05") {
		t.Errorf("exit code %d, out %q", code, out)
	}
	if !strings.Contains(said, "not mapped: expect_column_mean_to_be_between (price)") {
		t.Errorf("what is not mapped is not named: %q", said)
	}

	// What was written is read again.
	schema := write(t, "schema.yaml", out)
	data := write(t, "data.csv", "id,price,state,demand\n1,0.5,NSW,1\n")
	code, _, said = call(t, "compare", "--reference", data, "--current", write(t, "now.csv", "id,price,state,demand\n2,0.5,NSW,1\n"), "--schema", schema, "--compat", "evidently")
	if code != exitBadData {
		t.Errorf("one row where the suite wants a hundred: exit code %d, %s", code, said)
	}
}

func TestImportRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"no format":    {[]string{expectationSuite}, "take evidently or great-expectations"},
		"no file":      {[]string{"--from", "evidently"}, "takes one file"},
		"missing file": {[]string{"--from", "evidently", "nowhere.json"}, "nowhere.json"},
		"wrong tool":   {[]string{"--from", "evidently", expectationSuite}, "neither metrics nor columns"},
		"strict":       {[]string{"--from", "great-expectations", "--strict", expectationSuite}, "have no counterpart"},
	} {
		if code, _, said := call(t, append([]string{"import"}, c.args...)...); code != exitError || !strings.Contains(said, c.want) {
			t.Errorf("%s: exit code %d, %q", name, code, said)
		}
	}
}
