//! Files that staff attach go through the scanner, as those of citizens do.

use axum::http::StatusCode;
use tanggap_conversations::files::Scanner;
use tanggap_testkit::{engines, tokio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::desk::{Desk, PNG, ok};

/// A scanner that finds whatever holds the word `VIRUS`.
async fn scanner() -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        while let Ok((mut peer, _)) = listener.accept().await {
            let mut asked = Vec::new();
            while !asked.ends_with(&[0; 4]) {
                let mut chunk = [0; 4096];
                match peer.read(&mut chunk).await {
                    Ok(read @ 1..) => asked.extend_from_slice(&chunk[..read]),
                    _ => break,
                }
            }
            let found = asked.windows(5).any(|word| word == b"VIRUS");
            let answer: &[u8] = if found { b"stream: Uji-Virus FOUND\0" } else { b"stream: OK\0" };
            let _ = peer.write_all(answer).await;
        }
    });
    Scanner::Tcp(address)
}

engines! {
    async fn what_staff_attach_is_scanned(kit) {
        let mut desk = Desk::open(&kit).await;
        desk.app = desk.app.layer(axum::Extension(scanner().await));
        let code = desk.report(|_| {}).await;
        let mut agent = desk.browser(&desk.house.agent).await;
        let refused = agent.attach(&code, b"ada VIRUS di sini").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("mengandung virus"), "{}", refused.body);
        assert!(!agent.get(&format!("/meja/{code}")).await.body.contains("/berkas/"));
        ok(&agent.attach(&code, PNG).await);
        let scans = desk.ctx.db.read(|tx| {
            Ok(tx.ad_hoc("select scan from attachments", &[], |row| row.text())?)
        }).await.expect("read");
        assert_eq!(scans, ["clean"]);
    }
}
