package agent

import (
	"cmp"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/nvml"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/internal/procfs"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// The bounds of texts and lists in a status; those of the schema.
const (
	maxReason   = 512
	maxText     = 160
	maxFindings = 8
	maxHolders  = 8
	maxOwners   = 8
)

// StatusOf writes down what is known of a node. Sequence and policy are the
// caller's.
func StatusOf(a *hardware.Assessment, snap *Snapshot, faults []hardware.Fault) v1alpha1.NodeHardwareStatus {
	now := metav1.NewTime(a.Time)
	status := v1alpha1.NodeHardwareStatus{
		Mode: v1alpha1.HardwareMode(snap.State.Mode), ModeReason: short(snap.State.Reason, 256), DriverVersion: short(snap.State.DriverVersion, 64),
		BootID: cmp.Or(a.BootID, "unknown"), HeartbeatTime: &now, Host: hostStatus(&snap.Host, snap.Problems),
		Summary: &v1alpha1.HardwareSummary{
			Devices: count(len(a.Devices)), Healthy: count(a.Healthy()), Severity: v1alpha1.HardwareSeverity(a.Worst.Severity),
			Action: v1alpha1.HardwareAction(a.Worst.Action), Reason: short(a.Worst.Reason, maxReason),
		},
		Findings: findings(a.NodeFindings),
	}
	setHealthy(&status.Conditions, a.Node)
	for i := range a.Devices {
		status.Devices = append(status.Devices, deviceStatus(&a.Devices[i], snap, faults))
	}
	for i := range faults {
		status.Faults = append(status.Faults, faultStatus(&faults[i], a.BootID))
	}
	return status
}

// setHealthy writes a verdict as the condition Healthy.
func setHealthy(conditions *[]metav1.Condition, v hardware.Verdict) {
	c := metav1.Condition{
		Type: v1alpha1.ConditionHealthy, Status: metav1.ConditionTrue, Reason: v1alpha1.ReasonNoFault,
		Message: short(v.Reason, maxReason), LastTransitionTime: metav1.NewTime(v.Since),
	}
	switch v.Severity {
	case hardware.Healthy:
	case hardware.Unknown:
		c.Status, c.Reason = metav1.ConditionUnknown, camel(v.Rule)
	default:
		c.Status, c.Reason = metav1.ConditionFalse, camel(v.Rule)
	}
	meta.SetStatusCondition(conditions, c)
}

// camel turns a rule's name into a reason: xid-fatal becomes XidFatal.
func camel(rule string) string {
	var b strings.Builder
	for part := range strings.SplitSeq(rule, "-") {
		if part != "" {
			b.WriteString(strings.ToUpper(part[:1]) + part[1:])
		}
	}
	return cmp.Or(b.String(), v1alpha1.ReasonNoFault)
}

func deviceStatus(d *hardware.DeviceAssessment, snap *Snapshot, faults []hardware.Fault) v1alpha1.DeviceStatus {
	status := v1alpha1.DeviceStatus{
		UUID: d.UUID, Serial: short(d.Serial, 64), Severity: v1alpha1.HardwareSeverity(d.Verdict.Severity),
		RecommendedAction: v1alpha1.HardwareAction(d.Verdict.Action), Findings: findings(d.Findings), LastXid: lastXid(d.UUID, faults),
		AllocatedTo: holders(snap.Holders[d.UUID]),
	}
	setHealthy(&status.Conditions, d.Verdict)
	if r := readingOf(snap.Readings, d.UUID); r != nil {
		describe(&status, r)
	}
	for i := range snap.Sample.Devices {
		if s := &snap.Sample.Devices[i]; s.UUID == d.UUID {
			if n, err := strconv.ParseInt(s.Epoch, 10, 32); err == nil && n > 0 {
				status.Resets = count(int(n))
			}
		}
	}
	return status
}

func readingOf(readings []nvml.Reading, uuid string) *nvml.Reading {
	for i := range readings {
		if readings[i].UUID == uuid {
			return &readings[i]
		}
	}
	return nil
}

// describe writes down what was measured. What was not read is left out.
func describe(status *v1alpha1.DeviceStatus, r *nvml.Reading) {
	status.Index, status.PCIID, status.Model = count(r.Index), short(r.PCI, 32), short(r.Model, 96)
	v := &r.Vars
	status.Thermal = pointer(v1alpha1.DeviceThermal{
		TemperatureCelsius: whole(v, hardware.VarTemperature), MemoryTemperatureCelsius: whole(v, hardware.VarMemoryTemperature),
		MarginCelsius: whole(v, hardware.VarMargin),
	})
	status.ECC = pointer(v1alpha1.DeviceECC{
		Corrected: large(v, hardware.VarECCVolatileCorrected), Uncorrected: large(v, hardware.VarECCVolatileUncorrected),
		LifetimeUncorrected: large(v, hardware.VarECCAggregateUncorrected),
	})
	status.Remap = pointer(v1alpha1.DeviceRemap{
		State: remapState(v), Correctable: whole(v, hardware.VarRemapCorrectable), Uncorrectable: whole(v, hardware.VarRemapUncorrectable),
		RetiredPages: whole(v, hardware.VarRetiredPages),
	})
	status.Links = pointer(v1alpha1.DeviceLinks{
		PCIeGeneration: whole(v, hardware.VarPCIeGeneration), PCIeWidth: whole(v, hardware.VarPCIeWidth),
		NVLinkInactive: whole(v, hardware.VarLinksInactive), NVLinkErrors: linkErrors(v),
	})
	status.Throttle = throttle(v)
}

// pointer is nil for what says nothing.
func pointer[T comparable](value T) *T {
	var zero T
	if value == zero {
		return nil
	}
	return &value
}

func remapState(v *hardware.Vars) v1alpha1.RemapState {
	_, known := v.Get(hardware.VarRemapPending)
	_, retires := v.Get(hardware.VarRetirementPending)
	switch {
	case isSet(v, hardware.VarRemapFailed):
		return v1alpha1.RemapFailed
	case isSet(v, hardware.VarRemapPending), isSet(v, hardware.VarRetirementPending):
		return v1alpha1.RemapPending
	case known, retires:
		return v1alpha1.RemapSettled
	}
	return ""
}

func linkErrors(v *hardware.Vars) *int64 {
	var sum *int64
	for _, id := range []hardware.VarID{hardware.VarLinkCRCErrors, hardware.VarLinkReplays, hardware.VarLinkRecoveries} {
		if n := large(v, id); n != nil {
			if sum == nil {
				sum = new(int64)
			}
			*sum += *n
		}
	}
	return sum
}

var throttleReasons = []struct {
	id     hardware.VarID
	reason v1alpha1.ThrottleReason
}{
	{hardware.VarHardwareSlowdown, v1alpha1.ThrottleHardwareSlowdown},
	{hardware.VarHardwareThermal, v1alpha1.ThrottleHardwareThermal},
	{hardware.VarPowerBrake, v1alpha1.ThrottlePowerBrake},
	{hardware.VarSoftwareThermal, v1alpha1.ThrottleSoftwareThermal},
	{hardware.VarSoftwarePowerCap, v1alpha1.ThrottleSoftwarePowerCap},
}

func throttle(v *hardware.Vars) []v1alpha1.ThrottleReason {
	var reasons []v1alpha1.ThrottleReason
	for _, t := range throttleReasons {
		if isSet(v, t.id) {
			reasons = append(reasons, t.reason)
		}
	}
	return reasons
}

func hostStatus(h *procfs.Reading, problems []string) *v1alpha1.HostStatus {
	v := &h.Vars
	status := v1alpha1.HostStatus{
		ZoneTemperatureCelsius: whole(v, hardware.VarZoneTemperature), ZoneMarginCelsius: whole(v, hardware.VarZoneMargin),
		MemoryCorrected: large(v, hardware.VarMemoryCorrected), MemoryUncorrected: large(v, hardware.VarMemoryUncorrected),
		FabricLinksDown: whole(v, hardware.VarFabricLinksDown), NetworkLinksDown: whole(v, hardware.VarNetworkLinksDown),
	}
	for _, problem := range problems[:min(len(problems), maxFindings)] {
		status.Unreadable = append(status.Unreadable, short(problem, maxText))
	}
	if status.ZoneTemperatureCelsius == nil && status.MemoryCorrected == nil && status.FabricLinksDown == nil && status.NetworkLinksDown == nil && status.Unreadable == nil {
		return nil
	}
	return &status
}

func findings(list []hardware.Finding) []v1alpha1.HardwareFinding {
	var out []v1alpha1.HardwareFinding
	for i := range list[:min(len(list), maxFindings)] {
		f := &list[i]
		finding := v1alpha1.HardwareFinding{
			Rule: f.Rule, Code: small(f.Code), Severity: v1alpha1.HardwareSeverity(f.Outcome.Severity), Class: v1alpha1.HardwareClass(f.Outcome.Class),
			Action: v1alpha1.HardwareAction(f.Outcome.Action), Since: when(f.Since),
		}
		if f.Observed {
			finding.Mode = v1alpha1.RuleObserve
		}
		if f.Count > 1 {
			finding.Count = small(f.Count)
		}
		out = append(out, finding)
	}
	return out
}

func faultStatus(f *hardware.Fault, boot string) v1alpha1.HardwareFault {
	out := v1alpha1.HardwareFault{
		FirstTime: when(f.First), Kind: v1alpha1.EventKind(f.Kind), Code: small(f.Code), Hint: v1alpha1.EventHint(f.Hint), Rule: f.Rule,
		Device: f.Device, Serial: short(f.Serial, 64), Owners: f.Owners[:min(len(f.Owners), maxOwners)],
		Severity: v1alpha1.HardwareSeverity(f.Severity), Class: v1alpha1.HardwareClass(f.Class), Action: v1alpha1.HardwareAction(f.Action),
	}
	if f.Last.After(f.First) {
		out.LastTime = when(f.Last)
	}
	if f.BootID != boot {
		out.BootID = f.BootID
	}
	if f.Count > 1 {
		out.Count = small(f.Count)
	}
	if n, err := strconv.ParseInt(f.Epoch, 10, 32); err == nil && n > 0 {
		out.Resets = count(int(n))
	}
	return out
}

// FaultsOf reads a record back.
func FaultsOf(status *v1alpha1.NodeHardwareStatus) []hardware.Fault {
	out := make([]hardware.Fault, 0, len(status.Faults))
	for i := range status.Faults {
		f := &status.Faults[i]
		if f.FirstTime == nil {
			continue
		}
		fault := hardware.Fault{
			First: f.FirstTime.Time, Last: f.FirstTime.Time, BootID: cmp.Or(f.BootID, status.BootID), Kind: hardware.EventKind(f.Kind), Code: int(f.Code),
			Hint: hardware.Hint(f.Hint), Rule: f.Rule, Device: f.Device, Serial: f.Serial, Epoch: "0", Owners: f.Owners, Count: max(int(f.Count), 1),
			Severity: hardware.Severity(f.Severity), Class: hardware.Class(f.Class), Action: hardware.Action(f.Action),
		}
		if f.LastTime != nil {
			fault.Last = f.LastTime.Time
		}
		if f.Resets != nil {
			fault.Epoch = strconv.Itoa(int(*f.Resets))
		}
		out = append(out, fault)
	}
	return out
}

func lastXid(uuid string, faults []hardware.Fault) *v1alpha1.XidStatus {
	var last *hardware.Fault
	for i := range faults {
		f := &faults[i]
		if f.Kind == hardware.Xid && f.Device == uuid && (last == nil || !f.Last.Before(last.Last)) {
			last = f
		}
	}
	if last == nil {
		return nil
	}
	return &v1alpha1.XidStatus{Code: small(last.Code), Time: when(last.Last)}
}

func holders(list []podresources.Holder) []v1alpha1.DeviceHolder {
	var out []v1alpha1.DeviceHolder
	for _, h := range list[:min(len(list), maxHolders)] {
		out = append(out, v1alpha1.DeviceHolder{Namespace: h.Namespace, Pod: h.Pod, UID: h.UID, Container: h.Container})
	}
	return out
}

// Shrink leaves out what matters least until a status fits its bound: old and
// mild faults first, then the holders of shared devices, then findings.
func Shrink(status *v1alpha1.NodeHardwareStatus, bytes int) {
	for sizeOf(status) > bytes {
		switch {
		case len(status.Faults) > 0:
			status.Faults = withoutMildest(status.Faults)
		case trimDevices(status):
		default:
			return
		}
	}
}

func withoutMildest(faults []v1alpha1.HardwareFault) []v1alpha1.HardwareFault {
	mildest := 0
	for i := range faults {
		if rank(faults[i].Severity) < rank(faults[mildest].Severity) {
			mildest = i
		}
	}
	return append(faults[:mildest:mildest], faults[mildest+1:]...)
}

// trimDevices takes one holder or finding from each device that has more than
// one, and reports whether any had.
func trimDevices(status *v1alpha1.NodeHardwareStatus) bool {
	trimmed := false
	for i := range status.Devices {
		d := &status.Devices[i]
		switch {
		case len(d.AllocatedTo) > 1:
			d.AllocatedTo, trimmed = d.AllocatedTo[:len(d.AllocatedTo)-1], true
		case len(d.Findings) > 0:
			d.Findings, trimmed = d.Findings[:len(d.Findings)-1], true
		}
	}
	return trimmed
}

func sizeOf(status *v1alpha1.NodeHardwareStatus) int {
	content, err := json.Marshal(status)
	if err != nil {
		return 0
	}
	return len(content)
}

func when(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	mt := metav1.NewTime(t)
	return &mt
}

func whole(v *hardware.Vars, id hardware.VarID) *int32 {
	value, known := v.Get(id)
	if !known || value != value {
		return nil
	}
	n := int32(math.Round(min(max(value, math.MinInt32), math.MaxInt32)))
	return &n
}

func large(v *hardware.Vars, id hardware.VarID) *int64 {
	value, known := v.Get(id)
	if !known || value != value {
		return nil
	}
	n := int64(min(max(value, 0), 1<<62))
	return &n
}

func count(n int) *int32 {
	small := small(n)
	return &small
}

func small(n int) int32 { return int32(min(max(n, 0), math.MaxInt32)) } //nolint:gosec // bounded in the same line

// short cuts a text at a number of bytes, between characters.
func short(text string, bytes int) string {
	if len(text) <= bytes {
		return text
	}
	cut := bytes
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut]
}
