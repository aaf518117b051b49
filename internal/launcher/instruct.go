package launcher

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/trainyard/trainyard/internal/launcher/watch"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// readEvery is how often the instruction is read where no event tells: the file
// is small and in memory.
const readEvery = 2 * time.Second

// readInstruction reads the instruction's file. A missing or an empty one is no
// instruction.
func readInstruction(path string) (in launchspec.Instruction, raw []byte, ok bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return in, nil, false, nil
	}
	if err != nil {
		return in, nil, false, err //nolint:wrapcheck // names the operation and the file
	}
	defer f.Close()
	raw, err = io.ReadAll(io.LimitReader(f, launchspec.MaxInstructionBytes+1))
	if err != nil {
		return in, nil, false, err //nolint:wrapcheck // names the operation and the file
	}
	in, ok, err = launchspec.ParseInstruction(raw)
	return in, raw, ok, err
}

// watchInstruction passes on what the file says whenever it says something
// else. The kubelet replaces the file by a link in the same directory.
func (l *Launcher) watchInstruction(ctx context.Context, last []byte) {
	names := watch.Dir(ctx, l.clock, filepath.Dir(l.cfg.InstructionFile), readEvery)
	for {
		select {
		case <-names:
		case <-ctx.Done():
			return
		}
		in, raw, ok, err := readInstruction(l.cfg.InstructionFile)
		if err == nil && bytes.Equal(raw, last) {
			continue
		}
		last = raw
		l.heard() // whatever it says, the way to the API server is open
		l.board.say(aboutInstruction, text(err))
		if !ok {
			continue
		}
		select {
		case l.instructions <- in:
		case <-ctx.Done():
			return
		}
	}
}
