//! The way to PostgreSQL inside TLS, as its URL asks for it.

use tanggap_kernel::Clock;
use tanggap_store::{Db, Engine};
use tanggap_testkit::{TestDb, block_on};

/// Whether a connection by `url` is encrypted; `None` where it does not come about.
async fn is_encrypted(url: &str) -> Option<bool> {
    let db = Db::open(Engine::parse(url), Clock::System, false).await.ok()?;
    let asked = "select ssl from pg_stat_ssl where pid = pg_backend_pid()";
    let read = db.read(move |tx| Ok(tx.ad_hoc(asked, &[], |row| row.bool())?[0])).await;
    db.close().await.expect("closed");
    Some(read.expect("read"))
}

#[test]
fn a_database_is_reached_as_its_url_asks() {
    let Ok(authority) = std::env::var("TANGGAP_TEST_POSTGRES_CA") else {
        println!("skipped: the test run's PostgreSQL has no certificate");
        return;
    };
    block_on(async {
        let Some(kit) = TestDb::postgres().await else { return };
        let Engine::Postgres(url) = &kit.engine else { unreachable!() };
        // The certificate is that of `localhost`.
        let by_name = url.replacen("@127.0.0.1:", "@localhost:", 1);
        assert_ne!(*url, by_name);
        for (url, more, encrypted) in [
            (url, "", Some(false)),
            (url, "&sslmode=disable", Some(false)),
            (url, "&sslmode=prefer", Some(true)),
            (url, "&sslmode=require", Some(true)),
            (url, "&sslmode=verify-ca&sslrootcert=CA", Some(true)),
            (url, "&sslmode=verify-full&sslrootcert=CA", None),
            (&by_name, "&sslmode=verify-full&sslrootcert=CA", Some(true)),
            // The system trusts no such authority.
            (&by_name, "&sslmode=verify-ca", None),
            (&by_name, "&sslmode=verify-full", None),
        ] {
            let url = format!("{url}{}", more.replace("CA", &authority));
            assert_eq!(is_encrypted(&url).await, encrypted, "{more}");
        }
    });
}
