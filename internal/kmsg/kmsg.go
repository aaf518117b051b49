// Package kmsg reads GPU and NVSwitch errors from the kernel's log, for what
// happened while nobody listened to the driver: NVML forgets events that came
// while no one waited, and NVSwitch errors are only here.
//
// The log holds messages since boot; each carries a sequence number that never
// returns within a boot, which is how repetitions are told apart.
package kmsg

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/pkg/hardware"
)

// Message is one error that a driver wrote into the kernel's log.
type Message struct {
	// Sequence is the message's number in this boot.
	Sequence uint64
	// SinceBoot is when it was written.
	SinceBoot time.Duration
	Kind      hardware.EventKind
	Code      int
	// PCI is the device's address as sysfs writes it: 0000:18:00.0.
	PCI  string
	Hint hardware.Hint
	// Text is the driver's text, shortened, without process names.
	Text string
}

// maxText bounds the text that is kept of a message.
const maxText = 160

var (
	xidLine  = regexp.MustCompile(`^NVRM: Xid \(PCI:([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})(?:\.[0-9a-fA-F])?\): (\d{1,5})(?:, (.*))?$`)
	sxidLine = regexp.MustCompile(`^nvidia-nvswitch\d+: SXid \(PCI:([0-9a-fA-F]{4,8}:[0-9a-fA-F]{2}:[0-9a-fA-F]{2})(?:\.[0-9a-fA-F])?\): (\d{1,5}), (.*)$`)
	// process is what a driver writes about the program that ran.
	process  = regexp.MustCompile(`pid=[^,]*,?\s*|name=[^,]*,?\s*`)
	fatal    = regexp.MustCompile(`(?i)\bfatal\b`)
	nonFatal = regexp.MustCompile(`(?i)\bnon-?fatal\b`)
)

// Parse reads one record of /dev/kmsg, "priority,sequence,microseconds,flags;text".
// The second result is false for a record that is not about a device's error.
func Parse(record string) (Message, bool) {
	head, text, ok := strings.Cut(record, ";")
	fields := strings.SplitN(head, ",", 4)
	if !ok || len(fields) < 3 || !fromKernel(fields[0]) {
		return Message{}, false
	}
	sequence, err := strconv.ParseUint(fields[1], 10, 64)
	if err != nil {
		return Message{}, false
	}
	micros, err := strconv.ParseInt(fields[2], 10, 64)
	if err != nil || micros < 0 {
		return Message{}, false
	}
	text, _, _ = strings.Cut(text, "\n")
	m, ok := parseText(text)
	m.Sequence, m.SinceBoot = sequence, time.Duration(micros)*time.Microsecond
	return m, ok
}

// fromKernel says that the kernel wrote the record itself: what a process writes
// into the log carries a facility of its own, above the three bits of priority.
func fromKernel(priority string) bool {
	n, err := strconv.Atoi(priority)
	return err == nil && n >= 0 && n>>3 == 0
}

func parseText(text string) (Message, bool) {
	kind, found := hardware.Xid, xidLine.FindStringSubmatch(text)
	if found == nil {
		kind, found = hardware.SXid, sxidLine.FindStringSubmatch(text)
	}
	if found == nil {
		return Message{}, false
	}
	code, err := strconv.Atoi(found[2])
	if err != nil {
		return Message{}, false
	}
	rest := process.ReplaceAllString(found[3], "")
	return Message{Kind: kind, Code: code, PCI: address(found[1]), Hint: hint(rest), Text: rest[:min(len(rest), maxText)]}, true
}

// hint is what the text says about its own weight.
func hint(text string) hardware.Hint {
	switch {
	case nonFatal.MatchString(text):
		return hardware.HintNonFatal
	case fatal.MatchString(text):
		return hardware.HintFatal
	}
	return hardware.HintNone
}

// address completes 0000:18:00 to 0000:18:00.0.
func address(id string) string {
	const long = len("00000000:18:00")
	if len(id) == long {
		id = id[4:]
	}
	return strings.ToLower(id) + ".0"
}

// Log follows the kernel's log. It is for one goroutine.
type Log struct {
	path string
	file *os.File
	next uint64
	read bool
}

// New makes a log of a file, usually /dev/kmsg.
func New(path string) *Log { return &Log{path: path} }

// Read returns what was written since the last call, at first since boot, and
// never waits.
func (l *Log) Read() ([]Message, error) {
	if l.file == nil {
		file, err := os.OpenFile(l.path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			return nil, fmt.Errorf("open the kernel's log: %w", err)
		}
		l.file = file
	}
	var messages []Message
	buffer := make([]byte, 8192) // one record a read, never more
	for {
		n, err := l.readRecord(buffer)
		switch {
		case errors.Is(err, syscall.EPIPE):
			continue // overwritten before it was read; the next read goes on
		case errors.Is(err, syscall.EAGAIN), errors.Is(err, io.EOF), n == 0 && err == nil:
			return messages, nil
		case err != nil:
			l.Close()
			return messages, fmt.Errorf("read the kernel's log: %w", err)
		}
		messages = l.take(messages, string(buffer[:n]))
	}
}

// readRecord reads past Go's poller, which would wait.
func (l *Log) readRecord(buffer []byte) (n int, err error) {
	raw, err := l.file.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("no descriptor: %w", err)
	}
	controlErr := raw.Control(func(fd uintptr) { n, err = syscall.Read(int(fd), buffer) })
	return max(n, 0), errors.Join(err, controlErr)
}

// take parses what one read returned: a record, or several where the log is a
// plain file.
func (l *Log) take(messages []Message, text string) []Message {
	lines := bufio.NewScanner(strings.NewReader(text))
	for lines.Scan() {
		m, ok := Parse(lines.Text())
		if !ok || l.read && m.Sequence < l.next {
			continue
		}
		l.next, l.read = m.Sequence+1, true
		messages = append(messages, m)
	}
	return messages
}

// Close closes the file; the next Read opens it again.
func (l *Log) Close() {
	if l.file != nil {
		_ = l.file.Close()
		l.file = nil
	}
}
