//! A lean HTTP/1.1 client on one kept-alive connection: the load must not cost what it measures.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use tanggap_kernel::Fault;

/// One connection.
pub struct Client {
    address: String,
    headers: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

/// What came back.
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// A client for `address` that sends `headers` (each ended by CRLF) with every request.
    pub fn new(address: &str, headers: &str) -> Self {
        let (address, headers) = (address.to_owned(), headers.to_owned());
        Self { address, headers, stream: None, buffer: Vec::with_capacity(64 << 10) }
    }

    /// One request and its whole answer.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        more: &str,
        body: &[u8],
    ) -> Result<Reply, Fault> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => {
                let fresh = TcpStream::connect(&self.address).await.map_err(|e| io(&e))?;
                fresh.set_nodelay(true).map_err(|e| io(&e))?;
                self.stream.insert(fresh)
            }
        };
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{}{more}Content-Length: {}\r\n\r\n",
            self.address,
            self.headers,
            body.len()
        )
        .into_bytes();
        request.extend_from_slice(body);
        stream.write_all(&request).await.map_err(|e| io(&e))?;
        self.buffer.clear();
        read_reply(stream, &mut self.buffer).await
    }
}

fn io(error: &std::io::Error) -> Fault {
    Fault::new(format!("http: {error}"))
}

async fn read_reply(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<Reply, Fault> {
    let head_end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..head_end]).to_ascii_lowercase();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
    let header = |name: &str| {
        head.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().to_owned())
    };
    if header("transfer-encoding:").is_some_and(|value| value.contains("chunked")) {
        let body = read_chunks(stream, buffer, head_end).await?;
        return Ok(Reply { status, body });
    }
    let length: usize = header("content-length:").and_then(|v| v.parse().ok()).unwrap_or(0);
    while buffer.len() < head_end + length {
        more(stream, buffer).await?;
    }
    Ok(Reply { status, body: buffer[head_end..head_end + length].to_vec() })
}

async fn read_chunks(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
    mut at: usize,
) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    loop {
        let line_end = loop {
            if let Some(end) = find(&buffer[at..], b"\r\n") {
                break at + end;
            }
            more(stream, buffer).await?;
        };
        let text = String::from_utf8_lossy(&buffer[at..line_end]).into_owned();
        let size = usize::from_str_radix(text.trim(), 16)
            .map_err(|e| Fault::new(format!("http chunk: {e}")))?;
        at = line_end + 2;
        while buffer.len() < at + size + 2 {
            more(stream, buffer).await?;
        }
        body.extend_from_slice(&buffer[at..at + size]);
        at += size + 2;
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<(), Fault> {
    match stream.read_buf(buffer).await {
        Ok(0) => Err(Fault::new("http: the server closed the connection")),
        Ok(_) => Ok(()),
        Err(error) => Err(io(&error)),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}
