package hardware

import (
	"fmt"
	"slices"
	"strings"
)

// exprKind keeps numbers and truths apart, so that "a + (b > c)" is refused
// when a policy is written and not puzzled over when a GPU fails.
type exprKind uint8

const (
	kindNumber exprKind = iota
	kindTruth
)

// precedence of the binary operators, weakest first.
var precedence = map[string]struct {
	level    int
	op       opcode
	operands exprKind
	result   exprKind
}{
	"||": {1, opOr, kindTruth, kindTruth},
	"&&": {2, opAnd, kindTruth, kindTruth},
	"==": {3, opEqual, kindNumber, kindTruth},
	"!=": {3, opNotEqual, kindNumber, kindTruth},
	"<":  {3, opLess, kindNumber, kindTruth},
	"<=": {3, opLessEqual, kindNumber, kindTruth},
	">":  {3, opGreater, kindNumber, kindTruth},
	">=": {3, opGreaterEqual, kindNumber, kindTruth},
	"+":  {4, opAdd, kindNumber, kindNumber},
	"-":  {4, opSubtract, kindNumber, kindNumber},
	"*":  {5, opMultiply, kindNumber, kindNumber},
	"/":  {5, opDivide, kindNumber, kindNumber},
}

// parser is a precedence climber that emits instructions as it goes.
type parser struct {
	tokens []token
	pos    int
	expr   *Expression
}

func (p *parser) peek() token { return p.tokens[p.pos] }

func (p *parser) take() token {
	t := p.tokens[p.pos]
	if t.kind != tokenEnd {
		p.pos++
	}
	return t
}

func (p *parser) emit(in instruction) { p.expr.code = append(p.expr.code, in) }

// binary parses operators that bind tighter than floor.
func (p *parser) binary(floor, depth int) (exprKind, error) {
	left, err := p.unary(depth)
	if err != nil {
		return 0, err
	}
	for {
		t := p.peek()
		op, ok := precedence[t.text]
		if t.kind != tokenOperator || !ok || op.level <= floor {
			return left, nil
		}
		p.take()
		right, err := p.binary(op.level, depth+1)
		if err != nil {
			return 0, err
		}
		if left != op.operands || right != op.operands {
			return 0, mismatch(t, op.operands)
		}
		if op.level == 3 && p.isComparison() {
			return 0, fmt.Errorf("chains comparisons at position %d; join them with &&", p.peek().at+1)
		}
		p.emit(instruction{op: op.op})
		left = op.result
	}
}

func (p *parser) isComparison() bool {
	t := p.peek()
	return t.kind == tokenOperator && precedence[t.text].level == 3
}

func mismatch(t token, want exprKind) error {
	if want == kindTruth {
		return fmt.Errorf("joins a number with %q at position %d; compare the number first", t.text, t.at+1)
	}
	return fmt.Errorf("uses a condition as a number with %q at position %d; a flag is already true or false, and conditions join with && and ||", t.text, t.at+1)
}

func (p *parser) unary(depth int) (exprKind, error) {
	if depth > maxExpressionDepth {
		return 0, fmt.Errorf("is nested deeper than %d; split it into several rules", maxExpressionDepth)
	}
	t := p.take()
	switch {
	case t.kind == tokenNumber:
		p.emit(instruction{op: opNumber, value: t.value})
		return kindNumber, nil
	case t.kind == tokenName:
		return p.name(t)
	case t.kind == tokenOperator && t.text == "(":
		return p.group(depth)
	case t.kind == tokenOperator && t.text == "!":
		return p.prefix(t, opNot, kindTruth, depth)
	case t.kind == tokenOperator && t.text == "-":
		return p.prefix(t, opNegate, kindNumber, depth)
	case t.kind == tokenEnd:
		return 0, fmt.Errorf("ends where a value belongs; add a variable or a number")
	}
	return 0, fmt.Errorf("has %q at position %d where a value belongs", t.text, t.at+1)
}

func (p *parser) prefix(t token, op opcode, want exprKind, depth int) (exprKind, error) {
	kind, err := p.unary(depth + 1)
	if err != nil {
		return 0, err
	}
	if kind != want {
		return 0, mismatch(t, want)
	}
	p.emit(instruction{op: op})
	return kind, nil
}

func (p *parser) group(depth int) (exprKind, error) {
	kind, err := p.binary(0, depth+1)
	if err != nil {
		return 0, err
	}
	return kind, p.expect(")")
}

func (p *parser) expect(text string) error {
	if t := p.take(); t.kind != tokenOperator || t.text != text {
		return fmt.Errorf("lacks %q at position %d", text, t.at+1)
	}
	return nil
}

func (p *parser) name(t token) (exprKind, error) {
	if t.text == "known" {
		return p.known()
	}
	id, err := p.variable(t)
	if err != nil {
		return 0, err
	}
	p.emit(instruction{op: opVariable, id: id})
	if variables[id].Flag {
		return kindTruth, nil
	}
	if !slices.Contains(p.expr.numbers, id) {
		p.expr.numbers = append(p.expr.numbers, id)
	}
	return kindNumber, nil
}

func (p *parser) known() (exprKind, error) {
	if err := p.expect("("); err != nil {
		return 0, err
	}
	id, err := p.variable(p.take())
	if err != nil {
		return 0, err
	}
	p.emit(instruction{op: opKnown, id: id})
	return kindTruth, p.expect(")")
}

func (p *parser) variable(t token) (VarID, error) {
	id, ok := Lookup(t.text)
	if t.kind != tokenName || !ok {
		return 0, fmt.Errorf("names %q at position %d, which is no variable%s", t.text, t.at+1, suggestion(t.text))
	}
	if !p.expr.Uses(id) {
		p.expr.vars = append(p.expr.vars, id)
	}
	return id, nil
}

// suggestion offers the variables that share the first word with a wrong name.
func suggestion(name string) string {
	word, _, _ := strings.Cut(name, "_")
	var near []string
	for _, v := range variables {
		if word != "" && strings.HasPrefix(v.Name, word) {
			near = append(near, v.Name)
		}
	}
	if len(near) == 0 {
		return "; see the list of variables in the documentation of HardwarePolicy"
	}
	return "; did you mean " + strings.Join(near, ", ") + "?"
}
