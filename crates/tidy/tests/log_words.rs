//! What the log and the list of jobs show has words: every fact of an event, every kind of job.

use std::collections::BTreeSet;

use tanggap_tidy::{files, keys, literals, root, shown, text};

/// Crates whose changes are announced.
const ANNOUNCING: [&str; 5] = ["cases", "contacts", "conversations", "org", "routing"];

fn catalogue() -> BTreeSet<String> {
    let all = files(&root().join("locales/id"), &[".ftl"]);
    all.iter().flat_map(|path| keys(&text(path))).collect()
}

/// A source file without its tests.
fn code(path: &std::path::Path) -> String {
    let all = text(path);
    all.split("#[cfg(test)]").next().unwrap_or_default().to_owned()
}

/// The names that a `json!({ … })` body has, its inner ones too, with what stands after it.
fn bodies(code: &str) -> Vec<(String, Vec<String>, String)> {
    let mut found = Vec::new();
    for (at, start) in code.match_indices("json!({") {
        let inside = &code[at + start.len()..];
        let mut depth = 1;
        let end = inside.find(|c| {
            depth += i32::from(c == '{') - i32::from(c == '}');
            depth == 0
        });
        let end = end.unwrap_or(inside.len());
        let names = literals(&inside[..end]).into_iter().filter(|literal| {
            inside[..end].contains(&format!("\"{literal}\":")) && !literal.is_empty()
        });
        let before = code[..at].lines().last().unwrap_or_default().to_owned();
        found.push((before, names.collect(), inside[end..].chars().take(24).collect()));
    }
    found
}

/// Names given to a body later: `facts["unit"] = json!(…)`, `("of", json!(…))`.
fn added(code: &str) -> Vec<String> {
    let ends = ["\"] = json!(", "\", json!("];
    let found = ends
        .iter()
        .flat_map(|end| code.match_indices(end))
        .filter_map(|(at, _)| code[..at].rsplit_once('"').map(|(_, name)| name.to_owned()));
    found.collect()
}

#[test]
fn every_fact_of_an_event_has_a_name_that_people_read() {
    let defined = catalogue();
    let log = text(&root().join("crates/org/src/pages/audit_words.rs"));
    let untold = log.split("const UNTOLD").nth(1).and_then(|rest| rest.split(';').nth(1));
    let untold = literals(untold.expect("the list of what is not told"));
    let (mut problems, mut facts) = (BTreeSet::new(), BTreeSet::new());
    for path in ANNOUNCING
        .iter()
        .flat_map(|name| files(&root().join("crates").join(name).join("src"), &[".rs"]))
    {
        let code = code(&path);
        if !code.contains("announce") || shown(&path).contains("tests") {
            continue;
        }
        let told = bodies(&code).into_iter().filter(|(before, _, after)| {
            // Not of the log: what is personal, what goes over a wire or into a job.
            !before.contains("private") && !after.contains("to_string()")
        });
        let names = told.flat_map(|(_, names, _)| names).chain(added(&code));
        // The kind of the event stands beside its body.
        for name in names.filter(|name| !name.contains('.') && !untold.contains(name)) {
            let key = format!("org-fact-{}", name.replace('_', "-"));
            if !defined.contains(&key) {
                problems.insert(format!("{}: no text for {key}", shown(&path)));
            }
            facts.insert(name);
        }
    }
    assert!(problems.is_empty(), "{problems:#?}");
    for known in ["again", "channel", "of", "percent", "roles", "unit"] {
        assert!(facts.contains(known), "{known} was not found: {facts:?}");
    }
}

#[test]
fn everything_that_an_event_is_about_has_a_name_that_people_read() {
    let defined = catalogue();
    let mut kinds = BTreeSet::new();
    for name in ANNOUNCING {
        for path in files(&root().join("crates").join(name).join("src"), &[".rs"]) {
            let code = code(&path);
            for begins in ["Subject { kind: \"", "let about = if "] {
                // A name that is chosen stands in quotes on the same line.
                for rest in code.split(begins).skip(1) {
                    let line = rest.lines().next().unwrap_or_default();
                    let quoted = if begins.ends_with('"') {
                        line.split('"').next().map(str::to_owned).into_iter().collect()
                    } else {
                        literals(line)
                    };
                    kinds.extend(quoted.into_iter().filter(|kind| !kind.contains('.')));
                }
            }
        }
    }
    assert!(kinds.contains("case") && kinds.contains("watch") && kinds.len() > 10, "{kinds:?}");
    let untold: Vec<_> =
        kinds.iter().filter(|kind| !defined.contains(&format!("org-subject-{kind}"))).collect();
    assert!(untold.is_empty(), "no org-subject- text for {untold:?}");
}

#[test]
fn every_job_has_a_name_that_people_read() {
    let defined = catalogue();
    let all: Vec<String> =
        files(&root().join("crates"), &[".rs"]).iter().map(|path| code(path)).collect();
    let mut handled = BTreeSet::new();
    for code in &all {
        for call in [".on(", ".on_peer("] {
            for rest in code.split(call).skip(1) {
                let first = rest.split(',').next().unwrap_or_default().trim();
                let name = first.rsplit("::").next().unwrap_or_default();
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_uppercase() || c == '_') {
                    handled.insert(name.to_owned());
                }
            }
        }
    }
    let mut kinds = BTreeSet::new();
    for name in &handled {
        let begins = format!("const {name}: &str = \"");
        for code in &all {
            let found = code.split(&begins).skip(1).filter_map(|rest| rest.split('"').next());
            kinds.extend(found.map(str::to_owned));
        }
    }
    // A prefix of paths that has the name of a job.
    kinds.retain(|kind| !kind.contains('/'));
    assert!(kinds.len() >= 12 && kinds.contains("case_deadline"), "{kinds:?}");
    let told =
        |kind: &&String| !defined.contains(&format!("org-job-kind-{}", kind.replace('_', "-")));
    let untold: Vec<_> = kinds.iter().filter(told).collect();
    assert!(untold.is_empty(), "no org-job-kind- text for {untold:?}");
}
