//! The API over a real connection: what a caller sees that only a socket shows.

use std::net::SocketAddr;

use tanggap_testkit::{engines, tokio};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::api_client::Api;
use crate::house::House;

async fn serve(api: &Api) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let router = api.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}

/// Sends a whole body before it reads a word, as simple clients do.
async fn send_all(address: SocketAddr, head: &str, body: &[u8]) -> String {
    let mut peer = TcpStream::connect(address).await.expect("connected");
    peer.write_all(head.as_bytes()).await.expect("the head goes out");
    peer.write_all(body).await.expect("the whole body goes out");
    let mut answer = Vec::new();
    peer.read_to_end(&mut answer).await.expect("an answer, not a broken connection");
    String::from_utf8_lossy(&answer).into_owned()
}

engines! {
    async fn a_body_that_is_too_large_is_answered(kit) {
        let house = House::build(&kit.db).await;
        let api = Api::of(&kit, house.agency).await;
        let address = serve(&api).await;
        let head = |rest: &str| format!(
            "POST /api/v1/cases HTTP/1.1\r\nhost: uji\r\nconnection: close\r\n\
            authorization: Bearer {}\r\ncontent-type: application/json\r\n{rest}\r\n\r\n",
            api.token
        );
        let body = vec![b' '; 12 << 20];
        let long = head(&format!("content-length: {}", body.len()));
        let told = send_all(address, &long, &body).await;
        assert!(told.starts_with("HTTP/1.1 413"), "{told}");
        assert!(told.contains("application/problem+json"), "{told}");
        // One that does not say how long it is.
        let mut chunks = Vec::new();
        for chunk in body.chunks(64 << 10) {
            chunks.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
            chunks.extend_from_slice(chunk);
            chunks.extend_from_slice(b"\r\n");
        }
        chunks.extend_from_slice(b"0\r\n\r\n");
        let told = send_all(address, &head("transfer-encoding: chunked"), &chunks).await;
        assert!(told.starts_with("HTTP/1.1 413"), "{told}");
        // Just inside the bound it is read, and found to be no JSON.
        let inside = &body[..512 * 1024];
        let short = head(&format!("content-length: {}", inside.len()));
        let told = send_all(address, &short, inside).await;
        assert!(told.starts_with("HTTP/1.1 400"), "{told}");
    }
}
