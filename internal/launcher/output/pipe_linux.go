package output

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is the most that the kernel gives an ordinary user.
const pipeSize = 1 << 20

// enlarge lets a child write more ahead of a slow reader of its logs. A kernel
// that declines leaves the usual 64 KiB.
func enlarge(pipe *os.File) {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) {
		_, _ = unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) // see above
	})
}
