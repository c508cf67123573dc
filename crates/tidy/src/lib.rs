//! Reads the source tree as text, for the tests that keep it tidy: arrows between crates, sizes,
//! headers, and texts in the catalogues.

use std::fs;
use std::path::{Path, PathBuf};

/// The root of the repository: of the checkout whose tests run, which need not be the one that
/// they were built in where checkouts share a target folder.
#[must_use]
pub fn root() -> PathBuf {
    let here = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    here.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into()).join("../..")
}

/// All files below `folder` whose name ends in one of `endings`, in order.
#[must_use]
pub fn files(folder: &Path, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    if !folder.exists() {
        return found;
    }
    // What cannot be read must not look like what is not there.
    for entry in fs::read_dir(folder).expect("invariant: the tree can be read") {
        let entry = entry.expect("invariant: the tree can be read");
        let (path, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
        if path.is_dir() {
            let skipped = ["target", "node_modules", "dist", "shots"];
            if !name.starts_with('.') && !skipped.contains(&name.as_str()) {
                found.extend(files(&path, endings));
            }
        } else if endings.iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The text of a file.
#[must_use]
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("invariant: the tree can be read")
}

/// Its path below the root, for messages.
#[must_use]
pub fn shown(path: &Path) -> String {
    path.strip_prefix(root()).unwrap_or(path).display().to_string()
}

/// The crates of the workspace with those of ours that each depends on.
#[must_use]
pub fn arrows() -> Vec<(String, Vec<String>)> {
    let manifests = files(&root().join("crates"), &["Cargo.toml"]);
    let ours = |name: &String| name.strip_prefix("tanggap-").map(str::to_owned);
    manifests
        .iter()
        .filter_map(|path| {
            let manifest: toml::Table = text(path).parse().ok()?;
            let name = manifest.get("package")?.get("name")?.as_str()?.to_owned();
            let dependencies = manifest.get("dependencies").and_then(|d| d.as_table());
            let dependencies = dependencies.map(|d| d.keys().filter_map(ours).collect());
            Some((ours(&name)?, dependencies.unwrap_or_default()))
        })
        .collect()
}

/// The text literals of a source file: what stands between double quotes on one line.
#[must_use]
pub fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in source.lines() {
        let mut rest = line;
        while let Some(start) = rest.find('"') {
            let Some(length) = rest[start + 1..].find('"') else { break };
            found.push(rest[start + 1..start + 1 + length].to_owned());
            rest = &rest[start + 1 + length..];
            // The closing quote of one literal never opens the next, except in templates where
            // an attribute holds an expression: both readings are kept.
            rest = &rest[1.min(rest.len())..];
        }
        let mut rest = line;
        while let Some(start) = rest.find("(\"") {
            let Some(length) = rest[start + 2..].find('"') else { break };
            found.push(rest[start + 2..start + 2 + length].to_owned());
            rest = &rest[start + 2..];
        }
    }
    found
}

/// The keys of a catalogue: messages, and attributes as `key.attribute`.
#[must_use]
pub fn keys(catalogue: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut message = String::new();
    for line in catalogue.lines() {
        let (indented, bare) = (line.starts_with(' '), line.trim());
        let Some((key, _)) = bare.split_once('=') else { continue };
        let key = key.trim();
        let sound = |key: &str| {
            !key.is_empty()
                && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        };
        if !indented && sound(key) {
            key.clone_into(&mut message);
            found.push(message.clone());
        } else if let (true, Some(attribute)) = (indented, key.strip_prefix('.'))
            && sound(attribute)
        {
            found.push(format!("{message}.{attribute}"));
        }
    }
    found
}
