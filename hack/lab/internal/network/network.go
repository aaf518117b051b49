// Package network lays the lab's cables: a router in a namespace of its own,
// the fabric, and from it one cable to each machine and one to this host. All
// of it can be repeated, so that a lab whose making was cut short is finished
// by making it again.
package network

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trainyard/trainyard/hack/lab/internal/command"
	"github.com/trainyard/trainyard/hack/lab/internal/plan"
)

// Ensure makes the fabric, the host's cable and every machine's.
func Ensure(ctx context.Context, p *plan.Plan) error {
	if err := ensureFabric(ctx, p); err != nil {
		return err
	}
	if err := ensureHost(ctx, p); err != nil {
		return err
	}
	for _, m := range p.Machines() {
		if err := ensureMachine(ctx, p, m); err != nil {
			return err
		}
	}
	return nil
}

func ensureNamespace(ctx context.Context, name string) error {
	if _, err := os.Stat(filepath.Join("/run/netns", name)); err == nil {
		// A namespace whose making was cut short is an empty file.
		if _, err := command.Run(ctx, "ip", "-n", name, "link", "set", "lo", "up"); err == nil {
			return nil
		}
		if _, err := command.Run(ctx, "ip", "netns", "delete", name); err != nil {
			return err
		}
	}
	if _, err := command.Run(ctx, "ip", "netns", "add", name); err != nil {
		return err
	}
	_, err := command.Run(ctx, "ip", "-n", name, "link", "set", "lo", "up")
	return err
}

func ensureFabric(ctx context.Context, p *plan.Plan) error {
	fabric := p.Namespace(plan.Fabric)
	if err := ensureNamespace(ctx, fabric); err != nil {
		return err
	}
	if err := batch(ctx, fabric, fmt.Sprintf("address replace %s/32 dev lo", p.Gateway())); err != nil {
		return err
	}
	if _, err := command.Run(ctx, "ip", "netns", "exec", fabric,
		"sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward"); err != nil {
		return err
	}
	_, err := command.Feed(ctx, fabricRules(p), "ip", "netns", "exec", fabric, "nft", "-f", "-")
	return err
}

// ensureHost connects this host, and makes it carry nothing between the lab
// and any other network.
func ensureHost(ctx context.Context, p *plan.Plan) error {
	if _, err := command.Feed(ctx, hostRules(p), "nft", "-f", "-"); err != nil {
		return err
	}
	link, fabric := p.HostLink(), p.Namespace(plan.Fabric)
	if !exists(ctx, "", link) {
		if _, err := command.Run(ctx, "ip", "link", "add", link, "type", "veth",
			"peer", "name", plan.FabricPort("host"), "netns", fabric); err != nil {
			return err
		}
	}
	if err := batch(ctx, fabric,
		fmt.Sprintf("link set %s up", plan.FabricPort("host")),
		fmt.Sprintf("route replace %s dev %s", p.HostAddress(), plan.FabricPort("host")),
	); err != nil {
		return err
	}
	return batch(ctx, "",
		fmt.Sprintf("address replace %s/32 dev %s", p.HostAddress(), link),
		fmt.Sprintf("link set %s up", link),
		fmt.Sprintf("route replace %s dev %s scope link src %s", p.Gateway(), link, p.HostAddress()),
		fmt.Sprintf("route replace %s via %s dev %s src %s", p.Network(), p.Gateway(), link, p.HostAddress()),
	)
}

func ensureMachine(ctx context.Context, p *plan.Plan, m plan.Machine) error {
	namespace := p.Namespace(m.Name)
	if err := ensureNamespace(ctx, namespace); err != nil {
		return err
	}
	fabric, port := p.Namespace(plan.Fabric), plan.FabricPort(m.Name)
	if !exists(ctx, fabric, port) {
		if _, err := command.Run(ctx, "ip", "-n", fabric, "link", "add", port, "type", "veth",
			"peer", "name", "eth0", "netns", namespace); err != nil {
			return err
		}
	}
	if err := Connect(ctx, p, m); err != nil {
		return err
	}
	var lines []string
	for _, a := range m.Addresses {
		lines = append(lines, fmt.Sprintf("address replace %s/32 dev eth0", a))
	}
	return batch(ctx, namespace, append(lines,
		"link set eth0 up",
		fmt.Sprintf("route replace %s dev eth0 scope link src %s", p.Gateway(), m.Addresses[0]),
		fmt.Sprintf("route replace default via %s dev eth0 src %s", p.Gateway(), m.Addresses[0]))...)
}

// Connect plugs a machine's cable into the fabric and tells the fabric what
// lies behind it.
func Connect(ctx context.Context, p *plan.Plan, m plan.Machine) error {
	port := plan.FabricPort(m.Name)
	lines := []string{fmt.Sprintf("link set %s up", port)}
	for _, a := range m.Addresses {
		lines = append(lines, fmt.Sprintf("route replace %s dev %s", a, port))
	}
	if m.Pods.IsValid() {
		lines = append(lines, fmt.Sprintf("route replace %s via %s dev %s onlink", m.Pods, m.Addresses[0], port))
	}
	return batch(ctx, p.Namespace(plan.Fabric), lines...)
}

// Disconnect pulls a machine's cable out of the fabric.
func Disconnect(ctx context.Context, p *plan.Plan, m plan.Machine) error {
	return batch(ctx, p.Namespace(plan.Fabric), fmt.Sprintf("link set %s down", plan.FabricPort(m.Name)))
}

func exists(ctx context.Context, namespace, link string) bool {
	_, err := command.Run(ctx, inNamespace(namespace, "link", "show", "dev", link)...)
	return err == nil
}

func batch(ctx context.Context, namespace string, lines ...string) error {
	_, err := command.Feed(ctx, strings.Join(lines, "\n")+"\n", inNamespace(namespace, "-batch", "-")...)
	return err
}

func inNamespace(namespace string, args ...string) []string {
	if namespace == "" {
		return append([]string{"ip"}, args...)
	}
	return append([]string{"ip", "-n", namespace}, args...)
}
