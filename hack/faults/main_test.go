package main

import (
	"os"
	"testing"

	"github.com/trainyard/trainyard/pkg/hardware"
)

func TestPageIsUpToDate(t *testing.T) {
	page, err := os.ReadFile("../../docs/reference/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(page) != head+hardware.Markdown(hardware.Defaults()) {
		t.Error("docs/reference/faults.md is not what the rules say; run make docs-faults")
	}
}
