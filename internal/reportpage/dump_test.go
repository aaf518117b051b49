package reportpage_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/trainyard/trainyard/internal/reportpage"
)

// TestSamples writes every sample to the folder that PAGES names, for a look at
// them and for test/page, which opens them in a browser.
func TestSamples(t *testing.T) {
	folder := os.Getenv("PAGES")
	if folder == "" {
		t.Skip("PAGES names no folder")
	}
	for name, r := range samples() {
		for _, l := range reportpage.Languages() {
			if err := os.WriteFile(filepath.Join(folder, name+"."+string(l)+".html"), []byte(write(t, r, l)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
