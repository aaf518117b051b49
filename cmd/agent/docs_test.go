//go:build cgo

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPolicyOfTheDocumentation: the example that people copy is sound.
func TestPolicyOfTheDocumentation(t *testing.T) {
	page, err := os.ReadFile("../../docs/kinds/hardwarepolicy.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(page), "```yaml\n")
	example, _, closed := strings.Cut(rest, "```")
	if !found || !closed {
		t.Fatal("the page has no example")
	}
	path := filepath.Join(t.TempDir(), "policy.yaml")
	if err := os.WriteFile(path, []byte(example), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, _, err := call(t, "policy", path); err != nil || !strings.HasPrefix(out, "ours is sound") {
		t.Errorf("%q, %v", out, err)
	}
}
