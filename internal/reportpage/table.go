package reportpage

// table is a chart's or a list's figures in rows. The first cell of a row is its
// header.
type table struct {
	// Name is what a small table is about; others have a caption.
	Name    string
	Caption string
	Class   string
	Head    []string
	Rows    [][]cell
}

// Numeric says that a column of the table holds numbers.
func (t table) Numeric(column int) bool {
	return len(t.Rows) > 0 && column < len(t.Rows[0]) && t.Rows[0][column].Number
}

// cell is one figure; Number aligns it to the right, Mark puts a sign before it.
type cell struct {
	Text   string
	Number bool
	Mark   *mark
	Link   string
}

func textCell(text string) cell   { return cell{Text: text} }
func numberCell(text string) cell { return cell{Text: text, Number: true} }

// mark is a verdict as a word and a class, which the style turns into a sign and
// a colour, so that no one of the three is needed to understand the others.
type mark struct{ Class, Text string }
