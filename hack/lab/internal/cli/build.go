package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/internal/components"
)

func newBuild(o *options) *cobra.Command {
	var only []string
	cmd := &cobra.Command{
		Use:   "build",
		Short: "Build the cluster's programs into the cache and print their folder",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			builder, err := o.builder()
			if err != nil {
				return err
			}
			wanted, err := components.Select(only, runtime.GOOS)
			if err != nil {
				return err
			}
			dir, err := builder.Build(cmd.Context(), wanted)
			if err != nil {
				return err
			}
			fmt.Fprintln(o.out, dir)
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&only, "only", nil, "build only these, comma separated")
	return cmd
}

func (o *options) builder() (*components.Builder, error) {
	dir := o.source
	if dir == "" {
		var starts []string
		if wd, err := os.Getwd(); err == nil {
			starts = append(starts, wd)
		}
		if exe, err := os.Executable(); err == nil {
			starts = append(starts, filepath.Dir(exe))
		}
		var err error
		if dir, err = components.Find(starts...); err != nil {
			return nil, err
		}
	}
	source, err := components.Open(dir)
	if err != nil {
		return nil, err
	}
	return &components.Builder{Source: source, Cache: o.cache, Report: o.report}, nil
}
