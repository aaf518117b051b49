package procfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// tree is a /proc and /sys that a test writes.
type tree struct {
	t    *testing.T
	root string
}

func newTree(t *testing.T) *tree {
	t.Helper()
	tr := &tree{t, t.TempDir()}
	tr.file("proc/sys/kernel/random/boot_id", "boot-1\n")
	tr.file("sys/README", "")
	return tr
}

func (tr *tree) file(path, content string) {
	tr.t.Helper()
	full := filepath.Join(tr.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.WriteFile(full, []byte(content), 0o600); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) link(path, target string) {
	tr.t.Helper()
	full := filepath.Join(tr.root, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		tr.t.Fatal(err)
	}
	if err := os.Symlink(target, full); err != nil {
		tr.t.Fatal(err)
	}
}

func (tr *tree) reader() *Reader {
	return New(filepath.Join(tr.root, "proc"), filepath.Join(tr.root, "sys"))
}

// server writes a machine with one of everything.
func (tr *tree) server() {
	tr.file("proc/uptime", "93.50 180.00\n")
	tr.file("proc/loadavg", "4.00 3.00 2.00 1/100 4242\n")
	for _, resource := range []string{"cpu", "io", "memory"} {
		tr.file("proc/pressure/"+resource, "some avg10=1.00 avg60=20.00 avg300=3.00 total=1\nfull avg10=1.00 avg60=5.00 avg300=3.00 total=1\n")
	}
	tr.file("proc/1/mountinfo", "36 1 259:1 / / rw,relatime - ext4 /dev/nvme0n1p1 rw\n")
	for cpu := range 2 {
		at := fmt.Sprintf("sys/devices/system/cpu/cpu%d/", cpu)
		tr.file(at+"topology/core_id", fmt.Sprint(cpu))
		tr.file(at+"topology/physical_package_id", "0")
		tr.file(at+"topology/core_siblings_list", "0-1")
		tr.file(at+"topology/thread_siblings_list", fmt.Sprint(cpu))
		tr.file(at+"thermal_throttle/core_throttle_count", "1")
		tr.file(at+"thermal_throttle/package_throttle_count", "17")
	}
	tr.file("sys/class/thermal/thermal_zone0/type", "x86_pkg_temp\n")
	tr.file("sys/class/thermal/thermal_zone0/temp", "61000\n")
	tr.file("sys/class/thermal/thermal_zone0/policy", "step_wise\n")
	tr.file("sys/class/thermal/thermal_zone0/trip_point_0_type", "passive\n")
	tr.file("sys/class/thermal/thermal_zone0/trip_point_0_temp", "90000\n")
	tr.file("sys/class/thermal/thermal_zone0/trip_point_1_type", "critical\n")
	tr.file("sys/class/thermal/thermal_zone0/trip_point_1_temp", "100000\n")
	tr.file("sys/devices/system/edac/mc/mc0/ce_count", "41\n")
	tr.file("sys/devices/system/edac/mc/mc0/ue_count", "0\n")
	tr.file("sys/devices/system/edac/mc/mc1/ce_count", "1\n")
	tr.file("sys/devices/system/edac/mc/mc1/ue_count", "2\n")
	tr.rapl(1000000)
	tr.port("4: ACTIVE", 0, 0)
	tr.iface("eth0", 1)
	tr.file("sys/class/net/veth1/carrier", "0")
	tr.link("sys/class/accel/accel0/device", "../../../devices/pci0000:00/0000:5e:00.0")
	tr.link("sys/devices/pci0000:00/0000:5e:00.0/driver", "../../../bus/pci/drivers/habanalabs")
	tr.file("sys/devices/pci0000:00/0000:5e:00.0/hwmon/hwmon3/temp1_input", "45000")
	tr.file("sys/devices/pci0000:00/0000:5e:00.0/hwmon/hwmon3/power1_input", "120000000")
}

func (tr *tree) rapl(micros int) {
	tr.file("sys/class/powercap/intel-rapl:0/name", "package-0\n")
	tr.file("sys/class/powercap/intel-rapl:0/max_energy_range_uj", "262143000000\n")
	tr.file("sys/class/powercap/intel-rapl:0/energy_uj", fmt.Sprintln(micros))
}

func (tr *tree) port(state string, symbolErrors, downed int) {
	at := "sys/class/infiniband/mlx5_0/"
	tr.file(at+"fw_ver", "28.1\n")
	tr.file(at+"board_id", "MT_0000000838\n")
	tr.file(at+"hca_type", "MT4129\n")
	at += "ports/1/"
	tr.file(at+"state", state+"\n")
	tr.file(at+"phys_state", "5: LinkUp\n")
	tr.file(at+"rate", "400 Gb/sec (4X NDR)\n")
	tr.file(at+"link_layer", "InfiniBand\n")
	tr.file(at+"counters/symbol_error", fmt.Sprintln(symbolErrors))
	tr.file(at+"counters/link_downed", fmt.Sprintln(downed))
}

func (tr *tree) iface(name string, carrier int) {
	tr.file("sys/class/net/"+name+"/carrier", fmt.Sprintln(carrier))
	tr.file("sys/class/net/"+name+"/device/vendor", "0x15b3")
}

func expect(t *testing.T, r Reading, want map[hardware.VarID]float64) {
	t.Helper()
	for id, w := range want {
		if got, known := r.Vars.Get(id); !known || got != w {
			t.Errorf("%s = %v (known %v), want %v", id, got, known, w)
		}
	}
}

func TestServer(t *testing.T) {
	tr := newTree(t)
	tr.server()
	r := tr.reader().Read(now, true)
	if len(r.Problems) != 0 {
		t.Errorf("problems: %v", r.Problems)
	}
	expect(t, r, map[hardware.VarID]float64{
		hardware.VarZoneTemperature: 61, hardware.VarZoneMargin: 39, hardware.VarMemoryPressure: 0.05, hardware.VarIOPressure: 0.05,
		hardware.VarLoadPerCore: 2, hardware.VarCPUThrottleEvents: 17, hardware.VarMemoryCorrected: 42, hardware.VarMemoryUncorrected: 2,
		hardware.VarFabricLinksDown: 0, hardware.VarFabricErrors: 0, hardware.VarFabricFlaps: 0, hardware.VarNetworkLinksDown: 0,
		hardware.VarFilesystemReadOnly: 0,
	})
	if r.Uptime != 93500*time.Millisecond {
		t.Errorf("uptime %v", r.Uptime)
	}
	if r.BootID != "boot-1" || len(r.Zones) != 1 || len(r.Ports) != 1 || len(r.Memory) != 2 || len(r.Energy) != 1 || r.Cores != 2 {
		t.Errorf("reading %+v", r)
	}
	if len(r.Interfaces) != 1 || r.Interfaces[0] != (Interface{"eth0", true}) {
		t.Errorf("interfaces %+v: a veth is no network card", r.Interfaces)
	}
	a := r.Accelerators
	if len(a) != 1 || a[0].Driver != "habanalabs" || a[0].PCI != "0000:5e:00.0" || a[0].Celsius == nil || *a[0].Celsius != 45 || *a[0].Watts != 120 {
		t.Errorf("accelerators %+v", a)
	}
}

func TestBareMachine(t *testing.T) {
	r := newTree(t).reader().Read(now, true)
	for id := range hardware.LastVar {
		if value, known := r.Vars.Get(id); known {
			t.Errorf("%s = %v on a machine without sensors: absent is not zero", id, value)
		}
	}
	if len(r.Problems) != 0 {
		t.Errorf("what a kernel does not offer is no problem: %v", r.Problems)
	}
	if r := New("/nonexistent/proc", "/nonexistent/sys").Read(now, true); len(r.Problems) == 0 {
		t.Error("no /proc and no problem")
	}
}

func TestLinksGoDown(t *testing.T) {
	tr := newTree(t)
	tr.server()
	reader := tr.reader()
	reader.Read(now, true)
	tr.port("1: DOWN", 7, 2)
	tr.iface("eth0", 0)
	r := reader.Read(now.Add(time.Minute), true)
	expect(t, r, map[hardware.VarID]float64{
		hardware.VarFabricLinksDown: 1, hardware.VarFabricErrors: 7, hardware.VarFabricFlaps: 2, hardware.VarNetworkLinksDown: 1,
	})
	tr.port("4: ACTIVE", 7, 2)
	r = reader.Read(now.Add(2*time.Hour), true)
	expect(t, r, map[hardware.VarID]float64{hardware.VarFabricLinksDown: 0, hardware.VarFabricFlaps: 0})
	// A port that never was up is not cabled, and another boot begins anew.
	tr.port("1: DOWN", 7, 2)
	tr.file("proc/sys/kernel/random/boot_id", "boot-2\n")
	expect(t, reader.Read(now.Add(3*time.Hour), true), map[hardware.VarID]float64{hardware.VarFabricLinksDown: 0})
}

func TestSlowLink(t *testing.T) {
	tr := newTree(t)
	tr.server()
	reader := tr.reader()
	expect(t, reader.Read(now, true), map[hardware.VarID]float64{hardware.VarFabricLinksSlow: 0})
	tr.file("sys/class/infiniband/mlx5_0/ports/1/rate", "100 Gb/sec (1X NDR)\n")
	expect(t, reader.Read(now, true), map[hardware.VarID]float64{hardware.VarFabricLinksSlow: 1, hardware.VarFabricLinksDown: 0})
	tr.port("1: DOWN", 0, 1) // down is not slow
	expect(t, reader.Read(now, true), map[hardware.VarID]float64{hardware.VarFabricLinksSlow: 0, hardware.VarFabricLinksDown: 1})
}

// TestCardIsGone: a port that vanishes with its card is down; one that was moved
// into a pod's network is not.
func TestCardIsGone(t *testing.T) {
	tr := newTree(t)
	tr.server()
	const card = "sys/devices/pci0000:00/0000:3a:00.0"
	tr.file(card+"/config", "\xb3\x15\x21\x10")
	tr.link("sys/class/infiniband/mlx5_0/device", "../../../devices/pci0000:00/0000:3a:00.0")
	tr.file("sys/bus/pci/devices/0000:3a:00.0/config", "\xb3\x15\x21\x10")
	reader := tr.reader()
	reader.Read(now, true)
	if err := os.RemoveAll(filepath.Join(tr.root, "sys/class/infiniband")); err != nil {
		t.Fatal(err)
	}
	expect(t, reader.Read(now, true), map[hardware.VarID]float64{hardware.VarFabricLinksDown: 0})
	if err := os.RemoveAll(filepath.Join(tr.root, "sys/bus/pci/devices/0000:3a:00.0")); err != nil {
		t.Fatal(err)
	}
	expect(t, reader.Read(now, true), map[hardware.VarID]float64{hardware.VarFabricLinksDown: 1})
}

func TestEnergyDoesNotWrap(t *testing.T) {
	tr := newTree(t)
	reader := tr.reader()
	joules := func(micros int) float64 {
		tr.rapl(micros)
		return reader.Read(now, false).Energy[0].Joules
	}
	before := joules(262142000000)
	if after := joules(1000000); after-before < 1.9 || after-before > 2.1 {
		t.Errorf("a wrap added %v J, want 2", after-before)
	}
}

func TestReadOnlyFileSystem(t *testing.T) {
	tr := newTree(t)
	for line, want := range map[string]float64{
		"36 1 259:1 / / rw,relatime - ext4 /dev/sda1 ro,errors=remount-ro\n": 1,
		"36 1 259:1 / /usr ro,relatime - ext4 /dev/sda1 ro\n":                0, // as it was asked for
		"36 1 259:1 / / rw - tmpfs tmpfs ro\n":                               0,
	} {
		tr.file("proc/1/mountinfo", line)
		expect(t, tr.reader().Read(now, true), map[hardware.VarID]float64{hardware.VarFilesystemReadOnly: want})
	}
}

func TestPCIPresent(t *testing.T) {
	tr := newTree(t)
	tr.file("sys/bus/pci/devices/0000:18:00.0/config", "\xde\x10\x30\x23\x00\x00")
	tr.file("sys/bus/pci/devices/0000:28:00.0/config", "\xff\xff\xff\xff\xff\xff")
	reader := tr.reader()
	for address, want := range map[string][2]bool{
		"0000:18:00.0": {true, true}, "0000:28:00.0": {false, true}, "0000:99:00.0": {false, true}, "": {false, false},
	} {
		if present, known := reader.PCIPresent(address); present != want[0] || known != want[1] {
			t.Errorf("PCIPresent(%q) = %v, %v, want %v", address, present, known, want)
		}
	}
	if _, known := New("/nonexistent", "/nonexistent").PCIPresent("0000:18:00.0"); known {
		t.Error("knows about a bus that it cannot see")
	}
}

// FuzzGarbage writes garbage into every file of a server: a reading may miss
// values, but it comes back, and its numbers are numbers.
func FuzzGarbage(f *testing.F) {
	f.Add("thermal_zone0/temp", "not a number")
	f.Add("loadavg", "-1 nan inf")
	f.Add("counters/symbol_error", "N/A (no PMA)")
	f.Add("mountinfo", "36 1")
	f.Add("energy_uj", "-5")
	f.Add("pressure/memory", "full avg60=1e999")
	f.Add("carrier", "\x00\xff")
	f.Fuzz(func(t *testing.T, name, content string) {
		tr := newTree(t)
		tr.server()
		_ = filepath.WalkDir(tr.root, func(path string, d os.DirEntry, err error) error {
			if err == nil && d.Type().IsRegular() && strings.Contains(path, name) {
				return os.WriteFile(path, []byte(content), 0o600)
			}
			return nil
		})
		reader := tr.reader()
		for range 2 {
			r := reader.Read(now, true)
			for id := range hardware.LastVar {
				if value, known := r.Vars.Get(id); known && value != value {
					t.Errorf("%s is not a number", id)
				}
			}
		}
	})
}
