//! A scanner: clamd, asked over its socket by `INSTREAM`.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};

use crate::model::Scan;

/// After so long a scanner counts as silent.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// How much is sent at once, in bytes.
const CHUNK: usize = 64 << 10;
/// The longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: u64 = 4096;

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanner {
    /// `host:port`.
    Tcp(String),
    /// A socket in the file system.
    Unix(PathBuf),
}

impl Scanner {
    /// Reads `host:port`, or the path of a socket (`unix:/run/clamav/clamd.ctl`, `/run/…`).
    /// `None` for an empty text: files are not scanned.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let path = text.strip_prefix("unix:").or(text.starts_with('/').then_some(text));
        match path {
            Some(path) => Some(Self::Unix(PathBuf::from(path))),
            None if text.is_empty() => None,
            None => Some(Self::Tcp(text.to_owned())),
        }
    }

    /// What the scanner says of `bytes`; unscanned where it does not answer.
    pub async fn scan(&self, bytes: &[u8]) -> Scan {
        let asked = tokio::time::timeout(ANSWER_MAX, async {
            match self {
                Self::Tcp(address) => ask(TcpStream::connect(address).await?, bytes).await,
                Self::Unix(path) => ask(UnixStream::connect(path).await?, bytes).await,
            }
        });
        match asked.await {
            Ok(Ok(answer)) if answer.ends_with("OK") => Scan::Clean,
            Ok(Ok(answer)) if answer.ends_with("FOUND") => Scan::Infected,
            Ok(Ok(answer)) => {
                tracing::warn!(answer, "the scanner did not scan a file");
                Scan::Unscanned
            }
            Ok(Err(error)) => {
                tracing::warn!(%error, "the scanner cannot be reached");
                Scan::Unscanned
            }
            Err(_) => {
                tracing::warn!("the scanner is silent");
                Scan::Unscanned
            }
        }
    }
}

async fn ask(
    mut peer: impl AsyncReadExt + AsyncWriteExt + Unpin,
    bytes: &[u8],
) -> std::io::Result<String> {
    peer.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK) {
        let length = u32::try_from(chunk.len()).unwrap_or_default();
        peer.write_all(&length.to_be_bytes()).await?;
        peer.write_all(chunk).await?;
    }
    peer.write_all(&0u32.to_be_bytes()).await?;
    peer.flush().await?;
    let mut answer = Vec::new();
    peer.take(ANSWER_BYTES_MAX).read_to_end(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).trim_end_matches(['\0', '\n']).to_owned())
}
