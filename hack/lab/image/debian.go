package image

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// recipe changes when the same packages would give another file system, so
// that older ones are not found any more.
const recipe = "1"

// slim leaves out what nobody reads in a container.
var slim = []string{
	"--dpkgopt=path-exclude=/usr/share/doc/*",
	"--dpkgopt=path-include=/usr/share/doc/*/copyright",
	"--dpkgopt=path-exclude=/usr/share/man/*",
	"--dpkgopt=path-exclude=/usr/share/info/*",
	"--dpkgopt=path-exclude=/usr/share/locale/*",
	"--aptopt=APT::Install-Recommends false",
}

// debian returns the layer of a Debian root file system. It is built once;
// which versions the packages have is decided then, by the mirror.
func (b *Builder) debian(ctx context.Context, d *Debian) (*layer, error) {
	name := "debian-" + d.Suite + "-" + fingerprint(recipe, d.Suite, d.Packages, architecture, slim)
	file := filepath.Join(b.dir(), name+".tar")
	unlock, err := b.lock(ctx, name)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if _, err := os.Stat(file); err == nil {
		return openLayer(file)
	}
	if _, err := exec.LookPath("mmdebstrap"); err != nil {
		return nil, errors.New("a Debian image needs mmdebstrap: run `apt-get install -y --no-install-recommends mmdebstrap`")
	}
	what := fmt.Sprintf("install %s %s", d.Suite, strings.Join(d.Packages, " "))
	err = b.Report.Step(what, func() error { return debootstrap(ctx, d, file) })
	if err != nil {
		return nil, err
	}
	return openLayer(file)
}

func debootstrap(ctx context.Context, d *Debian, file string) error {
	partial := file + ".partial"
	defer func() { _ = os.Remove(partial) }()
	args := append([]string{"--quiet", "--variant=minbase", "--format=tar", "--architectures=" + architecture}, slim...)
	if len(d.Packages) > 0 {
		args = append(args, "--include="+strings.Join(d.Packages, ","))
	}
	cmd := exec.CommandContext(ctx, "mmdebstrap", append(args, d.Suite, partial)...)
	cmd.Env = append(os.Environ(), "SOURCE_DATE_EPOCH="+strconv.FormatInt(Epoch.Unix(), 10))
	cmd.WaitDelay = 10 * time.Second
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("mmdebstrap: %w: %s", err, lastLines(string(said), 3))
	}
	return os.Rename(partial, file)
}

func lastLines(text string, n int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], " | ")
}
