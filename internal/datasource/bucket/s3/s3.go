// Package s3 adds Amazon S3, and stores that speak as it does, to package bucket:
// s3://bucket/key?region=…&endpoint=…&use_path_style=true&anonymous=true.
//
// Credentials are those of the AWS SDK but for what it would ask of the instance's
// or the container's metadata service, which is link-local: environment variables,
// the shared files, and a web identity, as IRSA provides it.
package s3

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/feature/ec2/imds"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/blob/s3blob"

	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

func init() { bucket.Register("s3", open) }

// client dials by the guard. It is the SDK's own kind, which AWS_CA_BUNDLE needs.
func client(by *guard.Guard) *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		t.DialContext, t.Proxy = by.DialContext, nil
	})
}

// wholeListings reads the answer to a listing before the SDK does, which takes one
// that is cut off for one that is short.
type wholeListings struct{ next aws.HTTPClient }

func (w *wholeListings) Do(request *http.Request) (*http.Response, error) {
	response, err := w.next.Do(request)
	if err != nil || !request.URL.Query().Has("list-type") {
		return response, err //nolint:wrapcheck // the SDK looks at it
	}
	defer func() { _ = response.Body.Close() }()
	const most = 64 << 20 // a listing has a thousand keys
	body, err := io.ReadAll(io.LimitReader(response.Body, most))
	if err != nil {
		return nil, fmt.Errorf("read a listing: %w", err)
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, nil
}

func open(ctx context.Context, from *url.URL, by *guard.Guard) (*blob.Bucket, error) {
	query := from.Query()
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client(by)),
		config.WithRetryMaxAttempts(1), // package retry repeats, and takes up where it was
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
		o.HTTPClient = &wholeListings{loaded.HTTPClient}
		o.DisableLogOutputChecksumValidationSkipped = true // a part of an object has none
		o.UsePathStyle = query.Get("use_path_style") == "true"
	})
	opened, err := s3blob.OpenBucket(ctx, client, from.Host, nil)
	if err != nil {
		return nil, fmt.Errorf("open bucket %s: %w", from.Host, err)
	}
	return opened, nil
}
