package infer

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// isWhole says whether a cell is an optional sign and at most 64 bits' worth of
// digits.
func isWhole(cell []byte) bool {
	digits := trim(cell)
	negative := len(digits) > 0 && digits[0] == '-'
	if negative || len(digits) > 0 && digits[0] == '+' {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 20 {
		return false
	}
	value := uint64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return false
		}
		digit := uint64(c - '0')
		if value > (math.MaxUint64-digit)/10 {
			return false
		}
		value = value*10 + digit
	}
	return !negative || value <= 1<<63
}

// parseInteger also takes 3.0 and 1e3, which other writers make of whole numbers.
func parseInteger(cell []byte) (float64, bool) {
	value, ok := parseFloat(cell)
	return value, ok && value == math.Trunc(value) && !math.IsInf(value, 0)
}

// parseFloat reads decimal numbers and the names of infinity. What strconv takes
// besides, hexadecimal numbers and underscores, is text.
func parseFloat(cell []byte) (float64, bool) {
	cell = trim(cell)
	if len(cell) == 0 {
		return 0, false
	}
	if value, ok := parseSimple(cell); ok {
		return value, true
	}
	for _, c := range cell {
		if (c < '0' || c > '9') && c != '.' && c != '-' && c != '+' && c != 'e' && c != 'E' {
			return infinity(cell)
		}
	}
	value, err := strconv.ParseFloat(string(cell), 64)
	if err != nil && !math.IsInf(value, 0) {
		return 0, false
	}
	return value, true
}

// parseSimple reads up to 15 digits with a point among them, exactly: both the
// digits and the power of ten are float64 without rounding.
func parseSimple(cell []byte) (float64, bool) {
	const exactDigits = 15
	digits, point := cell, -1
	negative := digits[0] == '-'
	if negative {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > exactDigits+1 {
		return 0, false
	}
	value := uint64(0)
	for i, c := range digits {
		switch {
		case c >= '0' && c <= '9':
			value = value*10 + uint64(c-'0')
		case c == '.' && point < 0:
			point = i
		default:
			return 0, false
		}
	}
	count := len(digits)
	result := float64(value)
	if point >= 0 {
		count--
		result /= powers[len(digits)-1-point]
	}
	if negative {
		result = -result
	}
	return result, count > 0 && count <= exactDigits
}

var powers = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

func infinity(cell []byte) (float64, bool) {
	sign := 1
	switch cell[0] {
	case '-':
		sign, cell = -1, cell[1:]
	case '+':
		cell = cell[1:]
	}
	if bytes.EqualFold(cell, []byte("inf")) || bytes.EqualFold(cell, []byte("infinity")) {
		return math.Inf(sign), true
	}
	return 0, false
}

func parseBoolean(cell []byte) (float64, bool) {
	switch string(cell) {
	case "True", "TRUE", "true":
		return 1, true
	case "False", "FALSE", "false":
		return 0, true
	}
	return 0, false
}

// trim drops the blanks around a number.
func trim(cell []byte) []byte {
	if len(cell) > 0 && cell[0] > ' ' && cell[len(cell)-1] > ' ' {
		return cell
	}
	return bytes.Trim(cell, " \t")
}

// instants are the forms of ISO 8601 that are taken for an instant: a date, and a
// time of day with or without seconds, their fraction, and an offset from UTC.
var instants = []string{
	"2006-01-02",
	"2006-01-02T15:04:05Z07:00",
	"2006-01-02 15:04:05Z07:00",
	"2006-01-02T15:04:05",
	"2006-01-02 15:04:05",
	"2006-01-02T15:04:05Z0700",
	"2006-01-02 15:04:05Z0700",
	"2006-01-02 15:04:05Z07",
	"2006-01-02T15:04Z07:00",
	"2006-01-02T15:04",
	"2006-01-02 15:04",
}

// parseInstant is in seconds since 1970; without an offset it is UTC.
func parseInstant(cell []byte) (float64, bool) {
	const shortest, longest = len("2006-01-02"), len("2006-01-02T15:04:05.123456789+07:00")
	if len(cell) < shortest || len(cell) > longest || cell[4] != '-' || cell[7] != '-' {
		return 0, false
	}
	for _, layout := range instants {
		if at, err := time.Parse(layout, string(cell)); err == nil {
			return Seconds(at), true
		}
	}
	return 0, false
}

// Seconds is an instant as a number.
func Seconds(at time.Time) float64 {
	return float64(at.Unix()) + float64(at.Nanosecond())/1e9
}
