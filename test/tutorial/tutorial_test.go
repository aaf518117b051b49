package tutorial

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const (
	page = "../../docs/tutorials/electricity-drift.md"
	data = "../../examples/pytorch-ddp/data/electricity.csv.gz"
	// marker separates the outputs of a page's commands.
	marker = "\x01"
)

// step is one command of a page: its lines, and what is printed below it.
type step struct {
	command, output string
}

// block is a fenced part of a page between its first and last line, exclusive.
type block struct {
	from, to int
	steps    []step
}

// blocks are the fenced parts of a page that hold commands.
func blocks(lines []string) []block {
	var out []block
	for i := 0; i < len(lines); i++ {
		if lines[i] != "```console" {
			continue
		}
		b := block{from: i + 1}
		for i++; lines[i] != "```"; i++ {
			if command, found := strings.CutPrefix(lines[i], "$ "); found {
				for strings.Contains(command, "<<END") && !strings.HasSuffix(command, "\nEND") {
					i++
					command += "\n" + lines[i]
				}
				b.steps = append(b.steps, step{command: command})
				continue
			}
			last := &b.steps[len(b.steps)-1]
			last.output += lines[i] + "\n"
		}
		b.to = i
		out = append(out, b)
	}
	return out
}

// run runs a block's commands in one shell and returns what each printed.
func run(t *testing.T, folder, path string, b block) []string {
	t.Helper()
	script := ""
	for _, s := range b.steps {
		// The exit code of a command is the next one's $?.
		script += s.command + "\n{ code=$?; printf '" + `\001` + "'; (exit $code); }\n"
	}
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir, cmd.Env = folder, append(os.Environ(), "PATH="+path+":"+os.Getenv("PATH"), "LC_ALL=C.UTF-8")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	_ = cmd.Run() // an exit code of 1 is a drift; what is printed decides
	outputs := strings.Split(strings.TrimSuffix(stdout.String(), marker), marker)
	if len(outputs) != len(b.steps) {
		t.Fatalf("%d of %d commands ran:\n%s\n%s", len(outputs), len(b.steps), script, stderr.String())
	}
	return outputs
}

// The tutorial does what it says. UPDATE=1 writes what was printed into the page.
func TestElectricityDrift(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	programs, folder := t.TempDir(), t.TempDir()
	build(t, programs)
	stream, err := os.ReadFile(data)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "electricity.csv.gz"), stream, 0o600); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	found := blocks(lines)
	var updated []string
	from := 0
	for i, b := range found {
		updated = append(updated, lines[from:b.from]...)
		from = b.to
		if i == 0 {
			updated = append(updated, lines[b.from:b.to]...) // the build, done above
			continue
		}
		for k, output := range run(t, folder, programs, b) {
			if diff := cmp.Diff(b.steps[k].output, output); diff != "" && os.Getenv("UPDATE") == "" {
				t.Errorf("%s (-page +printed):\n%s", b.steps[k].command, diff)
			}
			updated = append(updated, strings.Split("$ "+b.steps[k].command, "\n")...)
			updated = append(updated, splitLines(output)...)
		}
	}
	if os.Getenv("UPDATE") != "" {
		updated = append(updated, lines[from:]...)
		if err := os.WriteFile(page, []byte(strings.Join(updated, "\n")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(filepath.Join(folder, "stream.html")); err != nil || info.Size() < 10_000 {
		t.Errorf("the page of the stream was not written: %v", err)
	}
}

func splitLines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

func build(t *testing.T, folder string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-o", folder, "../../cmd/profiler")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatal(fmt.Errorf("%w\n%s", err, out))
	}
}

// The links of the page lead somewhere.
func TestLinks(t *testing.T) {
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	rest := string(text)
	for {
		_, after, found := strings.Cut(rest, "](")
		if !found {
			return
		}
		link, tail, _ := strings.Cut(after, ")")
		rest = tail
		link, _, _ = strings.Cut(link, "#")
		if _, err := os.Stat(filepath.Join(filepath.Dir(page), link)); err != nil && !strings.HasPrefix(link, "http") {
			t.Errorf("%s leads nowhere", link)
		}
	}
}
