//! SMPP out: how many messages one bind hands to a message centre, with a window of unanswered
//! ones, each answered by its own id.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_channels::exchange::Outgoing;
use tanggap_channels::reach::Reach;
use tanggap_channels::sms::wire::{Client, Settings, client};
use tanggap_kernel::{Fault, Result};

use crate::process;

/// `sms`.
#[derive(Args)]
pub struct SmsArgs {
    /// The port of the centre, on this machine.
    #[arg(long)]
    port: u16,
    /// Messages that may be unanswered at a time.
    #[arg(long, default_value_t = 50)]
    window: u16,
    /// For how long, seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

/// Sends in a closed loop of as many senders as the window is wide.
pub async fn run(args: SmsArgs) -> Result<Value> {
    let settings = Settings {
        host: "127.0.0.1".to_owned(),
        port: args.port,
        reach: Reach::everywhere(),
        system_id: "tanggap".to_owned(),
        window: args.window,
        ..Settings::default()
    };
    let (client, _brought, driver) = client(settings, "rahasia".to_owned());
    let driver = tokio::spawn(driver.run());
    // The bind is not measured.
    send(&client, 0).await?;
    let number = Arc::new(AtomicU64::new(1));
    let me = [std::process::id()];
    let (before, began) = (process::cpu_seconds(&me), Instant::now());
    let until = began + Duration::from_secs(args.seconds);
    let senders: Vec<_> = (0..args.window)
        .map(|_| {
            let (client, number) = (client.clone(), Arc::clone(&number));
            tokio::spawn(async move {
                let mut took = Vec::new();
                while Instant::now() < until {
                    let asked = Instant::now();
                    let id = send(&client, number.fetch_add(1, Ordering::Relaxed)).await?;
                    took.push((asked.elapsed(), id));
                }
                Ok::<_, tanggap_kernel::Error>(took)
            })
        })
        .collect();
    let mut took = Vec::new();
    for sender in senders {
        took.extend(sender.await.map_err(|error| Fault::new(error.to_string()))??);
    }
    let elapsed = began.elapsed().as_secs_f64();
    let cpu = process::cpu_seconds(&me) - before;
    client.close();
    driver.await.map_err(|error| Fault::new(error.to_string()))?;
    let ids: HashSet<&str> = took.iter().map(|(_, id)| id.as_str()).collect();
    if ids.len() != took.len() {
        return Err(Fault::new("an id was given twice").into());
    }
    let mut times: Vec<f64> = took.iter().map(|(t, _)| t.as_secs_f64() * 1000.0).collect();
    times.sort_by(f64::total_cmp);
    let sent = times.len().max(1);
    Ok(json!({
        "messages": sent,
        "per_second": sent as f64 / elapsed,
        "p50_ms": times.get(sent / 2),
        "p99_ms": times.get(sent * 99 / 100),
        "cpu_ms_each": cpu * 1000.0 / sent as f64,
    }))
}

async fn send(client: &Client, number: u64) -> Result<String> {
    let out = Outgoing {
        key: number.to_string(),
        to: format!("+62812{:08}", number % 100_000_000),
        text: format!("Laporan Anda nomor {number} sudah kami teruskan. Terima kasih."),
        ..Outgoing::default()
    };
    let accepted = client.send(&out).await.map_err(|error| Fault::new(error.to_string()))?;
    let mut ids = accepted.external_ids.into_iter();
    ids.next().ok_or_else(|| Fault::new("a message without an id").into())
}
