package parquetfile

import (
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// numberReader appends the pages of a column of numbers.
type numberReader struct {
	leaf   leaf
	column *table.Column
	// dictionary are the distinct values of the chunk, once it is read.
	dictionary []float64
	values     []float64
}

func (r *numberReader) newChunk() { r.dictionary = nil }

func (r *numberReader) page(stored parquet.Page, p page) error {
	values, err := r.read(stored, p.values)
	if err != nil {
		return err
	}
	if len(values) < p.values {
		return fmt.Errorf("a page of %d values holds %d", p.values, len(values))
	}
	if p.levels == nil {
		r.column.Numbers = append(r.column.Numbers, values[:p.values]...)
		return nil
	}
	next := 0
	for row := range p.rows {
		value := math.NaN()
		if p.has(row) {
			value = values[next]
			next++
		} else {
			r.column.Missing++
		}
		r.column.Numbers = append(r.column.Numbers, value)
	}
	return nil
}

// read are the values of a page, looked up where the page holds indexes.
func (r *numberReader) read(stored parquet.Page, n int) ([]float64, error) {
	if n == 0 {
		return nil, nil
	}
	data := stored.Data()
	var err error
	if stored.Dictionary() == nil {
		r.values, err = r.leaf.numbers(r.values[:0], data, n)
		return r.values, err
	}
	if r.dictionary == nil {
		dictionary := stored.Dictionary()
		if r.dictionary, err = r.leaf.numbers(nil, dictionary.Page().Data(), dictionary.Len()); err != nil {
			return nil, err
		}
	}
	r.values = r.values[:0]
	for _, index := range data.Int32() {
		if uint(index) >= uint(len(r.dictionary)) {
			return nil, errIndex(index, len(r.dictionary))
		}
		r.values = append(r.values, r.dictionary[index])
	}
	return r.values, nil
}

func errIndex(index int32, of int) error {
	return fmt.Errorf("a page refers to entry %d of a dictionary of %d", index, of)
}

// textReader takes the pages of a column of text.
type textReader interface {
	use(leaf)
	newChunk()
	page(parquet.Page, page) error
}

// labelReader codes text: once an entry of the dictionary, where there is one.
type labelReader struct {
	leaf       leaf
	labels     *table.Labels
	dictionary []int32
	codes      []int32
}

func (r *labelReader) use(l leaf) { r.leaf = l }
func (r *labelReader) newChunk()  { r.dictionary = nil }

func (r *labelReader) page(stored parquet.Page, p page) error {
	codes, err := r.read(stored, p.values)
	if err != nil {
		return err
	}
	if r.labels.Overflowed() {
		return errOverflow
	}
	if len(codes) < p.values {
		return fmt.Errorf("a page of %d values holds %d", p.values, len(codes))
	}
	if p.levels == nil {
		r.labels.AddCodes(codes[:p.values])
		return nil
	}
	next := 0
	for row := range p.rows {
		code := table.Absent
		if p.has(row) {
			code = codes[next]
			next++
		}
		r.labels.Add(code)
	}
	return nil
}

func (r *labelReader) read(stored parquet.Page, n int) ([]int32, error) {
	if n == 0 {
		return nil, nil
	}
	r.codes = r.codes[:0]
	data := stored.Data()
	if stored.Dictionary() == nil {
		err := r.leaf.texts(data, n, func(value []byte) { r.codes = append(r.codes, r.labels.Code(value)) })
		return r.codes, err
	}
	if r.dictionary == nil {
		entries := stored.Dictionary()
		r.dictionary = make([]int32, 0, entries.Len())
		err := r.leaf.texts(entries.Page().Data(), entries.Len(), func(value []byte) {
			r.dictionary = append(r.dictionary, r.labels.Code(value))
		})
		if err != nil {
			return nil, err
		}
	}
	for _, index := range data.Int32() {
		if uint(index) >= uint(len(r.dictionary)) {
			return nil, errIndex(index, len(r.dictionary))
		}
		r.codes = append(r.codes, r.dictionary[index])
	}
	return r.codes, nil
}

// valueReader yields every row's text, or nil, one page in memory at a time.
type valueReader struct {
	leaf       leaf
	yield      func([]byte) bool
	dictionary [][]byte
	values     [][]byte
}

func (r *valueReader) use(l leaf) { r.leaf = l }
func (r *valueReader) newChunk()  { r.dictionary = nil }

func (r *valueReader) page(stored parquet.Page, p page) error {
	if err := r.read(stored, p.values); err != nil {
		return err
	}
	if len(r.values) < p.values {
		return fmt.Errorf("a page of %d values holds %d", p.values, len(r.values))
	}
	next := 0
	for row := range p.rows {
		var value []byte
		if p.has(row) {
			value = r.values[next]
			next++
		}
		r.yield(value)
	}
	return nil
}

func (r *valueReader) read(stored parquet.Page, n int) error {
	r.values = r.values[:0]
	if n == 0 {
		return nil
	}
	data := stored.Data()
	if stored.Dictionary() == nil {
		return r.leaf.texts(data, n, func(value []byte) { r.values = append(r.values, value) })
	}
	if r.dictionary == nil {
		entries := stored.Dictionary()
		r.dictionary = make([][]byte, 0, entries.Len())
		err := r.leaf.texts(entries.Page().Data(), entries.Len(), func(value []byte) {
			r.dictionary = append(r.dictionary, append([]byte{}, value...))
		})
		if err != nil {
			return err
		}
	}
	for _, index := range data.Int32() {
		if uint(index) >= uint(len(r.dictionary)) {
			return errIndex(index, len(r.dictionary))
		}
		r.values = append(r.values, r.dictionary[index])
	}
	return nil
}
