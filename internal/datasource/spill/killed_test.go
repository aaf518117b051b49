package spill

import (
	"bufio"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/trainyard/trainyard/internal/datasource/reading"
)

// spillForever is set in a process that is there to be killed.
const spillForever = "TRAINYARD_TEST_SPILL_FOREVER"

// However a process ends, its temporary files end with it.
func TestKilled(t *testing.T) {
	if folder := os.Getenv(spillForever); folder != "" {
		rows := NewRows(reading.Options{SpillFolder: folder}, nil)
		if err := fill(rows, strings.Repeat("x", 1<<20)); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("spilled\n")
		select {}
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGKILL, syscall.SIGQUIT} {
		t.Run(signal.String(), func(t *testing.T) {
			folder := t.TempDir()
			child := exec.Command(os.Args[0], "-test.run=^TestKilled$")
			child.Env = append(os.Environ(), spillForever+"="+folder)
			output, err := child.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := child.Start(); err != nil {
				t.Fatal(err)
			}
			for lines := bufio.NewScanner(output); lines.Scan() && lines.Text() != "spilled"; {
				t.Log(lines.Text())
			}
			if err := child.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := child.Wait(); err == nil {
				t.Error("the signal did not end the process")
			}
			if left, err := os.ReadDir(folder); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v %v", left, err)
			}
		})
	}
}
