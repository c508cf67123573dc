//! Listening, and going down without losing anything.
//!
//! On SIGTERM or SIGINT: no new connections, live streams end, requests under way are answered,
//! jobs and sends under way end; what was acknowledged is on disk in any case.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::RustlsConfig;
use hyper_util::rt::TokioTimer;
use tanggap_kernel::error::FaultKind;
use tanggap_kernel::{Error, Fault, Result};
use tanggap_store::Db;
use tanggap_store::jobs::Runner;
use tanggap_ui::Ctx;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::config::{Config, Server};
use crate::mailbox::tend::Tender;
use crate::messengers::{self, Messengers, gateway};
use crate::observe;
use crate::router::{Front, router};
use crate::sms;
use crate::work::outbound::Dispatcher;
use crate::work::{self, sweep};

/// How long requests under way have when the node goes down.
const GRACE: Duration = Duration::from_secs(25);
/// A browser that does not send its request's headers within this time is let go.
const HEADERS_MAX: Duration = Duration::from_secs(30);
/// Files of one request, and room for its words.
const FILES_PER_REQUEST: usize = 10;
/// How often a node on a full disk looks for room.
const ROOM_AGAIN: Duration = Duration::from_secs(60);

/// Serves until a signal; `ready` hears the address once connections are taken.
///
/// # Errors
/// A fault where the address, the certificate or the database cannot be used.
pub async fn serve(config: &Config, ctx: Ctx, ready: impl FnOnce(SocketAddr)) -> Result<()> {
    let listener = listen(&config.server)?;
    let address = listener.local_addr().map_err(|e| Fault::new(format!("listening: {e}")))?;
    let (close, closing) = watch::channel(false);
    let messengers = Messengers::new(config.messengers.clone(), config.reach()?)?;
    let front = Front {
        metrics: Some(observe::start_metrics()?),
        metrics_token: config.server.metrics_token.clone(),
        request_max: Duration::from_secs(config.server.request_seconds_max.clamp(5, 3600)),
        body_bytes_max: ctx.site.upload_bytes_max * FILES_PER_REQUEST + (4 << 20),
        messengers: Some(messengers.clone()),
        scanner: config.scanner(),
        closing: closing.clone(),
    };
    let gateways = work::gateways(config.mail.as_ref(), &ctx.secrets)?;
    let dispatcher = Dispatcher::new(ctx.clone(), gateways.clone());
    let runner = work::runner(&ctx);
    let runner = messengers::poll::register(runner, messengers.clone(), ctx.secrets.clone());
    let runner =
        work::understand::register(runner, ctx.clone(), messengers.clone(), config.scanner());
    let http = messengers.http().clone();
    tokio::spawn(gateway::tend(ctx.clone(), messengers, gateways.clone(), closing.clone()));
    let sms = sms::worker::tend(ctx.clone(), gateways.clone(), config.reach()?, closing.clone());
    let bound = tokio::spawn(sms);
    keep_house(&ctx.db, closing.clone()).await?;
    let routing_ends = closing.clone();
    let jobs = tokio::spawn(run_jobs(runner, closing.clone()));
    let sending = tokio::spawn(async move { dispatcher.run(closing).await });
    let node = hex(&tanggap_ui::ctx::random::<16>()?);
    let tender = Tender::new(ctx.clone(), http, config.scanner(), gateways, node.clone());
    let mailboxes = tokio::spawn(tender.run(routing_ends.clone()));
    tanggap_routing::dispatch::spawn(ctx.db.clone(), node, routing_ends);
    tanggap_portal::spawn_reactions(ctx.clone());
    tanggap_desk::spawn_reactions(ctx.clone());
    let handle = Handle::new();
    tokio::spawn(go_down_on_signal(handle.clone(), close));
    ready(address);
    tracing::info!(%address, "serving");
    let served = accept(config, listener, handle, router(ctx, front)).await;
    // Where the server ended by itself, nobody has told the jobs yet; aborting them loses
    // nothing, since their leases run out.
    if served.is_err() {
        jobs.abort();
        sending.abort();
        mailboxes.abort();
        bound.abort();
    }
    let _ = jobs.await;
    let _ = mailboxes.await;
    end_sends(sending).await;
    let _ = bound.await;
    tracing::info!("ended");
    served
}

/// Plans the sweeping of what is over. On a full disk that waits, and the node serves.
async fn keep_house(db: &Db, mut closing: watch::Receiver<bool>) -> Result<()> {
    match db.write(sweep::plan).await {
        Err(Error::Fault(fault)) if fault.kind == FaultKind::Full => {}
        planned => return planned,
    }
    let db = db.clone();
    tokio::spawn(async move {
        while tokio::time::timeout(ROOM_AGAIN, closing.changed()).await.is_err() {
            if db.write(sweep::plan).await.is_ok() {
                return;
            }
        }
    });
    Ok(())
}

fn listen(server: &Server) -> Result<TcpListener, Fault> {
    let wrong = |e: std::io::Error| Fault::new(format!("listening on {}: {e}", server.listen));
    let listener = TcpListener::bind(&server.listen).map_err(wrong)?;
    listener.set_nonblocking(true).map_err(wrong)?;
    Ok(listener)
}

async fn accept(
    config: &Config,
    listener: TcpListener,
    handle: Handle<SocketAddr>,
    routes: axum::Router,
) -> Result<()> {
    let wrong = |e: std::io::Error| Fault::new(format!("serving: {e}"));
    let service = routes.into_make_service_with_connect_info::<SocketAddr>();
    match (&config.server.tls_cert, &config.server.tls_key) {
        (Some(cert), Some(key)) => {
            let tls = RustlsConfig::from_pem_file(cert, key)
                .await
                .map_err(|e| Fault::new(format!("certificate: {e}")))?;
            let mut server =
                axum_server::from_tcp_rustls(listener, tls).map_err(wrong)?.handle(handle);
            bound_headers(server.http_builder());
            server.serve(service).await.map_err(wrong)?;
        }
        _ => {
            let mut server = axum_server::from_tcp(listener).map_err(wrong)?.handle(handle);
            bound_headers(server.http_builder());
            server.serve(service).await.map_err(wrong)?;
        }
    }
    Ok(())
}

fn bound_headers(
    builder: &mut hyper_util::server::conn::auto::Builder<hyper_util::rt::TokioExecutor>,
) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_MAX);
}

async fn run_jobs(runner: Runner, closing: watch::Receiver<bool>) {
    runner.run(closing).await;
}

async fn go_down_on_signal(handle: Handle<SocketAddr>, close: watch::Sender<bool>) {
    let (Ok(mut term), Ok(mut int)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard: stop the process by SIGKILL");
        return;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = int.recv() => {}
    }
    tracing::info!("going down");
    // Nobody listening any more is no failure: then all is ended already.
    let _ = close.send(true);
    handle.graceful_shutdown(Some(GRACE));
    // The sender lives on, so that streams see `true` and not a gone node.
    std::future::pending::<()>().await;
}

async fn end_sends(sending: JoinHandle<()>) {
    if tokio::time::timeout(work::SENDS_END_WITHIN, sending).await.is_err() {
        tracing::warn!("messages were still being sent; the next start settles them");
    }
}

/// A name for this process that no other has: numbers of processes repeat between machines.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
