package fleet

import (
	"fmt"
	"os"
	"path/filepath"
)

// hostFiles are a server with two cores, one thermal zone and one memory
// controller, at rest.
var hostFiles = map[string]string{
	"proc/sys/kernel/random/boot_id":              "4b1f0c5e-0000-4000-8000-000000000001\n",
	"proc/uptime":                                 "86400.00 170000.00\n",
	"proc/loadavg":                                "0.80 0.70 0.60 1/100 4242\n",
	"proc/pressure/cpu":                           pressure(4),
	"proc/pressure/io":                            pressure(2),
	"proc/pressure/memory":                        pressure(0),
	"proc/1/mountinfo":                            mounted("rw"),
	"sys/class/thermal/thermal_zone0/type":        "x86_pkg_temp\n",
	"sys/class/thermal/thermal_zone0/temp":        "52000\n",
	"sys/class/thermal/thermal_zone0/policy":      "step_wise\n",
	"sys/devices/system/edac/mc/mc0/ce_count":     "41\n",
	"sys/devices/system/edac/mc/mc0/ue_count":     "0\n",
	"sys/devices/system/edac/mc/mc0/mc_name":      "test\n",
	"sys/devices/system/cpu/cpu0/topology/README": "",
}

func pressure(percent int) string {
	return fmt.Sprintf("some avg10=%d.00 avg60=%d.00 avg300=%d.00 total=1\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n", percent, percent, percent)
}

// mounted is the root file system, which was mounted for writing; state is what
// its device allows now.
func mounted(state string) string {
	return "36 1 259:1 / / rw,relatime - ext4 /dev/nvme0n1p1 " + state + "\n"
}

// writeHost makes the node's /proc and /sys.
func (n *Node) writeHost() error {
	for path, content := range hostFiles {
		if err := n.setHost(path, content); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) setHost(path, content string) error {
	full := filepath.Join(n.folder, path)
	if err := os.MkdirAll(filepath.Dir(full), 0o750); err != nil {
		return err
	}
	return os.WriteFile(full, []byte(content), 0o600)
}

// FailMemory has the node's memory report an error that it could not correct.
func (n *Node) FailMemory() error { return n.setHost("sys/devices/system/edac/mc/mc0/ue_count", "1\n") }

// FailDisk has the node's root file system fall back to read-only.
func (n *Node) FailDisk() error { return n.setHost("proc/1/mountinfo", mounted("ro")) }
