//! Calls to providers over HTTP: bounded in time and size, and to their hosts only.
//!
//! **Invariant: no URL that came in with a message is called unless its host is one that the
//! provider documents, or the configured one.** Redirections are not followed by the client; where
//! a download is redirected, the new address is checked like the first.

use std::fmt;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder, Url};

use crate::exchange::NotSent;
use crate::reach::{Inside, Reach};

/// How long a connection may take to be made.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// How long an ordinary call may take, as a rule.
pub const CALL_WITHIN: Duration = Duration::from_secs(20);
/// How long bringing a file up or down may take.
pub(crate) const FILE_WITHIN: Duration = Duration::from_secs(60);
/// Bytes of an ordinary answer.
const ANSWER_BYTES_MAX: usize = 8 << 20;
/// Redirections of one download.
const HOPS_MAX: usize = 3;
/// Characters of a provider's words that are kept.
const WORDS_MAX: usize = 500;

/// The clients that all accounts of a node share: one for what the operator names, one for what
/// agencies' administrators typed, which goes no further than `reach`.
#[derive(Clone, Debug)]
pub struct Http {
    named: reqwest::Client,
    typed: reqwest::Client,
    reach: Reach,
}

impl Http {
    /// Clients whose ordinary calls may take so long. The process has chosen its TLS provider
    /// before.
    ///
    /// # Errors
    /// What is wrong with TLS on this machine.
    pub fn new(within: Duration, reach: Reach) -> Result<Http, String> {
        let begin = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .connect_timeout(CONNECT_WITHIN)
                .timeout(within)
                .pool_max_idle_per_host(8)
                .user_agent(concat!("Tanggap/", env!("CARGO_PKG_VERSION")))
        };
        let words = |e: reqwest::Error| e.to_string();
        let named = begin().build().map_err(words)?;
        let checked = std::sync::Arc::new(Checked(reach.clone()));
        // By a proxy of the environment the proxy would resolve, and nothing could be checked.
        let typed = begin().no_proxy().dns_resolver(checked).build().map_err(words)?;
        Ok(Http { named, typed, reach })
    }

    /// Where servers may be that an agency's account names.
    #[must_use]
    pub fn reach(&self) -> &Reach {
        &self.reach
    }
}

/// Gives addresses that may be connected to, and no others.
struct Checked(Reach);

impl Resolve for Checked {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0.clone();
        Box::pin(async move {
            let found = reach.resolve(name.as_str(), 0).await?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// One provider: where it is, and which other hosts hold its files.
#[derive(Clone)]
pub(crate) struct Provider {
    http: reqwest::Client,
    base: Url,
    file_hosts: &'static [&'static str],
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("host", &self.base.host_str()).finish_non_exhaustive()
    }
}

/// What a provider answered.
pub(crate) struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// The call never left.
    Unreached(String),
    /// It left, and nobody knows whether it arrived.
    Lost(String),
    /// The answer is larger than allowed.
    TooLarge,
}

/// A file from a provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Its type as the provider says.
    pub media_type: Option<String>,
}

/// Why a file could not be brought.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotFetched {
    /// Try again later.
    #[error("later: {0}")]
    Later(String),
    /// It will never be there: gone, or of a place that we do not call.
    #[error("gone: {0}")]
    Gone(String),
    /// It is larger than we take.
    #[error("too large")]
    TooLarge,
}

impl Provider {
    /// A provider at `base`, whose files lie there or at `file_hosts` (a leading dot: and below).
    pub(crate) fn new(
        http: &Http,
        base: &str,
        file_hosts: &'static [&'static str],
    ) -> Result<Provider, String> {
        let base = Url::parse(base).map_err(|e| format!("{base}: {e}"))?;
        if !matches!(base.scheme(), "https" | "http") || base.cannot_be_a_base() {
            return Err(format!("{base}: not an address of the web"));
        }
        Ok(Provider { http: http.named.clone(), base, file_hosts })
    }

    /// A provider at an address that an agency's administrator typed.
    pub(crate) fn typed(http: &Http, base: &str) -> Result<Provider, String> {
        let provider = Provider::new(http, base, &[])?;
        // An address in place of a name is resolved by nobody.
        let host = provider.base.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse().ok();
        if address.is_some_and(|address| !http.reach.allows(address)) {
            return Err(Inside.to_string());
        }
        Ok(Provider { http: http.typed.clone(), ..provider })
    }

    /// A call of `path` below the base; each piece is escaped.
    pub(crate) fn call(&self, method: Method, path: &[&str]) -> RequestBuilder {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("invariant: checked when the provider was set up")
            .pop_if_empty()
            .extend(path);
        self.http.request(method, url)
    }

    /// The address, where it is one that we call.
    fn allowed(&self, address: &str) -> Option<Url> {
        let url = Url::parse(address).ok()?;
        if url.origin() == self.base.origin() {
            return Some(url);
        }
        let host = url.domain()?.to_ascii_lowercase();
        let known = self.file_hosts.iter().any(|known| match known.strip_prefix('.') {
            Some(parent) => host == parent || host.ends_with(known),
            None => host == *known,
        });
        let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty();
        (known && plain).then_some(url)
    }

    /// Brings a file of at most `max` bytes; `sign` adds what proves who asks.
    pub(crate) async fn file(
        &self,
        address: &str,
        max: usize,
        sign: impl Fn(&Url, RequestBuilder) -> RequestBuilder,
    ) -> Result<Fetched, NotFetched> {
        let mut next = address.to_owned();
        for _ in 0..=HOPS_MAX {
            let url = self
                .allowed(&next)
                .ok_or_else(|| NotFetched::Gone("of a place that we do not call".to_owned()))?;
            let call = self.http.get(url.clone()).timeout(FILE_WITHIN);
            let answer = match send_bounded(sign(&url, call), max).await {
                Ok(answer) => answer,
                Err(NoAnswer::TooLarge) => return Err(NotFetched::TooLarge),
                Err(NoAnswer::Unreached(why) | NoAnswer::Lost(why)) => {
                    return Err(NotFetched::Later(why));
                }
            };
            let header = |name| answer.headers.get(name).and_then(|v| v.to_str().ok());
            match (answer.status, header("location")) {
                (200..=299, _) => {
                    let media_type = header("content-type").map(str::to_owned);
                    return Ok(Fetched { bytes: answer.body, media_type });
                }
                (300..=399, Some(location)) => {
                    next = url.join(location).map_or_else(|_| String::new(), String::from);
                }
                (408 | 425 | 429 | 500..=599 | 401, _) => {
                    return Err(NotFetched::Later(format!("HTTP {}", answer.status)));
                }
                (status, _) => return Err(NotFetched::Gone(format!("HTTP {status}"))),
            }
        }
        Err(NotFetched::Gone("redirected in circles".to_owned()))
    }
}

/// Calls and reads the whole answer.
pub(crate) async fn send(call: RequestBuilder) -> Result<Answer, NoAnswer> {
    send_bounded(call, ANSWER_BYTES_MAX).await
}

async fn send_bounded(call: RequestBuilder, max: usize) -> Result<Answer, NoAnswer> {
    let mut response = call.send().await.map_err(|error| {
        // What cannot be built or connected was never written.
        let unreached = error.is_builder() || error.is_connect();
        let why = words(&error.without_url().to_string());
        if unreached { NoAnswer::Unreached(why) } else { NoAnswer::Lost(why) }
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    if response.content_length().is_some_and(|length| length > max as u64) {
        return Err(NoAnswer::TooLarge);
    }
    let mut body = Vec::new();
    while let Some(piece) = response
        .chunk()
        .await
        .map_err(|error| NoAnswer::Lost(words(&error.without_url().to_string())))?
    {
        if body.len() + piece.len() > max {
            return Err(NoAnswer::TooLarge);
        }
        body.extend_from_slice(&piece);
    }
    Ok(Answer { status, headers, body })
}

/// What a missing answer means for a message that was on its way.
pub(crate) fn unanswered(error: NoAnswer) -> NotSent {
    match error {
        NoAnswer::Unreached(why) => NotSent::Later { after: None, why },
        NoAnswer::Lost(why) => NotSent::Unsure { why },
        NoAnswer::TooLarge => NotSent::Unsure { why: "the answer is too large".to_owned() },
    }
}

/// What a missing answer means where asking twice harms nobody.
pub(crate) fn unanswered_question(error: NoAnswer) -> NotSent {
    match unanswered(error) {
        NotSent::Unsure { why } => NotSent::Later { after: None, why },
        other => other,
    }
}

/// An answer that is none of the provider's own: of a proxy, or of a server that broke down.
pub(crate) fn strange(status: u16, headers: &HeaderMap) -> NotSent {
    let why = format!("HTTP {status}");
    match status {
        // The message was not taken in: these come before anything is done with it.
        408 | 425 | 429 | 503 => NotSent::Later { after: retry_after(headers), why },
        401 | 403 | 407 => NotSent::Account { why },
        400..=499 => NotSent::Never { code: Some(status.to_string()), why },
        _ => NotSent::Unsure { why },
    }
}

/// What `Retry-After` asks to wait.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get("retry-after")?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// A provider's words on one line, at most so many.
pub(crate) fn words(text: &str) -> String {
    let line: Vec<&str> = text.split(|c: char| c.is_control() || c == ' ').collect();
    let line: Vec<&str> = line.into_iter().filter(|word| !word.is_empty()).collect();
    line.join(" ").chars().take(WORDS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_provider_are_called() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = Http::new(CALL_WITHIN, Reach::default()).unwrap();
        let hosts = &[".fbsbx.com", "pbs.twimg.com"];
        let provider = Provider::new(&http, "https://graph.facebook.com/v23.0", hosts).unwrap();
        for good in [
            "https://graph.facebook.com/x",
            "https://lookaside.fbsbx.com/whatsapp/?mid=1",
            "https://pbs.twimg.com/media/a.jpg",
        ] {
            assert!(provider.allowed(good).is_some(), "{good}");
        }
        for bad in [
            "http://lookaside.fbsbx.com/",
            "https://lookaside.fbsbx.com:8443/",
            "https://lookaside.fbsbx.com.example.org/",
            "https://evilfbsbx.com/",
            "https://user@lookaside.fbsbx.com/",
            "https://a.pbs.twimg.com/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::1]/",
            "http://graph.facebook.com/",
            "file:///etc/passwd",
            "",
        ] {
            assert!(provider.allowed(bad).is_none(), "{bad}");
        }
        assert!(Provider::new(&http, "file:///etc", &[]).is_err());
        assert!(Provider::new(&http, "data:text/plain,a", &[]).is_err());
    }

    #[tokio::test]
    async fn an_address_that_somebody_typed_leads_nowhere_inside() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let guarded = Http::new(CALL_WITHIN, Reach::default()).unwrap();
        for typed in ["127.0.0.1", "[::1]", "0x7f.1", "2130706433", "[::ffff:7f00:1]"] {
            let address = format!("http://{typed}:{port}/token");
            assert!(Provider::typed(&guarded, &address).is_err(), "{typed}");
        }
        // A name is known to lead inside only when it is called.
        let address = format!("http://localhost:{port}/token");
        let provider = Provider::typed(&guarded, &address).unwrap();
        let refused = send(provider.call(Method::POST, &[])).await;
        assert!(matches!(refused, Err(NoAnswer::Unreached(_))));
        let open = Http::new(Duration::from_millis(300), Reach::everywhere()).unwrap();
        let provider = Provider::typed(&open, &address).unwrap();
        let lost = send(provider.call(Method::POST, &[])).await;
        assert!(matches!(lost, Err(NoAnswer::Lost(_))), "it was called");
    }

    #[test]
    fn a_broken_server_leaves_us_unsure_and_a_busy_one_does_not() {
        let mut headers = HeaderMap::new();
        assert!(matches!(strange(502, &headers), NotSent::Unsure { .. }));
        assert!(matches!(strange(504, &headers), NotSent::Unsure { .. }));
        assert!(matches!(strange(503, &headers), NotSent::Later { after: None, .. }));
        assert!(matches!(strange(413, &headers), NotSent::Never { .. }));
        headers.insert("retry-after", "600".parse().unwrap());
        let asked = Some(Duration::from_secs(600));
        assert!(matches!(strange(429, &headers), NotSent::Later { after, .. } if after == asked));
    }
}
