package parquetfile

import (
	"fmt"
	"math"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/encoding"
	"github.com/parquet-go/parquet-go/format"

	"github.com/trainyard/trainyard/internal/datasource/table"
)

// leaf is how a stored column is read: exactly one of numbers and texts is set, or
// neither, with the reason in why.
type leaf struct {
	typ table.Type
	// numbers appends the n values of a page.
	numbers func(to []float64, page encoding.Values, n int) ([]float64, error)
	// texts visits the n values of a page.
	texts func(page encoding.Values, n int, visit func([]byte)) error
	why   string
}

// leafOf chooses by what is stored and what its annotation says it means.
func leafOf(column *parquet.Column) leaf {
	if column.MaxRepetitionLevel() > 0 {
		return leaf{why: "it is a list or a map, of which a row has any number of values: " +
			"write its elements, or a number about them, as columns of their own"}
	}
	stored := column.Type()
	switch meaning := logical(stored).(type) {
	case *format.DecimalType:
		return decimalLeaf(stored, meaning.Scale)
	case *format.TimestampType:
		return instantLeaf(int64(perSecond(meaning.Unit)))
	case *format.TimeType:
		return wholeLeaf(stored, table.Float, perSecond(meaning.Unit))
	case *format.DateType:
		return wholeLeaf(stored, table.Timestamp, 1.0/86400)
	case *format.IntType:
		if !meaning.IsSigned {
			return unsignedLeaf(stored)
		}
	case *format.Float16Type:
		return leaf{typ: table.Float, numbers: halves}
	case *format.UUIDType:
		return leaf{typ: table.String, texts: fixedTexts(16, uuid)}
	}
	return physicalLeaf(stored)
}

func logical(stored parquet.Type) format.LogicalTypeValue {
	if logical := stored.LogicalType(); logical != nil {
		return logical.Value
	}
	return nil
}

func physicalLeaf(stored parquet.Type) leaf {
	switch stored.Kind() {
	case parquet.Boolean:
		return leaf{typ: table.Boolean, numbers: booleans}
	case parquet.Int32, parquet.Int64:
		return wholeLeaf(stored, table.Integer, 1)
	case parquet.Int96:
		return leaf{typ: table.Timestamp, numbers: int96s}
	case parquet.Float:
		return leaf{typ: table.Float, numbers: floats}
	case parquet.Double:
		return leaf{typ: table.Float, numbers: doubles}
	case parquet.ByteArray:
		return leaf{typ: table.String, texts: texts}
	case parquet.FixedLenByteArray:
		return leaf{typ: table.String, texts: fixedTexts(stored.Length(), nil)}
	}
	return leaf{why: fmt.Sprintf("Parquet's type %s is not known", stored)}
}

// wholeLeaf divides whole numbers by per.
func wholeLeaf(stored parquet.Type, typ table.Type, per float64) leaf {
	if stored.Kind() == parquet.Int32 {
		return leaf{typ: typ, numbers: func(to []float64, page encoding.Values, _ int) ([]float64, error) {
			return appendAs(to, page.Int32(), per), nil
		}}
	}
	return leaf{typ: typ, numbers: func(to []float64, page encoding.Values, _ int) ([]float64, error) {
		return appendAs(to, page.Int64(), per), nil
	}}
}

func unsignedLeaf(stored parquet.Type) leaf {
	if stored.Kind() == parquet.Int32 {
		return leaf{typ: table.Integer, numbers: func(to []float64, page encoding.Values, _ int) ([]float64, error) {
			return appendAs(to, page.Uint32(), 1), nil
		}}
	}
	return leaf{typ: table.Integer, numbers: func(to []float64, page encoding.Values, _ int) ([]float64, error) {
		return appendAs(to, page.Uint64(), 1), nil
	}}
}

func appendAs[T int32 | int64 | uint32 | uint64 | float32](to []float64, values []T, per float64) []float64 {
	if per == 1 {
		for _, value := range values {
			to = append(to, float64(value))
		}
		return to
	}
	for _, value := range values {
		to = append(to, float64(value)/per)
	}
	return to
}

// instantLeaf divides whole numbers since 1970 by perSecond, the whole seconds apart
// from the rest: nanoseconds of today have more digits than a float64.
func instantLeaf(perSecond int64) leaf {
	return leaf{typ: table.Timestamp, numbers: func(to []float64, page encoding.Values, _ int) ([]float64, error) {
		for _, value := range page.Int64() {
			to = append(to, float64(value/perSecond)+float64(value%perSecond)/float64(perSecond))
		}
		return to, nil
	}}
}

func perSecond(unit format.TimeUnit) float64 {
	switch unit.Value.(type) {
	case *format.MilliSeconds:
		return 1e3
	case *format.MicroSeconds:
		return 1e6
	}
	return 1e9
}

func floats(to []float64, page encoding.Values, _ int) ([]float64, error) {
	return appendAs(to, page.Float(), 1), nil
}

func doubles(to []float64, page encoding.Values, _ int) ([]float64, error) {
	return append(to, page.Double()...), nil
}

// booleans are stored as bits, the first value in the lowest.
func booleans(to []float64, page encoding.Values, n int) ([]float64, error) {
	bits := page.Boolean()
	if len(bits)*8 < n {
		return nil, fmt.Errorf("a page of %d values holds %d", n, len(bits)*8)
	}
	for i := range n {
		to = append(to, float64(bits[i/8]>>(i%8)&1))
	}
	return to, nil
}

// int96s are Spark's and Impala's former instants: nanoseconds of the day in the
// first eight bytes, the Julian day in the last four.
func int96s(to []float64, page encoding.Values, _ int) ([]float64, error) {
	const julianDayOf1970 = 2440588
	for _, value := range page.Int96() {
		nanoseconds := int64(value[1])<<32 | int64(value[0])
		days := int64(value[2]) - julianDayOf1970
		to = append(to, float64(days)*86400+float64(nanoseconds)/1e9)
	}
	return to, nil
}

// halves are IEEE 754 numbers of 16 bits.
func halves(to []float64, page encoding.Values, _ int) ([]float64, error) {
	data, size := page.FixedLenByteArray()
	if size != 2 {
		return nil, fmt.Errorf("a number of 16 bits is stored in %d bytes", size)
	}
	for i := 0; i+2 <= len(data); i += 2 {
		to = append(to, half(uint16(data[i])|uint16(data[i+1])<<8))
	}
	return to, nil
}

func half(bits uint16) float64 {
	sign := 1.0
	if bits>>15 == 1 {
		sign = -1
	}
	exponent, fraction := int(bits>>10&31), float64(bits&1023)
	switch exponent {
	case 0:
		return sign * math.Ldexp(fraction, -24)
	case 31:
		if fraction > 0 {
			return math.NaN()
		}
		return math.Inf(int(sign))
	}
	return sign * math.Ldexp(1024+fraction, exponent-25)
}
