package launchspec

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxInstructionBytes bounds an instruction; a longer one is garbage.
const MaxInstructionBytes = 4096

// Instruction tells a launcher which attempt is current. A launcher acts on a
// higher attempt than its own and ignores every other instruction.
type Instruction struct {
	// Attempt is the current attempt, from 1.
	Attempt int32 `json:"attempt"`
	// ResumeFrom is the checkpoint to resume from, <attempt dir>/<commit>, or
	// nothing to begin anew.
	ResumeFrom string `json:"resumeFrom,omitempty"`
	// Members is the number of pods in this attempt, 0 if unchanged.
	Members int32 `json:"members,omitempty"`
}

// Encode is the annotation's value.
func (i Instruction) Encode() (string, error) {
	if err := i.check(); err != nil {
		return "", err
	}
	raw, err := json.Marshal(i)
	if err != nil {
		return "", fmt.Errorf("encode instruction: %w", err)
	}
	return string(raw), nil
}

// ParseInstruction reads an annotation's value. An empty one is no instruction:
// ok is false and there is no error.
func ParseInstruction(raw []byte) (in Instruction, ok bool, err error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return Instruction{}, false, nil
	}
	if len(raw) > MaxInstructionBytes {
		return Instruction{}, false, fmt.Errorf("instruction of %d bytes is longer than %d", len(raw), MaxInstructionBytes)
	}
	if err := json.Unmarshal(raw, &in); err != nil {
		return Instruction{}, false, fmt.Errorf("instruction is not the JSON of one: %w", err)
	}
	if err := in.check(); err != nil {
		return Instruction{}, false, err
	}
	return in, true, nil
}

func (i Instruction) check() error {
	if i.Attempt < 1 {
		return fmt.Errorf("instruction: attempt %d must be at least 1", i.Attempt)
	}
	if i.Members < 0 {
		return fmt.Errorf("instruction: members %d must not be negative", i.Members)
	}
	if i.ResumeFrom == "" {
		return nil
	}
	if _, err := ParseCheckpointRef(i.ResumeFrom); err != nil {
		return fmt.Errorf("instruction: resumeFrom: %w", err)
	}
	return nil
}
