//! The header of user data: the octets in front of a part's text that say which long message it
//! belongs to (GSM 03.40, 9.2.3.24.1 and .8).

/// Set in `esm_class` where there is such a header.
pub const UDHI: u8 = 0x40;
const CONCAT_8: u8 = 0x00;
const CONCAT_16: u8 = 0x08;

/// Which part of which long message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Long {
    /// The sender's number of the long message; it comes round again.
    pub reference: u16,
    /// How many parts there are, two at least.
    pub total: u8,
    /// Which this is, from one.
    pub index: u8,
}

impl Long {
    /// The same, where it makes sense.
    #[must_use]
    pub fn checked(self) -> Option<Self> {
        (self.total > 1 && (1..=self.total).contains(&self.index)).then_some(self)
    }
}

/// Parts the header from the text. A header that claims more than there is, is none: the octets
/// are all text.
#[must_use]
pub fn read(octets: &[u8]) -> (Option<Long>, &[u8]) {
    let Some((len, rest)) = octets.split_first() else { return (None, octets) };
    let Some((mut header, text)) = rest.split_at_checked(usize::from(*len)) else {
        return (None, octets);
    };
    let mut long = None;
    while let [id, len, rest @ ..] = header {
        let Some((value, rest)) = rest.split_at_checked(usize::from(*len)) else { break };
        let found = match (*id, value) {
            (CONCAT_8, &[reference, total, index]) => {
                Some(Long { reference: u16::from(reference), total, index })
            }
            (CONCAT_16, &[high, low, total, index]) => {
                Some(Long { reference: u16::from_be_bytes([high, low]), total, index })
            }
            _ => None,
        };
        long = long.or(found.and_then(Long::checked));
        header = rest;
    }
    (long, text)
}

/// The header of a part; with a reference of eight bits or of sixteen.
#[must_use]
pub fn write(long: Long, wide: bool) -> Vec<u8> {
    let [high, low] = long.reference.to_be_bytes();
    if wide {
        vec![6, CONCAT_16, 4, high, low, long.total, long.index]
    } else {
        vec![5, CONCAT_8, 3, low, long.total, long.index]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(
            reference in any::<u16>(), total in 2u8.., at in any::<u8>(), wide in any::<bool>(),
            text in prop::collection::vec(any::<u8>(), 0..140),
        ) {
            let reference = if wide { reference } else { reference & 0xff };
            let long = Long { reference, total, index: at % total + 1 };
            let mut octets = write(long, wide);
            octets.extend(&text);
            prop_assert_eq!(read(&octets), (Some(long), &text[..]));
        }

        #[test]
        fn any_octets_are_read(octets in prop::collection::vec(any::<u8>(), 0..140)) {
            let (long, text) = read(&octets);
            prop_assert!(octets.ends_with(text));
            prop_assert!(long.is_none_or(|l| l.checked().is_some()));
        }
    }

    #[test]
    fn other_elements_are_passed_over() {
        // A port, then the part.
        let octets = [11, 5, 4, 0x23, 0xf4, 0, 0, 0, 3, 9, 2, 1, b'x'];
        let long = Long { reference: 9, total: 2, index: 1 };
        assert_eq!(read(&octets), (Some(long), &b"x"[..]));
        assert_eq!(read(&[5, 0, 3, 9, 2, 3, b'x']), (None, &b"x"[..]), "a third of two");
        assert_eq!(read(&[200, 1]), (None, &[200, 1][..]));
    }
}
