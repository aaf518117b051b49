//go:build cgo

package agent

import (
	"fmt"
	"testing"
	"time"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/internal/podresources"
	"github.com/trainyard/trainyard/pkg/hardware"
)

// hold gives every GPU to a pod.
func (b *bench) hold(pod string) {
	b.pods.claims = nil
	for i := range b.report.Snapshot.Readings {
		b.pods.claims = append(b.pods.claims, podresources.Claim{
			Resource: "nvidia.com/gpu", Device: b.report.Snapshot.Readings[i].UUID, Holder: podresources.Holder{Namespace: "team", Pod: pod, Container: "c", UID: pod},
		})
	}
	b.look()
}

// TestXidTableThroughTheLibrary walks the lines of the fault table that are about
// Xids, every code of them: event of the library → verdict → status → metric.
func TestXidTableThroughTheLibrary(t *testing.T) {
	healthy := func(action hardware.Action, rule string) conclusion {
		return conclusion{hardware.Healthy, action, rule}
	}
	degraded := func(action hardware.Action, rule string) conclusion {
		return conclusion{hardware.Degraded, action, rule}
	}
	fatal := func(action hardware.Action, rule string) conclusion { return conclusion{hardware.Fatal, action, rule} }
	tests := []struct {
		line  string
		codes []int
		want  conclusion
		// second is what a second workload on the GPU makes of it; empty where
		// that changes nothing.
		second conclusion
	}{
		{"application", []int{8, 11, 25, 32, 39, 40, 41, 60, 68, 69, 70, 71, 72, 75, 76, 77, 80}, healthy(hardware.ActionRestartJob, "xid-application"), conclusion{}},
		{"provokable", []int{13, 31}, healthy(hardware.ActionRestartJob, "xid-provokable"), degraded(hardware.ActionRunDiagnostics, "xid-provokable")},
		{"ended by itself", []int{43}, healthy(hardware.ActionNone, "xid-application-exit"), conclusion{}},
		{"secondary", []int{45}, healthy(hardware.ActionFollowRelated, "xid-secondary"), conclusion{}},
		{"informational", []int{37, 38, 44, 66, 67, 92, 93, 121, 141, 157, 160, 161}, healthy(hardware.ActionCount, "xid-informational"), conclusion{}},
		{"row remap", []int{63}, degraded(hardware.ActionResetWhenIdle, "xid-row-remap"), conclusion{}},
		{"contained ECC", []int{94}, degraded(hardware.ActionResetWhenIdle, "xid-contained-ecc"), conclusion{}},
		{"fatal", []int{46, 62, 64, 95, 110, 119, 120, 136, 140, 143, 155, 156, 158}, fatal(hardware.ActionResetDevice, "xid-fatal"), conclusion{}},
		{"context switch timeout", []int{109}, healthy(hardware.ActionRestartJob, "xid-context-switch-timeout"), fatal(hardware.ActionResetDevice, "xid-context-switch-timeout")},
		{"double-bit ECC", []int{48}, fatal(hardware.ActionResetDevice, "xid-double-bit-ecc"), conclusion{}},
		{"NVLink", []int{74}, fatal(hardware.ActionResetDevice, "xid-nvlink"), conclusion{}},
		{"NVLink 5", []int{144, 145, 146, 147, 148, 149, 150}, healthy(hardware.ActionFollowRelated, "xid-nvlink5"), conclusion{}},
		{"recovery action", []int{154}, healthy(hardware.ActionFollowRelated, "xid-recovery-action"), conclusion{}},
		{"fallen off the bus", []int{79}, fatal(hardware.ActionPowerCycle, "xid-fallen-off-the-bus"), conclusion{}},
		{"power cables", []int{54}, degraded(hardware.ActionCheckMechanics, "xid-auxiliary-power"), conclusion{}},
		{"vGPU", []int{78}, degraded(hardware.ActionUpdateSoftware, "xid-vgpu-start"), conclusion{}},
		{"unexplained", []int{142}, degraded(hardware.ActionContactSupport, "xid-unexplained"), conclusion{}},
		{"virtual machine", []int{151}, degraded(hardware.ActionRestartVM, "xid-vm-restart"), conclusion{}},
		{"PCIe fatal timeout", []int{167}, healthy(hardware.ActionRebootNode, "xid-pcie-fatal-timeout"), conclusion{}},
		{"a code of a newer driver", []int{199}, healthy(hardware.ActionObserve, "xid-other"), conclusion{}},
	}
	const gpus = 8
	for _, tt := range tests {
		t.Run(tt.line, func(t *testing.T) {
			b := newBench(t, "H100", gpus)
			b.hold("train-0")
			for i, code := range tt.codes { // each on another GPU, for past faults escalate
				b.tellXid(i%gpus, code, tt.want)
			}
			if tt.second == (conclusion{}) {
				return
			}
			b.pass(time.Hour)
			for i, code := range tt.codes { // the same workload once more changes nothing
				b.tellXid(i%gpus, code, tt.want)
			}
			b.hold("other-0")
			for i, code := range tt.codes {
				b.tellXid(i%gpus, code, tt.second)
			}
		})
	}
}

// tellXid sends an Xid through the library and checks what comes of it.
func (b *bench) tellXid(gpu, code int, want conclusion) {
	b.Helper()
	b.scenario.Xid(gpu, code)
	b.play()
	b.event()
	b.expect(gpu, want)
	d := b.report.Status.Devices[gpu]
	if d.LastXid == nil || d.LastXid.Code != int32(code) {
		b.Errorf("last Xid %+v, want %d", d.LastXid, code)
	}
	last := b.report.Status.Faults[len(b.report.Status.Faults)-1]
	if last.Code != int32(code) || last.Device != d.UUID || last.Kind != v1alpha1.EventXid || fmt.Sprint(last.Owners) == "[]" {
		b.Errorf("the record ends with %+v, want Xid %d of %s and its owner", last, code, d.UUID)
	}
}
