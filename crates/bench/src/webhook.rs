//! Providers' calls at a steady rate: how soon each is acknowledged, which is when it is on disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_app::account::seal;
use tanggap_app::key::find_or_make;
use tanggap_channels::messenger::{Kind, Secrets};
use tanggap_channels::signed::app_secret_proof;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_kernel::{Access, Clock, Fault, Result};
use tanggap_store::{Db, Engine};
use tanggap_ui::ctx::Secrets as Keys;
use tokio::sync::Mutex;

use crate::client::Client;
use crate::process;

/// The number of ours that is called, and the secret that signs.
const NUMBER: &str = "1122334455667";
const SECRET: &str = "rahasia";

/// `account`.
#[derive(Args)]
pub struct AccountArgs {
    /// `postgres://…`, or a file.
    #[arg(long)]
    database: String,
    /// The node's data folder, where its key is.
    #[arg(long)]
    data: PathBuf,
}

/// `webhook`.
#[derive(Args)]
pub struct WebhookArgs {
    /// Where the server listens.
    #[arg(long)]
    address: String,
    /// Calls per second.
    #[arg(long, default_value_t = 200)]
    rate: u64,
    /// For how long, seconds.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// The processes whose CPU time counts.
    #[arg(long)]
    pid: Vec<u32>,
}

/// Sets up the account that is called, before the node starts.
pub async fn account(args: AccountArgs) -> Result<()> {
    let db = Db::open(Engine::parse(&args.database), Clock::System, true).await?;
    let keys = Keys::new(find_or_make(&args.data)?);
    db.write(move |tx| {
        let agencies = tanggap_org::agencies(tx)?;
        let agency = agencies.first().ok_or_else(|| Fault::new("no agency: seed first"))?.id;
        let secrets =
            Secrets { token: "token".into(), app_secret: SECRET.into(), ..Secrets::default() };
        let input = AccountInput {
            channel: Kind::WhatsApp.as_str(),
            name: "WhatsApp".into(),
            address: NUMBER.into(),
            settings: "{}".into(),
            secrets: seal(&keys, agency, &secrets)?,
            active: true,
        };
        accounts::create(tx, &Access::system(agency), &input)
    })
    .await?;
    db.close().await
}

fn call(n: u64) -> String {
    json!({ "object": "whatsapp_business_account", "entry": [{ "id": "102290129340398",
        "changes": [{ "field": "messages", "value": {
            "messaging_product": "whatsapp",
            "metadata": { "display_phone_number": "62215001", "phone_number_id": NUMBER },
            "contacts": [{ "profile": { "name": "Warga" }, "wa_id": format!("62811{n:07}") }],
            "messages": [{ "from": format!("62811{n:07}"), "id": format!("wamid.{n}"),
                "timestamp": "1697043379", "type": "text",
                "text": { "body": "Lampu jalan di depan pasar padam sejak kemarin." } }],
        } }] }] })
    .to_string()
}

/// Calls at the rate asked for, whether the calls before were answered or not.
pub async fn run(args: WebhookArgs) -> Result<Value> {
    let idle: Arc<Mutex<Vec<Client>>> = Arc::default();
    let (before, began) = (process::cpu_seconds(&args.pid), Instant::now());
    let mut calls = Vec::new();
    let mut tick =
        tokio::time::interval(Duration::from_secs(1) / u32::try_from(args.rate).unwrap_or(200));
    for n in 0..args.rate * args.seconds {
        tick.tick().await;
        let (idle, address) = (Arc::clone(&idle), args.address.clone());
        calls.push(tokio::spawn(async move {
            let at = Instant::now();
            let client = idle.lock().await.pop();
            let headers = "Content-Type: application/json\r\n";
            let mut client = client.unwrap_or_else(|| Client::new(&address, headers));
            let body = call(n);
            let proof = app_secret_proof(SECRET, &body);
            let proof = format!("X-Hub-Signature-256: sha256={proof}\r\n");
            let path = format!("/kanal/whatsapp/{NUMBER}");
            let reply = client.send("POST", &path, &proof, body.as_bytes()).await?;
            let took = at.elapsed();
            idle.lock().await.push(client);
            Ok::<_, Fault>((reply.status, took))
        }));
    }
    let (mut times, mut refused) = (Vec::new(), 0);
    for call in calls {
        let (status, took) = call.await.map_err(|e| Fault::new(format!("a call broke: {e}")))??;
        refused += u64::from(status != 200);
        times.push(took);
    }
    let seconds = began.elapsed().as_secs_f64();
    times.sort();
    let at = |share: f64| {
        let place = ((times.len() as f64 - 1.0) * share).round() as usize;
        times.get(place).map_or(0.0, |took| took.as_secs_f64() * 1000.0)
    };
    let cpu = process::cpu_seconds(&args.pid) - before;
    Ok(json!({
        "calls": times.len(),
        "refused": refused,
        "per_second": times.len() as f64 / seconds,
        "p50_ms": at(0.5),
        "p99_ms": at(0.99),
        "max_ms": at(1.0),
        "cpu_ms_each": cpu * 1000.0 / times.len() as f64,
    }))
}
