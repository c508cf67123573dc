//! The shape of the source tree.

use std::collections::HashSet;

use tanggap_tidy::{arrows, files, keys, literals, root, shown, text};

/// Which crates each may lean on; what is not here leans on nothing of ours.
const MAY: &[(&str, &[&str])] = &[
    ("lang", &["kernel"]),
    ("press", &["kernel"]),
    ("store", &["kernel"]),
    ("ui", &["kernel", "calendar", "store"]),
    ("channels", &["kernel"]),
    ("contacts", &["kernel", "store", "calendar"]),
    ("conversations", &["kernel", "store", "lang", "contacts"]),
    ("org", &["kernel", "calendar", "press", "store", "ui"]),
    ("routing", &["kernel", "calendar", "store", "ui", "org", "contacts", "conversations"]),
    (
        "cases",
        &[
            "kernel",
            "calendar",
            "lang",
            "store",
            "ui",
            "org",
            "contacts",
            "conversations",
            "routing",
        ],
    ),
];
/// Screens and the API: on all slices, never on each other.
const SURFACES: [&str; 3] = ["portal", "desk", "hooks"];
/// May lean on everything.
const TOP: [&str; 3] = ["app", "testkit", "bench"];

const LINES_MAX: usize = 600;
const COLUMNS_MAX: usize = 100;

fn complain(problems: Vec<String>) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn crates_lean_only_on_those_below_them() {
    let mut problems = Vec::new();
    for (name, dependencies) in arrows() {
        for dependency in dependencies {
            let surface = SURFACES.contains(&name.as_str());
            let allowed = TOP.contains(&name.as_str())
                || (surface && !SURFACES.contains(&dependency.as_str()) && dependency != "app")
                || MAY.iter().any(|(n, may)| *n == name && may.contains(&dependency.as_str()));
            if !allowed {
                problems.push(format!("{name} must not depend on {dependency}"));
            }
        }
    }
    complain(problems);
}

#[test]
fn only_the_store_knows_engines() {
    let manifests = files(&root().join("crates"), &["Cargo.toml"]);
    let knowing = manifests.iter().filter(|path| {
        let manifest = text(path);
        let named = ["rusqlite", "postgres"];
        named.iter().any(|n| manifest.lines().any(|l| l.starts_with(&format!("{n}."))))
    });
    complain(knowing.map(|p| shown(p)).filter(|p| p != "crates/store/Cargo.toml").collect());
}

#[test]
fn files_and_lines_are_short_and_files_say_what_they_are_for() {
    let mut problems = Vec::new();
    for path in files(&root().join("crates"), &[".rs"]) {
        let (source, name) = (text(&path), shown(&path));
        let lines = source.lines().count();
        if lines > LINES_MAX {
            problems.push(format!("{name}: {lines} lines"));
        }
        if !source.starts_with("//!") {
            problems.push(format!("{name}: does not say what it is for"));
        }
        // A test quotes what people read as it stands there.
        let quotes = name.contains("/tests/");
        for (n, line) in source.lines().enumerate().filter(|_| !quotes) {
            if line.chars().count() > COLUMNS_MAX {
                problems.push(format!("{name}:{}: longer than {COLUMNS_MAX} columns", n + 1));
            }
        }
    }
    complain(problems);
}

#[test]
fn nothing_is_left_for_later() {
    let mut problems = Vec::new();
    let words =
        [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X "), concat!("#[", "ignore")];
    for path in files(&root(), &[".rs", ".ts", ".html", ".css", ".sh"]) {
        for (n, line) in text(&path).lines().enumerate() {
            if words.iter().any(|word| line.contains(word)) {
                problems.push(format!("{}:{}: {}", shown(&path), n + 1, line.trim()));
            }
        }
    }
    complain(problems);
}

fn catalogue(language: &str) -> HashSet<String> {
    let folder = root().join("locales").join(language);
    files(&folder, &[".ftl"]).iter().flat_map(|path| keys(&text(path))).collect()
}

#[test]
fn both_languages_have_the_same_keys() {
    let (indonesian, english) = (catalogue("id"), catalogue("en"));
    assert!(!indonesian.is_empty());
    let mut problems: Vec<String> =
        indonesian.difference(&english).map(|key| format!("not in English: {key}")).collect();
    problems.extend(english.difference(&indonesian).map(|key| format!("only in English: {key}")));
    problems.sort();
    complain(problems);
}

/// Whether a literal names `key`: exactly, or as a pattern with holes (`case-status-{code}`).
fn names(literal: &str, key: &str) -> bool {
    if !literal.contains('{') {
        return literal == key;
    }
    let (mut rest, mut first) = (key, true);
    for piece in literal.split('{').map(|p| p.split_once('}').map_or(p, |(_, after)| after)) {
        match rest.find(piece) {
            Some(at) if !first || at == 0 => rest = &rest[at + piece.len()..],
            _ => return false,
        }
        first = false;
    }
    literal.split('{').next().is_some_and(|prefix| prefix.len() >= 3)
}

#[test]
fn every_text_that_is_defined_is_used_and_every_one_used_is_defined() {
    let defined = catalogue("id");
    let mut said: HashSet<String> = HashSet::new();
    let mut problems = Vec::new();
    let asked = [".t(\"", ".t1(\"", ".t2(\"", ".ta(\"", "Illegal(\""];
    for path in files(&root(), &[".rs", ".html", ".ts"]) {
        let source = text(&path);
        said.extend(literals(&source));
        if shown(&path).contains("tests") || shown(&path).contains("tidy") {
            continue;
        }
        for call in asked {
            for after in source.split(call).skip(1) {
                let key = after.split('"').next().unwrap_or("");
                if key.contains('-') && !key.contains('{') && !defined.contains(key) {
                    problems.push(format!("{}: no text for {key}", shown(&path)));
                }
            }
        }
    }
    let patterns: Vec<&String> = said.iter().filter(|s| s.contains('{')).collect();
    for key in &defined {
        let attribute_of = key.split_once('.').map(|(message, _)| message);
        let used = said.contains(key)
            || patterns.iter().any(|pattern| names(pattern, key))
            // Fields take label and hint from one message.
            || attribute_of.is_some_and(|m| {
                said.contains(m) || patterns.iter().any(|pattern| names(pattern, m))
            });
        if !used {
            problems.push(format!("nobody says {key}"));
        }
    }
    problems.sort();
    complain(problems);
}

/// What events are about, as the first parts of their kinds.
const ABOUT: [&str; 18] = [
    "agency", "calendar", "case", "category", "chat", "job", "mail", "presence", "profile",
    "queue", "quick", "reply", "skill", "talk", "token", "unit", "user", "work",
];

#[test]
fn every_event_has_a_name_that_people_read() {
    let defined = catalogue("id");
    let mut problems = Vec::new();
    for path in files(&root().join("crates"), &[".rs"]) {
        for literal in literals(&text(&path)) {
            let Some((about, what)) = literal.split_once('.') else { continue };
            let is_kind = ABOUT.contains(&about)
                && !["css", "ftl", "html", "js", "rs", "toml"].contains(&what)
                && what.chars().all(|c| c.is_ascii_lowercase() || c == '_')
                && !what.is_empty();
            let key = format!("org-event-{about}-{}", what.replace('_', "-"));
            if is_kind && !shown(&path).contains("tests") && !defined.contains(&key) {
                problems.push(format!("{}: no text for {key}", shown(&path)));
            }
        }
    }
    complain(problems);
}

#[test]
fn every_figure_of_a_node_is_in_the_operators_manual() {
    let page = text(&root().join("docs/operators/watch.md"));
    let named: HashSet<&str> = page
        .split('`')
        .filter(|word| word.starts_with("tanggap_") && !word.contains('.'))
        .collect();
    let mut counted = HashSet::new();
    for path in files(&root().join("crates"), &[".rs"]) {
        let source = text(&path);
        for kind in ["counter!(", "gauge!(", "histogram!("] {
            let begins = format!("metrics::{kind}");
            let uses = source.split(&begins).skip(1);
            counted.extend(uses.filter_map(|rest| rest.split('"').nth(1).map(str::to_owned)));
        }
    }
    assert!(counted.len() > 5, "{counted:?}");
    let missing = counted.iter().filter(|name| !named.contains(name.as_str()));
    let unknown = named.iter().filter(|name| !counted.contains(**name));
    let missing = missing.map(|name| format!("watch.md does not tell of {name}"));
    complain(missing.chain(unknown.map(|name| format!("nothing counts {name}"))).collect());
}

#[test]
fn every_page_that_the_manual_names_has_that_name() {
    let catalogues = files(&root().join("locales/id"), &[".ftl"]);
    let catalogues: Vec<String> = catalogues.iter().map(|path| text(path)).collect();
    let texts = catalogues.iter().flat_map(|catalogue| catalogue.lines());
    let texts: HashSet<&str> = texts.filter_map(|l| l.split_once(" = ")).map(|p| p.1).collect();
    let mut problems = Vec::new();
    for page in files(&root().join("docs/operators"), &[".md"]) {
        let page_text = text(&page);
        // Between asterisks, with arrows from page to page.
        for way in page_text.split('*').filter(|part| part.contains(" → ")) {
            let names = way.split(" → ").map(|name| name.trim_end_matches('.'));
            problems.extend(
                names
                    .filter(|name| !texts.contains(name))
                    .map(|name| format!("{}: no page is called {name:?}", shown(&page))),
            );
        }
    }
    complain(problems);
}
