package host

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/bits"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// cgroupV1 says whether the host mounts the older control groups.
func cgroupV1() bool {
	var s unix.Statfs_t
	return unix.Statfs("/sys/fs/cgroup", &s) == nil && s.Type != unix.CGROUP2_SUPER_MAGIC
}

const capSysResource = 24

func lacksSysResource() bool {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return false
	}
	return lacksCapability(string(status), capSysResource)
}

func lacksCapability(status string, capability int) bool {
	_, rest, found := strings.Cut(status, "CapEff:")
	if !found {
		return false
	}
	mask, err := strconv.ParseUint(strings.Fields(rest)[0], 16, 64)
	return err == nil && mask&(1<<capability) == 0
}

func freeBytes(dir string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("look at the free space of %s: %w", dir, err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}

func readRoutes() ([]Route, error) {
	table, err := os.ReadFile("/proc/net/route")
	if err != nil {
		return nil, fmt.Errorf("read the routing table: %w", err)
	}
	return parseRoutes(string(table)), nil
}

// parseRoutes reads the kernel's table: name, destination and mask as
// hexadecimal numbers in the machine's byte order.
func parseRoutes(table string) []Route {
	var routes []Route
	for line := range strings.Lines(table) {
		f := strings.Fields(line)
		if len(f) < 8 {
			continue
		}
		to, err1 := hex.DecodeString(f[1])
		mask, err2 := strconv.ParseUint(f[7], 16, 32)
		if err1 != nil || err2 != nil || len(to) != 4 {
			continue
		}
		var address [4]byte
		binary.BigEndian.PutUint32(address[:], binary.LittleEndian.Uint32(to))
		routes = append(routes, Route{Interface: f[0],
			To: netip.PrefixFrom(netip.AddrFrom4(address), bits.OnesCount32(uint32(mask)))})
	}
	return routes
}
