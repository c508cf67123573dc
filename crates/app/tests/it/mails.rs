//! Mail in and out: a thread continues its case, nothing is made twice, nothing is dropped, and
//! what goes out survives a relay that is away.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use tanggap_app::letter::{self, Taken};
use tanggap_app::work::mail::message_id;
use tanggap_app::work::outbound::Dispatcher;
use tanggap_app::work::{self, gateways::Gateways};
use tanggap_channels::email::wire::{RelayConfig, TlsMode};
use tanggap_channels::reach::Reach;
use tanggap_conversations::{self as talk, Direction, Outbound, SendState, outbound};
use tanggap_kernel::{Access, AgencyId, Timestamp};
use tanggap_testkit::{TestDb, block_on, engines};
use tanggap_ui::Ctx;

use crate::kit;

async fn take(ctx: &Ctx, agency: AgencyId, mail: &str) -> Taken {
    let raw = mail.replace('\n', "\r\n").into_bytes();
    letter::take_in(ctx, agency, raw, letter::Door::default()).await.expect("taken in")
}

fn first(from: &str, id: &str) -> String {
    format!("From: {from}\nSubject: Lampu jalan padam\nMessage-ID: <{id}>\n\nSudah tiga hari.\n")
}

async fn ledger(ctx: &Ctx, agency: AgencyId, state: SendState) -> Vec<Outbound> {
    ctx.db
        .read(move |tx| Ok(outbound::waiting(tx, &Access::system(agency), state, None, 100)?))
        .await
        .expect("read")
}

/// The messages of a case as direction and text.
async fn said(ctx: &Ctx, agency: AgencyId, code: &Option<String>) -> Vec<(Direction, String)> {
    let code = code.clone().expect("a case");
    ctx.db
        .read(move |tx| {
            let access = Access::system(agency);
            let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("there");
            let found = talk::messages_of_case(tx, &access, case.id.0)?;
            Ok(found.into_iter().map(|m| (m.direction, m.body)).collect())
        })
        .await
        .expect("read")
}

engines! {
    async fn the_same_message_twice_makes_nothing_twice(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        for text in [first("Budi <budi@contoh.id>", "a@contoh.id"), "Tanpa kepala surat".into()] {
            let one = take(&ctx, agency, &text).await;
            let two = take(&ctx, agency, &text).await;
            assert!(one.created && !two.created);
            assert_eq!(one.case, two.case);
            assert_eq!(said(&ctx, agency, &one.case).await.len(), 1);
        }
    }

    async fn an_answer_to_our_mail_continues_its_case(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first("Budi <budi@contoh.id>", "a@contoh.id")).await;
        let receipt = ledger(&ctx, agency, SendState::Waiting).await.remove(0);
        assert_eq!(receipt.recipient, "budi@contoh.id");
        let reply = format!(
            "From: Budi <budi@contoh.id>\nSubject: Re: laporan\nMessage-ID: <b@contoh.id>\n\
             In-Reply-To: {}\n\nSekarang dua lampu.\n\nPada Sen, 2 Mar 2026 \
             lapor@x.go.id menulis:\n\
             > Terima kasih.\n",
            message_id(receipt.id, "uji.go.id")
        );
        let taken = take(&ctx, agency, &reply).await;
        assert_eq!((taken.created, &taken.case), (false, &opened.case));
        let heard = said(&ctx, agency, &opened.case).await;
        assert_eq!(heard.last().expect("said"), &(Direction::In, "Sekarang dua lampu.".into()));
    }

    async fn a_code_in_the_subject_counts_from_the_reporter_only(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first("Budi <budi@contoh.id>", "a@contoh.id")).await;
        let code = opened.case.clone().expect("a code");
        let about = |from: &str, id: &str| {
            format!("From: {from}\nSubject: Soal [{code}]\nMessage-ID: <{id}>\n\nKapan?\n")
        };
        let own = take(&ctx, agency, &about("budi@contoh.id", "b@contoh.id")).await;
        assert_eq!((own.created, &own.case), (false, &opened.case));
        let other = take(&ctx, agency, &about("lain@contoh.id", "c@contoh.id")).await;
        assert!(other.created && other.case != opened.case);
    }

    async fn machines_are_not_written_to(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let opened = take(&ctx, agency, &first("Budi <budi@contoh.id>", "a@contoh.id")).await;
        let receipt = ledger(&ctx, agency, SendState::Waiting).await.remove(0);
        let away = format!(
            "From: budi@contoh.id\nSubject: Sedang cuti\nAuto-Submitted: auto-replied\n\
             Message-ID: <c@contoh.id>\nIn-Reply-To: {}\n\nSaya cuti.\n",
            message_id(receipt.id, "uji.go.id")
        );
        let taken = take(&ctx, agency, &away).await;
        assert_eq!(taken.case, opened.case);
        let heard = said(&ctx, agency, &opened.case).await;
        assert_eq!(heard.last().expect("said").0, Direction::Internal);
        let unknown = away.replace("c@contoh.id", "d@contoh.id").replace("In-Reply-To", "X-None");
        assert!(take(&ctx, agency, &unknown).await.created);
        assert_eq!(ledger(&ctx, agency, SendState::Waiting).await.len(), 1);
    }

    async fn mail_waits_for_its_relay_and_goes_out_once(kit) {
        let mut ctx = kit::ctx(&kit);
        let base_url = "https://uji.go.id".to_owned();
        ctx.site = Arc::new(tanggap_ui::ctx::Site { base_url, ..(*ctx.site).clone() });
        let agency = kit::agency(&ctx).await;
        take(&ctx, agency, &first("Budi <budi@contoh.id>", "a@contoh.id")).await;
        let run = async |relay: Option<&RelayConfig>, later: i64| {
            kit.clock.set(kit.clock.now().plus(later));
            let gateways = relay.map_or_else(Gateways::default, |relay| {
                work::gateways(Some(relay), &ctx.secrets).expect("a relay")
            });
            Dispatcher::new(ctx.clone(), gateways).run_due().await.expect("ran")
        };
        // Weeks without a relay are no failure.
        for _ in 0..2 {
            assert_eq!(run(None, 14 * Timestamp::DAY).await, 0);
            let row = ledger(&ctx, agency, SendState::Waiting).await.remove(0);
            assert_eq!((row.attempts, row.error), (0, None));
        }
        let relay = Relay::start();
        for answer in [451, 451] {
            relay.answer.store(answer, Ordering::Release);
            run(Some(&relay.config), 2 * Timestamp::HOUR).await;
            let row = ledger(&ctx, agency, SendState::Waiting).await.remove(0);
            assert!(row.error.is_some_and(|error| error.contains("nanti")));
        }
        relay.answer.store(250, Ordering::Release);
        for _ in 0..3 {
            run(Some(&relay.config), 2 * Timestamp::HOUR).await;
        }
        assert!(ledger(&ctx, agency, SendState::Waiting).await.is_empty());
        let sent = relay.taken.lock().expect("no panic").clone();
        assert_eq!(sent.len(), 1, "{sent:?}");
        assert!(sent[0].contains("Auto-Submitted: auto-generated"), "{}", sent[0]);
        let read = tanggap_channels::email::parse::parse(sent[0].as_bytes());
        assert!(read.text.contains("https://uji.go.id/lacak/TGP-"), "{}", read.text);
        assert!(read.message_id.is_some_and(|id| id.ends_with("@uji.go.id>")));
    }

    async fn what_a_relay_refuses_for_good_has_failed(kit) {
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        take(&ctx, agency, &first("Budi <budi@contoh.id>", "a@contoh.id")).await;
        let relay = Relay::start();
        relay.answer.store(550, Ordering::Release);
        let gateways = work::gateways(Some(&relay.config), &ctx.secrets).expect("a relay");
        let dispatcher = Dispatcher::new(ctx.clone(), gateways);
        for _ in 0..3 {
            kit.clock.set(kit.clock.now().plus(Timestamp::HOUR));
            dispatcher.run_due().await.expect("ran");
        }
        let failed = ledger(&ctx, agency, SendState::Failed).await;
        assert_eq!((failed.len(), failed[0].attempts), (1, 1));
    }
}

/// A relay that answers every message with the same code and keeps what it took.
pub(crate) struct Relay {
    pub(crate) config: RelayConfig,
    pub(crate) answer: Arc<AtomicU16>,
    pub(crate) taken: Arc<Mutex<Vec<String>>>,
}

impl Relay {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let config = RelayConfig {
            host: "127.0.0.1".into(),
            port: listener.local_addr().expect("bound").port(),
            reach: Reach::everywhere(),
            tls: TlsMode::None,
            ca_pem: None,
            user: None,
            password: None,
            from_address: "lapor@uji.go.id".into(),
            from_name: None,
            reply_tags: false,
            dkim_selector: None,
            dkim_key: None,
            hello_name: "uji.go.id".into(),
            timeout_seconds: 5,
            pool_size: 2,
        };
        let (answer, taken) = (Arc::new(AtomicU16::new(250)), Arc::default());
        let shared = (Arc::clone(&answer), Arc::clone(&taken));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, taken) = (Arc::clone(&shared.0), Arc::clone(&shared.1));
                // A peer that goes away ends its own conversation only.
                std::thread::spawn(move || converse(stream, &answer, &taken).ok());
            }
        });
        Self { config, answer, taken }
    }
}

fn converse(
    stream: TcpStream,
    answer: &AtomicU16,
    taken: &Mutex<Vec<String>>,
) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?);
    let mut out = stream;
    out.write_all(b"220 uji\r\n")?;
    let mut line = String::new();
    while lines.read_line(&mut line)? > 0 {
        let word = line.to_ascii_uppercase();
        line.clear();
        match word.as_str() {
            word if word.starts_with("EHLO") => out.write_all(b"250-uji\r\n250 8BITMIME\r\n")?,
            word if word.starts_with("DATA") => {
                out.write_all(b"354 go\r\n")?;
                let mut message = String::new();
                while lines.read_line(&mut line)? > 0 && line != ".\r\n" {
                    message.push_str(&line);
                    line.clear();
                }
                line.clear();
                let code = answer.load(Ordering::Acquire);
                if code == 250 {
                    taken.lock().expect("no panic").push(message);
                }
                out.write_all(format!("{code} nanti\r\n").as_bytes())?;
            }
            word if word.starts_with("QUIT") => return out.write_all(b"221 bye\r\n"),
            _ => out.write_all(b"250 ok\r\n")?,
        }
    }
    Ok(())
}

#[test]
fn what_cannot_be_read_is_kept_whole_and_shown() {
    block_on(async {
        let kit = TestDb::sqlite().await;
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let bytes: Vec<u8> = (0..=255).cycle().take(5000).collect();
        let taken = letter::take_in(&ctx, agency, bytes.clone(), letter::Door::default())
            .await
            .expect("taken in");
        let code = taken.case.expect("a case");
        let files = ctx
            .db
            .read(move |tx| {
                let access = Access::system(agency);
                let case = tanggap_cases::store::by_code(tx, &access, &code)?.expect("there");
                Ok(talk::attachments_of_case(tx, &access, case.id.0)?)
            })
            .await
            .expect("read");
        let mut kept = Vec::new();
        for file in files {
            kept.push(ctx.blobs.get(&file.blob).await.expect("there"));
        }
        assert!(kept.iter().any(|file| *file == bytes));
    });
}

#[test]
fn long_and_empty_mails_and_many_files_become_cases() {
    block_on(async {
        let kit = TestDb::sqlite().await;
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        let mut parts = String::new();
        for n in 0..25 {
            parts.push_str(&format!(
                "--b\nContent-Type: application/octet-stream\n\
                 Content-Disposition: attachment; filename=f{n}.bin\n\nisi {n}\n"
            ));
        }
        let long = "a ".repeat(60_000);
        for mail in [
            String::new(),
            "From: x@contoh.id\n\n".into(),
            format!("From: {}@contoh.id\nSubject: {}\n\n{long}", "p".repeat(90), "s".repeat(900)),
            format!(
                "From: x@contoh.id\nMIME-Version: 1.0\nMessage-ID: <m@contoh.id>\n\
                 Content-Type: multipart/mixed; boundary=b\n\n{parts}--b--\n"
            ),
        ] {
            let taken = take(&ctx, agency, &mail).await;
            assert!(taken.created && taken.case.is_some());
        }
        let count = "select count(*) from attachments where name like 'f%.bin'";
        let kept: Vec<i64> = ctx
            .db
            .read(move |tx| Ok(tx.ad_hoc(count, tanggap_kernel::params![], |row| row.int())?))
            .await
            .expect("counted");
        assert_eq!(kept, [25]);
    });
}

/// Every raw message of the collections outside the product goes in, with its text and files.
#[test]
fn every_collected_message_goes_in() {
    let Ok(folder) = std::env::var("TANGGAP_TESTDATA") else {
        println!("skipped: TANGGAP_TESTDATA is not set");
        return;
    };
    let mut files = Vec::new();
    let root = std::path::Path::new(&folder);
    assert!(root.is_dir(), "{folder} is no folder");
    let mut folders = vec![root.join("email-mime"), root.join("email-bounce")];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(&next).expect("a folder").flatten() {
            let path = entry.path();
            let is_text = path.extension().is_some_and(|e| e == "md" || e == "jsonl");
            match path.is_dir() {
                true => folders.push(path),
                false if !is_text => files.push(path),
                false => {}
            }
        }
    }
    assert!(files.len() > 100, "{}", files.len());
    block_on(async {
        let kit = TestDb::sqlite().await;
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        for path in files {
            let raw = std::fs::read(&path).expect("a message");
            let taken = letter::take_in(&ctx, agency, raw, letter::Door::default()).await;
            let taken = taken.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            assert!(taken.case.is_some(), "{}", path.display());
        }
        let report = tanggap_store::audit::verify(&ctx.db, vec![], &tanggap_cases::VOUCHED)
            .await
            .expect("a report");
        assert!(report.broken.is_empty(), "{:?}", report.broken);
    });
}
