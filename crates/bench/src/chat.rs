//! Many open chats: how soon a message that was sent is on the stream of its talk.
//!
//! Each visitor holds a talk and its stream. Messages are sent at a steady rate as now this, now
//! that visitor; timed is from the first byte of the request until the stream tells the message,
//! which is durable by then: the way of an answer is the same.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_kernel::{Fault, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Semaphore, mpsc};

use crate::client::Client;
use crate::load::percentiles;
use crate::process;
use crate::words::Dice;

/// How many connections send.
const SENDERS: u64 = 8;
/// Between the opening of the chats and the first message that is timed.
const SETTLE: Duration = Duration::from_secs(15);
/// Connections that begin talks, at the same time.
const BEGINNERS: usize = 32;

/// `chat`.
#[derive(Args)]
pub struct ChatArgs {
    /// Where the server listens; it has to believe `X-Forwarded-For` from here, so that each
    /// visitor comes from an address of their own.
    #[arg(long)]
    address: String,
    /// How many visitors.
    #[arg(long, default_value_t = 5000)]
    visitors: u64,
    /// Messages per second.
    #[arg(long, default_value_t = 50)]
    messages: u32,
    /// For how long, seconds.
    #[arg(long, default_value_t = 20)]
    seconds: u32,
    /// The processes whose CPU time counts.
    #[arg(long)]
    pid: Vec<u32>,
}

/// When messages were sent, by their keys.
type Sent = Arc<Mutex<HashMap<String, Instant>>>;

/// Opens the chats, sends, and times the streams.
pub async fn run(args: ChatArgs) -> Result<Value> {
    begin_all(&args).await?;
    let (sent, (seen, mut sightings)) = (Sent::default(), mpsc::channel(1 << 16));
    let ready = Arc::new(Semaphore::new(0));
    for visitor in 0..args.visitors {
        let (address, ready, seen) = (args.address.clone(), Arc::clone(&ready), seen.clone());
        tokio::spawn(async move { listen(visitor, &address, &ready, &seen).await });
        if visitor % 100 == 99 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    let all = u32::try_from(args.visitors).unwrap_or(u32::MAX);
    let opened = tokio::time::timeout(Duration::from_secs(60), ready.acquire_many(all)).await;
    opened
        .map_err(|_| Fault::new("not all streams opened"))?
        .map_err(|e| Fault::new(e.to_string()))?
        .forget();
    // What the opening of so many talks at once leaves to be done is not what is measured.
    tokio::time::sleep(SETTLE).await;
    let before = process::cpu_seconds(&args.pid);
    let total = u64::from(args.messages) * u64::from(args.seconds);
    let senders: Vec<_> = (0..SENDERS)
        .map(|sender| {
            let (address, sent) = (args.address.clone(), Arc::clone(&sent));
            let each = Duration::from_secs(1) * u32::try_from(SENDERS).unwrap_or(1) / args.messages;
            let (visitors, count) = (args.visitors, total / SENDERS);
            tokio::spawn(send(sender, address, visitors, count, each, sent))
        })
        .collect();
    let mut times = Vec::new();
    let expected = total / SENDERS * SENDERS;
    let end = Instant::now() + Duration::from_secs(u64::from(args.seconds) + 10);
    while (times.len() as u64) < expected && Instant::now() < end {
        let heard = tokio::time::timeout(Duration::from_millis(100), sightings.recv()).await;
        let Ok(Some((key, when))) = heard else { continue };
        let begun = sent.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        times.extend(begun.map(|begun: Instant| when.saturating_duration_since(begun)));
    }
    for sender in senders {
        sender.await.map_err(|e| Fault::new(e.to_string()))??;
    }
    let cpu = process::cpu_seconds(&args.pid) - before;
    let heard = times.len() as u64;
    let mut figures = percentiles(&mut times);
    figures["not_heard"] = json!(expected - heard);
    figures["visitors"] = json!(args.visitors);
    figures["cpu_ms_each"] = json!((cpu * 1000.0 / heard.max(1) as f64 * 1000.0).round() / 1000.0);
    figures["pss_mb"] = json!((process::pss_mb(&args.pid) * 10.0).round() / 10.0);
    Ok(figures)
}

/// The secret of a visitor's browser.
fn secret(visitor: u64) -> String {
    format!("pengunjung{visitor:033}")
}

async fn begin_all(args: &ChatArgs) -> Result<()> {
    let next = Arc::new(Mutex::new(0..args.visitors));
    let beginners: Vec<_> = (0..BEGINNERS)
        .map(|_| {
            let (address, next) = (args.address.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                let mut client = Client::new(&address, "");
                loop {
                    let visitor = next.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some(visitor) = visitor else { return Ok::<_, Fault>(()) };
                    say(&mut client, visitor, &format!("awal-{visitor:08}")).await?;
                }
            })
        })
        .collect();
    for beginner in beginners {
        beginner.await.map_err(|e| Fault::new(e.to_string()))??;
    }
    Ok(())
}

async fn say(client: &mut Client, visitor: u64, key: &str) -> Result<(), Fault> {
    let [_, a, b, c] = u32::try_from(visitor).unwrap_or(u32::MAX).to_be_bytes();
    let more = format!(
        "Authorization: Bearer {}\r\nX-Forwarded-For: 10.{a}.{b}.{c}\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n",
        secret(visitor)
    );
    let body = format!("key={key}&text=Kapan+berkas+saya+selesai+{key}");
    let reply = client.send("POST", "/obrolan/api/pesan", &more, body.as_bytes()).await?;
    match reply.status {
        200 => Ok(()),
        status => {
            let said = String::from_utf8_lossy(&reply.body).into_owned();
            Err(Fault::new(format!("{status}: {said}")))
        }
    }
}

async fn send(
    sender: u64,
    address: String,
    visitors: u64,
    count: u64,
    each: Duration,
    sent: Sent,
) -> Result<(), Fault> {
    let mut client = Client::new(&address, "");
    let mut dice = Dice::new(sender + 1);
    let mut tick = tokio::time::interval(each);
    for n in 0..count {
        tick.tick().await;
        let key = format!("ukur-{sender:02}-{n:08}");
        let visitor = dice.below(visitors);
        sent.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), Instant::now());
        say(&mut client, visitor, &key).await?;
    }
    Ok(())
}

async fn listen(
    visitor: u64,
    address: &str,
    ready: &Semaphore,
    seen: &mpsc::Sender<(String, Instant)>,
) -> Result<(), Fault> {
    let io = |e: std::io::Error| Fault::new(format!("stream: {e}"));
    let mut stream = TcpStream::connect(address).await.map_err(io)?;
    let request = format!(
        "GET /obrolan/api/arus HTTP/1.1\r\nHost: {address}\r\n\
         Authorization: Bearer {}\r\n\r\n",
        secret(visitor)
    );
    stream.write_all(request.as_bytes()).await.map_err(io)?;
    let (mut buffer, mut greeted) = (vec![0; 8 << 10], false);
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
        for part in text.split("\"key\":\"").skip(1).filter(|part| part.starts_with("ukur-")) {
            let key = part.split('"').next().unwrap_or_default().to_owned();
            if seen.send((key, Instant::now())).await.is_err() {
                return Ok(());
            }
        }
    }
}
