//go:build s3

package main

import _ "github.com/trainyard/trainyard/internal/datasource/bucket/s3" // a store
