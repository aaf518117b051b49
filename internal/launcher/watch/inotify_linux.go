package watch

import (
	"bytes"
	"context"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// mask leaves writing out: a checkpoint of many gigabytes is many writes.
const mask = unix.IN_CREATE | unix.IN_MOVED_TO | unix.IN_CLOSE_WRITE | unix.IN_ONLYDIR

// notify sends names as the kernel reports them, or never sends anything where
// it has no watch to give. An overflow of its queue is a Look.
func notify(ctx context.Context, dir string) <-chan string {
	fd, err := unix.InotifyInit1(unix.IN_CLOEXEC | unix.IN_NONBLOCK)
	if err != nil {
		return nil
	}
	file := os.NewFile(uintptr(fd), "inotify")
	if _, err := unix.InotifyAddWatch(fd, dir, mask); err != nil {
		_ = file.Close() // nothing to lose
		return nil
	}
	names := make(chan string)
	context.AfterFunc(ctx, func() { _ = file.Close() }) // ends read
	go read(ctx, file, names)
	return names
}

func read(ctx context.Context, file *os.File, names chan<- string) {
	buf := make([]byte, 4096)
	for {
		n, err := file.Read(buf)
		if err != nil {
			return
		}
		for _, name := range parse(buf[:n]) {
			send(ctx, names, name)
		}
	}
}

// parse splits what one read of an inotify descriptor gives.
func parse(buf []byte) (names []string) {
	for len(buf) >= unix.SizeofInotifyEvent {
		event := (*unix.InotifyEvent)(unsafe.Pointer(&buf[0])) // the kernel writes whole events
		end := unix.SizeofInotifyEvent + int(event.Len)
		if end > len(buf) {
			return names
		}
		// An overflow has no name, and so is a Look.
		name := bytes.TrimRight(buf[unix.SizeofInotifyEvent:end], "\x00")
		names = append(names, string(name))
		buf = buf[end:]
	}
	return names
}
