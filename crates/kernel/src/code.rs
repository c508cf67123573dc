//! Tracking codes and PINs: what a citizen holds, reads out on the phone and types on a cheap one.
//!
//! A code is `TGP-` and nine characters in threes (`TGP-7UD-GKF-2G9`): eight random characters of
//! an alphabet without look-alikes and a check character (ISO 7064 style, modulus 29, each position
//! weighted), so that one mistyped character or one swap of neighbours is noticed before anything
//! is looked up. The PIN proves that one is the reporter; the code alone shows nothing.

const ALPHABET: &[u8; 29] = b"23456789ABCDEFGHJKMNPQRTUVWXY";
const RANDOM_CHARS: usize = 8;
/// What a code begins with.
pub const PREFIX: &str = "TGP";

/// Makes a code from random bytes (at least 8).
#[must_use]
pub fn from_random(random: [u8; RANDOM_CHARS * 2]) -> String {
    let mut digits = [0usize; RANDOM_CHARS];
    for (digit, pair) in digits.iter_mut().zip(random.chunks_exact(2)) {
        *digit = usize::from(u16::from_be_bytes([pair[0], pair[1]])) % ALPHABET.len();
    }
    let mut text: String = digits.iter().map(|d| char::from(ALPHABET[*d])).collect();
    text.push(char::from(ALPHABET[check(&digits)]));
    display(&text)
}

/// Reads what somebody typed: any case, with or without prefix, dashes and spaces, O for 0 and
/// the like forgiven. `None` where it cannot be a code.
#[must_use]
pub fn parse(typed: &str) -> Option<String> {
    let mut text: String = typed
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .map(|c| c.to_ascii_uppercase())
        .take(32)
        .collect();
    if text.len() == PREFIX.len() + RANDOM_CHARS + 1 {
        text = text.strip_prefix(PREFIX)?.to_owned();
    }
    if text.len() != RANDOM_CHARS + 1 {
        return None;
    }
    let digits: Vec<usize> = text.bytes().map(position).collect::<Option<_>>()?;
    let (body, last) = digits.split_at(RANDOM_CHARS);
    (check(body) == last[0])
        .then(|| display(&digits.iter().map(|d| char::from(ALPHABET[*d])).collect::<String>()))
}

/// A PIN of six digits from random bytes.
#[must_use]
pub fn pin_from_random(random: [u8; 8]) -> String {
    format!("{:06}", u64::from_be_bytes(random) % 1_000_000)
}

fn position(byte: u8) -> Option<usize> {
    let read = match byte {
        b'S' => b'5',
        b'Z' => b'2',
        other => other,
    };
    ALPHABET.iter().position(|a| *a == read)
}

fn check(digits: &[usize]) -> usize {
    let sum: usize = digits.iter().enumerate().map(|(i, digit)| digit * (i + 2)).sum();
    (ALPHABET.len() - sum % ALPHABET.len()) % ALPHABET.len()
}

fn display(nine: &str) -> String {
    format!("{PREFIX}-{}-{}-{}", &nine[..3], &nine[3..6], &nine[6..])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn codes_are_read_back_however_they_are_typed(random in any::<[u8; 16]>()) {
            let code = from_random(random);
            prop_assert_eq!(parse(&code), Some(code.clone()));
            prop_assert_eq!(parse(&code.to_lowercase().replace('-', " ")), Some(code.clone()));
            prop_assert_eq!(parse(&code[4..]), Some(code));
        }

        #[test]
        fn one_wrong_character_or_a_swap_is_noticed(
            random in any::<[u8; 16]>(), at in 0usize..9, to in 0usize..29,
        ) {
            let text = from_random(random);
            let code: Vec<u8> = text.bytes().skip(4).filter(|b| *b != b'-').collect();
            let mut wrong = code.clone();
            wrong[at] = ALPHABET[to];
            let text = String::from_utf8(wrong.clone()).expect("ascii");
            prop_assert_eq!(parse(&text).is_some(), wrong == code);
            let mut swapped = code.clone();
            swapped.swap(at, (at + 1) % 9);
            if at < 8 && swapped != code {
                prop_assert_eq!(parse(&String::from_utf8(swapped).expect("ascii")), None);
            }
        }

        #[test]
        fn anything_typed_is_read_or_refused(typed in ".{0,40}") {
            let _ = parse(&typed);
        }
    }
}
