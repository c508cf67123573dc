//! Telephone numbers after libphonenumber's rules with region ID, and short codes beside them.
//!
//! The crate's metadata decides what exists. Its taking off of `62` and of the trunk zero is
//! replaced here, because it lacks the possible lengths of a country as a whole.

use std::borrow::Cow;
use std::fmt;

use phonenumber::metadata::DATABASE;
use phonenumber::{Mode, Type, country};

use super::{DOT, INPUT_BYTES_MAX};

/// What can be dialled: an ordinary number, or a short code that exists only inside the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Dialled {
    /// A number with an international form.
    Phone(Phone),
    /// 112, 134, 14021 and the like.
    ShortCode(ShortCode),
}

/// A number that means something only inside Indonesia (emergency, call centres, SMS services).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ShortCode {
    /// The digits to dial, three to five.
    pub code: String,
    /// The area dialled before it, without trunk zero (`21` in `+62 21 134`).
    pub area: Option<String>,
}

/// A telephone number with its E.164 form, after libphonenumber's rules with region ID.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    e164: String,
    national: String,
    kind: PhoneKind,
}

/// What libphonenumber says about a number. Advisory: numbering plans change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// Mobile: can receive SMS and WhatsApp.
    Mobile,
    /// Fixed line.
    Fixed,
    /// Could be either (some countries do not tell them apart).
    FixedOrMobile,
    /// Free for the caller (0800).
    TollFree,
    /// Shared cost (0804).
    SharedCost,
    /// Premium rate (0809).
    Premium,
    /// One number for a whole company (1500xxx).
    Universal,
    /// Valid, of another kind.
    Other,
    /// Possible by its length, but in no known range.
    Unknown,
}

/// Why a text is not a telephone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PhoneError {
    /// No digits, or letters among them.
    NotANumber,
    /// Too few digits for its country.
    TooShort,
    /// Too many digits for its country.
    TooLong,
    /// No country has this calling code.
    UnknownCountry,
    /// A short code where only a full number will do.
    ShortCode,
}

impl Phone {
    /// Reads a full number the way Indonesians write it (`08…`, `62…`, `+62…`, `tel:`), or any
    /// country's with `+`. It succeeds for every *possible* number; ask [`Phone::is_valid`]
    /// whether it lies in a range that exists.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        match Dialled::parse(text)? {
            Dialled::Phone(phone) => Ok(phone),
            Dialled::ShortCode(_) => Err(PhoneError::ShortCode),
        }
    }

    /// `+6281234567890`: what is stored and compared.
    pub fn e164(&self) -> &str {
        &self.e164
    }

    /// `0812-3456-7890`; a foreign number in its international form.
    pub fn display(&self) -> &str {
        &self.national
    }

    /// What kind of number it is.
    pub fn kind(&self) -> PhoneKind {
        self.kind
    }

    /// Whether the number lies in a range that is in use.
    pub fn is_valid(&self) -> bool {
        self.kind != PhoneKind::Unknown
    }

    /// Whether a text message can reach it.
    pub fn takes_sms(&self) -> bool {
        matches!(self.kind, PhoneKind::Mobile | PhoneKind::FixedOrMobile)
    }

    /// `0812-••••-••90`: the first four and the last two digits stay.
    pub fn masked(&self) -> String {
        let digits = self.national.chars().filter(char::is_ascii_digit).count();
        let mut seen = 0;
        let hide = |c: char| {
            if !c.is_ascii_digit() {
                return c;
            }
            seen += 1;
            if seen > 4 && seen + 2 <= digits { DOT } else { c }
        };
        self.national.chars().map(hide).collect()
    }

    /// The mask of a number as it is stored: `+6281234567890` gives `0812-••••-••90`.
    pub fn mask_stored(e164: &str) -> Result<String, PhoneError> {
        let mobile = e164.strip_prefix("+62").and_then(mobile);
        Ok(mobile.map_or_else(|| Self::parse(e164), Ok)?.masked())
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phone({}, {:?})", self.masked(), self.kind)
    }
}

impl Dialled {
    /// Reads what somebody dialled or typed.
    pub fn parse(text: &str) -> Result<Self, PhoneError> {
        let dialled = dial_string(text).ok_or(PhoneError::NotANumber)?;
        if let Some(short) = short_code(&dialled) {
            return Ok(Self::ShortCode(short));
        }
        match international(&dialled) {
            Some(digits) if !digits.starts_with("62") => foreign(digits),
            Some(digits) => home(&strip_trunk(&digits[2..])),
            None => home(&strip_trunk(strip_country(&dialled))),
        }
        .map(Self::Phone)
    }
}

/// Digits behind a plus or behind Indonesia's international prefixes (008, 009).
fn international(dialled: &str) -> Option<&str> {
    dialled.strip_prefix('+').or_else(|| {
        let digits = dialled.strip_prefix("008").or_else(|| dialled.strip_prefix("009"))?;
        (!digits.is_empty() && !digits.starts_with('0')).then_some(digits)
    })
}

/// What libphonenumber knows about Indonesia; the crate embeds it.
fn indonesia() -> &'static phonenumber::Metadata {
    DATABASE.by_id("ID").expect("invariant: the metadata has Indonesia")
}

/// Whether national digits look like a number of Indonesia at all: the general pattern of
/// libphonenumber's metadata 9.0, spelled out because the crate matches only its beginning.
fn is_general(national: &str) -> bool {
    let first = national.bytes().next().unwrap_or_default();
    match national.len() {
        7 => b"1236".contains(&first),
        8 => (b'2'..=b'9').contains(&first),
        9..=10 => first != b'0',
        11 => first != b'0' || national.starts_with("00"),
        12 if first == b'8' => true,
        12..=17 => national.starts_with("00") && !national[2..].starts_with('0'),
        _ => false,
    }
}

/// Takes off a `62` typed without plus, where the number is none with it and one without it, or
/// is too long with it (libphonenumber's rule; `62…` can also begin an area code in Sumatra).
fn strip_country(digits: &str) -> &str {
    let Some(rest) = digits.strip_prefix("62") else { return digits };
    let too_long = check_length(&[indonesia()], digits.len()) == Err(PhoneError::TooLong);
    if too_long || (!is_general(digits) && is_general(&strip_trunk(rest))) { rest } else { digits }
}

/// Takes off the trunk zero, unless what remains is no possible whole number, or a known number
/// would become an unknown one (libphonenumber's rules).
fn strip_trunk(digits: &str) -> Cow<'_, str> {
    let Some(rest) = digits.strip_prefix('0') else { return digits.into() };
    let meta = indonesia();
    let whole = lengths(&[meta]).any(|(length, local)| !local && length == rest.len());
    let keep = !whole || (is_general(digits) && !is_general(rest));
    if keep { digits.into() } else { rest.into() }
}

/// A mobile number of this country by its national digits, in libphonenumber's grouping. Most
/// numbers are one: asking the whole numbering plan's patterns about each cost a tenth of a case.
fn mobile(national: &str) -> Option<Phone> {
    let (first, rest) = national.split_at_checked(3)?;
    let plain = (9..=12).contains(&national.len())
        && national.bytes().all(|b| b.is_ascii_digit())
        && first.starts_with('8')
        && !matches!(first.as_bytes()[1], b'0' | b'4');
    let (middle, last) = rest.split_at_checked(if rest.len() == 6 { 3 } else { 4 })?;
    plain.then(|| Phone {
        e164: format!("+62{national}"),
        national: format!("0{first}-{middle}-{last}"),
        kind: PhoneKind::Mobile,
    })
}

/// A number of this country by its national digits.
fn home(national: &str) -> Result<Phone, PhoneError> {
    match mobile(national) {
        Some(phone) => Ok(phone),
        None => home_by_plan(national),
    }
}

/// The same by the whole numbering plan.
fn home_by_plan(national: &str) -> Result<Phone, PhoneError> {
    check_length(&[indonesia()], national.len())?;
    let e164 = format!("+62{national}");
    if national.starts_with('0') {
        // In no range in use; kept as it is, so that it stays equal to itself.
        return Ok(Phone { national: e164.clone(), e164, kind: PhoneKind::Unknown });
    }
    let number = phonenumber::parse(Some(country::ID), &e164).map_err(PhoneError::from)?;
    let shown = number.format().mode(Mode::National).to_string();
    Ok(Phone { e164, national: shown, kind: kind_of(&number) })
}

/// A number of another country by its digits, calling code first.
fn foreign(digits: &str) -> Result<Phone, PhoneError> {
    let number = phonenumber::parse(None, format!("+{digits}")).map_err(PhoneError::from)?;
    let code = number.code().value();
    let national = number.national().to_string();
    let meta = DATABASE.by_code(&code).ok_or(PhoneError::UnknownCountry)?;
    check_length(&meta, national.len())?;
    let shown = number.format().mode(Mode::International).to_string();
    Ok(Phone { e164: format!("+{code}{national}"), national: shown, kind: kind_of(&number) })
}

/// Digits with at most one leading plus; `None` if letters or other signs are among them.
///
/// An extension (`ext 12`, `#12`) is dropped: the number is what identifies.
fn dial_string(text: &str) -> Option<String> {
    if text.len() > INPUT_BYTES_MAX {
        return None;
    }
    let text = text.trim();
    let text = match text.get(..4) {
        Some(scheme) if scheme.eq_ignore_ascii_case("tel:") => &text[4..],
        _ => text,
    };
    let text = text.split([';', ',', '#']).next().unwrap_or(text);
    let lower = text.to_lowercase();
    let text = lower.split_once("ext").map_or(lower.as_str(), |(number, _)| number);
    let mut dialled = String::with_capacity(16);
    for c in text.chars() {
        match c {
            '0'..='9' => dialled.push(c),
            '\u{FF10}'..='\u{FF19}' => dialled.push(char::from(b'0' + (c as u32 - 0xFF10) as u8)),
            '+' | '\u{FF0B}' if dialled.is_empty() => dialled.push('+'),
            '-' | '.' | '(' | ')' | '/' | '[' | ']' | '~' | '\u{2010}'..='\u{2015}' => {}
            // Invisible marks come along when a number is copied from a chat.
            '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}' => {}
            '\u{2066}'..='\u{2069}' | '\u{FEFF}' => {}
            c if c.is_whitespace() => {}
            _ => return None,
        }
    }
    dialled.bytes().any(|b| b.is_ascii_digit()).then_some(dialled)
}

/// Recognises short codes, which have no E.164 form: bare (`14021`), behind the country code
/// (`+62 112`) or behind an area (`+62 21 134`).
fn short_code(dialled: &str) -> Option<ShortCode> {
    let bare = |digits: &str| {
        (3..=5).contains(&digits.len()) && !digits.starts_with('0') && !digits.starts_with("62")
    };
    if bare(dialled) && !dialled.starts_with('+') {
        return Some(ShortCode { code: dialled.to_owned(), area: None });
    }
    let national = dialled.strip_prefix("+62").or_else(|| dialled.strip_prefix('0'))?;
    let national = national.strip_prefix('0').unwrap_or(national);
    if national.starts_with('1') && bare(national) {
        return Some(ShortCode { code: national.to_owned(), area: None });
    }
    // Jakarta, Bandung, Semarang, Surabaya and Medan have two-digit area codes, all others three.
    let wide = ["21", "22", "24", "31", "61"].iter().any(|area| national.starts_with(area));
    let (area, code) = national.split_at_checked(if wide { 2 } else { 3 })?;
    let is_area = matches!(area.as_bytes()[0], b'2'..=b'7' | b'9');
    (is_area && code.len() == 3 && code.starts_with('1'))
        .then(|| ShortCode { code: code.to_owned(), area: Some(area.to_owned()) })
}

/// Lengths that national numbers of these countries can have, and whether only inside an area.
fn lengths(countries: &[&phonenumber::Metadata]) -> impl Iterator<Item = (usize, bool)> {
    const KINDS: [Type; 10] = [
        Type::FixedLine,
        Type::Mobile,
        Type::TollFree,
        Type::PremiumRate,
        Type::SharedCost,
        Type::PersonalNumber,
        Type::Voip,
        Type::Pager,
        Type::Uan,
        Type::Voicemail,
    ];
    countries
        .iter()
        .flat_map(|meta| KINDS.iter().filter_map(|kind| meta.descriptors().get(*kind)))
        .flat_map(|kind| {
            let whole = kind.possible_length().iter().map(|n| (usize::from(*n), false));
            whole.chain(kind.possible_local_length().iter().map(|n| (usize::from(*n), true)))
        })
}

/// Whether a national number of so many digits is possible in one of these countries.
fn check_length(countries: &[&phonenumber::Metadata], digits: usize) -> Result<(), PhoneError> {
    let mut most = 0;
    for (length, _) in lengths(countries) {
        if length == digits {
            return Ok(());
        }
        most = most.max(length);
    }
    // A gap between the possible lengths: as good as cut off.
    Err(if digits > most && most > 0 { PhoneError::TooLong } else { PhoneError::TooShort })
}

/// libphonenumber's type of a number, `Unknown` for one in no range.
fn kind_of(number: &phonenumber::PhoneNumber) -> PhoneKind {
    if !number.is_valid() {
        return PhoneKind::Unknown;
    }
    match number.number_type(&DATABASE) {
        Type::Mobile => PhoneKind::Mobile,
        Type::FixedLine => PhoneKind::Fixed,
        Type::FixedLineOrMobile => PhoneKind::FixedOrMobile,
        Type::TollFree => PhoneKind::TollFree,
        Type::SharedCost => PhoneKind::SharedCost,
        Type::PremiumRate => PhoneKind::Premium,
        Type::Uan => PhoneKind::Universal,
        Type::Unknown => PhoneKind::Unknown,
        _ => PhoneKind::Other,
    }
}

impl From<phonenumber::ParseError> for PhoneError {
    fn from(error: phonenumber::ParseError) -> Self {
        use phonenumber::ParseError as E;
        match error {
            E::InvalidCountryCode => Self::UnknownCountry,
            E::TooShortAfterIdd | E::TooShortNsn => Self::TooShort,
            E::TooLong => Self::TooLong,
            _ => Self::NotANumber,
        }
    }
}

impl fmt::Display for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a telephone number",
            Self::TooShort => "too few digits for a telephone number",
            Self::TooLong => "too many digits for a telephone number",
            Self::UnknownCountry => "no country has this calling code",
            Self::ShortCode => "a short code is not a full telephone number",
        })
    }
}

impl std::error::Error for PhoneError {}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_short_way_to_a_mobile_number_ends_where_the_plan_does(national in "8[0-9]{7,12}") {
            if let Some(short) = mobile(&national) {
                prop_assert_eq!(Ok(short), home_by_plan(&national));
            }
        }

        #[test]
        fn a_mobile_number_of_the_plan_takes_the_short_way(national in "8[0-9]{7,12}") {
            let plan = home_by_plan(&national);
            let is_mobile = plan.is_ok_and(|phone| phone.kind == PhoneKind::Mobile);
            prop_assert_eq!(is_mobile, mobile(&national).is_some());
        }
    }
}
