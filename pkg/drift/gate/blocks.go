package gate

import "time"

// BlocksByTime numbers the rows' blocks of a duration, counted from the first
// event, without numbering blocks in which nothing happened.
func BlocksByTime(times []time.Time, length time.Duration) (block []int, blocks int) {
	if len(times) == 0 {
		return nil, 0
	}
	first := times[0]
	for _, t := range times {
		if t.Before(first) {
			first = t
		}
	}
	return number(times, func(t time.Time) int64 { return int64(t.Sub(first) / length) })
}

// BlocksByEntity numbers the rows' entities, in the order in which they first
// occur.
func BlocksByEntity(entities []string) (block []int, blocks int) {
	return number(entities, func(e string) string { return e })
}

func number[Row any, Key comparable](rows []Row, key func(Row) Key) (block []int, blocks int) {
	seen := map[Key]int{}
	block = make([]int, len(rows))
	for i, row := range rows {
		k := key(row)
		b, known := seen[k]
		if !known {
			b = len(seen)
			seen[k] = b
		}
		block[i] = b
	}
	return block, len(seen)
}
