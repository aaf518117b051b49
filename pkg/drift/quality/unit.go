package quality

import "math"

// unit is a change of unit that people make: new = factor·old + offset.
type unit struct {
	name           string
	factor, offset float64
}

var units = withInverses([]unit{
	{"times 10", 10, 0},
	{"times 100 (a share as a percentage, euros as cents)", 100, 0},
	{"times 1000 (kilo)", 1000, 0},
	{"times 1 000 000", 1e6, 0},
	{"times 1 000 000 000", 1e9, 0},
	{"times 1024 (binary kilo)", 1024, 0},
	{"times 60 (minutes as seconds)", 60, 0},
	{"times 3600 (hours as seconds)", 3600, 0},
	{"times 24 (days as hours)", 24, 0},
	{"times 3.281 (metres as feet)", 1 / 0.3048, 0},
	{"times 0.621 (kilometres as miles)", 1 / 1.609344, 0},
	{"times 2.205 (kilograms as pounds)", 1 / 0.45359237, 0},
	{"times 57.3 (radians as degrees)", 180 / math.Pi, 0},
	{"in degrees Fahrenheit instead of Celsius", 1.8, 32},
	{"in kelvin instead of degrees Celsius", 1, 273.15},
	{"with its sign turned", -1, 0},
})

// withInverses adds the way back of every change.
func withInverses(changes []unit) []unit {
	all := append([]unit(nil), changes...)
	for _, u := range changes {
		if u.factor != -1 {
			all = append(all, unit{"undone: " + u.name, 1 / u.factor, -u.offset / u.factor})
		}
	}
	return all
}

const (
	// fits is how close, in reference interquartile ranges, the quantiles must
	// come to each other once the change is undone, on average.
	fits = 0.15
	// foreign is how far apart they must be as they are.
	foreign = 1
)

// unitChange is the change of unit, if any, that turns the reference's quantiles
// into the window's while as they are they have little to do with each other. It
// is silent where the middle half of the reference is one value.
func unitChange(reference, window []float64) (unit, bool) {
	if len(reference) != len(Levels) || len(window) != len(Levels) {
		return unit{}, false
	}
	scale := reference[3] - reference[1]
	if !(scale > 0) || !(distance(reference, window, unit{factor: 1})/scale > foreign) {
		return unit{}, false
	}
	best, nearest := unit{}, math.Inf(1)
	for _, u := range units {
		if d := distance(reference, window, u) / scale; d < nearest {
			best, nearest = u, d
		}
	}
	return best, nearest < fits
}

// distance is the mean gap between the reference and the window with the change
// undone. A factor below zero turns the order of the quantiles.
func distance(reference, window []float64, u unit) float64 {
	sum := 0.0
	for i, r := range reference {
		w := window[i]
		if u.factor < 0 {
			w = window[len(window)-1-i]
		}
		sum += math.Abs((w-u.offset)/u.factor - r)
	}
	return sum / float64(len(reference))
}
