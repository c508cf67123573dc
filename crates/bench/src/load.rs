//! Closed loops: each client sends its next request when the last one was answered.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_kernel::{Fault, Result};

use crate::client::Client;
use crate::process;
use crate::words::{Dice, text};

/// `create`.
#[derive(Args)]
pub struct CreateArgs {
    /// Where the server listens.
    #[arg(long)]
    address: String,
    /// A bearer token that may write.
    #[arg(long)]
    token: String,
    /// How many clients.
    #[arg(long, default_value_t = 32)]
    clients: u64,
    /// For how long, seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// The processes whose CPU time counts: the server's, and PostgreSQL's.
    #[arg(long)]
    pid: Vec<u32>,
}

/// `read`.
#[derive(Args)]
pub struct ReadArgs {
    /// Where the server listens.
    #[arg(long)]
    address: String,
    /// The session cookie of a member of staff.
    #[arg(long)]
    cookie: String,
    /// A bearer token that may write, for the writes beside the reads.
    #[arg(long)]
    token: String,
    /// What to read, as NAME=PATH; several.
    #[arg(long)]
    page: Vec<String>,
    /// How many clients.
    #[arg(long, default_value_t = 8)]
    clients: u64,
    /// Writes per second beside the reads.
    #[arg(long, default_value_t = 200)]
    writes: u64,
    /// For how long each, seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The processes whose CPU time counts.
    #[arg(long)]
    pid: Vec<u32>,
}

/// Creates cases; prints throughput, latency and CPU per case.
pub async fn create(args: CreateArgs) -> Result<Value> {
    let auth = format!("Authorization: Bearer {}\r\n", args.token);
    let headers = Arc::new(auth + "Content-Type: application/json\r\n");
    let stop = Arc::new(AtomicBool::new(false));
    let (before, began) = (process::cpu_seconds(&args.pid), Instant::now());
    let clients: Vec<_> = (0..args.clients)
        .map(|n| {
            let (address, headers) = (args.address.clone(), Arc::clone(&headers));
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut client = Client::new(&address, &headers);
                let (mut dice, mut times) = (Dice::new(n + 1), Vec::new());
                while !stop.load(Ordering::Relaxed) {
                    let body = report(&mut dice);
                    let at = Instant::now();
                    let reply = client.send("POST", "/api/v1/cases", "", &body).await?;
                    if reply.status != 201 {
                        let said = String::from_utf8_lossy(&reply.body).into_owned();
                        return Err(Fault::new(format!("{}: {said}", reply.status)));
                    }
                    times.push(at.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.map_err(|e| Fault::new(e.to_string()))??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    let cpu = process::cpu_seconds(&args.pid) - before;
    let count = times.len() as f64;
    let mut figures = percentiles(&mut times);
    figures["per_second"] = json!((count / elapsed).round());
    figures["cpu_ms_each"] = json!(round(cpu * 1000.0 / count.max(1.0)));
    figures["pss_mb"] = json!(round(process::pss_mb(&args.pid)));
    Ok(figures)
}

fn report(dice: &mut Dice) -> Vec<u8> {
    let count = 15 + dice.below(40);
    let description = text(dice, count, 1);
    let subject = text(dice, 4, 1);
    let phone = format!("0812{:08}", dice.below(100_000_000));
    let name = format!("Warga {}", dice.below(1_000_000));
    json!({ "kind": "complaint", "subject": subject, "description": description,
        "reporter": { "name": name, "phone": phone } })
    .to_string()
    .into_bytes()
}

/// Reads each page for a while beside writes; prints latency and CPU per read.
pub async fn read(args: ReadArgs) -> Result<Value> {
    let stop = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicU64::new(0));
    let writer = tokio::spawn(write_steadily(
        args.address.clone(),
        args.token.clone(),
        args.writes,
        Arc::clone(&stop),
        Arc::clone(&written),
    ));
    let mut figures = json!({});
    for page in &args.page {
        let (name, path) = page.split_once('=').ok_or_else(|| Fault::new("NAME=PATH"))?;
        figures[name] = read_page(&args, path).await?;
    }
    stop.store(true, Ordering::Relaxed);
    writer.await.map_err(|e| Fault::new(e.to_string()))??;
    figures["writes"] = json!(written.load(Ordering::Relaxed));
    figures["pss_mb"] = json!(round(process::pss_mb(&args.pid)));
    Ok(figures)
}

async fn read_page(args: &ReadArgs, path: &str) -> Result<Value> {
    let stop = Arc::new(AtomicBool::new(false));
    let before = process::cpu_seconds(&args.pid);
    let clients: Vec<_> = (0..args.clients)
        .map(|_| {
            let (address, path) = (args.address.clone(), path.to_owned());
            let headers = format!("Cookie: {}\r\n", args.cookie);
            let stop = Arc::clone(&stop);
            tokio::spawn(async move {
                let mut client = Client::new(&address, &headers);
                let mut times = Vec::new();
                while !stop.load(Ordering::Relaxed) {
                    let at = Instant::now();
                    let reply = client.send("GET", &path, "", b"").await?;
                    if reply.status != 200 {
                        return Err(Fault::new(format!("{path}: {}", reply.status)));
                    }
                    times.push(at.elapsed());
                }
                Ok(times)
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut times = Vec::new();
    for client in clients {
        times.extend(client.await.map_err(|e| Fault::new(e.to_string()))??);
    }
    let cpu = process::cpu_seconds(&args.pid) - before;
    let count = times.len() as f64;
    let mut figures = percentiles(&mut times);
    figures["per_second"] = json!((count / args.seconds as f64).round());
    figures["cpu_ms_each_with_writes"] = json!(round(cpu * 1000.0 / count.max(1.0)));
    Ok(figures)
}

async fn write_steadily(
    address: String,
    token: String,
    per_second: u64,
    stop: Arc<AtomicBool>,
    written: Arc<AtomicU64>,
) -> Result<(), Fault> {
    if per_second == 0 {
        return Ok(());
    }
    let headers = format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n");
    let each = Duration::from_secs(1) * 4 / u32::try_from(per_second).unwrap_or(1);
    let writers: Vec<_> = (0..4u64)
        .map(|n| {
            let (address, headers) = (address.clone(), headers.clone());
            let (stop, written) = (Arc::clone(&stop), Arc::clone(&written));
            tokio::spawn(async move {
                let mut client = Client::new(&address, &headers);
                let mut dice = Dice::new(1000 + n);
                let mut tick = tokio::time::interval(each);
                while !stop.load(Ordering::Relaxed) {
                    tick.tick().await;
                    client.send("POST", "/api/v1/cases", "", &report(&mut dice)).await?;
                    written.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, Fault>(())
            })
        })
        .collect();
    for writer in writers {
        writer.await.map_err(|e| Fault::new(e.to_string()))??;
    }
    Ok(())
}

/// Median, 95th, 99th percentile and maximum, in milliseconds.
pub fn percentiles(times: &mut [Duration]) -> Value {
    times.sort_unstable();
    let at = |share: f64| {
        let index = ((times.len() as f64 * share).ceil() as usize).saturating_sub(1);
        times.get(index).map_or(0.0, |t| round(t.as_secs_f64() * 1000.0))
    };
    json!({ "count": times.len(), "p50_ms": at(0.5), "p95_ms": at(0.95), "p99_ms": at(0.99),
        "max_ms": at(1.0) })
}

fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
