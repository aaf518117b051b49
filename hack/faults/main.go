// Command faults writes the built-in rules of the hardware verdicts, as the page
// of the documentation that lists them.
package main

import (
	"fmt"

	"github.com/trainyard/trainyard/pkg/hardware"
)

const head = `# Faults: what a signal means

Generated from the built-in rules by ` + "`make docs-faults`" + `; do not edit. A
HardwarePolicy replaces a rule by its name, and takes codes from the built-in
rules by naming them. The driver's own recovery action decides before any rule
does; a rule that observes is shown and moves no verdict.

`

func main() {
	fmt.Print(head + hardware.Markdown(hardware.Defaults()))
}
