//! Tables for NIK, telephone numbers and e-mail addresses, and "no text makes it panic".

use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::nik::birth;
use super::*;

const TODAY: Date = date(2026, 10, 1);

fn nik(text: &str) -> Result<Nik, NikError> {
    Nik::parse(text, TODAY)
}

#[test]
fn nik_accepts_what_the_regulation_describes() {
    for (text, born, female) in [
        ("3171011708900001", date(1990, 8, 17), false),
        ("3171015708900001", date(1990, 8, 17), true),
        ("3171014102040003", date(2004, 2, 1), true),
        ("9936011708900001", date(1990, 8, 17), false),
        ("3171-0117-0890-0001", date(1990, 8, 17), false),
        ("31.71.01 170890 0001", date(1990, 8, 17), false),
        ("3171010110260001", date(2026, 10, 1), false),
        ("3171010210260001", date(1926, 10, 2), false),
        ("3171010101270001", date(1927, 1, 1), false),
        ("3171012902000001", date(2000, 2, 29), false),
    ] {
        let nik = nik(text).unwrap();
        assert_eq!(birth(nik.expose(), TODAY), Some((born, female)), "{text}");
    }
}

#[test]
fn nik_refuses_the_rest_with_a_reason() {
    for (text, why) in [
        ("3171013202900001", NikError::BirthDate),
        ("3171010013900001", NikError::BirthDate),
        ("3171013002900001", NikError::BirthDate),
        ("3171017202900001", NikError::BirthDate),
        ("3171012902010001", NikError::BirthDate),
        ("317101170890000", NikError::Length { found: 15 }),
        ("31710117089000011", NikError::Length { found: 17 }),
        ("", NikError::Length { found: 0 }),
        ("3171011708900000", NikError::Serial),
        ("0071011708900001", NikError::Province),
        ("2071011708900001", NikError::Province),
        ("3171O11708900001", NikError::NotDigits),
    ] {
        assert_eq!(nik(text), Err(why), "{text}");
    }
}

#[test]
fn nik_is_masked_wherever_it_is_printed() {
    let nik = nik("3171011708900001").unwrap();
    assert_eq!(nik.masked(), "3171••••••••0001");
    assert_eq!(format!("{nik:?}"), "Nik(3171••••••••0001)");
    assert_eq!(nik.expose(), "3171011708900001");
    assert_eq!(nik.district_code(), Some("317101"));
    assert_eq!(Nik::parse("9936011708900001", TODAY).unwrap().district_code(), None);
}

#[test]
fn phones_of_one_person_are_equal() {
    for text in [
        "0812-3456-7890",
        "+62 812 3456 7890",
        "62812 34567890",
        "6281234567890",
        "+62(0)81234567890",
    ] {
        let phone = Phone::parse(text).unwrap();
        assert_eq!(phone.e164(), "+6281234567890", "{text}");
        assert_eq!(phone.display(), "0812-3456-7890", "{text}");
        assert_eq!(phone.kind(), PhoneKind::Mobile, "{text}");
        assert!(phone.is_valid() && phone.takes_sms());
    }
}

#[test]
fn phones_by_kind() {
    for (text, e164, kind) in [
        ("08123456789", "+628123456789", PhoneKind::Mobile),
        ("(021) 5265888", "+62215265888", PhoneKind::Fixed),
        ("021-5265888 ext. 12", "+62215265888", PhoneKind::Fixed),
        ("0800-1-888-888", "+628001888888", PhoneKind::TollFree),
        ("1500-123", "+621500123", PhoneKind::Universal),
        ("+65 6123 4567", "+6561234567", PhoneKind::Fixed),
        ("+44 20 7946 0018", "+442079460018", PhoneKind::Fixed),
        ("０８１２３４５６７８９", "+628123456789", PhoneKind::Mobile),
        ("\u{202A}+62 812-3456-7890\u{202C}", "+6281234567890", PhoneKind::Mobile),
    ] {
        let phone = Phone::parse(text).unwrap();
        assert_eq!((phone.e164(), phone.kind()), (e164, kind), "{text}");
    }
    for text in ["0856 1234 5678 90", "08113456789012"] {
        assert!(!Phone::parse(text).unwrap().is_valid(), "{text}: thirteen digits");
    }
}

#[test]
fn short_codes_are_a_kind_of_their_own() {
    for (text, code, area) in [
        ("134", "134", None),
        ("112", "112", None),
        ("14021", "14021", None),
        ("1708", "1708", None),
        ("+62 112", "112", None),
        ("+62 21 134", "134", Some("21")),
        ("021-134", "134", Some("21")),
        ("0274 112", "112", Some("274")),
    ] {
        let short = ShortCode { code: code.into(), area: area.map(Into::into) };
        assert_eq!(Dialled::parse(text), Ok(Dialled::ShortCode(short)), "{text}");
        assert_eq!(Phone::parse(text), Err(PhoneError::ShortCode), "{text}");
    }
}

#[test]
fn what_is_no_phone_says_why() {
    for (text, why) in [
        ("", PhoneError::NotANumber),
        ("abc", PhoneError::NotANumber),
        ("+", PhoneError::NotANumber),
        ("0812abc3456", PhoneError::NotANumber),
        ("0812", PhoneError::TooShort),
        ("+62 8123", PhoneError::TooShort),
        ("0812345678901234567", PhoneError::TooLong),
        ("+999 123 456 789", PhoneError::UnknownCountry),
    ] {
        assert_eq!(Phone::parse(text), Err(why), "{text}");
    }
}

#[test]
fn phone_mask_keeps_enough_to_recognise_ones_own() {
    let mask = |text| Phone::parse(text).unwrap().masked();
    assert_eq!(mask("081234567890"), "0812-••••-••90");
    assert_eq!(mask("0215265888"), "(021) 5••••88");
}

#[test]
fn a_stored_number_has_the_mask_of_the_number_it_is() {
    let mut compared = 0;
    for start in 800..900 {
        for length in 7..=14 {
            let stored = format!("+62{start}{}", &"45678901234"[..length - 3]);
            let slow = Phone::parse(&stored).map(|phone| phone.masked());
            assert_eq!(Phone::mask_stored(&stored), slow, "{stored}");
            compared += usize::from(slow.is_ok());
        }
    }
    assert!(compared > 400, "{compared}");
    for stored in ["+62215265888", "+6018123456", "+62", "+628", "+62812345678é", ""] {
        let slow = Phone::parse(stored).map(|phone| phone.masked());
        assert_eq!(Phone::mask_stored(stored), slow, "{stored}");
    }
}

#[test]
fn outside_numbers_give_the_same_e164() {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return;
    };
    let path = std::path::Path::new(&folder).join("id-phone/phone.csv");
    let rows = std::fs::read_to_string(&path).expect("the telephone set is there");
    let (mut wrong, mut validity, mut total) = (Vec::new(), 0, 0);
    for row in rows.lines().skip(1) {
        let [text, e164, possible, valid, _kind] =
            row.split(',').collect::<Vec<_>>().try_into().expect("five columns");
        if possible != "1" {
            continue;
        }
        total += 1;
        let phone = Phone::parse(text);
        match &phone {
            Ok(phone) if phone.e164() == e164 => {
                validity += usize::from(phone.is_valid() == (valid == "1"));
            }
            _ => wrong.push(format!("{text}: {e164}, got {:?}", phone.as_ref().map(Phone::e164))),
        }
    }
    println!("e164 equal {} of {total}; validity equal {validity}", total - wrong.len());
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn e_mail_is_compared_in_lower_case() {
    for (text, address, masked) in [
        (" Budi.Santoso@Contoh.GO.ID ", "budi.santoso@contoh.go.id", "b•••@contoh.go.id"),
        ("<a@b.co>", "a@b.co", "a•••@b.co"),
        ("mailto:x+y@z.id", "x+y@z.id", "x•••@z.id"),
        ("siti@déjà.id", "siti@déjà.id", "s•••@déjà.id"),
    ] {
        let email = Email::parse(text).unwrap();
        assert_eq!(email.as_str(), address);
        assert_eq!(email.masked(), masked);
    }
}

#[test]
fn e_mail_refuses_with_a_reason() {
    let long = format!("{}@contoh.id", "a".repeat(65));
    for (text, why) in [
        ("", EmailError::At),
        ("budi", EmailError::At),
        ("a@b@c.id", EmailError::At),
        ("@c.id", EmailError::Local),
        (".a@c.id", EmailError::Local),
        ("a..b@c.id", EmailError::Local),
        ("a b@c.id", EmailError::Local),
        ("a\r\nBcc: x@c.id", EmailError::Local),
        ("a@c", EmailError::Domain),
        ("a@-c.id", EmailError::Domain),
        ("a@1.2.3.4", EmailError::Domain),
        ("a@c.id\nX", EmailError::Domain),
        (long.as_str(), EmailError::TooLong),
    ] {
        assert_eq!(Email::parse(text), Err(why), "{text:?}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,60}") {
        let _ = nik(&text);
        let _ = Dialled::parse(&text);
        let _ = Email::parse(&text);
    }

    #[test]
    fn no_digits_panic_and_e164_is_stable(text in "[+]?[0-9]{0,22}") {
        let _ = nik(&text);
        if let Ok(phone) = Phone::parse(&text) {
            let again = Phone::parse(phone.e164());
            if phone.is_valid() {
                prop_assert_eq!(again.as_ref().map(Phone::e164), Ok(phone.e164()));
            }
            prop_assert!(!phone.masked().is_empty());
        }
    }

    #[test]
    fn masks_show_neither_birth_nor_number(nik_serial in 1u32..9999) {
        let nik = nik(&format!("317101170890{nik_serial:04}")).unwrap();
        prop_assert!(!nik.masked().contains("170890"));
    }
}
