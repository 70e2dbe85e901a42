//! How much of a text is kept, whose author may make the text as long as an object can be?

/// Longer than the texts that Kubernetes validates, and than what people read of the others.
pub const LONGEST: usize = 1024;

/// Longer than a reason of Kubernetes, which is one word.
pub const WORD: usize = 64;

/// Most entries of a list that a tenant writes: more than a Pod has sidecars, or conditions.
pub const MOST: usize = 40;

/// The text, cut after `LONGEST` bytes at the end of a character.
pub fn cut(text: &str) -> &str {
    cut_at(text, LONGEST)
}

/// The text, cut after `most` bytes at the end of a character.
pub fn cut_at(text: &str, most: usize) -> &str {
    let end = (0..=text.len().min(most)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// The last `LONGEST` bytes of the text, from the begin of a character.
pub fn end(text: &str) -> &str {
    end_of(text, LONGEST)
}

/// The last `most` bytes of the text, from the begin of a character.
pub fn end_of(text: &str, most: usize) -> &str {
    let from = text.len().saturating_sub(most);
    let begin = (from..=text.len()).find(|begin| text.is_char_boundary(*begin));
    &text[begin.unwrap_or_default()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_the_end_of_a_character() {
        assert_eq!(cut("short"), "short");
        assert_eq!(cut(&"é".repeat(LONGEST)).len(), LONGEST);
        assert_eq!(cut(&format!("a{}", "é".repeat(LONGEST))).len(), LONGEST - 1);
    }

    #[test]
    fn of_a_long_text_the_end_is_kept_from_the_begin_of_a_character() {
        assert_eq!(end("short"), "short");
        assert_eq!(end(&format!("{}the end", "é".repeat(LONGEST))).len(), LONGEST - 1);
        assert!(end(&format!("{}the end", "é".repeat(LONGEST))).ends_with("éthe end"));
    }
}
