// Package native is Trainyard's own drift rule. It answers one question a column:
// is the distance between the window and the reference larger than minEffect,
// beyond what windows of the reference itself do by chance?
//
// # The rule
//
// The reference is cut into contiguous blocks as long as the window and at the
// same phase of the season (Blocks, RowBlocks). Each block is compared with the
// rest of the reference. These distances are what a window does when nothing has
// drifted, with all the dependence between neighbouring rows and all the
// dependence between columns that the data has; nothing is assumed independent
// but blocks.
//
// From them a margin is fixed that a window without drift exceeds, in any column,
// with a probability of falseAlarmsPerYear / windowsPerYear. All three distances
// in use are metrics, so by the triangle inequality the true effect lies within
// the margin of the measured one:
//
//	distance - margin <= effect <= distance + margin
//
// A column has drifted if and only if the lower end exceeds minEffect. That keeps
// large samples, in which everything is significant, from always drifting, and
// small or slow ones from alarming by chance.
//
// # The margin
//
// Between windows that have not drifted the logarithms of a column's distances are
// close to normal. Each is taken less the mean of the other blocks'; the largest
// of these over the columns is one number a block; and the margin is the upper
// Student prediction limit of that number for one more block, so that it widens
// by itself where blocks are few. The upper tail is in truth a little lighter for
// rows that depend on each other, and much lighter for a column of two values,
// where the rule alarms less often than stated. It is heavier for a column whose
// own tails are so heavy that one row decides a block's distance: where there are
// at least windowsPerYear / falseAlarmsPerYear - 1 blocks, the margin is therefore
// never below the conformal limit, which asks nothing of the distribution; below
// that such a column may alarm up to three times as often as stated, and effect KS
// is the cure.
//
// On simulated columns without drift (independent, AR(1) with φ = 0.9, two values;
// one and eight columns; ten and thirty blocks; stated rates of 0.5 to 5 %) the
// rate came out between 0 and 1.2 times the stated one, give or take the error of
// a few hundred to a few thousand trials. `make bench-drift` measures it again.
//
// # What it does not see
//
// A change that is also found between blocks of the reference, such as a trend,
// widens the margin. Blocks shorter than the memory of the data are not
// independent, and then the rate is only approximate. Fewer than ten blocks say
// Unknown, never "no drift".
package native
