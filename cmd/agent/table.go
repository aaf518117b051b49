package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/trainyard/trainyard/internal/agent"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// barWidth is the length of a utilisation bar, in characters.
const barWidth = 20

var colours = map[hardware.Severity]string{
	hardware.Healthy: "\x1b[32m", hardware.Unknown: "\x1b[36m", hardware.Degraded: "\x1b[33m", hardware.Fatal: "\x1b[31m",
}

func wantsColour(w io.Writer, choice string) bool {
	if choice != "auto" {
		return choice == "always"
	}
	file, ok := w.(*os.File)
	if !ok || os.Getenv("NO_COLOR") != "" {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// page writes a table and remembers the first error.
type page struct {
	w      io.Writer
	colour bool
	err    error
}

func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}

func (p *page) paint(s hardware.Severity, text string) string {
	if !p.colour {
		return text
	}
	return colours[s] + text + "\x1b[0m"
}

// writeTable writes a page that one would pin to a wall.
func writeTable(w io.Writer, r *agent.Report, colour bool) error {
	p := &page{w: w, colour: colour}
	p.headline(r)
	for i := range r.Snapshot.Readings {
		p.device(r, i)
	}
	p.host(r)
	for _, problem := range r.Snapshot.Problems {
		p.line("not readable  %s", problem)
	}
	if len(r.Assessment.Devices) > 0 {
		p.line("")
		p.line("margin: degrees left until the GPU slows itself down.  -, ·: this GPU does not tell, which is not zero.")
	}
	return p.err
}

// headline is the whole machine in a line.
func (p *page) headline(r *agent.Report) {
	a, state := &r.Assessment, r.Snapshot.State
	worst := p.paint(a.Worst.Severity, strings.ToUpper(string(a.Worst.Severity)))
	if len(a.Devices) == 0 {
		p.line("%s   no GPU to be seen   mode %s", worst, state.Mode)
	} else {
		p.line("%s   %d of %d GPUs healthy   mode %s   driver %s", worst, a.Healthy(), len(a.Devices), state.Mode, orDash(state.DriverVersion))
	}
	if state.Reason != "" {
		p.line("%s", state.Reason)
	}
	p.line("")
	if len(a.Devices) > 0 {
		p.line("       %-30s %6s  %7s  %6s  %s", "busy", "core", "margin", "power", "memory in use")
	}
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

func (p *page) device(r *agent.Report, i int) {
	d, v := &r.Snapshot.Readings[i], &r.Snapshot.Sample.Devices[i].Vars
	p.line("GPU %-2d %s %s  %s  %s  %s  %s", d.Index, bar(v), cell(v, hardware.VarUtilization, 100, "%3.0f %%"),
		cell(v, hardware.VarTemperature, 1, "%3.0f °C"), cell(v, hardware.VarMargin, 1, "%4.0f °C"), cell(v, hardware.VarPower, 1, "%4.0f W"), memory(v))
	p.line("       %s, %s, %s%s", orDash(d.Model), d.UUID, orDash(d.PCI), holders(r, d))
	p.verdict(r.Assessment.Devices[i].Verdict, r.Assessment.Devices[i].Findings)
	p.line("")
}

// verdict says in words how a device or the node is, what else was found, and
// what to do about it.
func (p *page) verdict(v hardware.Verdict, findings []hardware.Finding) {
	p.line("       %s: %s", p.paint(v.Severity, string(v.Severity)), v.Reason)
	for _, f := range findings {
		if f.Rule != v.Rule {
			mode := ""
			if f.Observed {
				mode = " (observed only)"
			}
			p.line("       also %s%s: %s", f.Rule, mode, f.Reason)
		}
	}
	if advice := adviceFor[v.Action]; advice != "" {
		p.line("       what to do: %s", advice)
	}
}

func holders(r *agent.Report, d *nvml.Reading) string {
	text := ""
	if d.MIG {
		text = fmt.Sprintf(", split into %d", len(d.Instances))
	}
	for _, h := range r.Snapshot.Holders[d.UUID] {
		text += ", held by " + h.Namespace + "/" + h.Pod
	}
	return text
}

// bar draws the utilisation; dots where it is not known.
func bar(v *hardware.Vars) string {
	ratio, known := v.Get(hardware.VarUtilization)
	if !known {
		return "[" + strings.Repeat("·", barWidth) + "]"
	}
	full := int(min(max(ratio, 0), 1)*barWidth + 0.5)
	return "[" + strings.Repeat("█", full) + strings.Repeat(" ", barWidth-full) + "]"
}

// cell is a value in its place, or a dash as wide.
func cell(v *hardware.Vars, id hardware.VarID, scale float64, format string) string {
	value, known := v.Get(id)
	text := fmt.Sprintf(format, value*scale)
	if known {
		return text
	}
	return strings.Repeat(" ", len([]rune(text))-1) + "-"
}

func memory(v *hardware.Vars) string {
	const gibibyte = 1 << 30
	return cell(v, hardware.VarMemoryUsed, 1.0/gibibyte, "%5.1f") + " of " + cell(v, hardware.VarMemoryTotal, 1.0/gibibyte, "%5.1f GiB")
}

func (p *page) host(r *agent.Report) {
	v := &r.Snapshot.Sample.Node
	p.line("host   load %s per core   hottest zone %s   memory errors %s corrected, %s uncorrected", cell(v, hardware.VarLoadPerCore, 1, "%.2f"),
		cell(v, hardware.VarZoneTemperature, 1, "%.0f °C"), cell(v, hardware.VarMemoryCorrected, 1, "%.0f"), cell(v, hardware.VarMemoryUncorrected, 1, "%.0f"))
	for _, a := range r.Snapshot.Host.Accelerators {
		p.line("       %s (%s) at %s", a.Name, orDash(a.Driver), orDash(a.PCI))
	}
	p.verdict(r.Assessment.Node, r.Assessment.NodeFindings)
}
