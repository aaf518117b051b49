package hardware

import (
	"fmt"
	"strconv"
	"strings"
)

// MaxExpressionLength bounds an expression, in bytes.
const MaxExpressionLength = 512

// maxExpressionDepth bounds the nesting of an expression.
const maxExpressionDepth = 32

type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenNumber
	tokenName
	tokenOperator
)

type token struct {
	kind  tokenKind
	text  string
	value float64
	at    int
}

// twoByteOperators come before their one-byte prefixes.
var twoByteOperators = []string{"&&", "||", ">=", "<=", "==", "!="}

const oneByteOperators = "()+-*/<>!"

// lex cuts an expression into tokens, the last one being the end.
func lex(text string) ([]token, error) {
	if len(text) > MaxExpressionLength {
		return nil, fmt.Errorf("is %d bytes long; split it into several rules of at most %d bytes", len(text), MaxExpressionLength)
	}
	var tokens []token
	for at := 0; at < len(text); {
		t, err := next(text, at)
		if err != nil {
			return nil, err
		}
		if t.text == "" {
			at++
			continue
		}
		tokens = append(tokens, t)
		at += len(t.text)
	}
	return append(tokens, token{kind: tokenEnd, at: len(text)}), nil
}

// next reads the token at a position; its text is empty for white space.
func next(text string, at int) (token, error) {
	rest := text[at:]
	c := rest[0]
	switch {
	case c == ' ' || c == '\t' || c == '\n' || c == '\r':
		return token{}, nil
	case isDigit(c) || c == '.':
		return number(rest, at)
	case isLetter(c):
		return token{kind: tokenName, text: rest[:runLength(rest, func(c byte) bool { return isLetter(c) || isDigit(c) })], at: at}, nil
	}
	for _, op := range twoByteOperators {
		if strings.HasPrefix(rest, op) {
			return token{kind: tokenOperator, text: op, at: at}, nil
		}
	}
	if strings.IndexByte(oneByteOperators, c) >= 0 {
		return token{kind: tokenOperator, text: rest[:1], at: at}, nil
	}
	return token{}, fmt.Errorf("has %q at position %d; use names, numbers, ( ), + - * /, < <= > >= == !=, && || and ! only", c, at+1)
}

func number(rest string, at int) (token, error) {
	n := runLength(rest, func(c byte) bool { return isDigit(c) || c == '.' })
	value, err := strconv.ParseFloat(rest[:n], 64)
	if err != nil {
		return token{}, fmt.Errorf("has %q at position %d; write a number such as 512 or 0.96", rest[:n], at+1)
	}
	return token{kind: tokenNumber, text: rest[:n], value: value, at: at}, nil
}

func runLength(s string, ok func(byte) bool) int {
	n := 0
	for n < len(s) && ok(s[n]) {
		n++
	}
	return n
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
