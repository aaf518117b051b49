// Package domain measures drift of many columns at once, of text and of
// embeddings, by how well a classifier tells current rows from reference rows on
// rows that it has not seen: an area under the curve of one half says not at all.
//
// Folds are contiguous stretches of both sides. Random folds put a row's
// neighbours in time on both sides of the split, and a classifier that recognises
// the hour then looks like one that recognises a drift: on an autoregressive
// series without any drift random folds report 0.97 and more.
//
// The classifier is a ridge-penalised logistic regression on features that let a
// linear rule see more than means: random Fourier features of numbers
// (NewFourier), hashed words of text (Words).
package domain
