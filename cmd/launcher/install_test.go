package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestInstall(t *testing.T) {
	dir := t.TempDir()
	for range 2 { // an init container may run again
		var out, errs bytes.Buffer
		if code := command([]string{"install", dir}, &out, &errs); code != 0 || !strings.Contains(out.String(), dir+"/launcher") {
			t.Fatalf("exit code %d: %s%s", code, &out, &errs)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Fatalf("%v, %v", entries, err)
	}
	info, err := entries[0].Info()
	if err != nil || info.Mode() != 0o755 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	want, err := os.ReadFile(self(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "launcher")); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the copy differs: %v", err)
	}
}

func TestInstallNowhere(t *testing.T) {
	var out, errs bytes.Buffer
	if code := command([]string{"install", t.TempDir() + "/none"}, &out, &errs); code != 1 || !strings.Contains(errs.String(), "does") {
		t.Errorf("exit code %d: %s", code, &errs)
	}
}

func TestUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"help"}, {"install"}, {"install", "a", "b"}, {"version", "x"}} {
		var out, errs bytes.Buffer
		if code := command(args, &out, &errs); code != 2 || !strings.Contains(errs.String(), "launcher run -- COMMAND") {
			t.Errorf("%v: exit code %d: %s", args, code, &errs)
		}
	}
	var out, errs bytes.Buffer
	if code := command([]string{"version"}, &out, &errs); code != 0 || out.String() != "dev\n" {
		t.Errorf("exit code %d: %s", code, &out)
	}
}
