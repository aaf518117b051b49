// Package fakenvml builds a fake libnvidia-ml.so.1 and writes the scenarios that
// drive it, so that tests run go-nvml's real cgo path without a GPU.
//
// The library (lib/) is compiled against NVIDIA's own header, which go-nvml
// ships, and answers as the models of its profiles do. What its GPUs measure,
// report and suffer comes from a file named by FAKENVML_SCENARIO, which may
// change at any time; its language is described in lib/scenario.c.
package fakenvml

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed lib
var sources embed.FS

// Variant says which library to build.
type Variant string

// The variants.
const (
	// Current has every function that the agent may call.
	Current Variant = "current"
	// Old lacks what came with newer drivers.
	Old Variant = "old"
)

// EnvScenario is the environment variable that names the scenario's file.
const EnvScenario = "FAKENVML_SCENARIO"

// Build compiles the library, unless the same sources were compiled before, and
// returns its path. It needs gcc (or $CC) and the go command.
func Build(ctx context.Context, variant Variant) (string, error) {
	sum, err := digest(variant)
	if err != nil {
		return "", err
	}
	cache, err := cacheDir()
	if err != nil {
		return "", err
	}
	library := filepath.Join(cache, sum, "libnvidia-ml.so.1")
	if _, err := os.Stat(library); err == nil {
		return library, nil
	}
	if err := compile(ctx, variant, library); err != nil {
		return "", err
	}
	return library, nil
}

func cacheDir() (string, error) {
	if dir := os.Getenv("TRAINYARD_CACHE"); dir != "" {
		return filepath.Join(dir, "fakenvml"), nil
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no cache for the fake library; set TRAINYARD_CACHE: %w", err)
	}
	return filepath.Join(dir, "trainyard", "fakenvml"), nil
}

func digest(variant Variant) (string, error) {
	h := sha256.New()
	_, _ = h.Write([]byte(variant))
	err := fs.WalkDir(sources, "lib", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := sources.ReadFile(path)
		_, _ = h.Write(content)
		return err
	})
	return hex.EncodeToString(h.Sum(nil))[:16], err
}

// compile builds beside the target and renames, so that processes that build at
// the same time do not see halves.
func compile(ctx context.Context, variant Variant, library string) error {
	header, err := headerDir(ctx)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(library), 0o750); err != nil {
		return err
	}
	work, err := os.MkdirTemp(filepath.Dir(library), "build-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(work) }()
	if err := os.CopyFS(work, sources); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(work, "lib", "*.c"))
	if err != nil {
		return err
	}
	out := filepath.Join(work, "out.so")
	args := []string{"-std=gnu11", "-O2", "-Wall", "-Wextra", "-Wno-deprecated-declarations", "-fPIC", "-shared", "-I" + header, "-o", out}
	if variant == Old {
		args = append(args, "-DFAKENVML_OLD")
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "gcc"
	}
	cmd := exec.CommandContext(ctx, cc, append(append(args, files...), "-lpthread")...)
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the fake library with %s (install gcc, or set CC): %w\n%s", cc, err, output)
	}
	return os.Rename(out, library)
}

// headerDir is the folder of NVIDIA's header in go-nvml's module.
func headerDir(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", "github.com/NVIDIA/go-nvml").Output()
	if err != nil {
		return "", fmt.Errorf("find go-nvml's header with the go command: %w", err)
	}
	dir := strings.TrimSpace(string(out))
	if dir == "" {
		return "", errors.New("go-nvml is not downloaded; run go mod download")
	}
	return filepath.Join(dir, "gen", "nvml"), nil
}
