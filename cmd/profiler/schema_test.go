package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/trainyard/trainyard/pkg/drift/report"
)

var update = flag.Bool("update", false, "rewrite docs/reference/report.schema.json and the golden files")

const schemaFile = "../../docs/reference/report.schema.json"

// The committed schema is what the Go types and their comments say.
func TestSchemaIsTheTypes(t *testing.T) {
	want, err := json.MarshalIndent(generate(t), "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, schemaFile, append(want, '\n'))
}

// golden compares with a file, or rewrites it.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs; go test ./cmd/profiler -update rewrites it:\n%s", path, diff)
	}
}

type object = map[string]any

// generator makes a JSON schema of Go types.
type generator struct {
	comments map[string]string
	defs     object
}

func generate(t *testing.T) object {
	t.Helper()
	g := generator{comments: comments(t), defs: object{}}
	g.ref(reflect.TypeFor[report.Report]())
	return object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": report.Version,
		"title": "A drift report of Trainyard", "$ref": "#/$defs/Report", "$defs": g.defs,
	}
}

// comments are those of types, as Type, and of fields, as Type.Field.
func comments(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob("../../pkg/drift/report/*.go")
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			decl, ok := n.(*ast.GenDecl)
			if !ok || decl.Tok != token.TYPE {
				return true
			}
			spec := decl.Specs[0].(*ast.TypeSpec)
			out[spec.Name.Name] = prose(decl.Doc)
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, field := range s.Fields.List {
					for _, name := range field.Names {
						out[spec.Name.Name+"."+name.Name] = prose(field.Doc)
					}
				}
			}
			return true
		})
	}
	return out
}

func prose(doc *ast.CommentGroup) string { return strings.Join(strings.Fields(doc.Text()), " ") }

// ref is a type's place in the schema; its definition is made once.
func (g *generator) ref(t reflect.Type) object {
	switch {
	case t.Kind() == reflect.Pointer:
		return g.ref(t.Elem())
	case t == reflect.TypeFor[report.Number]():
		return object{"type": []string{"number", "null"}}
	case t == reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	}
	switch t.Kind() {
	case reflect.Slice:
		return object{"type": "array", "items": g.ref(t.Elem())}
	case reflect.Struct:
		if g.defs[t.Name()] == nil {
			g.defs[t.Name()] = object{} // it may hold itself
			g.defs[t.Name()] = g.define(t)
		}
		return object{"$ref": "#/$defs/" + t.Name()}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	}
	return object{"type": "string"}
}

func (g *generator) define(t reflect.Type) object {
	properties, required := object{}, []string{}
	g.fields(t, properties, &required)
	return object{"type": "object", "description": g.comments[t.Name()], "properties": properties, "required": required, "additionalProperties": false}
}

func (g *generator) fields(t reflect.Type, properties object, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous && name == "" {
			g.fields(f.Type, properties, required)
			continue
		}
		property := g.ref(f.Type)
		if text := g.comments[t.Name()+"."+f.Name]; text != "" {
			property["description"] = text
		}
		properties[name] = property
		if option != "omitempty" {
			*required = append(*required, name)
		}
	}
}

// valid checks a value against the part of JSON Schema that generate uses.
func valid(root, schema object, value any, path string) []string {
	if ref, found := schema["$ref"].(string); found {
		return valid(root, root["$defs"].(object)[strings.TrimPrefix(ref, "#/$defs/")].(object), value, path)
	}
	types, single := schema["type"].(string)
	allowed := []any{types}
	if !single {
		allowed = schema["type"].([]any)
	}
	if !slices.ContainsFunc(allowed, func(t any) bool { return isType(t.(string), value) }) {
		return []string{fmt.Sprintf("%s is %v, not %v", path, value, allowed)}
	}
	var out []string
	switch v := value.(type) {
	case []any:
		for i, item := range v {
			out = append(out, valid(root, schema["items"].(object), item, fmt.Sprintf("%s[%d]", path, i))...)
		}
	case object:
		properties := schema["properties"].(object)
		for name, item := range v {
			if property, known := properties[name].(object); known {
				out = append(out, valid(root, property, item, path+"."+name)...)
			} else {
				out = append(out, path+"."+name+" is not in the schema")
			}
		}
		for _, name := range schema["required"].([]any) {
			if _, there := v[name.(string)]; !there {
				out = append(out, path+"."+name.(string)+" is missing")
			}
		}
	}
	return out
}

func isType(name string, value any) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == math.Trunc(v)
	case []any:
		return name == "array"
	}
	return name == "object"
}

// checkReport validates what a command printed, and reads it.
func checkReport(t *testing.T, out string) report.Report {
	t.Helper()
	raw, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema, value object
	if err := json.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(out), &value); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, problem := range valid(schema, schema, value, "report") {
		t.Error(problem)
	}
	var r report.Report
	decoder := json.NewDecoder(bytes.NewReader([]byte(out)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&r); err != nil {
		t.Fatal(err)
	}
	return r
}
