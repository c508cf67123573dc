//! What the server and the database cost: CPU time and memory, read from /proc.

use std::fs;

/// CPU seconds that a process and its children used so far; for PostgreSQL the whole tree of the
/// server's process.
pub fn cpu_seconds(roots: &[u32]) -> f64 {
    tree(roots).iter().filter_map(|pid| ticks(*pid)).sum::<f64>() / 100.0
}

/// Proportional memory of a process and its children, in MB.
pub fn pss_mb(roots: &[u32]) -> f64 {
    let of = |pid: &u32| {
        let text = fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).ok()?;
        let line = text.lines().find(|line| line.starts_with("Pss:"))?;
        line.split_whitespace().nth(1)?.parse::<f64>().ok()
    };
    tree(roots).iter().filter_map(of).sum::<f64>() / 1024.0
}

fn ticks(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = rest.split_whitespace().collect();
    // utime, stime and those of children that have ended: fields 14 to 17 of proc(5).
    fields.get(11..15)?.iter().map(|f| f.parse::<f64>().ok()).sum()
}

fn tree(roots: &[u32]) -> Vec<u32> {
    let mut found = roots.to_vec();
    let mut at = 0;
    while let Some(pid) = found.get(at).copied() {
        let children = format!("/proc/{pid}/task/{pid}/children");
        let text = fs::read_to_string(children).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|p| p.parse::<u32>().ok()));
        at += 1;
    }
    found
}
