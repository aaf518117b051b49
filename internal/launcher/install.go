package launcher

import (
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// Install puts a copy of this program into dir. Whoever looks sees the whole
// program or none: it appears by a rename.
func Install(dir string) (path string, err error) {
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("find this program: %w", err)
	}
	from, err := os.Open(self)
	if err != nil {
		return "", fmt.Errorf("read this program: %w", err)
	}
	defer from.Close()
	temp, err := os.CreateTemp(dir, "."+launchspec.BinaryName+"-*")
	if err != nil {
		return "", fmt.Errorf("install, does %s exist and is it writable: %w", dir, err)
	}
	path = filepath.Join(dir, launchspec.BinaryName)
	if err := fill(temp, from, path); err != nil {
		_ = os.Remove(temp.Name()) // the first error tells more
		return "", fmt.Errorf("install %s: %w", path, err)
	}
	return path, nil
}

func fill(temp *os.File, from io.Reader, path string) error {
	_, err := io.Copy(temp, from)
	if err == nil {
		err = temp.Chmod(0o755)
	}
	if err == nil {
		err = temp.Sync()
	}
	if closed := temp.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = os.Rename(temp.Name(), path)
	}
	return err //nolint:wrapcheck // Install says what failed
}
