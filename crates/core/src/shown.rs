//! Foreign texts in errors: names of processes and values of variables may hold anything, of any length.

/// The beginning of a text, on one line: what a terminal would take for a command is shown as `?`.
pub(crate) fn shown(text: &[u8], most: usize) -> String {
    // A character has four bytes at most, so that only characters beyond `most` can be cut.
    let begin = String::from_utf8_lossy(&text[..text.len().min(4 * most)]);
    let mut shown: String =
        begin.chars().take(most).map(|char| if char.is_control() { '?' } else { char }).collect();
    if begin.chars().nth(most).is_some() || text.len() > 4 * most {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_others_is_one_short_line() {
        assert_eq!(shown("größe".as_bytes(), 10), "größe");
        assert_eq!(shown("größe".as_bytes(), 3), "grö…");
        assert_eq!(shown(b"a\nb\x1b[2J\xff", 10), "a?b?[2J\u{fffd}");
        assert_eq!(shown(&vec![b'x'; 1 << 20], 4), "xxxx…");
        assert_eq!(shown("𝄞".repeat(9).as_bytes(), 8), format!("{}…", "𝄞".repeat(8)));
    }
}
