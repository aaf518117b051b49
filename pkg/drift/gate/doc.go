// Package gate compares a candidate with the champion on the same held-out rows
// and says whether the difference is more than chance.
//
// Rows that belong together, of one day or of one customer, succeed or fail
// together, and a test that takes them for independent finds differences that are
// not there. So the unit of everything here is the block: a stretch of time or an
// entity. From seven blocks on the difference gets a Student interval over
// jackknife values, from twenty a bootstrap interval; below, the comparison is
// Inconclusive, whatever the figures look like. McNemar and DeLong, which need
// independent rows, are there for users who say that theirs are.
//
// The verdict is for "not worse than the champion by more than a tolerance", not
// for "significantly better": on a few hundred rows only differences of several
// points are significant, and a candidate that repairs a drift need not be better
// than the champion was. The smallest difference that the rows could have shown
// stands beside every verdict.
package gate
