//! How do the bytes of a log become lines that can be told apart, and how does a log go on after a connection broke?
//!
//! The kubelet writes a time before each line. The time of the last line says where to go on. The bytes of the lines stay
//! as they are.

use k8s_openapi::jiff::Timestamp;

/// A longer line comes in pieces.
const LONGEST: usize = 64 * 1024;

/// A line, or a piece of a long line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// The bytes, with the line break if the piece ends the line.
    pub bytes: Vec<u8>,
    /// The piece begins the line.
    pub begins: bool,
}

/// The lines of one log.
#[derive(Debug, Default)]
pub struct Lines {
    /// Each line has a time, which is not part of the log.
    times: bool,
    /// The time is printed with the line.
    shows_times: bool,
    held: Vec<u8>,
    /// The piece before did not end its line.
    in_line: bool,
    /// The time of the last line.
    last: Option<Timestamp>,
    /// The lines up to this time are known.
    known: Option<Timestamp>,
    /// The current long line is known.
    skips: bool,
}

impl Lines {
    /// A log whose lines begin with a time. The lines keep the time, or lose it.
    pub fn with_times(shown: bool) -> Self {
        Self { times: true, shows_times: shown, ..Self::default() }
    }

    /// The complete lines after these bytes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Vec<Piece> {
        let mut pieces = Vec::new();
        while !bytes.is_empty() {
            let end = bytes.iter().position(|byte| *byte == b'\n').map(|at| at + 1);
            let (now, later) = bytes.split_at(end.unwrap_or(bytes.len()));
            self.held.extend_from_slice(now);
            bytes = later;
            if end.is_some() || self.held.len() > LONGEST {
                pieces.extend(self.take(end.is_some()));
            }
        }
        pieces
    }

    /// The last line, if it has no line break.
    pub fn finish(&mut self) -> Option<Piece> {
        if self.held.is_empty() { None } else { self.take(true) }
    }

    /// The log is read again from its last line on. The time from which on it is read; `None`: from the beginning.
    pub fn again(&mut self) -> Option<Timestamp> {
        (self.held, self.in_line, self.skips) = (Vec::new(), false, false);
        self.known = self.last;
        self.last
    }

    fn take(&mut self, ends: bool) -> Option<Piece> {
        let mut bytes = std::mem::take(&mut self.held);
        let begins = !std::mem::replace(&mut self.in_line, !ends);
        if begins && self.times {
            self.skips = false;
            if let Some((time, length)) = time(&bytes) {
                self.skips = self.known.is_some_and(|known| time <= known);
                self.last = self.last.max(Some(time));
                if !self.shows_times {
                    bytes.drain(..length);
                }
            }
        }
        (!self.skips).then_some(Piece { bytes, begins })
    }
}

/// The time at the beginning of a line, and its length with the space behind it.
fn time(line: &[u8]) -> Option<(Timestamp, usize)> {
    let length = line.iter().take(64).position(|byte| *byte == b' ')?;
    let time = std::str::from_utf8(&line[..length]).ok()?.parse().ok()?;
    Some((time, length + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of the pieces; `|` before each piece that begins a line.
    fn text(pieces: impl IntoIterator<Item = Piece>) -> String {
        let one = |piece: Piece| {
            format!("{}{}", if piece.begins { "|" } else { "" }, String::from_utf8_lossy(&piece.bytes).into_owned())
        };
        pieces.into_iter().map(one).collect()
    }

    #[test]
    fn bytes_come_as_lines_however_they_arrive() {
        for chunks in [&["a\nb\n\nc"][..], &["a", "\nb", "\n\n", "c"], &["a\n", "b\n\nc"]] {
            let mut lines = Lines::default();
            let mut pieces: Vec<Piece> = chunks.iter().flat_map(|chunk| lines.push(chunk.as_bytes())).collect();
            pieces.extend(lines.finish());
            assert_eq!(text(pieces), "|a\n|b\n|\n|c", "{chunks:?}");
            assert_eq!(lines.finish(), None);
        }
    }

    #[test]
    fn a_line_without_end_comes_in_pieces() {
        let mut lines = Lines::default();
        let long = vec![b'x'; LONGEST + 1];
        let first = lines.push(&long);
        assert_eq!((first.len(), first[0].begins, first[0].bytes.len()), (1, true, LONGEST + 1));
        assert_eq!(text(lines.push(b"y\nz\n")), "y\n|z\n");
    }

    #[test]
    fn times_are_taken_off_or_kept_and_other_text_stays() {
        let log = b"2026-01-01T00:00:01.000000001Z one\nunable to retrieve\n2026-01-01T00:00:02Z \n";
        assert_eq!(text(Lines::with_times(false).push(log)), "|one\n|unable to retrieve\n|\n");
        let kept = text(Lines::with_times(true).push(log));
        assert!(kept.starts_with("|2026-01-01T00:00:01.000000001Z one\n"), "{kept}");
    }

    #[test]
    fn a_log_that_is_read_again_goes_on_where_it_was() {
        let mut lines = Lines::with_times(false);
        let first = b"2026-01-01T00:00:01.1Z one\n2026-01-01T00:00:01.2Z two\n2026-01-01T00:00:01.3Z thr";
        assert_eq!(text(lines.push(first)), "|one\n|two\n");
        assert_eq!(lines.again(), Some("2026-01-01T00:00:01.2Z".parse().unwrap()));
        let again = b"2026-01-01T00:00:01.1Z one\n2026-01-01T00:00:01.2Z two\n2026-01-01T00:00:01.3Z three\n";
        assert_eq!(text(lines.push(again)), "|three\n");
    }
}
