// Command launcher is process 1 of a training container.
//
//	launcher install DIR        put a copy of itself into DIR
//	launcher run -- COMMAND …   run COMMAND as its child
//	launcher version            print its version
package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"k8s.io/utils/clock"

	"github.com/trainyard/trainyard/internal/launcher"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// version is set when a release is built.
var version = "dev"

const usage = `usage:
  launcher install DIR          put a copy of this program into DIR
  launcher run -- COMMAND ...   run COMMAND as its child, as process 1 of a container
  launcher version              print the version
`

func main() { os.Exit(command(os.Args[1:], os.Stdout, os.Stderr)) }

func command(args []string, stdout, stderr io.Writer) int {
	switch {
	case len(args) == 1 && args[0] == "version":
		fmt.Fprintln(stdout, version)
		return 0
	case len(args) == 2 && args[0] == "install":
		return install(args[1], stdout, stderr)
	case len(args) >= 1 && args[0] == "run":
		return run(args[1:], stderr)
	}
	fmt.Fprint(stderr, usage)
	return 2
}

func install(dir string, stdout, stderr io.Writer) int {
	path, err := launcher.Install(dir)
	if err != nil {
		fmt.Fprintln(stderr, "launcher:", err)
		return 1
	}
	fmt.Fprintln(stdout, "installed", path)
	return 0
}

func run(args []string, stderr io.Writer) int {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	cfg, err := launcher.FromEnv(args, os.Environ(), os.Getenv)
	var code int
	if err == nil {
		code, err = live(cfg)
	}
	if err != nil {
		fmt.Fprintln(stderr, "launcher:", err)
		return launchspec.ExitLauncher
	}
	return code
}

func live(cfg launcher.Config) (int, error) {
	l, err := launcher.New(cfg, clock.RealClock{})
	if err != nil {
		return 0, fmt.Errorf("configure: %w", err)
	}
	code, err := l.Run(context.Background())
	if err != nil {
		return 0, fmt.Errorf("run: %w", err)
	}
	return code, nil
}
