package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// training counts, and keeps checkpoints of how far it came.
type training struct {
	steps, commitEvery int64
	every              time.Duration
}

func (t *training) run(ctx context.Context) error {
	step, err := resume()
	if err != nil {
		return err
	}
	directory := os.Getenv("TRAINYARD_CHECKPOINT_DIR")
	if os.Getenv("TRAINYARD_RANK") != "0" {
		directory = "" // rank 0 commits
	}
	ticker := time.NewTicker(t.every)
	defer ticker.Stop()
	for step < t.steps {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		step++
		fmt.Printf("{\"trainyard\": {\"step\": %d}}\n", step)
		if directory != "" && step%t.commitEvery == 0 {
			if err := commit(directory, step); err != nil {
				return err
			}
		}
	}
	return nil
}

// resume is the step of the checkpoint to go on from.
func resume() (int64, error) {
	file := os.Getenv("TRAINYARD_RESUME_FROM")
	if file == "" {
		return 0, nil
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
}

// commit writes a checkpoint whole, and makes it appear with one rename.
func commit(directory string, step int64) error {
	name := fmt.Sprintf("step-%08d", step)
	temporary := filepath.Join(directory, ".tmp-"+name)
	f, err := os.Create(temporary)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(f, step)
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(temporary, filepath.Join(directory, name))
}
