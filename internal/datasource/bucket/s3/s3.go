// Package s3 adds Amazon S3, and stores that speak as it does, to package bucket:
// s3://bucket/key?region=…&endpoint=…&use_path_style=true&anonymous=true.
//
// Credentials are those of the AWS SDK but for what it would ask of the instance's
// or the container's metadata service, which is link-local: environment variables,
// the shared files, and a web identity, as IRSA provides it.
package s3

import (
	"context"
	"fmt"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

func init() { bucket.Register("s3", open) }

func open(ctx context.Context, from *url.URL, by *guard.Guard) (*blob.Bucket, error) {
	query := from.Query()
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(by.Client()),
		config.WithEC2IMDSClientEnableState(imds.ClientDisabled),
	}
	if region := query.Get("region"); region != "" {
		options = append(options, config.WithRegion(region))
	}
	if query.Get("anonymous") == "true" {
		options = append(options, config.WithCredentialsProvider(aws.AnonymousCredentials{}))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return nil, fmt.Errorf("read the settings of the AWS SDK: %w", err)
	}
	if loaded.Region == "" {
		const anywhere = "us-east-1" // stores that only speak S3 take any
		loaded.Region = anywhere
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		if endpoint := query.Get("endpoint"); endpoint != "" {
			o.BaseEndpoint = aws.String(endpoint)
		}
		o.UsePathStyle = query.Get("use_path_style") == "true"
	})
	opened, err := s3blob.OpenBucket(ctx, client, from.Host, nil)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", from.Host, err)
	}
	return opened, nil
}
