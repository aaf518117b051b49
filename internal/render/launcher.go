package render

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/trainyard/trainyard/api/v1alpha1"
	"github.com/trainyard/trainyard/pkg/launchspec"
)

// What the launcher adds to a pod. A template cannot use the same names.
const (
	launcherContainer = "trainyard-launcher"
	runtimeVolume     = "trainyard"
	instructionVolume = "trainyard-instruction"
	instructionDir    = "/.trainyard-instruction"
	instructionFile   = "instruction"
	portName          = "trainyard"
)

// UsesLauncher tells whether the launcher is process 1 in the pods of a set: it
// has to know what to start.
func UsesLauncher(job *v1alpha1.TrainingJob, set int) bool {
	spec := &job.Spec.ReplicaSpecs[set].Template.Spec
	windows := spec.OS != nil && spec.OS.Name == corev1.Windows
	return job.Spec.Launcher != v1alpha1.LauncherNever && !windows &&
		len(spec.Containers) > 0 && len(spec.Containers[0].Command) > 0
}

// inject puts the launcher before the first container's command.
func inject(spec *corev1.PodSpec, image string) {
	spec.Volumes = append(spec.Volumes,
		corev1.Volume{Name: runtimeVolume, VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}},
		corev1.Volume{Name: instructionVolume, VolumeSource: corev1.VolumeSource{DownwardAPI: instruction()}},
	)
	mount := corev1.VolumeMount{Name: runtimeVolume, MountPath: launchspec.RuntimeDir}
	spec.InitContainers = append([]corev1.Container{installer(spec, image, mount)}, spec.InitContainers...)
	c := &spec.Containers[0]
	c.Command = launchspec.Command(launchspec.RuntimeDir, c.Command, nil)
	c.VolumeMounts = append(c.VolumeMounts, mount,
		corev1.VolumeMount{Name: instructionVolume, MountPath: instructionDir, ReadOnly: true})
}

// instruction shows the pod's annotation as a file, which follows its changes.
func instruction() *corev1.DownwardAPIVolumeSource {
	return &corev1.DownwardAPIVolumeSource{Items: []corev1.DownwardAPIVolumeFile{{
		Path: instructionFile,
		FieldRef: &corev1.ObjectFieldSelector{
			FieldPath: fmt.Sprintf("metadata.annotations['%s']", v1alpha1.AnnotationInstruction),
		},
	}}}
}

// installer is the init container that copies the launcher into the pod. It
// meets the restricted Pod Security level and its resources never add to what
// the pod asks for.
func installer(spec *corev1.PodSpec, image string, mount corev1.VolumeMount) corev1.Container {
	security := &corev1.SecurityContext{
		RunAsNonRoot:             ptr.To(true),
		AllowPrivilegeEscalation: ptr.To(false),
		ReadOnlyRootFilesystem:   ptr.To(true),
		Capabilities:             &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile:           &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
	if p := spec.SecurityContext; p != nil && p.RunAsUser != nil && *p.RunAsUser == 0 {
		// The pod's root would overrule the image's user and be refused.
		security.RunAsUser = ptr.To(launcherUser)
	}
	return corev1.Container{
		Name:            launcherContainer,
		Image:           image,
		Command:         []string{"/" + launchspec.BinaryName, "install", launchspec.RuntimeDir},
		Resources:       installerResources(spec),
		VolumeMounts:    []corev1.VolumeMount{mount},
		SecurityContext: security,
	}
}

// launcherUser is the user that the launcher's image names.
const launcherUser int64 = 65532
