// Package image builds container images without a registry and without a
// container engine: static Go binaries on nothing, or a Debian root file
// system with named packages and files on top. The same inputs give the same
// digest; what was built is found again by its inputs.
package image

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"

	"sigs.k8s.io/yaml"
)

// Description says what an image holds. Paths on the left are relative to the
// file the description is in; paths on the right are absolute, in the image.
type Description struct {
	// Name is the image's full name with its tag, as in
	// "trainyard.dev/manager:dev".
	Name string `json:"name"`
	// Debian, if set, is the root file system below everything else.
	Debian *Debian `json:"debian,omitempty"`
	// Binaries are Go programs, built statically unless they say otherwise.
	Binaries []Binary `json:"binaries,omitempty"`
	// Libraries are shared libraries of this machine, by name, that a program
	// with cgo opens at run time; those it is linked to are there anyway.
	Libraries []string `json:"libraries,omitempty"`
	// Files are files and folders, copied.
	Files []File `json:"files,omitempty"`
	// CACertificates adds the authorities that this host trusts.
	CACertificates bool `json:"caCertificates,omitempty"`

	Entrypoint []string          `json:"entrypoint,omitempty"`
	Cmd        []string          `json:"cmd,omitempty"`
	Env        map[string]string `json:"env,omitempty"`
	WorkingDir string            `json:"workingDir,omitempty"`
	// User is "uid:gid"; the default is 65532:65532, nobody in particular.
	User string `json:"user,omitempty"`

	dir string
}

// Debian is a root file system of Debian packages.
type Debian struct {
	// Suite is the release; the default is bookworm.
	Suite string `json:"suite,omitempty"`
	// Packages are installed with what they depend on, without what they
	// merely recommend.
	Packages []string `json:"packages"`
}

// Binary is a Go program.
type Binary struct {
	// Package is the import path or, beginning with "./", the folder within
	// the module.
	Package string `json:"package"`
	// Module is the folder of the Go module; the default is the folder of the
	// description.
	Module string `json:"module,omitempty"`
	// To is where it lies in the image.
	To string `json:"to"`
	// Tags are the build tags.
	Tags []string `json:"tags,omitempty"`
	// CGO links it to this machine's C library, which comes along.
	CGO bool `json:"cgo,omitempty"`
}

// File is a file, or a folder with all that is below it.
type File struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// DefaultUser is nobody in particular, and not root.
const DefaultUser = "65532:65532"

const defaultSuite = "bookworm"

// Load reads a description.
func Load(file string) (*Description, error) {
	content, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the image description: %w", err)
	}
	d := &Description{}
	if err := yaml.UnmarshalStrict(content, d); err != nil {
		return nil, fmt.Errorf("read the image description %s: %w", file, err)
	}
	abs, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", file, err)
	}
	d.dir = filepath.Dir(abs)
	if err := d.complete(); err != nil {
		return nil, fmt.Errorf("image description %s: %w", file, err)
	}
	return d, nil
}

var (
	libraryShape = regexp.MustCompile(`^[A-Za-z0-9_+-]+[.]so([.][0-9]+)*$`)
	nameShape    = regexp.MustCompile(`^[a-z0-9.-]+(:[0-9]+)?(/[a-z0-9._-]+)+:[A-Za-z0-9._-]+$`)
	userShape    = regexp.MustCompile(`^[0-9]+:[0-9]+$`)
	packageShape = regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]*$`)
)

// complete fills in the defaults and checks the rest.
func (d *Description) complete() error {
	if !nameShape.MatchString(d.Name) {
		return fmt.Errorf("name %q: must be host/path:tag, such as trainyard.dev/manager:dev", d.Name)
	}
	if d.User == "" {
		d.User = DefaultUser
	}
	if !userShape.MatchString(d.User) {
		return fmt.Errorf("user %q: must be numbers, uid:gid, so that a cluster can see it is not root", d.User)
	}
	if d.Debian != nil {
		if d.Debian.Suite == "" {
			d.Debian.Suite = defaultSuite
		}
		for _, name := range append([]string{d.Debian.Suite}, d.Debian.Packages...) {
			if !packageShape.MatchString(name) {
				return fmt.Errorf("debian: %q is not the name of a package or a suite", name)
			}
		}
		slices.Sort(d.Debian.Packages)
	}
	if len(d.Entrypoint) == 0 {
		return errors.New("entrypoint: must name the program to run")
	}
	if err := d.checkLibraries(); err != nil {
		return err
	}
	return d.checkTargets()
}

// checkLibraries keeps two C libraries out of one image.
func (d *Description) checkLibraries() error {
	cgo := slices.ContainsFunc(d.Binaries, func(b Binary) bool { return b.CGO })
	switch {
	case cgo && d.Debian != nil:
		return errors.New("debian: an image with cgo: true holds this machine's C library; leave debian out")
	case len(d.Libraries) > 0 && !cgo:
		return errors.New("libraries: only a binary with cgo: true can open them; leave them out")
	}
	for i, name := range d.Libraries {
		if !libraryShape.MatchString(name) {
			return fmt.Errorf("libraries[%d] %q: must be a name such as libm.so.6", i, name)
		}
	}
	return nil
}

func (d *Description) checkTargets() error {
	seen := map[string]bool{}
	check := func(field, to string) error {
		if !path.IsAbs(to) || path.Clean(to) != to || to == "/" {
			return fmt.Errorf("%s %q: must be a clean absolute path in the image", field, to)
		}
		if seen[to] {
			return fmt.Errorf("%s %q: is there twice", field, to)
		}
		seen[to] = true
		return nil
	}
	for i, b := range d.Binaries {
		if b.Package == "" {
			return fmt.Errorf("binaries[%d].package: must name a Go package", i)
		}
		if err := check(fmt.Sprintf("binaries[%d].to", i), b.To); err != nil {
			return err
		}
	}
	for i, f := range d.Files {
		if f.From == "" {
			return fmt.Errorf("files[%d].from: must name a file or a folder", i)
		}
		if err := check(fmt.Sprintf("files[%d].to", i), f.To); err != nil {
			return err
		}
	}
	return nil
}

func (d *Description) path(relative string) string {
	if filepath.IsAbs(relative) {
		return relative
	}
	return filepath.Join(d.dir, relative)
}
