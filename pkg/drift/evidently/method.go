package evidently

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trainyard/trainyard/pkg/drift"
)

// Method is a test or distance by Evidently's own name.
type Method string

// Evidently's methods for numbers and categories.
const (
	KS            Method = "ks"
	Z             Method = "z"
	ChiSquare     Method = "chisquare"
	JensenShannon Method = "jensenshannon"
	Wasserstein   Method = "wasserstein"
	KL            Method = "kl_div"
	PSI           Method = "psi"
	G             Method = "g_test"
	Hellinger     Method = "hellinger"
	TVD           Method = "TVD"
	Fisher        Method = "fisher_exact"
	Anderson      Method = "anderson"
	CramerVM      Method = "cramer_von_mises"
	MannWhitney   Method = "mannw"
	Energy        Method = "ed"
	Epps          Method = "es"
	T             Method = "t_test"
	MMD           Method = "empirical_mmd"
)

// comparison is how a score is held against its threshold.
type comparison int

const (
	below    comparison = iota // p < threshold
	atMost                     // p <= threshold
	atLeast                    // distance >= threshold
	moreThan                   // distance > threshold
)

// rule is what Evidently registers for a method.
type rule struct {
	threshold              float64
	compare                comparison
	numerical, categorical bool
	compute                func(drift.Column) (score, error)
}

// score is a method's raw result: value is what is compared; statistic and p are
// NaN where the method has none.
type score struct {
	value, statistic, p float64
}

var rules = map[Method]rule{
	KS:            {0.05, atMost, true, false, kolmogorov},
	Z:             {0.05, below, false, true, twoProportions},
	ChiSquare:     {0.05, below, false, true, chiSquare},
	JensenShannon: {0.1, atLeast, true, true, jensenShannon},
	Wasserstein:   {0.1, atLeast, true, false, wasserstein},
	KL:            {0.1, atLeast, true, true, kullbackLeibler},
	PSI:           {0.1, atLeast, true, true, psi},
	G:             {0.1, below, false, true, gTest},
	Hellinger:     {0.1, atLeast, true, true, hellinger},
	TVD:           {0.1, below, false, true, totalVariation},
	Fisher:        {0.1, below, false, true, fisher},
	Anderson:      {0.1, below, true, false, anderson},
	CramerVM:      {0.1, atMost, true, false, cramer},
	MannWhitney:   {0.05, below, true, false, mannWhitney},
	Energy:        {0.1, moreThan, true, false, energy},
	Epps:          {0.05, below, true, false, epps},
	T:             {0.05, below, true, false, student},
	MMD:           {0.1, below, true, false, discrepancy},
}

// Methods are the names that Compare takes, in alphabetical order.
func Methods() []string {
	names := make([]string, 0, len(rules))
	for method := range rules {
		names = append(names, string(method))
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return names
}

const (
	// smallReference is the number of cleaned reference rows up to which tests
	// are preferred to distances.
	smallReference = 1000
	// fewValues is the number of distinct values up to which numbers are
	// compared as categories.
	fewValues = 5
)

// Choose is the method that Evidently takes when none is asked for.
func Choose(column drift.Column) Method {
	rows, _ := column.Rows()
	distinct := column.Distinct(fewValues + 1)
	ordered := column.Kind == drift.Numerical && distinct > fewValues
	switch {
	case ordered && rows <= smallReference:
		return KS
	case ordered:
		return Wasserstein
	case rows > smallReference:
		return JensenShannon
	case distinct > 2:
		return ChiSquare
	default:
		return Z
	}
}

// DriftShare is the share of drifted columns from which Evidently calls the
// whole data set drifted.
const DriftShare = 0.5

// DatasetDrifted is Evidently's verdict on a data set.
func DatasetDrifted(drifted, columns int) bool {
	return columns > 0 && float64(drifted)/float64(columns) >= DriftShare
}

// MethodError reports a method that does not exist or does not fit the column.
type MethodError struct {
	Method Method
	Column string
	Kind   drift.Kind
}

func (e *MethodError) Error() string {
	if _, known := rules[e.Method]; !known {
		return fmt.Sprintf("column %q: no method %q: take one of %s", e.Column, e.Method, strings.Join(Methods(), ", "))
	}
	return fmt.Sprintf("column %q: method %q does not compare %s columns", e.Column, e.Method, e.Kind)
}

// Fits says that a user may ask for a method on a kind of column.
func Fits(method Method, kind drift.Kind) bool {
	if kind == drift.Text {
		return method == TextPercentile || method == TextAbsolute
	}
	rule, known := rules[method]
	return known && rule.fits(kind)
}
