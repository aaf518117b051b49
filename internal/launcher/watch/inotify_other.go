//go:build !linux

package watch

import "context"

func notify(context.Context, string) <-chan string { return nil }
