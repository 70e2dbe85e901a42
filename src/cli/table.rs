//! How does a table of text look? As kubectl's: a head in capitals, columns that are as wide as their widest cell, three
//! spaces between columns. On a terminal, a row that does not fit is cut at the end of the line.

use std::io::{self, Write};

use unicode_width::UnicodeWidthChar;
use unicode_width::UnicodeWidthStr;

use crate::printable;

/// Space between columns.
const GAP: &str = "   ";

/// Rows of cells, the head first. `width`: how wide the terminal is, in columns; `None`: the output is not a terminal, and
/// no row is cut.
pub fn print(out: &mut (impl Write + ?Sized), rows: &[Vec<String>], width: Option<usize>) -> io::Result<()> {
    let rows: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| printable::line(cell).into_owned()).collect()).collect();
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width_of = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.width()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width_of(column).unwrap_or_default()).collect();
    rows.iter().try_for_each(|row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        let line = cells.collect::<Vec<_>>().join(GAP);
        printable::say(out, cut(line.trim_end(), width))
    })
}

/// The beginning of the text that fits, with `…` at the end if something is missing.
pub fn cut(text: &str, width: Option<usize>) -> String {
    let Some(width) = width.filter(|width| text.width() > *width) else { return text.to_owned() };
    let mut taken = 0;
    let fits = |c: &char| {
        taken += c.width().unwrap_or_default();
        taken < width
    };
    text.chars().take_while(fits).chain(['…']).collect()
}

/// The width of the terminal on stdout; `None` if stdout is not a terminal.
pub fn terminal_width() -> Option<usize> {
    terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(rows: &[&[&str]], width: Option<usize>) -> String {
        let rows: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(|&cell| cell.to_owned()).collect()).collect();
        let mut out = Vec::new();
        print(&mut out, &rows, width).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows: &[&[&str]] = &[&["NAME", "STATUS"], &["etl", "Running"], &["a-longer-name", ""]];
        assert_eq!(printed(rows, None), "NAME            STATUS\netl             Running\na-longer-name\n");
    }

    #[test]
    fn on_a_narrow_terminal_a_row_ends_where_the_line_ends() {
        assert_eq!(
            printed(&[&["NAME", "MESSAGE"], &["etl", "it failed badly"]], Some(12)),
            "NAME   MESS…\netl    it f…\n"
        );
        assert_eq!(printed(&[&["NAME"], &["数据管道任务"]], Some(7)), "NAME\n数据管…\n");
    }

    #[test]
    fn text_of_others_stays_in_its_cell() {
        assert_eq!(printed(&[&["a\nb\x1b[31m", "c"]], None), "a\\nb\\u{1b}[31m   c\n");
    }
}
