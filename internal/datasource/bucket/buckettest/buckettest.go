// Package buckettest holds what tests ask of every kind of bucket.
package buckettest

import (
	"os"
	"testing"

	"github.com/trainyard/trainyard/internal/datasource"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

// Days are files of three rows in all, and one that is none of them.
func Days() map[string]string {
	return map[string]string{"days/1.csv": "n\n1\n", "days/2.csv": "n\n2\n3\n", "days/_SUCCESS": "x"}
}

// ReadsDays reads Days from a store on this machine, which a pod may not dial.
func ReadsDays(t *testing.T, url string) {
	t.Helper()
	spec := datasource.Spec{URL: url}
	opened, err := datasource.Open(t.Context(), spec, datasource.Options{Guard: guard.OwnMachine(os.Getenv)})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = opened.Close() }()
	if opened.Rows() != 3 {
		t.Errorf("%d rows, want 3", opened.Rows())
	}
	_, err = datasource.Open(t.Context(), spec, datasource.Options{})
	if _, denied := guard.Denied(err); !denied {
		t.Errorf("a pod may dial its own machine: %v", err)
	}
}
