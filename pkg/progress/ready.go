package progress

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The ready rules.
const (
	HFTrainer = "HFTrainer"
	Lightning = "Lightning"
	Keras     = "Keras"
	Torchrun  = "Torchrun"
)

const (
	number = `[-+]?(?:[0-9]+\.?[0-9]*(?:[eE][-+]?[0-9]+)?|\.[0-9]+|nan|inf)`
	name   = `[A-Za-z_][\w./@-]*`

	kerasSteps = `^\s*(?P<step>[0-9]+)/(?P<total>[0-9]+|Unknown) `
)

// form is a ready pattern as it is written here.
type form struct {
	pattern string
	pairs   string
	counts  counting
	skip    string
}

var readyForms = map[string][]form{
	// The bar on stderr, and on stdout the dictionary that Trainer.log prints;
	// from version 5 on, its values are quoted.
	HFTrainer: {
		{pattern: `^\s*[0-9]{1,3}%\|[^|]*\|\s*(?P<step>[0-9]+)/(?P<total>[0-9]+) \[`},
		{
			pattern: `^\s*\{'` + name + `': ['0-9nNiI+-]`,
			pairs:   `'(` + name + `)': '?(` + number + `)['},]`,
		},
	},
	// The bar of TQDMProgressBar. Epochs begin with 0; the bars of validation
	// and prediction have other names.
	Lightning: {
		{
			pattern: `^\s*Epoch (?P<epoch>[0-9]+): .*\|\s*(?P<step>[0-9]+)/(?P<total>[0-9]+|\?) \[`,
			pairs:   `, (` + name + `)=(` + number + `)[,\]]`,
			counts:  inEpoch, skip: "v_num",
		},
	},
	// The bars of Keras 2 and 3.
	Keras: {
		{pattern: `^\s*Epoch (?P<epoch>[0-9]+)/(?P<epochs>[0-9]+)\s*$`, counts: inEpochOne},
		{
			pattern: kerasSteps + `.* - ETA: `,
			pairs:   ` - (` + name + `): (` + number + `)(?:\s|$)`,
			counts:  inEpochOne,
		},
		{
			pattern: kerasSteps + `.*/step(?: - |\s*$)`,
			pairs:   ` - (` + name + `): (` + number + `)(?:\s|$)`,
			counts:  inEpochOne,
		},
	},
	// What the best-known scripts for torchrun print: torchtitan, torchvision's
	// references, the ImageNet and the MNIST example.
	Torchrun: {
		{
			pattern: `\bstep:\s+(?P<step>[0-9]+)\s+loss:\s`,
			pairs:   `\s(` + name + `):\s+(` + number + `)(?:\s|$)`, skip: "step",
		},
		{
			pattern: `\bEpoch: \[(?P<epoch>[0-9]+)\]\s+\[\s*(?P<step>[0-9]+)/(?P<total>[0-9]+)\]`,
			pairs:   `\s(` + name + `): (` + number + `)(?:\s|$)`,
			counts:  inEpoch,
		},
		{
			pattern: `\bEpoch: \[(?P<epoch>[0-9]+)\]\[\s*(?P<step>[0-9]+)/(?P<total>[0-9]+)\]`,
			pairs:   `\s(` + name + `)\s+(` + number + `) \(`,
			counts:  inEpoch,
		},
		{
			pattern: `\bTrain Epoch: (?P<epoch>[0-9]+) \[[0-9]+/[0-9]+ \(`,
			pairs:   `\s(` + name + `): (` + number + `)(?:\s|$)`, skip: "Epoch",
		},
	},
}

// ReadyRules lists the names of the ready rules.
func ReadyRules() []string { return slices.Sorted(maps.Keys(readyForms)) }

func readyRule(name string) (compiled, error) {
	forms, ok := readyForms[name]
	if !ok {
		return nil, fmt.Errorf("rule %q has no pattern and is not a ready one: give a pattern or one of %s", name, strings.Join(ReadyRules(), ", "))
	}
	out := make(compiled, 0, len(forms))
	for _, f := range forms {
		p, err := newPattern(f.pattern)
		if err != nil {
			return nil, fmt.Errorf("ready rule %q: %w", name, err)
		}
		p.counts = f.counts
		p.skip = map[string]bool{f.skip: true}
		if f.pairs != "" {
			p.pairs = regexp.MustCompile(f.pairs)
		}
		out = append(out, p)
	}
	return out, nil
}
