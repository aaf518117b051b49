//go:build !linux

package host

import "math"

func cgroupV1() bool { return false }

func lacksSysResource() bool { return false }

func freeBytes(string) (uint64, error) { return math.MaxUint64, nil }

func readRoutes() ([]Route, error) { return nil, nil }
