// Package schema is what a user says about a data set: which columns there are,
// how each is compared, what its values must look like, and what to do with rows
// that do not. It is read from YAML; a mistake is reported with its file, field,
// value and cure.
package schema
