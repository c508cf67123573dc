//! Connecting to PostgreSQL, with TLS where `sslmode` in the URL asks for it.
//!
//! | `sslmode` | encrypted | certificate | name |
//! | --- | --- | --- | --- |
//! | none given, `disable` | no | | |
//! | `prefer` | where the server can | any | any |
//! | `require` | yes | any, or of `sslrootcert` | any |
//! | `verify-ca` | yes | of `sslrootcert` or the system's | any |
//! | `verify-full` | yes | of `sslrootcert` or the system's | the host's |
//!
//! As libpq has it, but for the first line: encryption that nobody asked for and that accepts any
//! certificate protects from nobody.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
};
use tanggap_kernel::Fault;
use tanggap_kernel::error::FaultKind;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};
use tokio_postgres::{Client, Config, NoTls, Socket};

use crate::tx::pg_fault;

/// How long a server may leave bytes unacknowledged before the connection counts as lost.
const SILENCE_MAX: Duration = Duration::from_secs(15);

/// A database and how to reach it.
#[derive(Clone)]
pub(crate) struct Target {
    config: Config,
    tls: Option<Tls>,
}

impl Target {
    /// Reads a URL.
    ///
    /// # Errors
    /// A fault where it is none, or its certificates cannot be read.
    pub(crate) fn parse(url: &str) -> Result<Self, Fault> {
        let wrong = |what: String| Fault::new(format!("database URL: {what}"));
        let asked = Asked::take(url);
        let (mode, check) = match asked.mode.as_str() {
            "" | "disable" => ("disable", None),
            "prefer" => ("prefer", Some(Check::Nothing)),
            "require" if asked.roots.is_none() => ("require", Some(Check::Nothing)),
            "require" | "verify-ca" => ("require", Some(Check::Authority)),
            "verify-full" => ("require", Some(Check::AuthorityAndName)),
            other => return Err(wrong(format!("sslmode={other} is not known"))),
        };
        let sign = if asked.rest.contains('?') { '&' } else { '?' };
        let url = format!("{}{sign}sslmode={mode}", asked.rest);
        let mut config: Config =
            url.parse().map_err(|e: tokio_postgres::Error| wrong(e.to_string()))?;
        config.application_name("tanggap").connect_timeout(Duration::from_secs(5));
        // A server that went without a word is noticed, instead of being waited for.
        config.keepalives_idle(Duration::from_secs(10)).tcp_user_timeout(SILENCE_MAX);
        let tls = match check {
            Some(check) => Some(Tls::new(check, asked.roots.as_deref())?),
            None => None,
        };
        Ok(Self { config, tls })
    }

    /// Connects; the connection is driven by a task of the runtime.
    ///
    /// # Errors
    /// A fault: the server is not there, not to be trusted, or refuses.
    pub(crate) async fn connect(&self) -> Result<Client, Fault> {
        let wrong = |e: tokio_postgres::Error| pg_fault("connect", &e).of(FaultKind::Unavailable);
        // The end of a connection is seen by the client's calls, which fail.
        Ok(match &self.tls {
            Some(tls) => {
                let (client, connection) = self.config.connect(tls.clone()).await.map_err(wrong)?;
                tokio::spawn(async move { drop(connection.await) });
                client
            }
            None => {
                let (client, connection) = self.config.connect(NoTls).await.map_err(wrong)?;
                tokio::spawn(async move { drop(connection.await) });
                client
            }
        })
    }
}

/// What a URL says of TLS, and the URL without it.
struct Asked {
    mode: String,
    roots: Option<String>,
    rest: String,
}

impl Asked {
    fn take(url: &str) -> Self {
        // A password may hold a question mark; it ends at the first `@`.
        let host = url.find('@').unwrap_or(0);
        let Some(at) = url[host..].find('?').map(|at| host + at) else {
            return Self { mode: String::new(), roots: None, rest: url.to_owned() };
        };
        let (mut mode, mut roots, mut kept) = (String::new(), None, Vec::new());
        for pair in url[at + 1..].split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = value.to_owned(),
                Some(("sslrootcert", value)) => roots = Some(unescaped(value)),
                _ => kept.push(pair),
            }
        }
        let sign = if kept.is_empty() { "" } else { "?" };
        Self { mode, roots, rest: format!("{}{sign}{}", &url[..at], kept.join("&")) }
    }
}

fn unescaped(text: &str) -> String {
    let (mut bytes, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let code = after.get(..2).filter(|_| *first == b'%');
        let code =
            code.and_then(|code| u8::from_str_radix(std::str::from_utf8(code).ok()?, 16).ok());
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    Nothing,
    Authority,
    AuthorityAndName,
}

/// Makes TLS connections as one URL asks for them.
#[derive(Clone)]
struct Tls {
    config: Arc<ClientConfig>,
}

impl Tls {
    fn new(check: Check, roots: Option<&str>) -> Result<Self, Fault> {
        let wrong = |e: rustls::Error| Fault::new(format!("TLS: {e}"));
        let provider = Arc::new(aws_lc_rs::default_provider());
        let inner = match check {
            Check::Nothing => None,
            Check::Authority | Check::AuthorityAndName => {
                let roots = Arc::new(authorities(roots)?);
                let built = WebPkiServerVerifier::builder_with_provider(roots, provider.clone());
                Some(built.build().map_err(|e| Fault::new(format!("TLS: {e}")))?)
            }
        };
        let any_name = check != Check::AuthorityAndName;
        let verifier = Verifier { inner, any_name, provider: Arc::clone(&provider) };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(wrong)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self { config: Arc::new(config) })
    }
}

/// The authorities of a file, or those that the system trusts.
fn authorities(file: Option<&str>) -> Result<RootCertStore, Fault> {
    let mut store = RootCertStore::empty();
    let Some(file) = file else {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        return Ok(store);
    };
    let wrong = |e: &dyn std::fmt::Display| Fault::new(format!("sslrootcert {file}: {e}"));
    for certificate in CertificateDer::pem_file_iter(file).map_err(|e| wrong(&e))? {
        let certificate = certificate.map_err(|e| wrong(&e))?;
        store.add(certificate).map_err(|e| wrong(&e))?;
    }
    if store.is_empty() { Err(wrong(&"no certificate in it")) } else { Ok(store) }
}

/// Checks as much of a server's certificate as was asked for; its signatures always.
#[derive(Debug)]
struct Verifier {
    /// `None`: any certificate will do.
    inner: Option<Arc<WebPkiServerVerifier>>,
    any_name: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        let Some(inner) = &self.inner else { return Ok(ServerCertVerified::assertion()) };
        let checked =
            inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match checked {
            // The chain is checked before the name.
            Err(rustls::Error::InvalidCertificate(
                NotValidForName | NotValidForNameContext { .. },
            )) if self.any_name => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl MakeTlsConnect<Socket> for Tls {
    type Stream = Stream;
    type TlsConnect = Handshake;
    type Error = rustls::pki_types::InvalidDnsNameError;

    fn make_tls_connect(&mut self, domain: &str) -> Result<Handshake, Self::Error> {
        let name = ServerName::try_from(domain)?.to_owned();
        Ok(Handshake { config: Arc::clone(&self.config), name })
    }
}

/// A handshake that is about to begin.
struct Handshake {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl TlsConnect<Socket> for Handshake {
    type Stream = Stream;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

    fn connect(self, socket: Socket) -> Self::Future {
        let connector = tokio_rustls::TlsConnector::from(self.config);
        Box::pin(async move { Ok(Stream(connector.connect(self.name, socket).await?)) })
    }
}

/// A connection inside TLS.
struct Stream(tokio_rustls::client::TlsStream<Socket>);

impl TlsStream for Stream {
    fn channel_binding(&self) -> ChannelBinding {
        ChannelBinding::none()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_url_says_of_tls_is_taken_out_of_it() {
        let asked = Asked::take(
            "postgres://a:b?c@h/db?sslmode=verify-full&options=-cx%3D1&sslrootcert=%2Fetc%2Fca.pem",
        );
        assert_eq!(asked.rest, "postgres://a:b?c@h/db?options=-cx%3D1");
        assert_eq!(
            (asked.mode.as_str(), asked.roots.as_deref()),
            ("verify-full", Some("/etc/ca.pem"))
        );
        let plain = Asked::take("postgres://h/db");
        assert_eq!((plain.mode.as_str(), plain.rest.as_str()), ("", "postgres://h/db"));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for url in [
            "postgres://h/db?sslmode=allow",
            "postgres://h/db?sslmode=verify-full&sslrootcert=/tidak/ada.pem",
            "postgres://h:x/db",
        ] {
            assert!(Target::parse(url).is_err(), "{url}");
        }
        assert!(Target::parse("postgres://h/db?sslmode=require").is_ok());
    }
}
