//! Numbers as text.

/// A number as it is written: digits alone, no zero before others, no more than the type has room for.
///
/// Other than `parse` it takes no `+`, and is small: a keeper has one copy of it.
pub fn decimal<N: TryFrom<u64>>(text: &[u8]) -> Option<N> {
    value(text)?.try_into().ok()
}

fn value(text: &[u8]) -> Option<u64> {
    if text.is_empty() || (text.len() > 1 && text.first() == Some(&b'0')) {
        return None;
    }
    text.iter().try_fold(0_u64, |value, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit <= 9)?;
        value.checked_mul(10)?.checked_add(digit.into())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for number in [0, 7, 10, 1_234, u64::MAX] {
            assert_eq!(decimal(number.to_string().as_bytes()), Some(number));
        }
        for text in ["", "00", "07", "+7", "-7", "7 ", "7x", "x", "18446744073709551616"] {
            assert_eq!(decimal::<u64>(text.as_bytes()), None, "{text}");
        }
        assert_eq!(decimal::<i32>(b"2147483647"), Some(i32::MAX));
        assert_eq!(decimal::<i32>(b"2147483648"), None);
    }
}
