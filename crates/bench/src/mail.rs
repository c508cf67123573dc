//! Incoming mail: raw messages to cases, a mailbox's first import that is broken off in the
//! middle, and mailboxes in which nothing happens. The server is Debian's Dovecot
//! (`scripts/with-dovecot.sh`).

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use tanggap_app::config::Config;
use tanggap_app::mailbox::follow::{Mailbox, follow};
use tanggap_app::{letter, node};
use tanggap_calendar::Zone;
use tanggap_channels::email::imap::{MailboxConfig, Start};
use tanggap_channels::email::login::Login;
use tanggap_channels::email::wire::TlsMode;
use tanggap_channels::reach::Reach;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_kernel::{Access, AgencyId, Fault, Result, params};
use tanggap_org::NewAgency;
use tanggap_ui::Ctx;
use tokio::sync::watch;

use crate::process;

/// Letters of one commit, as the worker of a mailbox has them.
const COMMIT: usize = 16;
/// The most time that an import may take.
const PATIENCE: Duration = Duration::from_secs(3600);

/// `letters`.
#[derive(Args)]
pub struct LettersArgs {
    /// An empty folder for the node.
    #[arg(long)]
    data: PathBuf,
    /// `postgres://…`; without it SQLite in the folder.
    #[arg(long)]
    database: Option<String>,
    /// How many letters.
    #[arg(long, default_value_t = 5_000)]
    letters: u32,
    /// The processes whose CPU time counts beside this one's.
    #[arg(long)]
    pid: Vec<u32>,
}

/// `mailbox`.
#[derive(Args)]
pub struct MailboxArgs {
    /// An empty folder for the node.
    #[arg(long)]
    data: PathBuf,
    /// `postgres://…`; without it SQLite in the folder.
    #[arg(long)]
    database: Option<String>,
    /// The server's folder.
    #[arg(long, env = "TANGGAP_TEST_DOVECOT")]
    dovecot: PathBuf,
    /// How many messages lie in the mailbox.
    #[arg(long, default_value_t = 100_000)]
    messages: u32,
    /// How many mailboxes lie idle.
    #[arg(long, default_value_t = 300)]
    idle: u32,
}

async fn begin(data: &Path, database: Option<&String>) -> Result<(Ctx, AgencyId)> {
    let mut config = Config::load(data, None)?;
    config.database = database.cloned();
    let ctx = node::open(&config, true).await?;
    let new = NewAgency::named("Pemerintah Kabupaten Uji", Zone::Wib);
    let agency = ctx.db.write(move |tx| tanggap_org::create_agency(tx, &new)).await?;
    Ok((ctx, agency))
}

/// A letter of a few lines in two forms; each fifth answers the one four before it.
fn raw(number: u32) -> Vec<u8> {
    let writer = if number % 5 == 4 { number - 4 } else { number };
    let answers = match number == writer {
        true => String::new(),
        false => format!("In-Reply-To: <{writer}@contoh.id>\r\n"),
    };
    let text = format!(
        "Yth. Bapak/Ibu,\r\n\r\nlampu jalan nomor {number} di depan pasar mati sejak tiga hari \
         yang lalu dan jalannya gelap sekali pada malam hari, mohon segera diperbaiki.\r\n\r\n\
         Terima kasih,\r\nWarga {writer}\r\n"
    );
    format!(
        "Return-Path: <warga{writer}@contoh.id>\r\n\
         Received: from mx.contoh.id by mx.uji.go.id; Fri, 13 Mar 2026 09:00:00 +0700\r\n\
         From: Warga {writer} <warga{writer}@contoh.id>\r\nTo: lapor@uji.go.id\r\n\
         Subject: =?utf-8?q?Lampu_jalan_{number}_mati?=\r\n{answers}\
         Date: Fri, 13 Mar 2026 09:00:00 +0700\r\nMessage-ID: <{number}@contoh.id>\r\n\
         MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n\
         --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{text}\r\n\
         --b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>{text}</p>\r\n--b--\r\n"
    )
    .into_bytes()
}

/// Raw messages through parse, thread, store and case, one after the other as they lie in a
/// mailbox.
pub async fn letters(args: LettersArgs) -> Result<Value> {
    let (ctx, agency) = begin(&args.data, args.database.as_ref()).await?;
    let mut measured: Vec<u32> = args.pid;
    measured.push(std::process::id());
    let (before, began) = (process::cpu_seconds(&measured), Instant::now());
    for from in (0..args.letters).step_by(COMMIT) {
        let mut read = Vec::with_capacity(COMMIT);
        for number in from..args.letters.min(from + COMMIT as u32) {
            read.push(letter::read(&ctx, raw(number), letter::Door::default()).await?);
        }
        let store = ctx.db.write(move |tx| {
            for letter in &read {
                letter::store(tx, agency, letter)?;
            }
            Ok(())
        });
        store.await?;
    }
    let elapsed = began.elapsed().as_secs_f64();
    let cpu = process::cpu_seconds(&measured) - before;
    let there = count(&ctx, "select count(*) from messages where direction = 'in'").await?;
    if there != i64::from(args.letters) {
        return Err(Fault::new(format!("{there} of {} letters", args.letters)).into());
    }
    let letters = f64::from(args.letters);
    Ok(json!({
        "letters": args.letters,
        "per_second": letters / elapsed,
        "cpu_ms_each": cpu * 1000.0 / letters,
    }))
}

/// A first import that is broken off in the middle and goes on, then mailboxes that lie idle.
pub async fn mailbox(args: MailboxArgs) -> Result<Value> {
    let (ctx, agency) = begin(&args.data, args.database.as_ref()).await?;
    fill(&args.dovecot, args.messages)?;
    let own = account(&ctx, agency, &args.dovecot, "isi").await?;
    let (_open, closing) = watch::channel(false);
    let took = "select coalesce(sum(taken), 0) from channel_states";
    let me = [std::process::id()];
    let (before, began) = (process::cpu_seconds(&me), Instant::now());
    let worker = tokio::spawn(follow(ctx.clone(), own.clone(), closing.clone()));
    until(&ctx, took, i64::from(args.messages / 2)).await?;
    worker.abort();
    // What is being committed at this moment is there before it goes on.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let worker = tokio::spawn(follow(ctx.clone(), own, closing.clone()));
    until(&ctx, took, i64::from(args.messages)).await?;
    let elapsed = began.elapsed().as_secs_f64();
    let cpu = process::cpu_seconds(&me) - before;
    worker.abort();
    let there = count(&ctx, "select count(*) from messages where direction = 'in'").await?;
    if there != i64::from(args.messages) {
        return Err(Fault::new(format!("{there} of {} messages", args.messages)).into());
    }

    let mut workers = Vec::new();
    for number in 0..args.idle {
        let own = account(&ctx, agency, &args.dovecot, &format!("diam{number}")).await?;
        workers.push(tokio::spawn(follow(ctx.clone(), own, closing.clone())));
    }
    let waiting = "select count(*) from channel_states where state = 'waiting'";
    until(&ctx, waiting, i64::from(args.idle)).await?;
    let pss_mb = process::pss_mb(&me);
    for worker in workers {
        worker.abort();
    }
    let messages = f64::from(args.messages);
    Ok(json!({
        "messages": args.messages,
        "per_second": messages / elapsed,
        "cpu_ms_each": cpu * 1000.0 / messages,
        "idle": args.idle,
        "idle_pss_mb": pss_mb,
    }))
}

fn fill(dovecot: &Path, messages: u32) -> Result<()> {
    let wrong = |e: std::io::Error| Fault::new(format!("{}: {e}", dovecot.display()));
    let home = dovecot.join("mail/isi");
    for part in ["tmp", "new", "cur"] {
        std::fs::create_dir_all(home.join(part)).map_err(wrong)?;
    }
    for number in 0..messages {
        let name = format!("{:010}.M{number}.uji", 1_700_000_000 + number);
        std::fs::write(home.join("new").join(name), raw(number)).map_err(wrong)?;
    }
    let like = format!("--reference={}", dovecot.join("mail").display());
    // Where this does not run as root, the files are its own and the server's as well.
    let _ = std::process::Command::new("chown").arg("-R").arg(like).arg(home).status();
    Ok(())
}

async fn account(ctx: &Ctx, agency: AgencyId, dovecot: &Path, user: &str) -> Result<Mailbox> {
    let ports = std::fs::read_to_string(dovecot.join("ports"))
        .map_err(|e| Fault::new(format!("{}: {e}", dovecot.display())))?;
    let port = ports.split_whitespace().next().and_then(|port| port.parse().ok());
    let input = AccountInput {
        channel: "email",
        name: user.to_owned(),
        address: format!("{user}@uji.go.id"),
        settings: "{}".to_owned(),
        secrets: Vec::new(),
        active: true,
    };
    let access = Access::system(agency);
    let account = ctx.db.write(move |tx| accounts::create(tx, &access, &input)).await?;
    let config = MailboxConfig {
        host: "127.0.0.1".to_owned(),
        port: port.ok_or_else(|| Fault::new("the server has no port"))?,
        reach: Reach::everywhere(),
        tls: TlsMode::None,
        ca_pem: None,
        user: user.to_owned(),
        login: Arc::new(Login::Password("rahasia".to_owned())),
        folder: "INBOX".to_owned(),
        start: Start::All,
        timeout: Duration::from_secs(60),
        idle: Duration::from_secs(540),
    };
    Ok(Mailbox { agency, account, config, scanner: None, authserv: None })
}

async fn count(ctx: &Ctx, text: &'static str) -> Result<i64> {
    let read = ctx.db.read(move |tx| Ok(tx.ad_hoc(text, params![], |row| row.int())?));
    Ok(read.await?.into_iter().next().unwrap_or(0))
}

async fn until(ctx: &Ctx, text: &'static str, wanted: i64) -> Result<()> {
    let began = Instant::now();
    while count(ctx, text).await? < wanted {
        if began.elapsed() > PATIENCE {
            return Err(Fault::new(format!("no {wanted} within an hour: {text}")).into());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
