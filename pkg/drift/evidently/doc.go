// Package evidently compares columns as Evidently 0.7 does: the same choice of
// method, the same bins, the same threshold and the same comparison, so that a
// user who moves from one to the other sees the same numbers.
//
// Quirks are kept, because a number that is almost the peer's helps nobody:
//
//   - The Jensen-Shannon distance is in nats (NannyML's is in bits) and fills no
//     empty bin; PSI and Kullback-Leibler fill, and do not scale back to one.
//   - More than 20 distinct reference values are binned by Sturges' rule on both
//     sides pooled; the n_bins argument is ignored. Fewer are categories.
//   - Chi-square is one-way against scaled reference counts: a single new
//     category gives p = 0.
//   - The G-test compares counts that were not scaled, so it fails unless both
//     sides have the same number of rows.
//   - "t_test" pools the variances; "mannw" is one-sided (reference less).
//   - The z-test's p-value is 2·(1 - Φ(|z|)) and so is exactly 0 past 8.3.
//   - Hellinger bins are Sturges' on the distinct values, not on the rows.
//   - Cramér-von Mises up to 20 values is SciPy's here; Evidently's own copy
//     counts in half precision there, or fails.
//   - Total variation and MMD report a permutation p-value from NumPy's legacy
//     generator; ours are repeatable, seeded with 0.
//
// Text is compared by what scikit-learn makes of Evidently's request, draw for
// draw: the split, the vocabulary, the order in which rows train and the rule by
// which training stops, which looks at the last row's words only.
//
// The reference is described in the peer's own terms at
// https://docs.evidentlyai.com; see docs/drift-methods.md for ours.
package evidently
