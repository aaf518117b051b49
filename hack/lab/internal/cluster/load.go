package cluster

import (
	"context"
	"fmt"
	"os"
	"slices"

	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

// LoadImage loads an image archive onto the named real nodes, or onto all.
func LoadImage(ctx context.Context, p *plan.Plan, archive string, only []string, report *progress.Reporter) error {
	if _, err := os.Stat(archive); err != nil {
		return fmt.Errorf("load an image: %w", err)
	}
	for _, m := range p.RealNodes() {
		if len(only) > 0 && !slices.Contains(only, m.Name) {
			continue
		}
		err := report.Step("load onto "+m.Name, func() error {
			_, err := command.Run(ctx, ctr(p, m.Name, "images", "import", archive)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
