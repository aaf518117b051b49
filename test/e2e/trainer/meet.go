package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// retry is how long a peer that does not answer is left alone.
const retry = 100 * time.Millisecond

// member is one process of a world, and where it is met.
type member struct {
	name    string // what it calls itself
	serves  string // the address that it serves, if it is to be met
	meets   []string
	expects int // callers, the process itself among them
}

// meet returns when this process has met those that its framework would.
func meet(ctx context.Context, getenv func(string) string) error {
	m, err := membership(getenv)
	if err != nil {
		return err
	}
	all := make(chan error, 1)
	if m.serves != "" {
		listener, err := listen(ctx, m.serves)
		if err != nil {
			return err
		}
		defer listener.Close()
		go func() { all <- answer(listener, m.expects) }()
	} else {
		all <- nil
	}
	for _, address := range m.meets {
		if err := call(ctx, address, m.name); err != nil {
			return err
		}
	}
	select {
	case err = <-all:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err == nil {
		fmt.Printf("%s met %s; {\"trainyard\": {\"step\": 1}}\n", m.name, strings.Join(m.meets, " "))
	}
	return err
}

// membership reads the environment as the framework does.
func membership(getenv func(string) string) (member, error) {
	switch {
	case getenv("JAX_COORDINATOR_ADDRESS") != "":
		return jax(getenv)
	case getenv("TF_CONFIG") != "":
		return tensorFlow(getenv)
	}
	return member{}, errors.New("neither JAX_COORDINATOR_ADDRESS nor TF_CONFIG is set")
}

// jax: process 0 serves the coordinator's address, and every process, itself
// among them, calls there.
func jax(getenv func(string) string) (member, error) {
	id, err := strconv.Atoi(getenv("JAX_PROCESS_ID"))
	if err != nil {
		return member{}, fmt.Errorf("JAX_PROCESS_ID: %w", err)
	}
	count, err := strconv.Atoi(getenv("JAX_NUM_PROCESSES"))
	if err != nil {
		return member{}, fmt.Errorf("JAX_NUM_PROCESSES: %w", err)
	}
	if id < 0 || id >= count {
		return member{}, fmt.Errorf("this is process %d of %d", id, count)
	}
	address := getenv("JAX_COORDINATOR_ADDRESS")
	m := member{name: "process " + strconv.Itoa(id), meets: []string{address}}
	if id == 0 {
		m.serves, m.expects = address, count
	}
	return m, nil
}

// tensorFlow: every task serves its own address and calls at all of them. The
// evaluator is no member of the cluster and meets nobody.
func tensorFlow(getenv func(string) string) (member, error) {
	var config struct {
		Cluster map[string][]string `json:"cluster"`
		Task    struct {
			Type  string `json:"type"`
			Index int    `json:"index"`
		} `json:"task"`
	}
	if err := json.Unmarshal([]byte(getenv("TF_CONFIG")), &config); err != nil {
		return member{}, fmt.Errorf("TF_CONFIG: %w", err)
	}
	task := config.Task
	m := member{name: fmt.Sprintf("%s %d", task.Type, task.Index)}
	if task.Type == "evaluator" {
		return m, nil
	}
	if own := config.Cluster[task.Type]; task.Index >= len(own) {
		return m, fmt.Errorf("TF_CONFIG: the cluster has %d of %s, and this is %s", len(own), task.Type, m.name)
	}
	m.serves = config.Cluster[task.Type][task.Index]
	for _, addresses := range config.Cluster {
		m.meets = append(m.meets, addresses...)
	}
	m.expects = len(m.meets)
	return m, nil
}

// listen serves an address under which others know this pod. Its name has to
// lead here, or they would wait for somebody else.
func listen(ctx context.Context, address string) (net.Listener, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	hostname, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	if first, _, _ := strings.Cut(host, "."); first != hostname {
		return nil, fmt.Errorf("this pod is to serve %s, but it is %s", address, hostname)
	}
	return (&net.ListenConfig{}).Listen(ctx, "tcp", ":"+port)
}

// answer returns when so many callers of different names have called.
func answer(listener net.Listener, expected int) error {
	callers := map[string]bool{}
	for len(callers) < expected {
		conn, err := listener.Accept()
		if err != nil {
			return err
		}
		name, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil {
			callers[name] = true
			_, _ = fmt.Fprintln(conn, "welcome") // who does not hear it calls again
		}
		_ = conn.Close() // everything has been said
	}
	return nil
}

// call introduces this process at an address until it is welcomed there.
func call(ctx context.Context, address, name string) error {
	for {
		err := try(ctx, address, name)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(retry):
		}
	}
}

func try(ctx context.Context, address, name string) error {
	conn, err := (&net.Dialer{Timeout: time.Second}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := fmt.Fprintln(conn, name); err != nil {
		return err
	}
	_, err = bufio.NewReader(conn).ReadString('\n')
	return err
}
