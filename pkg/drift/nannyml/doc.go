// Package nannyml compares columns as NannyML 0.13 does: it is fitted on a
// reference in the order of its rows, cut into about ten chunks, whose distances
// to the whole reference set the threshold, mean + 3 standard deviations
// (population form); a chunk alerts where its distance is strictly greater.
//
// Quirks are kept:
//
//   - Jensen-Shannon is in bits and, like Hellinger, on Doane's bins of the
//     reference alone, with one more bin for everything outside or unseen.
//   - Kolmogorov-Smirnov and Wasserstein are exact below 10 000 reference rows;
//     from there on they are read from 10 000 equal bins.
//   - A threshold at or above the method's upper limit becomes that limit, so
//     that a Kolmogorov-Smirnov alert can become impossible.
//   - Chi-square alerts on p < 0.05, with Yates' correction on two categories,
//     and has no threshold.
//   - Rows that are left over when a tenth does not divide the reference are a
//     chunk too. A chunk of two or three rows is far from everything and lifts the
//     threshold, sometimes out of reach: give a number of rows that ten divides.
//   - The reference's rows come in the thresholds twice: the chunks are part of
//     what they are compared with.
package nannyml
