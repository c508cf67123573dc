//! The relay against a small SMTP server on loopback that misbehaves on demand.

#![expect(clippy::unwrap_used, reason = "in a test a broken assumption is the failure")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tanggap_channels::email::wire::{
    OutgoingMail, Relay, RelayConfig, SendError, Severity, TlsMode,
};
use tanggap_channels::reach::Reach;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How the server behaves towards the n-th connection.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    Accept,
    /// Answers this to RCPT.
    Refuse(&'static str),
    /// Answers this to the end of the message.
    RefuseBody(&'static str),
    /// Says this instead of a greeting.
    Greet(&'static str),
    /// Never answers DATA.
    Hang,
    /// Closes while the message comes in.
    Drop,
    /// Accepts one message, then closes.
    CloseAfterOne,
    /// Answers this to AUTH.
    RefuseLogin(&'static str),
}

#[derive(Default)]
struct Seen {
    connections: usize,
    messages: Vec<String>,
    commands: Vec<String>,
}

struct Server {
    port: u16,
    seen: Arc<Mutex<Seen>>,
}

impl Server {
    async fn start(manners: Vec<Manner>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let number = shared.lock().unwrap().connections;
                shared.lock().unwrap().connections += 1;
                let manner = *manners.get(number).or(manners.last()).unwrap();
                tokio::spawn(serve(stream, manner, shared.clone()));
            }
        });
        Server { port, seen }
    }

    fn relay(&self) -> Relay {
        Relay::new(RelayConfig {
            host: "127.0.0.1".into(),
            port: self.port,
            reach: Reach::everywhere(),
            tls: TlsMode::None,
            ca_pem: None,
            user: None,
            password: None,
            from_address: "pu@contoh.go.id".into(),
            from_name: Some("Dinas PU".into()),
            reply_tags: false,
            dkim_selector: None,
            dkim_key: None,
            hello_name: "tanggap.contoh.go.id".into(),
            timeout_seconds: 1,
            pool_size: 2,
        })
        .unwrap()
    }
}

async fn serve(stream: TcpStream, manner: Manner, seen: Arc<Mutex<Seen>>) -> Option<()> {
    let (read, mut write) = stream.into_split();
    let mut lines = BufReader::new(read).lines();
    let greeting = if let Manner::Greet(line) = manner { line } else { "220 uji ESMTP" };
    write.write_all(format!("{greeting}\r\n").as_bytes()).await.ok()?;
    while let Some(line) = lines.next_line().await.ok()? {
        seen.lock().unwrap().commands.push(line.clone());
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (verb.as_str(), manner) {
            ("EHLO", _) => "250-uji\r\n250-8BITMIME\r\n250 AUTH PLAIN LOGIN",
            ("AUTH", Manner::RefuseLogin(line)) => line,
            ("AUTH", _) => "235 baik",
            ("RCPT", Manner::Refuse(line)) => line,
            ("DATA", Manner::Hang) => {
                tokio::time::sleep(Duration::from_secs(30)).await;
                return None;
            }
            ("DATA", _) => {
                write.write_all(b"354 silakan\r\n").await.ok()?;
                if manner == Manner::Drop {
                    return None;
                }
                let mut text = String::new();
                loop {
                    let line = lines.next_line().await.ok()??;
                    if line == "." {
                        break;
                    }
                    text.push_str(line.strip_prefix('.').unwrap_or(&line));
                    text.push('\n');
                }
                if let Manner::RefuseBody(line) = manner {
                    line
                } else {
                    seen.lock().unwrap().messages.push(text);
                    write.write_all(b"250 2.0.0 antre sebagai A1\r\n").await.ok()?;
                    if manner == Manner::CloseAfterOne {
                        return None;
                    }
                    continue;
                }
            }
            ("QUIT", _) => "221 sampai jumpa",
            _ => "250 baik",
        };
        write.write_all(format!("{answer}\r\n").as_bytes()).await.ok()?;
    }
    Some(())
}

fn letter(number: u32) -> OutgoingMail {
    OutgoingMail {
        to: "warga@contoh.id".into(),
        subject: format!("Tanda terima {number}"),
        text: format!(".\nIsi {number}\n..\n"),
        message_id: format!("<{number}@contoh.go.id>"),
        date: 1_773_367_200_000_000,
        ..OutgoingMail::default()
    }
}

fn is_temporary(error: &SendError) -> bool {
    error.severity == Severity::Temporary
}

#[tokio::test]
async fn letters_go_out_over_one_connection() {
    let server = Server::start(vec![Manner::Accept]).await;
    let relay = server.relay();
    relay.check().await.unwrap();
    for number in 0..5 {
        let receipt = relay.send(&letter(number)).await.unwrap();
        assert_eq!((receipt.code, receipt.text.as_str()), (250, "2.0.0 antre sebagai A1"));
    }
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.messages.len()), (1, 5));
    assert!(seen.messages[3].contains("Subject: Tanda terima 3\n"));
    assert!(seen.messages[3].contains("\n.\nIsi 3\n..\n"), "{}", seen.messages[3]);
    assert!(seen.commands.contains(&"MAIL FROM:<pu@contoh.go.id>".to_owned()));
}

#[tokio::test]
async fn answers_decide_whether_to_try_again() {
    for (manner, severity, code) in [
        (Manner::Refuse("451 4.7.1 nanti"), Severity::Temporary, Some(451)),
        (Manner::Refuse("550 5.1.1 tidak ada"), Severity::Permanent, Some(550)),
        (Manner::RefuseBody("552 5.3.4 terlalu besar"), Severity::Permanent, Some(552)),
        (Manner::RefuseBody("421 4.3.2 tutup"), Severity::Temporary, Some(421)),
        (Manner::Greet("554 tidak melayani"), Severity::Temporary, Some(554)),
        (Manner::Greet("421 sibuk"), Severity::Temporary, Some(421)),
        (Manner::Greet("bukan SMTP"), Severity::Temporary, None),
        (Manner::Drop, Severity::Temporary, None),
    ] {
        let server = Server::start(vec![manner, Manner::Accept]).await;
        let relay = server.relay();
        let error = relay.send(&letter(1)).await.unwrap_err();
        assert_eq!((error.severity, error.code), (severity, code), "{error}");
        relay.send(&letter(2)).await.unwrap();
        assert_eq!(server.seen.lock().unwrap().messages.len(), 1);
    }
}

#[tokio::test]
async fn a_silent_relay_costs_no_more_than_the_time_allowed() {
    let server = Server::start(vec![Manner::Hang, Manner::Accept]).await;
    let relay = server.relay();
    let start = Instant::now();
    let error = relay.send(&letter(1)).await.unwrap_err();
    assert!(is_temporary(&error) && start.elapsed() < Duration::from_secs(3), "{error}");
    // The connection that hung in the middle of a message is never used again.
    relay.send(&letter(2)).await.unwrap();
    let seen = server.seen.lock().unwrap();
    assert_eq!((seen.connections, seen.messages.len()), (2, 1));
}

#[tokio::test]
async fn a_cancelled_send_leaves_no_half_message_behind() {
    let server = Server::start(vec![Manner::Hang, Manner::Accept]).await;
    let relay = server.relay();
    let cut = tokio::time::timeout(Duration::from_millis(200), relay.send(&letter(1))).await;
    assert!(cut.is_err());
    relay.send(&letter(2)).await.unwrap();
    assert_eq!(server.seen.lock().unwrap().connections, 2);
}

#[tokio::test]
async fn a_connection_closed_while_idle_is_replaced() {
    let server = Server::start(vec![Manner::CloseAfterOne, Manner::Accept]).await;
    let relay = server.relay();
    relay.send(&letter(1)).await.unwrap();
    relay.send(&letter(2)).await.unwrap();
    assert_eq!(server.seen.lock().unwrap().messages.len(), 2);
}

#[tokio::test]
async fn nobody_listening_or_a_wrong_password_is_temporary() {
    let server = Server::start(vec![Manner::RefuseLogin("535 5.7.8 salah")]).await;
    let config = |port, tls| RelayConfig {
        host: "127.0.0.1".into(),
        port,
        reach: Reach::everywhere(),
        tls,
        ca_pem: None,
        user: Some("tanggap".into()),
        password: Some("rahasia".into()),
        from_address: "pu@contoh.go.id".into(),
        from_name: None,
        reply_tags: false,
        dkim_selector: None,
        dkim_key: None,
        hello_name: "tanggap.contoh.go.id".into(),
        timeout_seconds: 1,
        pool_size: 1,
    };
    let error = Relay::new(config(server.port, TlsMode::None)).unwrap().send(&letter(1)).await;
    let error = error.unwrap_err();
    assert!(is_temporary(&error) && error.code == Some(535), "{error}");
    assert!(!format!("{:?}", config(1, TlsMode::None)).contains("rahasia"));

    // A relay without STARTTLS gets neither the password nor the letter.
    let error = Relay::new(config(server.port, TlsMode::StartTls)).unwrap().send(&letter(1)).await;
    assert!(is_temporary(&error.unwrap_err()));
    assert_eq!(
        server.seen.lock().unwrap().commands.last().map(String::as_str),
        Some(
            "EHLO \
        tanggap.contoh.go.id"
        )
    );

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = Relay::new(config(free, TlsMode::None)).unwrap().send(&letter(1)).await;
    assert!(is_temporary(&error.unwrap_err()));
}

#[tokio::test]
async fn many_letters_at_once_stay_within_the_pool() {
    let server = Server::start(vec![Manner::Accept]).await;
    let relay = server.relay();
    let mut tasks = Vec::new();
    for number in 0..40 {
        let relay = relay.clone();
        tasks.push(tokio::spawn(async move { relay.send(&letter(number)).await }));
    }
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    let seen = server.seen.lock().unwrap();
    assert_eq!(seen.messages.len(), 40);
    assert!(seen.connections <= 2, "{} connections", seen.connections);
}
