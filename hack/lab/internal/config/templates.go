package config

import (
	"embed"
	"encoding/base64"
	"io/fs"
)

//go:embed files
var embedded embed.FS

// templates are the files of this package's folder "files", by name.
var templates = readTemplates()

func readTemplates() map[string]string {
	read := map[string]string{}
	entries, err := fs.ReadDir(embedded, "files")
	if err != nil {
		panic(err) // the files are part of the program
	}
	for _, e := range entries {
		content, err := fs.ReadFile(embedded, "files/"+e.Name())
		if err != nil {
			panic(err)
		}
		read[e.Name()] = string(content)
	}
	return read
}

func encode(content []byte) string { return base64.StdEncoding.EncodeToString(content) }
