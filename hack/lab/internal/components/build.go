package components

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/trainyard/trainyard/hack/lab/internal/lockfile"
	"github.com/trainyard/trainyard/hack/lab/internal/progress"
)

// Builder builds components into Cache/bin/<versions>.
type Builder struct {
	Source *Source
	Cache  string
	Report *progress.Reporter
}

// Dir is where the binaries of this source lie.
func (b *Builder) Dir() string { return filepath.Join(b.Cache, "bin", b.Source.Folder()) }

// Build makes sure that every wanted component exists and returns their
// folder. What is there already is left alone; two builds at once wait for
// each other.
func (b *Builder) Build(ctx context.Context, wanted []Component) (string, error) {
	dir := b.Dir()
	missing := b.missing(wanted)
	if len(missing) == 0 {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("create the cache %s: %w (set TRAINYARD_CACHE to a folder that can be written)", dir, err)
	}
	unlock, err := lockfile.Lock(ctx, filepath.Join(dir, ".lock"), func() {
		b.Report.Printf("waiting for another build in %s", dir)
	})
	if err != nil {
		return "", err
	}
	defer unlock()
	missing = b.missing(wanted)
	for i, c := range missing {
		if err := b.one(ctx, c, i+1, len(missing)); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func (b *Builder) missing(wanted []Component) []Component {
	var missing []Component
	for _, c := range wanted {
		info, err := os.Stat(filepath.Join(b.Dir(), c.Name))
		if err != nil || !info.Mode().IsRegular() {
			missing = append(missing, c)
		}
	}
	return missing
}

// one builds a component beside its place and renames it there, so that a
// build cut short never leaves half a binary.
func (b *Builder) one(ctx context.Context, c Component, n, of int) error {
	what := fmt.Sprintf("[%d/%d] %s %s", n, of, c.Name, b.Source.Version(c.Module))
	target := filepath.Join(b.Dir(), c.Name)
	partial := target + ".partial"
	return b.Report.Step(what, func() error {
		cmd := exec.CommandContext(ctx, "go", "build", "-mod=readonly", "-trimpath",
			"-ldflags", flags(b.Source.Version(c.Module)), "-o", partial, c.Package)
		cmd.Dir = filepath.Join(b.Source.Dir, c.Module)
		cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		cmd.WaitDelay = 5 * time.Second
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", c.Name, err, out.Bytes())
		}
		return os.Rename(partial, target)
	})
}

// flags are the linker's: small binaries that know their version.
func flags(version string) string {
	return "-s -w -X k8s.io/component-base/version.gitVersion=" + version +
		" -X k8s.io/client-go/pkg/version.gitVersion=" + version
}
