// Sourcesize is a program that reads a table and does nothing else: built with the
// tags s3, gcs and azure, it shows what each object store adds to a program's size.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/trainyard/trainyard/internal/datasource"
)

func main() {
	opened, err := datasource.Open(context.Background(), datasource.Spec{URL: os.Args[1]}, datasource.Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(opened.Rows())
}
