package cluster

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/trainyard/trainyard/hack/lab/image"
	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// LoadImage loads an image archive onto the named real nodes, or onto all.
//
// An image of ours is unpacked once, into the cache, and each node's
// containerd is given hard links to it in place of copies: a gigabyte and a
// half of Python is on three nodes in seconds and on the disk once. Any other
// archive is imported in the usual way, node by node.
func LoadImage(ctx context.Context, p *plan.Plan, b *image.Builder, path string, only []string) error {
	nodes, err := chooseNodes(p, only)
	if err != nil {
		return err
	}
	archive, err := image.Open(path)
	if errors.Is(err, image.ErrForeign) {
		return importEach(ctx, p, b, path, nodes)
	}
	if err != nil {
		return err
	}
	var layers []string
	err = b.Report.Step("unpack "+archive.Name, func() error {
		layers, err = b.Unpack(ctx, archive)
		return err
	})
	if err != nil {
		return err
	}
	return b.Report.Step(fmt.Sprintf("load %s onto %d nodes", archive.Name, len(nodes)), func() error {
		return linkEach(ctx, p, archive, layers, nodes)
	})
}

func chooseNodes(p *plan.Plan, only []string) ([]plan.Machine, error) {
	for _, name := range only {
		if _, ok := p.FindNode(name); !ok {
			return nil, fmt.Errorf("--nodes: %q is no real node of this lab", name)
		}
	}
	var nodes []plan.Machine
	for _, m := range p.RealNodes() {
		if len(only) == 0 || slices.Contains(only, m.Name) {
			nodes = append(nodes, m)
		}
	}
	if len(nodes) == 0 {
		return nil, errors.New("this lab has no real nodes to load an image onto")
	}
	return nodes, nil
}

func importEach(ctx context.Context, p *plan.Plan, b *image.Builder, path string, nodes []plan.Machine) error {
	for _, m := range nodes {
		err := b.Report.Step("import onto "+m.Name, func() error {
			_, err := command.Run(ctx, ctr(p, m.Name, "images", "import", path)...)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func linkEach(ctx context.Context, p *plan.Plan, a *image.Archive, layers []string, nodes []plan.Machine) error {
	var group sync.WaitGroup
	errs := make([]error, len(nodes))
	for i, m := range nodes {
		group.Go(func() {
			l := &linker{plan: p, node: m.Name}
			if err := l.load(ctx, a, layers); err != nil {
				errs[i] = fmt.Errorf("load %s onto %s: %w", a.Name, m.Name, err)
			}
		})
	}
	group.Wait()
	return cmp.Or(errs...)
}

// linker gives one node an image.
type linker struct {
	plan *plan.Plan
	node string
}

func (l *linker) ctr(ctx context.Context, args ...string) (string, error) {
	return command.Run(ctx, ctr(l.plan, l.node, args...)...)
}

// load makes the image's file systems first and tells of the image last, so
// that an image the kubelet can see can be run.
func (l *linker) load(ctx context.Context, a *image.Archive, layers []string) error {
	parent := ""
	for i, layer := range layers {
		chain := a.Chain(i + 1)
		if _, err := l.ctr(ctx, "snapshots", "info", chain); err != nil {
			if err := l.snapshot(ctx, layer, chain, parent); err != nil {
				return err
			}
		}
		parent = chain
	}
	var meta bytes.Buffer
	if err := a.WriteMeta(&meta); err != nil {
		return err
	}
	if _, err := command.Feed(ctx, meta.String(), ctr(l.plan, l.node, "images", "import", "--no-unpack", "-")...); err != nil {
		return err
	}
	_, err := l.ctr(ctx, "content", "label", a.Config.String(), "containerd.io/gc.ref.snapshot.overlayfs="+parent)
	return err
}

// snapshot makes the snapshot chain on top of parent from an unpacked layer.
func (l *linker) snapshot(ctx context.Context, layer, chain, parent string) error {
	key := "lab-" + chain
	_, _ = l.ctr(ctx, "snapshots", "remove", key) // left by a load that was cut short
	args := []string{"snapshots", "prepare", "--mounts", key}
	if parent != "" {
		args = append(args, parent)
	}
	out, err := l.ctr(ctx, args...)
	if err != nil {
		return err
	}
	dir, err := writableDir(out)
	if err != nil {
		return err
	}
	if err := fill(ctx, layer, dir); err != nil {
		return err
	}
	_, err = l.ctr(ctx, "snapshots", "commit", chain, key)
	return err
}

// fill fills a snapshot with hard links, or with copies where the cache is on
// another disk.
func fill(ctx context.Context, layer, dir string) error {
	_, err := command.Run(ctx, "cp", "--archive", "--link", layer+"/.", dir)
	if err == nil {
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("clear a snapshot: %w", err)
	}
	_, err = command.Run(ctx, "cp", "--archive", "--no-target-directory", layer, dir)
	return err
}

// writableDir finds, in the mounts of an active snapshot, the folder in which
// what is written ends up.
func writableDir(mounts string) (string, error) {
	var list []struct {
		Type    string
		Source  string
		Options []string
	}
	if err := json.Unmarshal([]byte(mounts), &list); err != nil || len(list) != 1 {
		return "", fmt.Errorf("containerd says where a snapshot is in words unknown here: %q", mounts)
	}
	if list[0].Type == "bind" {
		return list[0].Source, nil
	}
	for _, option := range list[0].Options {
		if dir, ok := strings.CutPrefix(option, "upperdir="); ok {
			return dir, nil
		}
	}
	return "", fmt.Errorf("containerd names no folder for a snapshot: %q", mounts)
}
