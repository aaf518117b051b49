package reportpage

import (
	"math"
	"strconv"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

// absent stands where a number does not exist.
const absent = "–"

// number writes a number with three significant digits, as people write it.
func (w *words) number(n report.Number) string {
	if !n.Exists() {
		return absent
	}
	return w.digits(float64(n), 3)
}

func (w *words) digits(v float64, significant int) string {
	switch {
	case v == 0:
		return "0"
	case math.IsNaN(v) || math.IsInf(v, 0):
		return absent
	}
	size := math.Abs(v)
	if size < 1e-4 || size >= 1e12 {
		return w.power(v)
	}
	decimals := significant - 1 - int(math.Floor(math.Log10(size)))
	return w.fixed(v, max(0, decimals))
}

// power is mantissa × 10^exponent, in superscript digits.
func (w *words) power(v float64) string {
	text := strconv.FormatFloat(v, 'e', 1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	value, err := strconv.Atoi(exponent)
	if err != nil {
		return text
	}
	return w.localise(strings.TrimSuffix(mantissa, ".0")) + " × 10" + superscript.Replace(strconv.Itoa(value))
}

var superscript = strings.NewReplacer("-", "⁻", "0", "⁰", "1", "¹", "2", "²", "3", "³", "4", "⁴",
	"5", "⁵", "6", "⁶", "7", "⁷", "8", "⁸", "9", "⁹")

// fixed writes a number with so many decimals, without idle zeros at the end.
func (w *words) fixed(v float64, decimals int) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	if text == "-0" {
		text = "0"
	}
	return w.localise(text)
}

// localise takes a plain decimal and sets the language's marks and a real minus.
func (w *words) localise(text string) string {
	sign := ""
	if strings.HasPrefix(text, "-") {
		sign, text = "−", text[1:]
	}
	whole, fraction, found := strings.Cut(text, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + w.group + whole[i:]
	}
	if !found {
		return sign + whole
	}
	return sign + whole + w.decimal + fraction
}

// whole writes a count.
func (w *words) whole(n int) string { return w.localise(strconv.Itoa(n)) }

// share writes a share as a percentage.
func (w *words) share(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return absent
	case v > 0 && v < 0.0005:
		return "< " + w.localise("0.1") + w.percent
	case v < 1 && v > 0.9995:
		return "> " + w.localise("99.9") + w.percent
	}
	decimals := 1
	if math.Abs(v) >= 0.0995 {
		decimals = 0
	}
	return w.fixed(100*v, decimals) + w.percent
}

// percentage is share without its sign, for a table whose head has it.
func (w *words) percentage(v float64) string { return strings.TrimSuffix(w.share(v), w.percent) }

// signed is number with its sign always written.
func (w *words) signed(n report.Number) string {
	if n.Exists() && n > 0 {
		return "+" + w.number(n)
	}
	return w.number(n)
}
