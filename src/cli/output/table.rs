//! Columns: docker's alignment, which is Go's `tabwriter` with cells at least 10 wide and 3 spaces between them.

const NARROWEST: usize = 10;
const BETWEEN: usize = 3;

/// Aligns lines whose cells are separated by tabs. The last cell of a line is not padded. Lines that follow each other
/// with a cell in the same place share its width.
pub fn align(lines: &[String]) -> String {
    let rows: Vec<Vec<&str>> = lines.iter().map(|line| line.split('\t').collect()).collect();
    let widths = widths(&rows);
    let mut out = String::new();
    for (row, widths) in rows.iter().zip(widths) {
        for (cell, width) in row.iter().zip(&widths) {
            out.push_str(cell);
            out.extend(std::iter::repeat_n(' ', width - length(cell)));
        }
        out.push_str(row.last().expect("a split gives one part at least"));
        out.push('\n');
    }
    out
}

/// The width of each cell but the last, row by row.
fn widths(rows: &[Vec<&str>]) -> Vec<Vec<usize>> {
    let mut widths: Vec<Vec<usize>> = rows.iter().map(|row| vec![0; row.len() - 1]).collect();
    let columns = widths.iter().map(Vec::len).max().unwrap_or(0);
    for column in 0..columns {
        let mut start = 0;
        while start < rows.len() {
            let has_cell = |row: &Vec<usize>| row.len() > column;
            let run = widths[start..].iter().take_while(|row| has_cell(row)).count();
            let block = start..start + run;
            let widest = rows[block.clone()].iter().map(|row| length(row[column])).max().unwrap_or(0);
            for row in &mut widths[block] {
                row[column] = (widest + BETWEEN).max(NARROWEST);
            }
            start += run.max(1);
        }
    }
    widths
}

fn length(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_padded_but_for_the_last() {
        let lines = ["NAME\tID\tLAST", "a-rather-long-name\tabc\tx", "é\t\ty"].map(str::to_owned);
        assert_eq!(
            align(&lines),
            "NAME                 ID        LAST\na-rather-long-name   abc       x\né                              y\n"
        );
        assert_eq!(align(&["one".to_owned()]), "one\n");
        assert_eq!(align(&[]), "");
    }

    #[test]
    fn a_line_without_the_cell_ends_the_block() {
        let lines = ["a-long-first-cell\tx", "alone", "b\ty"].map(str::to_owned);
        assert_eq!(align(&lines), "a-long-first-cell   x\nalone\nb         y\n");
    }
}
