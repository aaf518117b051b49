//go:build gcs

package main

import _ "github.com/trainyard/trainyard/internal/datasource/bucket/gcs" // a store
