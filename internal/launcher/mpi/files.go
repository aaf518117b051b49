package mpi

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/trainyard/trainyard/pkg/launchspec"
)

// The files, all in one directory of the pod.
const (
	identityFile   = "id_ed25519"
	hostKeyFile    = "host_key"
	authorizedFile = "authorized_keys"
	knownHostsFile = "known_hosts"
	clientFile     = "ssh_config"
	serverFile     = "sshd_config"
	hostFile       = "hostfile"
	hydraHostFile  = "hostfile.hydra"
)

// privilegeDir is what Debian's sshd asks for when root runs it, and what a
// container without an init system lacks.
const privilegeDir = "/run/sshd"

// write makes a file appear whole, readable by its owner alone: ssh insists.
func write(dir, name, content string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("write ssh files, is the volume writable: %w", err)
	}
	temp := filepath.Join(dir, "."+name)
	err := os.WriteFile(temp, []byte(content), 0o600)
	if err == nil {
		err = os.Rename(temp, filepath.Join(dir, name))
	}
	if err != nil {
		return fmt.Errorf("write ssh files, is the volume writable: %w", err)
	}
	return nil
}

// clientConfig is rank 0's: it knows the workers and nobody else, and asks
// nobody anything.
func clientConfig(dir string, port int) string {
	return fmt.Sprintf(`Host *
	Port %d
	IdentityFile %s/%s
	IdentitiesOnly yes
	UserKnownHostsFile %s/%s
	GlobalKnownHostsFile /dev/null
	StrictHostKeyChecking yes
	PasswordAuthentication no
	BatchMode yes
	ConnectTimeout 10
	ConnectionAttempts 5
	ServerAliveInterval 15
	LogLevel ERROR
`, port, dir, identityFile, dir, knownHostsFile)
}

// serverConfig is a worker's: one key, no forwarding, no password. The modes of
// directories above the files are a volume's and not checked.
func serverConfig(dir string, port int, environ []string) string {
	return fmt.Sprintf(`Port %d
HostKey %s/%s
AuthorizedKeysFile %s/%s
PubkeyAuthentication yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
StrictModes no
UsePAM no
AllowTcpForwarding no
AllowAgentForwarding no
X11Forwarding no
PermitTunnel no
PrintMotd no
PidFile none
MaxStartups 100
%s`, port, dir, hostKeyFile, dir, authorizedFile, setEnv(environ))
}

// passed are the variables that a worker's processes need and sshd would not
// give them; nothing that could be a secret is among them.
var passed = struct {
	names    []string
	prefixes []string
}{
	names:    []string{"PATH", "LD_LIBRARY_PATH", "LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "OPAL_PREFIX", "I_MPI_ROOT"},
	prefixes: []string{"TRAINYARD_", "NCCL_", "UCX_", "FI_", "OMP_", "CUDA_", "NVIDIA_"},
}

const maxPassed = 4 << 10

// setEnv is the line that gives a worker's sessions the container's variables.
func setEnv(environ []string) string {
	var b strings.Builder
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if len(kv) <= maxPassed && isPassed(name) && !strings.ContainsAny(value, "\"\\\r\n") {
			b.WriteString(` "` + kv + `"`)
		}
	}
	if b.Len() == 0 {
		return ""
	}
	return "SetEnv" + b.String() + "\n"
}

func isPassed(name string) bool {
	for _, n := range passed.names {
		if name == n {
			return true
		}
	}
	for _, p := range passed.prefixes {
		if strings.HasPrefix(name, p) {
			return true
		}
	}
	return false
}

// knownHosts pins the workers' keys to their names.
func knownHosts(keys map[string]string, hosts []launchspec.MPIHost, port int) string {
	var b strings.Builder
	for _, h := range hosts {
		if key, ok := keys[h.Host]; ok {
			fmt.Fprintf(&b, "[%s]:%d %s\n", h.Host, port, key)
		}
	}
	return b.String()
}

// hostFiles are the hosts as Open MPI, and as MPICH and Intel MPI, have them.
func hostFiles(hosts []launchspec.MPIHost) (openMPI, hydra string) {
	var o, h strings.Builder
	for _, host := range hosts {
		slots := max(1, host.Slots)
		fmt.Fprintf(&o, "%s slots=%d\n", host.Host, slots)
		fmt.Fprintf(&h, "%s:%d\n", host.Host, slots)
	}
	return o.String(), h.String()
}

// variables point each MPI to the files. Open MPI 5 no longer reads the names of
// 4, and says nothing about it: mpirun would run on this pod alone.
func variables(dir, iface string) [][2]string {
	ssh := "-F " + dir + "/" + clientFile
	open, hydra := dir+"/"+hostFile, dir+"/"+hydraHostFile
	vars := [][2]string{
		{"OMPI_MCA_orte_default_hostfile", open},
		{"OMPI_MCA_orte_keep_fqdn_hostnames", "1"},
		{"OMPI_MCA_plm_rsh_args", ssh},
		// Rank 0 alone has a key: it starts every worker itself.
		{"OMPI_MCA_plm_rsh_no_tree_spawn", "1"},
		{"PRTE_MCA_prte_default_hostfile", open},
		{"PRTE_MCA_prte_keep_fqdn_hostnames", "1"},
		{"PRTE_MCA_plm_ssh_args", ssh},
		{"PRTE_MCA_plm_ssh_no_tree_spawn", "1"},
		{"HYDRA_HOST_FILE", hydra},
		{"HYDRA_LAUNCHER", "ssh"},
		{"HYDRA_LAUNCHER_EXTRA_ARGS", ssh},
		{"I_MPI_HYDRA_HOST_FILE", hydra},
		{"I_MPI_HYDRA_BOOTSTRAP", "ssh"},
		{"I_MPI_HYDRA_BOOTSTRAP_EXEC_EXTRA_ARGS", ssh},
	}
	if iface != "" {
		vars = append(vars, [2]string{"HYDRA_IFACE", iface}, [2]string{"I_MPI_HYDRA_IFACE", iface})
	}
	return vars
}

// unset leaves out what the container sets itself: its author knows better.
func unset(vars [][2]string, environ []string) (out [][2]string) {
	own := make(map[string]bool, len(environ))
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		own[name] = true
	}
	for _, v := range vars {
		if !own[v[0]] {
			out = append(out, v)
		}
	}
	return out
}
