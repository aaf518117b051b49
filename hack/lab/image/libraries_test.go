package image

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const linked = `
name: example.test/linked:v1
binaries: [{package: ., to: /linked, cgo: true}]
libraries: [libm.so.6]
entrypoint: [/linked]
`

// opener is a program with cgo that opens a library at run time.
const opener = `package main

// #include <dlfcn.h>
// #cgo LDFLAGS: -ldl
import "C"

func main() {
	if C.dlopen(C.CString("libm.so.6"), C.RTLD_NOW) == nil {
		panic("libm.so.6 was not found")
	}
	println("opened")
}
`

// A program that is linked to the C library runs in its image and finds what it
// opens there, with nothing else of this machine in reach.
func TestLinkedProgramRunsAlone(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("there is no gcc")
	}
	dir, cache := project(t, linked), t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(opener), 0o600); err != nil {
		t.Fatal(err)
	}
	archive, err := Open(build(t, dir, cache).Archive)
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("only root can change its root folder")
	}
	dirs, err := (&Builder{Cache: cache}).Unpack(context.Background(), archive)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "/linked")
	cmd.SysProcAttr = &syscall.SysProcAttr{Chroot: dirs[0]}
	cmd.Dir = "/"
	if out, err := cmd.CombinedOutput(); err != nil || !bytes.Contains(out, []byte("opened")) {
		t.Errorf("it says %q (%v)", out, err)
	}
}

func TestMissingLibrary(t *testing.T) {
	_, err := findLibrary(t.Context(), "libnowhere.so.7")
	if err == nil || !strings.Contains(err.Error(), "install it, or leave it out") {
		t.Errorf("error %v", err)
	}
}
