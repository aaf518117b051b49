//go:build azure

package main

import _ "github.com/trainyard/trainyard/internal/datasource/bucket/azure" // a store
