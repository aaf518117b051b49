// Command parity compares Trainyard's drift statistics with the peers' own
// packages, on the same inputs, in one run.
//
// It writes random and adversarial cases to a file, lets a Python interpreter
// answer them with SciPy, statsmodels, Evidently, NannyML and River, answers them
// itself, and prints one line a method: how many cases, the worst difference, and
// pass or fail. It exits 1 if any method fails.
//
//	go run ./test/parity -python VENV/bin/python [-seed N] [-only SUBSTRING] [-v]
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	python := flag.String("python", "python3", "interpreter that has the peers' packages")
	script := flag.String("oracle", "test/parity/oracle.py", "script that asks the peers")
	seed := flag.Uint64("seed", 1, "seed of the random cases")
	only := flag.String("only", "", "compare only methods whose name, as suite/method, contains this")
	verbose := flag.Bool("v", false, "print every case that differs")
	flag.Parse()
	failed, err := run(context.Background(), *python, *script, *seed, *only, *verbose)
	if err != nil {
		fmt.Fprintln(os.Stderr, "parity:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

func run(ctx context.Context, python, script string, seed uint64, only string, verbose bool) (failed bool, err error) {
	folder, err := os.MkdirTemp("", "parity-files-")
	if err != nil {
		return false, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	files, err := fileMethod(ctx, rand.New(rand.NewPCG(seed, 1)), folder)
	if err != nil {
		return false, err
	}
	var chosen []method
	for _, m := range append(suites(rand.New(rand.NewPCG(seed, 0))), files) {
		if strings.Contains(m.suite+"/"+m.name, only) {
			chosen = append(chosen, m)
		}
	}
	answers, err := ask(ctx, python, script, chosen)
	if err != nil {
		return false, err
	}
	printHead()
	for _, m := range chosen {
		row := compare(m, answers[:len(m.cases)], verbose)
		answers = answers[len(m.cases):]
		row.print()
		failed = failed || row.failed()
	}
	return failed, nil
}

// ask lets the peers answer every case of every method, in order.
func ask(ctx context.Context, python, script string, methods []method) ([]answer, error) {
	folder, err := os.MkdirTemp("", "parity-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(folder) }()
	cases, answers := filepath.Join(folder, "cases"), filepath.Join(folder, "answers")
	total, err := writeCases(cases, methods)
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(os.Stderr, "asking the peers about %d cases …\n", total)
	command := exec.CommandContext(ctx, python, script, cases, answers)
	command.Stderr = os.Stderr
	if err := command.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w", python, script, err)
	}
	return readAnswers(answers, total)
}

func writeCases(path string, methods []method) (total int, err error) {
	file, err := os.Create(path)
	if err != nil {
		return 0, err
	}
	out := bufio.NewWriter(file)
	encoder := json.NewEncoder(out)
	for _, m := range methods {
		for _, c := range m.cases {
			if err := encoder.Encode(c); err != nil {
				return 0, errors.Join(err, file.Close())
			}
			total++
		}
	}
	return total, errors.Join(out.Flush(), file.Close())
}

func readAnswers(path string, total int) ([]answer, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	decoder := json.NewDecoder(bufio.NewReader(file))
	answers := make([]answer, total)
	for i := range answers {
		if err := decoder.Decode(&answers[i]); err != nil {
			return nil, fmt.Errorf("answer %d of %d: %w", i+1, total, err)
		}
	}
	return answers, nil
}
