//! How long it takes to make tokens of a report of thirty words.
//! `cargo run --release -p tanggap-lang --example speed`

use std::hint::black_box;
use std::time::Instant;

/// Thirty words in the mixture in which people write.
const REPORT: &str = "Selamat pagi pak, mohon ditindaklanjuti jln rusak parah di depan SDN 2 \
    Sukamaju krn sudah berlubang2 sejak bln kemarin, banyak pengendara terjatuh dan warga \
    kesulitan menyeberang terutama anak2 sekolah. Terima kasih";

fn main() {
    let rounds = 20_000u32;
    black_box(tanggap_lang::tokens(REPORT));
    let start = Instant::now();
    for _ in 0..rounds {
        black_box(tanggap_lang::tokens(black_box(REPORT)));
    }
    println!("tokens: {:?} for {} words", start.elapsed() / rounds, REPORT.split(' ').count());
    println!("{:?}", tanggap_lang::tokens(REPORT));
}
