// Package test brings real labs up and down, and looks at what they leave
// behind. Its tests need root, containerd and the tag e2e: `make lab-test`.
package test
