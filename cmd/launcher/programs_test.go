package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// programs are what the launchers under test start.
var programs = map[string]func(args []string){
	"be-exit":     beExit,
	"be-killed":   beKilled,
	"be-trap":     beTrap,
	"be-stubborn": beStubborn,
	"be-parent":   beParent,
	"be-orphaner": beOrphaner,
	"be-env":      beEnv,
	"be-print":    bePrint,
	"be-trainer":  beTrainer,
	"be-noisy":    beNoisy,
	"be-flood":    beFlood,
	"be-idle":     func([]string) { wait() },
}

func beExit(args []string) {
	code, _ := strconv.Atoi(args[0])
	os.Exit(code)
}

func beKilled(args []string) {
	sig, _ := strconv.Atoi(args[0])
	_ = syscall.Kill(os.Getpid(), syscall.Signal(sig))
	wait()
}

// wait lasts until the process is killed.
func wait() {
	for {
		time.Sleep(time.Hour)
	}
}

// beTrap prints every signal it gets, and ends with code 5 on SIGTERM.
func beTrap([]string) {
	got := make(chan os.Signal, 8)
	signal.Notify(got, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGHUP, syscall.SIGINT)
	fmt.Println("ready", os.Getpid())
	for sig := range got {
		fmt.Println("got", sig)
		if sig == syscall.SIGTERM {
			os.Exit(5)
		}
	}
}

// beStubborn cannot be asked to end.
func beStubborn([]string) {
	signal.Ignore(syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP)
	fmt.Println("stubborn", os.Getpid())
	wait()
}

// beParent starts a stubborn child in its own group and one in a session of its
// own, as torchrun does, and then does what its arguments say.
func beParent(args []string) {
	for _, own := range []bool{false, true} {
		cmd := exec.Command(os.Args[0], "be-stubborn")
		cmd.Stdout = os.Stdout
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: own}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("parent", os.Getpid())
	if len(args) > 0 {
		// Both must be there, and hold the output, before this one ends.
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		beExit(args)
	}
	wait()
}

// beOrphaner leaves processes behind that end by themselves, and stays.
func beOrphaner([]string) {
	for range 20 {
		cmd := exec.Command("/bin/sh", "-c", "sh -c 'exit 3' & sleep 0 & exit 0")
		_ = cmd.Run()
	}
	fmt.Println("orphaned")
	wait()
}

// beEnv prints what a training sees of its attempt, and its arguments.
func beEnv(args []string) {
	for _, name := range []string{
		launchspec.EnvAttempt, launchspec.EnvCheckpointDir, launchspec.EnvResumeFrom, launchspec.EnvRendezvousID, "CUSTOM",
	} {
		fmt.Printf("%s=%s\n", name, os.Getenv(name))
	}
	fmt.Printf("args=%s\nready\n", strings.Join(args, " "))
	wait()
}

// bePrint prints its arguments, a line each, on stdout or, after "2:", on
// stderr, and stays.
func bePrint(args []string) {
	for _, arg := range args {
		if text, ok := strings.CutPrefix(arg, "2:"); ok {
			fmt.Fprintln(os.Stderr, text)
		} else {
			fmt.Println(arg)
		}
	}
	wait()
}

// beTrainer commits the names it reads from stdin, and ends with the number it
// reads instead.
func beTrainer([]string) {
	dir := os.Getenv(launchspec.EnvCheckpointDir)
	fmt.Println("training")
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		if code, err := strconv.Atoi(in.Text()); err == nil {
			os.Exit(code)
		}
		temp := filepath.Join(dir, launchspec.TempPrefix+in.Text())
		err := os.Mkdir(temp, 0o755)
		if err == nil {
			err = os.WriteFile(filepath.Join(temp, "model.pt"), []byte("weights"), 0o600)
		}
		if err == nil {
			err = os.Rename(temp, filepath.Join(dir, in.Text()))
		}
		fmt.Println("committed", in.Text(), err)
	}
	wait()
}

// beNoisy writes so many MiB of noise to stdout and the noise's checksum to
// stderr; a second argument is written behind the noise.
func beNoisy(args []string) {
	mib, _ := strconv.Atoi(args[0])
	noise := make([]byte, 1<<20)
	for i := range noise {
		noise[i] = byte(rand.N(256))
	}
	sum := sha256.New()
	for range mib {
		_, _ = sum.Write(noise)
		if _, err := os.Stdout.Write(noise); err != nil {
			fmt.Fprintln(os.Stderr, "write:", err)
		}
	}
	if len(args) > 1 {
		_, _ = io.WriteString(os.Stdout, args[1]+"\n")
	}
	fmt.Fprintf(os.Stderr, "sum %x\n", sum.Sum(nil))
}

// beFlood writes so many MiB of log lines as fast as they are taken.
func beFlood(args []string) {
	mib, _ := strconv.Atoi(args[0])
	line := "2026-11-21 19:32:04,393 INFO a line of log output as \"programs\" print them, src/x.py:17\n"
	chunk := []byte(strings.Repeat(line, 1<<20/len(line)+1))[:1<<20]
	for range mib {
		_, _ = os.Stdout.Write(chunk)
	}
}
