package parquetfile

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

var errPage = errors.New("a page of text is shorter than its offsets say")

// texts visits strings of any length.
func texts(page encoding.Values, n int, visit func([]byte)) error {
	data, offsets := page.ByteArray()
	if n == 0 {
		return nil
	}
	if len(offsets) < n+1 {
		return errPage
	}
	if data == nil {
		data = []byte{} // all of them empty, which is not missing
	}
	for i := range n {
		from, to := offsets[i], offsets[i+1]
		if from > to || int(to) > len(data) {
			return errPage
		}
		visit(data[from:to])
	}
	return nil
}

// fixedTexts visits strings of one length, each through spell, if it is set.
func fixedTexts(size int, spell func([]byte) []byte) func(encoding.Values, int, func([]byte)) error {
	return func(page encoding.Values, n int, visit func([]byte)) error {
		data, _ := page.Data()
		if size <= 0 || len(data) < n*size {
			return errPage
		}
		for i := range n {
			value := data[i*size : (i+1)*size]
			if spell != nil {
				value = spell(value)
			}
			visit(value)
		}
		return nil
	}
}

func uuid(bytes []byte) []byte {
	text := make([]byte, 0, 36)
	for i, group := range [][]byte{bytes[:4], bytes[4:6], bytes[6:8], bytes[8:10], bytes[10:16]} {
		if i > 0 {
			text = append(text, '-')
		}
		text = hex.AppendEncode(text, group)
	}
	return text
}

// decimalLeaf reads whole numbers of which scale digits follow the point.
func decimalLeaf(stored parquet.Type, scale int32) leaf {
	if scale < 0 || scale > 300 {
		return leaf{why: fmt.Sprintf("a decimal with a scale of %d cannot be held", scale)}
	}
	per := math.Pow10(int(scale))
	switch stored.Kind() {
	case parquet.Int32, parquet.Int64:
		return wholeLeaf(stored, table.Float, per)
	case parquet.FixedLenByteArray:
		return leaf{typ: table.Float, numbers: decimals(fixedTexts(stored.Length(), nil), per)}
	case parquet.ByteArray:
		return leaf{typ: table.Float, numbers: decimals(texts, per)}
	}
	return leaf{why: fmt.Sprintf("a decimal cannot be stored as %s", stored)}
}

// decimals are two's complement numbers, the most significant byte first.
func decimals(
	each func(encoding.Values, int, func([]byte)) error, per float64,
) func([]float64, encoding.Values, int) ([]float64, error) {
	return func(to []float64, page encoding.Values, n int) ([]float64, error) {
		err := each(page, n, func(bytes []byte) { to = append(to, bigEndian(bytes)/per) })
		return to, err
	}
}

func bigEndian(bytes []byte) float64 {
	value := 0.0
	for _, b := range bytes {
		value = value*256 + float64(b)
	}
	if len(bytes) > 0 && bytes[0]&0x80 != 0 {
		value -= math.Pow(256, float64(len(bytes)))
	}
	return value
}
