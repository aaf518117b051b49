package api

import (
	"strings"
	"testing"

	"sigs.k8s.io/controller-runtime/pkg/client"
)

// rejection is a change that makes the good manifest bad, and what the error
// must name: the field, the value (unless the field's absence or its mere
// presence is wrong) and the cure.
type rejection struct {
	name   string
	change edit
	field  string
	value  string
	cure   string
}

// expectRejected asks for every change what kubectl asks: with strict fields.
func expectRejected(t *testing.T, table []rejection) {
	t.Helper()
	for _, tt := range table {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := admin.Create(t.Context(), manifest(tt.change), client.DryRunAll, client.FieldValidation("Strict"))
			expectError(t, err, tt.field, tt.value, tt.cure)
		})
	}
}

func expectError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the error does not say %q:\n%v", part, err)
		}
	}
	if strings.Contains(err.Error(), "resulted in error") {
		t.Errorf("an expression failed instead of judging:\n%v", err)
	}
}
