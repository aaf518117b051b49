package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/trainyard/trainyard/hack/lab/image"
	"github.com/trainyard/trainyard/hack/lab/internal/cluster"
)

func newImage(o *options) *cobra.Command {
	cmd := &cobra.Command{Use: "image", Short: "Build images, and load them onto the nodes"}
	cmd.AddCommand(newImageBuild(o), newImageLoad(o))
	return cmd
}

func newImageBuild(o *options) *cobra.Command {
	var file, format string
	cmd := &cobra.Command{
		Use:   "build -f image.yaml",
		Short: "Build an image and print the path of its archive",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			built, err := o.buildImage(cmd, file)
			if err != nil {
				return err
			}
			if format == "json" {
				return json.NewEncoder(o.out).Encode(built)
			}
			fmt.Fprintln(o.out, built.Archive)
			return nil
		},
	}
	cmd.Flags().StringVarP(&file, "file", "f", "image.yaml", "the image's description")
	cmd.Flags().StringVarP(&format, "output", "o", "", "json for name, archive and digest; nothing for the archive's path")
	return cmd
}

func newImageLoad(o *options) *cobra.Command {
	var nodes []string
	cmd := &cobra.Command{
		Use:   "load ARCHIVE...",
		Short: "Load image archives onto the real nodes",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := cluster.Open(o.stateDir)
			if err != nil {
				return err
			}
			unlock, err := cluster.Lock(cmd.Context(), p.StateDir, o.report)
			if err != nil {
				return err
			}
			defer unlock()
			for _, archive := range args {
				if err := cluster.LoadImage(cmd.Context(), p, o.imageBuilder(), archive, nodes); err != nil {
					return err
				}
			}
			return nil
		},
	}
	cmd.Flags().StringSliceVar(&nodes, "nodes", nil, "only these nodes, comma separated")
	return cmd
}

func (o *options) imageBuilder() *image.Builder {
	return &image.Builder{Cache: o.cache, Report: o.report}
}

func (o *options) buildImage(cmd *cobra.Command, file string) (*image.Built, error) {
	description, err := image.Load(file)
	if err != nil {
		return nil, err
	}
	return o.imageBuilder().Build(cmd.Context(), description)
}
