package table

import (
	"fmt"
	"strconv"
)

// CellError is a value that cannot be read. Its text holds the value only where
// Value is set, which a reader does only if it may show the data to a person.
type CellError struct {
	// File is a file, an object, a query or a topic.
	File string
	// Row counts from 1, without a header; 0 is unknown.
	Row    int64
	Column string
	// Problem says what is wrong, without the value.
	Problem string
	Value   *string
}

func (e *CellError) Error() string {
	text := e.File
	if e.Row > 0 {
		text += ", row " + strconv.FormatInt(e.Row, 10)
	}
	if e.Column != "" {
		text += ", column " + strconv.Quote(e.Column)
	}
	text += ": " + e.Problem
	if e.Value != nil {
		text += fmt.Sprintf(" (the value is %q)", clip(*e.Value))
	}
	return text
}

// clip keeps a value short enough for a message.
func clip(value string) string {
	const most = 80
	if len(value) <= most {
		return value
	}
	return value[:most] + "…"
}

// LimitError is data beyond a limit of Options.
type LimitError struct {
	Source string
	// What is the limit's name and its value.
	What string
	// Cure says what to do.
	Cure string
}

func (e *LimitError) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Source, e.What, e.Cure)
}
