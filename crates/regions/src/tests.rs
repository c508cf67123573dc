//! Look-ups, chains, pickers and search on the real data, and agreement with an outside list.

use proptest::prelude::*;

use super::*;

fn code(text: &str) -> Code {
    Code::parse(text).unwrap()
}

fn names(regions: &[Region]) -> Vec<&str> {
    regions.iter().map(|region| region.name).collect()
}

#[test]
fn codes_give_names_and_kinds() {
    for (text, name, kind) in [
        ("31.71.01.1001", "Gambir", Kind::UrbanVillage),
        ("11.01.01.2001", "Keude Bakongan", Kind::Village),
        ("64.01", "Kabupaten Paser", Kind::Regency),
        ("31.71", "Kota Administrasi Jakarta Pusat", Kind::City),
        ("96", "Papua Barat Daya", Kind::Province),
    ] {
        let region = lookup(text).unwrap();
        assert_eq!((region.name, region.kind(), region.current), (name, kind, true), "{text}");
    }
}

#[test]
fn wrong_codes_say_how() {
    let range = CodeError::OutOfRange(Level::Regency);
    assert_eq!(lookup("31.70"), Err(LookupError::Code(range)));
    assert_eq!(lookup("31.71.1.1001"), Err(LookupError::Code(CodeError::Malformed)));
    let Err(LookupError::Unknown { nearest: Some(nearest) }) = lookup("31.71.01.1999") else {
        panic!("an unknown village in a known district");
    };
    assert_eq!(nearest.code, code("31.71.01"));
    assert_eq!(lookup("99"), Err(LookupError::Unknown { nearest: None }));
}

#[test]
fn a_chain_runs_from_the_province_down() {
    assert_eq!(
        names(&chain(code("31.71.01.1001"))),
        ["Daerah Khusus Ibukota Jakarta", "Kota Administrasi Jakarta Pusat", "Gambir", "Gambir"]
    );
    assert!(chain(code("99.01")).is_empty());
}

#[test]
fn old_codes_stay_readable() {
    // Sorong went from Papua Barat to Papua Barat Daya (UU 29/2022), Merauke from Papua to
    // Papua Selatan (UU 14/2022).
    for (old, name, new) in [
        ("92.71", "Kota Sorong", "96.71"),
        ("92.01.05", "Salawati", "96.01.03"),
        ("91.01", "Kabupaten Merauke", "93.01"),
    ] {
        let region = lookup(old).unwrap();
        assert_eq!((region.name, region.current), (name, false));
        let successor = region.successor.expect("it went somewhere");
        assert_eq!(super::region(successor).unwrap().name, name, "{old}");
        assert_eq!(successor.parent(), code(new).parent(), "{old}");
    }
    assert_eq!(names(&chain(code("92.71"))), ["Papua Barat", "Kota Sorong"]);
    assert!(children(code("92.71")).is_empty());
}

#[test]
fn a_picker_walks_the_tree() {
    assert_eq!(provinces().len(), 38);
    assert_eq!(children(code("31")).len(), 6);
    let villages = children(code("31.71.01"));
    assert_eq!(villages.len(), 6);
    assert!(villages.iter().all(|v| v.parent() == Some(code("31.71.01")) && v.current));
    assert!(children(villages[0].code).is_empty());
    let mut whole = 0;
    for province in provinces() {
        for regency in children(province.code) {
            whole += 1 + children(regency.code).len();
        }
    }
    assert_eq!(whole, 514 + 7_285);
}

#[test]
fn search_by_beginnings_of_words() {
    assert_eq!(search("papua sel", 3)[0].code, code("93"));
    assert_eq!(search("gambir jakarta pusat", 3)[0].code, code("31.71.01"));
    assert_eq!(search("KOTA bandung", 5)[0].code, code("32.73"));
    assert!(search("jakarta", 100).len() <= 100);
    assert!(search("  ", 10).is_empty() && search("zzzz", 10).is_empty());
    assert!(search("a", 0).is_empty());
}

#[test]
fn names_agree_with_an_outside_list() {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return;
    };
    let path = std::path::Path::new(&folder).join("id-regions/wilayah-2025.csv");
    let rows = std::fs::read_to_string(&path).expect("the list of regions is there");
    let mut others = std::collections::BTreeMap::new();
    for row in rows.lines().skip(1) {
        let (code, name) = row.split_once(',').expect("two columns");
        others.insert(code, name.trim_matches('"'));
    }
    let (mut whole_chains, mut different) = (0, Vec::new());
    for (text, name) in &others {
        let chain = chain(code(text));
        let theirs = |region: &Region| others.get(region.code.to_string().as_str()).copied();
        let equal = |region: &Region| theirs(region).map(str::trim) == Some(region.name);
        whole_chains += usize::from(!chain.is_empty() && chain.iter().all(equal));
        if chain.last().map(|region| region.name) != Some(name.trim()) {
            different.push(format!("{text} {name:?} {:?}", chain.last().map(|r| r.name)));
        }
    }
    let share = 100.0 * whole_chains as f64 / others.len() as f64;
    println!("chains equal: {whole_chains} of {} ({share:.2} %)", others.len());
    println!(
        "names that differ: {}\n{}",
        different.len(),
        different[..different.len().min(30)].join("\n")
    );
    assert!(share > 99.0, "{share:.2} %");
}

proptest! {
    // Each case walks all names.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn nothing_panics(text in "\\PC{0,20}", digits in "[0-9.]{0,14}") {
        let _ = lookup(&text);
        let _ = lookup(&digits);
        if let Ok(code) = Code::parse(&digits) {
            let _ = (chain(code), children(code));
        }
    }

    #[test]
    fn search_takes_any_text(text in "\\PC{0,12}") {
        prop_assert!(search(&text, 3).len() <= 3);
    }
}
