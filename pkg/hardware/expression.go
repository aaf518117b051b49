package hardware

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Truth is the value of a condition: a value that was not read makes it
// unknown, unless the rest decides alone.
type Truth int8

// The truths.
const (
	False Truth = iota
	True
	Undecided
)

// Expression is a compiled condition over variables, for example
//
//	margin_celsius < margin_slowdown_celsius && !maintenance
//
// It knows numbers, the variables of Variables, + - * / < <= > >= == != && || !
// and known(name), which is true where the variable was read. Evaluation costs
// no allocation.
type Expression struct {
	text string
	code []instruction
	vars []VarID
	// numbers are the variables that a reason should show.
	numbers []VarID
}

// ParseExpression compiles a condition, or says what is wrong with it and what
// to write instead.
func ParseExpression(text string) (*Expression, error) {
	tokens, err := lex(text)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, expr: &Expression{text: text}}
	kind, err := p.binary(0, 0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokenEnd {
		return nil, fmt.Errorf("has %q at position %d where an operator or the end belongs", t.text, t.at+1)
	}
	if kind != kindTruth {
		return nil, fmt.Errorf("is a number, not a condition; compare it, for example %s > 0", strings.TrimSpace(text))
	}
	return p.expr, nil
}

// String is the text that was compiled.
func (e *Expression) String() string { return e.text }

// Uses says whether the expression reads the variable.
func (e *Expression) Uses(id VarID) bool { return slices.Contains(e.vars, id) }

// Scope is the device's where any variable is a device's, else the node's.
func (e *Expression) Scope() Scope {
	for _, id := range e.vars {
		if variables[id].Scope == ScopeDevice {
			return ScopeDevice
		}
	}
	return ScopeNode
}

// Describe names the numbers that the expression looked at, as "name=value".
func (e *Expression) Describe(v *Vars) string {
	var parts []string
	for _, id := range e.numbers {
		if value, known := v.Get(id); known {
			parts = append(parts, id.String()+"="+strconv.FormatFloat(value, 'g', 5, 64))
		}
	}
	return strings.Join(parts, " ")
}

type opcode uint8

const (
	opNumber opcode = iota
	opVariable
	opKnown
	opNegate
	opNot
	opAdd
	opSubtract
	opMultiply
	opDivide
	opLess
	opLessEqual
	opGreater
	opGreaterEqual
	opEqual
	opNotEqual
	opAnd
	opOr
)

type instruction struct {
	op    opcode
	id    VarID
	value float64
}

// operand is a value on the evaluation's stack: a number or a truth (0 or 1),
// or nothing known.
type operand struct {
	value float64
	known bool
}

func truth(b bool) operand {
	if b {
		return operand{1, true}
	}
	return operand{0, true}
}

// Eval evaluates the condition. Arithmetic and comparisons over an absent value
// are undecided; && and || follow the side that decides.
func (e *Expression) Eval(v *Vars) Truth {
	var stack [maxExpressionDepth + 3]operand
	top := 0
	for i := range e.code {
		in := &e.code[i]
		switch in.op {
		case opNumber:
			stack[top] = operand{in.value, true}
			top++
		case opVariable:
			value, known := v.Get(in.id)
			stack[top] = operand{value, known}
			top++
		case opKnown:
			_, known := v.Get(in.id)
			stack[top] = truth(known)
			top++
		case opNegate:
			stack[top-1].value = -stack[top-1].value
		case opNot:
			stack[top-1].value = 1 - stack[top-1].value
		default:
			top--
			stack[top-1] = combine(in.op, stack[top-1], stack[top])
		}
	}
	switch {
	case !stack[0].known:
		return Undecided
	case stack[0].value != 0:
		return True
	}
	return False
}

func combine(op opcode, a, b operand) operand {
	switch op {
	case opAnd:
		return kleene(a, b, 0)
	case opOr:
		return kleene(a, b, 1)
	}
	if !a.known || !b.known {
		return operand{}
	}
	switch op {
	case opAdd:
		return operand{a.value + b.value, true}
	case opSubtract:
		return operand{a.value - b.value, true}
	case opMultiply:
		return operand{a.value * b.value, true}
	case opDivide:
		return operand{a.value / b.value, b.value != 0}
	case opLess:
		return truth(a.value < b.value)
	case opLessEqual:
		return truth(a.value <= b.value)
	case opGreater:
		return truth(a.value > b.value)
	case opGreaterEqual:
		return truth(a.value >= b.value)
	case opEqual:
		return truth(a.value == b.value)
	}
	return truth(a.value != b.value)
}

// kleene is the three-valued && (decider 0) and || (decider 1).
func kleene(a, b operand, decider float64) operand {
	switch {
	case a.known && a.value == decider, b.known && b.value == decider:
		return operand{decider, true}
	case a.known && b.known:
		return operand{1 - decider, true}
	}
	return operand{}
}
