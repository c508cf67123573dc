//! Many browsers on one live list: how soon all of them have seen a change.

use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_kernel::{Fault, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::load::percentiles;
use crate::process;

/// `watch`.
#[derive(Args)]
pub struct WatchArgs {
    /// Where the server listens.
    #[arg(long)]
    address: String,
    /// The session cookie of a member of staff.
    #[arg(long)]
    cookie: String,
    /// A bearer token that may write.
    #[arg(long)]
    token: String,
    /// The live stream.
    #[arg(long, default_value = "/arus?topik=cases")]
    path: String,
    /// How many browsers.
    #[arg(long, default_value_t = 2000)]
    browsers: usize,
    /// Changes per second.
    #[arg(long, default_value_t = 5)]
    changes: u32,
    /// For how long, seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// The processes whose CPU time counts.
    #[arg(long)]
    pid: Vec<u32>,
}

/// Opens the streams, makes changes, and times when the last browser has seen each.
pub async fn run(args: WatchArgs) -> Result<Value> {
    let (seen, mut sightings) = mpsc::channel::<(usize, String, Instant)>(1 << 16);
    let ready = Arc::new(tokio::sync::Semaphore::new(0));
    for browser in 0..args.browsers {
        let (seen, ready) = (seen.clone(), Arc::clone(&ready));
        let (address, path, cookie) =
            (args.address.clone(), args.path.clone(), args.cookie.clone());
        tokio::spawn(async move { listen(browser, &address, &path, &cookie, &ready, &seen).await });
        if browser % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let all = u32::try_from(args.browsers).unwrap_or(u32::MAX);
    let opened = tokio::time::timeout(Duration::from_secs(30), ready.acquire_many(all)).await;
    opened
        .map_err(|_| Fault::new("not all streams opened"))?
        .map_err(|e| Fault::new(e.to_string()))?
        .forget();

    let headers =
        format!("Authorization: Bearer {}\r\nContent-Type: application/json\r\n", args.token);
    let mut client = Client::new(&args.address, &headers);
    let before = process::cpu_seconds(&args.pid);
    let mut tick = tokio::time::interval(Duration::from_secs(1) / args.changes);
    let mut made: Vec<(String, Instant, usize, Duration)> = Vec::new();
    for n in 0..args.changes * args.seconds {
        tick.tick().await;
        let marker = format!("perubahan nomor {n} selesai");
        let body = json!({ "kind": "complaint", "subject": marker, "description": "Uji arus." });
        let at = Instant::now();
        client.send("POST", "/api/v1/cases", "", body.to_string().as_bytes()).await?;
        made.push((marker, at, 0, Duration::ZERO));
        drain(&mut sightings, &mut made);
    }
    let end = Instant::now() + Duration::from_secs(5);
    while Instant::now() < end && made.iter().any(|m| m.2 < args.browsers) {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drain(&mut sightings, &mut made);
    }
    let missed = made.iter().filter(|m| m.2 < args.browsers).count();
    let mut times: Vec<Duration> = made.iter().filter(|m| m.2 > 0).map(|m| m.3).collect();
    let mut figures = percentiles(&mut times);
    figures["changes_not_seen_by_all"] = json!(missed);
    figures["browsers"] = json!(args.browsers);
    figures["cpu_seconds"] = json!(process::cpu_seconds(&args.pid) - before);
    figures["pss_mb"] = json!(process::pss_mb(&args.pid));
    Ok(figures)
}

fn drain(
    sightings: &mut mpsc::Receiver<(usize, String, Instant)>,
    made: &mut [(String, Instant, usize, Duration)],
) {
    while let Ok((_, text, when)) = sightings.try_recv() {
        for (marker, at, count, slowest) in made.iter_mut().rev().take(50) {
            if text.contains(marker.as_str()) {
                *count += 1;
                *slowest = (*slowest).max(when.saturating_duration_since(*at));
            }
        }
    }
}

async fn listen(
    browser: usize,
    address: &str,
    path: &str,
    cookie: &str,
    ready: &tokio::sync::Semaphore,
    seen: &mpsc::Sender<(usize, String, Instant)>,
) -> Result<(), Fault> {
    let io = |e: std::io::Error| Fault::new(format!("stream: {e}"));
    let mut stream = TcpStream::connect(address).await.map_err(io)?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\n\
         Accept: text/event-stream\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let (mut buffer, mut greeted) = (vec![0; 16 << 10], false);
    loop {
        let read = stream.read(&mut buffer).await.map_err(io)?;
        if read == 0 {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&buffer[..read]);
        if !greeted && text.contains("hello") {
            greeted = true;
            ready.add_permits(1);
        }
        for line in text.lines().filter(|line| line.contains("perubahan nomor")) {
            let from = line.find("perubahan nomor").unwrap_or(0);
            let marker: String = line[from..].chars().take(40).collect();
            if seen.send((browser, marker, Instant::now())).await.is_err() {
                return Ok(());
            }
        }
    }
}
