// Command picture draws the dashboard "GPU fleet" for the documentation: it
// starts a small fleet on the fake driver library (test/fleet), lets it work and
// fail for some minutes, asks the dashboard's own queries of the Prometheus that
// scraped it, and draws what they answer as SVG, light and dark.
//
// Grafana itself is not needed, and the drawing is not Grafana's: panels,
// queries, units, words and colours are the dashboard's, the lines are ours.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/trainyard/trainyard/hack/dashboard/board"
	"github.com/trainyard/trainyard/test/fleet"
)

func main() {
	out := flag.String("out", "docs/images", "the folder to write into")
	span := flag.Duration("span", 4*time.Minute, "how long the fleet works")
	sections := flag.Int("sections", 6, "how many of the dashboard's sections to draw")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, *out, *span, *sections)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "picture:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out string, span time.Duration, sections int) (err error) {
	if lacking := fleet.Lacking(); lacking != "" {
		return errors.New(lacking)
	}
	log.SetLogger(logr.Discard())
	folder, err := os.MkdirTemp("", "picture-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	fmt.Fprintln(os.Stderr, "starting the fleet")
	f, err := fleet.Start(ctx, ".", folder)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := play(ctx, f, span); err != nil {
		return err
	}
	pages, err := gather(ctx, f.Prometheus, board.GPUFleet(), sections, span)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o755); err != nil { //nolint:gosec // a folder of the repository
		return err
	}
	for name, theme := range themes {
		path := filepath.Join(out, "gpu-fleet-"+name+".svg")
		if err := os.WriteFile(path, draw(pages, theme), 0o644); err != nil { //nolint:gosec // a file of the repository
			return err
		}
		fmt.Fprintln(os.Stderr, "wrote", path)
	}
	return nil
}
