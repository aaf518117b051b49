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
// A squared distance between a sample and its own distribution is in the limit a
// weighted sum of chi-squares, whose cube root is close to normal (Wilson and
// Hilferty, 1931). So each distance is raised to 2/3 and divided by the mean of
// the other blocks'; the largest of these over the columns is one number a block.
// The margin is the upper Student prediction limit of that number for one more
// block, which widens by itself where blocks are few.
//
// # What it does not see
//
// A change that is also found between blocks of the reference, such as a trend,
// widens the margin. Blocks shorter than the memory of the data are not
// independent, and then the rate is only approximate. Fewer than ten blocks say
// Unknown, never "no drift".
package native
