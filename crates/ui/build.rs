//! Release builds embed the built browser files and the catalogues of texts; debug builds read
//! them from the tree when they start, so that editing a text recompiles nothing.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rustc-check-cfg=cfg(embed)");
    println!("cargo::rerun-if-changed=build.rs");
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("../..");
    let mut code = String::new();
    if env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo::rustc-cfg=embed");
        embed_catalogues(&root, &mut code);
        embed_assets(&root, &mut code);
    } else if !root.join("web/dist/manifest.json").is_file() {
        println!("cargo::rerun-if-changed={}", root.join("web/dist/manifest.json").display());
        code.push_str(MISSING);
    }
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets it")).join("embedded.rs");
    fs::write(out, code).expect("OUT_DIR is writable");
}

const MISSING: &str =
    "compile_error!(\"web/dist is missing: run `make web` first (it bundles CSS and scripts)\");\n";

fn embed_catalogues(root: &Path, code: &mut String) {
    code.push_str("pub(crate) static CATALOGUES: &[(&str, &str, &str)] = &[\n");
    for language in ["id", "en"] {
        let folder = root.join("locales").join(language);
        println!("cargo::rerun-if-changed={}", folder.display());
        for path in sorted_files(&folder) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.ends_with(".ftl") {
                println!("cargo::rerun-if-changed={}", path.display());
                let path = path.display().to_string();
                let _ = writeln!(code, "({language:?}, {name:?}, include_str!({path:?})),");
            }
        }
    }
    code.push_str("];\n");
}

fn embed_assets(root: &Path, code: &mut String) {
    let dist = root.join("web/dist");
    println!("cargo::rerun-if-changed={}", dist.display());
    let Ok(manifest) = fs::read_to_string(dist.join("manifest.json")) else {
        code.push_str(MISSING);
        return;
    };
    let _ = writeln!(code, "pub(crate) static MANIFEST: &str = {manifest:?};");
    code.push_str("pub(crate) static FILES: &[(&str, &[u8])] = &[\n");
    for path in sorted_files(&dist) {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if name != "manifest.json" {
            let path = path.display().to_string();
            let _ = writeln!(code, "({name:?}, include_bytes!({path:?})),");
        }
    }
    code.push_str("];\n");
}

fn sorted_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}
