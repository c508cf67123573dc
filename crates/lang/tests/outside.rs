//! The stemmer and the normaliser against pairs that nobody here wrote, found through
//! `TANGGAP_TESTDATA`. Prints what it measured; fails below what was once reached.

use std::path::PathBuf;

use tanggap_lang::{normalise, stem};

fn set(name: &str) -> Option<String> {
    let Some(folder) = std::env::var_os("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return None;
    };
    let path = PathBuf::from(folder).join("id-normalisation").join(name);
    Some(std::fs::read_to_string(&path).expect("the set is in the folder that is named"))
}

/// Per cent of `(given, expected)` for which `f` gives what is expected; prints some of the others.
fn per_cent<'a>(
    name: &str,
    rows: impl Iterator<Item = (&'a str, &'a str)>,
    f: impl Fn(&str) -> String,
) -> f64 {
    let (mut right, mut total, mut wrong) = (0, 0, Vec::new());
    for (given, expected) in rows {
        total += 1;
        let got = f(given);
        if got.eq_ignore_ascii_case(expected) {
            right += 1;
        } else if wrong.len() < 30 {
            wrong.push(format!("{given}={got}/{expected}"));
        }
    }
    let share = 100.0 * f64::from(right) / f64::from(total);
    println!("{name}: {right} of {total} ({share:.1} %)\n{}", wrong.join(" "));
    share
}

#[test]
fn stems_of_others() {
    let Some(text) = set("sastrawi-stem-pairs.tsv") else { return };
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split('\t');
        Some((columns.next()?, columns.next()?))
    });
    let share = per_cent("stems", rows, |word| stem(word).into_owned());
    assert!(share >= 95.0, "stems equal: {share:.1} %");
}

#[test]
fn slang_of_others() {
    let Some(text) = set("slang-dictionary.tsv") else { return };
    let rows = text.lines().skip(1).filter_map(|line| line.split_once('\t'));
    let share = per_cent("slang", rows, normalise);
    assert!(share >= 32.0, "slang made formal: {share:.1} %");
}

#[test]
fn transformations_of_others() {
    let Some(text) = set("collex-transformations.csv") else { return };
    let rows = text.lines().skip(1).filter_map(|line| {
        let mut columns = line.split(',').skip(1);
        Some((columns.next()?, columns.next()?))
    });
    let share = per_cent("transformations", rows, normalise);
    assert!(share >= 40.0, "transformations undone: {share:.1} %");
}
