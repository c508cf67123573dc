//! Where the built browser files and the catalogues come from: the binary itself in release
//! builds, the source tree in debug builds. Nothing else in the crate knows the difference.

#[cfg(embed)]
include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

#[cfg(not(embed))]
pub(crate) use tree::{CATALOGUES, FILES, MANIFEST};

/// The same tables, read from the source tree once, when they are first asked for.
#[cfg(not(embed))]
mod tree {
    use std::fs;
    use std::path::{Path, PathBuf};
    use std::sync::LazyLock;

    // Only holds the message for a tree whose browser files were never built.
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"));

    type Catalogue = (&'static str, &'static str, &'static str);

    pub(crate) static CATALOGUES: LazyLock<Vec<Catalogue>> = LazyLock::new(|| {
        let mut found = Vec::new();
        for language in ["id", "en"] {
            for (name, bytes) in files(&root().join("locales").join(language), "ftl") {
                let text = String::from_utf8_lossy(bytes).into_owned();
                found.push((language, name, &*text.leak()));
            }
        }
        found
    });

    pub(crate) static MANIFEST: LazyLock<String> = LazyLock::new(|| {
        fs::read_to_string(root().join("web/dist/manifest.json")).unwrap_or_else(|_| "{}".into())
    });

    pub(crate) static FILES: LazyLock<Vec<(&'static str, &'static [u8])>> =
        LazyLock::new(|| files(&root().join("web/dist"), ""));

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    fn files(folder: &Path, suffix: &str) -> Vec<(&'static str, &'static [u8])> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
        paths.sort();
        let mut found = Vec::new();
        for path in paths {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let (true, Ok(bytes)) = (name.ends_with(suffix), fs::read(&path)) {
                found.push((&*name.leak(), &*bytes.leak()));
            }
        }
        found
    }
}
