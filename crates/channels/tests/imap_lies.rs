//! The IMAP client against a server that breaks off, falls silent, and says what is not so: every
//! message comes once, in order, and nothing that was not asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tanggap_channels::email::imap::{self, MailboxConfig, MailboxState, Start};
use tanggap_channels::email::login::Login;
use tanggap_channels::email::wire::TlsMode;
use tanggap_channels::reach::Reach;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

const MESSAGES: u32 = 5;
const PATIENCE: Duration = Duration::from_secs(30);

/// What a connection does.
#[derive(Clone, Copy, PartialEq)]
enum Manner {
    /// Ends in the middle of the first message.
    Break,
    /// Does not answer to what is asked about messages.
    Silence,
    /// Answers with more than was asked, twice, and the wrong way round.
    Lie,
    /// Does not say which number comes next.
    Terse,
}

fn letter(uid: u32) -> String {
    format!("Message-ID: <{uid}@contoh.id>\r\n\r\nSurat {uid}.\r\n")
}

fn size(uid: u32) -> String {
    format!("* {uid} FETCH (UID {uid} RFC822.SIZE {})\r\n", letter(uid).len())
}

fn body(uid: u32) -> String {
    let text = letter(uid);
    format!("* {uid} FETCH (UID {uid} BODY[]<0> {{{}}}\r\n{text})\r\n", text.len())
}

/// What is said to a question about messages; `None`: the connection ends.
fn told(manner: Manner, question: &str) -> Option<String> {
    let lying = manner == Manner::Lie;
    if question.contains("RFC822.SIZE") {
        let mut said: String = (1..=MESSAGES).rev().map(size).collect();
        if lying {
            said += &[size(2), size(99), "* 3 FETCH (FLAGS (\\Seen))\r\n".into()].concat();
        }
        return Some(said);
    }
    if question.contains("(UID)") {
        return Some(format!("* {MESSAGES} FETCH (UID {MESSAGES})\r\n"));
    }
    if !lying && manner != Manner::Terse {
        return None;
    }
    let all: String = (1..=MESSAGES).rev().map(body).collect();
    let noise = "* 900 EXISTS\r\n* 3 FETCH (UID 3 FLAGS ())\r\n";
    Some([body(99).as_str(), noise, &all, &body(2), &body(4)].concat())
}

async fn converse(stream: TcpStream, manner: Manner, looks: Arc<AtomicUsize>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"* OK here\r\n").await.ok()?;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        let (tag, question) = line.trim().split_once(' ')?;
        let said = match question.split(' ').next()? {
            "CAPABILITY" => "* CAPABILITY IMAP4rev1\r\n".to_owned(),
            "EXAMINE" if manner == Manner::Terse => {
                looks.fetch_add(1, Ordering::AcqRel);
                format!("* {MESSAGES} EXISTS\r\n* OK [UIDVALIDITY 7] a\r\n")
            }
            "EXAMINE" => {
                // After the first look its numbers go back, as they never may.
                let again = looks.fetch_add(1, Ordering::AcqRel) >= 3;
                let next = if again { 2 } else { MESSAGES + 1 };
                format!(
                    "* {MESSAGES} EXISTS\r\n* OK [UIDVALIDITY 7] a\r\n* OK [UIDNEXT {next}] b\r\n"
                )
            }
            "UID" if manner == Manner::Silence => std::future::pending().await,
            "UID" => match told(manner, question) {
                Some(said) => said,
                None => {
                    let half = body(1);
                    stream.write_all(&half.as_bytes()[..half.len() / 2]).await.ok()?;
                    return None;
                }
            },
            _ => String::new(),
        };
        stream.write_all(format!("{said}{tag} OK done\r\n").as_bytes()).await.ok()?;
    }
}

/// Serves each connection in the next of these manners, the later ones in the last.
async fn serve(manners: &'static [Manner], looks: &Arc<AtomicUsize>) -> MailboxConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a listener");
    let port = listener.local_addr().expect("there").port();
    let seen = Arc::clone(looks);
    tokio::spawn(async move {
        for turn in 0.. {
            let (stream, _) = listener.accept().await.expect("a listener");
            let manner = manners[turn.min(manners.len() - 1)];
            tokio::spawn(converse(stream, manner, Arc::clone(&seen)));
        }
    });
    MailboxConfig {
        host: "127.0.0.1".to_owned(),
        port,
        reach: Reach::everywhere(),
        tls: TlsMode::None,
        ca_pem: None,
        user: "lapor".to_owned(),
        login: Arc::new(Login::Password("rahasia".to_owned())),
        folder: "INBOX".to_owned(),
        start: Start::All,
        timeout: Duration::from_secs(1),
        idle: Duration::from_millis(50),
    }
}

#[tokio::test]
async fn a_server_that_does_not_tell_the_next_number_is_read() {
    each_message_comes_once(&[Manner::Terse]).await;
}

#[tokio::test]
async fn whatever_the_server_says_each_message_comes_once() {
    each_message_comes_once(&[Manner::Break, Manner::Silence, Manner::Lie]).await;
}

async fn each_message_comes_once(manners: &'static [Manner]) {
    let looks = Arc::new(AtomicUsize::new(0));
    let config = serve(manners, &looks).await;
    let (out, mut batches) = mpsc::channel(1);
    let (tell, mut state) = watch::channel(MailboxState::Connecting);
    let worker = tokio::spawn(imap::run(config, None, out, tell));
    let mut came = Vec::new();
    while came.len() < MESSAGES as usize {
        let batch = timeout(PATIENCE, batches.recv()).await.expect("in time").expect("some");
        came.extend(batch.messages.iter().map(|one| (one.uid, one.bytes.clone())));
        batch.durable();
    }
    // It goes on looking, and nothing comes a second time.
    timeout(PATIENCE, state.wait_for(|state| *state == MailboxState::Waiting))
        .await
        .expect("in time")
        .expect("some");
    let enough = looks.load(Ordering::Acquire) + 5;
    while looks.load(Ordering::Acquire) < enough {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(batches.try_recv().is_err(), "a message came twice");
    let wanted: Vec<_> = (1..=MESSAGES).map(|uid| (uid, letter(uid).into_bytes())).collect();
    assert_eq!(came, wanted);
    drop(batches);
    timeout(PATIENCE, worker).await.expect("in time").expect("some");
}
