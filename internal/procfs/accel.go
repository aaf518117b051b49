package procfs

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// accelerators reads /sys/class/accel: what the kernel's compute accelerator
// subsystem knows, with the temperature and power of a hwmon where there is one.
func (r *Reader) accelerators(out *Reading) error {
	folders, _ := filepath.Glob(filepath.Join(r.sysRoot, "class/accel/accel[0-9]*"))
	for _, folder := range folders {
		device := filepath.Join(folder, "device")
		a := Accelerator{Name: filepath.Base(folder), Driver: linkName(filepath.Join(device, "driver")), PCI: linkName(device)}
		monitors, _ := filepath.Glob(filepath.Join(device, "hwmon/hwmon[0-9]*"))
		for _, monitor := range monitors {
			a.Celsius = firstOf(a.Celsius, filepath.Join(monitor, "temp1_input"), milli)
			a.Watts = firstOf(a.Watts, filepath.Join(monitor, "power1_input"), micro)
			a.Watts = firstOf(a.Watts, filepath.Join(monitor, "power1_average"), micro)
		}
		out.Accelerators = append(out.Accelerators, a)
	}
	return nil
}

// firstOf keeps a value that is known, else reads it.
func firstOf(known *float64, file string, unit float64) *float64 {
	if known != nil {
		return known
	}
	value, err := readNumber(file)
	if err != nil {
		return nil
	}
	value *= unit
	return &value
}

// linkName is the last part of where a link leads.
func linkName(link string) string {
	target, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// maxFile bounds what is read of a file that should hold one word.
const maxFile = 4096

func readText(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err //nolint:wrapcheck // the error names the file; the source adds what it is
	}
	defer func() { _ = f.Close() }()
	content := make([]byte, maxFile)
	n, err := f.Read(content)
	if n == 0 && err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return strings.TrimSpace(string(content[:n])), nil
}

// readNumber reads a file that holds one integer.
func readNumber(path string) (float64, error) {
	text, err := readText(path)
	if err != nil {
		return 0, err
	}
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return float64(value), nil
}
