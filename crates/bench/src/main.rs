//! Measures a running Tanggap from outside: a closed loop over HTTP, beside a database filled to
//! a known size. `scripts/bench.sh` (that is `make bench`) runs all of it and writes the tables
//! of docs/benchmarks.md.

mod chat;
mod client;
mod load;
mod mail;
mod process;
mod routing;
mod seed;
mod sms;
mod watch;
mod webhook;
mod words;

use clap::{Parser, Subcommand};
use tanggap_kernel::{Clock, Error};
use tanggap_store::{Db, Engine};

/// The benchmark tool of Tanggap.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Fills an empty database with an agency, its people and so many cases.
    Seed {
        /// `postgres://…`, or a file.
        #[arg(long)]
        database: String,
        /// How many cases; five messages each.
        #[arg(long)]
        cases: i64,
    },
    /// Creates cases over the API in a closed loop.
    Create(load::CreateArgs),
    /// Reads pages in a closed loop beside a stream of writes.
    Read(load::ReadArgs),
    /// Times decisions of routing, in memory.
    Route(routing::RouteArgs),
    /// Sets up the account of a messenger that `webhook` calls; before the node starts.
    Account(webhook::AccountArgs),
    /// Calls as a messenger's provider at a steady rate.
    Webhook(webhook::WebhookArgs),
    /// Opens many live streams and times how soon all of them see a change.
    Watch(watch::WatchArgs),
    /// Hands messages to a message centre over one bind.
    Sms(sms::SmsArgs),
    /// Takes in raw mails, in a folder of its own.
    Letters(mail::LettersArgs),
    /// Imports a mailbox, and holds many in which nothing happens.
    Mailbox(mail::MailboxArgs),
    /// Opens many chats and times how soon a message is on its stream.
    Chat(chat::ChatArgs),
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match Cli::parse().command {
        Command::Seed { database, cases } => {
            let engine = Engine::parse(&database);
            let db = Db::open(engine.clone(), Clock::System, true).await?;
            let seeded = seed::run(&db, cases).await?;
            // Folds SQLite's log into its file, as a program that ends by itself does.
            db.close().await?;
            if let Engine::Postgres(url) = engine {
                // As autovacuum does after a while; it would begin in the midst of the reads.
                Db::open_bare(&url, "vacuum analyze").await?;
            }
            println!("{seeded}");
        }
        Command::Create(args) => println!("{}", load::create(args).await?),
        Command::Read(args) => println!("{}", load::read(args).await?),
        Command::Route(args) => println!("{}", routing::run(&args)),
        Command::Account(args) => webhook::account(args).await?,
        Command::Webhook(args) => println!("{}", webhook::run(args).await?),
        Command::Watch(args) => println!("{}", watch::run(args).await?),
        Command::Sms(args) => println!("{}", sms::run(args).await?),
        Command::Letters(args) => println!("{}", mail::letters(args).await?),
        Command::Mailbox(args) => println!("{}", mail::mailbox(args).await?),
        Command::Chat(args) => println!("{}", chat::run(args).await?),
    }
    Ok(())
}
