package main

import (
	"bytes"

	"github.com/trainyard/trainyard/internal/profile"
)

func writePart(s streams, file string, part *profile.Part) error {
	var text bytes.Buffer
	if err := part.Write(&text); err != nil {
		return err
	}
	return deliver(s, file, text.Bytes())
}
