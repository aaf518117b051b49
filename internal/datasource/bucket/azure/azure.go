// Package azure adds Azure Blob Storage to package bucket:
// azblob://container/key?account=…&endpoint=…&anonymous=true.
//
// Credentials are, in this order: AZURE_STORAGE_CONNECTION_STRING; AZURE_STORAGE_KEY
// or AZURE_STORAGE_SAS_TOKEN; a workload identity, as AKS provides it; a service
// principal of AZURE_CLIENT_ID and AZURE_CLIENT_SECRET. The metadata service, which
// is link-local, is not asked for a managed identity.
package azure

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob"
	"github.com/Azure/azure-sdk-for-go/sdk/storage/azblob/container"
	"gocloud.dev/blob"
	"gocloud.dev/blob/azureblob"

	"github.com/trainyard/trainyard/internal/datasource/bucket"
	"github.com/trainyard/trainyard/internal/datasource/guard"
)

func init() { bucket.Register("azblob", open) }

func open(ctx context.Context, from *url.URL, by *guard.Guard) (*blob.Bucket, error) {
	client, err := client(from, by)
	if err != nil {
		return nil, fmt.Errorf("find credentials for Azure: %w", err)
	}
	opened, err := azureblob.OpenBucket(ctx, client, nil)
	if err != nil {
		return nil, fmt.Errorf("open container %s: %w", from.Host, err)
	}
	return opened, nil
}

func client(from *url.URL, by *guard.Guard) (*container.Client, error) {
	core := azcore.ClientOptions{Transport: by.Client()}
	options := &container.ClientOptions{ClientOptions: core}
	if connection := os.Getenv("AZURE_STORAGE_CONNECTION_STRING"); connection != "" {
		return container.NewClientFromConnectionString(connection, from.Host, options) //nolint:wrapcheck // wrapped by open
	}
	account := from.Query().Get("account")
	if account == "" {
		account = os.Getenv("AZURE_STORAGE_ACCOUNT")
	}
	if account == "" {
		return nil, errors.New("the storage account is not known: add ?account=…, or set AZURE_STORAGE_ACCOUNT")
	}
	address := address(from, account)
	if token := os.Getenv("AZURE_STORAGE_SAS_TOKEN"); token != "" {
		return container.NewClientWithNoCredential(address+"?"+strings.TrimPrefix(token, "?"), options) //nolint:wrapcheck // wrapped by open
	}
	if from.Query().Get("anonymous") == "true" {
		return container.NewClientWithNoCredential(address, options) //nolint:wrapcheck // wrapped by open
	}
	if key := os.Getenv("AZURE_STORAGE_KEY"); key != "" {
		shared, err := azblob.NewSharedKeyCredential(account, key)
		if err != nil {
			return nil, errors.New("AZURE_STORAGE_KEY is not base64: copy it again")
		}
		return container.NewClientWithSharedKeyCredential(address, shared, options) //nolint:wrapcheck // wrapped by open
	}
	credential, err := identity(core)
	if err != nil {
		return nil, err
	}
	return container.NewClient(address, credential, options) //nolint:wrapcheck // wrapped by open
}

// address is that of the container.
func address(from *url.URL, account string) string {
	if endpoint := from.Query().Get("endpoint"); endpoint != "" {
		return strings.TrimSuffix(endpoint, "/") + "/" + from.Host
	}
	return "https://" + account + ".blob.core.windows.net/" + from.Host
}

// identity is a workload's or a service principal's.
func identity(core azcore.ClientOptions) (azcore.TokenCredential, error) {
	if os.Getenv("AZURE_FEDERATED_TOKEN_FILE") != "" {
		return azidentity.NewWorkloadIdentityCredential( //nolint:wrapcheck // wrapped by open
			&azidentity.WorkloadIdentityCredentialOptions{ClientOptions: core})
	}
	return azidentity.NewEnvironmentCredential( //nolint:wrapcheck // wrapped by open
		&azidentity.EnvironmentCredentialOptions{ClientOptions: core})
}
