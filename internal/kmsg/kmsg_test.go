package kmsg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/hardware"
)

func TestParse(t *testing.T) {
	tests := []struct {
		name, record string
		want         *Message
	}{
		{
			"Xid", "4,801,93000000,-;NVRM: Xid (PCI:0000:dc:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus.",
			&Message{801, 93 * time.Second, hardware.Xid, 79, "0000:dc:00.0", hardware.HintNone, "GPU has fallen off the bus."},
		},
		{
			"a tenant's program is not named", "4,802,1,-;NVRM: Xid (PCI:0000:1b:00): 31, pid=4242, name=secret-model, Ch 00000008, intr 10000000",
			&Message{802, time.Microsecond, hardware.Xid, 31, "0000:1b:00.0", hardware.HintNone, "Ch 00000008, intr 10000000"},
		},
		{
			"NVLink 5, fatal", "4,803,1,-;NVRM: Xid (PCI:0009:01:00): 149, NETIR_LINK_EVT  Fatal   XC0 i0 Link 08 (0x004505c6 0x00000000)",
			&Message{803, time.Microsecond, hardware.Xid, 149, "0009:01:00.0", hardware.HintFatal, "NETIR_LINK_EVT  Fatal   XC0 i0 Link 08 (0x004505c6 0x00000000)"},
		},
		{
			"NVLink 5, not fatal", "4,804,1,-;NVRM: Xid (PCI:0018:01:00): 145, RLW_REMAP Nonfatal XC0 i0 Link -1 (0x00000004)",
			&Message{804, time.Microsecond, hardware.Xid, 145, "0018:01:00.0", hardware.HintNonFatal, "RLW_REMAP Nonfatal XC0 i0 Link -1 (0x00000004)"},
		},
		{
			"NVSwitch", "3,805,1,-;nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32 egress non-posted PRIV error (First)",
			&Message{805, time.Microsecond, hardware.SXid, 12028, "0000:c1:00.0", hardware.HintNonFatal, "Non-fatal, Link 32 egress non-posted PRIV error (First)"},
		},
		{
			"with details after a line", "4,806,1,-;NVRM: Xid (PCI:00000000:3B:00): 48\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0",
			&Message{806, time.Microsecond, hardware.Xid, 48, "0000:3b:00.0", hardware.HintNone, ""},
		},
		{"something else", "6,807,1,-;usb 1-1: new device", nil},
		{"a user who writes into the log", "12,808,1,-;NVRM: Xid (PCI:0000:dc:00): 79, pid=1", nil},
		{"no header", "NVRM: Xid (PCI:0000:dc:00): 79", nil},
		{"empty", "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := Parse(tt.record)
			if ok != (tt.want != nil) {
				t.Fatalf("Parse = %+v, %v", got, ok)
			}
			if ok {
				if diff := cmp.Diff(*tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			}
		})
	}
}

func TestLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kmsg")
	l := New(path)
	if _, err := l.Read(); err == nil {
		t.Error("read a log that does not exist")
	}
	write := func(text string) {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = f.Close() }()
		if _, err := f.WriteString(text); err != nil {
			t.Fatal(err)
		}
	}
	read := func(want ...int) {
		t.Helper()
		messages, err := l.Read()
		if err != nil {
			t.Fatal(err)
		}
		var codes []int
		for _, m := range messages {
			codes = append(codes, m.Code)
		}
		if diff := cmp.Diff(want, codes); diff != "" {
			t.Errorf("codes (-want +got):\n%s", diff)
		}
	}
	write("4,1,1,-;NVRM: Xid (PCI:0000:dc:00): 48\n4,2,1,-;hello\n4,3,1,-;NVRM: Xid (PCI:0000:dc:00): 63\n")
	read(48, 63)
	read()
	write("4,4,1,-;NVRM: Xid (PCI:0000:dc:00): 79\n")
	read(79)
	l.Close()
	read() // opened anew, and nothing comes twice
	l.Close()
}

func FuzzParse(f *testing.F) {
	f.Add("4,801,93000000,-;NVRM: Xid (PCI:0000:dc:00): 79, pid=1, name=a, GPU has fallen off the bus.")
	f.Add("3,805,1,-;nvidia-nvswitch0: SXid (PCI:0000:c1:00.0): 12028, Non-fatal, Link 32")
	f.Fuzz(func(t *testing.T, record string) {
		m, ok := Parse(record)
		if ok && (m.Code < 0 || m.PCI == "" || len(m.Text) > maxText || m.SinceBoot < 0) {
			t.Errorf("%+v", m)
		}
		if strings.Contains(m.Text, "pid=") {
			t.Errorf("a process is named: %q", m.Text)
		}
	})
}
