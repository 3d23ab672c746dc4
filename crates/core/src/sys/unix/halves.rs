//! Texts of two parts.

/// What is before and after the first `at`, a byte of ASCII; `None` without one. Other than `split_once` it is small: a
/// keeper has one copy of it.
pub(crate) fn halves(text: &str, at: u8) -> Option<(&str, &str)> {
    let place = text.bytes().position(|byte| byte == at)?;
    Some((text.get(..place)?, text.get(place + 1..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_once_at_its_first_place() {
        assert_eq!(halves("a.b.c", b'.'), Some(("a", "b.c")));
        assert_eq!(halves("\u{fc}.", b'.'), Some(("\u{fc}", "")));
        assert_eq!(halves("ab", b'.'), None);
    }
}
