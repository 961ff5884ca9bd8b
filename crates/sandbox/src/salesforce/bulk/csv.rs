//! CSV as Bulk 2.0 reads it: any of six delimiters, either line ending, quotes doubled, line breaks
//! within quotes.

/// Reads rows of a file.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    rest: &'a str,
    delimiter: char,
}

/// Why a file cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Broken {
    /// A quote is not closed, or closed in the middle of a cell.
    Quote,
}

impl<'a> Rows<'a> {
    pub(super) fn new(text: &'a str, delimiter: char) -> Self {
        Self { rest: text.strip_prefix('\u{feff}').unwrap_or(text), delimiter }
    }

    /// One cell; says whether the row ends with it.
    fn cell(&mut self) -> Result<(String, bool), Broken> {
        let text = if let Some(quoted) = self.rest.strip_prefix('"') {
            self.quoted(quoted)?
        } else {
            let ends = [self.delimiter, '\n', '\r'];
            let length = self.rest.find(ends).unwrap_or(self.rest.len());
            let (cell, later) = self.rest.split_at(length);
            self.rest = later;
            cell.to_owned()
        };
        if let Some(later) = self.rest.strip_prefix(self.delimiter) {
            self.rest = later;
            return Ok((text, false));
        }
        for ending in ["\r\n", "\n", "\r"] {
            if let Some(later) = self.rest.strip_prefix(ending) {
                self.rest = later;
                return Ok((text, true));
            }
        }
        if self.rest.is_empty() { Ok((text, true)) } else { Err(Broken::Quote) }
    }

    fn quoted(&mut self, mut after: &'a str) -> Result<String, Broken> {
        let mut text = String::new();
        loop {
            let (part, later) = after.split_once('"').ok_or(Broken::Quote)?;
            text.push_str(part);
            let Some(more) = later.strip_prefix('"') else {
                self.rest = later;
                return Ok(text);
            };
            text.push('"');
            after = more;
        }
    }
}

impl Iterator for Rows<'_> {
    type Item = Result<Vec<String>, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            match self.cell() {
                Err(broken) => {
                    self.rest = "";
                    return Some(Err(broken));
                }
                Ok((text, last)) => {
                    row.push(text);
                    if last {
                        return Some(Ok(row));
                    }
                }
            }
        }
    }
}

/// Appends cells as a line; all of them are quoted, as results are.
pub(super) fn write_line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>, delimiter: char) {
    for (number, cell) in cells.enumerate() {
        if number > 0 {
            out.push(delimiter);
        }
        out.push('"');
        out.push_str(&cell.replace('"', "\"\""));
        out.push('"');
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str, delimiter: char) -> Result<Vec<Vec<String>>, Broken> {
        Rows::new(text, delimiter).collect()
    }

    #[test]
    fn cells_are_told_apart() {
        let text = "\u{feff}a,b\r\n\"x \"\"y\"\",\nz\",\r\n,";
        let wanted = vec![vec!["a", "b"], vec!["x \"y\",\nz", ""], vec!["", ""]];
        assert_eq!(rows(text, ',').expect("reads"), wanted);
        assert_eq!(rows("a|b,c\n", '|').expect("reads"), [["a", "b,c"]]);
        assert_eq!(rows("a\n\n", ',').expect("reads"), [["a"], [""]]);
        assert_eq!(rows("", ',').expect("reads"), Vec::<Vec<String>>::new());
        assert_eq!(rows("\"a", ','), Err(Broken::Quote));
        assert_eq!(rows("\"a\"b", ','), Err(Broken::Quote));
    }

    #[test]
    fn what_is_written_is_read_back() {
        let cells = ["a\"b", "x,y\nz", "", "=1+1", "№"];
        let mut out = String::new();
        write_line(&mut out, cells.into_iter(), ',');
        assert_eq!(rows(&out, ',').expect("reads"), [cells]);
    }
}
