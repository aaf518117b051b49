package evidently

import (
	"errors"
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
}

// sparse is a row of weighed words, by ascending index.
type sparse struct {
	index []int
	value []float64
}

// fitWords learns the words of texts: lower case, two letters or digits at least,
// no stop word, and in no more than half of the texts.
func fitWords(texts []string) (*words, error) {
	documents := map[string]int{}
	for _, text := range texts {
		for word := range countWords(text) {
			documents[word]++
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
	w := &words{index: map[string]int{}, rarity: make([]float64, len(vocabulary))}
	for i, word := range vocabulary {
		w.index[word] = i
		w.rarity[i] = math.Log(float64(len(texts)+1)/float64(documents[word]+1)) + 1
	}
	return w, nil
}

// countWords counts the words of one text.
func countWords(text string) map[string]int {
	counts := map[string]int{}
	for _, word := range strings.FieldsFunc(strings.ToLower(text), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && r != '_'
	}) {
		if utf8.RuneCountInString(word) >= 2 && !stopWords[word] {
			counts[word]++
		}
	}
	return counts
}

// rows weigh the known words of texts by (1 + ln count)·rarity, scaled to length one.
func (w *words) rows(texts []string) []sparse {
	out := make([]sparse, len(texts))
	for i, text := range texts {
		counts := countWords(text)
		row := sparse{}
		for word := range counts {
			if index, known := w.index[word]; known {
				row.index = append(row.index, index)
			}
		}
		slices.Sort(row.index)
		byIndex := make(map[int]int, len(row.index))
		for word, count := range counts {
			if index, known := w.index[word]; known {
				byIndex[index] = count
			}
		}
		squares := 0.0
		for _, index := range row.index {
			v := (math.Log(float64(byIndex[index])) + 1) * w.rarity[index]
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
