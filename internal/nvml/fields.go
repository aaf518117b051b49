//go:build cgo

package nvml

import (
	"encoding/binary"
	"math"

	"github.com/NVIDIA/go-nvml/pkg/nvml"
)

// fields reads field values; each carries a return code of its own.
func (d *device) fields(name string, values []nvml.FieldValue) bool {
	return len(values) > 0 && d.newer("nvmlDeviceGetFieldValues", name, func() nvml.Return { return d.handle.GetFieldValues(values) })
}

// number decodes a field's value, if it was read.
func number(f *nvml.FieldValue) (float64, bool) {
	if nvml.Return(f.NvmlReturn) != nvml.SUCCESS {
		return 0, false
	}
	raw := f.Value[:]
	switch nvml.ValueType(f.ValueType) {
	case nvml.VALUE_TYPE_DOUBLE:
		value := math.Float64frombits(binary.NativeEndian.Uint64(raw))
		return value, !math.IsNaN(value) && !math.IsInf(value, 0)
	case nvml.VALUE_TYPE_UNSIGNED_INT:
		return float64(binary.NativeEndian.Uint32(raw)), true
	case nvml.VALUE_TYPE_UNSIGNED_LONG, nvml.VALUE_TYPE_UNSIGNED_LONG_LONG:
		return float64(binary.NativeEndian.Uint64(raw)), true
	case nvml.VALUE_TYPE_SIGNED_LONG_LONG:
		return float64(int64(binary.NativeEndian.Uint64(raw))), true //nolint:gosec // the same eight bytes, read as signed
	case nvml.VALUE_TYPE_SIGNED_INT:
		return float64(int32(binary.NativeEndian.Uint32(raw))), true //nolint:gosec // the same four bytes, read as signed
	case nvml.VALUE_TYPE_UNSIGNED_SHORT:
		return float64(binary.NativeEndian.Uint16(raw)), true
	}
	return 0, false
}

// sum adds fields; it is known where any of them is.
func sum(fields []nvml.FieldValue) (total float64, known bool) {
	for i := range fields {
		if value, ok := number(&fields[i]); ok {
			total, known = total+value, true
		}
	}
	return total, known
}
