//! A mailbox at Debian's Dovecot, which `scripts/with-dovecot.sh` starts, becomes cases: one for
//! each message, none twice, whoever dies in the middle.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tanggap_app::mailbox::follow::{Mailbox, follow};
use tanggap_channels::email::imap::{MailboxConfig, Start};
use tanggap_channels::email::login::Login;
use tanggap_channels::email::wire::TlsMode;
use tanggap_channels::reach::Reach;
use tanggap_conversations::accounts::{self, AccountInput};
use tanggap_kernel::{Access, AgencyId, params};
use tanggap_testkit::{TestDb, block_on};
use tanggap_ui::Ctx;
use tokio::sync::watch;

use crate::dovecot::Dovecot;
use crate::kit;

const PATIENCE: Duration = Duration::from_secs(60);

fn letter(number: u32) -> Vec<u8> {
    format!(
        "From: Warga <warga{number}@contoh.id>\r\nSubject: Laporan {number}\r\n\
         Message-ID: <{number}@contoh.id>\r\n\r\nLampu nomor {number} mati.\r\n"
    )
    .into_bytes()
}

async fn count(ctx: &Ctx, sql: &'static str) -> i64 {
    let found = ctx.db.read(move |tx| Ok(tx.ad_hoc(sql, params![], |row| row.int())?));
    found.await.expect("counted")[0]
}

async fn until_cases(ctx: &Ctx, wanted: i64) {
    let begun = Instant::now();
    loop {
        let cases = count(ctx, "select count(*) from cases").await;
        assert!(cases <= wanted, "{cases} cases of {wanted} messages");
        if cases == wanted {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{cases} cases of {wanted} messages");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn mailbox(ctx: &Ctx, agency: AgencyId, server: &Dovecot, user: &str) -> Mailbox {
    let address = format!("{user}@uji.id");
    let account = ctx.db.write(move |tx| {
        let input = AccountInput {
            channel: "email",
            name: "Pengaduan".into(),
            address: address.clone(),
            settings: "{}".into(),
            secrets: Vec::new(),
            active: true,
        };
        accounts::create(tx, &Access::system(agency), &input)
    });
    let config = MailboxConfig {
        host: "127.0.0.1".into(),
        port: server.port,
        reach: Reach::everywhere(),
        tls: TlsMode::None,
        ca_pem: None,
        user: user.into(),
        login: Arc::new(Login::Password("rahasia".into())),
        folder: "INBOX".into(),
        start: Start::All,
        timeout: Duration::from_secs(10),
        idle: Duration::from_secs(600),
    };
    Mailbox {
        agency,
        account: account.await.expect("an account"),
        config,
        scanner: None,
        authserv: None,
    }
}

#[test]
fn one_case_for_each_message_whoever_dies() {
    let Some(server) = Dovecot::find() else { return };
    let _alone = server.alone();
    block_on(async {
        let kit = TestDb::sqlite().await;
        let ctx = kit::ctx(&kit);
        let agency = kit::agency(&ctx).await;
        server.deliver("kasus", 0..120, letter);
        // One of them twice, as a mail system delivers after a lost answer; one unreadable.
        server.deliver("kasus", 120..121, |_| letter(7));
        server.deliver("kasus", 121..122, |_| (0..=255).cycle().take(4_000).collect());
        let mailbox = mailbox(&ctx, agency, &server, "kasus").await;

        // This node's worker dies in the middle of the first import.
        let (_open, closing) = watch::channel(false);
        let worker = tokio::spawn(follow(ctx.clone(), mailbox.clone(), closing.clone()));
        while count(&ctx, "select count(*) from cases").await < 10 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        worker.abort();
        // Then the server dies under the next one.
        let worker = tokio::spawn(follow(ctx.clone(), mailbox.clone(), closing.clone()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.control("kill");
        server.control("start");
        until_cases(&ctx, 121).await;
        // What comes while it listens comes at once.
        server.deliver("kasus", 122..125, letter);
        until_cases(&ctx, 124).await;
        worker.abort();

        // The mailbox is made anew: all UIDs mean something else, no case does.
        server.control("kill");
        let home = server.folder.join("mail/kasus");
        for entry in std::fs::read_dir(&home).expect("a folder").flatten() {
            if entry.file_name().to_string_lossy().starts_with("dovecot") {
                std::fs::remove_file(entry.path()).expect("removed");
            }
        }
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        server.control("start");
        server.deliver("kasus", 125..126, letter);
        let (close, closing) = watch::channel(false);
        let worker = tokio::spawn(follow(ctx.clone(), mailbox, closing));
        until_cases(&ctx, 125).await;
        close.send(true).expect("it listens");
        worker.await.expect("no panic").expect("an orderly end");
        assert_eq!(count(&ctx, "select count(*) from interactions").await, 125);
        assert_eq!(count(&ctx, "select count(*) from inbound").await, 0);
    });
}
