//! A mail server of its own: speaks SMTP on loopback, keeps a ledger of what it took, and can be
//! slow, refuse, throttle, or go away without an answer.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tanggap_channels::email::wire::{RelayConfig, TlsMode};
use tanggap_channels::reach::Reach;

/// What it does with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// Takes it.
    Take,
    /// Refuses it with this answer after its content.
    Answer(&'static str),
    /// Refuses every recipient with this answer.
    Recipient(&'static str),
    /// Takes it and goes away without an answer.
    TakeAndGo,
    /// Goes away when the content comes.
    Go,
}

/// A mail server.
#[derive(Clone)]
pub struct Server {
    pub port: u16,
    manner: Arc<Mutex<(Manner, Duration)>>,
    taken: Arc<Mutex<HashMap<String, usize>>>,
    count: Arc<AtomicUsize>,
}

impl Server {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let server = Self {
            port: listener.local_addr().expect("bound").port(),
            manner: Arc::new(Mutex::new((Manner::Take, Duration::ZERO))),
            taken: Arc::default(),
            count: Arc::default(),
        };
        let shared = server.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let server = shared.clone();
                // A peer that goes away ends its own conversation only.
                std::thread::spawn(move || server.converse(stream).ok());
            }
        });
        server
    }

    /// From now on it behaves so, and takes so long for each message.
    pub fn behave(&self, manner: Manner, slow: Duration) {
        *self.manner.lock().expect("no panic") = (manner, slow);
    }

    /// How many messages it took.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// What it took: how often each Message-ID.
    pub fn ledger(&self) -> HashMap<String, usize> {
        self.taken.lock().expect("no panic").clone()
    }

    pub fn config(&self, pool_size: usize) -> RelayConfig {
        RelayConfig {
            host: "127.0.0.1".into(),
            port: self.port,
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
            pool_size,
        }
    }

    fn converse(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?);
        let mut out = stream;
        out.write_all(b"220 uji\r\n")?;
        let mut line = String::new();
        loop {
            line.clear();
            if lines.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let (manner, slow) = *self.manner.lock().expect("no panic");
            let word = line.to_ascii_uppercase();
            match (word.get(..4).unwrap_or_default(), manner) {
                ("EHLO", _) => out.write_all(b"250-uji\r\n250 8BITMIME\r\n")?,
                ("RCPT", Manner::Recipient(answer)) => {
                    out.write_all(format!("{answer}\r\n").as_bytes())?;
                }
                ("DATA", manner) => {
                    out.write_all(b"354 go\r\n")?;
                    let Some(id) = content(&mut lines)? else { return Ok(()) };
                    std::thread::park_timeout(slow);
                    if matches!(manner, Manner::Take | Manner::TakeAndGo) {
                        *self.taken.lock().expect("no panic").entry(id).or_default() += 1;
                        self.count.fetch_add(1, Ordering::AcqRel);
                    }
                    match manner {
                        Manner::TakeAndGo | Manner::Go => return Ok(()),
                        Manner::Answer(answer) => {
                            out.write_all(format!("{answer}\r\n").as_bytes())?;
                        }
                        _ => out.write_all(b"250 ok\r\n")?,
                    }
                }
                ("QUIT", _) => return out.write_all(b"221 bye\r\n"),
                _ => out.write_all(b"250 ok\r\n")?,
            }
        }
    }
}

/// Reads a message to its end; its Message-ID. Nothing where the peer went away before.
fn content(lines: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    let (mut line, mut id) = (String::new(), String::new());
    loop {
        line.clear();
        if lines.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        if line == ".\r\n" {
            return Ok(Some(id));
        }
        if let Some(value) = line.strip_prefix("Message-ID:") {
            id = value.trim().to_owned();
        }
    }
}
