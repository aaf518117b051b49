package evidently

import (
	"errors"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrNoWords reports texts that have no word in common use: none of two letters
// or more, or only such as every second text has.
var ErrNoWords = errors.New("the texts have no words to tell them apart by: leave the column out, or compare it as categories")

// words is a vocabulary with each word's rarity, ln((1 + n)/(1 + texts with it)) + 1.
type words struct {
	index  map[string]int
	rarity []float64
	// met is the order in which the words came up: that of the terms in a row that
	// trains, and so of its sums.
	met []int
}

// sparse is a row of weighed words.
type sparse struct {
	index []int
	value []float64
}

// fitWords learns the words of texts: lower case, two letters or digits at least,
// no stop word, and in no more than half of the texts.
func fitWords(texts []string) (*words, error) {
	documents, met := map[string]int{}, map[string]int{}
	for _, text := range texts {
		seen := map[string]bool{}
		for _, word := range splitWords(text) {
			if _, known := met[word]; !known {
				met[word] = len(met)
			}
			if !seen[word] {
				seen[word] = true
				documents[word]++
			}
		}
	}
	var vocabulary []string
	for word, count := range documents {
		if 2*count <= len(texts) {
			vocabulary = append(vocabulary, word)
		}
	}
	if len(vocabulary) == 0 {
		return nil, ErrNoWords
	}
	slices.Sort(vocabulary)
	w := &words{index: map[string]int{}, rarity: make([]float64, len(vocabulary)), met: make([]int, len(vocabulary))}
	rarity := map[int]float64{}
	for i, word := range vocabulary {
		count := documents[word]
		if rarity[count] == 0 {
			rarity[count] = roundedLog(float64(len(texts)+1)/float64(count+1)) + 1
		}
		w.index[word], w.rarity[i], w.met[i] = i, rarity[count], met[word]
	}
	return w, nil
}

// splitWords are the words of a text that count, in order.
func splitWords(text string) []string {
	fields := strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_'
	})
	return slices.DeleteFunc(fields, func(word string) bool { return utf8.RuneCountInString(word) < 2 || stopWords[word] })
}

// training are the rows of the texts that were fitted, scored those of others: the
// same weights, summed in another order.
func (w *words) training(texts []string) []sparse {
	return w.rows(texts, func(a, b int) int { return w.met[a] - w.met[b] })
}

func (w *words) scored(texts []string) []sparse {
	return w.rows(texts, func(a, b int) int { return a - b })
}

// rows weigh the known words of texts by (1 + ln count)·rarity, scaled to length one.
func (w *words) rows(texts []string, order func(a, b int) int) []sparse {
	out := make([]sparse, len(texts))
	logs := map[int]float64{}
	for i, text := range texts {
		counts := map[int]int{}
		for _, word := range splitWords(text) {
			if index, known := w.index[word]; known {
				counts[index]++
			}
		}
		row := sparse{index: slices.SortedFunc(maps.Keys(counts), order)}
		squares := 0.0
		for _, index := range row.index {
			count := counts[index]
			if logs[count] == 0 {
				logs[count] = roundedLog(float64(count)) + 1
			}
			v := logs[count] * w.rarity[index]
			row.value = append(row.value, v)
			squares += v * v
		}
		for k := range row.value {
			row.value[k] /= math.Sqrt(squares)
		}
		out[i] = row
	}
	return out
}
