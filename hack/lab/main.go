// Command lab brings up a real Kubernetes cluster on one machine: a control
// plane built from its Go modules, real nodes in network namespaces of their
// own, and simulated nodes by kwok. See hack/lab/README.md.
package main

import (
	"os"

	"github.com/trainyard/trainyard/hack/lab/internal/cli"
)

func main() { os.Exit(cli.Main()) }
