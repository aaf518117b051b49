// Command dashboard prints the Grafana dashboard "GPU fleet" as JSON, for
// config/grafana.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"github.com/trainyard/trainyard/hack/dashboard/board"
)

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	if err := encoder.Encode(board.GPUFleet()); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}
