// Package reportpage draws a drift report as one HTML page: a headline and a
// paragraph for readers who know no statistics, the columns ranked by drift and
// importance with a chart each, what is wrong with the data, and how every
// figure was computed.
//
// The page is one file. It loads nothing, runs no script (its own policy forbids
// both) and holds aggregates only. It is read in English or French, in light or
// dark, on paper, with a keyboard alone and with a screen reader: colours are
// never alone, and every chart has its figures in a table beside it.
//
// How it is made: view.go turns a report into what is to be shown, in words and
// in percent of a drawing's width and height; page.html and the other templates
// only place it. Shapes are SVG that stretches with its box, and texts are HTML
// on top of it, so that letters keep their size on any screen.
package reportpage
