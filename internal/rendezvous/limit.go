package rendezvous

import "fmt"

// maxVariable is what Linux passes of one variable to a program (MAX_ARG_STRLEN,
// 128 KiB), less room for the name and for what differs between ranks.
const maxVariable = 128<<10 - 1<<10

// fits tells whether a program can be started with the variable.
func fits(name, value string) error {
	if len(value) > maxVariable {
		return fmt.Errorf("spec.replicaSpecs: the list of hosts in %s has %d bytes and Linux passes %d: use fewer replicas, or shorter names for the sets, the job and its namespace", name, len(value), maxVariable)
	}
	return nil
}
