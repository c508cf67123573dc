//! What a node tells of itself: log lines and metrics, without personal data. A request is named
//! by its route (`/lacak/{code}`), never by its address, which may hold a code or a search.

use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tanggap_kernel::Fault;
use tracing::Instrument as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// A request that takes longer is worth a line of its own.
const SLOW: Duration = Duration::from_secs(1);
const UPKEEP_EVERY: Duration = Duration::from_secs(5);
/// Upper bounds of the histograms of seconds.
const SECONDS: &[f64] =
    &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// Upper bounds of the histograms of sizes.
const SIZES: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0];

/// Begins to write log lines to standard error; a panic becomes a line with its place only, since
/// its words may hold what somebody wrote.
///
/// # Errors
/// A fault where the filter cannot be understood.
pub(crate) fn start_log(log: &Log) -> Result<(), Fault> {
    let filter = EnvFilter::try_new(&log.level)
        .map_err(|e| Fault::new(format!("log level {:?}: {e}", log.level)))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    // A second start in one process (tests) keeps the first one's.
    let _ = match log.format {
        LogFormat::Json => lines.json().with_span_list(false).try_init(),
        LogFormat::Text => lines.with_target(false).try_init(),
    };
    std::panic::set_hook(Box::new(|panic| {
        let at = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(at, "panic");
    }));
    Ok(())
}

/// Begins to count; the handle renders what was counted. Call it inside a runtime.
///
/// # Errors
/// A fault where something else counts already.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, Fault> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|b| b.set_buckets_for_metric(Matcher::Suffix("_size".to_owned()), SIZES))
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|e| Fault::new(format!("metrics: {e}")))?;
    let upkeep = handle.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(UPKEEP_EVERY).await;
            upkeep.run_upkeep();
        }
    });
    Ok(handle)
}

/// The layer around all others: gives the request an id, times it, counts it, notes what failed
/// or was slow.
pub(crate) async fn requests(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = request_id();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or_else(|| "none".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!("request", id, %method, route);
    let mut response = next.run(request).instrument(span.clone()).await;
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let labels =
        [("method", method.as_str().to_owned()), ("route", route), ("status", status.to_string())];
    metrics::counter!("tanggap_http_requests_total", &labels).increment(1);
    metrics::histogram!("tanggap_http_seconds").record(took.as_secs_f64());
    let ms = took.as_millis() as u64;
    span.in_scope(|| match status {
        500.. => tracing::warn!(status, ms, "failed"),
        _ if took > SLOW => tracing::info!(status, ms, "slow"),
        _ => tracing::debug!(status, ms, "done"),
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

fn request_id() -> String {
    let mut bytes = [0; 8];
    // Without random bytes the id is all zeros: the request matters more than its name.
    let _ = getrandom::fill(&mut bytes);
    hex::encode(bytes)
}
